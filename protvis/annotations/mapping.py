"""Which residue of a chain is which position of a UniProt sequence: by SIFTS, or by alignment."""

from __future__ import annotations

import csv
import os
from collections import Counter
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from protvis.annotations.annotation_file import read_annotation, tag_of, xml_root
from protvis.checks import check_share
from protvis.errors import AnnotationError
from protvis.input_file import whole_number
from protvis.structure import Chain
from protvis.structure.sequence_alignment import align_sequences

__all__ = ["MIN_IDENTITY", "UniProtMapping", "map_by_alignment", "map_by_sifts"]

MIN_IDENTITY = 0.9
"""Least share of aligned residues that must be identical for an alignment to be believed."""


@dataclass(frozen=True, eq=False)
class UniProtMapping:
    """Mapping of a chain's residues to positions in a UniProt sequence.

    Attributes
    ----------
    accession : str
    positions : (n_residues,) int32 array
        Position in the UniProt sequence, from 1; 0 where a residue has none (tags, insertions).
    identity : float or None
        Share of the mapped residues with the same letter as the UniProt sequence; None if the
        source has no letters.
    source : str
    """

    accession: str
    positions: NDArray[np.int32]
    identity: float | None
    source: str

    def residue_of(self, position: int) -> int | None:
        """Return the index of the residue at a UniProt position, or None if there is none."""
        found = np.flatnonzero(self.positions == position)
        return int(found[0]) if found.size else None


def map_by_alignment(
    chain: Chain, sequence: str, *, accession: str = "", min_identity: float = MIN_IDENTITY
) -> UniProtMapping:
    """Map a chain onto a sequence by aligning the two.

    The alignment is global with free ends (BLOSUM62, gap 11 + 1 per residue, by Biopython), so
    fragments and tags cost nothing.

    Parameters
    ----------
    chain : Chain
    sequence : str
        The UniProt sequence.
    accession : str
    min_identity : float, fraction
        Refuse an alignment with a smaller share of identical residues.

    Raises
    ------
    AnnotationError
        If the identity is below the limit, or less than half of the chain is aligned.
    OptionError
        If `min_identity` is not from 0 to 1.
    """
    min_identity = check_share("min_identity", min_identity)
    if not isinstance(sequence, str):
        raise AnnotationError(f"expected the sequence of an entry as text, got {sequence!r:.80}")
    sequence = "".join(sequence.split()).upper()
    if not sequence:
        raise AnnotationError(
            f"there is no sequence of {accession or 'the entry'} to align with (GFF files have "
            "none); give SIFTS, or the entry as text, XML or JSON"
        )
    positions = np.zeros(chain.n_residues, dtype=np.int32)
    aligned, there = align_sequences(chain.sequence, sequence).T
    positions[aligned] = there + 1
    mapped = np.flatnonzero(positions)
    same = sum(chain.sequence[index] == sequence[positions[index] - 1] for index in mapped)
    identity = same / len(mapped) if len(mapped) else 0.0
    if identity < min_identity or 2 * len(mapped) < chain.n_residues:
        raise AnnotationError(
            f"chain {chain.chain_id} is not {accession or 'this sequence'}: {len(mapped)} of "
            f"{chain.n_residues} residues align, {100 * identity:.0f} % of them identical (it "
            f"takes {100 * min_identity:.0f} %); check the accession, or give SIFTS"
        )
    return UniProtMapping(accession, positions, identity, "alignment (BLOSUM62)")


def map_by_sifts(
    source: str | os.PathLike[str] | bytes | Any,
    chain: Chain,
    *,
    entry: str = "",
    accession: str | None = None,
) -> UniProtMapping:
    """Map a chain by SIFTS, from the XML file of an entry or the summary table of chains.

    Parameters
    ----------
    source : path, bytes or open file
        SIFTS XML (residue for residue) or ``pdb_chain_uniprot`` as TSV or CSV (stretches), plain or
        gzipped.
    chain : Chain
        For the table, the chain needs SEQRES, to which the stretches refer.
    entry : str
        PDB id of the chain, needed for the table.
    accession : str, optional
        Which UniProt entry, if the chain has several; by default that with the most residues.

    Raises
    ------
    AnnotationError
        If the source cannot be read, or does not cover the chain.
    """
    text, data, origin = read_annotation(source)
    if text.lstrip()[:1] == "<":
        pairs, letters = _pairs_of_xml(xml_root(data, origin, "SIFTS files"), chain)
        what = "SIFTS, residue for residue"
    else:
        pairs, letters = _pairs_of_table(text, origin, chain, entry), {}
        what = "SIFTS, stretches of the summary table"
    if accession is not None:
        pairs = [pair for pair in pairs if pair[1] == accession]
    if not pairs:
        wanted = f" and {accession}" if accession else ""
        raise AnnotationError(
            f"{origin} says nothing about chain {chain.chain_id}{wanted}; check that it is "
            "the SIFTS file of this entry"
        )
    (chosen, _), *_ = Counter(pair[1] for pair in pairs).most_common(1)
    positions = np.zeros(chain.n_residues, dtype=np.int32)
    same = total = 0
    for index, name, position in pairs:
        if name != chosen:
            continue
        positions[index] = position
        if (index, name) in letters:
            total += 1
            same += letters[index, name] == chain.sequence[index]
    return UniProtMapping(chosen, positions, same / total if total else None, what)


def _pairs_of_xml(
    root: ElementTree.Element, chain: Chain
) -> tuple[list[tuple[int, str, int]], dict[tuple[int, str], str]]:
    pairs: list[tuple[int, str, int]] = []
    letters: dict[tuple[int, str], str] = {}
    by_place = (
        {}
        if chain.seqres_positions is None
        else {int(place): index for index, place in enumerate(chain.seqres_positions)}
    )
    for residue in root.iter():
        if tag_of(residue) != "residue":
            continue
        index, found = None, []
        for reference in residue:
            if tag_of(reference) != "crossRefDb":
                continue
            database = reference.get("dbSource", "")
            if database == "PDB" and reference.get("dbChainId") == chain.chain_id:
                index = _index(chain, by_place, residue, reference.get("dbResNum", ""))
            elif database == "UniProt":
                found.append(reference)
        if index is None:
            continue
        for reference in found:
            accession = reference.get("dbAccessionId", "")
            position = whole_number(reference.get("dbResNum", ""))
            if position is None or position < 1:
                continue
            pairs.append((index, accession, position))
            letters[index, accession] = reference.get("dbResName", "")
    return pairs, letters


def _index(
    chain: Chain, by_place: dict[int, int], residue: ElementTree.Element, number: str
) -> int | None:
    """Return the index of a residue by its author number, else by its place in SEQRES."""
    digits = number.rstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
    author = whole_number(digits)
    if author is not None:
        return chain.position_of(author, number[len(digits) :])
    place = whole_number(residue.get("dbResNum", ""))
    return None if place is None else by_place.get(place)


def _pairs_of_table(text: str, origin: str, chain: Chain, entry: str) -> list[tuple[int, str, int]]:
    if not entry:
        raise AnnotationError(f"{origin} is a table of many entries; say which one with `entry`")
    if chain.seqres_positions is None:
        raise AnnotationError(
            f"chain {chain.chain_id} has no SEQRES, which the stretches of {origin} refer to; give "
            "the SIFTS XML file of the entry, or align"
        )
    lines = [line for line in text.split("\n") if line[:1] != "#"]
    delimiter = "\t" if lines and "\t" in lines[0] else ","
    pairs: list[tuple[int, str, int]] = []
    try:
        for row in csv.DictReader(lines, delimiter=delimiter):
            if row["PDB"].lower() != entry.lower() or row["CHAIN"] != chain.chain_id:
                continue
            numbers = [whole_number(row[name]) for name in ("RES_BEG", "RES_END", "SP_BEG")]
            first, last, start = (-1 if number is None else number for number in numbers)
            if min(first, last, start) < 1:
                raise ValueError(f"a stretch from {row['RES_BEG']:.20} to {row['RES_END']:.20}")
            for index, place in enumerate(chain.seqres_positions.tolist()):
                if first <= place <= last:
                    pairs.append((index, row["SP_PRIMARY"], start + place - first))
    except (KeyError, ValueError, TypeError, AttributeError, csv.Error) as error:
        raise AnnotationError(
            f"{origin} is not a SIFTS table of chains ({error!r}); its columns are PDB, CHAIN, "
            "SP_PRIMARY, RES_BEG, RES_END, PDB_BEG, PDB_END, SP_BEG, SP_END"
        ) from error
    return pairs
