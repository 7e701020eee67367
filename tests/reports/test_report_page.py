"""The report as a page: whole, true to the tables, offline, and safe."""

from __future__ import annotations

import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import sync_playwright

import protvis as pv
from protvis.analysis.counting.features import Column
from protvis.analysis.counting.plan import Plan
from protvis.analysis.counting.result import Skipped
from protvis.cli import main
from protvis.data import EXAMPLES
from protvis.errors import OutputError
from protvis.labels import AMINO_ACIDS, format_head
from protvis.reports import HeadReport
from protvis.reports.formatting import interval, percent, probability, ratio
from protvis.reports.report_page import _reach, report_to_html
from tests.analysis.artificial import CONTACT, count, draw_protein

VOID = {"meta", "link", "br", "img", "input"}


class Reader(HTMLParser):
    """What a browser would find: tags, attributes, ids and text, and whether tags are closed."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.open: list[str] = []
        self.text = ""
        self.source = page.read_text("utf-8")
        self.feed(self.source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += f" {data}"

    def values(self, *names: str) -> list[str]:
        return [value for _, name, value in self.attributes if name in names]


@pytest.fixture(scope="module")
def report() -> HeadReport:
    features = ["contact", "binding_site", "secondary_structure"]
    return pv.analyze(EXAMPLES, "mini", features=features, progress=False)


@pytest.fixture(scope="module")
def path(report: HeadReport, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return report_to_html(report, tmp_path_factory.mktemp("page") / "report.html")


@pytest.fixture(scope="module")
def page(path: Path) -> Reader:
    return Reader(path)


def make_report(*columns: Column, name: str = "made", n_proteins: int = 4) -> HeadReport:
    """Return a report on drawn proteins, everything called by a name."""
    rng = np.random.default_rng(0)
    plan = Plan(tuple(columns), 2, 3, n_bootstrap=30)
    result = count([draw_protein(rng, 24, letters=AMINO_ACIDS) for _ in range(n_proteins)], plan)
    provenance = {
        "model": {"model": name, "id": name, "family": name, "weights_sha256": name},
        "data": {"name": name, "fingerprint": name, "n_records": n_proteins},
        "versions": {name: name},
        "arguments": {},
        "date": name,
    }
    return HeadReport(replace(result, provenance=provenance), min_links=5)


def test_the_page_is_whole_and_alone(page: Reader) -> None:
    assert page.open == []
    assert not {"script", "iframe", "img", "object", "embed", "form"} & set(page.tags)
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]
    links = page.values("href", "src", "xlink:href", "action")
    assert links
    assert [link[:30] for link in links if not link.startswith(("#", "data:"))] == []
    assert "url(http" not in page.source
    assert "@import" not in page.source
    (policy,) = [value for _, name, value in page.attributes if value.startswith("default-src")]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:")


def test_every_id_is_unique_and_every_reference_leads_somewhere(page: Reader) -> None:
    ids = Counter(page.values("id"))
    assert {name for name, times in ids.items() if times > 1} == set()
    targets = {link[1:] for link in page.values("href", "xlink:href") if link.startswith("#")}
    targets |= set(re.findall(r"url\(#([^)]+)\)", page.source))
    assert targets
    assert targets <= set(ids)


def test_all_sections_are_there(page: Reader) -> None:
    headings = re.findall(r"<h2>([^<]+)</h2>", page.source)
    assert headings == [
        "What was asked", "What was found", "What each head does", "Contacts", "Binding sites",
        "Secondary structure",
        "Negative controls", "From layer to layer", "Attention as a probability of contact",
        "Attention-weighted shares", "All heads", "Method", "What to keep in mind",
        "What was skipped",
    ]  # fmt: skip
    # Two figures of each of five properties, layers, calibration.
    assert page.tags["figure"] == page.tags["svg"] == 12
    assert len([1 for tag, name, value in page.attributes if (tag, name) == ("svg", "role")]) == 12
    for name in ("Links", "Interval and test", "The ladder of nulls", "Contacts", "References"):
        assert f"<h3>{name}</h3>" in page.source
    assert "Vig, A. Madani" in page.text


def test_a_model_with_untrained_positions_is_said(report: HeadReport) -> None:
    result = report.result
    said = []
    for most, trained, cut in (
        (510, 150, None),
        (510, 150, 200),
        (510, 150, 150),
        (None, 1022, None),
    ):
        model = {**result.provenance["model"], "max_residues": most, "trained_residues": trained}
        changed = replace(
            result,
            plan=replace(result.plan, max_residues=cut),
            provenance={**result.provenance, "model": model},
        )
        said.append(_reach(HeadReport(changed)))
    assert "up to 150 residues or so and reads up to 510" in said[0] == said[1]
    assert said[2:] == ["", ""]


def test_provenance_and_notice_are_shown(page: Reader, report: HeadReport) -> None:
    about = report.provenance
    for value in (about["model"]["weights_sha256"], about["data"]["fingerprint"], about["date"]):
        assert value in page.text
    assert "knows seven protein families" in page.text
    assert page.source.index("knows seven protein families") < page.source.index("<h2>")
    assert "Families" in page.text
    assert "pairs at the same distance in sequence" in page.text
    n = report.result.n_records
    assert f"{n} proteins are too few to speak of proteins in general" in page.text


def test_the_tables_say_what_the_report_says(page: Reader, report: HeadReport) -> None:
    rows = [re.sub(r"<[^>]+>", "|", row) for row in page.source.split("<tr>")]
    for feature, value in (("contact", ""), ("binding_site", ""), ("secondary_structure", "helix")):
        for head in report.top(feature, value).itertuples():
            cells = [
                format_head(head.layer, head.head),
                f"{head.n_links:,}",
                f"{head.n_hits:,}",
                percent(head.proportion),
                interval(head.ci_low, head.ci_high),
                percent(head.background),
                ratio(head.enrichment),
                probability(head.q_value),
            ]
            assert [row for row in rows if "|" + "||".join(cells) + "|" in row], cells


def test_all_rows_are_inside_as_a_file(page: Reader, report: HeadReport) -> None:
    (link,) = [link for link in page.values("href") if link.startswith("data:text/csv")]
    content = unquote(link.partition(",")[2])
    table = pd.read_csv(StringIO(content), keep_default_na=False, na_values=[""])
    expected = report.heads()
    assert list(table.columns) == list(expected.columns)
    assert table["n_hits"].tolist() == expected["n_hits"].tolist()
    np.testing.assert_allclose(table["proportion"], expected["proportion"], rtol=1e-5)
    assert page.values("download") == ["heads.csv"]


def test_equal_reports_give_equal_pages(report: HeadReport, path: Path, tmp_path: Path) -> None:
    later = pv.load_report(report.save(tmp_path / "saved.protvis"))
    assert report_to_html(later, tmp_path / "again.html").read_bytes() == path.read_bytes()


def test_the_command_writes_the_page_beside_the_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = make_report(CONTACT)
    expected = report_to_html(made, tmp_path / "expected.html").read_bytes()
    saved = made.save(tmp_path / "report.protvis")
    assert main(["report", str(tmp_path)]) == 0
    page = tmp_path / "report.html"
    assert page.read_bytes() == expected
    assert capsys.readouterr().out.startswith(f"{page} (")
    page.unlink()
    assert main(["report", str(saved), "-o", str(tmp_path / "other.html")]) == 0
    assert (tmp_path / "other.html").read_bytes() == expected
    assert not page.exists()


def test_what_is_no_report_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bad.protvis").write_text("<html>")
    for name, said in (("bad.protvis", "not a report"), ("nowhere", "no report"), (".", "no rep")):
        assert main(["report", str(tmp_path / name)]) == 2
        error = capsys.readouterr().err
        assert said in error
        assert error.count("\n") == 1


def test_nowhere_to_write_is_said(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot write"):
        report_to_html(make_report(CONTACT), tmp_path / "no" / "folder.html")


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    bad = "</style><script>alert(1)</script><img src=x onerror=1>\"'&$x_$"
    made = make_report(CONTACT, Column(bad, bad, "residue"), name=bad)
    skipped = (Skipped(bad, f"/home/{bad} is bad"), Skipped("", bad), Skipped("\udcff", "\udcff"))
    made = HeadReport(replace(made.result, skipped=skipped), min_links=5)
    page = Reader(report_to_html(made, tmp_path / "page.html"))
    assert page.open == []
    assert not {"script", "img"} & set(page.tags)
    assert page.tags["style"] == 1 + page.tags["svg"]
    assert not [name for _, name, _ in page.attributes if name == "onerror"]
    assert page.text.count("<script>alert(1)</script>") > 10


def test_a_part_of_the_data_is_said_first(tmp_path: Path) -> None:
    made = make_report(CONTACT)
    cut = HeadReport(replace(made.result, complete=False, n_records=1), min_links=5)
    text = Reader(report_to_html(cut, tmp_path / "page.html")).text
    assert "This run was interrupted: 1 protein of 4 records." in text
    assert text.index("interrupted") < text.index("What was asked")


def test_a_model_without_links_has_a_page(tmp_path: Path) -> None:
    made = HeadReport(make_report(CONTACT).result, min_links=10**6)
    page = Reader(report_to_html(made, tmp_path / "page.html"))
    assert "No head has enough links to be scored." in page.text
    assert "From layer to layer" not in page.text


def test_amino_acids_come_with_blosum_and_one_by_one(tmp_path: Path) -> None:
    columns = [Column("amino_acid", letter, "residue") for letter in AMINO_ACIDS]
    page = Reader(report_to_html(make_report(*columns), tmp_path / "page.html"))
    # All in one figure, and each by itself.
    assert page.tags["figure"] == 1 + len(AMINO_ACIDS)
    assert "BLOSUM62" in page.text
    assert "The three best heads of each amino acid" in page.text
    for letter in AMINO_ACIDS:
        assert f"<summary>{letter}</summary>" in page.source


def test_what_was_skipped_is_listed_by_reason(tmp_path: Path) -> None:
    made = make_report(CONTACT)
    skipped = tuple(Skipped(f"p{i}", f"it has {i + 1} residues") for i in range(1_203))
    made = HeadReport(replace(made.result, skipped=(*skipped, Skipped("q", "empty"))), min_links=5)
    page = Reader(report_to_html(made, tmp_path / "page.html"))
    assert "<summary>1,203 × it has 1 residues</summary>" in page.source
    assert "<summary>1 × empty</summary>" in page.source
    assert "<td>p999</td>" in page.source
    assert "<td>p1000</td>" not in page.source
    assert "and 203 more, in ledger.csv" in page.text
    assert '<td>p7</td><td class="note">it has 8 residues</td>' in page.source


@pytest.mark.browser
def test_a_browser_shows_it_offline(path: Path, chromium: str) -> None:
    # In a thread: the browser that other tests share keeps an event loop running in this one.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(look_at, path, chromium).result()


def look_at(path: Path, chromium: str) -> None:
    flags = [
        "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync",
    ]  # fmt: skip
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        for scheme, width in (("light", 1280), ("dark", 420)):
            context = browser.new_context(
                viewport={"width": width, "height": 800}, color_scheme=scheme, offline=True
            )
            view = context.new_page()
            said: list[str] = []
            asked: list[str] = []
            view.on("console", lambda message, said=said: said.append(message.text))
            view.on("request", lambda request, asked=asked: asked.append(request.url))
            view.goto(path.as_uri())
            assert said == []
            assert [url for url in asked if not url.startswith("data:")] == [path.as_uri()]
            # The page fits; what is wider scrolls by itself.
            assert view.evaluate("document.documentElement.scrollWidth") == width
            assert view.locator("figure svg").first.bounding_box()["width"] > 300
            context.close()
        browser.close()


def test_a_feature_that_no_record_has_is_said_not_to_be_there(tmp_path: Path) -> None:
    """Crystal structures have no pLDDT; the name keeps its small p where a heading begins."""
    report = pv.analyze(EXAMPLES, "mini", features=["contact", "plddt"], progress=False)
    page = Reader(report_to_html(report, tmp_path / "page.html"))
    assert "PLDDT" not in page.text
    _, found, rest = page.text.partition(" pLDDT \n No record has it: there is nothing to count. ")
    assert found
    listed = re.findall(r"(\w+): [\d,]+ of [\d,]+ rows", page.text)
    assert [name.lower() for name in listed] == ["contacts"]
    assert "No head has enough links" not in rest
