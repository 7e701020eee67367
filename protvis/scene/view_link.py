"""How the fields of a view are written in the fragment of an address, and read.

The browser does the same in ``js/src/model/view-link.ts``; a contract test compares the two.
"""

from __future__ import annotations

from typing import Any

from protvis.labels import format_head
from protvis.scene.view_checks import CAMERA_DIGITS

__all__ = ["read_camera", "read_flag", "read_link", "read_names", "read_number", "write_field"]


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


def _escaped(one: str | tuple[int, int | str]) -> str:
    """Return a name or a head within a list, whose commas part the names."""
    text = one if isinstance(one, str) else format_head(*one)
    return text.replace("%", "%25").replace(",", "%2C")


def read_names(text: str) -> list[str]:
    """Return the names of a list."""
    return [one.replace("%2C", ",").replace("%25", "%") for one in text.split(",") if one]


def read_link(text: str) -> list[str] | None:
    """Return the two ends of a link, or None."""
    return read_names(text) or None


def read_flag(text: str) -> bool | str:
    """Return yes or no, or the text as it is, for the check to name."""
    return {"true": True, "false": False}.get(text, text)


def read_camera(text: str) -> list[int | float | str] | None:
    """Return the numbers of a camera, or None."""
    return [read_number(one) for one in text.split(",")] if text else None


def read_number(text: str) -> int | float | str:
    """Return a number, or the text as it is, for the check to name."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
