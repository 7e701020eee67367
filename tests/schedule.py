"""Which worker of pytest-xdist runs what, and what `make check` leaves out.

What shares the built site, a Jupyter server or a browser goes to one worker, all else by file, so
that a costly fixture is made once. The long groups come first, so that no worker ends alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

GROUPS = ("site", "jupyter", "browser")
BROWSER = Path(__file__).parent / "browser"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the groups and put them first; the marker `slow` keeps them out of `make check`."""
    for item in items:
        if group := _group(item):
            item.add_marker(pytest.mark.xdist_group(group))
            item.add_marker(pytest.mark.slow)
    items.sort(key=_place)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Let ``--dist loadgroup`` keep the files of other tests together, in the order given."""
    from xdist.scheduler import LoadGroupScheduling

    class ByGroupOrFile(LoadGroupScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return str(super()._split_scope(nodeid)).partition("::")[0]

    if config.getoption("dist") != "loadgroup":
        return None
    config.option.loadscopereorder = False
    return ByGroupOrFile(config, log)


def _group(item: pytest.Item) -> str | None:
    names = set(getattr(item, "fixturenames", ()))
    if callspec := getattr(item, "callspec", None):
        names.add(callspec.params.get("shared_host", ""))
    if "real_site" in names:
        return "site"
    if not item.path.is_relative_to(BROWSER):
        return None
    return "jupyter" if names & {"server", "lab"} else "browser"


def _place(item: pytest.Item) -> int:
    group = item.get_closest_marker("xdist_group")
    if group is not None:
        return GROUPS.index(group.args[0])
    return len(GROUPS) + (item.get_closest_marker("slow") is None)
