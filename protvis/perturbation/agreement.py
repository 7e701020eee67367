"""Does a head attend where the model's predictions depend on each other? Agreement with couplings.

Attention says where a head looks, a coupling what an exchange changes. Either can be there without
the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from protvis.attention.chain_zones import chain_zones
from protvis.attention.link_frame import link_frame
from protvis.attention.maps import AttentionMaps
from protvis.attention.selection import select_links
from protvis.attention.transforms import apc
from protvis.checks import check_whole_number
from protvis.errors import OptionError
from protvis.inference.protein import read_protein
from protvis.inference.residue_attention import compute_attention
from protvis.keywords import check_keywords
from protvis.labels import format_head
from protvis.perturbation.jacobian import categorical_jacobian
from protvis.structure.contacts import MIN_SEPARATION

if TYPE_CHECKING:
    import pandas as pd

    from protvis.models import ProteinModel

__all__ = ["CouplingAgreement", "coupling_agreement"]

SIGNIFICANCE = 0.05
"""How often one of all heads may be said to differ from chance where none does."""


@dataclass(frozen=True)
class CouplingAgreement:
    """Every head's map compared with the couplings of the same model on the same protein.

    Attributes
    ----------
    maps : AttentionMaps
        Raw attention; its APC-corrected form is what is compared.
    couplings : float32 array (residue, residue)
        Symmetric, from the categorical Jacobian.
    n_top : int
        How many of the strongest pairs of each count as its top pairs.
    min_separation : int
    """

    maps: AttentionMaps
    couplings: NDArray[Any]
    n_top: int
    min_separation: int

    def __repr__(self) -> str:
        maps = self.maps
        return f"<CouplingAgreement: {len(maps.layers)} layers × {len(maps.heads)} heads>"

    def heads(self) -> pd.DataFrame:
        """Return how well each head agrees with the couplings, best overlap first.

        Overlap can come from distance alone, since attention and couplings are both strong between
        neighbours; the percentile corrects for distance. It does not correct for residues: a head
        that attends to a few residues that are strongly coupled with everything ranks high.

        Returns
        -------
        DataFrame
            Columns ``layer``, ``head``; ``spearman``: rank correlation of the APC-corrected map
            with the couplings over all pairs (each once, at least `min_separation` apart);
            ``overlap``: share of the head's top pairs among the top couplings; ``expected``: that
            share for pairs at random; ``percentile``: how the head's top pairs rank by coupling
            among all pairs just as far apart, on average (0.5 for pairs at random, 1 for the most
            strongly coupled), and ``p_percentile``: how often the same pattern of pairs elsewhere
            along the chain would deviate as much, with chain ends taken into account (normal
            approximation); with a structure also ``contact_share``: of the head's top pairs,
            ``shared_contact_share`` of those that are top couplings, too, and ``own_contact_share``
            of those that are not (NaN where there are none).
            ``statement``: the same in words.
        """
        import pandas as pd
        from scipy.stats import rankdata

        upper = np.triu_indices(self.maps.n_residues, k=max(self.min_separation, 1))
        ranks = rankdata(self.couplings[upper])
        top = self._pairs(self.couplings)
        expected = len(top) / len(upper[0]) if len(upper[0]) else np.nan
        contacts = None if self.maps.chain is None else self.maps.chain.contact_map()
        percentiles = _percentiles(self.couplings, max(self.min_separation, 1))
        rows = []
        for layer in self.maps.layers:
            for head in self.maps.heads:
                values = apc(self.maps.head(layer, head))
                own = self._pairs(values)
                both = own & top
                row: dict[str, Any] = {
                    "layer": layer,
                    "head": head,
                    "spearman": _correlation(ranks, rankdata(values[upper])),
                    "overlap": len(both) / len(own) if own else np.nan,
                    "expected": expected,
                }
                row["percentile"], row["p_percentile"] = _mean_percentile(own, percentiles)
                if contacts is not None:
                    row["contact_share"] = _share(own, contacts)
                    row["shared_contact_share"] = _share(both, contacts)
                    row["own_contact_share"] = _share(own - top, contacts)
                rows.append(row | {"statement": self._statement(row, len(own), len(both))})
        return pd.DataFrame(rows).sort_values(
            "overlap", ascending=False, kind="stable", ignore_index=True
        )

    def disagreement(self, layer: int, head: int | str) -> pd.DataFrame:
        """Return the pairs that are among the top pairs of only one of the two.

        Parameters
        ----------
        layer : int
        head : int or "mean"
            Labels, counting from 1.

        Returns
        -------
        DataFrame
            ``only``: ``"attention"`` or ``"coupling"``; then the columns of
            `AttentionMaps.links` without ``weight``, and ``apc`` (the head's corrected map),
            ``coupling``, and the rank of the pair in each (1 is the strongest). Within each part,
            the strongest come first.
        """
        import pandas as pd

        values = apc(self.maps.head(layer, head))
        own, top = self._pairs(values), self._pairs(self.couplings)
        ranks = [self._ranks(one) for one in (values, self.couplings)]
        parts = []
        for name, pairs, by in (("attention", own - top, 0), ("coupling", top - own, 1)):
            found = np.array(sorted(pairs), dtype=int).reshape(-1, 2)
            first, second = found[np.argsort(ranks[by][tuple(found.T)], kind="stable")].T
            frame = link_frame(
                first, second, values[first, second], self.maps.residue_labels, self.maps.chain
            ).rename(columns={"weight": "apc"})
            frame.insert(0, "only", name)
            frame["coupling"] = self.couplings[first, second]
            frame["apc_rank"] = ranks[0][first, second]
            frame["coupling_rank"] = ranks[1][first, second]
            parts.append(frame)
        return pd.concat(parts, ignore_index=True)

    def statement(self, layer: int, head: int | str) -> str:
        """Say in a few sentences whether a head attends where predictions depend on each other.

        Its pairs are called more (or less) strongly coupled than others if their ``percentile``
        (see `heads`) deviates from 0.5 by more than the most deviant of all heads would by chance
        in one protein in twenty (Bonferroni).
        """
        frame = self.heads()
        row = frame[(frame["layer"] == layer) & (frame["head"] == head)]
        if len(row) == 1:
            return str(row["statement"].iloc[0])
        self.maps.head(layer, head)
        raise OptionError("statements are about single heads, not a layer's mean")

    def _statement(self, row: dict[str, Any], n_own: int, n_both: int) -> str:
        name = format_head(row["layer"], row["head"])
        text = (
            f"Of the {n_own} pairs that head {name} attends to most, {n_both} are among the "
            f"{self.n_top} strongest couplings ({_percent(row['overlap'])}; by chance "
            f"{_percent(row['expected'])})."
        )
        if n_own == n_both:
            return f"{text} They agree."
        n_heads = len(self.maps.layers) * len(self.maps.heads)
        beyond = row["percentile"]
        # One of all heads would be called by chance as rarely as one alone.
        if not row["p_percentile"] * n_heads <= SIGNIFICANCE:
            text += (
                " Its pairs are coupled no more and no less than the same pattern elsewhere along "
                f"the chain (mean percentile {beyond:.2f}): that it attends to a pair says nothing "
                "of the coupling."
            )
            if row["overlap"] > 2 * row["expected"]:
                text += " What they share comes from how far apart both look."
        else:
            text += (
                f" Its pairs are {'more' if beyond > 0.5 else 'less'} strongly coupled than the "
                f"same pattern elsewhere along the chain (mean percentile {beyond:.2f}). One "
                "protein cannot exclude that a habit does this, above all one that stays near in "
                "sequence."
            )
        if "contact_share" in row and n_both:
            text += (
                f" In contact are {_percent(row['shared_contact_share'])} of the shared pairs and "
                f"{_percent(row['own_contact_share'])} of those the head has alone."
            )
        return text

    def _pairs(self, values: NDArray[Any]) -> set[tuple[int, int]]:
        links = select_links(
            values, top_k=self.n_top, min_separation=self.min_separation, combine="mean"
        )
        return set(zip(links.query.tolist(), links.key.tolist(), strict=True))

    def _ranks(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return the rank of every pair i < j that is far enough apart, 1 for the strongest."""
        links = select_links(values, min_separation=self.min_separation, combine="mean")
        ranks = np.zeros(values.shape, dtype=int)
        ranks[links.query, links.key] = np.arange(1, len(links.query) + 1)
        return ranks


@check_keywords
def coupling_agreement(
    model: ProteinModel | str | PathLike[str],
    sequence_or_chain: Any,
    *,
    couplings: NDArray[Any] | None = None,
    n_top: int | None = None,
    min_separation: int = MIN_SEPARATION,
    progress: bool = True,
) -> CouplingAgreement:
    """Compare every head's attention with the couplings of the same model on the same protein.

    Couplings are those of `protvis.categorical_jacobian`; attention is symmetrised and
    APC-corrected in the same way.

    Parameters
    ----------
    model : ProteinModel, str or path
        A loaded model, or a name or directory for `protvis.load_model`.
    sequence_or_chain : str or protvis.structure.Chain
        Residues, one letter each, or a chain of a structure.
    couplings : array (residue, residue), optional
        Couplings computed earlier; when None they are computed here, which takes 19 passes per
        residue (see `protvis.estimate_categorical_jacobian`).
    n_top : int, optional
        How many of the strongest pairs count as top pairs; the number of residues when None.
    min_separation : int, default 6
        Only pairs at least this far apart in sequence are compared.
    progress : bool, default True
        Whether to draw a progress bar for the Jacobian.

    Returns
    -------
    CouplingAgreement

    Raises
    ------
    OptionError
        If the couplings do not fit the protein, or a number has an invalid value.
    ModelError
        If the model cannot predict masked residues.
    SequenceError
        If the model cannot read the sequence.

    Examples
    --------
    >>> import protvis
    >>> agreement = protvis.coupling_agreement("mini", "RPDFCLEPPYTGPCKARIIR", progress=False)
    >>> len(agreement.heads())
    40
    """
    protein = read_protein(model, sequence_or_chain)
    n = len(protein.sequence)
    check_whole_number("min_separation", min_separation)
    if n_top is not None:
        check_whole_number("n_top", n_top, 1)
    if couplings is None:
        couplings = categorical_jacobian(protein.model, sequence_or_chain, progress=progress)
    values = np.asarray(couplings, dtype=np.float32)
    if values.shape != (n, n):
        raise OptionError(
            f"couplings must be ({n}, {n}), one row and column per residue, got {values.shape}"
        )
    maps = compute_attention(protein.model, sequence_or_chain)
    return CouplingAgreement(maps, values, n if n_top is None else n_top, min_separation)


def _correlation(first: NDArray[Any], second: NDArray[Any]) -> float:
    """Return Pearson's correlation (of ranks: Spearman's), NaN where one is constant."""
    if len(first) < 2 or not np.ptp(first) or not np.ptp(second):
        return float("nan")
    return float(np.corrcoef(first, second)[0, 1])


def _percentiles(couplings: NDArray[Any], min_separation: int) -> NDArray[Any]:
    """Return each pair's rank among the pairs i < j just as far apart, 0 to 1; NaN elsewhere."""
    from scipy.stats import rankdata

    found = np.full(couplings.shape, np.nan)
    for separation in range(min_separation, len(couplings)):
        values = np.diagonal(couplings, separation)
        first = np.arange(len(values))
        found[first, first + separation] = (rankdata(values) - 0.5) / len(values)
    return found


def _mean_percentile(pairs: set[tuple[int, int]], percentiles: NDArray[Any]) -> tuple[float, float]:
    """Return the mean percentile of pairs, and how likely one so far off is along the chain.

    All pairs move along the chain together, from (i, j) to (i + s, j + s) modulo its length; those
    that then straddle its end are dropped. What the ends of a chain do to percentiles is taken off
    first, by the zones of both residues. The sum at home is compared with its mean and variance
    over all shifts, the variance scaled by the number of pairs at home over its mean.
    """
    from scipy.stats import norm

    if not pairs:
        return float("nan"), float("nan")
    first, second = np.array(sorted(pairs)).T
    excess = _without_ends(percentiles)
    n = len(excess)
    shift = np.arange(n)[:, None]
    moved = (first + shift) % n, (second + shift) % n
    found = np.where(moved[1] - moved[0] == second - first, excess[moved], np.nan)
    sums, n_pairs = np.nansum(found, axis=1), np.isfinite(found).sum(axis=1)
    variance = float(sums.var()) * max(1.0, n_pairs[0] / max(n_pairs.mean(), 1e-9))
    mean = float(percentiles[first, second].mean())
    if variance <= 1e-12:
        return mean, 1.0
    return mean, float(2 * norm.sf(abs(sums[0] - sums.mean()) / np.sqrt(variance)))


def _without_ends(percentiles: NDArray[Any]) -> NDArray[Any]:
    """Return percentiles less the mean of their zones along the chain."""
    zone = chain_zones(len(percentiles))
    pair = np.sort([np.broadcast_to(zone[:, None], percentiles.shape),
                    np.broadcast_to(zone, percentiles.shape)], axis=0)  # fmt: skip
    kind = pair[0] * (zone.max() + 1) + pair[1]
    known = np.isfinite(percentiles)
    total = np.bincount(kind[known], percentiles[known], kind.max() + 1)
    usual = total / np.maximum(np.bincount(kind[known], minlength=kind.max() + 1), 1)
    return percentiles - usual[kind]


def _share(pairs: set[tuple[int, int]], marked: NDArray[Any]) -> float:
    return float(np.mean([marked[pair] for pair in pairs])) if pairs else float("nan")


def _percent(share: float) -> str:
    return "none" if np.isnan(share) else f"{100 * share:.0f} %"
