"""Both languages select the same links."""

from __future__ import annotations

import dataclasses

import numpy as np

from protvis.attention.selection import COMBINE
from protvis.scene.link_table_builder import LinkTableBuilder
from protvis.scene.selection_table import MOST_PAIRS, selection_table
from protvis.scene.wire import encode_array, encode_map
from tests.contract.two_languages.browser_code import Browser, as_text


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
