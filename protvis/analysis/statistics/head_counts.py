"""The heads of one column: its counters as proportions, backgrounds, intervals and tests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from protvis.analysis.counting.counters import NULLS, unit_of
from protvis.analysis.counting.features import Column
from protvis.analysis.counting.result import Result
from protvis.analysis.statistics.family_tests import (
    MIN_FAMILIES,
    effective_families,
    family_interval,
    family_test,
)
from protvis.analysis.statistics.own_minus_others import OwnMinusOthers, own_minus_others
from protvis.analysis.statistics.significance import (
    divide,
    null_test,
    percentile_interval,
    proportion_interval,
    two_proportion_test,
)
from protvis.checks import check_whole_number

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
        return self.counts(name).astype(np.float64) * unit_of(name)

    @property
    def nulls(self) -> tuple[str, ...]:
        """The nulls of this column that are counted, from the weakest on."""
        found: tuple[str, ...] = (
            NULLS if self.column.kind == "pair" else ("protein", "shift", "amino_acid")
        )
        if self.column.feature == "amino_acid":
            # What an amino acid is, an amino acid explains.
            found = ("protein", "shift")
        return (*found, "aligned") if self.result.plan.aligned else found

    @cached_property
    def own_minus_others(self) -> OwnMinusOthers:
        """What heads hit beyond the relatives of each protein, where families are aligned."""
        return own_minus_others(self.result, self.place)

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
        if self.result.plan.mode == "paper":
            return np.broadcast_to(self.base_rate, self.links.shape)
        return divide(self.families("expected").sum(axis=0), self.links)

    def families(self, name: str) -> NDArray[np.float64]:
        """Return a count by family (or group of families): (family, layer, head).

        Parameters
        ----------
        name : {"links", "hits", "expected"}
            Links that could have the property, whatever the mode.
        """
        return (
            self.fixed("family_expected")
            if name == "expected"
            else (self.counts(f"family_{name}").astype(np.float64))
        )

    @property
    def n_families(self) -> NDArray[np.float64]:
        """How many families a head's links amount to."""
        return effective_families(self.families("links"))

    @property
    def clumps(self) -> NDArray[np.float64]:
        """How much more hits scatter by chance than those of independent links, at least 1.

        The largest that a null says: links to one residue hit together, and so do runs.
        """
        could = self.counts("could")
        found = np.ones(could.shape)
        for null in set(self.nulls) & set(NULLS):
            rate = np.clip(divide(self.fixed(f"{null}_expected"), could), 0, 1)
            found = np.fmax(
                found, divide(self.fixed(f"{null}_variance"), could * rate * (1 - rate))
            )
        return found

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

    def family_interval(self) -> list[NDArray[np.float64]]:
        """Return low and high of the t interval over families; NaN where not scored."""
        found = family_interval(self.families("hits"), self.families("links"), self.clumps)
        return self._scored_only(*found)

    def family_test(self) -> list[NDArray[np.float64]]:
        """Return t and p over families; NaN where a head is not scored, or families too few."""
        hits, links, expected = map(self.families, ("hits", "links", "expected"))
        return self._scored_only(*family_test(hits, links, expected, self.clumps))

    def bootstrap(self) -> list[NDArray[np.float64]]:
        """Return low and high of the percentile interval over families drawn again and again."""
        plan = self.result.plan
        hits, links = self.families("hits"), self.families("links")
        rng = np.random.default_rng(plan.seed)
        draws = rng.multinomial(len(links), np.full(len(links), 1 / len(links)), plan.n_bootstrap)
        replicates = divide(np.tensordot(draws, hits, 1), np.tensordot(draws, links, 1))
        replicates = np.where(self.n_families >= MIN_FAMILIES, replicates, np.nan)
        return self._scored_only(*percentile_interval(replicates))

    def null(self, name: str) -> list[NDArray[np.float64]]:
        """Return hits, those expected under a null, z and p; NaN where heads are not scored.

        Parameters
        ----------
        name : str
            ``base_rate`` or one of `nulls`.
        """
        hits = self.counts("hits").astype(np.float64)
        if name == "base_rate":
            expected = self.counts("could") * self.base_rate
            return [hits, expected, *self._scored_only(*self._against_base_rate())]
        if name == "aligned":
            aligned = self.own_minus_others
            return [aligned.hits, aligned.expected, *self._scored_only(aligned.z, aligned.p)]
        expected = self.fixed(f"{name}_expected")
        z, p = null_test(
            self.counts("hits"), expected, self.fixed(f"{name}_variance"),
            self.fixed(f"{name}_third"),
        )  # fmt: skip
        return [hits, expected, *self._scored_only(z, p)]

    def _against_base_rate(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return two_proportion_test(
            self.counts("hits"),
            self.counts("could"),
            self.counts("positives"),
            self.counts("eligible"),
        )

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

    def frame(self, **values: NDArray[Any]) -> pd.DataFrame:
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
        If `min_links` is not a whole number from 1.
    """
    min_links = check_whole_number("min_links", min_links, 1)
    for place in range(len(result.plan.columns)):
        yield HeadCounts(result, place, min_links)
