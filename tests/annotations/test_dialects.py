"""UniProt entries and tables of values as other programs write them."""

from __future__ import annotations

import json

import numpy as np
import pytest

from protvis.annotations import map_by_alignment, read_uniprot, track
from protvis.annotations.uniprot_features import feature_tracks
from protvis.structure import load_structure
from tests.structure.dialects import load
from tests.structure.peptides import LETTERS, pdb, peptide


def uniprot(form: str) -> bytes:
    """Write two features of the entry, and two of an isoform's sequence."""
    rows = [("", 6), ("X00001-2", 12), ("X00001-3", 1), ("", 11)]
    if form == "text":
        features = "".join(
            f"FT   MOD_RES         {isoform + ':' if isoform else ''}{at}\n"
            f'FT                   /note="Phosphoserine"\n'
            for isoform, at in rows
        )
        return (
            "ID   TEST_HUMAN              Reviewed;          12 AA.\nAC   X00001;\n"
            f"{features}SQ   SEQUENCE   12 AA;  1 MW;  0 CRC64;\n     {LETTERS}\n//\n"
        ).encode()
    if form == "json":
        edge = lambda at: {"value": at, "modifier": "EXACT"}  # noqa: E731
        features = [
            {"type": "Modified residue", "description": "Phosphoserine",
             "location": {"start": edge(at), "end": edge(at)} | ({"sequence": i} if i else {})}
            for i, at in rows
        ]  # fmt: skip
        return json.dumps({"primaryAccession": "X00001", "sequence": {"value": LETTERS},
                           "features": features}).encode()  # fmt: skip
    features = "".join(
        f'<feature type="modified residue" description="Phosphoserine"><location'
        f'{f" sequence={chr(34)}{i}{chr(34)}" if i else ""}><position position="{at}"/>'
        "</location></feature>"
        for i, at in rows
    )
    return (
        f"<uniprot><entry><accession>X00001</accession>{features}"
        f"<sequence>{LETTERS}</sequence></entry></uniprot>"
    ).encode()


@pytest.mark.parametrize("form", ["text", "json", "xml"])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_features_of_isoforms_are_left_out_and_listed(form, ends):
    chain = load(pdb(peptide())).chains["A"]
    (entry,) = read_uniprot(b"\xef\xbb\xbf" + uniprot(form).replace(b"\n", ends.encode()))
    mapping = map_by_alignment(chain, entry.sequence, accession="X00001")
    (modified,), skipped = feature_tracks(entry, chain, mapping)
    assert np.flatnonzero(modified.values).tolist() == [5, 10]
    assert skipped == [
        "MOD_RES 12–12: counted on the sequence of isoform X00001-2",
        "MOD_RES 1–1: counted on the sequence of isoform X00001-3",
    ]


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_own_values_in_any_form(tmp_path, ends):
    chain = load(pdb(peptide())).chains["A"]
    path = tmp_path / "values.csv"
    path.write_bytes(b"\xef\xbb\xbf" + f"A:THR1,0.5{ends}A:ASN12,2{ends}".encode())
    assert track(chain, path).values[[0, 11]].tolist() == [0.5, 2.0]
    assert track(chain, {"\ufeffA:THR1": 1.5}).values[0] == 1.5


@pytest.mark.parametrize("form", ["txt", "json"])
def test_the_collected_isoform(shared_data, form):
    (entry,) = read_uniprot(shared_data / "dialects" / f"10_isoform.{form}")
    chain = load_structure(shared_data / "dialects" / "16_as_glycine.pdb").chains["A"]
    tracks, _ = feature_tracks(entry, chain, map_by_alignment(chain, entry.sequence))
    marked = [chain.residue_labels[at] for at in np.flatnonzero(tracks[0].values)]
    assert marked == ["A:SER6"]
