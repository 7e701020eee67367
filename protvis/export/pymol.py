"""A view as a PyMOL script: one file that holds the structure and draws the same arcs."""

from __future__ import annotations

import base64
import json
import re
import textwrap
import zlib
from collections.abc import Iterable
from os import PathLike
from pathlib import Path

from protvis.export.viewer_scene import Drawing, Residue
from protvis.output_file import write_whole
from protvis.scene import Scene, ViewState
from protvis.scene.colors import ACCENT
from protvis.scene.drawn_arcs import Arc
from protvis.scene.provenance import one_line

__all__ = ["write_pymol"]

_SCRIPT = '''\
{comments}
#
# Run it in PyMOL: File > Run Script, or `run {file}`. It needs no other file and no network.

import base64
import zlib

from pymol import cmd
from pymol.cgo import SAUSAGE

NAME = {name}
STRUCTURE = """
{structure}
"""
# mmCIF, compressed.

ARCS = {arcs}
# By opacity: colour, radius at the query and at the key, points along the curve (angstrom).

CARTOON = {cartoon}
# Selections by the colour of their cartoon.

# This object only: one of the same name is replaced, nothing else is touched.
cmd.delete(NAME)
text = zlib.decompress(base64.b64decode(STRUCTURE)).decode("utf-8")
cmd.load_raw(text, "cif", NAME, zoom=0)
cmd.hide("everything", NAME)
cmd.show("cartoon", NAME)
cmd.color({other_chains}, NAME)
for color, selection in CARTOON:
    cmd.set("cartoon_color", color, selection)
cmd.show("sticks", {around})
cmd.show("nb_spheres", {around})
cmd.util.cnc({around})
{sticks}

def tube(color, first, last, points):
    """Return one arc as round pieces end to end."""
    rgb = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    pieces = len(points) - 1
    shapes = []
    for n, (here, there) in enumerate(zip(points, points[1:])):
        radius = first + (last - first) * (n + 0.5) / pieces
        shapes += [SAUSAGE, *here, *there, radius, *rgb, *rgb]
    return shapes


parts = []
for opacity, arcs in ARCS:
    part = f"{{NAME}}_links_{{round(100 * opacity)}}"
    cmd.delete(part)
    cmd.load_cgo([number for arc in arcs for number in tube(*arc)], part, zoom=0)
    cmd.set("cgo_transparency", 1 - opacity, part)
    parts.append(part)
if parts:
    cmd.group(f"{{NAME}}_links", " ".join(parts))
cmd.bg_color("white")
cmd.orient({own})
'''


def write_pymol(scene: Scene, view: ViewState, path: str | PathLike[str]) -> Path:
    """Write the current view as a single PyMOL script (``.py``), including the structure.

    Arcs, colours, thickness, cartoon and the sticks of selected residues are those of the explorer
    on a light page; waters are left out. Run it with File > Run Script; it needs no network and
    changes only its own objects and the background.

    Parameters
    ----------
    scene : Scene
    view : ViewState
    path : path
        Replaced if it exists; PyMOL needs the suffix ``.py``.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    path, drawing = Path(path), Drawing(scene, view)
    name = "protvis_" + (re.sub(r"\W+", "_", drawing.scene.structure.name, flags=re.A) or "x")
    own = _selection(
        name, drawing, (residue for group in drawing.cartoon.values() for residue in group)
    )
    script = _SCRIPT.format(
        comments="\n".join(f"# {line}" for line in ["Attention links", *drawing.comments]),
        file=one_line(path.name),
        name=json.dumps(name),
        structure=_packed(drawing.structure),
        arcs=_arcs(drawing.arcs),
        cartoon=_listed(
            f'("0x{color[1:]}", {json.dumps(_selection(name, drawing, residues))})'
            for color, residues in drawing.cartoon.items()
        ),
        other_chains=json.dumps(f"0x{drawing.other_chains[1:]}"),
        around=json.dumps(_around(name, drawing)),
        sticks=_sticks(name, drawing),
        own=json.dumps(own),
    )
    return write_whole(path, script)


def _packed(text: str) -> str:
    packed = base64.b64encode(zlib.compress(text.encode("utf-8"), 9)).decode("ascii")
    return "\n".join(textwrap.wrap(packed, 98))


def _arcs(arcs: list[Arc]) -> str:
    by_opacity: dict[float, list[str]] = {}
    for arc in arcs:
        points = ", ".join(f"({x:.3f}, {y:.3f}, {z:.3f})" for x, y, z in arc.points)
        first, last = arc.radii
        by_opacity.setdefault(arc.opacity, []).append(
            f'("{arc.color}", {first:.4f}, {last:.4f}, [{points}])'
        )
    return _listed(f"({opacity}, {_listed(shown)})" for opacity, shown in by_opacity.items())


def _listed(items: Iterable[str]) -> str:
    lines = "".join(f"\n{item}," for item in items)
    return "[" + textwrap.indent(lines, "    ") + ("\n]" if lines else "]")


def _selection(name: str, drawing: Drawing, residues: Iterable[Residue]) -> str:
    """Return residues in PyMOL's selection language: by chain and number, else by atom."""
    wanted = list(residues)
    parts = [
        f"(chain {chain_id} and resi {'+'.join(numbers)})"
        for chain_id, numbers in drawing.numbers(wanted).items()
    ]
    atoms = drawing.atoms(wanted)
    if atoms:
        stretches = (f"{first}-{last}" for first, last in atoms)
        parts.append(f"id {'+'.join(stretches)}")
    return f"{name} and ({' or '.join(parts) or 'none'})"


def _around(name: str, drawing: Drawing) -> str:
    """Return what is drawn as sticks beside the proteins: ligands, and bound peptides."""
    chains = drawing.scene.structure.chains
    peptides = [
        (chain_id, index)
        for chain_id in drawing.peptides
        for index in range(chains[chain_id].n_residues)
        if chains[chain_id].observed[index]
    ]
    bound = f" or ({_selection(name, drawing, peptides)})" if peptides else ""
    return f"({name} and not polymer){bound}"


def _sticks(name: str, drawing: Drawing) -> str:
    if not drawing.sticks:
        return ""
    selected = f"{name}_selected"
    return "\n".join(
        [
            f"cmd.select({json.dumps(selected)}, "
            f"{json.dumps(_selection(name, drawing, drawing.sticks))})",
            f'cmd.show("sticks", {json.dumps(selected)})',
            f'cmd.color("0x{ACCENT[1:]}", {json.dumps(selected + " and elem C")})',
            f"cmd.util.cnc({json.dumps(selected)})",
            f"cmd.disable({json.dumps(selected)})",
            "",
        ]
    )
