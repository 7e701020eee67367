"""A protein chain: its modelled sequence, its labels and where its residues are."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from protvis.errors import LabelError, near_names
from protvis.keywords import check_keywords
from protvis.labels import ResidueLabel, format_residue, parse_residue
from protvis.structure import contacts
from protvis.structure.atoms import Atoms
from protvis.structure.breaks import chain_breaks
from protvis.structure.components import STANDARD, UNKNOWN_LETTER, has_cbeta
from protvis.structure.contacts import CUTOFF, MIN_SEPARATION

__all__ = ["Chain"]


class Chain:
    """One protein chain, residue by residue.

    The residues are those of the modelled sequence: the positions of SEQRES where the file has it,
    including residues without coordinates, else the observed residues. Chains are created by
    `protvis.load_structure`.

    Attributes
    ----------
    chain_id : str
        Author chain id.
    sequence : str
        One letter per residue: for modified residues that of the parent, or ``X`` if there is none.
    n_residues : int
    residue_labels : tuple of str
        Such as ``"A:SER195"`` or ``"A:GLY184A"``.
    residue_names : tuple of str
        Component names of the file, such as ``"MSE"``.
    residue_numbers : (n_residues,) int32 array
        Author numbers. Unobserved residues have the numbers given in the file, else numbers counted
        on from their neighbours.
    insertion_codes : tuple of str
        "" where there is none.
    observed : (n_residues,) bool array
        Whether a residue has any coordinates.
    seqres_positions : (n_residues,) int32 array or None
        Position of each residue in SEQRES (``label_seq_id``), from 1; None where the file has no
        such sequence.
    altlocs : tuple of str
        The alternate location chosen for each residue, "" where there was no choice.
    variants : tuple of tuple of str
        Names of all residues modelled at each position, the chosen one first.
    secondary_structure : str or None
        ``H`` (helix), ``E`` (strand) or ``-`` per residue, from the file's own records; None where
        the file has none.
    atoms : Atoms
        Every atom of the chain, one place each.

    Examples
    --------
    >>> import protvis
    >>> from protvis.data import TRYPSIN
    >>> chain = protvis.load_structure(TRYPSIN).chain("A")
    >>> chain.residue_labels[:3]
    ('A:ILE16', 'A:VAL17', 'A:GLY18')
    >>> chain.find("A:HIS57")
    39
    >>> chain.contact_map().shape
    (223, 223)
    """

    def __init__(
        self,
        chain_id: str,
        *,
        sequence: str,
        residue_names: Sequence[str],
        residue_numbers: ArrayLike,
        insertion_codes: Sequence[str],
        seqres_positions: ArrayLike | None,
        altlocs: Sequence[str],
        variants: Sequence[tuple[str, ...]],
        secondary_structure: str | None,
        atoms: Atoms,
    ) -> None:
        self.chain_id = chain_id
        self.sequence = sequence
        self.n_residues = len(sequence)
        self.residue_names = tuple(residue_names)
        self.residue_numbers = _frozen(np.asarray(residue_numbers, dtype=np.int32))
        self.insertion_codes = tuple(insertion_codes)
        self.seqres_positions = (
            None
            if seqres_positions is None
            else _frozen(np.asarray(seqres_positions, dtype=np.int32))
        )
        self.altlocs = tuple(altlocs)
        self.variants = tuple(variants)
        self.secondary_structure = secondary_structure
        self.atoms = atoms
        observed = np.zeros(self.n_residues, dtype=bool)
        observed[atoms.residues] = True
        self.observed = _frozen(observed)

    def __len__(self) -> int:
        return self.n_residues

    def __repr__(self) -> str:
        n_unobserved = self.n_residues - int(self.observed.sum())
        gaps = f", {n_unobserved} unobserved" if n_unobserved else ""
        return f"<Chain {self.chain_id}: {self.n_residues} residues{gaps}>"

    @cached_property
    def residue_labels(self) -> tuple[str, ...]:
        """Labels of the residues, such as ``"A:SER195"`` or ``"A:GLY184A"``."""
        numbers = self.residue_numbers.tolist()
        parts = zip(self.residue_names, numbers, self.insertion_codes, strict=True)
        return tuple([format_residue(self.chain_id, *part) for part in parts])

    @property
    def chains(self) -> tuple[Chain, ...]:
        """The chains this consists of: itself, or those of a `JoinedChains`."""
        return (self,)

    @cached_property
    def segments(self) -> tuple[tuple[str, int, int], ...]:
        """(chain id, start, stop) of each chain's residues, as half-open ranges of indices."""
        ends = np.cumsum([chain.n_residues for chain in self.chains]).tolist()
        return tuple(
            (chain.chain_id, end - chain.n_residues, end)
            for chain, end in zip(self.chains, ends, strict=True)
        )

    @property
    def sequences(self) -> tuple[str, ...]:
        """The sequence of each chain."""
        return tuple(chain.sequence for chain in self.chains)

    @cached_property
    def chain_of(self) -> NDArray[np.int32]:
        """Index in `chains` of the chain of each residue: an (n_residues,) int32 array."""
        lengths = [chain.n_residues for chain in self.chains]
        return _frozen(np.repeat(np.arange(len(lengths), dtype=np.int32), lengths))

    def separation(self) -> NDArray[np.int32]:
        """Return how far apart residues are on the modelled sequence.

        Returns
        -------
        (n_residues, n_residues) int32 array, residues
            |i − j| within a chain; between chains `n_residues`, which is larger than any of these.
        """
        index = np.arange(self.n_residues, dtype=np.int32)
        apart = np.abs(index[:, None] - index[None, :])
        apart[self.chain_of[:, None] != self.chain_of[None, :]] = self.n_residues
        return apart

    @cached_property
    def breaks(self) -> tuple[int, ...]:
        """Indices after which the chain is broken although the file lists no residue as missing.

        Empty if the file has SEQRES: missing residues are then included as unobserved.
        """
        if self.seqres_positions is not None:
            return ()
        if self.is_ca_only:
            return tuple(chain_breaks(None, self._atom("CA"), None, self.residue_numbers))
        n, ca, c = (self._atom(name) for name in ("N", "CA", "C"))
        return tuple(chain_breaks(n, ca, c, self.residue_numbers))

    @property
    def contact_atom(self) -> str:
        """The atom that represents a residue in contacts: ``"CB"``, or ``"CA"`` if no Cβ exists.

        A Cα-only file has no Cβ; its contacts are then between Cα atoms.
        """
        has_cbeta = bool((self.atoms.names == b"CB").any())
        return "CB" if has_cbeta else "CA"

    @cached_property
    def is_ca_only(self) -> bool:
        """Whether every observed residue has only its Cα."""
        return bool(self.atoms.names.size) and bool((self.atoms.names == b"CA").all())

    @check_keywords
    def coordinates(self, atom: str = "CB") -> NDArray[np.float32]:
        """Return one atom's position per residue.

        Parameters
        ----------
        atom : str
            ``"CB"`` is Cβ, and Cα for Gly and other components without Cβ; in a chain
            without any Cβ (a Cα-only file) it is Cα for
            every residue (`contact_atom` says so). ``"virtual_cb"`` is the idealised Cβ computed
            from N, Cα and C for every residue. Any other name is that atom.

        Returns
        -------
        (n_residues, 3) float32 array, Å
            NaN where the residue or the atom has no coordinates.
        """
        return self.positions(atom).astype(np.float32)

    @property
    def has_contact_atom(self) -> NDArray[np.bool_]:
        """Which residues have the atom from which contacts are measured: (n_residues,).

        A few observed residues may lack it; whether they are in contact is not known.
        """
        return np.asarray(np.isfinite(self.positions()).all(axis=1))

    @check_keywords
    def positions(self, atom: str = "CB") -> NDArray[np.float64]:
        """Return the same as `coordinates`, in the file's precision: (n_residues, 3) float64, Å."""
        if atom == "virtual_cb":
            return contacts.virtual_cbeta(*(self._atom(name) for name in ("N", "CA", "C")))
        if atom != "CB":
            return self._atom(atom)
        if self.contact_atom == "CA":
            return self._atom("CA")
        positions = self._atom("CB")
        without = np.flatnonzero(np.isnan(positions[:, 0]) & self.observed)
        calpha = [at for at in without.tolist() if not self._has_cbeta(at)]
        calpha += [index for index, name in enumerate(self.residue_names) if name == "GLY"]
        positions[calpha] = self._atom("CA")[calpha]
        return positions

    def _has_cbeta(self, index: int) -> bool:
        """Return whether a residue without Cβ lacks it; glycines, modified or not, do not."""
        name, letter = self.residue_names[index], self.sequence[index]
        return letter != "G" and (letter == UNKNOWN_LETTER or name in STANDARD or has_cbeta(name))

    def _atom(self, name: str) -> NDArray[np.float64]:
        positions = np.full((self.n_residues, 3), np.nan)
        rows = (self.atoms.names == name.encode()).nonzero()[0]
        # Backwards, so that the first of atoms listed twice is the one that stays.
        rows = rows[::-1]
        positions[self.atoms.residues[rows]] = self.atoms.xyz[rows]
        return positions

    @check_keywords
    def distance_map(self, atom: str = "CB") -> NDArray[np.float32]:
        """Return the distances between residues.

        Parameters
        ----------
        atom : str
            As in `coordinates`.

        Returns
        -------
        (n_residues, n_residues) float32 array, Å
            NaN where either residue has no such atom.
        """
        return contacts.distance_map(self.positions(atom))

    @check_keywords
    def contact_map(
        self, cutoff: float = CUTOFF, min_separation: int = MIN_SEPARATION, atom: str = "CB"
    ) -> NDArray[np.bool_]:
        """Return which residues are in contact.

        Parameters
        ----------
        cutoff : float, Å
            Distances strictly below it are contacts.
        min_separation : int, residues
            Smallest |i − j| that counts, on the modelled sequence.
        atom : str
            As in `coordinates`.

        Returns
        -------
        (n_residues, n_residues) bool array
            Symmetric; False for residues without coordinates (`observed` tells them apart).

        Raises
        ------
        ValueError
            If `cutoff` is not above 0 or `min_separation` is negative.
        """
        return contacts.contact_map(self.positions(atom), cutoff, min_separation)

    @cached_property
    def _index_by_label(self) -> dict[str, int]:
        # Backwards, so that the first of repeated labels wins.
        labels = self.residue_labels
        return {labels[index]: index for index in range(self.n_residues - 1, -1, -1)}

    @cached_property
    def _index_by_number(self) -> dict[tuple[int, str], int]:
        keys = list(zip(self.residue_numbers.tolist(), self.insertion_codes, strict=True))
        return {keys[index]: index for index in range(self.n_residues - 1, -1, -1)}

    @check_keywords
    def position_of(self, number: int, insertion_code: str = "") -> int | None:
        """Return the index of the first residue with an author number, or None if there is none."""
        return self._index_by_number.get((number, insertion_code))

    def find(self, label: str) -> int:
        """Return the index of a residue.

        Parameters
        ----------
        label : str
            Such as ``"A:HIS57"``; the chain, the name or both may be left out (``"A:57"``,
            ``"HIS57"``, ``"57"``). Names are not case-sensitive. If several residues in a file have
            the same label, the full label finds the first.

        Raises
        ------
        LabelError
            If there is no such residue, or several match; the message suggests similar labels.
        """
        exact = self._index_by_label.get(label)
        if exact is not None:
            return exact
        wanted = parse_residue(label)
        if wanted.chain_id is not None and wanted.chain_id != self.chain_id:
            raise LabelError(
                f"{label!r} names chain {wanted.chain_id!r}, but this is chain {self.chain_id!r}"
            )
        return self._find(label, wanted)

    def _find(self, label: str, wanted: ResidueLabel) -> int:
        here = [
            index
            for index in np.flatnonzero(self.residue_numbers == wanted.number)
            if self.insertion_codes[index].upper() == wanted.insertion_code.upper()
        ]
        fitting = [
            index
            for index in here
            if wanted.name is None or self.residue_names[index].upper() == wanted.name.upper()
        ]
        if len(fitting) == 1:
            return int(fitting[0])
        if fitting:
            several = ", ".join(self.residue_labels[index] for index in fitting)
            raise LabelError(f"{label!r} fits several residues: {several}; give the full label")
        raise LabelError(f"there is no residue {label!r}{self._near_misses(label, wanted.number)}")

    def _near_misses(self, label: str, number: int) -> str:
        same_number = [
            self.residue_labels[index] for index in np.flatnonzero(self.residue_numbers == number)
        ]
        near = same_number[:4] or near_names(label, self.residue_labels)
        if near:
            return f"; did you mean {' or '.join(repr(name) for name in near)}?"
        first, last = self.residue_labels[0], self.residue_labels[-1]
        return f"; chain {self.chain_id} runs from {first} to {last}"


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    array.setflags(write=False)
    return array
