"""Constants, fields, messages and traits have the same names in both languages."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

from protvis.attention.selection import COMBINE
from protvis.scene import Scene, colors
from protvis.scene import drawn_arcs as drawn
from protvis.scene.link_table import LEVELS
from protvis.scene.map_kind import MapKind
from protvis.scene.scene import SCENE_VERSION
from protvis.scene.view_checks import COLOR_BY, MOST_LINKS, MOST_OVERLAID
from protvis.scene.view_state import VIEW_FIELDS
from protvis.widgets.messages import ANSWER_KINDS, QUESTION_KINDS, answer_question
from tests.contract.two_languages.browser_code import JS, Browser


def test_constants_are_the_same(browser: Browser, scene: Scene) -> None:
    found = browser(
        "() => ({ combine: browser.COMBINE, levels: browser.LEVELS, colors: browser.COLOR_BY,"
        " arrays: browser.ARRAY_NAMES, mapArrays: browser.MAP_ARRAY_NAMES,"
        " heads: browser.HEAD_COLORS, aside: [0, 1, 2].map((n) => browser.asideOf(n, 1, 2)),"
        " overlaid: browser.MOST_OVERLAID, most: browser.MOST_LINKS, fields: browser.VIEW_FIELDS,"
        " version: browser.SCENE_VERSION, answers: browser.ANSWER_KINDS,"
        " questions: browser.QUESTION_KINDS })",
        None,
    )
    assert found["combine"] == list(COMBINE)
    assert found["levels"] == list(LEVELS)
    assert found["colors"] == list(COLOR_BY)
    assert found["fields"] == list(VIEW_FIELDS)
    assert found["most"] == MOST_LINKS
    assert found["overlaid"] == MOST_OVERLAID == len(found["heads"]) - 1
    assert found["heads"] == list(colors.HEAD_COLORS)
    assert found["aside"] == list(drawn.ASIDE)
    assert found["version"] == SCENE_VERSION
    assert found["answers"] == list(ANSWER_KINDS)
    assert found["questions"] == list(QUESTION_KINDS)
    assert sorted(found["arrays"]) == sorted(scene.wire()["arrays"])
    assert sorted(found["mapArrays"]) == sorted(scene.wire_maps("apc")["arrays"])


def interface(module: str, name: str) -> set[str]:
    """Return the names that an interface of the browser's code and those it extends declare."""
    text = (JS / "src" / module).read_text("utf-8")
    match = re.search(rf"interface {name}(?: extends (\w+))? \{{\n(.*?)\n\}}", text, re.S)
    assert match is not None, name
    own = set(re.findall(r"^  (\w+)\??:", match[2], re.M))
    return own | (interface(module, match[1]) if match[1] else set())


def test_the_fields_are_the_same(scene: Scene) -> None:
    wire = scene.wire()
    assert interface("model/wire.ts", "SceneMeta") == set(wire["meta"])
    assert interface("model/wire.ts", "EncodedScene") == set(wire)
    assert interface("model/wire.ts", "MapSetMeta") == set(scene.wire_maps("apc")["meta"])
    kinds = {field.name for field in dataclasses.fields(MapKind)}
    assert interface("model/wire.ts", "MapKind") == kinds
    for score in wire["meta"]["scores"]:
        assert interface("model/wire.ts", "ScoreMeta") == set(score)
    assert interface("model/wire.ts", "EncodedMap") == set(scene.wire_map(0))


def test_messages_have_the_same_fields(scene: Scene, bundle: Path) -> None:
    questions = {
        "HeadMap": {"kind": "head_map", "id": 1, "map": "attention", "entry": 0},
        "MapSet": {"kind": "map_set", "id": 1, "map": "apc"},
        "Links": {"kind": "links", "id": 1, "map": "apc", "entry": 2, "residues": [3, 9]},
        "Ngl": {"kind": "ngl", "id": 1},
        "SmallMaps": {"kind": "small_maps", "id": 1, "map": "apc"},
        "Selection": {"kind": "selection", "id": 1, "map": "apc", "residues": [1, 9], "pair": None},
    }
    assert [question["kind"] for question in questions.values()] == list(QUESTION_KINDS)
    for name, question in questions.items():
        assert interface("hosts/messages.ts", f"{name}Question") == set(question)
        answer = answer_question(scene, question)
        assert answer is not None
        assert interface("hosts/messages.ts", f"{name}Answer") == set(answer[0])
    error = answer_question(scene, {"kind": "map_set", "id": 1, "map": "none"})
    assert error is not None
    assert interface("hosts/messages.ts", "ErrorAnswer") == set(error[0])


def test_traits_the_browser_binds_are_the_widgets(bundle: Path) -> None:
    from protvis.widgets import AttentionExplorer

    text = (JS / "src" / "hosts" / "widget.ts").read_text("utf-8")
    used = set(re.findall(r'model\.(?:get|set)\("(\w+)"', text))
    others = re.search(r"const TRAITS: .*? = \{\n(.*?)\n\};", text, re.S)
    assert others is not None
    traits = dict(re.findall(r"(\w+): (?:\"(\w+)\"|null),", others[1]))
    assert set(traits) == {"selected_residues", "selected_link", "selected_block", "camera"}
    used |= {traits.get(name, name) for name in VIEW_FIELDS} - {""}
    synced = {
        name
        for name, trait in AttentionExplorer.class_traits().items()
        if trait.metadata.get("sync")
    }
    assert {"layer", "head", "_selection", "_scene"} <= used
    assert used <= synced
