"""Questions the browser asks and the answers it gets (``js/src/hosts/messages.ts``).

One union per direction, told apart by ``kind``; every question is answered, errors included.
"""

from __future__ import annotations

import logging
from typing import Any

from protvis.errors import ProtvisError
from protvis.labels import MEAN
from protvis.scene import Scene

__all__ = ["ANSWER_KINDS", "QUESTION_KINDS", "answer_question"]

QUESTION_KINDS = ("head_map",)
ANSWER_KINDS = ("head_map", "error")

_log = logging.getLogger(__name__)


def answer_question(scene: Scene, content: Any) -> tuple[dict[str, Any], list[bytes]] | None:
    """Return the answer to a message from the browser and its buffers; None if it is no question.

    Parameters
    ----------
    scene : Scene
    content : dict
        ``{"kind": "head_map", "id": int, "layer": int, "head": int or "mean"}``, by positions.
    """
    if not isinstance(content, dict) or content.get("kind") not in QUESTION_KINDS:
        return None
    asked = content.get("id")
    try:
        layer, head = _head_of(scene, content)
        encoded = scene.wire_map(layer, head)
    except ProtvisError as error:
        _log.warning("no attention map for the browser: %s", error)
        return {"kind": "error", "id": asked, "message": str(error)}, []
    except Exception as error:  # noqa: BLE001 - whatever it was, the browser waits for an answer
        _log.exception("no attention map for the browser")
        message = f"the map could not be computed: {error or type(error).__name__}"
        return {"kind": "error", "id": asked, "message": message}, []
    data = encoded.pop("data")
    return {"kind": "head_map", "id": asked, **encoded}, [data]


def _head_of(scene: Scene, content: dict[str, Any]) -> tuple[int, int | str]:
    layer, head = content.get("layer"), content.get("head")
    known = isinstance(layer, int) and 0 <= layer < scene.n_layers
    if known and (head == MEAN or (isinstance(head, int) and 0 <= head < scene.n_heads)):
        return layer, head
    raise ProtvisError(f"there is no head at layer {layer!r}, head {head!r} (positions)")
