"""The notebooks run from top to bottom, as they are shipped, and say what comes out."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import NotebookNode

import protvis as pv
from protvis.data import TRYPSIN
from protvis.site.notebooks import missing_packages
from tests.conftest import ROOT
from tests.real_site import RealSite

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


def skip_without_packages(path: Path) -> None:
    """Skip what needs a package that is not here: the weights of a published model."""
    if missing := missing_packages(path):
        pytest.skip(f"{path.name} needs {', '.join(missing)}, which is not installed")


def outputs_of(notebook: NotebookNode) -> list[Any]:
    """Return all outputs of a notebook."""
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path: Path, real_site: RealSite) -> None:
    skip_without_packages(path)
    outputs = outputs_of(real_site.notebooks[path.stem])
    assert any(WIDGET_VIEW in output.get("data", {}) for output in outputs)
    assert [output for output in outputs if output.get("name") == "stderr"] == []
    assert [output for output in outputs if output["output_type"] == "error"] == []
    page = real_site.site.folder / "notebooks" / f"{path.stem}.html"
    assert page.is_file()
    shown = page.read_text("utf-8").count('<iframe class="protvis-page"')
    views = [o for o in outputs if "text/html" in o.get("data", {}) and WIDGET_VIEW in o["data"]]
    assert shown == len(views) >= 1


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_question_has_a_hidden_answer(path: Path) -> None:
    """The last ones, to take along, have one for each number."""
    text = "\n\n".join(
        cell.source
        for cell in nbformat.read(path, as_version=4).cells
        if cell.cell_type == "markdown"
    )
    asked, _, along = text.partition("**Questions to take along**")
    answers = "<details><summary>Answer</summary>"
    assert asked.count("**Question.**") == asked.count(answers)
    numbers = re.findall(r"^(\d+)\. ", along.partition("<details>")[0], re.M)
    answered = re.findall(r"^(\d+)\. ", along.partition("<details>")[2], re.M)
    assert numbers == answered
    assert along.count("<details><summary>Answers</summary>") == bool(numbers)


def test_there_are_notebooks() -> None:
    assert [path.stem for path in NOTEBOOKS] == [
        "01-explorer",
        "02-three-claims",
        "03-your-protein",
        "04-which-head",
        "05-comparing",
        "06-a-data-set",
        "07-when-attention-misleads",
        "08-one-fold",
    ]


# -- numbers in the text ---------------------------------------------------------------------------


class Cells(HTMLParser):
    """The cells of the tables of an output."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self._in_cell = False
        self.feed(text)

    def handle_starttag(self, tag: str, _: Any) -> None:
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")
            self._in_cell = True

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._in_cell = False

    def handle_data(self, data: str) -> None:
        if self._in_cell:
            self.rows[-1][-1] += data


def output_of(notebook: NotebookNode, source: str) -> list[Any]:
    """Return the outputs of the one code cell whose source holds a text."""
    (cell,) = [c for c in notebook.cells if c.cell_type == "code" and source in c.source]
    return cell.outputs


def printed(notebook: NotebookNode, source: str) -> str:
    """Return what that cell prints."""
    return "".join(o["text"] for o in output_of(notebook, source) if o.get("name") == "stdout")


def table(notebook: NotebookNode, source: str, number: int = 0) -> list[dict[str, str]]:
    """Return the rows of a table that that cell shows, by the names of its columns."""
    shown = [
        output["data"]["text/html"]
        for output in output_of(notebook, source)
        if "<table" in output.get("data", {}).get("text/html", "")
    ]
    names, *rows = Cells(shown[number]).rows
    return [dict(zip(names, row, strict=True)) for row in rows if len(row) == len(names)]


def said(notebook: NotebookNode, pattern: str) -> tuple[str, ...]:
    """Return what a pattern finds in the text of a notebook, once."""
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    (found,) = re.findall(pattern, text)
    return found if isinstance(found, tuple) else (found,)


def test_numbers_of_notebook_01(real_site: RealSite) -> None:
    notebook = real_site.notebooks["01-explorer"]
    best = table(notebook, "explorer.head_scores().sort_values")[0]
    assert (best["layer"], best["head"]) == ("5", "mean")
    assert f"{float(best['contact_precision']):.0%}".replace("%", " %") == "52 %"
    corrected = float(table(notebook, 'explorer.map = "apc"')[0]["contact_precision"])
    (before, after) = said(notebook, r"changes little here \(([\d.]+) to ([\d.]+)\)")
    assert f"{float(best['contact_precision']):.2f}" == before
    assert f"{corrected:.2f}" == after
    both = table(notebook, '"by chance"]')
    assert float(both[0]["trypsin"]) > 0.5
    assert float(both[0]["shuffled"]) < 0.1
    assert float(both[1]["shuffled"]) > 0.7 * float(both[1]["trypsin"])


def test_numbers_of_notebook_02(real_site: RealSite) -> None:
    notebook = real_site.notebooks["02-three-claims"]
    counted = printed(notebook, "links of head 5-3")
    arcs, links, orange = said(
        notebook, r"draws (\d+) arcs for its (\d+) links, .*? The (\d+) orange"
    )
    assert re.search(rf"^links of head 5-3: +{links}$", counted, re.M)
    explorer = pv.explore(TRYPSIN, model="mini", layer=5, head=3, top_k=500, threshold=0.3)
    try:
        shown = explorer.links()
    finally:
        explorer.close()
    assert (str(len(shown)), str((~shown["contact"]).sum())) == (arcs, orange)
    # "Nineteen of twenty", "eleven in layers 2 to 4": the published test.
    layers = table(notebook, "def paper_test(")
    assert [row["heads"] for row in layers if row["heads"]] == ["2", "4", "6", "8"]
    assert [row["significant"] for row in layers if row["heads"]] == ["2", "4", "5", "8"]
    assert [row["largest_z"] for row in layers if row["heads"]] == ["6.5", "5.2", "6.2", "48.4"]
    # The null head, caught at the rung that knows its distance.
    ladder = {row["null"]: row for row in table(notebook, "def rungs(")}
    expected = [f"{float(ladder[name]['expected']):.0f}" for name in ("base_rate", "separation")]
    assert expected == ["17", "42"]
    passed = [name for name, row in ladder.items() if float(row["q_value"]) < 0.05]
    assert passed == ["base_rate", "protein"]
    fails = table(notebook, "def verdict(")
    assert [row["families"] for row in fails if "families" in row][-1] == "8"
    assert "heads called: 0" in printed(notebook, "def verdict(")
    shuffled = table(notebook, 'rows[f"shuffled {number}"]')
    assert [float(row["proportion"]) < 0.1 for row in shuffled] == [False] + 5 * [True]
    # Binding sites: four heads of layer 5, and 5-4 falls at the second rung.
    assert table(notebook, 'display(paper_test("binding_site"))')[-1]["significant"] == "4"
    sites = [float(row["q_value"]) for row in table(notebook, 'rungs("binding_site", 5, 4)')]
    assert sites[0] < 0.05 < sites[1] <= sites[2]
    top = table(notebook, "published = {")
    assert [row["mini, here"] for row in top] == ["56.1% (5-8)", "34.3% (5-4)"]
    assert [row["base rate here"] for row in top] == ["2.3%", "13.5%"]


def test_numbers_of_notebook_03(real_site: RealSite) -> None:
    notebook = real_site.notebooks["03-your-protein"]
    assert " · \n" not in printed(notebook, "structure.title")
    assert printed(notebook, "disulfide_pairs(structure").count("across the cut") == 3
    assert "['A:HIS57', 'A:ASP102', 'A:SER195']" in printed(notebook, "feature_tracks(entry")
    best = next(row for row in table(notebook, 'asked = ["binding site"') if row[""] == "triad")
    assert 4 < float(best["enrichment"]) < 5  # "nearly five"
    (whole,) = said(notebook, r"Of the (\d+) links across the cut")
    assert f"{whole} of 100 links cross the cut" in printed(notebook, "whole = links_across(")
    between = table(notebook, "between = links_across(")
    ends = {frozenset((row["query_label"], row["key_label"])) for row in between}
    for one, other in (("A:HIS57", "B:SER195"), ("A:ASP102", "B:SER195"), ("A:CYS136", "B:CYS201")):
        assert frozenset((one, other)) in ends
    (found, least, most) = said(notebook, r"finds (\d+), with a shuffled one (\d+) to (\d+)\.")
    shown = str(output_of(notebook, "by_chance ="))
    true, *shuffled = map(int, re.findall(r"(?:trypsin|shuffled, \d) +(\d+)", shown))
    assert (true, min(shuffled), max(shuffled)) == (int(found), int(least), int(most))
    assert "inhibitor: 0 of 100 links" in printed(notebook, 'chain="U+P"')


def test_numbers_of_notebook_04(real_site: RealSite) -> None:
    notebook = real_site.notebooks["04-which-head"]
    ranges = table(notebook, 'wide["background"]')
    column = {row["top"]: row for row in ranges if row["L"]}
    assert max(column, key=lambda name: float(column[name]["background"])) == "short"
    assert min(column, key=lambda name: float(column[name]["L"])) == "short"
    # By row: head, then trypsin and kinase, over any pairs and over pairs as far apart.
    rows = Cells(output_of(notebook, "def enrichment(")[0]["data"]["text/html"]).rows
    judged = {row[0]: row[1:] for row in rows if row[0].startswith(("mini", "untrained"))}
    numbers = {name: [float(value) for value in row[1:]] for name, row in judged.items()}
    untrained = [row for name, row in numbers.items() if name.startswith("untrained")]
    assert len(untrained) == 8
    assert all(1.5 < row[0] < 3 for row in untrained)  # "about twice as often"
    assert sum(row[1] < 1.1 for row in untrained) > len(untrained) / 2  # "most of them"
    # "Three times chance on trypsin, five times on adenylate kinase", and nothing is left.
    habit = numbers["mini, layers 1 to 4"]
    assert judged["mini, layers 1 to 4"][0] == "2-6"
    assert [round(value) for value in habit] == [3, 5, 1, 1]
    assert min(numbers["mini"]) > 2 * max(habit[2:])
    ladder = Cells(output_of(notebook, "ladder = report.nulls(")[0]["data"]["text/html"]).rows
    fails = [row[-6] for row in ladder if len(row) > 6 and row[-6] not in ("fails", "null")]
    assert fails[:3] == 3 * ["separation"]
    assert fails[3:] == ["families"]
    maps = {row[""]: float(row["trypsin"]) for row in table(notebook, '"rollout": rollout(maps)')}
    assert maps["layer 5, mean"] > 1.5 * maps["best head of the others"]
    assert abs(maps["layer 5, APC-corrected"] - maps["layer 5, mean"]) < 0.03
    assert maps["rollout"] < 0.1
    assert "4zhl.U: it is related" in printed(notebook, "except pv.errors.DatasetError")
    weighed = {
        row["top"]: float(row["L"])
        for row in table(notebook, "predicted = combination")
        if row["L"]
    }
    assert weighed["combination of all heads"] <= weighed["contact head of the checkpoint"]
    assert printed(notebook, "def draw_weights(") == "the largest weight: head 2-6\n"


def test_numbers_of_notebook_05(real_site: RealSite) -> None:
    notebook = real_site.notebooks["05-comparing"]
    above = {row[""]: row["above noise"] for row in table(notebook, "def draw_against_noise(")}
    assert above == {"S195A": "0", "D189S": "0", "H57A": "3"}
    scanned = table(notebook, "scan = pv.scan_mutations(")
    rank = {row["residue"]: row["rank"] for row in scanned}
    assert [rank[f"A:{name}"] for name in ("TRP141", "ASP102", "HIS57", "SER195")] == [
        "1", "10", "33", "190"
    ]  # fmt: skip
    assert [row["disulfide"] for row in scanned[1:8]].count("True") == 5
    (correlation,) = said(notebook, r"the rank correlation of −([\d.]+) says")
    assert f"log_odds: -{correlation}" in printed(notebook, "def draw_scan(")
    links = {row[""]: row for row in table(notebook, "def strongest_links(")}
    only = links["of trypsin only"]
    assert abs(float(only["contacts in trypsin"]) - float(only["in urokinase"])) < 0.05
    assert float(links["of urokinase only"]["in urokinase"]) < 0.5 * float(only["in urokinase"])
    assert "largest change of attention: 0.0" in printed(notebook, "copies = pv.compare(")


def test_numbers_of_notebook_06(real_site: RealSite) -> None:
    notebook = real_site.notebooks["06-a-data-set"]
    assert "interrupted" in printed(notebook, "class PowerCut")
    assert "the same as a run without interruption: True" in printed(
        notebook, "second.heads().equals"
    )
    best = table(notebook, '"bh_two_proportion"]')
    assert [row["feature"] for row in best] == 3 * ["once_glycine"] + 3 * ["at_random"]
    (hit, usual) = said(notebook, r"in (\d+) % of its links, though only (\d+) % of all residues")
    assert (best[0]["layer"], best[0]["head"]) == ("5", "3")
    assert f"{float(best[0]['proportion']):.0%}" == f"{hit}%"
    assert f"{float(best[0]['base_rate']):.0%}" == f"{usual}%"
    assert float(best[0]["bh_two_proportion"]) < 0.05 < float(best[3]["bh_two_proportion"])
    # "Caught, twice."
    standing = {row[""]: row for row in table(notebook, "still_standing(second)")}
    assert standing["at_random"]["base_rate"] == standing["once_glycine"]["amino_acid"] == "0"
    assert int(standing["once_glycine"]["base_rate"]) > 0
    ladder = {row["null"]: row for row in table(notebook, "still_standing(second)", 1)}
    (left, first) = said(notebook, r"as well, ([\d.]+) is left of an enrichment of ([\d.]+),")
    assert f"{float(ladder['amino_acid']['enrichment']):.1f}" == left
    assert f"{float(ladder['base_rate']['enrichment']):.1f}" == first
    assert float(ladder["protein"]["q_value"]) > 0.05
    assert "14" in str(output_of(notebook, 'second.clusters["cluster"]'))
    assert {row["n_called"] for row in table(notebook, "second.controls().round")} == {"0"}


def test_numbers_of_notebook_07(real_site: RealSite) -> None:
    notebook = real_site.notebooks["07-when-attention-misleads"]
    maps = table(notebook, '"behind GGG"')
    same = [float(row["correlation with trypsin's map"]) for row in maps]
    assert same[1] > 0.9  # mini follows the residues
    assert abs(same[2]) < 0.1
    assert abs(same[4] - same[5]) < 0.2  # "hardly more than moving them by three"
    agreed = printed(notebook, "pv.coupling_agreement(models")
    rows = [line.split() for line in agreed.splitlines() if re.match(r" +5 +\d ", line)]
    assert len(rows) == 8
    low, high = said(notebook, r"and stand at ([\d.]+) to ([\d.]+)\. Is that high")
    percentiles = sorted(float(row[4]) for row in rows)
    assert [f"{percentiles[0]:.2f}", f"{percentiles[-1]:.2f}"] == [low, high]
    assert sum(40 * float(row[5]) < 0.05 for row in rows) == 5  # "five of the eight"
    taken = {row["taken out"]: row for row in table(notebook, 'columns = ["taken out"')}
    assert float(taken["layer 1"]["loss"]) > 1.5 * float(taken["nothing"]["loss"])
    assert abs(float(taken["layer 5"]["loss"]) - float(taken["nothing"]["loss"])) < 0.01
    carriers = table(notebook, "carriers = pv.find_link_heads(")
    assert carriers[0]["head"] == "7"
    assert round(3 * float(carriers[0]["relative_change"])) == -2  # "two thirds"
    true, *random = table(notebook, '"without 5-7"]')
    assert all(float(row["coupling"]) < 0.3 * float(true["coupling"]) for row in random)


def test_numbers_of_notebook_08(real_site: RealSite) -> None:
    skip_without_packages(ROOT / "notebooks" / "08-one-fold.ipynb")
    notebook = real_site.notebooks["08-one-fold"]
    [found] = table(notebook, 'report.best("contact")')
    assert (found["layer"], found["head"]) == ("2", "7")
    (share, times) = said(notebook, r"contacts with (\d+) % of its links, ([\d.]+) times as often")
    assert f"{float(found['proportion']):.0%}" == f"{share}%"
    assert f"{float(found['enrichment']):.1f}" == times
    assert 1e-12 < float(found["q_value"]) < 1e-10
    # Another antibody's map is as good, and so are residues in random order.
    [row] = table(notebook, "def laid(")
    value = {name: float(text) for name, text in row.items()}
    assert abs(value["its own map"] - value["another antibody's map"]) < 0.03
    assert value["its residues shuffled"] > value["its own map"] - 0.03 > value["all pairs"]
    assert value["mean contact map of the others"] > 0.9
    # It passes every rung but the last.
    *rungs, last = table(notebook, 'report.nulls("contact")')
    assert last["null"] == "aligned"
    assert float(last["q_value"]) > 0.5 > 0.05 > max(float(rung["q_value"]) for rung in rungs)
    (here, there) = said(notebook, r"([\d.]+) % in the antibody it reads, ([\d.]+) % in the others")
    [own] = table(notebook, 'report.nulls("contact")', 1)
    assert (f"{100 * float(own['own']):.1f}", f"{100 * float(own['others']):.1f}") == (here, there)
    assert float(own["difference_low"]) < 0 < float(own["difference_high"])
    roles = [row["role"] for row in table(notebook, "named = report.atlas()")]
    assert "family position (contacts)" in roles
    cysteine = {
        row["null"]: float(row["enrichment"]) for row in table(notebook, "layer == 4 and head == 6")
    }
    assert cysteine["base_rate"] == pytest.approx(17.3, abs=0.1)
    assert cysteine["amino_acid"] == 1.0
    [binding] = table(notebook, "binding = report.heads()")
    assert binding["fails"] == "aligned"
    assert float(binding["enrichment"]) > 5
    assert said(notebook, r"(Seven) in ten of its links hit")
    assert round(10 * float(binding["proportion"])) == 7
    [auc] = table(notebook, "binding = report.heads()", 1)
    assert said(notebook, r"AUC ([\d.]+)\) .* \(([\d.]+)\)") == (auc["place"], auc["attention"])
    assert float(auc["both"]) <= float(auc["place"])
    for row in table(notebook, "def recovered("):
        assert float(row["alone"]) > 0.8
        assert float(row["behind the heavy chain"]) < 0.35
