"""What stands in both languages is the same: names, the rule for links, the form of the bytes."""

from __future__ import annotations

import base64
import dataclasses
import itertools
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from protvis.annotations import Track, TrackSet
from protvis.attention.score_table import menu
from protvis.attention.selection import COMBINE
from protvis.errors import ProtvisError
from protvis.export.viewer_scene import PEPTIDE
from protvis.scene import Scene, ViewState, build_scene, colors
from protvis.scene import drawn_arcs as drawn
from protvis.scene.arc import SEGMENTS, arc_points
from protvis.scene.link_table import LEVELS
from protvis.scene.link_table_builder import LinkTableBuilder
from protvis.scene.map_kind import MapKind
from protvis.scene.scene import SCENE_VERSION
from protvis.scene.selection_table import MOST_PAIRS, selection_table
from protvis.scene.track_wire import wire_tracks
from protvis.scene.user_map import OwnMap
from protvis.scene.view_checks import COLOR_BY, MOST_LINKS, MOST_OVERLAID
from protvis.scene.view_state import VIEW_FIELDS, arc_color_by
from protvis.scene.wire import encode_array, encode_map
from protvis.widgets.messages import ANSWER_KINDS, QUESTION_KINDS, answer_question

ROOT = Path(__file__).resolve().parents[2]
JS = ROOT / "js"

Browser = Callable[[str, Any], Any]

ENTRY = """
export { LinkTable, COMBINE, LEVELS } from "%(src)s/model/links";
export { MapSet, decodeLinks, decodeMap, mapValue } from "%(src)s/model/map-set";
export { MOST_PAIRS, selectionTable } from "%(src)s/model/selection-table";
export { Scene } from "%(src)s/model/scene";
export { changeOf } from "%(src)s/model/change";
export { ExplorerState } from "%(src)s/model/state";
export { MOST_OVERLAID } from "%(src)s/model/overlay";
export { COLOR_BY, VIEW_FIELDS, arcColorBy } from "%(src)s/model/view";
export { MOST_LINKS, applyView, writeView } from "%(src)s/model/view-link";
export { ARRAY_NAMES, MAP_ARRAY_NAMES, SCENE_VERSION, decodeArray } from "%(src)s/model/wire";
export { ANSWER_KINDS, QUESTION_KINDS } from "%(src)s/hosts/messages";
export { Track } from "%(src)s/model/tracks";
export { arcPoints } from "%(src)s/stage/arc";
export { SEGMENTS } from "%(src)s/stage/arc-layer";
export { colormapped } from "%(src)s/stage/link-color";
export { HEAD_COLORS, LIGHT, trackColor } from "%(src)s/stage/theme";
export { asideOf, changeColors, relationColors } from "%(src)s/stage/arc-style";
export { OPACITIES, opacityLevel, radiusOf } from "%(src)s/stage/arc-style";
"""

DRIVER = """
import * as browser from "./bundle.mjs";
import { readFileSync, writeFileSync } from "node:fs";

// Bytes as they lie in a websocket frame: somewhere inside a larger buffer, at an odd place.
export function bytes(text) {
  const data = Buffer.from(text, "base64");
  const frame = new Uint8Array(data.length + 64);
  frame.set(data, 13);
  return new DataView(frame.buffer, 13, data.length);
}
const arrays = (encoded) => Object.fromEntries(
  Object.entries(encoded).map(([name, array]) => [name, { ...array, data: bytes(array.data) }]));
const plain = (links) => ({
  query: [...links.query], key: [...links.key], weight: [...links.weight], sign: [...links.sign],
  reaching: links.reaching, complete: links.complete, floor: links.floor,
});
const input = JSON.parse(readFileSync(process.argv[2], "utf8"));
const run = (%(body)s);
writeFileSync(process.argv[3], JSON.stringify(run(input), (_, value) =>
  typeof value === "number" && !Number.isFinite(value) ? null : value));
"""


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Browser:
    """Return a function that runs a piece of JavaScript on the browser's code and on an input."""
    node, esbuild = shutil.which("node"), JS / "node_modules" / ".bin" / "esbuild"
    if node is None or not esbuild.exists():
        message = "needs Node.js and js/node_modules; `make test` installs them"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    folder = tmp_path_factory.mktemp("browser")
    (folder / "entry.ts").write_text(ENTRY % {"src": (JS / "src").as_posix()})
    command = [
        *(esbuild, folder / "entry.ts", "--bundle", "--format=esm", "--platform=node"),
        *(f"--outfile={folder / 'bundle.mjs'}", "--log-level=warning"),
    ]
    # The entry lies elsewhere, so the libraries it needs must be pointed to.
    environment = {**os.environ, "NODE_PATH": str(JS / "node_modules")}
    subprocess.run(command, check=True, env=environment)

    def run(body: str, value: Any) -> Any:
        (folder / "driver.mjs").write_text(DRIVER % {"body": body})
        (folder / "input.json").write_text(json.dumps(value))
        done = subprocess.run(
            [node, "driver.mjs", "input.json", "output.json"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads((folder / "output.json").read_text())

    return run


def as_text(encoded: dict[str, Any]) -> dict[str, Any]:
    """Return an encoded array with its bytes as text."""
    return {**encoded, "data": base64.b64encode(encoded["data"]).decode()}


# -- links -----------------------------------------------------------------------


def random_map(rng: np.random.Generator, n_residues: int, shape: int) -> np.ndarray:
    values = rng.random((n_residues, n_residues)).astype(np.float32) ** 5
    if shape == 1:
        # Few distinct weights: ties everywhere.
        values = np.round(values * 4) / np.float32(4)
    elif shape == 2:
        values = (values + values.T) / 2
    elif shape == 3:
        values[:] = 0.5
    elif shape == 4:
        values[:] = 0
    return values


SELECT = """({ tables, questions }) => {
  const made = tables.map((table) => new browser.LinkTable(
    ...["first:uint16", "second:uint16", "forward:uint16", "backward:uint16", "offsets:uint32",
      "scale:float64", "floors:uint32"].map((column) => {
        const [name, dtype] = column.split(":");
        return browser.decodeArray({ ...table[name], data: bytes(table[name].data) }, dtype);
      }), table.chains && Uint8Array.from(table.chains), Uint8Array.from(table.signs)));
  return questions.map(({ table, entry, top_k, threshold, min_separation, combine }) =>
    plain(made[table].select(entry,
      { topK: top_k, threshold, minSeparation: min_separation, combine })));
}"""


def test_both_select_the_same_links(browser: Browser) -> None:
    rng = np.random.default_rng(20)
    tables, questions = [], []
    for place in range(40):
        n_residues, n_entries = int(rng.integers(1, 60)), int(rng.integers(1, 5))
        n_chains = int(rng.integers(1, 4))
        chain_of = np.arange(n_residues) * n_chains // n_residues if n_chains > 1 else None
        difference = place % 3 == 0
        builder = LinkTableBuilder(
            n_residues, int(rng.choice([64, 200, 2400])), chain_of, difference=difference
        )
        for _ in range(n_entries):
            values = random_map(rng, n_residues, int(rng.integers(5)))
            if difference:
                values = values - rng.permutation(values)
            builder.add(values)
        table = builder.finish()
        tables.append(table)
        for _ in range(30):
            entry = int(rng.integers(n_entries))
            known = [0.0, 0.25, 0.5, 1.0, float(rng.random())]
            floors = table.floors[entry].ravel() * table.scale[entry]
            questions.append(
                {
                    "table": place,
                    "entry": entry,
                    "top_k": int(rng.choice([1, 5, 50, 500, 100_000])),
                    "threshold": float(rng.choice([*known, *floors])),
                    "min_separation": int(rng.choice([0, 1, 2, 5, 6, 7, 23, 24, 25, 50])),
                    "combine": str(rng.choice(COMBINE)),
                }
            )
    others = ("chain_of", "signs")
    columns = [field.name for field in dataclasses.fields(tables[0]) if field.name not in others]
    encoded = [
        {name: as_text(encode_array(getattr(table, name))) for name in columns}
        | {"chains": None if table.chain_of is None else table.chain_of.tolist()}
        | {"signs": [] if table.signs is None else table.signs.tolist()}
        for table in tables
    ]
    answers = browser(SELECT, {"tables": encoded, "questions": questions})
    n_links = n_incomplete = n_cut = 0
    for question, answer in zip(questions, answers, strict=True):
        chosen = {name: value for name, value in question.items() if name not in ("table", "entry")}
        expected = tables[question["table"]].select(question["entry"], **chosen)
        assert answer["query"] == expected.query.tolist(), question
        assert answer["key"] == expected.key.tolist(), question
        assert answer["sign"] == expected.sign.tolist(), question
        # To the last bit: both multiply the same whole steps by the same scale.
        assert answer["weight"] == expected.weight.tolist(), question
        assert answer["reaching"] == expected.reaching, question
        assert answer["complete"] is expected.complete, question
        assert answer["floor"] == expected.floor, question
        n_links += len(expected.weight)
        n_incomplete += not expected.complete
        n_cut += expected.reaching > len(expected.weight)
    assert n_links > 10_000
    assert n_incomplete > 20
    assert n_cut > 100


SELECTIONS = """({ maps, questions }) => questions.map(({ map, entry, residues, ...asked }) => {
  const { dense, known, exact, chains, difference } = maps[map];
  const ofChains = chains && Uint8Array.from(chains);
  const question = { topK: asked.top_k, threshold: asked.threshold,
    minSeparation: asked.min_separation, combine: asked.combine };
  const strongest = browser.decodeLinks(arrays(known), ofChains);
  const decoded = browser.decodeMap({ ...dense, data: bytes(dense.data) });
  const here = browser.selectionTable(decoded, strongest, 0, residues, difference, asked.most);
  return [browser.decodeLinks(arrays(exact[asked.most]), ofChains), here]
    .map((table) => plain(table.select(0, question)));
})"""


def test_both_select_the_same_links_of_a_selection(browser: Browser) -> None:
    """Python's table crosses and answers alike; a page's own differs by the map's 8 bits."""
    rng = np.random.default_rng(3)
    maps, questions, expected = [], [], []
    for place in range(30):
        n_residues, n_chains = int(rng.integers(2, 60)), int(rng.integers(1, 3))
        chain_of = np.arange(n_residues) * n_chains // n_residues if n_chains > 1 else None
        difference = place % 3 == 0
        values = random_map(rng, n_residues, int(rng.integers(5)))
        if difference:
            values = values - rng.permutation(values)
        # Few of the strongest are known exactly.
        builder = LinkTableBuilder(n_residues, 64, chain_of, difference=difference)
        builder.add(values)
        known = builder.finish()
        residues = sorted(
            rng.choice(n_residues, int(rng.integers(1, min(9, n_residues + 1))), False)
        )
        tables = {
            most: selection_table(
                values, residues, float(known.scale[0]), chain_of, difference=difference, most=most
            )
            for most in (20, MOST_PAIRS)
        }
        maps.append(
            {
                "dense": as_text(encode_map(values, signed=difference)),
                "known": {name: as_text(encode_array(one)) for name, one in known.arrays().items()},
                "exact": {
                    most: {name: as_text(encode_array(one)) for name, one in table.arrays().items()}
                    for most, table in tables.items()
                },
                "chains": None if chain_of is None else chain_of.tolist(),
                "difference": difference,
            }
        )
        for _ in range(12):
            most = int(rng.choice([20, MOST_PAIRS]))
            chosen = {
                "top_k": int(rng.choice([1, 5, 12, 1000])),
                "threshold": float(rng.choice([0.0, 0.0, 0.25, rng.random()])),
                "min_separation": int(rng.choice([0, 1, 6, 24])),
                "combine": str(rng.choice(COMBINE)),
            }
            questions.append({"map": place, "entry": 0, "residues": [int(r) for r in residues],
                              "most": most, **chosen})  # fmt: skip
            expected.append(tables[most].select(0, **chosen))
    n_links = n_cut = 0
    for question, (crossed, here), links in zip(
        questions,
        browser(SELECTIONS, {"maps": maps, "questions": questions}),
        expected,
        strict=True,
    ):
        for name in ("query", "key", "sign", "weight"):
            assert crossed[name] == getattr(links, name).tolist(), (name, question)
        assert (crossed["reaching"], crossed["complete"]) == (links.reaching, links.complete)
        step = 0.009 if maps[question["map"]]["difference"] else 0.0045
        weights = np.array(here["weight"])
        n = min(len(weights), len(links.weight))
        # Steps are spaced by the square root: half a step of 255, or of 127 on either side.
        np.testing.assert_allclose(np.sqrt(weights[:n]), np.sqrt(links.weight[:n]), atol=step)
        touching = set(question["residues"])
        for query, key in zip(here["query"], here["key"], strict=True):
            assert touching & {query, key}
        if question["threshold"] == 0 and links.complete and here["complete"]:
            # Only what is next to nothing is a link in one and none in the other.
            rest = [*weights[n:], *links.weight[n:]]
            assert np.all(np.sqrt(rest) <= 2 * step), question
        n_links += n
        n_cut += not links.complete
    assert n_links > 1000
    assert n_cut > 5


# -- the scene -------------------------------------------------------------------


@pytest.fixture(scope="module")
def scene(demo_structure: Path) -> Scene:
    from protvis.models import load_model
    from protvis.structure import load_structure

    structure = load_structure(demo_structure)
    made = build_scene(structure, structure.chains["A"], load_model("mini-positions"))
    values = np.random.default_rng(0).normal(size=(223, 223)).astype(np.float32)
    made.add_matrix("mine", values)
    values = values.copy()
    values[7], values[:, 7] = np.nan, np.nan
    made.add_matrix("change", OwnMap(values, difference=True, noise=0.5))
    return made


READ = """({ meta, encoded, structure, attention, sets, questions }) => {
  const scene = new browser.Scene({ meta, arrays: arrays(encoded), structure,
    attention: { ...attention, arrays: arrays(attention.arrays) } });
  const kinds = { attention: scene.attention };
  for (const [name, set] of Object.entries(sets)) {
    kinds[name] = new browser.MapSet({ ...set, arrays: arrays(set.arrays) }, meta.scores);
  }
  const n = scene.nResidues;
  const all = Array.from({ length: n }, (_, i) => i);
  return {
    labels: all.map((i) => scene.label(i)),
    located: all.map((i) => scene.hasCoordinates(i)),
    observed: [...scene.observed],
    coordinates: [...scene.places[0].coordinates],
    distances: all.map((i) => all.map((j) => scene.distance(i, j))),
    contacts: all.map((i) => all.map((j) => scene.isContact(i, j))),
    relations: all.map((i) => all.map((j) =>
      browser.relationColors(browser.LIGHT)[scene.relation(i, j)])),
    colormaps: Object.fromEntries(
      Object.entries(scene.colormaps).map(([name, map]) => [name, [...map]])),
    sets: Object.fromEntries(Object.entries(kinds).map(([name, set]) => {
      const entries = Array.from({ length: set.links.nEntries }, (_, entry) => entry);
      return [name, {
        received: entries.map((entry) => [...set.received(entry)]),
        scores: meta.scores.map((_, at) => entries.map((entry) => set.score(at, entry))),
        ranked: meta.scores.map((_, at) => set.ranked(at)),
        entries: questions.map(({ layer, head }) => set.entry(layer, head)),
        links: questions.map(({ layer, head }) => plain(set.links.select(set.entry(layer, head),
          { topK: 100, threshold: 0, minSeparation: 6, combine: "max" }))),
      }];
    })),
  };
}"""


def numbers(values: Any) -> np.ndarray:
    """Return numbers of JSON as an array; null is NaN."""
    return np.array(values, dtype=float)


def test_a_scene_is_the_same_after_it_crossed(browser: Browser, scene: Scene) -> None:
    wire = scene.wire()
    names = ["apc", "rollout", "mine", "change"]
    sets = {name: scene.wire_maps(name) for name in names}
    for made in (wire["attention"], *sets.values()):
        made["arrays"] = {name: as_text(array) for name, array in made["arrays"].items()}
    questions = [
        {"layer": layer + 1, "head": head if head == "mean" else int(head) + 1}
        for layer, head in scene.heads()
    ]
    found = browser(
        READ,
        {
            "meta": wire["meta"],
            "encoded": {name: as_text(array) for name, array in wire["arrays"].items()},
            "structure": wire["structure"],
            "attention": wire["attention"],
            "sets": sets,
            "questions": questions,
        },
    )
    chain = scene.chain
    assert found["labels"] == list(chain.residue_labels)
    assert found["observed"] == chain.observed.astype(int).tolist()
    assert found["located"] == np.isfinite(chain.coordinates()).all(axis=1).tolist()
    np.testing.assert_array_equal(
        numbers(found["coordinates"]).reshape(-1, 3).astype(np.float32), chain.coordinates()
    )
    np.testing.assert_allclose(
        numbers(found["distances"]), chain.distance_map(), rtol=1e-4, atol=1e-4
    )
    contacts = chain.contact_map()
    np.testing.assert_array_equal(np.array(found["contacts"]), contacts)
    relations = np.empty((scene.n_residues, scene.n_residues, 3))
    for (i, j), apart in np.ndenumerate(chain.separation()):
        color = colors.relation_color(bool(contacts[i, j]), int(apart))
        relations[i, j] = to_rgb(color)
    np.testing.assert_allclose(numbers(found["relations"]), relations)
    assert len(np.unique(relations.reshape(-1, 3), axis=0)) == 3
    assert set(found["colormaps"]) == {"weight", "separation", "score", "map", "signed"}
    for name, here in found["sets"].items():
        map_set = scene.map_set(name)
        exact = map_set.received.reshape(-1, scene.n_residues)
        step = np.sqrt(np.nanmax(np.abs(exact))) / (127 if map_set.kind.signed else 255)
        received = numbers(here["received"])
        np.testing.assert_allclose(
            np.sign(received) * np.sqrt(np.abs(received)),
            np.sign(exact) * np.sqrt(np.abs(exact)),
            atol=0.51 * step,
        )
        for score, values, ranked in zip(menu(), here["scores"], here["ranked"], strict=True):
            expected = map_set.scores[score.name].ravel()
            np.testing.assert_array_equal(numbers(values).astype(np.float32), expected)
            sign = 1 if score.best == "low" else -1
            order = np.argsort(sign * expected, kind="stable")
            assert ranked == [int(at) for at in order if np.isfinite(expected[at])]
        for question, entry, links in zip(questions, here["entries"], here["links"], strict=True):
            head = question["head"] if question["head"] == "mean" else question["head"] - 1
            assert entry == map_set.entry(question["layer"] - 1, head)
            expected_links = map_set.links.select(entry, top_k=100)
            assert links["query"] == expected_links.query.tolist()
            assert links["key"] == expected_links.key.tolist()
            assert links["weight"] == expected_links.weight.tolist()


LINKS = """({ scene, tracks, opened, fragments }) => {
  const decoded = (set) => ({ ...set, arrays: arrays(set.arrays) });
  const made = new browser.Scene({ ...decoded(scene), attention: decoded(scene.attention) });
  const maps = { immediate: true, requestSet: () => new Promise(() => 0),
    requestMap: () => new Promise(() => 0) };
  return fragments.map((fragment) => {
    const state = new browser.ExplorerState(made, opened, maps);
    state.tracks.value = tracks.map((track) => new browser.Track({ ...track,
      values: { ...track.values, data: bytes(track.values.data) } }));
    const refused = browser.applyView(state, fragment);
    const view = Object.fromEntries(
      browser.VIEW_FIELDS.map((name) => [name, state.view[name].value]));
    const written = browser.writeView(state);
    state.dispose();
    return { refused, view, written };
  });
}"""


def test_a_link_means_the_same_view(browser: Browser, scene: Scene) -> None:
    """Whoever wrote it and whoever reads it: all fields, and what is refused."""
    chain, rng = scene.chain, np.random.default_rng(3)
    names = ("one, two", "50%2C & =", "ümlaut/#")
    tracks = scene.tracks
    for name in names:
        tracks = tracks.with_track(Track(name, "number", np.arange(223.0), "test"))
    named = dataclasses.replace(scene, tracks=tracks)
    opened, labels = ViewState.open(named), list(chain.residue_labels)
    views = []
    for _ in range(100):
        link = rng.choice(labels, 2).tolist() if rng.random() < 0.5 else None
        turned = [float(number) for number in rng.normal(size=16) * 50]
        views.append(
            opened.changed(
                named,
                layer=int(rng.integers(1, 3)),
                head="mean" if rng.random() < 0.3 else int(rng.integers(1, 9)),
                top_k=int(rng.integers(1, MOST_LINKS + 1)),
                threshold=float(rng.random()) ** 8,
                min_separation=int(rng.integers(0, 224)),
                combine=str(rng.choice(COMBINE)),
                color_by=str(rng.choice(COLOR_BY)),
                map=str(rng.choice(list(named.map_kinds))),
                selected_residues=rng.choice(labels, int(rng.integers(0, 4))).tolist(),
                selected_link=link,
                shown_tracks=rng.choice(names, int(rng.integers(0, 4))).tolist(),
                cartoon_by=str(rng.choice(["", *names])),
                selected_block=rng.choice(labels, 4).tolist() if rng.random() < 0.3 else None,
                partners=int(rng.integers(1, 5001)),
                overlay_heads=["2-mean", (1, 3)][: int(rng.integers(0, 3))],
                show_copies=bool(rng.random() < 0.5),
                camera=turned if rng.random() < 0.5 else None,
            )
        )
    wrong = ["layer=3", "top_k=100000", "threshold=2", "min_separation=224", "map=none",
             "residues=A:XXX1", "link=A:HIS57", "shown_tracks=none", "cartoon_by=none",
             "block=A:HIS57", "show_copies=2", "camera=1,2", "combine=sum", "color_by=red",
             "head=9", "overlay=1-9", "overlay=1-1,1-2,1-3", "overlay=A:HIS57"]  # fmt: skip
    wire = named.wire()
    for made in (wire, wire["attention"]):
        made["arrays"] = {name: as_text(array) for name, array in made["arrays"].items()}
    wired = named.wire_tracks()
    for track in wired:
        track["values"] = as_text(track["values"])
    found = browser(
        LINKS,
        {
            "scene": wire,
            "tracks": wired,
            "opened": opened.wire(named),
            "fragments": [*(view.fragment() for view in views), *wrong],
        },
    )
    assert len({str(one) for one in found}) > 100
    for view, here in zip(views, found, strict=False):
        assert here["refused"] == []
        assert here["view"] == json.loads(json.dumps(view.wire(named)))
        assert ViewState.from_fragment(named, here["written"]) == view
    for fragment, here in zip(wrong, found[len(views) :], strict=True):
        assert len(here["refused"]) == 1, fragment
        assert here["view"] == json.loads(json.dumps(opened.wire(named)))
        with pytest.raises(ProtvisError, match=r"\S"):
            opened.followed(named, fragment)


MAPS = """(encoded) => encoded.map((one) => {
  const map = browser.decodeMap({ ...one, data: bytes(one.data) });
  return [...map.steps].map((step) => browser.mapValue(map, step));
})"""


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("symmetric", [False, True])
def test_dense_maps_mean_the_same(browser: Browser, signed: bool, symmetric: bool) -> None:
    rng = np.random.default_rng(4)
    maps = []
    for n in (1, 2, 7, 50):
        values = rng.random((n, n)).astype(np.float32) ** 4
        values -= np.float32(0.2 if signed else 0)
        maps.append((values + values.T) / 2 if symmetric else values)
        if signed and n > 2:
            # Of a residue without a partner nothing is known.
            maps[-1][2], maps[-1][:, 2] = np.nan, np.nan
    maps.append(np.zeros((3, 3), np.float32))
    encoded = [encode_map(values, signed=signed, symmetric=symmetric) for values in maps]
    found = browser(MAPS, [as_text(one) for one in encoded])
    for values, here, one in zip(maps, found, encoded, strict=True):
        decoded = numbers(here).reshape(values.shape)
        scale = one["scale"] or 1.0
        half_a_step = 0.51 / (127 if signed else 255)
        np.testing.assert_allclose(
            np.sign(decoded) * np.sqrt(np.abs(decoded) / scale),
            np.sign(values) * np.sqrt(np.abs(values) / scale),
            atol=half_a_step,
        )


# -- what is drawn ---------------------------------------------------------------

ARCS = """(arcs) => arcs.map(({ start, end, center, segments, aside }) => {
  const out = new Float32Array(3 * (segments + 1));
  browser.arcPoints(start, end, center, segments, out, aside);
  return [...out];
})"""


def test_arcs_are_the_same_curves(browser: Browser) -> None:
    rng = np.random.default_rng(8)
    arcs = [
        {
            "start": (80 * rng.random(3) - 40).tolist(),
            "end": (80 * rng.random(3) - 40).tolist(),
            "center": (40 * rng.random(3) - 20).tolist(),
            "segments": int(rng.choice([1, 2, 4, 16, 33])),
            "aside": float(rng.choice([0.0, 0.6, -0.6])),
        }
        for _ in range(200)
    ]
    axes = [[10.0, 0.0, 0.0], [0.0, 10.0, 0.0], [0.0, 0.0, 10.0], [3.0, 4.0, 5.0]]
    for end in axes:
        back = [-value for value in end]
        origin = [0.0, 0.0, 0.0]
        far = [3 * value for value in end]
        # Through the centre, straight away from it, of no length there and elsewhere.
        for start, stop in ((back, end), (end, far), (origin, origin), (end, end)):
            arcs.append(
                {"start": start, "end": stop, **{"center": origin, "segments": 16, "aside": 0.6}}
            )
    for arc, here in zip(arcs, browser(ARCS, arcs), strict=True):
        expected = arc_points(**arc)
        assert expected.shape == (arc["segments"] + 1, 3)
        np.testing.assert_allclose(numbers(here).reshape(-1, 3), expected, atol=2e-5)


COLORS = """({ tracks, theme, segments, colormaps, shares }) => {
  const colormap = Object.fromEntries(Object.entries(colormaps).map(([name, array]) =>
    [name, browser.decodeArray({ ...array, data: bytes(array.data) }, "uint8")]));
  return {
    light: browser.LIGHT,
    segments: browser.SEGMENTS,
    shares: Object.fromEntries(Object.entries(colormap).map(([name, map]) =>
      [name, shares.map((share) => browser.colormapped(map, share))])),
    tracks: tracks.map(({ track, place, length }) => {
      const made = new browser.Track({ ...track,
        values: { ...track.values, data: bytes(track.values.data) } });
      return Array.from({ length }, (_, residue) =>
        browser.trackColor(made, residue, colormap.weight, false, place));
    }),
  };
}"""


def own_tracks(n: int) -> list[Track]:
    rng = np.random.default_rng(1)
    values = rng.normal(size=n).astype(np.float32)
    values[::7] = np.nan
    return [
        Track("states", "state", rng.choice(list("HE-TSGB "), n), "test", {"I": "never there"}),
        Track("sites", "site", rng.random(n) < 0.3, "test"),
        Track("numbers", "number", values, "test"),
        Track("one number", "number", np.full(n, 0.5, np.float32), "test"),
        Track("none", "number", np.full(n, np.nan, np.float32), "test"),
        Track("ranges", "range", rng.integers(-1, 12, n), "test", names=tuple("abcdefghijkl")),
    ]


def test_colors_are_the_same(browser: Browser, scene: Scene) -> None:
    n = scene.n_residues
    tracks = own_tracks(n)
    wired = wire_tracks(TrackSet(scene.chain, tracks))
    for track in wired:
        track["values"] = as_text(track["values"])
    shares = [-1.0, 0.0, 0.1, 0.5, 1 / 255 / 2, 0.999, 1.0, 2.0]
    found = browser(
        COLORS,
        {
            "tracks": [
                {"track": track, "place": place + 5 * more, "length": n}
                for more in (0, 1)
                for place, track in enumerate(wired)
            ],
            "colormaps": {
                name: as_text(encode_array(colors.colormap(name)))
                for name in ("weight", "separation")
            },
            "shares": shares,
        },
    )
    light = found["light"]
    assert light["contact"] == colors.CONTACT
    assert light["noContact"] == colors.NO_CONTACT
    assert light["near"] == colors.NEAR
    assert light["gain"] == colors.GAIN
    assert light["loss"] == colors.LOSS
    assert light["accent"] == colors.ACCENT
    assert light["cartoon"] == colors.CARTOON
    assert light["otherChains"] == colors.OTHER_CHAINS
    assert found["segments"] == SEGMENTS
    for name, here in found["shares"].items():
        expected = [to_rgb(colors.colormapped(name, share)) for share in shares]
        np.testing.assert_allclose(numbers(here), expected, atol=1e-9)
    several = [(track, place + 5 * more) for more in (0, 1) for place, track in enumerate(tracks)]
    for (track, place), here in zip(several, found["tracks"], strict=True):
        assert here == colors.track_colors(track, place), track.name
        assert len(set(here)) > 1 or track.name in ("one number", "none")


STYLE = """(shares) => shares.map((share) =>
  [browser.radiusOf(share), ...[false, true].map((faded) =>
    browser.OPACITIES[browser.opacityLevel(share, faded)])])"""


def test_arcs_are_equally_thick_and_solid(browser: Browser) -> None:
    shares = [*np.linspace(0, 1, 101).tolist(), 0.25 - 1e-9, 0.5 - 1e-9, 1 / 3]
    for share, (radius, *opacities) in zip(shares, browser(STYLE, shares), strict=True):
        assert radius == pytest.approx(drawn.arc_radius(share), rel=1e-12)
        assert opacities == [drawn.arc_opacity(share, faded=faded) for faded in (False, True)]
    every = {drawn.arc_opacity(share, faded=faded) for share in shares for faded in (False, True)}
    assert every == set(drawn.OPACITIES)
    text = (JS / "src" / "stage" / "protein.ts").read_text("utf-8")
    found = dict(re.findall(r"^const (\w+) = (.+);$", text, re.M))
    layer = (JS / "src" / "stage" / "arc-layer.ts").read_text("utf-8")
    first, last = drawn._ENDS
    assert f"[{first} * arc.radius, {last} * arc.radius]" in layer
    assert float(found["PEPTIDE"]) == PEPTIDE


CHANGES = """(links) => links.map(({ sign, weight, noise }) =>
  browser.changeColors(browser.LIGHT)[browser.changeOf(sign, weight, noise)])"""


def test_differences_have_the_same_colours(browser: Browser) -> None:
    links = [
        {"sign": sign, "weight": weight, "noise": noise}
        for sign in (-1, 1)
        for weight in (0.1, 0.2, 0.3)
        for noise in (None, 0.0, 0.2)
    ]
    found = browser(CHANGES, links)
    expected = [colors.sign_color(**link) for link in links]
    np.testing.assert_allclose(numbers(found), [to_rgb(color) for color in expected])
    assert set(expected) == {colors.GAIN, colors.LOSS, colors.NEAR}


def test_colour_means_the_same_on_every_kind_of_map(browser: Browser) -> None:
    kinds = [MapKind("a", "a", "a", ""), MapKind("b", "b", "b", "", difference=True)]
    cases = list(itertools.product(COLOR_BY, kinds, [True, False]))
    asked = [
        {"by": by, "difference": kind.difference, "structure": structure}
        for by, kind, structure in cases
    ]
    found = browser(
        "(asked) => asked.map((one) => browser.arcColorBy(one.by, one, one.structure))", asked
    )
    assert found == [arc_color_by(*case) for case in cases]
    assert set(found) == set(COLOR_BY)


# -- names -----------------------------------------------------------------------


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
