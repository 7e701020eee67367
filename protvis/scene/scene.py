"""A scene: everything one explorer shows, ready to cross to a browser in any host."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
from numpy.typing import NDArray

from protvis.errors import LabelError, unknown_name
from protvis.labels import MEAN
from protvis.models import load_model
from protvis.scene.capture import ChainAttention, capture_chain
from protvis.scene.view_state import ViewState, check_choices, check_names, default_view
from protvis.scene.wire import encode_array, encode_root
from protvis.structure import Chain, Structure, load_structure

if TYPE_CHECKING:
    from protvis.models import ProteinModel

__all__ = [
    "DEFAULT_MODEL",
    "SCENE_VERSION",
    "SCORES",
    "Scene",
    "Score",
    "build_scene",
    "open_scene",
]

DEFAULT_MODEL = "esm2-35m"

SCENE_VERSION = 1


@dataclass(frozen=True)
class Score:
    """A number every head has; `best` says which end of it is worth looking for."""

    name: str
    title: str
    meaning: str
    best: str = "high"


SCORES = (
    Score(
        "contact_precision",
        "contact precision",
        "share of true contacts among the head's L strongest links (L residues, |i − j| ≥ 6)",
    ),
    Score(
        "enrichment",
        "contact enrichment",
        "contact precision divided by the share of contacts among all such pairs",
    ),
    Score(
        "special_share",
        "attention on special tokens",
        "share of attention that residues spend on tokens that are not residues",
    ),
    Score("mean_separation", "mean |i − j|", "attention-weighted distance along the sequence"),
    Score(
        "entropy", "entropy (bits)", "how widely a residue spreads its attention, on average", "low"
    ),
)

_COLORMAPS = {"weight": "viridis", "separation": "plasma", "score": "viridis", "map": "magma"}


def _colormap(name: str) -> NDArray[np.uint8]:
    """Return a perceptual matplotlib colour map as uint8 (256, 3)."""
    return (matplotlib.colormaps[name](np.arange(256))[:, :3] * 255).round().astype(np.uint8)


@dataclass(frozen=True)
class Scene:
    """Everything one explorer shows of a chain and a model.

    Attributes
    ----------
    structure, chain, model
        What is shown.
    attention : ChainAttention
        Links, scores and dense maps.
    """

    structure: Structure
    chain: Chain
    model: ProteinModel
    attention: ChainAttention

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
    def title(self) -> str:
        """What is shown, in a few words."""
        return f"{self.structure.name} chain {self.chain.chain_id} · {self.model.name}"

    def wire(self) -> dict[str, Any]:
        """Return the scene as plain data: ``meta`` (JSON), ``arrays``, the structure as mmCIF."""
        chain, links = self.chain, self.attention.links
        received, received_scale = encode_root(self.attention.received.reshape(-1, self.n_residues))
        background = float(self.scores["background"].flat[0])
        meta = {
            "version": SCENE_VERSION,
            "title": self.title,
            "structure_name": self.structure.name,
            "structure_title": self.structure.title,
            "model_name": self.model.name,
            "notice": self.model.notice,
            "chain_id": chain.chain_id,
            "n_layers": self.n_layers,
            "n_heads": self.n_heads,
            "n_residues": self.n_residues,
            "sequence": chain.sequence,
            "residue_labels": list(chain.residue_labels),
            "residue_numbers": [int(number) for number in chain.residue_numbers],
            "insertion_codes": [str(code) for code in chain.insertion_codes],
            "secondary_structure": chain.secondary_structure,
            "background": background if np.isfinite(background) else None,
            "received_scale": received_scale,
            "scores": [vars(score) for score in SCORES],
        }
        arrays = {
            "observed": np.asarray(chain.observed, np.uint8),
            "coordinates": np.asarray(chain.coordinates(), np.float32),
            "contacts": np.packbits(chain.contact_map(), axis=1),
            "links_first": links.first,
            "links_second": links.second,
            "links_forward": links.forward,
            "links_backward": links.backward,
            "links_offsets": links.offsets,
            "links_scale": links.scale,
            "links_floors": links.floors,
            "scores": np.stack([self.scores[score.name] for score in SCORES]).astype(np.float32),
            "received": received,
        }
        for purpose, colormap in _COLORMAPS.items():
            arrays[f"colormap_{purpose}"] = _colormap(colormap)
        return {
            "meta": meta,
            "arrays": {name: encode_array(array) for name, array in arrays.items()},
            "structure": self.structure.to_mmcif(),
        }

    def wire_map(self, layer: int, head: int | str) -> dict[str, Any]:
        """Return one dense map, by positions, as ``{dtype, shape, data, scale}`` (see `wire`)."""
        steps, scale = encode_root(self.attention.head_map(layer, head))
        return {**encode_array(steps), "scale": scale}

    def heads(self) -> list[tuple[int, int | str]]:
        """Return the positions (layer, head) of every entry: each layer's heads, then its mean."""
        return [
            (layer, head) for layer in range(self.n_layers) for head in [*range(self.n_heads), MEAN]
        ]


def build_scene(structure: Structure, chain: Chain, model: ProteinModel) -> Scene:
    """Run a chain through a model and return everything an explorer shows of it.

    Raises
    ------
    SequenceError
        If the model cannot read the chain's sequence.
    """
    return Scene(structure, chain, model, capture_chain(model, chain))


def open_scene(
    source: object,
    model: object = DEFAULT_MODEL,
    *,
    chain: str | None = None,
    **view: Any,
) -> tuple[Scene, ViewState]:
    """Load a structure and a model, run one chain through it, and choose where to open.

    Everything that can be wrong with the arguments is found before the model runs.

    Parameters
    ----------
    source : path, Structure, or whatever `load_structure` reads
    model : str, path or ProteinModel
        As for `load_model`.
    chain : str, optional
        The chain to look at; the longest if not given, the first of several.
    **view
        Fields of `ViewState`.

    Returns
    -------
    scene : Scene
    view : ViewState

    Raises
    ------
    ProtvisError
        If the structure, the chain, the model or a value cannot be used.
    TypeError
        If a keyword is not a field of `ViewState`.
    """
    check_names(view)
    structure = source if isinstance(source, Structure) else load_structure(source)
    if chain is not None and chain not in structure.chains:
        raise LabelError(f"{structure.name}: {unknown_name('chain', chain, structure.chains)}")
    chosen = (
        structure.chains[chain]
        if chain is not None
        else max(structure.chains.values(), key=lambda candidate: candidate.n_residues)
    )
    loaded = load_model(model) if isinstance(model, str | PathLike) else model
    check_choices(view, n_layers=loaded.n_layers, n_heads=loaded.n_heads)
    scene = build_scene(structure, chosen, loaded)
    return scene, default_view(scene, **view)
