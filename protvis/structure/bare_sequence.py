"""A chain of which only the sequence is known, and the place of that sequence on another chain."""

from __future__ import annotations

import gemmi
import numpy as np
from numpy.typing import NDArray

from protvis.errors import StructureError
from protvis.structure.atoms import AtomColumns, Atoms
from protvis.structure.chain import Chain
from protvis.structure.components import letter_name
from protvis.structure.files.residue_records import FileRecords
from protvis.structure.molecules import Surroundings
from protvis.structure.polymer import Position
from protvis.structure.seqres_rows import placed_on_sequence
from protvis.structure.structure import Structure

__all__ = ["chain_on_sequence", "sequence_in", "sequence_structure"]

_CHAIN_ID = "A"

_MOST_RESIDUES = 2**20
"""The longest known protein has 45,212."""

_LONG = 30
"""Letters; a word so long is a sequence even in lower case."""


def sequence_in(text: str) -> str:
    """Return the protein sequence that a text is, in upper case; "" if it is something else.

    Letters alone are one, in upper case or so many that no name has as many; white space, as of
    several lines, and a ``*`` at the end do not count.
    """
    letters = "".join(text.split()).removesuffix("*")
    if letters.isascii() and letters.isalpha() and (letters.isupper() or len(letters) >= _LONG):
        return letters.upper()
    return ""


def sequence_structure(
    sequence: str, name: str = "sequence", *, title: str = "", source: str = ""
) -> Structure:
    """Return a structure of one chain, ``A``, that has no coordinates.

    Residues are numbered from 1. Everything that needs no coordinates works as with any other
    structure; `Structure.has_coordinates` is False.

    Parameters
    ----------
    sequence : str
        One upper-case letter per residue.
    name, title, source : str
        As the attributes of `Structure`.

    Raises
    ------
    StructureError
        If the sequence is empty, holds anything but upper-case letters, or has more than a million.
    """
    if len(sequence) > _MOST_RESIDUES:
        raise StructureError(
            f"a sequence of {len(sequence):,} letters is longer than any protein; give the "
            "sequence of one chain"
        )
    if not (sequence.isascii() and sequence.isalpha() and sequence.isupper()):
        raise StructureError(
            f"expected a protein sequence in one-letter code, got {sequence[:60]!r}"
        )
    empty = gemmi.Structure()
    empty.add_model(gemmi.Model(1))
    columns = AtomColumns(empty)
    n, names = len(sequence), [letter_name(letter) for letter in sequence]
    chain = Chain(
        _CHAIN_ID,
        sequence=sequence,
        residue_names=names,
        residue_numbers=np.arange(1, n + 1),
        insertion_codes=[""] * n,
        seqres_positions=np.arange(1, n + 1),
        altlocs=[""] * n,
        variants=[(residue,) for residue in names],
        secondary_structure=None,
        atoms=Atoms.take(columns, columns.every_row, columns.every_row),
    )
    return Structure(
        name=name,
        title=title,
        method="",
        source=source,
        is_predicted=False,
        has_plddt=False,
        records=FileRecords(),
        model=1,
        n_models=1,
        assembly=None,
        chains={_CHAIN_ID: chain},
        secondary_ranges=(),
        surroundings=Surroundings(empty, columns, (), ()),
    )


def chain_on_sequence(chain: Chain, sequence: str, positions: NDArray[np.integer]) -> Chain:
    """Return a chain residue for residue as a sequence has it, where the chain has coordinates.

    Residues of the chain keep their names and author numbers; the other residues of the sequence
    are there without coordinates and count on from their neighbours. What the sequence lacks is
    left out.

    Parameters
    ----------
    chain : Chain
    sequence : str
    positions : (chain.n_residues,) int array
        Position in the sequence, from 1, of each residue of the chain, ascending; 0 where it has
        none.
    """
    placed = np.flatnonzero((np.asarray(positions) > 0) & chain.observed)
    rows_of = np.split(
        np.arange(chain.atoms.residues.size),
        np.searchsorted(chain.atoms.residues, np.arange(1, chain.n_residues)),
    )
    known = [
        Position(
            chain.residue_names[index],
            int(chain.residue_numbers[index]),
            chain.insertion_codes[index],
            int(positions[index]),
            rows_of[index],
            chain.variants[index],
            chain.altlocs[index],
        )
        for index in placed.tolist()
    ]
    rows = placed_on_sequence(known, [letter_name(letter) for letter in sequence])
    states = chain.secondary_structure
    letters = np.full(len(sequence), "-")
    if states is not None:
        letters[np.asarray(positions)[placed] - 1] = np.array(list(states))[placed]
    lengths = [row.atoms.size for row in rows]
    return Chain(
        chain.chain_id,
        sequence=sequence,
        residue_names=[row.name for row in rows],
        residue_numbers=[row.number for row in rows],
        insertion_codes=[row.insertion_code for row in rows],
        seqres_positions=np.arange(1, len(rows) + 1),
        altlocs=[row.altloc for row in rows],
        variants=[row.variants for row in rows],
        secondary_structure=None if states is None else "".join(letters.tolist()),
        atoms=Atoms.take(
            chain.atoms,
            np.concatenate([row.atoms for row in rows]),
            np.repeat(np.arange(len(rows)), lengths),
        ),
    )
