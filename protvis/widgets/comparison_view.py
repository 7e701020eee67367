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
    """Show what a comparison found, beside the attention of `a`.

    Each head comes as a map, ``"Δ 5-3 · S195A"``: b minus a, from blue (less) over white to red
    (more). Its arcs are the links that gained or lost most, red and blue; those are grey that
    changed no more than matched random mutants make this head change. Residues that are exchanged
    are a track, and so are those without a partner in `b`, of which nothing is known.

    Parameters
    ----------
    source : path, Structure or Biopython Structure
        The structure that holds the chain of `a`.
    comparison : Comparison
        See `protvis.compare`.
    heads : sequence of heads, optional
        As ``"5-3"``, ``"5-mean"`` or (layer, head), labels of `a`; the `n_heads` that changed most
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
        If the comparison has no chain or no model, the structure's chain is another one, no head
        is asked for, or the stage is unknown.
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
