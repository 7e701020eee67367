"""Building the site: all pages into one folder, checked before they appear."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from protvis.errors import OptionError, OutputError
from protvis.input_file import user_path

__all__ = ["Site", "build_site"]

CHECKOUT = Path(__file__).resolve().parents[2]
"""Where notebooks and documents lie, if protvis runs from a clone."""

MARK = "<!-- a site made by protvis -->"
"""In the first page of every site, so that only sites are ever replaced."""


@dataclass(frozen=True)
class Site:
    """A site that was built.

    Attributes
    ----------
    folder : Path
    pages : tuple of Path
        All its pages, the first page first, as paths within `folder`.
    left_out : tuple of str
        What was left out, and why.
    """

    folder: Path
    pages: tuple[Path, ...]
    left_out: tuple[str, ...]


def build_site(
    folder: str | os.PathLike[str],
    *,
    source: str | os.PathLike[str] | None = None,
    reference: bool = True,
) -> Site:
    """Write the site into a folder.

    Parameters
    ----------
    folder : path
        Created if needed; an older site in it is replaced as a whole.
    source : path, optional
        Folder with ``notebooks/*.ipynb``, ``docs/*.md`` and ``docs/how-to/*.md``; the clone that
        protvis runs from by default. Missing parts are left out, which the site reports.
    reference : bool, default True
        Whether to build the reference of all public names, which takes some ten seconds.

    Returns
    -------
    Site

    Raises
    ------
    OptionError
        If a package that builds the site is not installed, or `source` is not a folder.
    OutputError
        If the folder holds something else or cannot be written to, if a notebook does not run, or
        if a page would load something from elsewhere or point at what is not there.
    """
    folder = user_path(folder).resolve()
    root = CHECKOUT if source is None else user_path(source)
    if source is not None and not root.is_dir():
        raise OptionError(f"{root} is not a folder; name one that holds notebooks/ and docs/")
    _check_free(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as draft:
            site = Path(draft) / "site"
            site.mkdir()
            left_out = _write_pages(site, root, reference=reference)
            _check_links(site)
            _put(site, folder, Path(draft) / "old")
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        raise OutputError(f"cannot write {folder}: {error.strerror or error}") from error
    found = sorted(path.relative_to(folder) for path in folder.rglob("*.html"))
    found.sort(key=lambda path: path != Path("index.html"))
    return Site(folder, tuple(found), tuple(left_out))


def _put(site: Path, folder: Path, aside: Path) -> None:
    """Put a site in its place; one that is there before goes aside, and back if that fails."""
    replaced = folder.exists()
    if replaced:
        folder.rename(aside)
    try:
        site.rename(folder)
    except OSError:
        if replaced:
            aside.rename(folder)
        raise


def _check_free(folder: Path) -> None:
    if folder.is_dir():
        first = folder / "index.html"
        if first.is_file() and MARK in first.read_text("utf-8", "replace"):
            return
        if not any(folder.iterdir()):
            return
    elif not folder.exists():
        return
    raise OutputError(f"{folder} holds something else than a site of protvis; name another folder")


def _write_pages(site: Path, root: Path, *, reference: bool) -> list[str]:
    try:
        from protvis.site.documents import document_title, write_document_page
        from protvis.site.notebooks import missing_packages, notebook_title, write_notebook_page
        from protvis.site.reference import write_reference
    except ImportError as error:
        raise OptionError(
            f"a site needs {error.name}, which is not installed: pip install 'protvis[docs]'"
        ) from error
    from protvis.models.registry import find_bundled
    from protvis.site.frame import write_site_page
    from protvis.site.gallery import MODEL, write_gallery

    left_out = []
    notebooks = sorted((root / "notebooks").glob("*.ipynb"))
    how_to = sorted((root / "docs" / "how-to").glob("*.md"))
    documents = sorted((root / "docs").glob("*.md"))
    for what, found in (("notebooks", notebooks), ("documents", [*how_to, *documents])):
        if not found:
            left_out.append(
                f"no {what}: they are not part of an installed protvis, only of a clone"
            )
    listed: dict[str, list[tuple[str, str]]] = {"notebooks": [], "how-to": [], "reference": []}
    for path in notebooks:
        if missing := missing_packages(path):
            left_out.append(f"no notebook {path.name}: it needs {', '.join(missing)}")
            continue
        page = write_notebook_page(path, site / "notebooks" / f"{path.stem}.html")
        listed["notebooks"].append((f"notebooks/{page.name}", notebook_title(path)))
    for part, paths, below in (
        ("how-to", how_to, "docs/how-to"),
        ("reference", documents, "docs"),
    ):
        for path in paths:
            page = site / below / f"{path.stem}.html"
            way = "../.." if part == "how-to" else ".."
            write_document_page(path, page, root=way)
            listed[part].append((f"{below}/{page.name}", document_title(path)))
    if reference:
        for room, place in write_reference(site / "api").items():
            listed["reference"].append((f"api/{place}", f"{room}: names and their docstrings"))
    else:
        left_out.append("no reference of the public names: it was not requested")
    bundled = find_bundled(MODEL)
    headings = {"notebooks": "Notebooks, executed", "how-to": "How to", "reference": "Reference"}
    write_site_page(
        site / "index.html",
        "protvis",
        template="site_index.html",
        root=".",
        left_out=left_out,
        notice=bundled.notice if bundled else "",
        cards=write_gallery(site / "gallery"),
        lists=[(part, heading, listed[part]) for part, heading in headings.items()],
    )
    return left_out


def _check_links(site: Path) -> None:
    from protvis.site.page_links import find_faults

    faults = find_faults(site)
    if faults:
        more = f" (and {len(faults) - 5} more)" if len(faults) > 5 else ""
        raise OutputError(f"the site is at fault: {'; '.join(faults[:5])}{more}")
