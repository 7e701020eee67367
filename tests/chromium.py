"""Where a Chromium for the browser tests is; as a script it prints the path, or exits with 1."""

from __future__ import annotations

import sys

from protvis.export.chromium import find_chromium

__all__ = ["find_chromium"]

if __name__ == "__main__":
    chromium = find_chromium()
    if chromium is None:
        sys.exit(1)
    sys.stdout.write(f"{chromium}\n")
