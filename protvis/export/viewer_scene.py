"""What molecular viewers are told to draw: the explorer's picture, in no viewer's language."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from protvis.scene import Scene, ViewState
from protvis.scene.colors import CARTOON, OTHER_CHAINS, track_colors
from protvis.scene.drawn_arcs import Arc, drawn_arcs, link_arc
from protvis.scene.provenance import view_provenance
from protvis.structure import Chain

__all__ = ["Drawing", "Residue"]

PEPTIDE = 20
"""Other chains of at most so many residues are drawn as ligands are."""

Residue = tuple[str, int]
"""A chain's id, and the residue's index in it."""


@dataclass(frozen=True)
class Drawing:
    """One view of a scene, for viewers to draw.

    Attributes
    ----------
    scene : Scene
    view : ViewState
    """

    scene: Scene
    view: ViewState

    def __post_init__(self) -> None:
        self.scene.require_structure("a script for another viewer")
        object.__setattr__(self, "view", self.view.checked(self.scene))

    @cached_property
    def arcs(self) -> list[Arc]:
        """The links, strongest first, and the selected link last."""
        link = self.view.link(self.scene)
        marked = link_arc(self.scene, *link) if link else None
        return [*drawn_arcs(self.scene, self.view), *([marked] if marked else [])]

    @property
    def comments(self) -> list[str]:
        """Where the picture comes from, line by line."""
        said = view_provenance(self.scene, self.view)
        return [f"{topic}: {text}" for topic, text in said.items()]

    @property
    def structure(self) -> str:
        """The structure as mmCIF."""
        return self.scene.structure.to_mmcif()

    @property
    def own_chains(self) -> list[str]:
        """Ids of the chains whose attention is shown."""
        return [chain_id for chain_id, _, _ in self.scene.chain.segments]

    @property
    def peptides(self) -> list[str]:
        """Ids of other chains too short to fold."""
        drawn = {*self.own_chains, *(copy.chain_id for copy in self.scene.copies)}
        return [
            chain_id
            for chain_id, chain in self.scene.structure.chains.items()
            if chain_id not in drawn and int(chain.observed.sum()) <= PEPTIDE
        ]

    @cached_property
    def cartoon(self) -> dict[str, list[Residue]]:
        """Residues of the chains shown by the colour of their cartoon."""
        scene = self.scene
        colors: Sequence[str | None] = [None] * scene.n_residues
        if self.view.cartoon_by:
            place = list(scene.tracks).index(self.view.cartoon_by)
            colors = track_colors(scene.tracks[self.view.cartoon_by], place)
        found: dict[str, list[Residue]] = {}
        for index, residue in enumerate(self._residues(scene.chain)):
            if scene.chain.observed[index]:
                found.setdefault(colors[index] or CARTOON, []).append(residue)
        return found

    other_chains = OTHER_CHAINS
    """The colour of all other chains."""

    @cached_property
    def sticks(self) -> list[Residue]:
        """The selected residues, on the copies of the chain, too; of a block none, as on screen."""
        selected = [] if self.view.selected_block else self.view.selection(self.scene)
        return [
            self._residues(chain)[index]
            for chain in (self.scene.chain, *self.scene.copies)
            for index in selected
            if chain.observed[index]
        ]

    def label(self, arc: Arc) -> str:
        """Return the words for an arc."""
        query, key = (arc.chain.residue_labels[index] for index in (arc.query, arc.key))
        weight = "" if np.isnan(arc.weight) else f" {arc.weight:.4g}"
        head = f", head {arc.head}" if arc.head else ""
        return f"{query} to {key}{weight}{head}"

    @staticmethod
    def _residues(chain: Chain) -> list[Residue]:
        return [
            (chain_id, index - start)
            for chain_id, start, stop in chain.segments
            for index in range(start, stop)
        ]

    # -- residues by number, or else by atom -------------------------------------------------------

    @cached_property
    def _first_atom(self) -> dict[str, int]:
        """Serial number, in the mmCIF text, of each protein chain's first atom."""
        chains = self.scene.structure.chains
        ends = np.cumsum([chain.atoms.residues.size for chain in chains.values()]).tolist()
        return {
            chain_id: end - chain.atoms.residues.size + 1
            for (chain_id, chain), end in zip(chains.items(), ends, strict=True)
        }

    @cached_property
    def _named_twice(self) -> set[tuple[str, int, str]]:
        """Chain, number and insertion code that more than one residue or ligand has."""
        seen: set[tuple[str, int, str]] = set()
        twice: set[tuple[str, int, str]] = set()
        for name in self._names():
            (twice if name in seen else seen).add(name)
        return twice

    def _names(self) -> Iterable[tuple[str, int, str]]:
        structure = self.scene.structure
        for chain in structure.chains.values():
            for index in np.flatnonzero(chain.observed).tolist():
                yield (
                    chain.chain_id,
                    int(chain.residue_numbers[index]),
                    chain.insertion_codes[index],
                )
        for molecule in structure.molecules:
            for residue in molecule.residues:
                yield molecule.chain_id, int(residue.number), residue.insertion_code

    def numbers(self, residues: Iterable[Residue]) -> dict[str, list[str]]:
        """Return author numbers with insertion codes (``"184A"``) by chain id.

        Residues whose number does not tell them from all others, or whose chain's id is more than
        one letter or digit (and might be a word of the viewer's), are left to `atoms`.
        """
        found: dict[str, list[str]] = {}
        for chain_id, index in residues:
            if self._has_plain_name(chain_id, index):
                chain = self.scene.structure.chains[chain_id]
                number = f"{chain.residue_numbers[index]}{chain.insertion_codes[index]}"
                found.setdefault(chain_id, []).append(number)
        return found

    def atoms(self, residues: Iterable[Residue]) -> list[tuple[int, int]]:
        """Return first and last serial numbers of the atoms of residues `numbers` leaves out."""
        serials: list[NDArray[np.int64]] = []
        for chain_id, index in residues:
            if not self._has_plain_name(chain_id, index):
                rows = np.flatnonzero(self.scene.structure.chains[chain_id].atoms.residues == index)
                serials.append(rows + self._first_atom[chain_id])
        if not serials:
            return []
        together = np.unique(np.concatenate(serials))
        stretches = np.split(together, np.flatnonzero(np.diff(together) > 1) + 1)
        return [(int(stretch[0]), int(stretch[-1])) for stretch in stretches]

    def _has_plain_name(self, chain_id: str, index: int) -> bool:
        chain = self.scene.structure.chains[chain_id]
        number, code = int(chain.residue_numbers[index]), chain.insertion_codes[index]
        return (
            len(chain_id) == 1
            and chain_id.isascii()
            and chain_id.isalnum()
            and number >= 0
            and (not code or (code.isascii() and code.isalpha()))
            and (chain_id, number, code) not in self._named_twice
        )
