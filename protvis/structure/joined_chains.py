"""Several chains that read as one, for whatever looks at a complex as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from protvis.errors import LabelError, unknown_name
from protvis.labels import parse_residue
from protvis.structure import contacts
from protvis.structure.atoms import Atoms
from protvis.structure.chain import Chain
from protvis.structure.contacts import CUTOFF, MIN_SEPARATION

__all__ = ["JoinedChains", "join_chains"]


class JoinedChains(Chain):
    """Several chains in order, the residues of one after those of another.

    It can be used wherever a `Chain` can. Labels keep the ids of the chains. Distances and contacts
    cover all residues; separation and breaks have a meaning only within a chain. `seqres_positions`
    is None, since each chain has its own.

    Attributes
    ----------
    chain_id : str
        Ids of the chains, such as ``"A+B"``.
    chains : tuple of Chain
    sequence : str
        That of all chains together; `sequences` has them one by one.
    secondary_structure : str or None
        ``-`` along chains for which the file has no records; None if it has none for any chain.
    """

    def __init__(self, chains: Sequence[Chain]) -> None:
        # Before the rest, which asks for it.
        self._chains = tuple(chains)
        super().__init__(
            "+".join(chain.chain_id for chain in chains),
            sequence="".join(chain.sequence for chain in chains),
            residue_names=[name for chain in chains for name in chain.residue_names],
            residue_numbers=np.concatenate([chain.residue_numbers for chain in chains]),
            insertion_codes=[code for chain in chains for code in chain.insertion_codes],
            seqres_positions=None,
            altlocs=[altloc for chain in chains for altloc in chain.altlocs],
            variants=[names for chain in chains for names in chain.variants],
            secondary_structure=_secondary_structure(chains),
            atoms=_atoms(chains),
        )

    @property
    def chains(self) -> tuple[Chain, ...]:
        """The chains, in order."""
        return self._chains

    def __repr__(self) -> str:
        lengths = " + ".join(str(chain.n_residues) for chain in self.chains)
        return f"<JoinedChains {self.chain_id}: {lengths} residues>"

    @cached_property
    def residue_labels(self) -> tuple[str, ...]:
        """Labels of the residues, each with the id of its own chain."""
        return tuple(label for chain in self.chains for label in chain.residue_labels)

    @cached_property
    def breaks(self) -> tuple[int, ...]:
        """Indices after which one of the chains is broken; chain ends do not count as breaks."""
        return tuple(
            start + index
            for chain, (_, start, _) in zip(self.chains, self.segments, strict=True)
            for index in chain.breaks
        )

    @cached_property
    def is_ca_only(self) -> bool:
        """Whether every observed residue of every chain has only its Cα."""
        return all(chain.is_ca_only for chain in self.chains)

    def positions(self, atom: str = "CB") -> NDArray[np.float64]:
        """Return the same as `coordinates`, in the file's precision: (n_residues, 3) float64, Å."""
        # Each chain by its own rule: one of Cα alone may stand beside one with side chains.
        return np.concatenate([chain.positions(atom) for chain in self.chains])

    def contact_map(
        self, cutoff: float = CUTOFF, min_separation: int = MIN_SEPARATION, atom: str = "CB"
    ) -> NDArray[np.bool_]:
        """Return which residues are in contact.

        Within a chain as `Chain.contact_map`; between chains only the distance counts.

        Parameters
        ----------
        cutoff : float, Å
            Distances strictly below it are contacts.
        min_separation : int, residues
            Smallest |i − j| that counts within a chain.
        atom : str
            As in `Chain.coordinates`.

        Returns
        -------
        (n_residues, n_residues) bool array
            Symmetric; False for residues without coordinates.

        Raises
        ------
        OptionError
            If `cutoff` is not a finite number above 0, or `min_separation` not a whole number from
            0.
        """
        positions = self.positions(atom)
        near = contacts.contact_map(positions, cutoff, 0)
        for _, start, stop in self.segments:
            near[start:stop, start:stop] = contacts.contact_map(
                positions[start:stop], cutoff, min_separation
            )
        return near

    def find(self, label: str) -> int:
        """Return the index of a residue.

        Parameters
        ----------
        label : str
            As in `Chain.find`. The chain may be left out if only one of the chains has such a
            residue.

        Raises
        ------
        LabelError
            If there is no such residue or chain, or several residues fit.
        """
        exact = self._index_by_label.get(label)
        if exact is not None:
            return exact
        wanted = parse_residue(label)
        if wanted.chain_id is None:
            return self._find(label, wanted)
        for chain, (chain_id, start, _) in zip(self.chains, self.segments, strict=True):
            if chain_id == wanted.chain_id:
                return start + chain.find(label)
        known = [chain.chain_id for chain in self.chains]
        raise LabelError(f"{label!r}: {unknown_name('chain', wanted.chain_id, known)}")


def join_chains(chains: Sequence[Chain]) -> JoinedChains:
    """Return several chains as one, in the order given.

    Parameters
    ----------
    chains : sequence of Chain
        At least one; each id once.

    Raises
    ------
    LabelError
        If there are no chains, or two have the same id, which labels could not tell apart.
    """
    flat = [one for chain in chains for one in chain.chains]
    if not flat:
        raise LabelError("there are no chains to join; name at least one")
    ids = [chain.chain_id for chain in flat]
    repeated = sorted({chain_id for chain_id in ids if ids.count(chain_id) > 1})
    if repeated:
        raise LabelError(f"chain {', '.join(repeated)} is named twice; name each chain once")
    return JoinedChains(flat)


def _secondary_structure(chains: Sequence[Chain]) -> str | None:
    if all(chain.secondary_structure is None for chain in chains):
        return None
    return "".join(chain.secondary_structure or "-" * chain.n_residues for chain in chains)


def _atoms(chains: Sequence[Chain]) -> Atoms:
    starts = np.cumsum([0, *(chain.n_residues for chain in chains)])
    columns = {
        name: np.concatenate([getattr(chain.atoms, name) for chain in chains])
        for name in ("names", "elements", "xyz", "occupancy", "b_factors")
    }
    residues = np.concatenate(
        [chain.atoms.residues + start for chain, start in zip(chains, starts, strict=False)]
    )
    for array in (residues, *columns.values()):
        array.setflags(write=False)
    return Atoms(residues=residues, **columns)
