"""A scene: everything one explorer shows, ready to cross to a browser in any host."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from protvis.annotations import StateTrack, TrackSet, annotate_chains
from protvis.attention.score_table import Score, menu
from protvis.errors import LabelError, OptionError, unknown_name
from protvis.labels import MEAN
from protvis.models.family_table import LINKER
from protvis.scene.chain_attention import ChainAttention, capture_chain
from protvis.scene.colors import COLORMAPS, colormap
from protvis.scene.map_kind import ATTENTION, MapKind, kinds_of
from protvis.scene.map_sets import MapSet, build_map_set, matrix_set
from protvis.scene.track_wire import wire_tracks
from protvis.scene.user_map import check_matrix, matrix_kind
from protvis.scene.wire import encode_array
from protvis.structure import Chain, Structure

if TYPE_CHECKING:
    from protvis.models import ProteinModel

__all__ = [
    "SCENE_VERSION",
    "Scene",
    "build_scene",
]

SCENE_VERSION = 7

SCORE_FIELDS = ("name", "title", "meaning", "best", "is_share")
"""What crosses of a score; what chance would give depends on the maps and crosses with them."""

MOST_COPIES = 24
"""How many other copies of a chain a scene takes along."""


@dataclass(frozen=True)
class Scene:
    """Everything one explorer can show of a chain and a model, whatever the current view.

    Attributes
    ----------
    structure, chain, model
        What is shown.
    tracks : TrackSet
        What is known about each residue.
    matrices : dict of str to float32 (n_residues, n_residues)
        Maps supplied by the user (`add_matrix`).
    own_kinds : dict of str to MapKind
        The kinds of those maps.
    roles : dict of (layer, head) to list of str
        What an atlas says about heads, in a few letters each, by labels of layer and head.
    """

    structure: Structure
    chain: Chain
    model: ProteinModel
    tracks: TrackSet
    matrices: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    own_kinds: dict[str, MapKind] = field(default_factory=dict)
    roles: dict[tuple[int, int], list[str]] = field(default_factory=dict)
    # Shared by scenes that differ in their tracks only.
    _captured: list[ChainAttention] = field(default_factory=list, repr=False)
    _map_sets: dict[str, MapSet] = field(default_factory=dict, repr=False)

    @property
    def attention(self) -> ChainAttention:
        """Links, scores and dense maps of raw attention; the model runs on first use."""
        if not self._captured:
            self._captured.append(capture_chain(self.model, self.chain))
        return self._captured[0]

    @property
    def map_kinds(self) -> dict[str, MapKind]:
        """The available kinds of map, by name: raw attention first, the user's own last."""
        return kinds_of(self.model, self.chain, self.own_kinds.values())

    def map_kind(self, name: str) -> MapKind:
        """Return a kind of map by its name.

        Raises
        ------
        LabelError
            If there is no such kind of map for this model and chain.
        """
        kinds = self.map_kinds
        if name not in kinds:
            raise LabelError(unknown_name("map", name, kinds))
        return kinds[name]

    @property
    def n_layers(self) -> int:
        """Number of layers."""
        return self.model.n_layers

    @property
    def n_heads(self) -> int:
        """Number of heads per layer."""
        return self.model.n_heads

    @property
    def n_residues(self) -> int:
        """Number of residues of the chain."""
        return self.chain.n_residues

    @property
    def scores(self) -> dict[str, NDArray[np.float32]]:
        """Scores of all heads, each float32 (n_layers, n_heads + 1), the layer mean last."""
        return self.attention.scores

    @property
    def has_structure(self) -> bool:
        """Whether there are coordinates; False where only the sequence is known."""
        return bool(self.chain.observed.any())

    @property
    def menu(self) -> list[Score]:
        """The scores that heads can be coloured by."""
        return menu(contacts=self.has_structure)

    @property
    def title(self) -> str:
        """What is shown, in a few words."""
        chain = f" chain {self.chain.chain_id}" if self.has_structure else ""
        return f"{self.structure.name}{chain} · {self.model_name}"

    def require_structure(self, what: str) -> None:
        """Raise an OptionError if there are no coordinates, only a sequence."""
        if not self.has_structure:
            raise OptionError(
                f"{what} takes a structure, and {self.structure.name} is a sequence: add one with "
                "explorer.add_structure(file), or open one with pv.explore"
            )

    @property
    def model_name(self) -> str:
        """The model's name; of a folder only its last part, as pages travel."""
        name = self.model.name
        return Path(name).name if Path(name).is_dir() else name

    @property
    def notice(self) -> str | None:
        """The notice to show wherever this scene is shown, about the model and its limits."""
        n_chains = len(self.chain.segments)
        n_positions = self.n_residues + (n_chains - 1) * len(LINKER)
        return self.model.notice_for(n_positions, n_chains)

    def wire(self) -> dict[str, Any]:
        """Return the scene as plain data.

        ``meta`` (JSON), ``arrays``, the structure as mmCIF, and raw ``attention`` as `wire_maps`.
        """
        chain = self.chain
        meta = {
            "version": SCENE_VERSION,
            "title": self.title,
            "structure_name": self.structure.name,
            "structure_title": self.structure.title,
            "model_name": self.model_name,
            "notice": self.notice,
            "chain_id": chain.chain_id,
            "n_layers": self.n_layers,
            "n_heads": self.n_heads,
            "n_residues": self.n_residues,
            "sequence": chain.sequence,
            "residue_labels": list(chain.residue_labels),
            "residue_numbers": [int(number) for number in chain.residue_numbers],
            "insertion_codes": [str(code) for code in chain.insertion_codes],
            "segments": _segments(chain),
            "copies": [
                {
                    "segments": _segments(copy),
                    "residue_numbers": [int(number) for number in copy.residue_numbers],
                    "insertion_codes": [str(code) for code in copy.insertion_codes],
                }
                for copy in self.copies
            ],
            "secondary_structure": self._secondary_structure(),
            "map_kinds": [vars(kind) for kind in self.map_kinds.values()],
            "scores": [
                {name: getattr(score, name) for name in SCORE_FIELDS} for score in self.menu
            ],
            "has_structure": self.has_structure,
            "roles": [
                {"layer": layer, "head": head, "labels": labels}
                for (layer, head), labels in self.roles.items()
            ],
        }
        arrays: dict[str, NDArray[Any]] = {
            "observed": np.asarray(chain.observed, np.uint8),
            "coordinates": np.asarray(chain.coordinates(), np.float32),
            "contacts": np.packbits(chain.contact_map(), axis=1),
            "copies_observed": self._of_copies(lambda copy: copy.observed.astype(np.uint8)),
            "copies_coordinates": self._of_copies(lambda copy: copy.coordinates(), 3),
            "copies_contacts": self._of_copies(
                lambda copy: np.packbits(copy.contact_map(), axis=1), (self.n_residues + 7) // 8
            ),
        }
        for purpose in COLORMAPS:
            arrays[f"colormap_{purpose}"] = colormap(purpose)
        return {
            "meta": meta,
            "arrays": {name: encode_array(array) for name, array in arrays.items()},
            "structure": self.structure.to_mmcif() if self.has_structure else "",
            "attention": self.wire_maps(ATTENTION),
        }

    @property
    def copies(self) -> list[Chain]:
        """The other chains with the same sequence, at most `MOST_COPIES`."""
        groups = self.structure.identical_chains
        group = next((group for group in groups if self.chain.chain_id in group), ())
        others = [name for name in group if name != self.chain.chain_id]
        return [self.structure.chains[name] for name in others[:MOST_COPIES]]

    def _of_copies(self, read: Callable[[Chain], NDArray[Any]], *last: int) -> NDArray[Any]:
        """Return an array of every copy, (copy, residue, …); of no copies where there are none."""
        copies = [read(copy) for copy in self.copies]
        if copies:
            return np.stack(copies)
        dtype = np.float32 if last == (3,) else np.uint8
        return np.empty((0, self.n_residues, *last), dtype)

    def _secondary_structure(self) -> dict[str, str] | None:
        """Return the states drawn above the sequence, and who says so."""
        track = self.tracks.get("secondary structure")
        if not isinstance(track, StateTrack):
            return None
        return {"states": "".join(track.values.tolist()), "source": track.source}

    def wire_tracks(self) -> list[dict[str, Any]]:
        """Return the tracks as plain data."""
        return wire_tracks(self.tracks)

    def map_set(self, name: str) -> MapSet:
        """Return one kind of map, reduced for the views; computed on first use.

        Raises
        ------
        LabelError
            If there is no such kind of map for this model.
        """
        if name not in self._map_sets:
            kind = self.map_kind(name)
            self._map_sets[name] = (
                matrix_set(kind, self.chain, self.matrices[name])
                if name in self.matrices
                else build_map_set(kind, self.attention)
            )
        return self._map_sets[name]

    def add_matrix(self, name: str, matrix: Any) -> None:
        """Add a map of the user's own: float (residue, residue) or an `OwnMap`; NaN is unknown.

        Raises
        ------
        OptionError
            If its shape or a value does not fit.
        LabelError
            If there is already a map of that name.
        """
        kind, values = matrix_kind(name, matrix), check_matrix(name, matrix, self.n_residues)
        if name in self.map_kinds:
            raise LabelError(f"there is a map {name!r} already; choose another name")
        self.matrices[name], self.own_kinds[name] = values, kind

    def wire_maps(self, name: str) -> dict[str, Any]:
        """Return one kind of map as plain data: ``meta`` and ``arrays``."""
        return self.map_set(name).wire(self.menu)

    def wire_map(self, entry: int, name: str = ATTENTION) -> dict[str, Any]:
        """Return one dense map as plain data, by its entry in a map set."""
        return self.map_set(name).wire_map(entry)

    def heads(self) -> list[tuple[int, int | str]]:
        """Return the positions (layer, head) of every entry: each layer's heads, then its mean."""
        return [
            (layer, head) for layer in range(self.n_layers) for head in [*range(self.n_heads), MEAN]
        ]


def _segments(chain: Chain) -> list[dict[str, Any]]:
    return [
        {"chain_id": chain_id, "start": start, "stop": stop}
        for chain_id, start, stop in chain.segments
    ]


def build_scene(
    structure: Structure, chain: Chain, model: ProteinModel, tracks: TrackSet | None = None
) -> Scene:
    """Run a chain through a model and return everything an explorer shows of it.

    Parameters
    ----------
    structure : Structure
    chain : Chain
        One of the structure's.
    model : ProteinModel
    tracks : TrackSet, optional
        What is known about the chain's residues; what the file and the structure say by default.

    Raises
    ------
    SequenceError
        If the model cannot read the chain's sequence.
    """
    known = (
        annotate_chains(structure, [chain_id for chain_id, _, _ in chain.segments])
        if tracks is None
        else tracks
    )
    scene = Scene(structure, chain, model, known)
    _ = scene.attention
    return scene
