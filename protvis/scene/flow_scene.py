"""The scene of an attention flow: what passes between two residues, and the strongest path."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from protvis.attention import AttentionFlow
from protvis.errors import OptionError
from protvis.scene.scene import Scene
from protvis.scene.scene_builder import chain_structure, open_scene
from protvis.scene.track_wire import named_tracks
from protvis.scene.user_map import OwnMap
from protvis.scene.view_state import ViewState

__all__ = ["flow_scene"]

PATH = "strongest path"


def flow_scene(
    source: object,
    flow: AttentionFlow,
    model: object,
    *,
    maps: Mapping[str, Any] | None = None,
    tracks: Mapping[str, Any] | Iterable[Any] = (),
    **choices: Any,
) -> tuple[Scene, ViewState]:
    """Return the scene of a flow, and the view it opens with.

    Parameters
    ----------
    source, flow, model
        As for `protvis.explore_flow`.
    maps, tracks, **choices
        As for `open_scene`.

    Raises
    ------
    OptionError
        If the flow has no chain, or the structure's is another one.
    """
    read, chain = flow.maps, flow.maps.chain
    if chain is None:
        raise OptionError(
            "flow is shown on a structure: compute it from the attention of a chain "
            "(pv.compute_attention(model, chain))"
        )
    structure = chain_structure(source, chain.chain_id, read.sequence, "that the flow is of")
    ends = f"{read.residue_labels[flow.query]} → {read.residue_labels[flow.key]}"
    along = np.unique(flow.path()[["query", "key"]].to_numpy())
    own = {
        f"flow {ends}": OwnMap(
            flow.matrix(),
            unit="flow",
            formula=f"of the largest flow through the layers ({flow.value:.3g}), summed over them",
        ),
        f"path {ends}": OwnMap(
            flow.path_matrix(),
            unit="weight",
            formula=f"steps of the strongest path, whose weights have the product "
            f"{flow.path_share:.3g}",
        ),
    }
    opened = {
        "map": next(iter(own)),
        "combine": "directed",
        "min_separation": 1,
        "selected_residues": [read.residue_labels[index] for index in along],
    }
    marked = np.isin(np.arange(read.n_residues), along)
    return open_scene(
        structure,
        model,
        chain=chain.chain_id,
        maps={**own, **(maps or {})},
        tracks={PATH: marked, **named_tracks(chain, tracks)},
        **{**opened, **choices},
    )
