"""Fitting a logistic combination of all heads on a few proteins, as Rao et al. (ICLR 2021) did.

The features of a pair are every head's symmetrised, APC-corrected attention, the model is a
logistic regression with an L1 penalty, and twenty proteins suffice.
"""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from tqdm.auto import tqdm

from protvis.analysis.contacts.combination import HeadCombination
from protvis.analysis.counting.result import Skipped
from protvis.analysis.splits.families import Relatives
from protvis.analysis.splits.sampling import (
    draw_distinct,
    draw_records,
    shuffled_keys,
    too_few,
)
from protvis.attention.transforms import apc
from protvis.checks import check_number, check_whole_number
from protvis.datasets import Dataset, Record, open_dataset
from protvis.dates import date_now
from protvis.errors import DatasetError
from protvis.memory import check_memory
from protvis.models.model_argument import as_model
from protvis.structure.contacts import CUTOFF, MIN_SEPARATION, contact_map

if TYPE_CHECKING:
    from protvis.models import ProteinModel

__all__ = ["PENALTY", "fit_combination"]

PENALTY = 0.15
"""The weight λ of the L1 penalty in Rao et al."""

_BYTES_PER_FEATURE = 8 + 16
"""A double of ours, and liblinear's own copy with its index."""

_Pairs = tuple[NDArray[np.intp], NDArray[np.intp]]


def fit_combination(
    data: Any,
    model: ProteinModel | str | PathLike[str],
    *,
    n_fit: int = 20,
    seed: int = 0,
    held_out: Iterable[Any] = (),
    penalty: float = PENALTY,
    cutoff: float = CUTOFF,
    min_separation: int = MIN_SEPARATION,
    max_residues: int | None = None,
    max_pairs: int | None = None,
    progress: bool = True,
) -> HeadCombination:
    """Fit a logistic combination of all heads on proteins drawn from a data set.

    Parameters
    ----------
    data : Dataset, or what `protvis.datasets.open_dataset` takes
        Records with coordinates.
    model : ProteinModel, str or path
    n_fit : int, default 20
        How many proteins to fit on, no two from one family (`protvis.analysis.splits.families`).
    seed : int, default 0
        Seed of the draw.
    held_out : iterable of str or protvis.structure.Chain, optional
        Proteins to hold out: neither they nor their relatives are drawn.
    penalty : float, default 0.15
        λ; scikit-learn's ``C`` is 1/λ.
    cutoff : float, Å
    min_separation : int
        The definition of a contact; pairs closer along the chain are not fitted on.
    max_residues : int, optional
        Longer proteins are left out.
    max_pairs : int, optional
        The most pairs to fit on, drawn at random regardless of contact; all when None, as
        published.
    progress : bool, default True

    Returns
    -------
    HeadCombination

    Raises
    ------
    DatasetError
        If there are fewer than `n_fit` proteins, or they have no contacts.
    AttentionMemoryError
        Before anything is computed, if the features would not fit into memory.
    OptionError
        If an option has an invalid value.

    Notes
    -----
    Fitted as published: ``LogisticRegression(C=1/0.15, solver="liblinear")`` with the L1 penalty,
    on unscaled features, each unordered pair once; liblinear penalises the intercept, too.
    """
    n_fit = check_whole_number("n_fit", n_fit, 1)
    if max_pairs is not None:
        max_pairs = check_whole_number("max_pairs", max_pairs, 2)
    check_number("penalty", penalty, above=0)
    check_number("cutoff", cutoff, above=0, unit="Å")
    check_whole_number("min_separation", min_separation)
    dataset, model = open_dataset(data), as_model(model)
    skipped: list[Skipped] = []
    texts = [text if isinstance(text, str) else text.sequence for text in held_out]
    unwanted = Relatives((f"held out {number}" for number in range(1, len(texts) + 1)), texts)
    candidates = draw_records(
        dataset, shuffled_keys(dataset, seed), model, skipped, max_residues=max_residues
    )
    records = list(draw_distinct(candidates, n_fit, skipped, _without_coordinates, unwanted))
    if len(records) < n_fit:
        raise too_few(
            dataset, "with coordinates to fit on", skipped, found=len(records), wanted=n_fit
        )
    pairs = _chosen_pairs(records, min_separation, max_pairs, np.random.default_rng(seed))
    x, y = _features(model, records, pairs, cutoff, progress)
    if y.all() or not y.any():
        raise DatasetError(f"the {n_fit} proteins drawn from {dataset.name} have no contacts")
    weights, intercept = _fitted(x, y, penalty, seed)
    return HeadCombination(
        weights.reshape(model.n_layers, model.n_heads),
        intercept,
        tuple((record.record_id, record.sequence) for record in records),
        float(cutoff),
        int(min_separation),
        _provenance(
            dataset,
            model,
            n_fit=n_fit,
            seed=seed,
            penalty=penalty,
            max_residues=max_residues,
            max_pairs=max_pairs,
            n_pairs=len(y),
            n_contacts=int(y.sum()),
        ),
    )


def _without_coordinates(record: Record) -> str | None:
    return "it has no coordinates" if record.coordinates is None else None


def _chosen_pairs(
    records: list[Record], min_separation: int, max_pairs: int | None, rng: np.random.Generator
) -> list[_Pairs]:
    """Return each protein's pairs to fit on: observed, far enough apart, each once."""
    pairs: list[_Pairs] = []
    for record in records:
        seen = ~np.isnan(np.asarray(record.coordinates)).any(axis=1)
        first, second = np.triu_indices(record.n_residues, k=max(min_separation, 1))
        kept = seen[first] & seen[second]
        pairs.append((first[kept], second[kept]))
    sizes = np.array([len(first) for first, _ in pairs])
    if max_pairs is None or sizes.sum() <= max_pairs:
        return pairs
    # All pairs are as likely, so the share of contacts, and with it the intercept, is kept.
    drawn = np.sort(rng.choice(sizes.sum(), max_pairs, replace=False))
    ends = np.cumsum(sizes)
    parts = np.split(drawn, np.searchsorted(drawn, ends[:-1]))
    return [
        (first[part - start], second[part - start])
        for (first, second), part, start in zip(pairs, parts, ends - sizes, strict=True)
    ]


def _features(
    model: ProteinModel, records: list[Record], pairs: list[_Pairs], cutoff: float, progress: bool
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return corrected attention (pair, layer · head) and which pairs touch."""
    sizes = [len(first) for first, _ in pairs]
    n_features = model.n_layers * model.n_heads
    check_memory(
        sum(sizes) * n_features * _BYTES_PER_FEATURE,
        f"fitting on {sum(sizes):,} pairs × {n_features} heads",
        lambda share: f"fit on fewer with max_pairs={int(0.6 * share * sum(sizes)):,}",
    )
    x = np.empty((sum(sizes), n_features))
    y = np.empty(sum(sizes), dtype=bool)
    start = 0
    for record, (first, second), size in zip(
        tqdm(records, unit="protein", disable=not progress), pairs, sizes, strict=True
    ):
        rows = slice(start, start + size)

        def keep(
            layer: int,
            block: NDArray[np.float32],
            _: NDArray[np.float32],
            rows: slice = rows,
            first: NDArray[np.intp] = first,
            second: NDArray[np.intp] = second,
        ) -> None:
            for head, one in enumerate(block):
                x[rows, layer * model.n_heads + head] = apc(one)[first, second]

        model.capture(record.sequence, keep)
        y[rows] = contact_map(np.asarray(record.coordinates), cutoff, 0)[first, second]
        start += size
    return x, y


def _fitted(
    x: NDArray[np.float64], y: NDArray[np.bool_], penalty: float, seed: int
) -> tuple[NDArray[np.float64], float]:
    """Return weights (feature,) and intercept of the regression with an L1 penalty."""
    from sklearn.linear_model import LogisticRegression

    # scikit-learn 1.8 gave the penalty another name.
    named = LogisticRegression().get_params().get("penalty") == "l2"
    l1: dict[str, Any] = {"penalty": "l1"} if named else {"l1_ratio": 1.0}
    regression = LogisticRegression(C=1 / penalty, solver="liblinear", random_state=seed, **l1)
    regression.fit(x, y)
    return regression.coef_[0], float(regression.intercept_[0])


def _provenance(dataset: Dataset, model: ProteinModel, **arguments: Any) -> dict[str, Any]:
    import sklearn

    about = dict(model.provenance)
    versions = {**about.pop("versions", {}), "scikit-learn": sklearn.__version__}
    return {
        "model": about,
        "data": {"name": dataset.name, "fingerprint": dataset.fingerprint()},
        "arguments": arguments,
        "versions": {**versions, "numpy": np.__version__},
        "date": date_now(),
    }
