"""UniProt entries, written in all their forms, and how they lie on a chain."""

from __future__ import annotations

import json

import numpy as np
import pytest

from protvis.annotations import (
    Feature,
    UniProtEntry,
    feature_tracks,
    map_by_alignment,
    map_by_sifts,
    read_uniprot,
)
from protvis.errors import AnnotationError
from protvis.structure import load_structure
from tests.structure.chain_files import THREE, Residue, pdb_text

SEQUENCE = "MKTAYIAKQRQISFVKSHFSRQLEERLGLIEVQAPILSRVGDGTQDNLSGAEKAVQVK"
# The chain is most of the sequence, with a tag before it and a gap in it.
LETTERS = "HH" + SEQUENCE[:39]


def chain_of(letters: str = LETTERS, unobserved=(5, 6)):
    rows = [
        Residue(THREE[letter], number, observed=index not in unobserved)
        for index, (number, letter) in enumerate(zip(range(-1, 200), letters, strict=False))
    ]
    return load_structure(pdb_text(rows).encode()).chains["A"]


@pytest.fixture(scope="module")
def chain():
    return chain_of()


def entry(*features: Feature) -> UniProtEntry:
    return UniProtEntry("P99999", SEQUENCE, features)


def test_alignment_leaves_tags_out_and_keeps_gaps(chain):
    mapping = map_by_alignment(chain, SEQUENCE, accession="P99999")
    assert mapping.positions.tolist() == [0, 0, *range(1, 40)]
    assert mapping.identity == 1.0
    assert mapping.residue_of(1) == 2
    assert mapping.residue_of(58) is None


def test_another_protein_is_refused(chain):
    with pytest.raises(AnnotationError, match="chain A is not P12345"):
        map_by_alignment(chain, SEQUENCE[::-1], accession="P12345")
    with pytest.raises(AnnotationError, match="no sequence of P12345"):
        map_by_alignment(chain, "", accession="P12345")
    mutant = list(LETTERS)
    mutant[10:16] = "WWWWWW"
    with pytest.raises(AnnotationError, match=r"8\d % of them identical"):
        map_by_alignment(chain_of("".join(mutant)), SEQUENCE)
    assert map_by_alignment(chain_of("".join(mutant)), SEQUENCE, min_identity=0.8).identity < 0.9


def test_features_become_tracks(chain):
    mapping = map_by_alignment(chain, SEQUENCE, accession="P99999")
    tracks, skipped = feature_tracks(
        entry(
            Feature("BINDING", 5, 5, "substrate"),
            Feature("ACT_SITE", 10, 10, "Proton donor"),
            Feature("DISULFID", 8, 20),
            Feature("DOMAIN", 3, 30, "One"),
            Feature("REPEAT", 10, 12, "Two"),
            Feature("MOD_RES", None, 9, "somewhere"),
            Feature("CARBOHYD", 58, 58, "not in the chain"),
        ),
        chain,
        mapping,
    )
    by_name = {track.name: track for track in tracks}
    assert set(by_name) == {
        "UniProt binding site", "UniProt active site", "UniProt disulfide", "UniProt domain",
    }  # fmt: skip
    assert dict(by_name["UniProt binding site"].notes) == {6: "substrate"}
    # The two positions of a disulfide are two residues, not a stretch.
    assert np.flatnonzero(by_name["UniProt disulfide"].values).tolist() == [9, 21]
    domain = by_name["UniProt domain"]
    assert domain.names == ("One", "Two")
    assert domain.mask("Two").sum() == 3
    assert domain.mask().sum() == 28
    assert skipped == ["MOD_RES ?–9: no exact position"]


def test_a_feature_of_absurd_length_costs_nothing(chain):
    mapping = map_by_alignment(chain, SEQUENCE)
    tracks, _ = feature_tracks(entry(Feature("DOMAIN", 1, 10**15, "all")), chain, mapping)
    assert tracks[0].mask().sum() == 39


def test_a_mapping_of_another_entry_is_refused(chain):
    mapping = map_by_alignment(chain, SEQUENCE, accession="P11111")
    with pytest.raises(AnnotationError, match="the mapping is of P11111"):
        feature_tracks(entry(), chain, mapping)


TEXT = f"""ID   TEST_HUMAN              Reviewed;          {len(SEQUENCE)} AA.
AC   P99999;
DT   01-JAN-2000, integrated into UniProtKB/Swiss-Prot.
DE   RecName: Full=Test;
OS   Homo sapiens (Human).
OX   NCBI_TaxID=9606;
FT   BINDING         5
FT                   /note="substrate"
FT   DOMAIN          <1..30
FT                   /note="One"
SQ   SEQUENCE   {len(SEQUENCE)} AA;  6000 MW;  0000000000000000 CRC64;
     {SEQUENCE}
//
"""
GFF = """##gff-version 3
##sequence-region P99999 1 58
P99999\tUniProtKB\tBinding site\t5\t5\t.\t.\t.\tNote=substrate%3B bound
"""
XML = f"""<?xml version="1.0"?><uniprot xmlns="http://uniprot.org/uniprot"><entry>
<accession>P99999</accession>
<feature type="binding site" description="substrate"><location><position position="5"/></location>
</feature><feature type="domain" description="One"><location>
<begin position="1" status="less than"/><end position="30"/></location></feature>
<sequence>{SEQUENCE}</sequence></entry></uniprot>"""
JSON = json.dumps({
    "primaryAccession": "P99999", "sequence": {"value": SEQUENCE},
    "features": [
        {"type": "Binding site", "description": "substrate",
         "location": {"start": {"value": 5}, "end": {"value": 5}}},
        {"type": "Domain", "description": "One",
         "location": {"start": {"value": 1, "modifier": "OUTSIDE"}, "end": {"value": 30}}},
    ],
})  # fmt: skip


@pytest.mark.parametrize("form", [TEXT, XML, JSON], ids=["text", "xml", "json"])
def test_each_form_says_the_same(form):
    (read,) = read_uniprot(form.encode())
    assert read.accession == "P99999"
    assert read.sequence == SEQUENCE
    assert read.features == (
        Feature("BINDING", 5, 5, "substrate"), Feature("DOMAIN", None, 30, "One"),
    )  # fmt: skip


def test_gff_has_features_alone(chain):
    (read,) = read_uniprot(GFF.encode())
    assert read == UniProtEntry("P99999", "", (Feature("BINDING", 5, 5, "substrate; bound"),))
    with pytest.raises(AnnotationError, match="GFF files have none"):
        map_by_alignment(chain, read.sequence, accession=read.accession)


@pytest.mark.parametrize(
    "data",
    [
        b"", b"hello", b"<html><body>404</body></html>", b"<uniprot", b'{"url": "x"}', b"{", b"[1]",
        b"ID   X\nFT   nonsense\n//\n", TEXT.replace(" CRC64;", "").encode(),
        b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><uniprot>&b;</uniprot>',
    ],
)  # fmt: skip
def test_what_is_no_entry_is_refused(data):
    with pytest.raises(AnnotationError):
        read_uniprot(data)


def test_a_missing_file_is_an_annotation_error(tmp_path, chain):
    with pytest.raises(AnnotationError, match="there is no file"):
        read_uniprot(tmp_path / "P99999.txt")
    with pytest.raises(AnnotationError, match="there is no file"):
        map_by_sifts(tmp_path / "9tst.xml.gz", chain)


def sifts_xml(chain) -> bytes:
    rows = []
    for index, number in enumerate(chain.residue_numbers.tolist()):
        author = str(number) if chain.observed[index] else "null"
        uniprot = (
            f'<crossRefDb dbSource="UniProt" dbAccessionId="P99999" dbResNum="{index - 1}" '
            f'dbResName="{chain.sequence[index]}"/>' if index >= 2 else ""
        )  # fmt: skip
        rows.append(
            f'<residue dbSource="PDBe" dbResNum="{index + 1}"><crossRefDb dbSource="PDB" '
            f'dbResNum="{author}" dbChainId="A"/>{uniprot}</residue>'
        )
    return f'<entry xmlns="http://sifts">{"".join(rows)}</entry>'.encode()


def test_sifts_xml_maps_unobserved_residues_too(chain):
    mapping = map_by_sifts(sifts_xml(chain), chain)
    assert mapping.accession == "P99999"
    assert mapping.positions.tolist() == [0, 0, *range(1, 40)]
    assert mapping.identity == 1.0
    with pytest.raises(AnnotationError, match="says nothing about chain A and P11111"):
        map_by_sifts(sifts_xml(chain), chain, accession="P11111")


@pytest.mark.parametrize("delimiter", ["\t", ","])
def test_sifts_tables_map_stretches(chain, delimiter):
    rows = [
        "PDB CHAIN SP_PRIMARY RES_BEG RES_END PDB_BEG PDB_END SP_BEG SP_END",
        "9tst A P99999 3 20 1 18 1 18",
        "9tst A P99999 21 41 19 None 19 39",
        "9tst B P11111 1 41 -1 39 1 41",
    ]
    table = "# SIFTS\n" + "\n".join(delimiter.join(row.split()) for row in rows)
    mapping = map_by_sifts(table.encode(), chain, entry="9TST")
    assert mapping.positions.tolist() == [0, 0, *range(1, 40)]
    assert mapping.identity is None
    with pytest.raises(AnnotationError, match="say which one with `entry`"):
        map_by_sifts(table.encode(), chain)
    with pytest.raises(AnnotationError, match="says nothing about chain A"):
        map_by_sifts(table.encode(), chain, entry="1abc")
    with pytest.raises(AnnotationError, match="not a SIFTS table"):
        map_by_sifts(b"a\tb\n1\t2\n", chain, entry="1abc")
