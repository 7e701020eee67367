"""IMGT-like numbers and regions of antibodies."""

from __future__ import annotations

import json
from pathlib import Path

import gemmi
import numpy as np
import pytest

import protvis as pv
from protvis.annotations import annotate, antibody_regions, imgt_numbers
from protvis.datasets import StructureDataset
from protvis.errors import OptionError
from tests.structure.chain_files import Residue, pdb_text

# Variable domains of trastuzumab and of a lambda chain of the λ6 family.
HEAVY = (
    "EVQLVESGGGLVQPGGSLRLSCAASGFNIKDTYIHWVRQAPGKGLEWVARIYPTNGYTRYADSVKGRFTISADTSKNTAYLQMNSLRAEDTAVYYC"
    "SRWGGDGFYAMDYWGQGTLVTVSS"
)
LIGHT = (
    "DIQMTQSPSSLSASVGDRVTITCRASQDVNTAVAWYQQKPGKAPKLLIYSASFLYSGVPSRFSGSRSGTDFTLTISSLQPEDFATYYCQQHYTTPPTFG"
    "QGTKVEIK"
)
LAMBDA = (
    "NFMLTQPHSVSESPGKTVTISCTGSSGSIASNYVQWYQQRPGSAPTTVIYEDNQRPSGVPDRFSGSIDSSSNSASLTISGLKTEDEADYYCQSYDSSNH"
    "VVFGGGTKLTV"
)


def structure_of(sequence: str) -> pv.Structure:
    names = gemmi.expand_one_letter_sequence(sequence, gemmi.ResidueKind.AA)
    rows = [Residue(name, number) for number, name in enumerate(names, 1)]
    return pv.load_structure(pdb_text(rows).encode())


def regions(sequence: str) -> dict[str, str]:
    found = antibody_regions(structure_of(sequence), "A")
    letters = np.array(list(sequence))
    return {name: "".join(letters[found.named(name)]) for name in found.value_names if name != "-"}


@pytest.mark.parametrize(
    ("sequence", "loops"),
    [
        (HEAVY, ["GFNIKDTY", "IYPTNGYT", "SRWGGDGFYAMDY"]),
        (LIGHT, ["QDVNTA", "SAS", "QQHYTTPPT"]),
        (LAMBDA, ["SGSIASNY", "EDN", "QSYDSSNHVV"]),
    ],
)
def test_the_loops_are_those_of_imgt(sequence: str, loops: list[str]) -> None:
    found = regions(sequence)
    assert [found[f"CDR{number}"] for number in (1, 2, 3)] == loops
    assert "".join(found.values()) == "".join(
        found[name] for name in ("FR1", "CDR1", "FR2", "CDR2", "FR3", "CDR3", "FR4")
    )
    assert sum(map(len, found.values())) == len(sequence)


def test_anchors_and_gaps_have_their_numbers() -> None:
    for sequence, without in ((HEAVY, {10, 73}), (LIGHT, {73, 81, 82}), (LAMBDA, {10, 73})):
        values = imgt_numbers(structure_of(sequence), "A").values
        at = {int(number): letter for number, letter in zip(values, sequence, strict=True)}
        assert (at[23], at[41], at[104]) == ("C", "W", "C")
        assert at[118] in "WF"
        framework = {*range(1, 27), *range(39, 56), *range(66, 105)}
        assert framework - set(at) == without


def test_long_loops_have_insertions_in_the_middle() -> None:
    sequence = HEAVY.replace("SRWGGDGFYAMDY", "SRWGGDGAAAAAFYAMDY")
    values = imgt_numbers(structure_of(sequence), "A").values
    third = values[sequence.index("SRW") : sequence.index("WGQG")]
    middle = [111, 111.1, 111.2, 112.3, 112.2, 112.1, 112]
    assert third == pytest.approx([*range(105, 111), *middle, *range(113, 118)])


def test_two_domains_of_one_chain_and_what_surrounds_them() -> None:
    linker = "GGGGSGGGGSGGGGS"
    values = imgt_numbers(structure_of("MKA" + HEAVY + linker + LIGHT + "RTVAAP"), "A").values
    assert np.isnan(values[3:][len(HEAVY) :][: len(linker)]).all()
    assert np.isnan(values[:3]).all()
    alone = imgt_numbers(structure_of(LIGHT), "A").values
    assert values[3 + len(HEAVY + linker) :][: len(LIGHT)] == pytest.approx(alone)


def test_other_proteins_have_no_such_tracks(demo_structure: Path) -> None:
    tracks = annotate(pv.load_structure(demo_structure), "A")
    assert not {"IMGT number", "antibody region"} & set(tracks)
    assert {"IMGT number", "antibody region"} <= set(annotate(structure_of(HEAVY), "A"))


def test_regions_are_counted_and_numbers_are_not() -> None:
    data = StructureDataset([structure_of(HEAVY)])
    assert data.features()["antibody_region"][:2] == ("FR1", "CDR1")
    [record] = data.read(data.keys[0]).records
    assert record.tracks["imgt"].values[0] == 1
    with pytest.raises(OptionError, match="imgt"):
        pv.analyze(data, "mini", features="imgt", progress=False)


@pytest.mark.slow
def test_real_domains_have_the_numbers_of_another_program(shared_data: Path) -> None:
    domains = json.loads((shared_data / "antibodies" / "domains.json").read_text())
    same = []
    for domain in domains:
        values = imgt_numbers(structure_of(domain["sequence"]), "A").values
        same += (np.floor(values) == np.floor(domain["position"])).tolist()
    assert np.mean(same) > 0.985
