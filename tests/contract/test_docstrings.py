"""Public names say what they take, give and do, and their examples run."""

from __future__ import annotations

import doctest
import inspect
from collections.abc import Iterator

import pytest
from numpydoc.validate import validate

import protvis

# Beside what pyproject.toml asks of all docstrings: that functions describe all parameters and what
# they return. Classes describe attributes, and what a method does can be a line.
OF_ALL = {"GL08", "PR07"}
OF_FUNCTIONS = {*OF_ALL, "PR01", "RT01"}


def with_members(name: str) -> Iterator[str]:
    """Yield a public name and, of a class, its public members."""
    yield f"protvis.{name}"
    found = getattr(protvis, name)
    if inspect.isclass(found):
        for member, value in vars(found).items():
            described = callable(value) or isinstance(value, property | classmethod)
            if described and not member.startswith("_"):
                yield f"protvis.{name}.{member}"


# numpydoc looks at every attribute, those of ipywidgets that are on their way out among them.
@pytest.mark.filterwarnings("ignore:Widget.:DeprecationWarning")
@pytest.mark.parametrize("name", protvis.__all__)
def test_a_public_name_is_described(name: str) -> None:
    asked = OF_ALL if inspect.isclass(getattr(protvis, name)) else OF_FUNCTIONS
    errors = [
        f"{described}: {code} {text}"
        for described in with_members(name)
        for code, text in validate(described)["errors"]
        if code in asked
    ]
    assert errors == []


@pytest.mark.parametrize("name", protvis.__all__)
def test_examples_run(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.chdir(str(tmp_path))
    found = doctest.DocTestFinder().find(getattr(protvis, name), name, globs={})
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    said: list[str] = []
    for test in found:
        runner.run(test, out=said.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(said)
    assert found[0].examples, f"protvis.{name} has no Examples section"
