"""The heads and links that respond to mutations: every exchange of chosen residues."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from protvis.attention.maps import AttentionMaps
from protvis.checks import check_whole_number
from protvis.dates import date_now
from protvis.errors import LabelError, OptionError
from protvis.inference.protein import Protein, read_protein
from protvis.keywords import check_keywords
from protvis.labels import AMINO_ACIDS
from protvis.perturbation.marginals import hidden_logits, log_softmax
from protvis.perturbation.mutations import Mutation, mutate, name_mutation
from protvis.perturbation.noise_level import far_pairs
from protvis.structure.contacts import MIN_SEPARATION

if TYPE_CHECKING:
    import pandas as pd

    from protvis.models import ProteinModel

__all__ = ["MutationScan", "scan_mutations"]

_MOST_LINKS = 10_000
"""How many links may be kept of each mutation."""


@dataclass(frozen=True)
class MutationScan:
    """The effect of every mutation on every head.

    Attributes
    ----------
    mutations : tuple of Mutation
    layers, heads : tuple of int
        Labels along the axes of `mean`.
    mean : float32 array (mutation, layer, head)
        Mean |Δ-attention| over ordered pairs at least `min_separation` apart.
    elsewhere : float32 array (mutation, layer, head)
        The same over pairs without the mutated residue.
    log_odds : float32 array (mutation,)
        Masked marginals: log p(new) - log p(actual) with the residue masked, natural; NaN if the
        model cannot predict masked residues.
    strongest : structured array (mutation, link)
        The links with the largest |Δ| over all heads, largest first: fields ``layer``, ``head``
        (labels), ``query``, ``key`` (residue indices), ``before``, ``delta``.
    sequence : str
    residue_labels : tuple of str
    min_separation : int
    provenance : dict
    notice : str or None
    """

    mutations: tuple[Mutation, ...]
    layers: tuple[int, ...]
    heads: tuple[int, ...]
    mean: NDArray[Any]
    elsewhere: NDArray[Any]
    log_odds: NDArray[Any]
    strongest: NDArray[Any]
    sequence: str
    residue_labels: tuple[str, ...]
    min_separation: int
    provenance: dict[str, Any]
    notice: str | None = None

    def __repr__(self) -> str:
        return f"<MutationScan: {len(self.mutations)} mutations of {len(self.sequence)} residues>"

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each mutation, residue by residue.

        Returns
        -------
        DataFrame
            Columns ``mutation``, ``residue`` (label), ``letter``, ``log_odds``; ``mean`` and
            ``elsewhere``: mean over heads of those fields; ``layer``, ``head``: the head with the
            largest mean |Δ|.
        """
        import pandas as pd

        flat = self.mean.reshape(len(self.mutations), -1)
        layer, head = np.divmod(flat.argmax(axis=1), len(self.heads))
        return pd.DataFrame(
            {
                "mutation": [mutation.name for mutation in self.mutations],
                "residue": [self.residue_labels[mutation.index] for mutation in self.mutations],
                "letter": [mutation.letter for mutation in self.mutations],
                "log_odds": self.log_odds,
                "mean": flat.mean(axis=1),
                "elsewhere": self.elsewhere.mean(axis=(1, 2)),
                "layer": np.array(self.layers)[layer],
                "head": np.array(self.heads)[head],
            }
        )

    def by_head(self) -> pd.DataFrame:
        """Return how much each head responds, strongest response first.

        Returns
        -------
        DataFrame
            Columns ``layer``, ``head``, ``mean`` and ``elsewhere`` (over mutations), ``mutation``
            (to which it responds most), and ``correlation``: Spearman's rank correlation over
            mutations of its mean |Δ| with ``-log_odds`` (NaN for fewer than three mutations): do
            the mutations it responds to surprise the model?
        """
        import pandas as pd
        from scipy.stats import spearmanr

        rows = []
        surprise = -self.log_odds
        for place, layer in enumerate(self.layers):
            for column, head in enumerate(self.heads):
                values = self.mean[:, place, column]
                known = ~np.isnan(surprise)
                enough = known.sum() > 2 and np.ptp(values[known]) and np.ptp(surprise[known])
                rows.append(
                    {
                        "layer": layer,
                        "head": head,
                        "mean": values.mean(dtype=float),
                        "elsewhere": self.elsewhere[:, place, column].mean(dtype=float),
                        "mutation": self.mutations[int(values.argmax())].name,
                        "correlation": float(spearmanr(values[known], surprise[known]).statistic)
                        if enough
                        else np.nan,
                    }
                )
        return pd.DataFrame(rows).sort_values(
            "mean", ascending=False, kind="stable", ignore_index=True
        )

    def by_residue(self) -> pd.DataFrame:
        """Return how much attention responds to mutations of each residue, in order.

        Returns
        -------
        DataFrame
            Columns ``residue`` (label), ``index``, ``mean``, ``elsewhere`` (over heads and
            mutations), ``log_odds`` (mean), ``mutation`` (with the largest mean |Δ|).
        """
        import pandas as pd

        frame = self.to_frame()
        frame["index"] = [mutation.index for mutation in self.mutations]
        groups = frame.groupby("index", sort=True)
        found = groups[["mean", "elsewhere", "log_odds"]].mean().reset_index()
        found["mutation"] = frame.loc[groups["mean"].idxmax().to_numpy(), "mutation"].to_numpy()
        found.insert(0, "residue", [self.residue_labels[index] for index in found["index"]])
        return pd.DataFrame(found)

    def links(self, mutation: str | None = None) -> pd.DataFrame:
        """Return the links that change most, largest |Δ| first.

        Parameters
        ----------
        mutation : str, optional
            Name of a mutation, such as ``"S195A"``; all when None.

        Returns
        -------
        DataFrame
            Columns ``mutation, layer, head, query, key, query_label, key_label, before, delta,
            at_site`` (whether it is the mutated residue's own), ``log_odds``.

        Raises
        ------
        LabelError
            If there is no such mutation in the scan.
        """
        import pandas as pd

        names = [one.name for one in self.mutations]
        if mutation is not None and mutation not in names:
            raise LabelError(f"{mutation!r} is not among the {len(names)} mutations of this scan")
        labels = self.residue_labels
        parts = []
        for place, one in enumerate(self.mutations):
            if mutation is not None and one.name != mutation:
                continue
            found = pd.DataFrame(self.strongest[place])
            found = found[found["layer"] > 0]
            found.insert(0, "mutation", one.name)
            found.insert(5, "query_label", [labels[index] for index in found["query"]])
            found.insert(6, "key_label", [labels[index] for index in found["key"]])
            found["at_site"] = (found["query"] == one.index) | (found["key"] == one.index)
            found["log_odds"] = self.log_odds[place]
            parts.append(found)
        return pd.concat(parts).sort_values(
            "delta", key=np.abs, ascending=False, kind="stable", ignore_index=True
        )


_LINK = np.dtype(
    [
        ("layer", np.int16),
        ("head", np.int16),
        ("query", np.int32),
        ("key", np.int32),
        ("before", np.float32),
        ("delta", np.float32),
    ]
)


@check_keywords
def scan_mutations(
    model: ProteinModel | str | PathLike[str],
    sequence_or_chain: Any,
    residues: str | Sequence[str] | None = None,
    *,
    amino_acids: str = AMINO_ACIDS,
    layers: Sequence[int] | None = None,
    min_separation: int = MIN_SEPARATION,
    n_links: int = 10,
    progress: bool = False,
) -> MutationScan:
    """Replace residues by every other amino acid and measure how each head's attention changes.

    One forward pass for each mutation, 19 for each residue, and one more for each residue's masked
    marginals. A large change is not by itself more than noise: compare mutations with each other,
    or one of them with matched random ones (`protvis.compare`).

    Parameters
    ----------
    model : ProteinModel, str or path
        A loaded model, or a name or directory for `protvis.load_model`.
    sequence_or_chain : str or protvis.structure.Chain
        Residues, one letter each, or a chain of a structure.
    residues : str or sequence of str, optional
        Labels of the residues to mutate, such as ``"A:SER195"`` or ``"195"``; all when None.
    amino_acids : str, default all 20
        Which amino acids to put in their place.
    layers : sequence of int, optional
        Labels; all when None.
    min_separation : int, default 6
        Pairs of residues closer in sequence are left out.
    n_links : int, default 10
        How many links to keep for each mutation.
    progress : bool, default False
        Whether to draw a progress bar.

    Returns
    -------
    MutationScan

    Raises
    ------
    LabelError
        If there is no such residue or layer.
    OptionError
        If a letter is not one of the 20 amino acids, or nothing is left to mutate.
    SequenceError
        If the model cannot read the sequence.

    Examples
    --------
    >>> import protvis
    >>> scan = protvis.scan_mutations("mini", "RPDFCLEPPYTGPCKARIIR", ["K15"], progress=False)
    >>> len(scan.mutations)
    19
    """
    from tqdm.auto import tqdm

    from protvis.inference.residue_attention import compute_attention

    protein = read_protein(model, sequence_or_chain)
    wrong = sorted(set(amino_acids) - set(AMINO_ACIDS))
    if wrong:
        raise OptionError(f"amino_acids must be among {AMINO_ACIDS}, got {', '.join(wrong)}")
    n_links = check_whole_number("n_links", n_links, 1, _MOST_LINKS)
    check_whole_number("min_separation", min_separation)
    mutations = _mutations(protein, residues, amino_acids)
    maps = compute_attention(protein.model, sequence_or_chain, layers=layers)
    shape = (len(mutations), len(maps.layers), len(maps.heads))
    mean, elsewhere = np.zeros(shape, dtype=np.float32), np.zeros(shape, dtype=np.float32)
    strongest = np.zeros((len(mutations), n_links), dtype=_LINK)
    far = far_pairs(maps.n_residues, min_separation)
    n_far = far.sum()
    for row, mutation in enumerate(
        tqdm(mutations, desc="mutation scan", unit="mutation", disable=not progress)
    ):
        site = far[mutation.index].astype(np.float32), far[:, mutation.index].astype(np.float32)
        n_elsewhere = n_far - site[0].sum() - site[1].sum()
        kept: list[NDArray[Any]] = []
        largest = np.zeros(n_links)

        def compare(
            layer: int,
            block: NDArray[Any],
            _: NDArray[Any],
            row: int = row,
            index: int = mutation.index,
            n_elsewhere: float = n_elsewhere,
            kept: list[NDArray[Any]] = kept,
            largest: NDArray[Any] = largest,
        ) -> None:
            place = maps.layers.index(layer + 1)
            for column, values in enumerate(block):
                delta = values - maps.values[place, column]
                sizes = np.abs(delta) * far
                total = sizes.sum(dtype=np.float64)
                own = sizes[index].sum(dtype=np.float64) + sizes[:, index].sum(dtype=np.float64)
                mean[row, place, column] = total / max(n_far, 1)
                elsewhere[row, place, column] = (total - own) / max(n_elsewhere, 1)
                # Below what others have already, a change will not be among the largest.
                links = _largest(delta, sizes, maps, place, column, n_links, largest[0])
                largest[:] = np.sort([*largest, *np.abs(links["delta"])])[-n_links:]
                kept.append(links)

        protein.model.capture(mutate(protein, [mutation]), compare, layers=list(maps.layers))
        links = np.concatenate(kept)
        best = links[np.argsort(-np.abs(links["delta"]), kind="stable")[:n_links]]
        strongest[row, : len(best)] = best
    return MutationScan(
        mutations=mutations,
        layers=maps.layers,
        heads=maps.heads,
        mean=mean,
        elsewhere=elsewhere,
        log_odds=_log_odds(protein, mutations),
        strongest=strongest,
        sequence=protein.sequence,
        residue_labels=protein.labels,
        min_separation=min_separation,
        provenance={
            **protein.model.provenance,
            "date": date_now(),
            "readout": "mutation scan",
        },
        notice=protein.model.notice,
    )


def _mutations(
    protein: Protein, residues: str | Sequence[str] | None, amino_acids: str
) -> tuple[Mutation, ...]:
    if residues is None:
        places = list(range(len(protein.sequence)))
    elif not isinstance(residues, Iterable):
        raise LabelError(f"residues must be labels such as ['K15'], got {residues!r:.80}")
    else:
        listed = [residues] if isinstance(residues, str) else list(residues)
        places = [protein.find(label) for label in listed]
    found = tuple(
        Mutation(place, protein.sequence[place], letter, name_mutation(protein, place, letter))
        for place in dict.fromkeys(places)
        for letter in amino_acids
        if letter != protein.sequence[place]
    )
    if not found:
        raise OptionError("expected at least one residue and one amino acid to put in its place")
    return found


def _largest(
    delta: NDArray[Any],
    sizes: NDArray[Any],
    maps: AttentionMaps,
    place: int,
    column: int,
    n: int,
    floor: float,
) -> NDArray[Any]:
    """Return the links of one head that changed most, by more than `floor`."""
    flat = sizes.ravel()
    larger = np.flatnonzero(flat > floor)
    chosen = larger[np.argsort(-flat[larger], kind="stable")[:n]]
    links = np.zeros(len(chosen), dtype=_LINK)
    links["layer"], links["head"] = maps.layers[place], maps.heads[column]
    links["query"], links["key"] = np.divmod(chosen, len(delta))
    links["before"] = maps.values[place, column].ravel()[chosen]
    links["delta"] = delta.ravel()[chosen]
    return links


def _log_odds(protein: Protein, mutations: Sequence[Mutation]) -> NDArray[Any]:
    """Return the masked-marginal effect of each mutation; NaN where the model predicts none."""
    family = protein.model.family
    found = np.full(len(mutations), np.nan, dtype=np.float32)
    if family.no_predictions or not family.mask:
        return found
    places = sorted({mutation.index for mutation in mutations})
    logits = log_softmax(hidden_logits(protein, places=places))
    row_of = {place: row for row, place in enumerate(places)}
    for index, one in enumerate(mutations):
        if one.wild in AMINO_ACIDS:
            row = logits[row_of[one.index]]
            found[index] = row[AMINO_ACIDS.index(one.letter)] - row[AMINO_ACIDS.index(one.wild)]
    return found
