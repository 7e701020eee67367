"""The heads of one column: its counters as proportions, backgrounds, intervals and tests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from protvis.analysis.counting.counters import UNIT
from protvis.analysis.counting.features import Column
from protvis.analysis.counting.result import Result
from protvis.analysis.statistics.significance import (
    MIN_EFFECTIVE,
    MIN_RECORDS,
    bootstrap_interval,
    bootstrap_test,
    chance_variance,
    divide,
    effective_proteins,
    null_test,
    proportion_interval,
    two_proportion_test,
)
from protvis.errors import OptionError

__all__ = ["HeadCounts", "head_counts"]

ALPHA = 0.05


@dataclass(frozen=True, eq=False)
class HeadCounts:
    """All heads of one column of a plan; arrays are (layer, head) where nothing else is said.

    Attributes
    ----------
    result : Result
    place : int
        Of the column in the plan.
    min_links : int
        Heads with fewer links are not scored.
    """

    result: Result
    place: int
    min_links: int

    @property
    def column(self) -> Column:
        """What is counted."""
        return self.result.plan.columns[self.place]

    def counts(self, name: str) -> NDArray[np.int64]:
        """Return a counter of this column (its last axis): int64 array, as in `Counters`.

        Parameters
        ----------
        name : str
            Of the counter.
        """
        return self.result.counters[name][..., self.place]

    def fixed(self, name: str) -> NDArray[np.float64]:
        """Return a counter in fixed point of this column as float64 array.

        Parameters
        ----------
        name : str
            Of the counter.
        """
        return self.counts(name).astype(np.float64) * UNIT

    @property
    def matched(self) -> bool:
        """Whether each head has a background of its own, matched in separation."""
        return self.result.plan.mode == "separation-matched" and self.column.kind == "pair"

    @property
    def links(self) -> NDArray[np.int64]:
        """Links that count in the plan's mode."""
        return self.counts("links")

    @property
    def scored(self) -> NDArray[np.bool_]:
        """Whether a head has links enough to be tested."""
        return self.links >= self.min_links

    @property
    def proportion(self) -> NDArray[np.float64]:
        """Share of a head's links that hit; NaN without links."""
        return divide(self.counts("hits"), self.links)

    @property
    def base_rate(self) -> NDArray[np.float64]:
        """Share of residues or pairs that have the property, of those that could: one number."""
        return divide(self.counts("positives"), self.counts("eligible"))

    @property
    def background(self) -> NDArray[np.float64]:
        """The share of hits that a head is compared with."""
        if self.matched:
            return divide(self.fixed("expected"), self.links)
        return np.broadcast_to(self.base_rate, self.links.shape)

    def _scored_only(self, *values: NDArray[np.float64]) -> list[NDArray[np.float64]]:
        return [np.where(self.scored, value, np.nan) for value in values]

    def wald(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return low and high of Wald's interval at 0.05/m over the m scored heads."""
        alpha = ALPHA / max(int(self.scored.sum()), 1)
        return proportion_interval(
            self.counts("hits"), self.links, self.scored, alpha=alpha, method="normal"
        )

    def wilson(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return low and high of Wilson's 95 % interval."""
        return proportion_interval(
            self.counts("hits"), self.links, self.scored, alpha=ALPHA, method="wilson"
        )

    def two_proportion(self) -> list[NDArray[np.float64]]:
        """Return z and p of the paper's test against the base rate; NaN where not scored."""
        return self._scored_only(
            *two_proportion_test(
                self.counts("hits"), self.links, self.counts("positives"), self.counts("eligible")
            )
        )

    def bootstrap(self) -> list[NDArray[np.float64]]:
        """Return low, high, t and p of the bootstrap over proteins.

        See `significance.bootstrap_interval` and `bootstrap_test`. NaN where a
        head is not scored, or proteins are too few.
        """
        links, base = self.counts("boot_links"), self.base_replicates()
        proportions = divide(self.counts("boot_hits"), links)
        moments = (self.fixed("permutation_mean"), self._permutation_variance())
        least = chance_variance(self.links, self.background, *moments)
        proteins = effective_proteins(self.links, links)
        enough = (proteins >= MIN_EFFECTIVE) & (self.counts("n_records") >= MIN_RECORDS)
        proportions = np.where(enough, proportions, np.nan)
        low, high = bootstrap_interval(self.proportion, proportions, least)
        t, p = bootstrap_test(
            self.proportion - self.background,
            proportions - base,
            proteins,
            least,
        )
        return self._scored_only(low, high, t, p)

    def base_replicates(self) -> NDArray[np.float64]:
        """Return the background in each replicate: (replicate, layer or 1, head or 1)."""
        if self.matched:
            return divide(self.fixed("boot_expected"), self.counts("boot_links"))
        rates = divide(self.counts("boot_positives"), self.counts("boot_eligible"))
        return rates[:, None, None]

    def null(self, name: str) -> list[NDArray[np.float64]]:
        """Return the hits expected under a null, z and p; NaN where heads are not scored.

        Parameters
        ----------
        name : {"permutation", "type", "shuffle"}
        """
        mean, variance = self.fixed(f"{name}_mean"), self.fixed(f"{name}_variance")
        if self.column.kind == "pair" and name == "permutation":
            mean, variance = self._permutation_of_pairs()
        elif self.column.kind == "pair" and name == "type":
            mean = np.full(mean.shape, np.nan)
        z, p = null_test(self.counts("hits"), mean, variance)
        return [mean, *self._scored_only(z, p)]

    def _permutation_variance(self) -> NDArray[np.float64]:
        """Return the variance of the hits over what as many links would hit by the share s.

        A permutation also changes how many links count. With H of E links that count hits, and
        the share s = mean H / mean E, the variance of H - sE is
        (1 - s) var H + s var(E - H) - s(1 - s) var E.
        """
        of_hits = self.fixed("permutation_variance")
        if self.column.kind == "residue":
            return of_hits
        share = divide(self.fixed("permutation_mean"), self.fixed("permutation_links"))
        found = (
            (1 - share) * of_hits
            + share * self.fixed("permutation_misses_variance")
            - share * (1 - share) * self.fixed("permutation_links_variance")
        )
        return np.maximum(found, 0.0)

    def _permutation_of_pairs(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return mean and variance of the hits of as many links as there are.

        The share of hits among links that count is what is compared. Its numerator's variance,
        `_permutation_variance`, is that for as many links as a permutation has on average.
        """
        links, usual = self.links, self.fixed("permutation_links")
        share = divide(self.fixed("permutation_mean"), usual)
        return share * links, self._permutation_variance() * divide(links, usual)

    def index(self) -> pd.DataFrame:
        """Return feature, value and the labels of layer and head: one row per head."""
        layer, head = np.indices(self.links.shape).reshape(2, -1) + 1
        return pd.DataFrame(
            {
                "feature": self.column.feature,
                "value": self.column.value,
                "layer": layer,
                "head": head,
            }
        )

    def frame(self, **values: NDArray) -> pd.DataFrame:
        """Return the nine columns that all tables share, and more.

        Parameters
        ----------
        **values : array (layer, head)
            By the names of their columns.
        """
        background = self.background
        shared = {
            "n_links": self.links,
            "n_hits": self.counts("hits"),
            "proportion": self.proportion,
            "background": background,
            "enrichment": divide(self.proportion, background),
        }
        return self.index().assign(
            **{name: np.ravel(array) for name, array in {**shared, **values}.items()}
        )


def head_counts(result: Result, min_links: int) -> Iterator[HeadCounts]:
    """Yield the heads of each column of the plan.

    Parameters
    ----------
    result : Result
    min_links : int
        Heads with fewer links are not scored.

    Raises
    ------
    OptionError
        If `min_links` is not 1 or more.
    """
    if isinstance(min_links, bool) or min_links < 1:
        raise OptionError(f"min_links must be 1 or more, got {min_links!r}")
    for place in range(len(result.plan.columns)):
        yield HeadCounts(result, place, min_links)
