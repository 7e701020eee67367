"""Maps that the browser asks the explorer for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from protvis.scene import Scene
from protvis.scene.wire import decode_array, decode_root
from protvis.widgets import AttentionExplorer

pytestmark = pytest.mark.usefixtures("bundle")


class Asked:
    """Plays the browser's side of custom messages."""

    def __init__(self, explorer: AttentionExplorer, monkeypatch: pytest.MonkeyPatch) -> None:
        self.explorer = explorer
        self.sent: list[tuple[dict[str, Any], list[bytes]]] = []
        monkeypatch.setattr(explorer, "send", lambda *message: self.sent.append(message))

    def __call__(self, content: Any) -> list[tuple[dict[str, Any], list[bytes]]]:
        self.sent.clear()
        self.explorer._handle_custom_msg(content, [])
        return list(self.sent)


@pytest.fixture
def ask(explorer: AttentionExplorer, monkeypatch: pytest.MonkeyPatch) -> Asked:
    return Asked(explorer, monkeypatch)


def test_a_map_is_answered_with_its_bytes(ask: Asked, scene: Scene) -> None:
    for entry, place in [(0, (0, 0)), (8, (0, "mean")), (17, (1, "mean"))]:
        ((answer, buffers),) = ask(
            {"kind": "head_map", "id": 5, "map": "attention", "entry": entry}
        )
        assert (answer["kind"], answer["id"], answer["shape"]) == ("head_map", 5, [223, 223])
        assert "data" not in answer
        (data,) = buffers
        assert len(data) == 223**2
        values = decode_root(decode_array({**answer, "data": data}), answer["scale"])
        exact = scene.attention.head_map(*place)
        step = np.sqrt(answer["scale"]) / 255
        np.testing.assert_allclose(np.sqrt(values), np.sqrt(exact), atol=0.51 * step)


def test_a_map_set_is_answered_with_all_its_arrays(ask: Asked, scene: Scene) -> None:
    ((answer, buffers),) = ask({"kind": "map_set", "id": 6, "map": "apc"})
    assert (answer["kind"], answer["id"]) == ("map_set", 6)
    expected = scene.wire_maps("apc")
    assert list(answer["arrays"]) == list(expected["arrays"])
    for (name, header), data in zip(answer["arrays"].items(), buffers, strict=True):
        assert "data" not in header
        found = decode_array({**header, "data": data})
        np.testing.assert_array_equal(found, decode_array(expected["arrays"][name]))


@pytest.mark.parametrize(
    "question",
    [
        {"kind": "head_map", "id": 1},
        {"kind": "head_map", "id": 1, "map": "attention", "entry": 18},
        {"kind": "head_map", "id": 1, "map": "attention", "entry": -1},
        {"kind": "head_map", "id": 1, "map": "attention", "entry": "0"},
        {"kind": "head_map", "id": 1, "map": "attention", "entry": True},
        {"kind": "head_map", "id": 1, "map": "attention", "entry": None},
        {"kind": "head_map", "id": 1, "map": "no such map", "entry": 0},
        {"kind": "head_map", "id": 1, "map": ["attention"], "entry": 0},
        {"kind": "map_set", "id": 1},
        {"kind": "map_set", "id": 1, "map": "no such map"},
    ],
)
def test_every_bad_question_is_answered_with_an_error(ask: Asked, question: dict) -> None:
    ((answer, buffers),) = ask(question)
    assert (answer["kind"], answer["id"]) == ("error", 1)
    assert answer["message"]
    assert buffers == []


@pytest.mark.parametrize(
    "failure", [MemoryError(), RuntimeError("out of memory"), KeyError("x"), OSError("gone")]
)
def test_whatever_goes_wrong_the_browser_is_answered(
    ask: Asked, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    def fail(*_: Any) -> None:
        raise failure

    monkeypatch.setattr(Scene, "wire_map", fail)
    ((answer, _),) = ask({"kind": "head_map", "id": 2, "map": "attention", "entry": 0})
    assert answer["kind"] == "error"
    assert len(answer["message"]) > 10


@pytest.mark.parametrize("content", [None, "head_map", 3, [], {}, {"kind": "other", "id": 1}])
def test_what_is_no_question_is_not_answered(ask: Asked, content: Any) -> None:
    assert ask(content) == []
