"""Refuse to pack protvis without its browser code; an editable install may still lack it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUNDLE = (
    "protvis/static/widget.js",
    "protvis/static/page.js",
    "protvis/static/explorer.css",
)


class BundleHook(BuildHookInterface):
    """Check that ``npm run build`` went before."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Raise where a file of the bundle is missing."""
        if version == "editable":
            return
        missing = [name for name in BUNDLE if not (Path(self.root) / name).is_file()]
        if missing:
            raise FileNotFoundError(
                f"the browser code is not built ({', '.join(missing)} missing): run `make wheel`, "
                "or `npm --prefix js ci && npm --prefix js run build` before building (Node 20+)"
            )
