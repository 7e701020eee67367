"""The scores of a head: what each is called, what it means, and what chance would give.

A new score is one entry here, with the function that computes it from a map: the explorer's menu,
its figures, tables and pages follow.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["SCORES", "Score", "chance_of", "computed_scores", "menu"]


@dataclass(frozen=True)
class Score:
    """A number every head has.

    Attributes
    ----------
    name, title : str
    meaning : str
        In a line.
    best : {"high", "low"}
        Which end of it is worth looking for.
    is_share : bool
        Whether 0 is none and 1 is all.
    chance : str, float or None
        What chance would give: another score's name, a number, or not known.
    undefined_for : tuple of str
        Kinds of map that have no such score: ``"signed"`` ones, ``"difference"``.
    of_contacts : bool
        Whether it is about the contacts of a structure.
    in_menu : bool
        Whether the explorer offers to colour the heads by it; tables have it in any case.
    compute : callable, optional
        Takes a map, float32 (query, key), in which unknown weights are 0, and returns the score.
        Those without one are computed together, in one pass (`protvis.attention.scores`).
    """

    name: str
    title: str
    meaning: str
    best: str = "high"
    is_share: bool = False
    chance: str | float | None = None
    undefined_for: tuple[str, ...] = ()
    of_contacts: bool = False
    in_menu: bool = True
    compute: Callable[[NDArray[np.float32]], float] | None = None


SCORES: tuple[Score, ...] = (
    Score(
        "contact_precision",
        "contact precision",
        "share of true contacts among the head's L strongest links (L residues, |i − j| ≥ 6)",
        is_share=True,
        chance="background",
        undefined_for=("difference",),
        of_contacts=True,
    ),
    Score(
        "background",
        "share of contacts",
        "share of contacts among all pairs of observed residues, |i − j| ≥ 6",
        is_share=True,
        undefined_for=("difference",),
        of_contacts=True,
        in_menu=False,
    ),
    Score(
        "enrichment",
        "contact enrichment",
        "contact precision divided by the share of contacts among all such pairs",
        chance=1.0,
        undefined_for=("difference",),
        of_contacts=True,
    ),
    Score(
        "special_share",
        "attention on special tokens",
        "share of attention that residues spend on tokens that are not residues",
        is_share=True,
    ),
    Score(
        "mean_separation",
        "mean |i − j|",
        "attention-weighted distance along the sequence",
        undefined_for=("signed",),
    ),
    Score(
        "entropy",
        "entropy (bits)",
        "how widely a residue spreads its attention, on average",
        best="low",
        undefined_for=("signed",),
    ),
    Score("max_weight", "largest weight", "the largest value of the map", in_menu=False),
)


def menu(*, contacts: bool = True) -> list[Score]:
    """Return the scores that heads can be coloured by, the first one first.

    Without contacts those of contacts are missing, and heads that look far come first: the rest of
    the order would lead to heads that look at special tokens.
    """
    if contacts:
        return [score for score in SCORES if score.in_menu]
    known = [score for score in SCORES if score.in_menu and not score.of_contacts]
    return sorted(known, key=lambda score: score.name != "mean_separation")


def chance_of(score: Score, scores: Mapping[str, NDArray[np.floating]]) -> float:
    """Return what chance would give; NaN where it is not known.

    Parameters
    ----------
    score : Score
    scores : mapping of str to array
        All scores of the same maps.
    """
    if isinstance(score.chance, str):
        return float(scores[score.chance].flat[0])
    return np.nan if score.chance is None else score.chance


def computed_scores(
    maps: Sequence[NDArray[np.float32]], kinds: Collection[str] = ()
) -> dict[str, NDArray[np.float64]]:
    """Return the scores that have a function of their own, each (map,).

    Parameters
    ----------
    maps : sequence of float32 (query, key)
        NaN is unknown, and counts as none.
    kinds : collection of str
        What the maps are: ``"signed"``, ``"difference"``. NaN for scores undefined for these.
    """
    found = {}
    for score in SCORES:
        if score.compute is not None:
            undefined = any(kind in score.undefined_for for kind in kinds)
            values = [
                np.nan if undefined else score.compute(np.where(np.isnan(one), np.float32(0), one))
                for one in maps
            ]
            found[score.name] = np.array(values, dtype=np.float64)
    return found
