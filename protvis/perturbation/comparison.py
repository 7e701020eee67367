"""Attention of two things side by side: what differs, in which heads, and whether it is noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from protvis.attention.link_frame import link_frame
from protvis.attention.maps import AttentionMaps
from protvis.attention.selection import select_links
from protvis.errors import LabelError, OptionError
from protvis.keywords import check_keywords
from protvis.labels import MEAN, format_head
from protvis.perturbation.noise_level import NoiseLevel, far_pairs, summarize_difference

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Comparison", "check_same_heads"]


@dataclass(frozen=True)
class Comparison:
    """Attention of `b` minus attention of `a`, on the residues of `a`.

    Created by `protvis.compare`.

    Attributes
    ----------
    a, b : AttentionMaps
        Maps with equal numbers of layers and heads, which are compared position by position.
    pairs : int array (aligned, 2)
        Indices in `a` and `b` of the residues that correspond to each other.
    title : str
        What is compared, such as ``"S195A"``.
    min_separation : int
        Pairs of residues closer in the sequence of `a` are left out of every number and table.
    noise : NoiseLevel or None
        Differences caused by matched random mutations.
    noise_words : str
        How noise was measured, or why it was not.
    model : ProteinModel or None
        The model that `a` was computed with.
    """

    a: AttentionMaps
    b: AttentionMaps
    pairs: NDArray[Any]
    title: str
    min_separation: int
    noise: NoiseLevel | None
    noise_words: str
    model: Any = None

    def __repr__(self) -> str:
        return (
            f"<Comparison {self.title}: {len(self.a.layers)} layers × {len(self.a.heads)} heads, "
            f"{len(self.pairs)} of {self.a.n_residues} residues aligned>"
        )

    @check_keywords
    def map(self, layer: int, head: int | str) -> NDArray[Any]:
        """Return the signed Δ-attention of one head, or of a layer's mean, ready for ``maps=``.

        Parameters
        ----------
        layer : int
        head : int or "mean"
            Labels in `a`.

        Returns
        -------
        float32 array (query, key)
            Over the residues of `a`; NaN where a residue has no partner in `b`.

        Raises
        ------
        LabelError
            If there is no such head.
        """
        first, second = self.weights(layer, head)
        return second - first

    @check_keywords
    def weights(self, layer: int, head: int | str) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return the two maps behind `map`, both on the residues of `a`, with NaN at gaps."""
        values = self.a.head(layer, head)
        layer_b = self.b.layers[self.a.layers.index(layer)]
        if isinstance(head, str) and head == MEAN:
            head_b: int | str = MEAN
        else:
            head_b = self.b.heads[self.a.heads.index(int(head))]
        here, there = self.pairs.T
        first, second = np.full_like(values, np.nan), np.full_like(values, np.nan)
        first[np.ix_(here, here)] = values[np.ix_(here, here)]
        second[np.ix_(here, here)] = self.b.head(layer_b, head_b)[np.ix_(there, there)]
        return first, second

    def residues(self) -> pd.DataFrame:
        """Return the aligned residues of both.

        Returns
        -------
        DataFrame
            Columns ``a``, ``b`` (labels), ``a_index``, ``b_index`` (missing at gaps), and
            ``state``: ``"same"``, ``"exchanged"``, ``"only in a"`` or ``"only in b"``.
        """
        import pandas as pd

        rows: list[tuple[Any, ...]] = []
        stops = [*self.pairs.tolist(), [self.a.n_residues, self.b.n_residues]]
        i = j = 0
        for here, there in stops:
            rows += [
                (self.a.residue_labels[place], pd.NA, place, pd.NA, "only in a")
                for place in range(i, here)
            ]
            rows += [
                (pd.NA, self.b.residue_labels[place], pd.NA, place, "only in b")
                for place in range(j, there)
            ]
            if here < self.a.n_residues and there < self.b.n_residues:
                same = self.a.sequence[here] == self.b.sequence[there]
                labels = self.a.residue_labels[here], self.b.residue_labels[there]
                rows.append((*labels, here, there, "same" if same else "exchanged"))
            i, j = here + 1, there + 1
        frame = pd.DataFrame(rows, columns=["a", "b", "a_index", "b_index", "state"])
        return frame.astype({"a_index": "Int64", "b_index": "Int64"})

    def heads(self) -> pd.DataFrame:
        """Return how much each head changed, largest mean change first.

        Returns
        -------
        DataFrame
            Columns ``layer``, ``head`` (of `a`); ``mean`` and ``largest`` |Δ| over all ordered
            aligned pairs; ``links_changed``: share of the head's L strongest links in `a`, L the
            number of aligned residues, that are not among the L strongest in `b`; ``query_label``,
            ``key_label``: where the largest change is. Where noise was measured, ``threshold``: the
            change that matched random mutants reach, with 20 of them the largest |Δ| of this head
            in any (`NoiseLevel.threshold`); ``above_noise``: whether its largest |Δ| here exceeds
            that, as happens by chance to a fraction `NoiseLevel.chance` of heads, one in 21 with 20
            mutants; ``p_largest``, ``p_mean``: share of random mutants, counting this one among
            them, in which the head changes at least as much (near 1: it changes less than in random
            mutants). The p-values are for each head alone; correcting them for all heads takes
            `NoiseLevel.enough_for` mutants.
        """
        import pandas as pd

        far = far_pairs(self.a.n_residues, self.min_separation)
        labels, n_aligned = self.a.residue_labels, len(self.pairs)
        rows = []
        for layer, head in self._heads():
            first, second = self.weights(layer, head)
            delta = second - first
            largest, mean = summarize_difference(delta, far)
            links = [
                select_links(one, top_k=n_aligned, min_separation=self.min_separation)
                for one in (first, second)
            ]
            sets = [
                {frozenset(pair) for pair in zip(one.query.tolist(), one.key.tolist(), strict=True)}
                for one in links
            ]
            where = np.where(far & ~np.isnan(delta), np.abs(delta), -1.0)
            query, key = np.unravel_index(int(np.argmax(where)), delta.shape)
            rows.append(
                {
                    "layer": layer,
                    "head": head,
                    "mean": mean,
                    "largest": largest,
                    "links_changed": len(sets[0] - sets[1]) / len(sets[0]) if sets[0] else np.nan,
                    "query_label": labels[query],
                    "key_label": labels[key],
                }
            )
        frame = pd.DataFrame(rows)
        if self.noise is not None:
            shape = (len(self.a.layers), len(self.a.heads))
            largest, mean = (
                frame[name].to_numpy().reshape(shape).astype(np.float32)
                for name in ("largest", "mean")
            )
            frame["threshold"] = self.noise.threshold.ravel()
            frame["above_noise"] = frame["largest"] > frame["threshold"]
            frame["p_largest"] = self.noise.p_value(largest).ravel()
            frame["p_mean"] = self.noise.p_value(mean, of="mean").ravel()
        return frame.sort_values("mean", ascending=False, kind="stable", ignore_index=True)

    @check_keywords
    def links(self, layer: int, head: int | str, *, top_k: int | None = 20) -> pd.DataFrame:
        """Return the links of one head that differ most.

        Parameters
        ----------
        layer : int
        head : int or "mean"
            Labels in `a`.
        top_k : int, optional
            The most links to return; all when None.

        Returns
        -------
        DataFrame
            The columns of `AttentionMaps.links` for directed pairs of `a`, without ``weight``;
            ``weight_a``, ``weight_b``, ``delta`` (b minus a), and where noise was measured
            ``above_noise``: whether |Δ| is above the noise of this head, or layer mean.
        """
        first, second = self.weights(layer, head)
        delta = second - first
        found = select_links(
            np.abs(delta), top_k=top_k, min_separation=self.min_separation, combine="directed"
        )
        at = found.query, found.key
        frame = link_frame(*found, self.a.residue_labels, self.a.chain).drop(columns="weight")
        frame["weight_a"], frame["weight_b"], frame["delta"] = first[at], second[at], delta[at]
        noise = self.noise_of(layer, head)
        if noise is not None:
            frame["above_noise"] = found.weight > noise
        return frame

    def noise_of(self, layer: int, head: int | str) -> float | None:
        """Return the noise threshold for the largest |Δ| of a head, or of a layer's mean.

        Parameters
        ----------
        layer : int
        head : int or "mean"
            Labels in `a`.

        Returns
        -------
        float or None
            None if no noise was measured.
        """
        if self.noise is None:
            return None
        place = self.a.layers.index(layer)
        if isinstance(head, str) and head == MEAN:
            means = self.noise.threshold_of_means
            return None if means is None else float(means[place])
        return float(self.noise.threshold[place, self.a.heads.index(int(head))])

    def contacts(self) -> pd.DataFrame:
        """Return the contacts that only one of two structures has.

        Returns
        -------
        DataFrame
            Columns ``query, key, query_label, key_label`` (of `a`), ``distance_a``,
            ``distance_b`` (Cβ–Cβ, Å), ``state``: ``"lost"`` (in `a` only) or ``"gained"`` (in `b`
            only). Only pairs of residues that both structures show are considered.

        Raises
        ------
        OptionError
            Unless there are two structures.
        """
        import pandas as pd

        if self.a.chain is None or self.b.chain is None or self.a.chain is self.b.chain:
            raise OptionError("contacts are compared between two chains with coordinates")
        here, there = self.pairs.T
        maps = []
        for chain, places in ((self.a.chain, here), (self.b.chain, there)):
            seen = np.ix_(places, places)
            distances = np.asarray(chain.distance_map())[seen]
            contacts = np.asarray(chain.contact_map(min_separation=0))[seen]
            maps.append((distances, contacts))
        (distance_a, contact_a), (distance_b, contact_b) = maps
        both = ~np.isnan(distance_a) & ~np.isnan(distance_b)
        both &= here[None, :] - here[:, None] >= max(self.min_separation, 1)
        first, second = np.nonzero(both & (contact_a != contact_b))
        labels = self.a.residue_labels
        return pd.DataFrame(
            {
                "query": here[first],
                "key": here[second],
                "query_label": [labels[place] for place in here[first]],
                "key_label": [labels[place] for place in here[second]],
                "distance_a": distance_a[first, second],
                "distance_b": distance_b[first, second],
                "state": np.where(contact_a[first, second], "lost", "gained").astype(object),
            }
        )

    def statement(self) -> str:
        """Describe in a few sentences what changed, and whether it is more than noise."""
        frame = self.heads()
        if not frame["largest"].gt(0).any():
            text = f"{self.title}: no head attends differently."
            if self.a.sequence == self.b.sequence:
                text += " The model reads the same sequence: it knows nothing about coordinates."
            return text
        top = frame.iloc[0]
        text = (
            f"{self.title}: the head that changed most is {self._name(top)} "
            f"(mean |Δ| {top['mean']:.2g}, {100 * top['links_changed']:.0f} % of its links)."
        )
        if self.noise is None:
            return f"{text} No noise level: {self.noise_words}."
        n_above, largest = int(frame["above_noise"].sum()), frame["largest"].max()
        text += (
            f" In {n_above} of {len(frame)} heads the largest change is above noise, which is "
            f"{self.noise.rank_words} that matched random mutants make "
            f"({len(frame) * self.noise.chance:.0f} heads expected by chance). "
        )
        overall = self.noise.overall_threshold
        text += (
            f"The largest change of all ({largest:.2g}) is "
            f"{'above' if largest > overall else 'within'} the noise of all heads together "
            f"({overall:.2g}). {self.noise_words[0].upper()}{self.noise_words[1:]}."
        )
        needed = self.noise.enough_for(len(frame))
        if len(self.noise.mutants) < needed:
            text += (
                f" {len(self.noise.mutants)} mutants can call no single one of {len(frame)} heads: "
                f"the smallest p there is, {1 / (1 + len(self.noise.mutants)):.2g}, does not "
                f"survive a correction for so many. From {needed:,} mutants on it could."
            )
        n_below = int((frame["p_mean"] > 1 - self.noise.chance).sum())
        if n_below > 2 * self.noise.chance * len(frame):
            text += f" In {n_below} heads attention changes less on average than in these mutants."
        return text

    def _heads(self) -> list[tuple[int, int]]:
        return [(layer, head) for layer in self.a.layers for head in self.a.heads]

    def _name(self, row: Any) -> str:
        layer, head = int(row["layer"]), int(row["head"])
        label = format_head(layer, head)
        other = format_head(
            self.b.layers[self.a.layers.index(layer)], self.b.heads[self.a.heads.index(head)]
        )
        return label if label == other else f"{other} beside {label}"

    def __post_init__(self) -> None:
        check_same_heads(*((len(maps.layers), len(maps.heads)) for maps in (self.a, self.b)))


def check_same_heads(a: tuple[int, int], b: tuple[int, int]) -> None:
    """Refuse numbers of layers and heads that cannot be compared one by one.

    Raises
    ------
    LabelError
        If they differ.
    """
    if a != b:
        raise LabelError(
            f"{a[0]} layers × {a[1]} heads cannot be compared one by one with {b[0]} × {b[1]}: "
            'name one head of each, compare(…, heads=("5-3", "6-1"))'
        )
