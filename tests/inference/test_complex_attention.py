"""Chains read as one: linkers gone, gaps where models take them, distances between chains."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers

from protvis import load_structure
from protvis.attention import select_links
from protvis.errors import LabelError, OptionError, SequenceError
from protvis.inference import compute_attention, compute_complex_attention
from protvis.models import load_model
from protvis.structure import Structure, join_chains
from tests.models.checkpoints import BUILDERS

FIRST, SECOND, THIRD = "MKTAYIAKQRQ", "GSHMWWCC", "LVD"
TAKES_POSITIONS = {
    "ESM-2", "ESM-1b", "ESM C", "SaProt", "ProtBert", "ProtAlbert", "ProtElectra", "TAPE BERT",
    "GPT-2 form", "RoBERTa form",
}  # fmt: skip


@pytest.mark.parametrize("family", BUILDERS)
def test_linkers_are_read_and_removed(
    family: str,
    checkpoint: Callable[[str], Path],
) -> None:
    model = load_model(checkpoint(family))
    linker = "GGSGG"
    maps = compute_complex_attention(model, [FIRST, SECOND, THIRD], linker=linker)
    whole = compute_attention(model, linker.join([FIRST, SECOND, THIRD]))
    inside = np.r_[0:11, 16:24, 29:32]
    outside = np.setdiff1d(np.arange(32), inside)
    np.testing.assert_array_equal(maps.values, whole.values[:, :, inside][..., inside])
    np.testing.assert_allclose(
        maps.special_mass,
        whole.special_mass[..., inside] + whole.values[:, :, inside][..., outside].sum(-1),
        atol=1e-6,
    )
    np.testing.assert_allclose(maps.values.sum(-1) + maps.special_mass, 1, atol=1e-5)
    assert maps.sequence == FIRST + SECOND + THIRD
    assert maps.offsets == (0, 11, 19)
    assert maps.chain_of.tolist() == [0] * 11 + [1] * 8 + [2] * 3
    assert [maps.residue_labels[i] for i in (0, 11, 21)] == ["A:M1", "B:G1", "C:D3"]
    assert maps.provenance["linker"] == linker
    # Attention between chains is there (back only, in a causal model).
    assert maps.values[:, :, 11:19, :11].max() > 0.01


@pytest.mark.parametrize("family", BUILDERS)
def test_position_gaps(family: str, checkpoint: Callable[[str], Path]) -> None:
    directory = checkpoint(family)
    model = load_model(directory)
    assert model.reads_positions == (family in TAKES_POSITIONS)
    if family not in TAKES_POSITIONS:
        with pytest.raises(OptionError, match="counts positions itself"):
            compute_complex_attention(model, [FIRST, SECOND], position_gap=20)
        return
    maps = compute_complex_attention(model, [FIRST, SECOND], linker="", position_gap=20)
    joined = compute_complex_attention(model, [FIRST, SECOND], linker="")
    np.testing.assert_array_equal(joined.values, compute_attention(model, FIRST + SECOND).values)
    assert np.abs(maps.values - joined.values).max() > 1e-4
    if family == "TAPE BERT":
        return
    network = transformers.AutoModel.from_pretrained(directory, attn_implementation="eager").eval()
    tokens = model.tokenize(FIRST + SECOND)
    config = json.loads((directory / "config.json").read_text())
    first = 2 if family in ("ESM-1b", "RoBERTa form") else 0
    assert config.get("pad_token_id", 0) == 1 or first == 0
    positions = torch.arange(first, first + len(tokens.ids))
    positions[tokens.residues[len(FIRST)] :] += 20
    with torch.no_grad():
        eager = network(
            torch.from_numpy(tokens.ids)[None],
            position_ids=positions[None],
            output_attentions=True,
        ).attentions
    expected = torch.stack(eager)[:, 0].numpy()[:, :, tokens.residues][..., tokens.residues]
    np.testing.assert_allclose(maps.values, expected, atol=1e-6)


def test_the_end_of_a_chain_in_esm_c(checkpoint: Callable[[str], Path]) -> None:
    directory = checkpoint("ESM C")
    model = load_model(directory)
    maps = compute_complex_attention(model, [FIRST, SECOND], linker="|")
    tokenizer = transformers.AutoTokenizer.from_pretrained(directory)
    ids = torch.tensor(tokenizer(f"{FIRST}|{SECOND}")["input_ids"])[None]
    network = transformers.AutoModel.from_pretrained(directory, attn_implementation="eager").eval()
    with torch.no_grad():
        joined = torch.stack(network(ids, output_attentions=True).attentions)[:, 0].numpy()
        chain_ids = torch.tensor([[0] * (len(FIRST) + 2) + [1] * (len(SECOND) + 1)])
        parted = torch.stack(
            network(ids, sequence_id=chain_ids, output_attentions=True).attentions
        )[:, 0].numpy()
    inside = np.r_[1:12, 13:21]
    np.testing.assert_allclose(maps.values, joined[:, :, inside][..., inside], atol=1e-6)
    assert maps.values[:, :, :11, 11:].max() > 0.01
    # What ESM C calls sequence_id keeps chains from seeing each other: it is no way to join them.
    assert not parted[:, :, :13, 13:].any()
    assert not parted[:, :, 13:, :13].any()
    with pytest.raises(OptionError, match="linker must be residues"):
        compute_complex_attention(load_model(checkpoint("ESM-2")), [FIRST, SECOND], linker="|")


NAMES = {
    "M": "MET", "K": "LYS", "T": "THR", "A": "ALA", "Y": "TYR", "I": "ILE", "Q": "GLN", "R": "ARG",
    "G": "GLY", "S": "SER", "H": "HIS", "W": "TRP", "C": "CYS",
}  # fmt: skip


@pytest.fixture(scope="module")
def structure(tmp_path_factory: pytest.TempPathFactory) -> Structure:
    """Two chains, each a straight line of residues 3.8 Å apart, 6 Å beside each other."""
    lines, serial = [], 0
    for chain_id, sequence, y in (("A", FIRST, 0.0), ("B", SECOND, 6.0)):
        for number, letter in enumerate(sequence, 1):
            for atom, element, x, z in (
                ("CA", "C", 3.8 * number, 0.0),
                ("CB", "C", 3.8 * number, 1.5),
            ):
                if letter == "G" and atom == "CB":
                    continue
                serial += 1
                lines.append(
                    f"ATOM  {serial:5d}  {atom:<3s} {NAMES[letter]} {chain_id}{number:4d}    "
                    f"{x:8.3f}{y:8.3f}{z:8.3f}  1.00 10.00          {element:>2s}"
                )
        lines.append("TER")
    path = tmp_path_factory.mktemp("structure") / "two.pdb"
    path.write_text("\n".join([*lines, "END", ""]))
    return load_structure(path)


def test_maps_and_links_of_a_structure(
    structure: Structure, checkpoint: Callable[[str], Path]
) -> None:
    model = load_model(checkpoint("ESM-2"))
    maps = compute_complex_attention(model, structure, chains=["B", "A"], layers=[2], heads=[3])
    assert maps.offsets == (0, 8)
    assert maps.provenance["chains"] == ["B", "A"]
    links = maps.links(2, 3, min_separation=6)
    across = links["query_label"].str[0] != links["key_label"].str[0]
    # All pairs of two chains, and those of each chain that are far enough apart.
    assert across.sum() == 8 * 11
    assert (~across).sum() == (2 * 3 + 5 * 6) // 2
    for row in links.itertuples():
        assert row.weight == maps.head(2, 3)[row.query, row.key]
        assert row.distance == maps.chain.distance_map()[row.query, row.key]
        assert row.contact == (row.distance < 8)
    np.testing.assert_array_equal(
        maps.chain.distance_map()[:8, 8:], structure.distance_map("B", "A")
    )
    assert (maps.residue_labels[0], maps.residue_labels[8]) == ("B:GLY1", "A:MET1")
    assert maps.transformed("apc").offsets == (0, 8)
    listed = [structure.chain("B"), structure.chain("A")]
    for same in (
        compute_complex_attention(model, listed),
        compute_attention(model, join_chains(listed)),
    ):
        np.testing.assert_array_equal(same.values[1:2, 2:3], maps.values)
        assert same.residue_labels == maps.residue_labels
    with pytest.raises(SequenceError, match="single chains"):
        compute_attention(model, join_chains(listed), long="window")
    everything = compute_complex_attention(model, structure)
    assert everything.provenance["chains"] == ["A", "B"]
    with pytest.raises(LabelError, match="there are A, B"):
        compute_complex_attention(model, structure, chains=["A", "Q"])


def test_separation_has_no_meaning_between_chains() -> None:
    attention = np.random.default_rng(0).random((9, 9)).astype(np.float32)
    found = select_links(attention, min_separation=3, combine="directed", offsets=(0, 4))
    expected = {(i, j) for i in range(9) for j in range(9) if (i < 4) != (j < 4) or abs(i - j) >= 3}
    assert set(zip(found.query.tolist(), found.key.tolist(), strict=True)) == expected


def test_one_chain_is_that_chain(checkpoint: Callable[[str], Path]) -> None:
    model = load_model(checkpoint("ProtBert"))
    maps = compute_complex_attention(model, [FIRST])
    np.testing.assert_array_equal(maps.values, compute_attention(model, FIRST).values)


@pytest.mark.parametrize(
    ("complex_", "options", "error", "message"),
    [
        ("MKT", {}, SequenceError, "list of chains or of sequences"),
        ([], {}, SequenceError, "list of chains or of sequences"),
        (["MKT", 7], {}, SequenceError, "all of one kind"),
        (["MKT", "M7"], {}, SequenceError, "chain 2 of 2: .*'7' at position 2"),
        (["MKT", "GS"], {"linker": "G G7"}, OptionError, "'7' at position 3"),
        (["MKT", "GS"], {"linker": 25}, OptionError, "as text"),
        (
            ["MKT", "GS"],
            {"position_gap": -1},
            OptionError,
            "position_gap must be a whole number from 0",
        ),
        (["MKT", "GS"], {"position_gap": 70}, SequenceError, "3 \\+ 2 residues"),
        (["M" * 60, "G" * 20], {}, SequenceError, "105 positions and .* has 100"),
        (["MKT", "GS"], {"chains": ["A"]}, LabelError, "chains of a structure"),
    ],
)
def test_what_cannot_be_joined(
    complex_: object,
    options: dict,
    error: type[Exception],
    message: str,
    checkpoint: Callable[[str], Path],
) -> None:
    model = load_model(checkpoint("ProtBert"))
    if options.get("position_gap") == 70:
        options = {**options, "linker": "G" * 30}
    with pytest.raises(error, match=message):
        compute_complex_attention(model, complex_, **options)
