"""The links of a selection are the strongest of all that touch it, by a slow definition."""

from __future__ import annotations

import numpy as np
import pytest

from protvis.attention.selection import COMBINE
from protvis.errors import LabelError
from protvis.scene import Scene, ViewState
from protvis.scene.drawn_arcs import shown_links, shows_direction
from protvis.scene.link_table import LinkTable
from protvis.scene.selection_table import selection_table

Link = tuple[int, int, float]


def slow_links(
    steps: np.ndarray, residues: list[int], least: int, combine: str, chain_of: np.ndarray | None
) -> list[Link]:
    """Return (query, key, steps) of every link that touches residues, one pair at a time."""
    n, found = len(steps), []
    for i in range(n):
        for j in range(i + 1, n):
            near = chain_of is None or chain_of[i] == chain_of[j]
            if not {i, j} & set(residues) or (near and j - i < max(least, 1)):
                continue
            ahead, back = float(steps[i, j]), float(steps[j, i])
            if combine == "mean":
                found.append((i, j, (ahead + back) / 2))
            elif combine == "directed":
                found += [(i, j, ahead), (j, i, back)]
            else:
                found.append((j, i, back) if abs(back) > abs(ahead) else (i, j, ahead))
    return sorted((link for link in found if link[2]), key=lambda link: -abs(link[2]))


@pytest.mark.parametrize("combine", COMBINE)
@pytest.mark.parametrize("difference", [False, True])
@pytest.mark.parametrize("least", [0, 6, 24])
def test_links_are_the_strongest_of_all_that_touch(
    combine: str, difference: bool, least: int
) -> None:
    rng = np.random.default_rng(least)
    for n_chains in (1, 2):
        n = 40
        chain_of = np.arange(n) * n_chains // n if n_chains > 1 else None
        scale = 1 / 65535
        # Distinct whole steps, so that there are no ties; some unknown, some losses.
        steps = rng.permutation(n * n).reshape(n, n).astype(np.float32) * 4 + 1
        if difference:
            steps *= rng.choice([-1, 1], (n, n)).astype(np.float32)
        values = steps * np.float32(scale)
        unknown = rng.random((n, n)) < 0.1
        values[unknown], steps[unknown] = np.nan, 0
        residues = [3, 4, 31]
        table = selection_table(values, residues, scale, chain_of, difference=difference)
        links = table.select(0, min_separation=least, combine=combine)
        expected = slow_links(steps, residues, least, combine, chain_of)
        assert len(expected) > 10
        assert links.complete
        found = links.weight * links.sign / scale
        np.testing.assert_allclose(found, [weight for *_, weight in expected], rtol=1e-6)
        if combine != "mean":
            pairs = list(zip(links.query.tolist(), links.key.tolist(), strict=True))
            assert pairs == [(query, key) for query, key, _ in expected]


def test_a_large_selection_keeps_the_strongest_at_each_separation_and_says_where_it_ends() -> None:
    rng = np.random.default_rng(0)
    n, most = 60, 50
    values = (rng.permutation(n * n).reshape(n, n) / n**2).astype(np.float32)
    # Neighbours outweigh all others.
    i, j = np.indices((n, n))
    values += (np.abs(i - j) < 6).astype(np.float32)
    everything = list(range(n))
    whole = selection_table(values, everything, 2 / 65535)
    short = selection_table(values, everything, 2 / 65535, most=most)
    assert len(short.first) <= 3 * most < len(whole.first)
    for least in (1, 6, 24):
        cut, full = (table.select(0, min_separation=least) for table in (short, whole))
        assert not cut.complete
        assert len(cut.weight) >= most / 2
        np.testing.assert_array_equal(cut.query, full.query[: len(cut.query)])
        np.testing.assert_array_equal(cut.key, full.key[: len(cut.key)])


def test_weights_are_those_of_the_table_of_the_heads_strongest(demo_scene: Scene) -> None:
    map_set = demo_scene.map_set("attention")
    his = demo_scene.chain.find("HIS57")
    for entry in range(map_set.links.n_entries):
        strongest = map_set.links.select(entry, combine="directed")
        own = map_set.selection_table(entry, [his]).select(0, combine="directed")
        exact = dict(zip(zip(own.query, own.key, strict=True), own.weight, strict=True))
        touching = (strongest.query == his) | (strongest.key == his)
        for query, key, weight in zip(
            strongest.query[touching],
            strongest.key[touching],
            strongest.weight[touching],
            strict=True,
        ):
            assert exact[query, key] == weight


def test_a_selection_has_links_where_the_heads_strongest_touch_it_nowhere(
    demo_scene: Scene,
) -> None:
    view = ViewState.open(demo_scene, top_k=3, partners=5)
    strongest = shown_links(demo_scene, view)
    far = set(range(demo_scene.n_residues)) - {*strongest.query.tolist(), *strongest.key.tolist()}
    label = demo_scene.chain.residue_labels[min(far)]
    links = shown_links(demo_scene, view.changed(demo_scene, selected_residues=[label]))
    assert len(links.query) == 5
    assert ((links.query == min(far)) | (links.key == min(far))).all()


@pytest.mark.parametrize("combine", COMBINE)
def test_a_block_has_the_links_between_its_two_ranges(demo_scene: Scene, combine: str) -> None:
    labels = demo_scene.chain.residue_labels
    rows, columns = range(30, 50), range(45, 90)
    block = (labels[rows[0]], labels[rows[-1]], labels[columns[0]], labels[columns[-1]])
    view = ViewState.open(demo_scene, combine=combine, selected_block=block, partners=5000)
    links = shown_links(demo_scene, view)
    values = demo_scene.attention.head_map(view.layer - 1, "mean" if view.head == "mean" else 0)
    step = float(demo_scene.attention.links.scale.max())
    expected = 0
    for query in range(demo_scene.n_residues):
        for key in range(demo_scene.n_residues):
            one_way = query in rows and key in columns
            inside = one_way or (combine != "directed" and query in columns and key in rows)
            if inside and abs(query - key) >= 6 and values[query, key] > step:
                expected += combine == "directed" or query < key or not (values[key, query] > step)
    for query, key in zip(links.query.tolist(), links.key.tolist(), strict=True):
        other_way = query in columns and key in rows
        assert (query in rows and key in columns) or (combine != "directed" and other_way)
    assert len(links.query) == pytest.approx(expected, abs=2)
    assert expected > 300


def test_what_is_no_residue_is_refused(demo_scene: Scene) -> None:
    for residues in ([-1], [demo_scene.n_residues]):
        with pytest.raises(LabelError, match="residue indices must be from 0 to"):
            demo_scene.map_set("attention").selection_table(0, residues)
    with pytest.raises(LabelError, match="there is no map 999"):
        demo_scene.map_set("attention").selection_table(999, [3])


def test_arcs_show_the_direction_of_the_links_of_a_selection(demo_scene: Scene) -> None:
    opened = ViewState.open(demo_scene)
    raw, apc = demo_scene.map_kind("attention"), demo_scene.map_kind("apc")
    assert not shows_direction(opened, raw)
    assert shows_direction(opened.changed(demo_scene, combine="directed"), raw)
    chosen = opened.changed(demo_scene, selected_residues=["HIS57"])
    assert shows_direction(chosen, raw)
    assert not shows_direction(chosen.changed(demo_scene, combine="mean"), raw)
    assert not shows_direction(chosen, apc)


def test_a_table_crosses_under_the_names_of_the_sets(demo_scene: Scene) -> None:
    map_set = demo_scene.map_set("attention")
    table = map_set.selection_table(0, [3])
    assert isinstance(table, LinkTable)
    assert set(table.arrays()) < set(demo_scene.wire_maps("attention")["arrays"])
