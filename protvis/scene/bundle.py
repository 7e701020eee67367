"""The browser code that ships with the package."""

from __future__ import annotations

from pathlib import Path

from protvis.errors import ProtvisError

__all__ = ["bundle_file"]

_STATIC = Path(__file__).resolve().parent.parent / "static"


def bundle_file(name: str) -> Path:
    """Return the path of a file that ``npm run build`` wrote, such as ``widget.js``.

    Raises
    ------
    ProtvisError
        If this is a source checkout whose browser code was not built yet.
    """
    path = _STATIC / name
    if not path.is_file():
        raise ProtvisError(
            f"the browser code ({name}) is not built in this checkout; run 'make demo', or "
            "install a wheel, which carries it"
        )
    return path
