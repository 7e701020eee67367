"""`explore_flow`: what passes between two residues through the layers, on the structure."""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np

from protvis.errors import OptionError
from protvis.scene.track_wire import as_tracks
from protvis.scene.user_map import OwnMap
from protvis.structure import Structure, load_structure
from protvis.widgets.explorer import AttentionExplorer
from protvis.widgets.open_explorer import explore

if TYPE_CHECKING:
    from protvis.attention import AttentionFlow
    from protvis.models import ProteinModel

__all__ = ["explore_flow"]

PATH = "strongest path"


def explore_flow(
    source: object,
    flow: AttentionFlow,
    model: str | PathLike[str] | ProteinModel,
    **options: Any,
) -> AttentionExplorer:
    """Show which way attention flows between two residues, beside the attention it flows through.

    Two maps come with the model's own: the flow between residues, summed over layers, and the steps
    of the strongest path; what stays at a residue is no arc. The residues of the strongest path are
    selected and a track; clear the selection to see what flows between others.

    Parameters
    ----------
    source : path, Structure or Biopython Structure
        The structure that holds the chain.
    flow : AttentionFlow
        See `protvis.attention_flow`.
    model : str, path or ProteinModel
        The one whose attention it is.
    **options
        As for `protvis.explore`; the explorer opens on the flow, with every direction and
        neighbours, unless they say otherwise.

    Returns
    -------
    AttentionExplorer

    Raises
    ------
    OptionError
        If the flow has no chain, or the structure's is another one.
    """
    maps, chain = flow.maps, flow.maps.chain
    if chain is None:
        raise OptionError(
            "flow is shown on a structure: compute it from the attention of a chain "
            "(pv.compute_attention(model, chain))"
        )
    structure = source if isinstance(source, Structure) else load_structure(source)
    if structure.chain(chain.chain_id).sequence != maps.sequence:
        raise OptionError(
            f"chain {chain.chain_id} of {structure.name} is not the chain that the flow is of: its "
            "sequence is another"
        )
    ends = f"{maps.residue_labels[flow.query]} → {maps.residue_labels[flow.key]}"
    steps = flow.path()
    along = np.unique(steps[["query", "key"]].to_numpy())
    marked = np.zeros(maps.n_residues, dtype=bool)
    marked[along] = True
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
    given = as_tracks(chain, options.pop("tracks", ()))
    tracks = {PATH: marked, **{track.name: track for track in given}}
    options = {
        "map": next(iter(own)),
        "combine": "directed",
        "min_separation": 1,
        "maps": {**own, **options.pop("maps", {})},
        "tracks": tracks,
        **options,
    }
    explorer = explore(structure, model, chain=chain.chain_id, **options)
    explorer.selected_residues = [maps.residue_labels[index] for index in along]
    return explorer
