"""A view as a ChimeraX command file, with the structure and the arcs in two files beside it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from os import PathLike
from pathlib import Path

from protvis.errors import OutputError
from protvis.export.viewer_scene import Drawing, Residue
from protvis.output_file import check_place, write_whole
from protvis.scene import Scene, ViewState
from protvis.scene.colors import ACCENT
from protvis.scene.drawn_arcs import Arc
from protvis.scene.provenance import one_line

__all__ = ["write_chimerax"]


def write_chimerax(scene: Scene, view: ViewState, path: str | PathLike[str]) -> Path:
    """Write the current view as a ChimeraX command file (``.cxc``).

    The structure (``.cif``, without waters) and the arcs (``.bild``) are written beside it under
    the same name; keep the three files together. They need no network. Arcs, colours, thickness,
    cartoon and the sticks of selected residues are those of the explorer on a light page. Commands
    affect only these two models, whatever else is open, and the background and the view.

    Parameters
    ----------
    scene : Scene
    view : ViewState
    path : path
        With the suffix ``.cxc``. All three files are replaced if they exist.

    Returns
    -------
    Path
        The command file.

    Raises
    ------
    OutputError
        If the suffix is a different one, or a file cannot be written.
    """
    path, drawing = Path(path), Drawing(scene, view)
    if path.suffix != ".cxc":
        raise OutputError(
            f"ChimeraX knows command files by the suffix .cxc, got {path.name!r}; write for "
            f"instance {path.stem or 'links'}.cxc"
        )
    # ChimeraX reads *, ? and [ in names of files to open as patterns.
    stem = re.sub(r"[^\w.-]", "_", path.stem, flags=re.A)
    structure, links = path.with_name(f"{stem}.cif"), path.with_name(f"{stem}.bild")
    for place in (path, structure, links):
        check_place(place)
    write_whole(structure, drawing.structure)
    write_whole(links, "\n".join(_bild(drawing)) + "\n")
    commands = _commands(drawing, structure.name, links.name)
    return write_whole(path, "\n".join(commands) + "\n")


def _commands(drawing: Drawing, structure: str, links: str) -> Iterable[str]:
    model = "protvis " + (re.sub(r"\W+", "_", drawing.scene.structure.name, flags=re.A) or "x")
    spec = f'##name="{model}"'
    said = [
        "Attention links",
        *drawing.comments,
        f"Open this file in ChimeraX: it reads {structure} and {links} beside it.",
    ]
    # A semicolon would end the comment.
    yield from (f"# {line.replace(';', ',')}" for line in said)
    yield f'open "{structure}" name "{model}"'
    yield f'open "{links}" name "{model} links"'
    yield "set bgColor white"
    yield f"hide {spec} atoms"
    yield f"cartoon {spec}"
    yield f"color {spec} {drawing.other_chains} target ac"
    for color, residues in drawing.cartoon.items():
        for part in _specs(drawing, residues):
            yield f"color {spec} & {part} {color} target c"
    for kind in ("ligand", "ions"):
        yield f"show {spec} & {kind} atoms"
        yield f"style {spec} & {kind} {'stick' if kind == 'ligand' else 'sphere'}"
        yield f"color {spec} & {kind} byhetero target a"
    chains = drawing.scene.structure.chains
    peptides = [
        (chain_id, index)
        for chain_id in drawing.peptides
        for index in range(chains[chain_id].n_residues)
        if chains[chain_id].observed[index]
    ]
    for residues, color in ((peptides, drawing.other_chains), (drawing.sticks, ACCENT)):
        for part in _specs(drawing, residues):
            yield f"show {spec} & {part} atoms"
            yield f"style {spec} & {part} stick"
            yield f"color {spec} & {part} {color} target a"
            yield f"color {spec} & {part} byhetero target a"
    yield f"view {spec}"


def _specs(drawing: Drawing, residues: Iterable[Residue]) -> Iterable[str]:
    """Return residues in ChimeraX's words: by chain and number, else by atom."""
    wanted = list(residues)
    for chain_id, numbers in drawing.numbers(wanted).items():
        yield f"/{chain_id}:{','.join(numbers)}"
    for first, last in drawing.atoms(wanted):
        yield f"@@serial_number>={first} & @@serial_number<={last}"


def _bild(drawing: Drawing) -> Iterable[str]:
    yield from (f".comment {line}" for line in ["Attention links", *drawing.comments])
    for arc in drawing.arcs:
        yield f".note {one_line(drawing.label(arc))}"
        yield f".color {' '.join(f'{share:.4f}' for share in _rgb(arc.color))}"
        yield f".transparency {1 - arc.opacity:.2f}"
        yield from _cylinders(arc)


def _cylinders(arc: Arc) -> Iterable[str]:
    """Return an arc as cylinders end to end, closed at both of its ends."""
    pieces = len(arc.points) - 1
    first, last = arc.radii
    for piece in range(pieces):
        here, there = (
            " ".join(f"{value:.3f}" for value in arc.points[at]) for at in (piece, piece + 1)
        )
        if here == there:
            continue
        radius = first + (last - first) * (piece + 0.5) / pieces
        within = "" if piece in (0, pieces - 1) else " open"
        yield f".cylinder {here} {there} {radius:.4f}{within}"


def _rgb(color: str) -> tuple[float, ...]:
    return tuple(int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))
