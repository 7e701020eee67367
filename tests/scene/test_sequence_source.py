"""Scenes of a sequence alone: where it comes from, what it has, and the structure it gets later."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import protvis as pv
from protvis.data import TRYPSIN
from protvis.errors import DatasetError, OptionError, StructureError, StructureWarning
from protvis.export.page import page_text
from protvis.plot.overview import describe_view, plot_view
from protvis.plot.view_figures import FIGURES, draw_view
from protvis.scene import Scene, frames, open_scene
from protvis.scene.sequence_source import read_sequence, with_structure
from protvis.structure import Structure
from protvis.structure.bare_sequence import sequence_in

MODEL = "mini-positions"


@pytest.fixture(scope="module")
def structure() -> Structure:
    return pv.load_structure(TRYPSIN)


@pytest.fixture(scope="module")
def sequence(structure: Structure) -> str:
    return structure.chains["A"].sequence


@pytest.fixture(scope="module")
def scene(sequence: str) -> Scene:
    made, _ = open_scene(sequence, MODEL)
    return made


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("MKTAYIAK", "MKTAYIAK"),
        ("MKT AYI\nAKQ*", "MKTAYIAKQ"),
        ("mktayiakqr" * 3, "MKTAYIAKQR" * 3),
        ("trypsin", ""),
        ("1GBT", ""),
        ("AF-P00760-F1", ""),
        ("P00760", ""),
        ("chain.pdb", ""),
        ("MKTÄ", ""),
        ("", ""),
    ],
)
def test_what_text_is_a_sequence(text: str, expected: str) -> None:
    assert sequence_in(text) == expected


def test_a_name_that_is_a_file_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "MKTAYIAK").write_bytes(Path(TRYPSIN).read_bytes())
    assert read_sequence("MKTAYIAK") is None
    found, _ = open_scene("MKTAYIAK", MODEL)
    assert found.has_structure
    assert read_sequence("A" * 5000) is not None  # longer than any name of a file may be


FASTA = ">sp|P1|ONE first\nMKTAY\nIAKQR\n>two\nGSHMK*\n>4YOW chains\nMKTA/GGGSS\n"


def test_records_of_a_fasta_file(tmp_path: Path) -> None:
    path = tmp_path / "some.fasta"
    path.write_text(FASTA)

    def read(record: str | None) -> tuple[str, str]:
        found = read_sequence(path, record)
        assert found is not None
        return found.name, found.chains["A"].sequence

    assert read("P1") == ("P1", "MKTAYIAKQR")
    assert read("two") == ("two", "GSHMK")
    assert read("4YOW.2") == ("4YOW.2", "GGGSS")
    with pytest.raises(OptionError, match="3 sequences: say which one, record='P1'; there are P1"):
        read(None)
    with pytest.raises(OptionError, match=r"4YOW holds several chains.*record='4YOW.1'"):
        read("4YOW")
    with pytest.raises(OptionError, match="unknown record 'tow'; did you mean 'two'"):
        read("tow")
    path.write_text(">only\nMKT-A\n")
    with pytest.raises(DatasetError, match="a gap"):
        read(None)
    path.write_text(">only\nMKTA\n")
    assert read(None) == ("only", "MKTA")


@pytest.mark.parametrize("source", [TRYPSIN, "MKTAYIAK"])
def test_a_record_is_one_of_a_fasta_file(source: object) -> None:
    with pytest.raises(OptionError, match="is for FASTA files"):
        read_sequence(source, "P1")


def test_a_biopython_record(sequence: str) -> None:
    from Bio.Seq import MutableSeq, Seq
    from Bio.SeqRecord import SeqRecord

    record = SeqRecord(Seq(sequence.lower()), id="P00760", description="P00760 cationic trypsin")
    found = read_sequence(record)
    assert found is not None
    assert (found.name, found.title) == ("P00760", "cationic trypsin")
    assert found.chains["A"].sequence == sequence
    nameless = read_sequence(SeqRecord(Seq("MKT")))
    assert nameless is not None
    assert nameless.name == "sequence"
    mutable = read_sequence(SeqRecord(MutableSeq("MKT"), id="mutable"))
    assert mutable is not None
    assert mutable.chains["A"].sequence == "MKT"


def test_records_without_a_sequence() -> None:
    from types import SimpleNamespace

    from Bio.Seq import Seq
    from Bio.SeqRecord import SeqRecord

    with pytest.raises(StructureError, match="one-letter code, got 'MK-T'"):
        read_sequence(SeqRecord(Seq("MK-T"), id="gap"))
    for seq in (Seq(None, length=10), Seq({3: "MKT"}, length=10), None, Seq(b"MK\xc0")):
        with pytest.raises(StructureError, match="expected a record whose seq is a protein seq"):
            read_sequence(SeqRecord(seq, id="odd"))
    # A row of a table has these names, too; NaN is what pandas has for a missing cell.
    for cell in (float("nan"), 10**12, True, ["M", "K"]):
        with pytest.raises(StructureError, match="expected a record whose seq is a protein seq"):
            read_sequence(SimpleNamespace(id="row", seq=cell))


@pytest.mark.parametrize("as_text", [True, False])
def test_a_sequence_longer_than_any_protein(as_text: bool) -> None:
    from Bio.Seq import Seq
    from Bio.SeqRecord import SeqRecord

    text = "A" * 2_000_000
    with pytest.raises(StructureError, match="2,000,000 letters is longer than any protein"):
        read_sequence(text if as_text else SeqRecord(Seq(text), id="long"))


def test_a_scene_without_coordinates(scene: Scene) -> None:
    assert not scene.has_structure
    assert scene.title == f"sequence · {MODEL}"
    assert scene.chain.residue_labels[:2] == ("A:ILE1", "A:VAL2")
    assert not scene.tracks
    assert {"contact_precision", "enrichment"}.isdisjoint(score.name for score in scene.menu)
    assert "best_heads" not in scene.map_kinds
    wire = scene.wire()
    assert (wire["meta"]["has_structure"], wire["structure"]) == (False, "")
    assert [one["name"] for one in wire["meta"]["scores"]] == [one.name for one in scene.menu]
    assert wire["attention"]["arrays"]["scores"]["shape"][0] == len(scene.menu)
    json.dumps(wire["meta"], allow_nan=False)


def test_attention_is_that_of_the_chain(scene: Scene, structure: Structure) -> None:
    whole, _ = open_scene(structure, MODEL)
    for name in ("special_share", "mean_separation", "entropy"):
        np.testing.assert_array_equal(scene.scores[name], whole.scores[name])
    assert np.isnan(scene.scores["contact_precision"]).all()
    np.testing.assert_array_equal(scene.wire_map(3)["data"], whole.wire_map(3)["data"])


def test_views_and_tables_of_a_sequence(scene: Scene, sequence: str) -> None:
    _, view = open_scene(sequence, MODEL, top_k=40, layer=1)
    assert view.color_by == "weight"
    links = frames.links(scene, view)
    assert len(links) == 40
    assert {"distance", "contact"}.isdisjoint(links)
    assert len(frames.contact_frame(scene)) == 0
    assert "contacts" not in describe_view(scene, view)
    assert plot_view(scene, view).axes[0].get_title(loc="left") == "strongest links"
    for kind in FIGURES:
        assert draw_view(scene, view, kind).axes
    assert "sequence · mini-positions" in page_text(scene, view, maps=(), maps_bytes=0)


def test_own_tracks_of_a_sequence(sequence: str) -> None:
    charged = {"charged": [letter in "DEKR" for letter in sequence]}
    found, view = open_scene(sequence, MODEL, tracks=charged, shown_tracks=["charged"])
    assert list(found.tracks) == ["charged"]
    heads = frames.find_heads(found, view, "charged")
    assert np.isfinite(heads["proportion"]).all()


# -- a structure, later --


def test_the_structure_of_the_very_sequence_is_the_structure(
    scene: Scene, structure: Structure
) -> None:
    placed = with_structure(scene, structure)
    expected, _ = open_scene(structure, MODEL)
    assert placed.chain.residue_labels == expected.chain.residue_labels
    assert placed.structure.to_mmcif() == structure.to_mmcif()
    assert list(placed.tracks) == list(expected.tracks)
    for name, values in expected.scores.items():
        np.testing.assert_array_equal(placed.scores[name], values)
    with pytest.raises(OptionError, match="a structure already, 1GBT"):
        with_structure(placed, structure)


def test_tags_gaps_and_exchanges(structure: Structure, sequence: str) -> None:
    chain = structure.chains["A"]
    # A tag before, five residues of the structure left out, two exchanged, a loop put in.
    letters = list(sequence)
    letters[30], letters[31] = "W", "W"
    given = "GSHHH" + "".join(letters[:100] + letters[105:150]) + "GGGG" + "".join(letters[150:])
    bare, _ = open_scene(given, MODEL, tracks={"own": range(len(given))})
    with pytest.warns(StructureWarning, match="5 residues of chain A are not in the sequence"):
        placed = with_structure(bare, structure)
    found = placed.chain
    assert found.sequence == given
    own = [*range(100), *range(105, 223)]
    there = [*range(5, 105), *range(105, 150), *range(154, 227)]
    assert np.flatnonzero(found.observed).tolist() == there
    np.testing.assert_array_equal(found.coordinates()[there], chain.coordinates()[own])
    labels = [chain.residue_labels[index] for index in own]
    assert [found.residue_labels[index] for index in there] == labels
    assert len(set(found.residue_labels)) == len(given)
    assert "own" in placed.tracks
    assert "disulfide" in placed.tracks
    states = placed.tracks["secondary structure"].values
    assert (states[there] != "-").sum() > 50
    placed.structure.to_mmcif()


def test_every_chain_that_fits_is_a_copy(shared_data: Path) -> None:
    tetramer = pv.load_structure(shared_data / "structures" / "multichain" / "4hhb.cif.gz")
    bare, _ = open_scene(tetramer.chains["C"].sequence, MODEL)
    placed = with_structure(bare, tetramer)
    assert placed.chain.chain_id == "A"
    assert [copy.chain_id for copy in placed.copies] == ["C"]
    other = with_structure(bare, tetramer, chain="C")
    assert other.chain.chain_id == "C"


def test_another_protein_is_refused(scene: Scene, structure: Structure) -> None:
    bare, _ = open_scene("MKTAYIAKQRQISFVKSHFSRQLEERLGLIEVQAPILSRVGDGTQDNLSGAEKAVQVK", MODEL)
    with pytest.raises(OptionError, match="1GBT does not fit the sequence: chain A is not"):
        with_structure(bare, structure)
