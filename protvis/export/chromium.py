"""Where a Chromium is that can draw pages without a display."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

__all__ = ["find_chromium"]

# Debian's Chromium without windows comes first: the same pages for less CPU.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser",
         "google-chrome", "google-chrome-stable", "chrome")  # fmt: skip


def find_chromium() -> str | None:
    """Return the Chromium named by ``PROTVIS_CHROMIUM``, on the PATH, or brought by Playwright."""
    named = os.environ.get("PROTVIS_CHROMIUM")
    if named:
        return shutil.which(named)
    for name in NAMES:
        found = shutil.which(name)
        # Ubuntu's package is a script that only tells how to install the snap.
        if found and not (name == "chromium-browser" and _is_snap_stub(Path(found))):
            return found
    return _playwright_chromium()


def _is_snap_stub(path: Path) -> bool:
    """Return whether this command only hands on to snap, and snap does not have it."""
    if Path("/snap/bin/chromium").exists():
        return False
    start = path.read_bytes()[:4096]
    return start.startswith(b"#!") and b"snap" in start


def _playwright_chromium() -> str | None:
    """Return the Chromium that ``playwright install`` put on this machine, if it did."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return None
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None
