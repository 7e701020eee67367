"""Chains against outputs of DSSP: residues, secondary structure, accessible areas.

From hydrogen bonds the states are those of DSSP, residue for residue. P-SEA, which serves where
there are only Cα, finds fewer strands, above all short and bent ones; how far it agrees is
measured.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from protvis.annotations import compute_secondary_structure, relative_accessibility
from protvis.annotations.accessibility import MAX_AREA
from protvis.annotations.secondary import from_calphas
from protvis.structure import load_structure
from tests.structure.collected import SHARED


@pytest.fixture(scope="module")
def shared_structures(shared_data):
    return shared_data / "structures"


pytestmark = [
    pytest.mark.skipif(not SHARED.is_dir(), reason="../shared/data is not here"),
    pytest.mark.filterwarnings("ignore::protvis.errors.StructureWarning"),
]
# DSSP file, structure, share of residues to which P-SEA gives the same of three states.
FILES = [
    ("1cbs.dssp", "plain/1cbs.cif.gz", 0.81),
    ("2beg.dssp", "multichain/2beg.pdb", 0.846),
    ("2beg_noheader.dssp", "multichain/2beg.pdb", 0.846),
    ("ts50/1ahsA.dssp", "dssp/ts50/1ahsA.pdb", 0.722),
    ("ts50/1bvyF.dssp", "dssp/ts50/1bvyF.pdb", 0.908),
    ("ts50/1h4aX.dssp", "dssp/ts50/1h4aX.pdb", 0.723),
    ("ts50/2cayA.dssp", "dssp/ts50/2cayA.pdb", 0.811),
    ("ts50/3ii2A.dssp", "dssp/ts50/3ii2A.pdb", 0.88),
    ("ts50/3nzmA.dssp", "dssp/ts50/3nzmA.pdb", 0.644),
]
# Its accessible areas pass those of a free residue: it counted alternate locations on top.
ODD_AREAS = {"ts50/2cayA.dssp"}


class Row(NamedTuple):
    chain_id: str
    number: int
    code: str
    letter: str
    state: str
    area: int


def rows_of(path: Path) -> Iterator[Row]:
    """The residues of a classic DSSP file; chain breaks ("!") are none."""
    _, _, table = path.read_text().partition("  #  RESIDUE")
    for line in table.splitlines()[1:]:
        if line[13] != "!":
            # Cysteines of a disulfide are lower case letters, one for each bond.
            letter = "C" if line[13].islower() else line[13]
            number = int(line[5:10])
            yield Row(line[11], number, line[10].strip(), letter, line[16], int(line[34:38]))


@pytest.mark.parametrize(("name", "file", "by_calphas"), FILES)
def test_residues_and_states(shared_structures, name, file, by_calphas):
    structure = load_structure(shared_structures / file)
    rows = list(rows_of(shared_structures / "dssp" / name))
    places = []
    for row in rows:
        chain = structure.chains[row.chain_id]
        index = chain.position_of(row.number, row.code)
        assert index is not None, row
        assert chain.sequence[index] == row.letter
        places.append((row.chain_id, index))
    # Every residue observed is there, once, in order.
    assert places == [
        (chain_id, index)
        for chain_id, chain in structure.chains.items()
        for index in np.flatnonzero(chain.observed)
    ]
    theirs = [row.state if row.state in "HE" else "-" for row in rows]
    chains = structure.chains
    states = {
        chain_id: compute_secondary_structure(
            chain, [other for other in chains.values() if other is not chain]
        ).values
        for chain_id, chain in chains.items()
    }
    assert [states[chain_id][index] for chain_id, index in places] == theirs
    states = {chain_id: from_calphas(chain).values for chain_id, chain in chains.items()}
    same = [states[chain_id][index] for chain_id, index in places]
    assert np.mean(np.array(same) == theirs) == pytest.approx(by_calphas, abs=0.005)


@pytest.mark.parametrize(("name", "file"), [row[:2] for row in FILES])
def test_accessible_areas(shared_structures, name, file):
    structure = load_structure(shared_structures / file)
    ours, theirs = [], []
    fractions = {
        chain_id: relative_accessibility(structure, chain_id).values
        for chain_id in structure.chains
    }
    for row in rows_of(shared_structures / "dssp" / name):
        index = structure.chains[row.chain_id].position_of(row.number, row.code)
        ours.append(fractions[row.chain_id][index] * MAX_AREA[row.letter])
        theirs.append(row.area)
    assert np.corrcoef(ours, theirs)[0, 1] > 0.95
    if name not in ODD_AREAS:
        assert sum(ours) == pytest.approx(sum(theirs), rel=0.06)
        # Å², of residues of 100 to 290.
        assert np.abs(np.subtract(ours, theirs)).mean() < 9
