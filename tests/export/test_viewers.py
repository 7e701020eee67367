"""Scripts for PyMOL and ChimeraX draw what the explorer draws, and names stay names."""

from __future__ import annotations

import dataclasses
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import gemmi
import numpy as np
import pytest

import protvis as pv
from protvis.errors import OutputError
from protvis.export.chimerax import write_chimerax
from protvis.export.pymol import write_pymol
from protvis.export.viewer_scene import Drawing
from protvis.labels import parse_head
from protvis.scene import Scene, ViewState, build_scene
from protvis.scene.colors import (
    ACCENT,
    CARTOON,
    CONTACT,
    HEAD_COLORS,
    NEAR,
    NO_CONTACT,
    track_colors,
)
from protvis.scene.drawn_arcs import drawn_arcs
from tests.browser.helices import HOSTILE, helix_with_gap

SAUSAGE = 14.0


@pytest.fixture(scope="module")
def trypsin(demo_structure: Path) -> Scene:
    structure = pv.load_structure(demo_structure)
    return build_scene(structure, structure.chains["A"], pv.load_model("mini-positions"))


def renamed(folder: Path, ids: tuple[str, str], title: str = "TWO HELICES") -> Path:
    """Return two equal helices as mmCIF, with chain ids of one's own and negative numbers."""
    structure = gemmi.read_structure(str(helix_with_gap(folder / "two.pdb", title, chains="AB")))
    structure.setup_entities()
    structure.assign_label_seq_id()
    for chain, name in zip(structure[0], ids, strict=True):
        chain.name = name
        for residue in chain:
            residue.seqid.num -= 3
    path = folder / "two.cif"
    structure.make_mmcif_document().write_file(str(path))
    return path


@pytest.fixture(scope="module", params=[("A", "B"), ("A-2", "or"), ("x y", "it's #1/A; quit")])
def two_chains(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    path = renamed(tmp_path_factory.mktemp("two"), request.param)
    structure = pv.load_structure(path)
    assert tuple(structure.chains) == request.param
    chain = structure.chains[request.param[1]]
    return build_scene(structure, chain, pv.load_model("mini-positions"))


def drawing(scene: Scene, **options: Any) -> Drawing:
    """Return a drawing of a view; residues may be named by their index."""
    labels = scene.chain.residue_labels
    for name in ("selected_residues", "selected_link"):
        if name in options:
            options[name] = [labels[index] for index in options[name]]
    return Drawing(scene, ViewState.open(scene, show_copies=False, **options))


# -- the arcs ------------------------------------------------------------------


def test_arcs_of_a_view(trypsin: Scene) -> None:
    view = ViewState.open(trypsin, top_k=60)
    arcs = drawn_arcs(trypsin, view)
    assert len(arcs) == 60
    coordinates, contacts = trypsin.chain.coordinates(), trypsin.chain.contact_map()
    for arc in arcs:
        np.testing.assert_allclose(arc.points[0], coordinates[arc.query], atol=1e-6)
        np.testing.assert_allclose(arc.points[-1], coordinates[arc.key], atol=1e-6)
        assert arc.color == (CONTACT if contacts[arc.query, arc.key] else NO_CONTACT)
        assert arc.radii[0] == arc.radii[1]
    radii = [arc.radii[0] for arc in arcs]
    assert radii[0] == pytest.approx(0.32)
    assert radii == sorted(radii, reverse=True)
    strongest = arcs[0].weight
    for arc in arcs:
        share = arc.weight / strongest
        step = (share < 0.5) + (share < 0.25) + (arc.color == NO_CONTACT)
        assert arc.opacity == (1.0, 0.7, 0.42, 0.25)[step], "what is no contact is fainter"
    assert len({arc.opacity for arc in arcs}) > 1


def test_equal_weights_look_equal(trypsin: Scene) -> None:
    flat = dataclasses.replace(trypsin, matrices={}, _map_sets={})
    flat.add_matrix("flat", np.ones((flat.n_residues, flat.n_residues)))
    arcs = drawn_arcs(flat, ViewState.open(flat, map="flat", top_k=90))
    assert len(arcs) == 90
    look = {(arc.color, arc.opacity, arc.radii) for arc in arcs}
    assert look <= {(CONTACT, 1.0, (0.32, 0.32)), (NO_CONTACT, 0.7, (0.32, 0.32))}


def test_neighbours_in_the_sequence_are_neither_contact_nor_none(trypsin: Scene) -> None:
    arcs = drawn_arcs(trypsin, ViewState.open(trypsin, top_k=300, min_separation=0))
    contacts = trypsin.chain.contact_map()
    near = [arc for arc in arcs if abs(arc.query - arc.key) < 6]
    assert near
    assert {arc.color for arc in near} == {NEAR}
    assert not contacts[[arc.query for arc in near], [arc.key for arc in near]].any()
    assert NEAR not in {arc.color for arc in arcs if abs(arc.query - arc.key) >= 6}


def test_directed_arcs_point(trypsin: Scene) -> None:
    for arc in drawn_arcs(trypsin, ViewState.open(trypsin, combine="directed")):
        assert arc.radii[0] / arc.radii[1] == pytest.approx(1.5 / 0.4)


def test_arcs_of_a_selection_are_the_strongest_that_touch_it(trypsin: Scene) -> None:
    view = ViewState.open(trypsin, top_k=5000, partners=10)
    chosen = [50, 80]
    labels = [trypsin.chain.residue_labels[index] for index in chosen]
    arcs = drawn_arcs(trypsin, view.changed(trypsin, selected_residues=labels))
    # In this model most links are stored, so those of the head hold the selection's own.
    before = {(arc.query, arc.key): arc for arc in drawn_arcs(trypsin, view)}
    expected = [pair for pair in before if set(pair) & set(chosen)][:10]
    assert [(arc.query, arc.key) for arc in arcs] == expected
    # A selection changes no thickness of those that stay, and tells which way they go.
    for arc in arcs:
        old = before[arc.query, arc.key]
        assert arc.opacity == old.opacity
        assert arc.radii == (1.5 * old.radii[0], 0.4 * old.radii[0])
    assert arcs[0].radii[0] < 0.32


def test_each_overlaid_head_has_its_arcs_beside_the_others(trypsin: Scene) -> None:
    view = ViewState.open(trypsin, layer=1, head=2, top_k=400, overlay_heads=["2-3", "1-mean"])
    arcs = drawn_arcs(trypsin, view)
    names = ["1-2", "2-3", "1-mean"]
    assert {arc.head: arc.color for arc in arcs} == dict(zip(names, HEAD_COLORS, strict=True))
    for name in names:
        layer, head = parse_head(name)
        alone = drawn_arcs(trypsin, view.changed(trypsin, layer=layer, head=head, overlay_heads=[]))
        own = [arc for arc in arcs if arc.head == name]
        assert [(arc.query, arc.key, arc.weight, arc.radii) for arc in own] == [
            (arc.query, arc.key, arc.weight, arc.radii) for arc in alone
        ]
        away = [
            np.linalg.norm(one.points - other.points, axis=1)
            for one, other in zip(own, alone, strict=True)
        ]
        np.testing.assert_allclose(away, 0.0 if name == "1-2" else 0.6, atol=1e-9)
    # Whichever way it points, a pair's arcs in two heads lie on two sides.
    ends = {(arc.head, frozenset((arc.query, arc.key))): arc.points[8] for arc in arcs}
    both = [pair for head, pair in ends if head == "2-3" and ("1-mean", pair) in ends]
    for pair in both:
        apart = np.linalg.norm(ends["2-3", pair] - ends["1-mean", pair])
        assert apart == pytest.approx(1.2)
    assert both
    made = Drawing(trypsin, view)
    assert "heads: 1-2 #3a9bf0, 2-3 #e6b800, 1-mean #b04a00" in made.comments
    assert made.label(made.arcs[400]).endswith(", head 2-3")
    # One that has no other map than the chosen head is not drawn again.
    layered = view.changed(trypsin, map="rollout")
    assert {arc.head for arc in drawn_arcs(trypsin, layered)} == {"1-2", "2-3"}


def test_copies_carry_the_same_arcs_where_they_are(tmp_path: Path) -> None:
    structure = gemmi.read_structure(str(helix_with_gap(tmp_path / "one.pdb")))
    copy = structure[0]["A"].clone()
    copy.name = "B"
    for residue in copy:
        for atom in residue:
            atom.pos += gemmi.Position(0, 0, 30)
    structure[0].add_chain(copy)
    structure.write_pdb(str(tmp_path / "two.pdb"))
    loaded = pv.load_structure(tmp_path / "two.pdb")
    scene = build_scene(loaded, loaded.chains["A"], pv.load_model("mini-positions"))
    assert [chain.chain_id for chain in scene.copies] == ["B"]
    view = ViewState.open(scene, show_copies=False)
    alone, both = drawn_arcs(scene, view), drawn_arcs(scene, view.changed(scene, show_copies=True))
    assert len(both) == 2 * len(alone) > 0
    for arc, own, other in zip(alone, both[::2], both[1::2], strict=True):
        assert (own.query, own.key, own.color) == (other.query, other.key, other.color)
        np.testing.assert_array_equal(own.points, arc.points)
        np.testing.assert_allclose(
            other.points[[0, -1]] - own.points[[0, -1]], [[0, 0, 30]] * 2, atol=1e-3
        )
        assert (own.chain.chain_id, other.chain.chain_id) == ("A", "B")
    assert drawing(scene, selected_residues=(3,)).sticks == [("A", 3), ("B", 3)]


# -- PyMOL ---------------------------------------------------------------------


class Commands:
    """Plays ``pymol.cmd``: keeps what it is told."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[Any, ...]]] = []
        self.util = SimpleNamespace(cnc=lambda *args: self.calls.append(("cnc", args)))

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *args, **_: self.calls.append((name, args))

    def of(self, name: str) -> list[tuple[Any, ...]]:
        return [args for called, args in self.calls if called == name]


@pytest.fixture
def run_pymol(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], Commands]:
    def run(path: Path) -> Commands:
        commands = Commands()
        package, cgo = ModuleType("pymol"), ModuleType("pymol.cgo")
        package.cmd, cgo.SAUSAGE = commands, SAUSAGE  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "pymol", package)
        monkeypatch.setitem(sys.modules, "pymol.cgo", cgo)
        exec(compile(path.read_text("utf-8"), str(path), "exec"), {})
        return commands

    return run


class Atoms:
    """The atoms of the mmCIF that a script carries, and what selections of it mean."""

    def __init__(self, text: str) -> None:
        block = gemmi.cif.read_string(text).sole_block()
        wanted = ["id", "auth_asym_id", "auth_seq_id", "pdbx_PDB_ins_code"]
        table = block.find("_atom_site.", wanted)
        self.serial, self.residue = [], []
        for row in table:
            serial, chain, number, code = (gemmi.cif.as_string(value) for value in row)
            self.serial.append(int(serial))
            self.residue.append((chain, f"{number}{code}"))
        self.all = set(self.serial)

    def numbered(self, chain: str, numbers: str, separator: str) -> set[int]:
        wanted = set(numbers.split(separator))
        return {
            serial
            for serial, (there, number) in zip(self.serial, self.residue, strict=True)
            if there == chain and number in wanted
        }

    def pymol(self, name: str, selection: str) -> set[int]:
        match = re.fullmatch(rf"{name} and \((.*)\)", selection)
        assert match, selection
        found: set[int] = set()
        for part in match[1].split(" or "):
            if numbers := re.fullmatch(r"\(chain (\w) and resi ([\d\w+]+)\)", part):
                found |= self.numbered(numbers[1], numbers[2], "+")
            else:
                ids = re.fullmatch(r"id ([\d+-]+)", part)
                assert ids, part
                for stretch in ids[1].split("+"):
                    first, last = map(int, stretch.split("-"))
                    found |= set(range(first, last + 1))
        assert found <= self.all
        return found

    def chimerax(self, spec: str) -> set[int]:
        if numbers := re.fullmatch(r"/(\w):([\w,]+)", spec):
            return self.numbered(numbers[1], numbers[2], ",")
        serials = re.fullmatch(r"@@serial_number>=(\d+) & @@serial_number<=(\d+)", spec)
        assert serials, spec
        return set(range(int(serials[1]), int(serials[2]) + 1))


def atoms_of(scene: Scene, atoms: Atoms, residues: set[int]) -> set[int]:
    """Return serial numbers of residues of the scene's chain, in the order they are written."""
    found, serial = set(), 0
    for chain in scene.structure.chains.values():
        for residue in chain.atoms.residues.tolist():
            serial += 1
            if chain is scene.chain and residue in residues:
                found.add(serial)
    return found


def test_the_pymol_script_draws_the_arcs(
    trypsin: Scene, tmp_path: Path, run_pymol: Callable[[Path], Commands]
) -> None:
    made = drawing(trypsin, top_k=50, combine="directed")
    commands = run_pymol(write_pymol(made.scene, made.view, tmp_path / "links.py"))
    ((text, kind, name),) = commands.of("load_raw")
    assert (kind, text) == ("cif", trypsin.structure.to_mmcif())
    drawn = commands.of("load_cgo")
    transparency = {part: value for key, value, part in commands.of("set") if "cgo" in key}
    rank = 0
    first_seen = list(dict.fromkeys(arc.opacity for arc in made.arcs))
    arcs = sorted(made.arcs, key=lambda arc: first_seen.index(arc.opacity))
    for numbers, part in drawn:
        pieces = np.reshape(numbers, (-1, 16, 14))
        for arc, piece in zip(arcs[rank:], pieces, strict=False):
            assert (piece[:, 0] == SAUSAGE).all()
            np.testing.assert_allclose(piece[:, 1:4], arc.points[:-1], atol=6e-4)
            np.testing.assert_allclose(piece[:, 4:7], arc.points[1:], atol=6e-4)
            assert piece[0, 7] > piece[-1, 7]
            assert piece[0, 7] == pytest.approx(arc.radii[0], rel=0.05)
            rgb = [int(arc.color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
            np.testing.assert_allclose(piece[:, 8:], [[*rgb, *rgb]] * 16)
            assert transparency[part] == pytest.approx(1 - arc.opacity)
        rank += len(pieces)
    assert rank == len(made.arcs) == 50
    assert name.startswith("protvis_")
    assert commands.of("delete")[0] == (name,)


@pytest.mark.parametrize("cartoon_by", ["", "secondary structure"])
def test_the_pymol_script_colors_what_it_says(
    two_chains: Scene, tmp_path: Path, run_pymol: Callable[[Path], Commands], cartoon_by: str
) -> None:
    chosen = (3, 4, 30)
    if cartoon_by and cartoon_by not in two_chains.tracks:
        pytest.skip("no secondary structure in this file")
    made = drawing(two_chains, selected_residues=chosen, cartoon_by=cartoon_by)
    commands = run_pymol(write_pymol(made.scene, made.view, tmp_path / "links.py"))
    ((text, _, name),) = commands.of("load_raw")
    atoms = Atoms(text)
    colors = (
        track_colors(two_chains.tracks[cartoon_by], list(two_chains.tracks).index(cartoon_by))
        if cartoon_by
        else [None] * two_chains.n_residues
    )
    found = {
        color: atoms.pymol(name, selection)
        for key, color, selection in commands.of("set")
        if key == "cartoon_color"
    }
    expected: dict[str, set[int]] = {}
    for index, color in enumerate(colors):
        if two_chains.chain.observed[index]:
            expected.setdefault(f"0x{(color or CARTOON)[1:]}", set()).add(index)
    assert found == {
        color: atoms_of(two_chains, atoms, residues) for color, residues in expected.items()
    }
    ((selected, selection),) = commands.of("select")
    assert atoms.pymol(name, selection) == atoms_of(two_chains, atoms, set(chosen))
    assert (f"0x{ACCENT[1:]}", f"{selected} and elem C") in commands.of("color")


def test_the_marked_link_is_drawn_last(trypsin: Scene) -> None:
    made = drawing(trypsin, selected_link=(40, 180))
    assert made.arcs[-1].color == ACCENT
    assert made.arcs[-1].opacity == 1.0
    assert "nan" not in made.label(made.arcs[-1])


# -- ChimeraX ------------------------------------------------------------------

NUMBER = r"-?\d+\.\d+"
BILD = re.compile(
    rf"\.(comment .*|note .*|color( {NUMBER}){{3}}|transparency {NUMBER}"
    rf"|cylinder( {NUMBER}){{7}}( open)?)"
)


def test_the_bild_file_draws_the_arcs(trypsin: Scene, tmp_path: Path) -> None:
    made = drawing(trypsin, top_k=40, color_by="weight")
    write_chimerax(made.scene, made.view, tmp_path / "links.cxc")
    lines = (tmp_path / "links.bild").read_text("utf-8").splitlines()
    assert all(BILD.fullmatch(line) for line in lines)
    notes = [line for line in lines if line.startswith(".note")]
    assert len(notes) == 40
    for arc, note in zip(made.arcs, notes, strict=True):
        labels = trypsin.chain.residue_labels
        assert note.startswith(f".note {labels[arc.query]} to {labels[arc.key]} ")
    cylinders = [line.split() for line in lines if line.startswith(".cylinder")]
    assert len(cylinders) == 40 * 16
    values = np.array([[float(value) for value in line[1:8]] for line in cylinders])
    points = np.stack([arc.points for arc in made.arcs])
    np.testing.assert_allclose(values[:, :3].reshape(40, 16, 3), points[:, :-1], atol=6e-4)
    np.testing.assert_allclose(values[:, 3:6].reshape(40, 16, 3), points[:, 1:], atol=6e-4)
    radii = np.repeat([arc.radii[0] for arc in made.arcs], 16)
    np.testing.assert_allclose(values[:, 6], radii, atol=1e-4)
    # Closed at the ends of an arc only.
    closed = ["open" not in line for line in cylinders]
    assert closed == ([True] + [False] * 14 + [True]) * 40
    colors = [line for line in lines if line.startswith(".color")]
    expected = [int(arc.color[1:3], 16) / 255 for arc in made.arcs]
    assert [float(line.split()[1]) for line in colors] == pytest.approx(expected, abs=1e-4)


def test_the_command_file_says_what_it_draws(two_chains: Scene, tmp_path: Path) -> None:
    chosen = (3, 4, 30)
    made = drawing(two_chains, selected_residues=chosen)
    path = write_chimerax(made.scene, made.view, tmp_path / "my [links]* 'x'.cxc")
    lines = path.read_text("utf-8").splitlines()
    comments = [line for line in lines if line.startswith("#")]
    commands = [line for line in lines if not line.startswith("#")]
    assert any("head" in line and "attention" in line for line in comments)
    # One command to a line.
    assert not any(";" in line for line in lines)
    opened = [
        re.fullmatch(r'open "([\w.-]+)" name "(protvis [\w ]+)"', line) for line in commands[:2]
    ]
    structure, links = (match[1] for match in opened if match)
    assert (tmp_path / links).is_file()
    assert opened[0] is not None
    spec = f'##name="{opened[0][2]}"'
    atoms = Atoms((tmp_path / structure).read_text("utf-8"))
    for command in commands[2:]:
        assert spec in command or command == "set bgColor white"
    found: dict[str, set[int]] = {}
    for command in commands:
        match = re.fullmatch(rf"color {spec} & (.*) (#\w{{6}}|byhetero) target ([ac])", command)
        if match and match[1] not in ("ligand", "ions"):
            found.setdefault(f"{match[2]} {match[3]}", set()).update(atoms.chimerax(match[1]))
    observed = set(np.flatnonzero(two_chains.chain.observed).tolist())
    assert found[f"{CARTOON} c"] == atoms_of(two_chains, atoms, observed)
    assert found[f"{ACCENT} a"] == atoms_of(two_chains, atoms, set(chosen))


def test_command_files_have_their_suffix(trypsin: Scene, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"suffix \.cxc, got 'links\.py'"):
        write_chimerax(trypsin, ViewState.open(trypsin), tmp_path / "links.py")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(OutputError, match="No such file or directory"):
        write_pymol(trypsin, ViewState.open(trypsin), tmp_path / "nowhere" / "links.py")


# -- names ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "title", [HOSTILE, 'x"""\nimport os', "; close session", "'''\\", "\u2028cmd.quit()\x00\x1b["]
)
def test_hostile_titles_stay_comments(
    trypsin: Scene,
    tmp_path: Path,
    run_pymol: Callable[[Path], Commands],
    monkeypatch: pytest.MonkeyPatch,
    title: str,
) -> None:
    monkeypatch.setattr(trypsin.structure, "title", title)
    monkeypatch.setattr(trypsin.structure, "name", f"{title}/../x")
    made = drawing(trypsin, top_k=5)
    harmless = {"delete", "load_raw", "hide", "show", "color", "set", "cnc", "load_cgo", "group",
                "bg_color", "orient"}  # fmt: skip
    commands = run_pymol(write_pymol(made.scene, made.view, tmp_path / "links.py"))
    assert {name for name, _ in commands.calls} == harmless
    assert re.fullmatch(r"protvis_\w+", commands.of("load_raw")[0][2])
    path = write_chimerax(made.scene, made.view, tmp_path / "links.cxc")
    first = {"open", "set", "hide", "cartoon", "color", "show", "style", "view"}
    for line in path.read_text("utf-8").splitlines():
        assert line.startswith("# ") or line.split()[0] in first
        assert ";" not in line
    for line in (tmp_path / "links.bild").read_text("utf-8").splitlines():
        assert BILD.fullmatch(line), line
