"""The explorer as one HTML page that needs no kernel and no network.

The page holds the browser code (with NGL, if there is a structure), the scene, and the dense maps
of all heads as long as those fit `MAPS_BYTES`; beyond that the layer means and then the best heads,
as far as they fit, and the page says so where a map is missing. Links and small pictures of all
heads are always inside, and so are the maps that the user brought, as far as these fit.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import json
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from protvis._version import __version__
from protvis.checks import check_whole_number
from protvis.output_file import check_place, write_whole
from protvis.scene import DEFAULT_MODEL, Scene, ViewState, open_scene
from protvis.scene.bundle import bundle_file
from protvis.scene.map_kind import ATTENTION
from protvis.scene.map_sets import MapSet

__all__ = ["MAPS_BYTES", "SIDE_MAPS", "explore_to_html", "page_text", "write_page"]

MAPS_BYTES = 16 * 2**20
"""Dense maps up to this many bytes (one per cell) go into a page."""

SIDE_MAPS = ("apc", "shuffled")
"""Kinds of map that go into a page beside raw attention: the correction, and the control."""

_POLICY = (
    "default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; "
    "img-src data: blob:; worker-src blob:; base-uri 'none'; form-action 'none'"
)
"""The page runs the one script of this digest, and loads nothing from anywhere."""

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="generator" content="protvis {version}">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>{css}
body {{ margin: 0; padding: 12px; background: #f5f6f8; }}
main {{ max-width: 1500px; margin: 0 auto; }}
@page {{ size: A4 landscape; margin: 10mm; }}
@media print {{ body {{ padding: 0; background: none; }} }}
@media (prefers-color-scheme: dark) {{ body {{ background: #0d0f12; color: #e3e7ed; }} }}
</style>
</head>
<body>
<main>Opening the explorer …</main>
<noscript>This page needs JavaScript; it loads nothing from the network.</noscript>
<script type="application/octet-stream" data-protvis="content">{content}</script>
<script type="application/octet-stream" data-protvis="bytes">{data}</script>
<script>{code}</script>
</body>
</html>
"""


class _Block:
    """One block of bytes in which arrays have their places."""

    def __init__(self) -> None:
        self.data = bytearray()

    def place(self, encoded: dict[str, Any]) -> dict[str, Any]:
        data = encoded["data"]
        placed = {name: value for name, value in encoded.items() if name != "data"}
        placed.update(offset=len(self.data), length=len(data))
        self.data.extend(data)
        return placed


def write_page(
    scene: Scene,
    view: ViewState,
    path: str | PathLike[str],
    *,
    maps: Sequence[str] | None = None,
    maps_bytes: int = MAPS_BYTES,
    story: Sequence[Mapping[str, str]] = (),
) -> Path:
    """Write a scene as a single offline HTML page that opens on a view.

    The fragment of its address selects another view: see `ViewState.fragment`.

    Parameters
    ----------
    scene : Scene
    view : ViewState
    path : path
        Replaced if it exists, by an atomic rename.
    maps : sequence of str, optional
        Kinds of map beside raw attention (`protvis.scene.map_kind`). By default as many of the
        user's own as fit, and `SIDE_MAPS` if all their dense maps fit as well.
    maps_bytes : int
        The most bytes of dense maps.
    story : sequence of mapping
        Steps that the page goes through, from `protvis.export.story.story_steps`.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    OutputError
        If the folder does not exist or cannot be written to.
    """
    path = check_place(path)
    return write_whole(path, page_text(scene, view, maps=maps, maps_bytes=maps_bytes, story=story))


def page_text(
    scene: Scene,
    view: ViewState,
    *,
    maps: Sequence[str] | None = None,
    maps_bytes: int = MAPS_BYTES,
    story: Sequence[Mapping[str, str]] = (),
) -> str:
    """Return the page that `write_page` writes."""
    maps_bytes = check_whole_number("maps_bytes", maps_bytes)
    view = view.checked(scene)
    block = _Block()
    wire = scene.wire()
    del wire["attention"]  # With the other maps below.
    wire["arrays"] = {name: block.place(array) for name, array in wire["arrays"].items()}
    names = _chosen_sets(scene, view, maps, maps_bytes)
    wire["meta"]["map_kinds"] = [
        kind for kind in wire["meta"]["map_kinds"] if kind["name"] in names
    ]
    map_sets = {}
    # The user's own maps come first, though they stand last.
    kept = scene.n_residues**2 * sum(name in scene.matrices for name in names)
    for name in names:
        placed = scene.wire_maps(name)
        placed["arrays"] = {key: block.place(array) for key, array in placed["arrays"].items()}
        before = len(block.data)
        kept -= scene.n_residues**2 * (name in scene.matrices)
        placed["maps"], placed["maps_note"], small = _place_maps(
            scene.map_set(name), block, max(0, maps_bytes - kept)
        )
        maps_bytes = max(0, maps_bytes - (len(block.data) - before))
        placed["small"] = {key: block.place(array) for key, array in small.items()}
        map_sets[name] = placed
    tracks = [{**track, "values": block.place(track["values"])} for track in scene.wire_tracks()]
    content = {
        "scene": wire,
        "tracks": tracks,
        "view": view.wire(scene),
        "map_sets": map_sets,
        "story": [dict(step) for step in story],
    }
    # A sequence is drawn without NGL, most of the code.
    scripts = ("ngl.js", "page.js") if scene.has_structure else ("page.js",)
    code = "\n".join(bundle_file(name).read_text("utf-8") for name in scripts)
    code = code.replace("</script", "<\\/script")
    return _PAGE.format(
        version=__version__,
        policy=_POLICY.format(digest=_script_digest(code)),
        title=html.escape(scene.title),
        css=bundle_file("explorer.css").read_text("utf-8"),
        content=_pack(json.dumps(content, allow_nan=False).encode()),
        data=_pack(bytes(block.data)),
        code=code,
    )


def _chosen_sets(
    scene: Scene, view: ViewState, maps: Sequence[str] | None, maps_bytes: int
) -> list[str]:
    """Return which kinds of map go into a page, raw attention first."""
    if maps is None:
        one = scene.n_residues**2
        own = [name for name in scene.matrices if name == view.map]
        own += [name for name in scene.matrices if name != view.map]
        own = own[: max(maps_bytes // one, 0)]
        cells = len(scene.heads()) * one
        side = cells * (1 + len(SIDE_MAPS)) + one * len(own) <= MAPS_BYTES
        maps = [*(SIDE_MAPS if side else ()), *own]
    chosen = {ATTENTION, *maps, view.map}
    # In the order of the menu.
    return [name for name in scene.map_kinds if name in chosen]


def _place_maps(
    map_set: MapSet, block: _Block, maps_bytes: int
) -> tuple[list[Any], str, dict[str, Any]]:
    """Place the dense maps that fit.

    Returns one per entry (None where left out), a note, and small pictures of all maps.
    """
    rows, columns = map_set.shape
    n_residues = map_set.received.shape[-1]
    wanted = list(range(rows * columns))
    fit, note = maps_bytes // n_residues**2, ""
    if fit < len(wanted):
        precision = np.nan_to_num(map_set.scores["contact_precision"].ravel(), nan=-1.0)
        scored = precision.max(initial=-1.0) >= 0
        chosen = "the heads that agree best with the contacts" if scored else "the first heads"
        means = [entry for entry in wanted if columns > 1 and entry % columns == columns - 1]
        best = [int(entry) for entry in np.argsort(-precision, kind="stable")]
        ranked = list(dict.fromkeys([*means, *best]))
        note = (
            f"this page holds the full maps of {fit} of {len(wanted)} heads (layer means "
            f"and {chosen}), not of this one"
        )
        wanted = ranked[:fit]
    found: dict[int, dict[str, Any]] = {}
    small, placed = map_set.new_small_maps(), set(wanted)

    def receive(entry: int, values: NDArray[np.float32]) -> None:
        small.add(entry, values)
        if entry in placed:
            found[entry] = block.place(map_set.encode(values))

    # All in one pass of the model.
    map_set.each(range(rows * columns), receive)
    return [found.get(entry) for entry in range(rows * columns)], note, small.wire()


def _script_digest(code: str) -> str:
    """Return the digest by which a page's policy knows its script."""
    return base64.b64encode(hashlib.sha256(code.encode()).digest()).decode("ascii")


def _pack(data: bytes) -> str:
    # No time stamp: the same scene gives the same page. Level 9 takes six times as long for 3 %.
    return base64.b64encode(gzip.compress(data, compresslevel=6, mtime=0)).decode("ascii")


def explore_to_html(
    source: object,
    path: str | PathLike[str],
    model: object = DEFAULT_MODEL,
    *,
    chain: str | None = None,
    record: str | None = None,
    **view: Any,
) -> Path:
    """Write the explorer of a structure or a sequence as a single offline HTML page.

    Errors in the arguments, including the page's location, are found before the model runs.

    Parameters
    ----------
    source : path, id or object
        As for `protvis.explore`.
    path : path
        The page to write.
    model, chain, record, **view
        As for `protvis.explore`.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    OutputError
        If the folder does not exist or cannot be written to, if the path is something other than a
        file, or if it is the structure's own file.
    ProtvisError, TypeError
        As `protvis.explore`.
    """
    path = check_place(path, source=source if isinstance(source, str | PathLike) else None)
    scene, state = open_scene(source, model, chain=chain, record=record, **view)
    return write_page(scene, state, path)
