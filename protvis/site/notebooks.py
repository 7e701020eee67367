"""Notebooks, executed, as pages of the site with their explorers in them."""

from __future__ import annotations

import html
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.kernelspec import NoSuchKernel
from markupsafe import Markup
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbconvert import HTMLExporter
from nbformat import NotebookNode

from protvis.errors import OutputError
from protvis.site.frame import write_site_page
from protvis.widgets.saved_output import SAVED_VIEW

__all__ = ["execute_notebook", "missing_packages", "notebook_title", "write_notebook_page"]

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"

_PAGE = re.compile(r'(<iframe class="protvis-page"[^>]*) srcdoc="([^"]*)"')


def notebook_title(path: Path) -> str:
    """Return the first heading of a notebook, or its name."""
    for cell in nbformat.read(path, as_version=4).cells:
        for line in cell.source.splitlines():
            if cell.cell_type == "markdown" and line.startswith("# "):
                return line[2:].strip()
    return path.stem


def missing_packages(path: Path) -> list[str]:
    """Return the packages that a notebook's metadata requires and that are not installed.

    They are listed under ``metadata.protvis.requires``, such as the weights of a model.
    """
    about = nbformat.read(path, as_version=4).metadata.get("protvis", {})
    return [name for name in about.get("requires", []) if find_spec(name) is None]


def execute_notebook(path: Path, *, timeout: float = 600) -> NotebookNode:
    """Run a notebook from top to bottom in an empty folder and return it with its outputs.

    Explorers put their offline pages into the outputs.

    Raises
    ------
    OutputError
        If a cell fails, or its kernel.
    """
    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(
            notebook,
            timeout=timeout,
            resources={"metadata": {"path": folder}},
            store_widget_state=False,
        )
        try:
            client.execute(env={**os.environ, SAVED_VIEW: "page"})
        except CellExecutionError as error:
            said = f"{error.ename}: {error.evalue}"
            raise OutputError(f"the notebook {path.name} does not run: {said}") from error
        except (RuntimeError, TimeoutError, NoSuchKernel) as error:
            raise OutputError(f"the notebook {path.name} does not run: {error}") from error
    return notebook


def write_notebook_page(source: Path, path: Path) -> Path:
    """Run a notebook, write it as a page, and return its path.

    Its explorers become pages beside it, shown in frames, and a copy of the notebook is put beside
    it for download.
    """
    notebook = execute_notebook(source)
    path.parent.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(_displayed(notebook), 1):
        data.pop(WIDGET_VIEW, None)
        if "text/html" in data:
            beside = path.with_name(f"{path.stem}-explorer-{number}.html")
            data["text/html"] = _framed(data["text/html"], beside)
    for cell in notebook.cells:
        # NGLview shows a widget without words when it is imported.
        if "outputs" in cell:
            cell.outputs = [o for o in cell.outputs if o.get("data") != {"text/plain": ""}]
    shutil.copyfile(source, path.with_name(source.name))
    return write_site_page(
        path,
        notebook_title(source),
        template="site_notebook.html",
        source=source.name,
        content=Markup(_body(notebook)),
    )


def _displayed(notebook: NotebookNode) -> Iterator[dict[str, Any]]:
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if "data" in output:
                yield output["data"]


def _framed(text: str, beside: Path) -> str:
    """Return an output whose offline page, if it is one, is a file of its own."""

    def move(match: re.Match[str]) -> str:
        beside.write_text(html.unescape(match[2]), "utf-8")
        return f'{match[1]} src="{html.escape(beside.name)}"'

    return _PAGE.sub(move, text)


def _body(notebook: NotebookNode) -> str:
    exporter = HTMLExporter(
        template_name="basic",
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        exclude_anchor_links=True,
    )
    body, _ = exporter.from_notebook_node(notebook)
    # What leads to a notebook or document of the clone leads to its page here.
    body = re.sub(r'(<a href="[^":]+)\.(?:ipynb|md)([#"])', r"\1.html\2", body)
    body = body.replace('class="input"', 'class="input highlight"')
    return re.sub(r'class="output_area', 'class="output output_area', body)
