"""The page a verb writes: where it goes, and whether a browser opens it."""

from __future__ import annotations

import argparse
import os
import sys
import webbrowser
from pathlib import Path

__all__ = ["add_page_options", "has_display", "report_page"]


def add_page_options(parser: argparse.ArgumentParser, *, default: Path | None, shown: str) -> None:
    """Add ``--output`` and ``--open``; `shown` is what the help says of the default."""
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        default=default,
        metavar="PAGE",
        help=f"the page to write (default: {shown})",
    )
    parser.add_argument(
        "--open", action="store_true", help="open the page in a browser, where there is a display"
    )


def report_page(page: Path, *, show: bool) -> None:
    """Print where the page lies and how large it is, and show it if that is wanted and possible."""
    page = page.resolve()
    print(f"{page} ({page.stat().st_size / 1e6:.1f} MB)")
    if show and has_display():
        webbrowser.open(page.as_uri())


def has_display() -> bool:
    """Return whether a browser has a screen; without one `webbrowser` may take the terminal."""
    if sys.platform in ("darwin", "win32"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
