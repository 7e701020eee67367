"""Chains against values computed by other programs, where the collected files are at hand."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from protvis.structure import load_structure
from protvis.structure.contacts import distance_map
from tests.structure.collected import references

REFERENCES = references()
CHAINS = [(entry, chain_id) for entry in REFERENCES for chain_id in REFERENCES[entry]["chains"]]
# A cap is a row in the reference and no residue here.
CAPS = {("7hvp", "C"): [0]}

pytestmark = pytest.mark.skipif(not REFERENCES, reason="../shared/data/reference is not here")


@pytest.fixture(scope="module")
def structures(shared_structures):
    return {
        entry: load_structure(shared_structures / reference["file"])
        for entry, reference in REFERENCES.items()
    }


@pytest.fixture
def pair(request, structures):
    entry, chain_id = request.param
    reference = dict(REFERENCES[entry]["chains"][chain_id])
    drop = CAPS.get((entry, chain_id), [])
    for key in ("auth_seq", "label_seq"):
        reference[key] = [value for row, value in enumerate(reference[key]) if row not in drop]
    for key in ("seq_observed_X", "seq_observed_parent", "seqres_parent"):
        letters = reference[key]
        reference[key] = "".join(c for row, c in enumerate(letters) if row not in drop)
    return structures[entry].chains[chain_id], reference, bool(drop)


each_chain = pytest.mark.parametrize("pair", CHAINS, indirect=True, ids="-".join)


@each_chain
def test_sequence_of_the_observed_residues(pair):
    chain, reference, _ = pair
    observed = np.flatnonzero(chain.observed)
    assert "".join(chain.sequence[index] for index in observed) == reference["seq_observed_parent"]


@each_chain
def test_modelled_sequence_is_that_of_seqres(pair):
    chain, reference, _ = pair
    # Where several residues share a position, SEQRES and the occupancies may choose differently.
    shared = {index for index, names in enumerate(chain.variants) if len(names) > 1}
    letters = [
        [c for i, c in enumerate(text) if i not in shared]
        for text in (chain.sequence, reference["seqres_parent"])
    ]
    assert len(chain.sequence) == len(reference["seqres_parent"])
    assert letters[0] == letters[1]


@each_chain
def test_author_numbers_and_places_in_seqres(pair):
    chain, reference, _ = pair
    observed = np.flatnonzero(chain.observed)
    numbers = [
        f"{chain.residue_numbers[index]}{chain.insertion_codes[index]}" for index in observed
    ]
    assert numbers == reference["auth_seq"]
    assert chain.seqres_positions[observed].tolist() == reference["label_seq"]


@each_chain
@pytest.mark.parametrize(
    ("atom", "key"),
    [("CB", "cb_ca_for_gly"), ("CA", "ca"), ("virtual_cb", "virtual_cb_all")],
)
def test_contacts_by_both_separation_rules(pair, atom, key):
    chain, reference, is_shifted = pair
    expected = reference["contacts"][key]
    on_sequence = np.triu(chain.contact_map(atom=atom))
    assert on_sequence.sum() == expected["n_sep_label_seq"]
    # The same with separation counted over the observed residues, as if gaps were closed up.
    observed = np.flatnonzero(chain.observed)
    near = chain.contact_map(atom=atom, min_separation=0)[np.ix_(observed, observed)]
    pairs = [[int(i), int(j)] for i, j in np.argwhere(np.triu(near, 6))]
    assert len(pairs) == expected["n_sep_observed_index"]
    if "pairs_observed_index_0based" in expected and not is_shifted:
        assert pairs == expected["pairs_observed_index_0based"]
    text = "\n".join(f"{i},{j}" for i, j in pairs)
    assert hashlib.sha256(text.encode()).hexdigest() == expected["sha256_pairs_observed_index"]


@pytest.mark.parametrize("entry", REFERENCES)
def test_contacts_between_chains(structures, entry):
    chains = structures[entry].chains
    for names, expected in REFERENCES[entry]["interchain_contacts_cb_ca_for_gly_lt8"].items():
        first, second = (chains[name].coordinates() for name in names.split("-"))
        assert (distance_map(first, second) < 8.0).sum() == expected, names
