"""`explore_comparison`: differences of attention, on the structure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from protvis.errors import OptionError
from protvis.labels import format_head, read_head
from protvis.scene.user_map import OwnMap
from protvis.structure import Structure, load_structure
from protvis.widgets.explorer import AttentionExplorer
from protvis.widgets.open_explorer import explore

if TYPE_CHECKING:
    from protvis.perturbation import Comparison

__all__ = ["explore_comparison"]

EXCHANGED = "exchanged residues"
UNALIGNED = "not aligned"


def explore_comparison(
    source: object,
    comparison: Comparison,
    *,
    heads: Sequence[tuple[int, int | str] | str] | None = None,
    n_heads: int = 3,
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
    **options
        As for `protvis.explore`; the explorer opens on the first of the maps unless ``map=`` says
        otherwise.

    Returns
    -------
    AttentionExplorer

    Raises
    ------
    OptionError
        If the comparison has no chain or no model, the structure's chain is another one, or no head
        is asked for.
    LabelError
        If there is no such head.
    """
    chain = comparison.a.chain
    model = options.pop("model", comparison.model)
    if chain is None or model is None:
        raise OptionError(
            "a comparison is shown on a structure, with a model: compare a chain "
            '(pv.compare(chain, "S195A", model=…))'
            if chain is None
            else "these maps were computed elsewhere: say which model they are of, model=…"
        )
    structure = source if isinstance(source, Structure) else load_structure(source)
    if structure.chain(chain.chain_id).sequence != chain.sequence:
        raise OptionError(
            f"chain {chain.chain_id} of {structure.name} is not the chain that was compared: its "
            "sequence is another"
        )
    chosen: list[tuple[int, int | str]]
    if heads is None:
        frame = comparison.heads().head(n_heads)
        chosen = [(int(row.layer), int(row.head)) for row in frame.itertuples()]
    else:
        chosen = [read_head(head) for head in heads]
    if not chosen:
        raise OptionError("expected at least one head to show")
    maps = {
        f"Δ {format_head(layer, head)} · {comparison.title}": _change(comparison, layer, head)
        for layer, head in chosen
    }
    table = comparison.residues()
    tracks = {}
    for name, state in ((EXCHANGED, "exchanged"), (UNALIGNED, "only in a")):
        places = table.loc[table["state"] == state, "a_index"].to_numpy(dtype=int)
        if len(places):
            tracks[name] = _marked(places, chain.n_residues)
    options["tracks"] = {**tracks, **_tracks(options)}
    layer, head = chosen[0]
    options = {
        "map": next(iter(maps)),
        "layer": layer,
        "head": head,
        "min_separation": comparison.min_separation,
        **options,
    }
    return explore(
        structure, model, chain=chain.chain_id, maps={**maps, **options.pop("maps", {})}, **options
    )


def _change(comparison: Comparison, layer: int, head: int | str) -> OwnMap:
    """Return Δ of one head, with how far noise reaches."""
    noise, formula = comparison.noise_of(layer, head), "attention of b minus attention of a"
    if comparison.noise is not None and noise is not None:
        said = comparison.noise
        formula += f"; noise is {said.rank_words} that matched random mutants make ({said.words})"
    else:
        formula += f"; no noise level: {comparison.noise_words}"
    return OwnMap(comparison.map(layer, head), difference=True, noise=noise, formula=formula)


def _marked(places: np.ndarray, n_residues: int) -> np.ndarray:
    marked = np.zeros(n_residues, dtype=bool)
    marked[places] = True
    return marked


def _tracks(options: dict[str, Any]) -> dict[str, Any]:
    """Return the tracks asked for by name."""
    given = options.get("tracks", ())
    return dict(given) if hasattr(given, "keys") else {track.name: track for track in given}
