"""The scene of a comparison: differences of attention as maps, and what was exchanged as tracks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from protvis.checks import check_whole_number
from protvis.errors import OptionError
from protvis.labels import format_head, read_head
from protvis.perturbation import Comparison
from protvis.scene.scene import Scene
from protvis.scene.scene_builder import chain_structure, open_scene
from protvis.scene.track_wire import named_tracks
from protvis.scene.user_map import OwnMap
from protvis.scene.view_state import ViewState

__all__ = ["comparison_scene"]

EXCHANGED = "exchanged residues"
UNALIGNED = "not aligned"


def comparison_scene(
    source: object,
    comparison: Comparison,
    *,
    heads: Sequence[tuple[int, int | str] | str] | None = None,
    n_heads: int = 3,
    model: object = None,
    maps: Mapping[str, Any] | None = None,
    tracks: Mapping[str, Any] | Iterable[Any] = (),
    **choices: Any,
) -> tuple[Scene, ViewState]:
    """Return the scene of a comparison, and the view it opens with.

    Parameters
    ----------
    source, comparison, heads, n_heads
        As for `protvis.explore_comparison`.
    model, maps, tracks, **choices
        As for `open_scene`.

    Raises
    ------
    OptionError
        If the comparison has no chain or no model, the structure's chain is another one, or no head
        is asked for.
    LabelError
        If there is no such head.
    """
    chain = comparison.a.chain
    model = comparison.model if model is None else model
    if chain is None or model is None:
        raise OptionError(
            "a comparison is shown on a structure, with a model: compare a chain "
            '(pv.compare(chain, "S195A", model=…))'
            if chain is None
            else "these maps were computed elsewhere: say which model they are of, model=…"
        )
    structure = chain_structure(source, chain.chain_id, chain.sequence, "that was compared")
    if heads is None:
        frame = comparison.heads().head(check_whole_number("n_heads", n_heads, 1))
        chosen = [(int(row.layer), int(row.head)) for row in frame.itertuples()]
    else:
        chosen = [read_head(head) for head in heads]  # type: ignore[misc]
    if not chosen:
        raise OptionError("expected at least one head to show")
    changes = {
        f"Δ {format_head(layer, head)} · {comparison.title}": _change(comparison, layer, head)
        for layer, head in chosen
    }
    table = comparison.residues()
    differing = {}
    for name, state in ((EXCHANGED, "exchanged"), (UNALIGNED, "only in a")):
        places = table.loc[table["state"] == state, "a_index"].to_numpy(dtype=int)
        if len(places):
            differing[name] = np.isin(np.arange(chain.n_residues), places)
    layer, head = chosen[0]
    opened = {
        "map": next(iter(changes)),
        "layer": layer,
        "head": head,
        "min_separation": comparison.min_separation,
    }
    return open_scene(
        structure,
        model,
        chain=chain.chain_id,
        maps={**changes, **(maps or {})},
        tracks={**differing, **named_tracks(chain, tracks)},
        **{**opened, **choices},
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
