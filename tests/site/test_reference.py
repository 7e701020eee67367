"""The reference documents every public name, and every member of every public class."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator

import pytest

import protvis
from protvis.site.reference import ROOMS
from tests.real_site import RealSite


def members_of(kind: type) -> Iterator[str]:
    """Yield the public members that a class has from protvis, those of its bases too."""
    for base in kind.__mro__:
        if base.__module__.partition(".")[0] == "protvis":
            yield from (name for name in vars(base) if not name.startswith("_"))


@pytest.mark.parametrize("room", ROOMS)
def test_the_reference_has_every_member_of_every_class(real_site: RealSite, room: str) -> None:
    page = real_site.site.folder / "api" / f"{room.replace('.', '/')}.html"
    ids = set(re.findall(r'\bid="([^"]+)"', page.read_text("utf-8")))
    module = importlib.import_module(room)
    for name in module.__all__:
        assert name in ids, name
        thing = getattr(module, name)
        if inspect.isclass(thing):
            missing = {f"{name}.{member}" for member in members_of(thing)} - ids
            assert not missing


def test_the_parts_of_an_explorer_are_among_them() -> None:
    members = set(members_of(protvis.AttentionExplorer))
    assert {
        *("story", "figure", "snapshot", "to_chimerax", "to_pymol", "save_table", "embed"),
        *("saved_view", "to_html", "links", "layer"),
    } <= members
