"""How the fields of a view are written in the fragment of an address, and read.

The browser does the same in ``js/src/model/view.ts``; a contract test compares the two.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from protvis.scene.view_checks import CAMERA_DIGITS

__all__ = ["LINK_NAMES", "READS", "write_field"]

LINK_NAMES = {"selected_residues": "residues", "selected_link": "link"}
"""Names in a fragment that are not those of the field."""


def write_field(value: Any) -> str:
    """Return the value of a field as a link says it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ",".join(f"{one:.{CAMERA_DIGITS}g}" if isinstance(one, float) else _escaped(one)
                        for one in value)  # fmt: skip
    return str(value)


def _escaped(text: str) -> str:
    """Return a name within a list, whose commas part the names."""
    return text.replace("%", "%25").replace(",", "%2C")


def _list(text: str) -> list[str]:
    return [one.replace("%2C", ",").replace("%25", "%") for one in text.split(",") if one]


def _number(text: str) -> int | float | str:
    """Return a number, or the text as it is, which then names what was wrong."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


READS: Mapping[str, Callable[[str], Any]] = {
    "layer": _number,
    "head": _number,
    "top_k": _number,
    "threshold": _number,
    "min_separation": _number,
    "selected_residues": _list,
    "selected_link": lambda text: _list(text) or None,
    "shown_tracks": _list,
    "show_copies": lambda text: {"true": True, "false": False}.get(text, text),
    "camera": lambda text: [_number(one) for one in text.split(",")] if text else None,
}
"""How to read the fields that are no texts. What is no number stays text, for the check to name."""
