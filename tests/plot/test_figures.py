"""Figures show the numbers of their tables, nothing is cut off, and no state is left behind."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import QuadMesh
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from protvis.analysis.counting.plan import Plan
from protvis.analysis.statistics.amino_acids import amino_acid_similarity, blosum62
from protvis.analysis.statistics.calibration import calibration_table
from protvis.analysis.statistics.head_tables import head_table, top_heads
from protvis.analysis.statistics.layer_summary import layer_table, summarize_layers
from protvis.analysis.statistics.threshold_table import threshold_table
from protvis.errors import LabelError, OptionError
from protvis.labels import AMINO_ACIDS
from protvis.plot import (
    ReportFigure,
    plot_calibration,
    plot_heads,
    plot_layers,
    plot_substitution,
    plot_thresholds,
    plot_top,
)
from protvis.plot.figure import feature_name, label_locator, percent
from tests.analysis.artificial import CONTACT, SITE, Chance, count, draw_chance, draw_protein
from tests.analysis.published import grid_table


def heads_of(n_layers: int, n_heads: int, seed: int = 0, background: float = 0.05) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    layer, head = np.indices((n_layers, n_heads)).reshape(2, -1) + 1
    share = np.clip(rng.gamma(1.2, 0.05, layer.size), 0, 1)
    table = pd.DataFrame(
        {
            "feature": "contact",
            "value": "",
            "layer": layer,
            "head": head,
            "n_links": 400,
            "proportion": share,
            "background": background,
            "ci_low": np.clip(share - 0.01, 0, 1),
            "ci_high": share + 0.03,
            "scored": rng.random(layer.size) > 0.1,
        }
    )
    table.attrs = {"min_links": 100, "threshold": 0.3, "interval": "95 % interval of something"}
    return table


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(Text) if text.get_visible()]


def check_legible(figure: Figure) -> None:
    """Lay out, and demand that nothing leaves the page and no title lies over a panel."""
    figure.draw_without_rendering()
    drawn, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
    assert drawn.x0 > -0.01, drawn
    assert drawn.y0 > -0.01, drawn
    assert drawn.x1 < width + 0.01, drawn
    assert drawn.y1 < height + 0.01, drawn
    for text in figure.texts:
        for axes in figure.axes:
            assert not text.get_window_extent().overlaps(axes.get_tightbbox()), text


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(5, 8), (12, 12), (33, 20), (12, 64), (1, 1), (48, 40)])
def test_the_grid_shows_every_head(shape: tuple[int, int]) -> None:
    table = heads_of(*shape)
    table.loc[0, "scored"] = True
    figure = plot_heads(table, "contact")
    check_legible(figure)
    (mesh,) = figure.axes[0].findobj(QuadMesh)
    expected = np.where(table["scored"], table["proportion"], np.nan).reshape(shape)
    np.testing.assert_array_equal(np.ma.filled(mesh.get_array(), np.nan).reshape(shape), expected)
    hatched = [r for r in figure.axes[0].findobj(Rectangle) if r.get_hatch()]
    assert len(hatched) == (~table["scored"]).sum()
    places = {(r.get_y() + 0.5, r.get_x() + 0.5) for r in hatched}
    unscored = table[~table["scored"]]
    assert places == set(zip(unscored["layer"], unscored["head"], strict=True))
    if len(hatched):
        assert "fewer than 100 links" in texts(figure)
    best = table[table["scored"]].nlargest(1, "proportion").iloc[0]
    (summary,) = [text for text in texts(figure) if text.startswith("highest")]
    assert f"{best['layer']}-{best['head']} with {100 * best['proportion']:.1f} %" in summary
    assert "background 5.0 %" in summary
    written = [t.get_text() for t in figure.axes[0].texts]
    assert len(written) == (table["scored"].sum() if shape[0] * shape[1] <= 144 else 0)


def test_numbers_stand_in_their_cells() -> None:
    table = heads_of(12, 12)
    figure = plot_heads(table, "contact")
    check_legible(figure)
    axes = figure.axes[0]
    scored = {(h.layer, h.head): h.proportion for h in table.itertuples() if h.scored}
    for text in axes.texts:
        head, layer = text.get_position()
        assert text.get_text() == percent(scored[layer, head])
        box = text.get_window_extent().transformed(axes.transData.inverted())
        assert head - 0.5 < box.x0 < box.x1 < head + 0.5
        assert layer - 0.5 < box.y0 < box.y1 < layer + 0.5


def test_bars_are_the_maxima_of_the_layers() -> None:
    table = heads_of(6, 4)
    table.loc[table["layer"] == 3, "scored"] = False
    figure = plot_heads(table, "contact")
    check_legible(figure)
    side = figure.axes[1]
    bars = {round(bar.get_y() + bar.get_height() / 2): bar.get_width() for bar in side.patches}
    expected = table[table["scored"]].groupby("layer")["proportion"].max() * 100
    assert bars == pytest.approx(expected.to_dict())
    assert 3 not in bars
    assert side.lines[0].get_xdata() == pytest.approx([5, 5])


def test_a_model_without_a_scored_head() -> None:
    table = heads_of(3, 4).assign(scored=False, ci_low=np.nan, ci_high=np.nan)
    for figure in (plot_heads(table, "contact"), plot_top(table, "contact")):
        check_legible(figure)
        assert "no head has enough links to be scored" in texts(figure)
    check_legible(plot_layers(summarize_layers(table)))


def test_backgrounds_that_differ_by_head() -> None:
    table = heads_of(3, 4)
    table["background"] = np.linspace(0.02, 0.09, 12)
    table["scored"] = True
    figure = plot_heads(table, "contact")
    assert any("background 2.0 to 9.0 % by head" in text for text in texts(figure))
    figure = plot_top(table, "contact", n=4)
    check_legible(figure)
    assert any("background of each head" in text for text in texts(figure))
    lines = [line.get_ydata()[0] for line in figure.axes[0].lines if line.get_color() == "#D55E00"]
    assert lines == pytest.approx(100 * top_heads(table, "contact", n=4)["background"])


@pytest.mark.slow
@pytest.mark.parametrize("n", [1, 3, 10, 25])
def test_top_heads_with_their_intervals(n: int) -> None:
    table = heads_of(5, 8)
    figure = plot_top(table, "contact", n=n)
    check_legible(figure)
    top = top_heads(table, "contact", n=n)
    axes = figure.axes[0]
    assert [bar.get_height() for bar in axes.patches] == pytest.approx(100 * top["proportion"])
    labels = [f"{layer}-{head}" for layer, head in zip(top["layer"], top["head"], strict=True)]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == labels
    (bars,) = axes.containers[1].lines[2]
    ends = np.array([segment[:, 1] for segment in bars.get_segments()])
    np.testing.assert_allclose(ends, 100 * top[["ci_low", "ci_high"]])
    assert "whiskers: 95 % interval of something" in texts(figure)
    assert any(
        f"{len(top)} of {table['scored'].sum()} scored heads" in text for text in texts(figure)
    )
    other = plot_top(table, "contact", n=n, interval="Wilson", title="Mine")
    assert {"whiskers: Wilson", "Mine"} <= set(texts(other))


def test_intervals_are_named_after_the_mode() -> None:
    result = draw_chance(Chance(), 0, 3, 4)
    assert "t interval over families" in " ".join(
        texts(plot_top(head_table(result), "binding_site"))
    )
    rng = np.random.default_rng(0)
    proteins = [draw_protein(rng, 9) for _ in range(3)]
    counted = count(proteins, Plan((SITE,), 2, 3, mode="paper", n_bootstrap=0))
    figure = plot_top(head_table(counted, min_links=5), "binding_site")
    assert "Wald interval at 0.05/m" in " ".join(texts(figure))


def test_layers_are_ordered_by_their_centre() -> None:
    early, late = heads_of(6, 3, 1), heads_of(6, 3, 2)
    early["proportion"] /= early["layer"]
    late["proportion"] *= late["layer"] ** 2
    late["feature"] = "binding_site"
    kinds = [
        heads_of(6, 3, 3).assign(feature="secondary_structure", value=value)
        for value in ("helix", "turn")
    ]
    letters = heads_of(6, 3, 4).assign(feature="amino_acid", value="K")
    layers = summarize_layers(pd.concat([late, early, *kinds, letters]))
    figure = plot_layers(layers)
    check_legible(figure)
    names = [axes.get_ylabel() for axes in figure.axes]
    assert names[0] == "contacts"
    assert names[-1] == "binding sites"
    assert set(names[1:-1]) == {"helix", "turn"}
    centers = [axes.lines[-1].get_xdata()[0] for axes in figure.axes]
    assert centers == sorted(centers)
    drawn = figure.axes[0].lines[0].get_xydata()
    means = layers.loc[layers["feature"] == "contact", "mean"]
    np.testing.assert_allclose(drawn, np.c_[np.arange(1, 7), 100 * means])
    chosen = plot_layers(layers, ["binding_site", ("secondary_structure", "turn"), "amino_acid"])
    assert {a.get_ylabel() for a in chosen.axes} == {"binding sites", "turn", "amino acid K"}
    whole = plot_layers(layers, "contact")
    assert len(whole.axes) == 1
    assert "scored layers" not in " ".join(texts(whole))
    partly = layers.copy()
    partly.loc[(partly["feature"] == "contact") & (partly["layer"] == 1), "mean"] = np.nan
    assert ", of 5 scored layers" in " ".join(texts(plot_layers(partly, "contact")))
    with pytest.raises(OptionError, match="did you mean 'contact'"):
        plot_layers(layers, ["contacts"])
    with pytest.raises(OptionError, match="only amino acids"):
        plot_layers(layers[layers["feature"] == "amino_acid"])


def test_layers_without_links_and_deep_models() -> None:
    result = draw_chance(Chance(n_proteins=5, active=0.5), 1, 48, 3)
    layers = layer_table(result, min_links=40)
    assert layers["mean"].isna().any()
    check_legible(plot_layers(layers, title="A title of one's own"))


def test_calibration() -> None:
    rng = np.random.default_rng(0)
    proteins = [draw_protein(rng, 14, 1, 8) for _ in range(4)]
    table = calibration_table(count(proteins, Plan((CONTACT,), 1, 8, n_bootstrap=0)))
    figure = plot_calibration(table, ["1-2", (1, 3)])
    check_legible(figure)
    upper, below = figure.axes
    for head, container, stairs in zip((2, 3), upper.containers, below.patches, strict=True):
        rows = table[(table["head"] == head) & (table["n_pairs"] > 0)]
        ends = [segment[:, 1] for segment in container.lines[2][0].get_segments()]
        np.testing.assert_allclose(ends, rows[["ci_low", "ci_high"]], atol=1e-12)
        assert stairs.get_data().values.sum() == table.loc[table["head"] == head, "n_pairs"].sum()
        color = to_hex(stairs.get_edgecolor()).upper()
        many, few = (line.get_xydata() for line in upper.lines if line.get_color() == color)
        for drawn, chosen in ((many, rows["n_pairs"] >= 10), (few, rows["n_pairs"] < 10)):
            assert chosen.any()
            np.testing.assert_allclose(drawn, rows.loc[chosen, ["mean_weight", "probability"]])
    assert {"head 1-2", "head 1-3"} <= set(texts(figure))
    with pytest.raises(LabelError, match="no head 7-1"):
        plot_calibration(table, "7-1")
    with pytest.raises(LabelError, match="single heads"):
        plot_calibration(table, ["1-mean"])
    for heads in ([], [(1, head) for head in range(1, 8)]):
        with pytest.raises(OptionError, match="name 1 to 6 heads"):
            plot_calibration(table, heads)


def test_thresholds() -> None:
    rng = np.random.default_rng(0)
    proteins = [draw_protein(rng, 14, 1, 8) for _ in range(4)]
    table = threshold_table(count(proteins, Plan((CONTACT,), 1, 8)), min_links=5)
    figure = plot_thresholds(table, ["1-2", (1, 3)])
    check_legible(figure)
    upper, below = figure.axes
    drawn = next(line for line in upper.lines if line.get_label() == "head 1-2")
    rows = table[table["head"] == 2]
    np.testing.assert_allclose(drawn.get_ydata(), rows["enrichment"].iloc[:-1])
    assert [label.get_text() for label in below.get_xticklabels()] == rows["cut"].tolist()
    scored, called = (np.array([bar.get_height() for bar in bars]) for bars in below.containers)
    counts = table.groupby("cut", sort=False)[["scored", "called"]].sum()
    np.testing.assert_array_equal(scored, counts["scored"])
    np.testing.assert_array_equal(called, counts["called"])
    with pytest.raises(LabelError, match="no head 7-1"):
        plot_thresholds(table, ["7-1"])
    with pytest.raises(OptionError, match="at most 6 heads"):
        plot_thresholds(table, [(1, head) for head in range(1, 8)])


@pytest.mark.slow
def test_substitution() -> None:
    rng = np.random.default_rng(0)
    letters = list(AMINO_ACIDS)
    vectors = pd.DataFrame(rng.random((20, 9)) + 3 * blosum62().to_numpy()[:, :9], index=letters)
    similarity = amino_acid_similarity(vectors)
    figure = plot_substitution(similarity)
    check_legible(figure)
    left, middle, right = figure.axes[:3]
    order = [tick.get_text() for tick in left.get_xticklabels()]
    assert sorted(order) == letters
    assert [tick.get_text() for tick in left.get_yticklabels()] == order
    for axes, matrix in ((left, similarity), (middle, blosum62())):
        (image,) = axes.findobj(AxesImage)
        shown = np.ma.filled(image.get_array(), np.nan)
        expected = matrix.loc[order, order].to_numpy(dtype=float, copy=True)
        np.fill_diagonal(expected, np.nan)
        np.testing.assert_array_equal(shown, expected)
        assert image.norm.vmin == -image.norm.vmax
    points = right.collections[0].get_offsets()
    assert len(points) == 190
    r = np.corrcoef(points.T)[0, 1]
    assert any(text.startswith(f"r = {r:.2f} over 190 pairs, p ") for text in texts(figure))


@pytest.mark.slow
def test_names_of_close_points_are_not_printed_over_each_other() -> None:
    letters = list(AMINO_ACIDS)
    similarity = pd.DataFrame(0.1 * np.eye(20), letters, letters)
    # Of the same BLOSUM62 value (2), and alike to a hair.
    for place, (one, other) in enumerate(("ML", "DE", "HY", "RK", "EQ")):
        similarity.loc[one, other] = similarity.loc[other, one] = 0.9 - 0.001 * place
    figure = plot_substitution(similarity)
    check_legible(figure)
    names = [text for text in figure.axes[2].texts if len(text.get_text()) == 2]
    assert sorted(text.get_text() for text in names) == ["DE", "EQ", "HY", "ML", "RK"]
    # Without the lines that lead to the points.
    boxes = [Text.get_window_extent(text) for text in names]
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))


@pytest.mark.slow
def test_substitution_with_an_amino_acid_missing() -> None:
    vectors = pd.DataFrame(
        np.random.default_rng(0).random((20, 9)), index=list(AMINO_ACIDS)
    ).assign(**{"0": 0.5})
    vectors.loc["W"] = 0.0
    figure = plot_substitution(amino_acid_similarity(vectors))
    check_legible(figure)
    assert any("over 171 pairs" in text for text in texts(figure))
    few = plot_substitution(amino_acid_similarity(vectors.iloc[:, :2]))
    check_legible(few)
    assert "too few amino acids or heads to compare" in texts(few)


@pytest.mark.slow
def test_published_grids_are_drawn(shared_data: Path) -> None:
    path = shared_data / "reference" / "published_attention_values.json"
    heatmaps = json.loads(path.read_text())["heatmaps"]
    for model, best in (("tape_bert", "12-4 with 44.7 %"), ("prot_albert", "11-3 with 55.7 %")):
        figure = plot_heads(grid_table(heatmaps[model]), "contact", title=model)
        check_legible(figure)
        assert any(f"highest: {best} · background 1.3 %" in text for text in texts(figure))


@pytest.mark.slow
def test_a_notebook_shows_a_figure_without_pyplot() -> None:
    from IPython.core.formatters import DisplayFormatter

    figure = plot_heads(heads_of(2, 2), "contact")
    assert isinstance(figure, ReportFigure)
    formats, _ = DisplayFormatter().format(figure)
    assert formats["image/png"].startswith(b"\x89PNG")
    code = (
        "import sys, protvis.plot; assert 'matplotlib' not in sys.modules\n"
        "import protvis.plot.heads, protvis.plot.layer_profile, protvis.plot.substitution\n"
        "import protvis.plot.calibration_curve, protvis.plot.top_heads\n"
        "assert not {'matplotlib.pyplot', 'torch', 'ipywidgets'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_tables_are_left_as_they_are() -> None:
    table = heads_of(4, 4)
    before = table.copy()
    plot_heads(table, "contact")
    plot_top(table, "contact")
    pd.testing.assert_frame_equal(table, before)


def test_names_of_features() -> None:
    assert feature_name("secondary_structure", "helix") == "helix"
    assert feature_name("secondary_structure", "other") == "other secondary structure"
    assert feature_name("amino_acid", "K") == "amino acid K"
    assert feature_name("plddt", "very high") == "pLDDT very high"
    assert feature_name("my_own_track") == "my own track"
    shifted = feature_name("binding_site_shifted_by_one")
    assert shifted == "binding sites (labels shifted by one)"


def test_numbers_and_labels() -> None:
    assert [percent(x) for x in (0, 0.00843, 0.04828, 0.0996, 0.4467, 1)] == [
        "0", "0.84", "4.8", "10", "45", "100",
    ]  # fmt: skip
    assert list(label_locator(12).locs) == list(range(1, 13))
    assert list(label_locator(33, 20).locs) == [1, *range(2, 34, 2)]
    assert list(label_locator(1).locs) == [1]
