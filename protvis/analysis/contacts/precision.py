"""Precision of the heaviest pairs of a map, by their distance along the chain.

The share of contacts among the top L, L/2 and L/5 pairs of a range, where L is the number of
residues in the sequence (Rao et al., ICLR 2021).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from tqdm.auto import tqdm

from protvis.analysis.contacts.protein_means import ProteinMeans
from protvis.analysis.contacts.ranked_pairs import RANGES, TOPS, RankedPairs, pairs_of_record
from protvis.analysis.counting.result import Skipped
from protvis.analysis.splits.sampling import draw_records, one_line, too_few
from protvis.attention.transforms import TRANSFORMS
from protvis.checks import check_number
from protvis.datasets import Dataset, Record, draw, open_dataset
from protvis.errors import OptionError, unknown_name
from protvis.labels import MEAN
from protvis.models.model_argument import as_model
from protvis.structure.contacts import CUTOFF

if TYPE_CHECKING:
    import pandas as pd

    from protvis.models import ProteinModel

__all__ = ["contact_precision", "evaluate_contact_precision", "precision_over_proteins"]

_COMBINE = ("max", "mean")


def contact_precision(
    pair_map: ArrayLike,
    contacts: ArrayLike,
    observed: ArrayLike | None = None,
    *,
    combine: str = "max",
) -> pd.DataFrame:
    """Return the precision of the heaviest pairs of a map.

    Parameters
    ----------
    pair_map : array (residue, residue)
        Any map: attention, a transform of it, or predicted contacts. NaN pairs do not count.
    contacts : bool array (residue, residue)
        Symmetric, as `protvis.structure.contacts.contact_map` gives.
    observed : bool array (residue,), optional
        Residues with coordinates; all when None. Pairs with other residues do not count, but L is
        the number of all residues.
    combine : {"max", "mean"}
        How to combine the two directions of a pair, as in `protvis.attention.select_links`; makes
        no difference for a symmetric map.

    Returns
    -------
    DataFrame
        A row for each of `RANGES` and `TOPS`: ``range, top, precision, n_links`` (pairs examined),
        ``n_hits`` (contacts among them), ``background`` (share of contacts among all pairs of the
        range) and ``n_pairs``.

    Raises
    ------
    OptionError
        If the shapes of the arrays do not match.

    Notes
    -----
    If a range has fewer pairs than asked for, all of them count, whereas ESM's example code still
    divides by the number asked for. Without any pair the precision is NaN. Equal weights are
    taken in the order of `protvis.attention.select_links`: by the lower residue, then by the
    higher. Over ``all`` and L, without ties at the cut, this is ``contact_precision`` of
    `protvis.attention.score_head_block`.
    """
    import pandas as pd

    _check_combine(combine)
    try:
        values = np.asarray(pair_map, dtype=np.float32)
    except (TypeError, ValueError):
        raise OptionError("the map must be a matrix of numbers") from None
    pairs = RankedPairs(contacts, observed)
    found = pairs.score(values, combine)
    return pd.DataFrame(
        {
            "precision": found.precision.ravel(),
            "n_links": found.n_links.ravel(),
            "n_hits": found.n_hits.ravel(),
            "background": np.repeat(pairs.background, len(TOPS)),
            "n_pairs": np.repeat(pairs.n_pairs, len(TOPS)),
        },
        index=pd.MultiIndex.from_product([RANGES, TOPS], names=["range", "top"]),
    ).reset_index()


def evaluate_contact_precision(
    data: Any,
    model: ProteinModel | str | PathLike[str],
    *,
    transform: str | None = "apc",
    combine: str = "max",
    layers: Sequence[int] | None = None,
    heads: Sequence[int] | str | None = None,
    limit: int | None = None,
    seed: int | None = None,
    cutoff: float = CUTOFF,
    max_residues: int | None = None,
    progress: bool = True,
) -> pd.DataFrame:
    """Return the contact precision of every head over a data set.

    Only one layer of one protein is in memory at a time, besides sums over proteins.

    Parameters
    ----------
    data : Dataset, or what `protvis.datasets.open_dataset` takes
        Records without coordinates are left out.
    model : ProteinModel, str or path
    transform : {"apc", "symmetrized"} or None
        Applied to each map first (`protvis.attention.transforms.TRANSFORMS`), over all
        residues, observed or not; None for raw attention.
    combine : {"max", "mean"}
        See `contact_precision`; it matters only for raw attention.
    layers : sequence of int, optional
        Labels, counting from 1; all when None.
    heads : sequence of int or "mean", optional
        Labels, or the mean of each layer's heads (of raw attention, then transformed).
    limit : int, optional
        The most keys of the data set to read: the first ones, or a random draw if `seed` is given.
    seed : int, optional
        Seed of the draw.
    cutoff : float, Å
    max_residues : int, optional
        Longer proteins are left out.
    progress : bool, default True

    Returns
    -------
    DataFrame
        ``layer, head, range, top, precision`` (mean over proteins), ``ci_low, ci_high`` (95 %,
        Student's t over proteins; NaN for a single protein), ``n_proteins`` (that have pairs in
        the range) and ``background`` (mean over the same proteins of the share of contacts).
        ``attrs["skipped"]`` lists (record, reason), ``attrs["provenance"]`` records where the
        numbers come from.

    Raises
    ------
    DatasetError
        If no protein could be scored.
    OptionError, LabelError
        If an option has an invalid value.

    Notes
    -----
    Every record counts as a separate protein. Copies of a chain count as often as they occur in the
    data, which makes the intervals too narrow.
    """
    _check_combine(combine)
    if transform is not None and transform not in TRANSFORMS:
        raise OptionError(unknown_name("transform", transform, TRANSFORMS))
    if isinstance(heads, str) and heads != MEAN:
        raise OptionError(f"heads must be labels or {MEAN!r}, got {heads!r}")
    dataset, model = open_dataset(data), as_model(model)
    of_mean = isinstance(heads, str)
    chosen = None if isinstance(heads, str) else heads
    layer_places, head_places = model.positions(layers, chosen)
    layer_labels = [place + 1 for place in layer_places]
    head_labels = [MEAN] if of_mean else [place + 1 for place in head_places]
    row_of = {place: row for row, place in enumerate(layer_places)}
    compute = TRANSFORMS[transform].compute if transform else np.asarray
    labels = {"layer": layer_labels, "head": head_labels}

    def score_record(record: Record, pairs: RankedPairs) -> NDArray[np.float64]:
        found = np.full((len(layer_labels), len(head_labels), len(RANGES), len(TOPS)), np.nan)

        def score(layer: int, block: NDArray[np.float32], _: NDArray[np.float32]) -> None:
            if of_mean:
                block = block.mean(axis=0, dtype=np.float64, keepdims=True).astype(np.float32)
            for column, one in enumerate(block):
                found[row_of[layer], column] = pairs.score(compute(one), combine).precision

        model.capture(record.sequence, score, layers=layers, heads=chosen)
        return found

    frame = precision_over_proteins(
        dataset,
        model,
        score_record,
        labels,
        cutoff=cutoff,
        limit=limit,
        seed=seed,
        max_residues=max_residues,
        progress=progress,
    )
    frame.attrs["provenance"] = {
        "model": model.provenance,
        "data": {"name": dataset.name, "fingerprint": dataset.fingerprint()},
        "arguments": {
            "transform": transform,
            "combine": combine,
            "limit": limit,
            "seed": seed,
            "cutoff": cutoff,
            "max_residues": max_residues,
        },
    }
    return frame


def precision_over_proteins(
    dataset: Dataset,
    model: ProteinModel,
    score: Callable[[Record, RankedPairs], NDArray[np.float64]],
    labels: Mapping[str, Sequence[Any]],
    *,
    unfit: Callable[[Record], str | None] = lambda record: None,
    cutoff: float,
    limit: int | None,
    seed: int | None,
    max_residues: int | None,
    progress: bool,
) -> pd.DataFrame:
    """Return the mean precision over proteins, with intervals.

    Parameters
    ----------
    dataset : Dataset
    model : ProteinModel
        It must be able to read a record.
    score : callable
        Returns the precisions of a record: float array (…, range, top).
    labels : mapping of str to sequence
        Names of the leading axes, and the labels along them.
    unfit : callable, optional
        Returns why a record is left out, or None.
    cutoff, limit, seed, max_residues, progress
        As for `evaluate_contact_precision`.

    Returns
    -------
    DataFrame
        One row per label, range and top.

    Raises
    ------
    DatasetError
        If no protein could be scored.
    """
    import pandas as pd

    check_number("cutoff", cutoff, above=0, unit="Å")
    leading = tuple(len(along) for along in labels.values())
    means = ProteinMeans((*leading, len(RANGES), len(TOPS)))
    backgrounds = ProteinMeans((len(RANGES),))
    skipped: list[Skipped] = []
    bar = tqdm(draw(dataset.keys, limit, seed), unit="protein", disable=not progress)
    for record in draw_records(dataset, bar, model, skipped, max_residues=max_residues):
        reason = unfit(record)
        if reason is not None:
            skipped.append(Skipped(record.record_id, reason))
            continue
        pairs = pairs_of_record(record, cutoff, skipped)
        if pairs is None:
            continue
        try:
            found = score(record, pairs)
        except Exception as error:  # noqa: BLE001 - one bad record must not end it all
            skipped.append(Skipped(record.record_id, one_line(error)))
            continue
        means.add(found)
        backgrounds.add(pairs.background)
    if not means.n_proteins.any():
        raise too_few(dataset, "to score contacts on", skipped)
    low, high = means.interval()
    frame = pd.DataFrame(
        {
            "precision": means.mean().ravel(),
            "ci_low": low.ravel(),
            "ci_high": high.ravel(),
            "n_proteins": means.n_proteins.ravel(),
            "background": np.broadcast_to(backgrounds.mean()[:, None], low.shape).ravel(),
        },
        index=pd.MultiIndex.from_product(
            [*labels.values(), RANGES, TOPS], names=[*labels, "range", "top"]
        ),
    ).reset_index()
    frame.attrs["skipped"] = [[skip.record, skip.reason] for skip in skipped]
    return frame


def _check_combine(combine: str) -> None:
    if combine not in _COMBINE:
        raise OptionError(f"combine must be one of {', '.join(_COMBINE)}, got {combine!r}")
