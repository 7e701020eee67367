"""`explore_comparison`: differences of attention, on the structure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from protvis.scene.comparison_scene import comparison_scene
from protvis.widgets.explorer import AttentionExplorer
from protvis.widgets.opening_panel import opening_panel
from protvis.widgets.stage_host import STAGES, check_stage

if TYPE_CHECKING:
    from protvis.perturbation import Comparison

__all__ = ["explore_comparison"]


def explore_comparison(
    source: object,
    comparison: Comparison,
    *,
    heads: Sequence[tuple[int, int | str] | str] | None = None,
    n_heads: int = 3,
    stage: str = STAGES[0],
    **options: Any,
) -> AttentionExplorer:
    """Show the result of a comparison, beside the attention of `a`.

    Each head is shown as a map, ``"Δ 5-3 · S195A"``: b minus a, from blue (less) over white to red
    (more). Its arcs are the links that gained (red) or lost (blue) most; links that changed no more
    than this head does in matched random mutants are grey. Substituted residues are shown as a
    track, and so are residues without a partner in `b`, for which nothing is known.

    Parameters
    ----------
    source : path, Structure or Biopython Structure
        The structure that holds the chain of `a`.
    comparison : Comparison
        See `protvis.compare`.
    heads : sequence of heads, optional
        Labels in `a`, as ``"5-3"``, ``"5-mean"`` or (layer, head); the `n_heads` that changed most
        when None.
    n_heads : int, default 3
        How many heads to show if `heads` is None.
    stage : {"auto", "own"}
        What draws the 3D panel, as for `protvis.explore`.
    **options
        As for `protvis.explore`; the explorer opens on the first of the maps unless ``map=`` says
        otherwise.

    Returns
    -------
    AttentionExplorer

    Raises
    ------
    OptionError
        If the comparison has no chain or no model, the structure's chain is a different one, no
        head is requested, or the stage is unknown.
    LabelError
        If there is no such head.

    Examples
    --------
    >>> import protvis
    >>> from protvis.data import TRYPSIN
    >>> chain = protvis.load_structure(TRYPSIN).chain("A")
    >>> comparison = protvis.compare(chain, "S195A", model="mini-positions")
    >>> explorer = protvis.explore_comparison(TRYPSIN, comparison)
    >>> explorer.close()
    """
    check_stage(stage)
    with opening_panel():
        found = comparison_scene(source, comparison, heads=heads, n_heads=n_heads, **options)
        return AttentionExplorer(*found, stage)
