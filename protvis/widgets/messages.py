"""Questions the browser asks and the answers it gets (``js/src/hosts/messages.ts``).

One union per direction, told apart by ``kind``; every question is answered, errors included.
"""

from __future__ import annotations

import gzip
import logging
from collections.abc import Callable
from functools import cache
from typing import Any

from protvis.errors import ProtvisError
from protvis.scene import Scene
from protvis.scene.bundle import bundle_file
from protvis.scene.selection_scores import selection_scores
from protvis.scene.wire import encode_array

__all__ = ["ANSWER_KINDS", "QUESTION_KINDS", "answer_question"]

QUESTION_KINDS = ("head_map", "map_set", "links", "ngl", "small_maps", "selection")
ANSWER_KINDS = (*QUESTION_KINDS, "error")

Answer = tuple[dict[str, Any], list[bytes]]

_log = logging.getLogger(__name__)


def answer_question(scene: Scene, content: Any) -> Answer | None:
    """Return the answer to a message from the browser and its buffers; None if it is no question.

    Parameters
    ----------
    scene : Scene
    content : dict
        ``{"kind": "head_map", "id": int, "map": str, "entry": int}`` for a dense map of a map set,
        ``{"kind": "map_set", "id": int, "map": str}`` for the set's links and scores,
        ``{"kind": "links", "id": int, "map": str, "entry": int, "residues": list of int}`` for the
        links of a map that touch residues,
        ``{"kind": "ngl", "id": int}`` for the code of NGL,
        ``{"kind": "small_maps", "id": int, "map": str}`` for small pictures of all maps of a set,
        ``{"kind": "selection", "id": int, "map": str, "residues": list, "pair": list or None}`` for
        how strongly each of its maps links residues, given by their indices.
    """
    if not isinstance(content, dict) or content.get("kind") not in QUESTION_KINDS:
        return None
    kind, asked = content["kind"], content.get("id")
    try:
        answer, buffers = _ANSWERS[kind](scene, content)
    except ProtvisError as error:
        _log.warning("no %s for the browser: %s", kind, error)
        return {"kind": "error", "id": asked, "message": str(error)}, []
    except Exception as error:  # noqa: BLE001 - whatever it was, the browser waits for an answer
        _log.exception("no %s for the browser", kind)
        what = "NGL" if kind == "ngl" else "the map"
        message = f"{what} could not be made ready: {error or type(error).__name__}"
        return {"kind": "error", "id": asked, "message": message}, []
    return {"kind": kind, "id": asked, **answer}, buffers


def _head_map(scene: Scene, content: dict[str, Any]) -> Answer:
    encoded = scene.wire_map(_entry(content), content.get("map", ""))
    data = encoded.pop("data")
    return encoded, [data]


def _map_set(scene: Scene, content: dict[str, Any]) -> Answer:
    wire = scene.wire_maps(content.get("map", ""))
    return wire, _buffers(wire["arrays"])


def _links(scene: Scene, content: dict[str, Any]) -> Answer:
    map_set = scene.map_set(content.get("map", ""))
    table = map_set.selection_table(_entry(content), _indices(content.get("residues")))
    arrays = {name: encode_array(array) for name, array in table.arrays().items()}
    return {"arrays": arrays}, _buffers(arrays)


def _small_maps(scene: Scene, content: dict[str, Any]) -> Answer:
    arrays = scene.map_set(content.get("map", "")).small_maps.wire()
    return {"arrays": arrays}, _buffers(arrays)


def _selection(scene: Scene, content: dict[str, Any]) -> Answer:
    pair = content.get("pair")
    scores = selection_scores(
        scene.map_set(content.get("map", "")),
        _indices(content.get("residues")),
        None if pair is None else _indices(pair),
    )
    arrays = {"scores": encode_array(scores)}
    return {"arrays": arrays}, _buffers(arrays)


def _indices(given: Any) -> list[int]:
    if not isinstance(given, list) or not all(type(index) is int for index in given):
        raise ProtvisError(f"expected a list of residue indices, got {given!r:.80}")
    return given


def _entry(content: dict[str, Any]) -> int:
    entry = content.get("entry")
    if isinstance(entry, bool) or not isinstance(entry, int):
        raise ProtvisError(f"expected the entry of a map, got {entry!r}")
    return entry


def _buffers(arrays: dict[str, dict[str, Any]]) -> list[bytes]:
    """Take the data out of encoded arrays and return them in the arrays' order."""
    return [array.pop("data") for array in arrays.values()]


def _ngl(_: Scene, __: dict[str, Any]) -> Answer:
    return {}, [_packed_ngl()]


@cache
def _packed_ngl() -> bytes:
    return gzip.compress(bundle_file("ngl.js").read_bytes(), mtime=0)


_ANSWERS: dict[str, Callable[[Scene, dict[str, Any]], Answer]] = {
    "head_map": _head_map,
    "map_set": _map_set,
    "links": _links,
    "ngl": _ngl,
    "small_maps": _small_maps,
    "selection": _selection,
}
