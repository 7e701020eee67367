"""`explore_flow`: what passes between two residues through the layers, on the structure."""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING, Any

from protvis.scene.flow_scene import flow_scene
from protvis.widgets.explorer import AttentionExplorer
from protvis.widgets.opening_panel import opening_panel
from protvis.widgets.stage_host import STAGES, check_stage

if TYPE_CHECKING:
    from protvis.attention import AttentionFlow
    from protvis.models import ProteinModel

__all__ = ["explore_flow"]


def explore_flow(
    source: object,
    flow: AttentionFlow,
    model: str | PathLike[str] | ProteinModel,
    *,
    stage: str = STAGES[0],
    **options: Any,
) -> AttentionExplorer:
    """Show how attention flows between two residues, beside the attention it flows through.

    Two maps are added: the flow between residues, summed over layers, and the steps of the
    strongest path; what stays at a residue is not drawn. The residues of the strongest path are
    selected and shown as a track; clear the selection to see the flow between others.

    Parameters
    ----------
    source : path, Structure or Biopython Structure
        The structure that holds the chain.
    flow : AttentionFlow
        See `protvis.attention_flow`.
    model : str, path or ProteinModel
        The model whose attention it is.
    stage : {"auto", "own"}
        What draws the 3D panel, as for `protvis.explore`.
    **options
        As for `protvis.explore`; the explorer opens on the flow, with both directions and
        neighbours included, unless they say otherwise.

    Returns
    -------
    AttentionExplorer

    Raises
    ------
    OptionError
        If the flow has no chain, the structure's chain is a different one, or the stage is unknown.

    Examples
    --------
    >>> import protvis
    >>> from protvis.data import TRYPSIN
    >>> chain = protvis.load_structure(TRYPSIN).chain("A")
    >>> maps = protvis.compute_attention("mini-positions", chain)
    >>> flow = protvis.attention_flow(maps, "A:HIS57", "A:SER195")
    >>> explorer = protvis.explore_flow(TRYPSIN, flow, model="mini-positions")
    >>> explorer.close()
    """
    check_stage(stage)
    with opening_panel():
        return AttentionExplorer(*flow_scene(source, flow, model, **options), stage)
