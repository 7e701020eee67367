"""Where a Chromium for the browser tests is; as a script it prints the path, or exits with 1."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def find_chromium() -> str | None:
    """Return the Chromium named by ``PROTVIS_CHROMIUM``, on the PATH, or brought by Playwright."""
    named = os.environ.get("PROTVIS_CHROMIUM")
    if named:
        return shutil.which(named)
    for name in NAMES:
        found = shutil.which(name)
        # Ubuntu's package is a script that only tells how to install the snap.
        if found and not (name == "chromium-browser" and is_snap_stub(Path(found))):
            return found
    return playwright_chromium()


def is_snap_stub(path: Path) -> bool:
    """Return whether this command only hands on to snap, and snap does not have it."""
    if Path("/snap/bin/chromium").exists():
        return False
    start = path.read_bytes()[:4096]
    return start.startswith(b"#!") and b"snap" in start


def playwright_chromium() -> str | None:
    """Return the Chromium that ``playwright install`` put on this machine, if it did."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return None
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


if __name__ == "__main__":
    chromium = find_chromium()
    if chromium is None:
        sys.exit(1)
    sys.stdout.write(f"{chromium}\n")
