"""What one protein says about each head: how well its links agree with contacts, and its habits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from protvis.attention import score_table
from protvis.attention.strong_pairs import PairSearch, StrongPairs
from protvis.checks import check_whole_number
from protvis.structure.contacts import MIN_SEPARATION

__all__ = ["ContactScore", "MapSummer", "score_head_block", "top_link_precision"]

_CHUNK_BYTES = 2**18


def score_head_block(
    block: ArrayLike,
    special: ArrayLike,
    contacts: ArrayLike | None = None,
    observed: ArrayLike | None = None,
    *,
    min_separation: int = MIN_SEPARATION,
) -> dict[str, NDArray[np.float64]]:
    """Score every head of a block of attention.

    Parameters
    ----------
    block : array (head, query, key)
        Attention between residues, rows not renormalised. NaN means unknown and is left out.
    special : array (head, query)
        Attention each residue spends on special tokens.
    contacts : bool array (residue, residue), optional
        The contact map; without it the contact scores are NaN.
    observed : bool array (residue,), optional
        Residues with coordinates; all when None.
    min_separation : int, default 6
        Pairs closer in sequence than this are left out of the contact scores.

    Returns
    -------
    dict of str to float64 array (head,)
        ``contact_precision``: the share of contacts among the top L links, L the number of
        residues, of pairs (the larger direction counts) at least `min_separation` apart whose
        residues are both observed; all such pairs if there are fewer than L. If pairs of equal
        weight straddle the cut, the average over random choices among them.
        ``background``: the share of contacts among all such pairs.
        ``enrichment``: the first divided by the second.
        ``special_share``: mean over residues of the attention on special tokens (fraction).
        ``mean_separation``: mean of |i - j| weighted by attention (residues).
        ``entropy``: mean over queries of the Shannon entropy of the row, renormalised over
        residues (bits). ``max_weight``: the largest weight.
        NaN where undefined: no structure, no eligible pair, no contact (enrichment), no attention
        between residues.
    """
    check_whole_number("min_separation", min_separation)
    block = np.asarray(block, dtype=np.float32)
    if block.shape[1] == 0:
        return {score.name: np.full(len(block), np.nan) for score in score_table.SCORES}
    score = ContactScore(block.shape[1], contacts, observed, min_separation=min_separation)
    sums = MapSummer(block.shape[1]).sums(list(block))
    found = score.of_maps(block) | sums.scores()
    found["special_share"] = np.asarray(special, dtype=np.float64).mean(axis=1)
    found |= score_table.computed_scores(list(block))
    return {score.name: found[score.name] for score in score_table.SCORES}


def top_link_precision(
    weights: ArrayLike,
    contacts: ArrayLike,
    observed: ArrayLike,
    *,
    min_separation: int = MIN_SEPARATION,
) -> float:
    """Return the share of contacts among a map's top L links, as `score_head_block` defines it.

    Parameters
    ----------
    weights : array (query, key)
        NaN is unknown: no link.
    contacts : bool array (residue, residue)
    observed : bool array (residue,)
        Pairs with other residues are left out.
    min_separation : int, default 6

    Returns
    -------
    float
        NaN where no pair is left.
    """
    weights = np.asarray(weights, dtype=np.float32)
    score = ContactScore(len(weights), contacts, observed, min_separation=min_separation)
    return float(score.of_maps(weights[None])["contact_precision"][0])


class ContactScore:
    """Scores maps of one protein by its contacts, from their strong pairs.

    Parameters
    ----------
    n_residues : int
    contacts : bool array (residue, residue), optional
    observed : bool array (residue,), optional
        Pairs with other residues are left out.
    min_separation : int, default 6
        So are pairs closer in sequence.

    Attributes
    ----------
    needed : dict of int to int
        What a `PairSearch` should look for.
    background : float
        Share of contacts among all pairs that count; NaN if there are none.
    """

    def __init__(
        self,
        n_residues: int,
        contacts: ArrayLike | None = None,
        observed: ArrayLike | None = None,
        *,
        min_separation: int = MIN_SEPARATION,
    ) -> None:
        n = n_residues
        seen = np.ones(n, dtype=bool) if observed is None else np.asarray(observed, dtype=bool)
        self._n_links = n
        self._contacts = np.zeros((0, 0), bool) if contacts is None else np.asarray(contacts, bool)
        # Apart in sequence and both observed, as a table: looked up for thousands of pairs a map.
        self._eligible = np.triu(np.outer(seen, seen), k=max(min_separation, 1))
        n_eligible = int(self._eligible.sum()) if contacts is not None else 0
        self.background = float("nan")
        self.needed: dict[int, int] = {}
        if n_eligible:
            self.background = float(self._contacts[self._eligible].sum() / n_eligible)
            apart = max(n - max(min_separation, 1), 0)
            self.needed = {min_separation: round(n * apart * (apart + 1) / 2 / n_eligible)}

    def precision(self, pairs: StrongPairs) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return the precision of the top L pairs of maps, and whether enough pairs are listed."""
        n_maps = len(pairs.maps)
        precision = np.full(n_maps, np.nan)
        if np.isnan(self.background):
            return precision, np.ones(n_maps, bool)
        # NaN only where both are: a pair seen in one direction still has a weight.
        weight = np.fmax(pairs.forward, pairs.backward)
        reach = np.repeat(pairs.reach, pairs.counts)
        counted = np.flatnonzero(self._eligible.take(pairs.place) & (weight >= reach))
        owner, weight = pairs.owner.take(counted), weight.take(counted)
        contact = self._contacts.take(pairs.place.take(counted))
        n_listed = np.bincount(owner, minlength=n_maps)
        n_links = np.minimum(n_listed, self._n_links)
        ends = np.cumsum(n_listed)
        cut = np.full(n_maps, np.nan, np.float32)
        for place in np.flatnonzero(n_links):
            some = weight[ends[place] - n_listed[place] : ends[place]]
            last = len(some) - n_links[place]
            cut[place] = np.partition(some, last)[last]
        above, tied = weight > cut[owner], weight == cut[owner]
        n_above, n_tied, contacts_above, contacts_tied = (
            np.bincount(owner.compress(some), minlength=n_maps)
            for some in (above, tied, above & contact, tied & contact)
        )
        share = contacts_tied / np.maximum(n_tied, 1)
        found = contacts_above + (n_links - n_above) * share
        np.divide(found, n_links, out=precision, where=n_links > 0)
        return precision, (n_links == self._n_links) | (pairs.reach == -np.inf)

    def of_maps(self, maps: NDArray[np.float32]) -> dict[str, NDArray[np.float64]]:
        """Return the contact scores of maps, float32 (map, query, key)."""
        precision = np.full(len(maps), np.nan)

        def take(pairs: StrongPairs) -> NDArray[np.bool_]:
            precision[pairs.maps], sure = self.precision(pairs)
            return sure

        PairSearch(maps.shape[1], self.needed).settle(list(maps), take)
        return self.scores(precision)

    def scores(self, precision: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        """Return the contact scores of maps with these precisions."""
        nothing = np.full(len(precision), np.nan)
        return {
            "contact_precision": precision,
            "background": np.full(len(precision), self.background),
            "enrichment": precision / self.background if self.background > 0 else nothing,
        }


@dataclass(frozen=True)
class MapSums:
    """Sums over maps, each float (query, key), without what is NaN.

    Attributes
    ----------
    received : float32 (map, key)
        The mean over queries of what each residue receives; NaN where no query is known.
    largest : float64 (map,)
        The largest value.
    mean_separation, entropy : float64 (map,)
        As `score_head_block` defines them; NaN of maps whose values are no shares of attention.
    """

    received: NDArray[np.float32]
    largest: NDArray[np.float64]
    mean_separation: NDArray[np.float64]
    entropy: NDArray[np.float64]

    def scores(self) -> dict[str, NDArray[np.float64]]:
        """Return what of it is a score of a head."""
        return {
            "mean_separation": self.mean_separation,
            "entropy": self.entropy,
            "max_weight": self.largest,
        }


class MapSummer:
    """Sums over maps of one size, as products with vectors, in single precision within a row.

    Parameters
    ----------
    n_residues : int
    shares : bool
        Whether values are shares of attention, so that there are a mean separation and an entropy.
    """

    def __init__(self, n_residues: int, *, shares: bool = True) -> None:
        n = self._n = n_residues
        self._shares = shares
        self._ones = np.ones(n, np.float32)
        self._separation = np.abs(np.subtract.outer(np.arange(n), np.arange(n))).astype(np.float32)
        # Some rows at a time: what is read five times stays in the processor's cache.
        self._n_rows = max(1, min(n, _CHUNK_BYTES // (4 * max(n, 1))))
        self._room = np.empty((self._n_rows, n), np.float32)

    def sums(self, maps: Sequence[NDArray[np.float32]]) -> MapSums:
        """Return the sums over maps; NaN is unknown."""
        n = self._n
        received = np.zeros((len(maps), n), np.float32)
        known = np.full((len(maps), n), n)
        row_sums, plogs = np.zeros((2, len(maps), n))
        largest, weighted = np.full(len(maps), -np.inf), np.zeros(len(maps))
        for place, weights in enumerate(maps):
            for start in range(0, n, self._n_rows):
                rows = slice(start, min(start + self._n_rows, n))
                part = weights[rows]
                top = part.max()
                if np.isnan(top):
                    known[place] -= np.isnan(part).sum(axis=0)
                    part = np.where(np.isnan(part), np.float32(0), part)
                    top = part.max()
                received[place] += self._ones[: len(part)] @ part
                largest[place] = max(largest[place], top)
                if self._shares:
                    row_sums[place, rows] = part @ self._ones
                    weighted[place] += np.vdot(part, self._separation[rows])
                    # 0 log 0 is 0: what is added changes no larger number.
                    logs = np.add(part, np.finfo(np.float32).tiny, out=self._room[: len(part)])
                    np.multiply(np.log2(logs, out=logs), part, out=logs)
                    plogs[place, rows] = logs @ self._ones
        nothing = np.full(len(maps), np.nan)
        total = row_sums.sum(axis=1)
        separation = np.divide(weighted, total, out=nothing.copy(), where=total > 0)
        entropy = _mean_entropy(row_sums, plogs) if self._shares else nothing
        with np.errstate(invalid="ignore"):  # no query is known: 0 / 0
            received /= known
        return MapSums(received, largest, separation, entropy)


def _mean_entropy(row_sums: NDArray[np.float64], plogs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return each map's mean over rows of H(w / s) = log2 s - (Σ w log2 w) / s, in bits."""
    rows = row_sums > 0
    sums = np.where(rows, row_sums, 1.0)
    # Rounding may leave a one-hot row a hair below zero.
    entropy = np.maximum(np.log2(sums) - plogs / sums, 0.0).sum(axis=1, where=rows)
    n_rows = rows.sum(axis=1)
    return np.divide(entropy, n_rows, out=np.full(len(rows), np.nan), where=n_rows > 0)
