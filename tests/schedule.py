"""Which worker of pytest-xdist runs what, and what `make check` leaves out.

What shares the built site, a Jupyter server or a browser goes to one worker, all else by file, so
that a costly fixture is made once. The long groups come first, so that no worker ends alone.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

SITE = ("tests/test_notebooks.py", "tests/site/test_reference.py", "tests/browser/test_site.py")
JUPYTER = (
    *("tests/browser/test_jupyterlab.py", "tests/browser/test_long_notebook.py"),
    *("tests/browser/test_notebook7.py", "tests/browser/test_saved_notebook.py"),
    *("tests/browser/test_maps.py", "tests/browser/test_tracks.py"),
    *("tests/browser/test_opening.py", "tests/browser/test_sequence.py"),
    "tests/browser/test_bare_host.py",
)
GROUPS = ("site", "jupyter", "browser")

WHOLE = (
    *("tests/analysis/test_running.py", "tests/analysis/test_damaged_files.py"),
    *("tests/analysis/test_merging.py", "tests/analysis/test_provis.py"),
    *("tests/annotations/test_collected.py", "tests/structure/test_writers.py"),
    *("tests/cli/test_analyze.py", "tests/cli/test_errors.py", "tests/cli/test_explore.py"),
    *("tests/fuzz/test_fuzz.py", "tests/plot/test_view_figures.py"),
    *("tests/reports/test_head_report.py", "tests/widgets/test_saving.py"),
    *("tests/reports/test_vig2021.py", "tests/reports/test_report_page.py"),
    *("tests/site/test_site.py", "tests/test_wheel.py"),
)
"""Whole runs, whole commands and every file there is: five seconds of a core and more each."""


def group_of(nodeid: str) -> str:
    """Return the group a test belongs to, or its file."""
    path = nodeid.partition("::")[0]
    if path in SITE:
        return "site"
    # The tests of the flows look at JupyterLab or at the offline page.
    if path in JUPYTER or (path.startswith("tests/browser/") and "[lab" in nodeid):
        return "jupyter"
    return "browser" if path.startswith("tests/browser/") else path


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave slow files unread in `make check`: reading them takes seconds."""
    if config.option.markexpr != "not slow":
        return None
    path = collection_path.relative_to(config.rootpath).as_posix()
    return path in WHOLE or path == "tests/browser" or group_of(path) in GROUPS or None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is slow, which keeps it out of `make check`, and put it first."""
    for item in items:
        group, fixtures = group_of(item.nodeid), set(getattr(item, "fixturenames", ()))
        if "real_site" in fixtures and group != "site":
            raise pytest.UsageError(f"{item.nodeid} needs the built site: name its file in SITE")
        if group == "browser" and fixtures & {"lab", "server"}:
            raise pytest.UsageError(f"{item.nodeid} needs Jupyter: name its file in JUPYTER")
        if group in GROUPS or group in WHOLE:
            item.add_marker(pytest.mark.slow)
    items.sort(key=_place)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Return as many as there are cores, and one more where tests wait for browsers and kernels."""
    return min(os.cpu_count() or 1, 4) + (config.option.markexpr != "not slow")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Hand out groups and files whole, in the order of the tests."""
    from xdist.scheduler import LoadScopeScheduling

    class ByGroup(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return group_of(nodeid)

    config.option.loadscopereorder = False
    return ByGroup(config, log)


def _place(item: pytest.Item) -> tuple[int, bool]:
    group = group_of(item.nodeid)
    if group in GROUPS:
        return GROUPS.index(group), False
    return len(GROUPS), item.get_closest_marker("slow") is None
