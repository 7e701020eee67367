"""Real entries of UniProt, SIFTS, DSSP and ProVis against real structures, where at hand."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest

from protvis.annotations import (
    Track,
    annotate,
    annotate_chains,
    compute_secondary_structure,
    feature_tracks,
    map_by_alignment,
    map_by_sifts,
    plddt,
    read_uniprot,
    secondary_structure,
)
from protvis.annotations.secondary import from_calphas
from protvis.errors import AnnotationError, StructureWarning
from protvis.structure import load_structure
from tests.structure.collected import REFUSED, SHARED, references, shared_files

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="../shared/data is not here")


def load(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", StructureWarning)
        return load_structure(path)


@pytest.fixture(scope="module")
def folder():
    return SHARED / "annotations"


def test_uniprot_formats_agree(folder):
    text, gff, xml = (
        read_uniprot(folder / "uniprot" / f"P0ABP8.{form}")[0] for form in ("txt", "gff", "xml")
    )
    assert text.accession == gff.accession == xml.accession == "P0ABP8"
    assert text.sequence == xml.sequence
    assert len(text.sequence) == 239
    assert gff.sequence == ""

    def places(entry):
        return {(feature.kind, feature.start, feature.end) for feature in entry.features}

    assert places(text) == places(xml)
    # Two features of the GFF file are commented out.
    assert places(text) - places(gff) == {("INIT_MET", 1, 1), ("CHAIN", 2, 239)}
    assert not places(gff) - places(text)


def test_files_of_several_entries(folder):
    texts = read_uniprot(folder / "uniprot" / "multi_ex.txt")
    tables = read_uniprot(folder / "uniprot" / "multi_ex.gff")
    assert [e.accession for e in texts] == [e.accession for e in tables]
    assert len(texts) == 8


def test_json_and_positions_that_are_not_exact(folder):
    (entry,) = read_uniprot(folder / "uniprot" / "Q8I6R7.trimmed.json")
    assert entry.accession == "Q8I6R7"
    assert len(entry.sequence) == 131
    assert (entry.features[0].start, entry.features[0].end) == (None, 130)
    assert entry.features[1].description == "Lysine amide"


def test_uniprot_features_lie_on_the_structure(folder):
    structure = load(folder / "uniprot" / "1a69.pdb.gz")
    (entry,) = read_uniprot(folder / "uniprot" / "P0ABP8.xml")
    for chain in structure.chains.values():
        mapping = map_by_alignment(chain, entry.sequence, accession=entry.accession)
        assert mapping.identity == 1.0
        assert mapping.positions.tolist() == list(range(2, 240))
        # This entry's author numbers are those of UniProt without the initiator methionine.
        assert (mapping.positions == chain.residue_numbers + 1).all()
        tracks, skipped = feature_tracks(entry, chain, mapping)
        by_name = {track.name: track for track in tracks}
        places = np.flatnonzero(by_name["UniProt binding site"].values)
        assert [int(mapping.positions[i]) for i in places] == [5, 21, 25, 44]
        assert by_name["UniProt modified residue"].notes == {chain.find("LYS26"): "N6-acetyllysine"}
        assert skipped == []
    tracks = annotate(structure, "A", uniprot=entry)
    found = np.flatnonzero(tracks["binding site"].values)
    assert set(places) & set(found)


@pytest.mark.parametrize(
    ("entry", "file", "chain_id", "accession", "n_mapped", "identity"),
    [
        ("1cbn", "altloc/1cbn.pdb", "A", "P01542", 46, 1.0),
        ("4cpa", "modres/4cpa.pdb.gz", "A", "P00730", 307, 0.97),
        ("4cpa", "modres/4cpa.pdb.gz", "I", "P01075", 36, 1.0),
        ("1dpo", "numbering/1dpo.pdb", "A", "P00763", 223, 0.995),
        ("2vqc", "modres/2vqc.pdb", "A", "P20220", 111, 1.0),
        ("1as5", "modres/1as5.cif.gz", "A", "P56529", 23, 0.91),
    ],
)
def test_sifts_maps_residue_for_residue(
    folder, shared_data, entry, file, chain_id, accession, n_mapped, identity
):
    chain = load(shared_data / "structures" / file).chains[chain_id]
    mapping = map_by_sifts(folder / "sifts" / f"{entry}.xml.gz", chain)
    assert mapping.accession == accession
    assert (mapping.positions > 0).sum() == n_mapped
    assert mapping.identity == pytest.approx(identity, abs=0.01)
    # Along the chain the positions rise.
    assert (np.diff(mapping.positions[mapping.positions > 0]) > 0).all()


def test_sifts_summary_table(folder, shared_data):
    protease = load(shared_data / "structures" / "paper/7hvp.pdb").chains["B"]
    # The table has no 7HVP; 1HIV is the same protein, residue for residue.
    mapping = map_by_sifts(folder / "sifts" / "mock_sifts.tsv", protease, entry="1HIV")
    assert mapping.accession == "P04585"
    assert mapping.positions.tolist() == list(range(489, 588))
    with pytest.raises(AnnotationError, match="says nothing about chain B"):
        map_by_sifts(folder / "sifts" / "mock_sifts.tsv", protease, entry="7hvp")


@pytest.mark.parametrize(("entry", "chain_id", "n_sites"), [("1bvy", "F", 20), ("3ii2", "A", 18)])
def test_provis_records_join_residue_for_residue(folder, shared_data, entry, chain_id, n_sites):
    lines = (folder / "provis" / "binding_site_valid.sample.jsonl").read_text().splitlines()
    records = {record["id"]: record for record in map(json.loads, lines)}
    record = records.get(f"{entry}.{chain_id}")
    if record is None:
        pytest.skip(f"{entry}.{chain_id} is not among the decoded sample records")
    path = shared_data / "structures" / "dssp" / "ts50" / f"{entry}{chain_id}.pdb"
    chain = load(path).chains[chain_id]
    assert chain.sequence == record["primary"]
    assert chain.residue_numbers.tolist() == record["positions"]
    assert sum(chain.position_of(number) is not None for number in record["sites"]) == n_sites


@pytest.mark.parametrize("entry", references())
def test_computed_secondary_structure_is_that_of_dssp(shared_data, entry):
    reference = references()[entry]
    chains = load(shared_data / "structures" / reference["file"]).chains
    for chain_id, values in reference["chains"].items():
        chain = chains[chain_id]
        others = [other for other in chains.values() if other is not chain]
        found = compute_secondary_structure(chain, others).values
        # A cap is a row of DSSP and no residue here.
        by_number = {
            number: state if state in "HE" else "-"
            for number, state in zip(values["auth_seq"], values["dssp8"], strict=True)
        }
        different = [
            chain.residue_labels[index]
            for index in np.flatnonzero(chain.observed)
            if by_number[f"{chain.residue_numbers[index]}{chain.insertion_codes[index]}"]
            != found[index]
        ]
        # DSSP leaves out the two residues of 1CBN that come in two kinds, and with them a turn.
        assert different == (
            ["A:GLU23", "A:ALA24", "A:LEU25", "A:CYS26"] if entry == "1cbn" else []
        )


def test_secondary_structure_from_calphas_agrees_as_documented(shared_data):
    agreeing = total = 0
    for reference in references().values():
        structure = load(shared_data / "structures" / reference["file"])
        for chain_id, values in reference["chains"].items():
            chain = structure.chains[chain_id]
            observed = np.flatnonzero(chain.observed)
            if len(observed) < 20:
                continue
            ours = from_calphas(chain).values[observed]
            theirs = np.array([c if c in "HE" else "-" for c in values["dssp8"]])
            agreeing += int((ours == theirs).sum())
            total += len(theirs)
    assert total == 1510
    assert agreeing / total == pytest.approx(0.82, abs=0.005)


def test_the_files_own_secondary_structure_comes_first(shared_data):
    structure = load(shared_data / "structures" / "plain/1crn.pdb")
    track = secondary_structure(structure.chains["A"])
    assert track.source == "records of the file"
    assert "".join(track.values) == structure.chains["A"].secondary_structure
    bare = load(shared_data / "structures" / "paper/1a3a.pdb").chains["A"]
    assert "Kabsch and Sander" in secondary_structure(bare).source
    assert set(secondary_structure(bare).values) == set("HE-")
    traced = load(shared_data / "structures" / "coarse/1lzh_ca_only.pdb.gz").chains["A"]
    assert "P-SEA" in secondary_structure(traced).source


def test_plddt_is_for_predictions_that_say_so(shared_data):
    folder = shared_data / "structures"
    track = plddt(load(folder / "predicted/AF-V9WDR2-F1-model_v4.cif"), "A")
    assert track.kind == "number"
    assert track.values.min() > 20
    assert track.values.max() <= 100
    one, other = (
        plddt(load(folder / f"predicted/AF-Q5VSL9-F1-model_v4.{form}.gz"), "A").values
        for form in ("pdb", "cif")
    )
    np.testing.assert_allclose(one, other, atol=0.01)
    for name in ("plain/1crn.pdb", "predicted/rosetta_model.cif", "predicted/2n2u.pdb"):
        structure = load(folder / name)
        with pytest.raises(AnnotationError, match="does not say"):
            plddt(structure, next(iter(structure.chains)))


@pytest.mark.parametrize(
    ("file", "chain_id", "expected"),
    [
        ("paper/7hvp.pdb", "A", {"binding site", "interface", "modified residue"}),
        ("multichain/7ddo.pdb.gz", "C", {"glycosylation", "disulfide", "interface"}),
        ("numbering/1a4w.cif", "H", {"binding site", "disulfide", "disulfide bonds"}),
        ("coarse/1lzh_ca_only.pdb.gz", "A", {"secondary structure"}),
        ("modres/1xh4.pdb.gz", "A", {"modified residue", "binding site"}),
    ],
)  # fmt: skip
def test_annotate_finds(shared_data, file, chain_id, expected):
    tracks = annotate(load(shared_data / "structures" / file), chain_id)
    assert set(tracks) >= expected
    for track in tracks.values():
        assert len(track) == tracks.chain.n_residues
        assert track.source
    assert len(tracks.to_frame()) == tracks.chain.n_residues


@pytest.mark.parametrize("name", [name for name in shared_files() if name not in REFUSED])
def test_every_file_is_annotated(shared_data, name):
    structure = load(shared_data / "structures" / name)
    wanted = list(structure.chains)[:2]
    tracks = annotate_chains(structure, wanted)
    assert tracks.chain.n_residues == sum(structure.chains[one].n_residues for one in wanted)
    assert "secondary structure" in tracks
    for track in tracks.values():
        assert len(track) == tracks.chain.n_residues
        if isinstance(track, Track) and track.kind == "number":
            known = track.values[~np.isnan(track.values)]
            assert np.isfinite(known).all()
            assert (known >= 0).all()
        elif isinstance(track, Track):
            observed = track.values[tracks.chain.observed]
            assert observed.dtype.kind in "Ub"
            assert set(track.notes) <= set(range(len(track)))


def test_the_inhibitor_marks_the_active_site_of_the_protease(shared_data):
    tracks = annotate(load(shared_data / "structures" / "paper/7hvp.pdb"), "A")
    chain, site = tracks.chain, tracks["binding site"]
    for label in ("A:ASP25", "A:GLY27", "A:ILE50"):
        assert site.values[chain.find(label)]
        assert site.notes[chain.find(label)] == "peptide C"
    assert tracks["modified residue"].notes[chain.find("A:ABA67")].startswith("ABA (parent A)")
    assert "DTA: BINDING SITE" in tracks["SITE records"].notes[chain.find("A:ASP25")]
