"""No circle of imports and no arrow upwards, lazy and TYPE_CHECKING imports included.

import-linter does not see imports under TYPE_CHECKING, and takes a name from a package's face for
the whole package; here a name stands for the module that defines it.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import networkx as nx
import pytest

ROOT = Path(__file__).resolve().parents[2]


def import_graph(package: Path) -> nx.DiGraph:
    """Return the modules of a package with an arrow from each to every module it imports."""
    root = package.parent
    paths = {dotted(path, root): path for path in package.rglob("*.py")}
    faces = {
        dotted(stub, root): {
            name.rpartition(".")[2]: name for name in imported(stub, dotted(stub, root))
        }
        for stub in package.rglob("*.pyi")
    }
    graph = nx.DiGraph()
    graph.add_nodes_from(paths)
    for module, path in paths.items():
        homes = (home(name, paths, faces) for name in imported(path, module))
        graph.add_edges_from((module, found) for found in homes if found not in (None, module))
    return graph


def dotted(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path: Path, module: str) -> Iterator[str]:
    """Yield the full name of everything a file imports, however deep in the code."""
    above = module.split(".") if path.stem == "__init__" else module.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = above[: len(above) - node.level + 1] if node.level else []
            base = [*base, *([node.module] if node.module else [])]
            yield from (".".join([*base, alias.name]) for alias in node.names)


def home(name: str, paths: dict[str, Path], faces: dict[str, dict[str, str]]) -> str | None:
    """Return the module that defines a full name, or None if it is another package's."""
    if name in paths:
        return name
    owner, _, last = name.rpartition(".")
    if last in faces.get(owner, {}):
        return home(faces[owner][last], paths, faces)
    return owner if owner in paths else None


def circles(graph: nx.DiGraph) -> list[list[str]]:
    return [sorted(group) for group in nx.strongly_connected_components(graph) if len(group) > 1]


def floors() -> dict[str, int]:
    """Return the height of every room above the ground, from import-linter's layers."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    layers = next(one["layers"] for one in contracts if one["type"] == "layers")
    return {
        room: height
        for height, layer in enumerate(reversed(layers))
        for room in re.findall(r"\w+", layer)
    }


def upward(graph: nx.DiGraph, height: dict[str, int]) -> list[tuple[str, str]]:
    """Return the imports that lead to a higher room."""

    def floor(module: str) -> int:
        # The package itself hands on the names of all rooms; `__main__` is above all.
        parts = module.split(".")
        return height.get(parts[1], len(height)) if len(parts) > 1 else len(height)

    return sorted((one, other) for one, other in graph.edges if floor(one) < floor(other))


def test_no_modules_import_each_other() -> None:
    assert circles(import_graph(ROOT / "protvis")) == []


def test_no_room_imports_a_higher_one() -> None:
    assert upward(import_graph(ROOT / "protvis"), floors()) == []


@pytest.mark.parametrize(
    "closing",
    [
        "def late():\n    from made.low import thing\n",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from made.low import thing\n",
        "from made import face\nfrom made.face import thing\n",
        "from . import low\n",
    ],
)
def test_circles_and_upward_arrows_are_seen(tmp_path: Path, closing: str) -> None:
    package = tmp_path / "made"
    (package / "face").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "face" / "__init__.py").touch()
    (package / "face" / "__init__.pyi").write_text("from ..low import thing as thing\n")
    (package / "low.py").write_text("from made.high import other\n")
    (package / "high.py").write_text("other = 1\n")
    assert circles(import_graph(package)) == []
    assert upward(import_graph(package), {"low": 0, "high": 1, "face": 0}) == [
        ("made.low", "made.high")
    ]
    (package / "high.py").write_text(closing)
    assert circles(import_graph(package)) == [["made.high", "made.low"]]
