"""Nulls: what a head would hit that kept some of its habits and knew nothing else.

Each gives the hits expected of one protein, their variance and their third central moment, which
add up over proteins. Nothing is drawn, and everything comes from the protein itself.

``protein``
    For pairs, each link by itself falls anywhere in its protein. For residues, all links to a key
    move together to another key.
``separation``
    For pairs, each link falls anywhere where ``|i - j|`` is the same.
``shift``
    The whole pattern of links moves along the chain, by every number of residues: separations,
    runs, stripes and segments stay, where they lie does not. For pairs, links go from (i, j) to
    (i + s, j + s) modulo the length; those that then straddle the chain's end are dropped. For
    residues, the profile of links by key turns along the observed residues, and of the labels the
    mean of their zone, by distance from either end of the chain, is taken off first.
``amino_acid``
    The same shift, and amino acids explain what they can: of the labels of residues, their zones'
    and their amino acids' means are taken off; a pair's chance is the product of a factor for
    ``|i - j|`` and one for its two amino acids, near, farther and far along the chain, that gives
    both their numbers of hits.

A shift compares the sum of hits less chances at home, T₀, with its mean and variance over all
shifts. Where links lie on likelier pairs than elsewhere, hits scatter more: the variance is scaled
by Σ e(1 - e) at home over its mean, where that is above 1, e being the chances.

Where only `SAMPLED_SHIFTS` are looked at, evenly spaced, the variance is that of a new draw beside
the mean of so many: (S + 1) / (S - 1) of theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy import fft, sparse

from protvis.analysis.counting.features import PairLabels, ResidueLabels
from protvis.attention.chain_zones import chain_zones

__all__ = ["SAMPLED_SHIFTS", "Moments", "PairNulls", "ResidueNulls", "chances_of_pairs"]

SAMPLED_SHIFTS = 16
"""How many shifts stand for all of them where many thresholds are counted."""

_ROUNDS = 10
"""Of fitting the two factors of a pair's chance in turns: margins then agree to about 1 %."""

_FARTHER, _FAR = 9, 15
"""Separations from which on two amino acids have a factor of their own: what is buried together
differs along a helix, across a hairpin and beyond."""

_BLOCK = 2**23
"""Numbers gathered at a time."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Moments:
    """Hits under a null: float64 arrays of one shape.

    Attributes
    ----------
    expected, variance, third : float64 array
        Mean, variance and third central moment.
    """

    expected: Floats
    variance: Floats
    third: Floats


class ResidueNulls:
    """The nulls of a property of residues in one protein.

    Parameters
    ----------
    labels : ResidueLabels
    sequence : str
    """

    def __init__(self, labels: ResidueLabels, sequence: str) -> None:
        self._known = np.flatnonzero(labels.known)
        self._labels = labels.hits[:, self._known].T.astype(np.float64)
        letters = np.array(list(sequence))[self._known]
        zones = _indicators(chain_zones(len(self._known)))
        self._left = {
            "shift": _residuals(self._labels, zones),
            "amino_acid": _residuals(self._labels, np.hstack([zones, _indicators(letters)])),
        }

    @cached_property
    def _turned(self) -> Mapping[str, Floats]:
        """What is left of the labels after each sampled shift: (residue, column, shift)."""
        shifts = sampled_shifts(len(self._known))
        return {
            name: np.stack([np.roll(left, shift, axis=0) for shift in shifts], axis=-1)
            for name, left in self._left.items()
        }

    def moments(self, by_key: Floats, *, sampled: bool = False) -> Mapping[str, Moments]:
        """Return each null's moments, (head, column) each.

        Parameters
        ----------
        by_key : (head, key)
            Links to each residue.
        sampled : bool, default False
            Whether `SAMPLED_SHIFTS` stand for all.
        """
        profile = by_key[:, self._known]
        n = len(self._known)
        hits = profile @ self._labels
        if n < 3:
            # Nothing to exchange.
            fixed = Moments(hits, np.zeros_like(hits), np.zeros_like(hits))
            return dict.fromkeys(("protein", *self._left), fixed)
        found = {"protein": _permuted(profile, self._labels)}
        sampled = sampled and n > SAMPLED_SHIFTS
        turned = None if sampled else fft.rfft(profile, axis=1)
        square = np.square(profile)
        for name, left in self._left.items():
            chance = np.clip(self._labels - left, 0.0, 1.0)
            spread = chance * (1 - chance)
            # Σ_j c_(j+s) y_j for every s.
            if turned is None:
                sums = np.asarray(np.tensordot(profile, self._turned[name], 1), dtype=np.float64)
            else:
                sums = fft.irfft(turned[:, None] * fft.rfft(left, axis=0).T.conj(), n, axis=2)
            at_home = square @ spread
            usual = square.sum(axis=1, keepdims=True) * spread.mean(axis=0)
            found[name] = _over_shifts(hits - profile @ left, sums, at_home, usual, sampled=sampled)
        return found


def sampled_shifts(n: int) -> NDArray[np.intp]:
    """Return `SAMPLED_SHIFTS` shifts of n residues, evenly spaced; none is 0."""
    return 1 + np.arange(SAMPLED_SHIFTS) * (n - 1) // SAMPLED_SHIFTS


def _indicators(groups: NDArray[Any]) -> Floats:
    return (groups[:, None] == np.unique(groups)).astype(np.float64)


def _residuals(labels: Floats, groups: Floats) -> Floats:
    """Return what least squares on the groups leave of the labels: (residue, column)."""
    if len(labels) < 3:
        return labels
    basis, size, _ = np.linalg.svd(groups, full_matrices=False)
    basis = basis[:, size > 1e-9 * size[0]]
    left = labels - basis @ (basis.T @ labels)
    # What groups explain to the last is nothing, not a hair of rounding.
    return np.where(np.abs(left) < 1e-9, 0.0, left)


def _permuted(profile: Floats, labels: Floats) -> Moments:
    """Return the moments of Σ c_j f_π(j) over all permutations π of the n keys.

    With deviations c̃ and f̃ from their means: Σc Σf / n, Σc̃² Σf̃² / (n - 1) and
    n Σc̃³ Σf̃³ / (n - 1)(n - 2).
    """
    n = len(labels)
    mean = profile.sum(axis=1, keepdims=True) * labels.mean(axis=0)
    c, f = profile - profile.mean(axis=1, keepdims=True), labels - labels.mean(axis=0)
    return Moments(
        mean,
        np.square(c).sum(axis=1, keepdims=True) * np.square(f).sum(axis=0) / (n - 1),
        (c**3).sum(axis=1, keepdims=True) * (f**3).sum(axis=0) * n / ((n - 1) * (n - 2)),
    )


def _over_shifts(
    chance: Floats, sums: Floats, at_home: Floats, usual: Floats, *, sampled: bool
) -> Moments:
    """Return the moments of hits of which `sums` (…, shift) are the excess over their chance."""
    mean = sums.mean(axis=-1)
    apart = sums - mean[..., None]
    square = np.square(apart)
    # Rounding leaves a hair where every shift gives the same.
    variance = np.where(square.max(axis=-1) < 1e-9, 0.0, square.mean(axis=-1))
    scale = np.divide(at_home, usual, out=np.ones_like(variance), where=usual > 1e-12)
    scale = np.maximum(scale, 1.0)
    if sampled:
        scale *= (SAMPLED_SHIFTS + 1) / (SAMPLED_SHIFTS - 1)
    third = np.where(variance > 0, (square * apart).mean(axis=-1), 0.0)
    return Moments(chance + mean, variance * scale, third * scale**1.5)


class PairNulls:
    """The nulls of a symmetric property of pairs in one protein.

    Parameters
    ----------
    labels : PairLabels
    sequence : str
    """

    def __init__(self, labels: PairLabels, sequence: str) -> None:
        n = len(sequence)
        first, second = np.nonzero(np.triu(labels.eligible, 1))
        hits = labels.hits[first, second].astype(np.float64)
        apart = second - first
        self._n = n
        self._rate = float(hits.mean()) if len(hits) else 0.0
        self._by_separation = np.bincount(apart, hits, n) / np.maximum(
            np.bincount(apart, minlength=n), 1
        )
        chances = (
            self._by_separation[apart],
            chances_of_pairs(hits, apart, _kinds(sequence, first, second)),
        )
        self._nearest = int(apart.min(initial=n))
        # Excess and spread under either null, by separation and first residue, twice over: what
        # lies beyond the chain's end is found again from its beginning, and straddles nothing.
        fields = np.zeros((n - self._nearest, 2, n, 4), dtype=np.float32)
        for place, chance in enumerate(chances):
            fields[apart - self._nearest, :, first, 2 * place] = (hits - chance)[:, None]
            fields[apart - self._nearest, :, first, 2 * place + 1] = (chance * (1 - chance))[
                :, None
            ]
        self._fields = fields.reshape(len(fields), 8 * n)

    def moments(
        self,
        links: tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]],
        counted: NDArray[np.bool_],
        hits: NDArray[np.integer],
        *,
        sampled: bool = False,
    ) -> Mapping[str, Moments]:
        """Return each null's moments, (head,) each.

        Parameters
        ----------
        links : head, query, key : int32 arrays (link,)
            All links, sorted by head.
        counted : bool array (link,)
            Those that could have the property.
        hits : (head,)
            Links of each head that have it.
        sampled : bool, default False
            Whether `SAMPLED_SHIFTS` stand for all.
        """
        head, query, key = links
        apart, n_heads = np.abs(query - key), len(hits)

        def summed(values: Floats) -> Floats:
            return np.bincount(head[counted], weights=values, minlength=n_heads).astype(np.float64)

        def over_heads(chance: Floats) -> Moments:
            spread = chance * (1 - chance)
            return Moments(summed(chance), summed(spread), summed(spread * (1 - 2 * chance)))

        found = {
            "protein": over_heads(np.full(np.count_nonzero(counted), self._rate)),
            "separation": over_heads(self._by_separation[apart[counted]]),
        }
        sampled = sampled and self._n > SAMPLED_SHIFTS
        sums_over = self._sums_over_some if sampled else self._sums_over_shifts
        sums = sums_over(head, np.minimum(query, key), apart, n_heads)
        at_home, sums = sums[:, 0], sums[:, 1:] if sampled else sums
        for place, name in enumerate(("shift", "amino_acid")):
            excess, spread = sums[..., 2 * place], sums[..., 2 * place + 1]
            found[name] = _over_shifts(
                hits - at_home[:, 2 * place], excess, at_home[:, 2 * place + 1],
                spread.mean(axis=1), sampled=sampled,
            )  # fmt: skip
        return found

    def _sums_over_some(
        self, head: NDArray[Any], start: NDArray[Any], apart: NDArray[Any], n_heads: int
    ) -> Floats:
        """Return excess and spread under either null at home, then sampled: (head, shift, 4)."""
        n = self._n
        far = apart >= self._nearest
        cells = (apart[far] - self._nearest) * 2 * n + start[far]
        ends = np.searchsorted(head[far], np.arange(n_heads + 1))
        fields = self._fields.reshape(-1, 4)
        n_cells = max(len(fields) - n, 0)  # None where no pair could have the property.
        links = sparse.csr_array(
            (np.ones(len(cells), dtype=np.float32), cells, ends), shape=(n_heads, n_cells)
        )
        sums = np.empty((n_heads, SAMPLED_SHIFTS + 1, 4))
        for place, shift in enumerate((0, *sampled_shifts(n))):
            # Where the links fall when they are shifted, without a copy.
            sums[:, place] = links @ fields[shift : shift + n_cells]
        return sums

    def _sums_over_shifts(
        self, head: NDArray[Any], start: NDArray[Any], apart: NDArray[Any], n_heads: int
    ) -> Floats:
        """Return excess and spread under either null: (head, shift, 4)."""
        n = self._n
        sums = np.zeros((n_heads, 4 * n))
        far = apart >= self._nearest
        head, row, start = head[far], apart[far] - self._nearest, start[far]
        ends = np.searchsorted(head, np.arange(n_heads + 1))
        # From its first residue on, what a link meets on its way along the chain.
        met = sliding_window_view(self._fields, 4 * n, axis=1)[:, ::4]
        block = max(_BLOCK // (4 * n), 1)
        for which in range(n_heads):
            for at in range(ends[which], ends[which + 1], block):
                some = slice(at, min(at + block, ends[which + 1]))
                sums[which] += met[row[some], start[some]].sum(axis=0)
        return sums.reshape(n_heads, n, 4)


def chances_of_pairs(hits: Floats, apart: NDArray[np.integer], kind: NDArray[np.integer]) -> Floats:
    """Return each pair's chance, a factor for its separation times one for its amino acids.

    The factors are those with which pairs of each separation, and pairs of each kind, have as many
    hits as they have (iterative proportional fitting; Deming & Stephan, Ann. Math. Statist. 11,
    427, 1940).

    Parameters
    ----------
    hits : (pair,)
        0 or 1.
    apart, kind : whole numbers (pair,)
    """
    if not len(hits):
        return hits
    of_kind = np.bincount(kind, hits).astype(np.float64)
    of_separation = np.bincount(apart, hits)
    by_kind: Floats = np.ones(len(of_kind))
    for _ in range(_ROUNDS):
        usual = np.bincount(apart, by_kind[kind])
        by_separation = np.divide(of_separation, usual, out=np.zeros_like(usual), where=usual > 0)
        usual = np.bincount(kind, by_separation[apart])
        by_kind = np.divide(of_kind, usual, out=np.zeros_like(usual), where=usual > 0)
    return np.minimum(by_separation[apart] * by_kind[kind], 1.0)


def _kinds(
    sequence: str, first: NDArray[np.integer], second: NDArray[np.integer]
) -> NDArray[np.integer]:
    """Return a number for each pair's two amino acids, whichever comes first, and their class."""
    letters, letter = np.unique(list(sequence), return_inverse=True)
    pair = np.sort([letter[first], letter[second]], axis=0)
    distance = np.digitize(second - first, (_FARTHER, _FAR))
    return (pair[0] * len(letters) + pair[1]) * 3 + distance
