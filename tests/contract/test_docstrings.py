"""The examples in the docstrings of public names run."""

from __future__ import annotations

import doctest

import pytest

import protvis


@pytest.mark.parametrize("name", protvis.__all__)
def test_examples_run(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.chdir(str(tmp_path))
    found = doctest.DocTestFinder().find(getattr(protvis, name), name, globs={})
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    said: list[str] = []
    for test in found:
        runner.run(test, out=said.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(said)
