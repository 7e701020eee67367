"""Questions the browser asks and the answers it gets (``js/src/hosts/messages.ts``).

One union per direction, told apart by ``kind``; every question is answered, errors included.
"""

from __future__ import annotations

import logging
from typing import Any

from protvis.errors import ProtvisError
from protvis.scene import Scene

__all__ = ["ANSWER_KINDS", "QUESTION_KINDS", "answer_question"]

QUESTION_KINDS = ("head_map", "map_set")
ANSWER_KINDS = ("head_map", "map_set", "error")

_log = logging.getLogger(__name__)


def answer_question(scene: Scene, content: Any) -> tuple[dict[str, Any], list[bytes]] | None:
    """Return the answer to a message from the browser and its buffers; None if it is no question.

    Parameters
    ----------
    scene : Scene
    content : dict
        ``{"kind": "head_map", "id": int, "map": str, "entry": int}`` for a dense map of a map set,
        ``{"kind": "map_set", "id": int, "map": str}`` for the set's links and scores.
    """
    if not isinstance(content, dict) or content.get("kind") not in QUESTION_KINDS:
        return None
    kind, asked = content["kind"], content.get("id")
    try:
        answer, buffers = (_head_map if kind == "head_map" else _map_set)(scene, content)
    except ProtvisError as error:
        _log.warning("no attention map for the browser: %s", error)
        return {"kind": "error", "id": asked, "message": str(error)}, []
    except Exception as error:  # noqa: BLE001 - whatever it was, the browser waits for an answer
        _log.exception("no attention map for the browser")
        message = f"the map could not be computed: {error or type(error).__name__}"
        return {"kind": "error", "id": asked, "message": message}, []
    return {"kind": kind, "id": asked, **answer}, buffers


def _head_map(scene: Scene, content: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
    entry = content.get("entry")
    if isinstance(entry, bool) or not isinstance(entry, int):
        raise ProtvisError(f"expected the entry of a map, got {entry!r}")
    encoded = scene.wire_map(entry, content.get("map", ""))
    data = encoded.pop("data")
    return encoded, [data]


def _map_set(scene: Scene, content: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
    wire = scene.wire_maps(content.get("map", ""))
    # The buffers follow the order of the arrays.
    buffers = [array.pop("data") for array in wire["arrays"].values()]
    return wire, buffers
