"""Comparing two sequences, two models, two heads or two structures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from protvis.attention.maps import AttentionMaps
from protvis.checks import check_whole_number
from protvis.errors import LabelError, OptionError
from protvis.inference.protein import Protein, read_protein
from protvis.inference.residue_attention import compute_attention
from protvis.keywords import check_keywords
from protvis.labels import AMINO_ACIDS, format_head, read_head
from protvis.perturbation.comparison import Comparison, check_same_heads
from protvis.perturbation.matched_mutants import MOST_GAPS, Gap, draw_mutants, find_gaps
from protvis.perturbation.mutations import (
    Mutation,
    is_mutation,
    mutate,
    name_mutation,
    read_mutations,
)
from protvis.perturbation.noise_level import measure_noise
from protvis.structure.contacts import MIN_SEPARATION
from protvis.structure.sequence_alignment import align_sequences

__all__ = ["compare"]


@check_keywords
def compare(
    a: Any,
    b: Any = None,
    *,
    model: Any = None,
    heads: tuple[Any, Any] | None = None,
    layers: Sequence[int] | None = None,
    min_separation: int = MIN_SEPARATION,
    n_random: int = 20,
    leave_out: Sequence[str] = (),
    seed: int = 0,
    progress: bool = False,
) -> Comparison:
    """Compare attention head by head: that of `b` minus that of `a`.

    ========================  ==============================================================
    Two sequences             ``compare(chain, "S195A", model="esm2-35m")``, or two sequences
                              or chains: aligned, insertions and deletions left out
    Two family members        two chains, by the alignment of their sequences
    Two conformations         two chains of one sequence: attention is the same, contacts
                              are not (`Comparison.contacts`)
    Two models                ``compare(chain, model=("esm1v-1", "esm1v-2"))``
    Two heads                 ``compare(chain, model="mini", heads=("5-3", "5-7"))``
    Attention at hand         two `AttentionMaps`
    ========================  ==============================================================

    Every substitution changes some attention. When one model reads two different sequences, random
    mutants of `a` are made that differ from it as much as `b` does, but elsewhere: with as many
    substitutions, at residues as similar as possible, and gaps of the same lengths (a gap at an end
    of the chain is put inside it). The change they reach (with 20 mutants the largest change in any
    of them) is called noise (`Comparison.heads`); it is measured over the pairs of residues that
    all of them share. Random mutants leave cysteines in disulfide bonds unchanged; list other sites
    that matter in `leave_out`. Two models, or two heads, have no such noise.

    Parameters
    ----------
    a : str, protvis.structure.Chain or AttentionMaps
        A sequence, a chain, or maps already computed.
    b : str, list of str, Chain or AttentionMaps, optional
        Mutations of `a`, ``"S195A"`` or several (``"S195A/D189K"``), numbered like its residues
        (``"S195X"`` puts in what the model reads as an unknown residue, and the random mutants do
        the same elsewhere); another sequence or chain; `a` itself when None.
    model : ProteinModel, str or path, or two of them
        Two models to compare them with each other.
    heads : pair of heads, optional
        Heads of `a` and `b` to compare, as ``"5-3"`` or (layer, head); each with itself when None.
    layers : sequence of int, optional
        Labels; all when None.
    min_separation : int, default 6
        Pairs of residues closer in the sequence are left out.
    n_random : int, default 20
        How many random mutants to measure noise from; 0 for none. With fewer than 19, more than one
        head in twenty is above noise by chance.
    leave_out : sequence of str, optional
        Labels of residues that no random mutant changes, such as those of the active site.
    seed : int, default 0
        Seed of the random mutants.
    progress : bool, default False
        Whether to draw a progress bar over the random mutants.

    Returns
    -------
    Comparison

    Raises
    ------
    SequenceError
        If a mutation does not fit the sequence, or a model cannot read a sequence.
    LabelError
        If a residue or head does not exist, or two models have different heads and `heads` is not
        given.
    OptionError
        If the arguments do not say what to compare.

    Examples
    --------
    >>> import protvis
    >>> bpti = "RPDFCLEPPYTGPCKARIIRYFYNAKAGLCQTFVYGGCRAKRNNFKSAEDCMRTCGGA"
    >>> protvis.compare(bpti, "K15A", model="mini")
    <Comparison K15A: 5 layers × 8 heads, 58 of 58 residues aligned>
    """
    from tqdm.auto import tqdm

    for name, value in (("min_separation", min_separation), ("n_random", n_random), ("seed", seed)):
        check_whole_number(name, value)
    if isinstance(a, AttentionMaps):
        return _compare_maps(a, a if b is None else b, heads, min_separation)
    if isinstance(b, AttentionMaps):
        raise OptionError("expected two AttentionMaps, or none of them")
    models = tuple(model) if isinstance(model, tuple | list) else (model, model)
    if len(models) != 2 or None in models:
        raise OptionError("say which model reads them: compare(…, model='esm2-35m'), or two models")
    if b is None and heads is None and models[0] is models[1]:
        raise OptionError("expected something to compare with: b, two models, or two heads")
    first = read_protein(models[0], a)
    model_b = first.model if models[1] is models[0] else models[1]
    second, title = _other(first, b, model_b)
    chosen = _chosen(heads, layers)
    if chosen is None:
        check_same_heads(*((one.n_layers, one.n_heads) for one in (first.model, second.model)))
        maps_a = compute_attention(first.model, a, layers=layers)
        if second.model is first.model and second.text == first.text:
            # Two structures of one sequence: a model reads no coordinates.
            maps_b = maps_a
        else:
            maps_b = compute_attention(second.model, second.text, layers=layers)
    else:
        (layer_a, head_a), (layer_b, head_b) = chosen
        maps_a = compute_attention(first.model, a, layers=[layer_a], heads=[head_a])
        maps_b = compute_attention(second.model, second.text, layers=[layer_b], heads=[head_b])
    pairs = _aligned(first.sequence, second.sequence)
    spared = [first.find(label) for label in leave_out]
    exchanges, gaps = _exchanges(first, second, pairs), find_gaps(first, second, pairs)
    noise = None
    words = _no_noise(first, second, chosen, exchanges, gaps, n_random)
    if not words:
        mutants, words = draw_mutants(first, exchanges, gaps, n_random, seed, spared)
        with tqdm(total=len(mutants), desc="noise", unit="mutant", disable=not progress) as bar:
            noise = measure_noise(
                first,
                maps_a,
                mutants,
                words,
                among=pairs[:, 0],
                min_separation=min_separation,
                advance=bar.update,
            )
        if not mutants:
            noise, words = None, "there is no position for a random mutation"
    return Comparison(
        maps_a,
        _relabelled(maps_b, second),
        pairs,
        _titled(title, first, second, chosen),
        min_separation,
        noise,
        words,
        first.model,
    )


def _chosen(
    heads: tuple[Any, Any] | None, layers: Sequence[int] | None
) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """Return the heads to compare, by label, or None for each with itself."""
    if heads is None:
        return None
    if layers is not None:
        raise OptionError("heads= names what is compared: leave layers out")
    if isinstance(heads, str) or len(heads) != 2:
        raise OptionError(f"expected two heads, one of a and one of b, got {heads!r}")
    first, second = (_single_head(head) for head in heads)
    return first, second


def _single_head(given: Any) -> tuple[int, int]:
    layer, head = read_head(given)
    if isinstance(head, str):
        raise LabelError(f"{format_head(layer, head)} is a mean of heads: name single ones")
    return layer, head


def _other(first: Protein, b: Any, model: Any) -> tuple[Protein, str]:
    """Return what `first` is compared with, and the name of the difference where it has one."""
    if b is None:
        given = first.text if first.chain is None else first.chain
        return read_protein(model, given), ""
    listed = isinstance(b, list | tuple)
    if not is_mutation(b) and not listed:
        return read_protein(model, b), ""
    mutations = read_mutations(first, b)
    found = read_protein(model, mutate(first, mutations))
    labels = list(first.labels)
    for mutation in mutations:
        labels[mutation.index] += f"→{mutation.letter}"
    # The mutant is read on the structure of the wild type: same residues, same numbers.
    return (
        Protein(found.model, found.text, found.sequence, tuple(labels), first.chain),
        "/".join(mutation.name for mutation in mutations),
    )


def _aligned(first: str, second: str) -> NDArray[Any]:
    """Return which residues are each other's; those of one length with few exchanges in order."""
    if len(first) == len(second):
        same = sum(one == other for one, other in zip(first, second, strict=True))
        if 10 * same >= 9 * len(first):
            return np.repeat(np.arange(len(first))[:, None], 2, axis=1)
    pairs = align_sequences(first, second)
    if not len(pairs):
        raise OptionError("the sequences have nothing in common: no residues align")
    return pairs


def _no_noise(
    first: Protein,
    second: Protein,
    chosen: tuple[tuple[int, int], tuple[int, int]] | None,
    exchanges: Sequence[Mutation],
    gaps: Sequence[Gap],
    n_random: int,
) -> str:
    """Return why no noise is measured; empty if it can be."""
    if second.model is not first.model or (chosen is not None and chosen[0] != chosen[1]):
        return "random mutations say nothing about two models, or two heads"
    if first.sequence == second.sequence:
        return "both are the same sequence"
    if not exchanges and not gaps:
        return (
            "the residues that differ are not among the 20 amino acids, so there are no similar "
            "ones to exchange elsewhere"
        )
    if sum(gap.n_missing for gap in gaps) > MOST_GAPS * len(first.sequence):
        return "too much of the sequence is missing to leave out as much elsewhere"
    return "" if n_random else "none was asked for"


def _exchanges(first: Protein, second: Protein, pairs: NDArray[Any]) -> list[Mutation]:
    """Return the aligned residues that differ, as mutations that random ones can match."""
    found = []
    for here, there in pairs.tolist():
        wild, letter = first.sequence[here], second.sequence[there]
        if wild == letter or wild not in AMINO_ACIDS or letter not in f"{AMINO_ACIDS}X":
            continue
        found.append(Mutation(here, wild, letter, name_mutation(first, here, letter)))
    return found


def _titled(title: str, first: Protein, second: Protein, chosen: Any) -> str:
    parts = [title] if title else []
    if first.model is not second.model:
        parts.append(f"{second.model.name} − {first.model.name}")
    if chosen is not None and chosen[0] != chosen[1]:
        parts.append(f"{format_head(*chosen[1])} − {format_head(*chosen[0])}")
    elif chosen is not None:
        parts.append(format_head(*chosen[0]))
    if not title and first.chain is not second.chain:
        names = [
            "sequence" if one.chain is None else f"chain {one.chain.chain_id}"
            for one in (second, first)
        ]
        parts.append(" − ".join(names))
    return ", ".join(parts) or "two sequences"


def _relabelled(maps: AttentionMaps, protein: Protein) -> AttentionMaps:
    """Return maps with the labels and the chain of a protein."""
    return maps.with_values(
        maps.values, sequence=protein.sequence, residue_labels=protein.labels, chain=protein.chain
    )


def _compare_maps(
    a: AttentionMaps, b: Any, heads: tuple[Any, Any] | None, min_separation: int
) -> Comparison:
    """Compare attention at hand."""
    if not isinstance(b, AttentionMaps):
        raise OptionError(f"expected two AttentionMaps, got one and {type(b).__name__}")
    if heads is None and b is a:
        raise OptionError("expected something to compare with: b, or two heads")
    title = "two maps"
    chosen = _chosen(heads, None)
    if chosen is not None:
        a, b = (_single(maps, *head) for maps, head in zip((a, b), chosen, strict=True))
        title = " − ".join(format_head(*head) for head in reversed(chosen))
    pairs = _aligned(a.sequence, b.sequence)
    words = "the maps were computed elsewhere"
    return Comparison(a, b, pairs, title, min_separation, None, words)


def _single(maps: AttentionMaps, layer: int, head: int) -> AttentionMaps:
    values = maps.head(layer, head)
    special = maps.special_mass[maps.layers.index(layer), maps.heads.index(head)]
    return maps.with_values(values[None, None], special[None, None], layers=[layer], heads=[head])
