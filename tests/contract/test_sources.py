"""Rules on the sources that no linter knows: no HTML from data, no CDN, nothing of one machine."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

HTML_SINKS = re.compile(
    r"\.\s*(?:innerHTML|outerHTML)\b(?!\s*===?)|insertAdjacentHTML|document\.write|srcdoc"
    r"|dangerouslySetInnerHTML|createContextualFragment|\bnew Function\b|\beval\("
)
CDN = re.compile(
    r"jsdelivr|unpkg|cdnjs|esm\.sh|esm\.run|skypack|jspm|fonts\.g(?:oogleapis|static)|//cdn\.", re.I
)
# Names of XML namespaces look like addresses and are never fetched.
NAMESPACES = (
    "http://www.w3.org/2000/svg",
    "http://www.w3.org/1999/xlink",
    "http://www.w3.org/1999/xhtml",
)
COMMENT = re.compile(r"/\*.*?\*/|(?<![:'\"`])//[^\n]*", re.S)
# Two or more folders deep from the root, and not the rest of an address such as https://host/a/b.
ABSOLUTE_PATH = re.compile(r"(?<![\w:/.<])(?:/[\w.+-]+){2,}/?|\b[A-Z]:\\\\?\w+")


def browser_sources() -> Iterator[Path]:
    for path in sorted((ROOT / "js").rglob("*")):
        if "node_modules" not in path.parts and path.suffix in (
            ".ts",
            ".js",
            ".mjs",
            ".css",
            ".html",
        ):
            yield path


def browser_code() -> Iterator[tuple[str, str]]:
    """Yield (name, text without comments) of the code that reaches browsers."""
    for path in browser_sources():
        if ".test." not in path.name and "src" in path.relative_to(ROOT).parts:
            yield str(path.relative_to(ROOT)), COMMENT.sub("", path.read_text("utf-8"))


def notebooks() -> list[Path]:
    return sorted(
        path
        for path in (ROOT / "notebooks").rglob("*.ipynb")
        if ".ipynb_checkpoints" not in path.parts
    )


def test_there_is_browser_code() -> None:
    """The checks below would hold of an empty folder."""
    assert len(list(browser_code())) > 3


def test_no_html_is_made_of_data() -> None:
    found = [(name, sink) for name, text in browser_code() for sink in HTML_SINKS.findall(text)]
    assert found == []


def test_browser_code_names_no_address() -> None:
    found = [
        (name, address)
        for name, text in browser_code()
        for address in re.findall(r"https?://[^\s'\"`)]*", text)
        if address not in NAMESPACES
    ]
    assert found == []


def test_nothing_comes_from_a_cdn() -> None:
    sources = [
        *(ROOT / "protvis").rglob("*.py"),
        *(ROOT / "protvis").rglob("*.html"),
        *browser_sources(),
    ]
    found = [
        (str(path.relative_to(ROOT)), match.group())
        for path in sources
        for match in CDN.finditer(path.read_text("utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize("path", notebooks(), ids=lambda path: path.name)
def test_notebook_outputs_name_no_path_of_a_machine(path: Path) -> None:
    found = []
    for cell in json.loads(path.read_text("utf-8"))["cells"]:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            parts = [
                output.get("text", []),
                *(data.get(f"text/{kind}", []) for kind in ("plain", "html")),
            ]
            parts.append(output.get("traceback", []))
            text = "".join(line for part in parts for line in part)
            found += ABSOLUTE_PATH.findall(text)
    assert found == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("saved to /home/ada/p/page.html", True),
        ("/tmp/x/y.py", True),
        ("'C:\\Users'", True),
        ("https://www.rcsb.org/structure/1GBT", False),
        ("attention/contact 3/4", False),
        ("<b>a</b></div>", False),
    ],
)
def test_the_path_pattern(text: str, found: bool) -> None:
    assert bool(ABSOLUTE_PATH.search(text)) is found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("el.innerHTML = name", True),
        ("el . innerHTML += name", True),
        ("el.insertAdjacentHTML('x', name)", True),
        ("el.textContent = name", False),
    ],
)
def test_the_sink_pattern(text: str, found: bool) -> None:
    assert bool(HTML_SINKS.search(text)) is found
