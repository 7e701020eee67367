"""Probes: what a linear model reads off each layer of a frozen model.

A probe that finds a property shows that the layer holds it, not that the model uses it.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from tqdm.auto import tqdm

from protvis.analysis.counting.features import columns_of
from protvis.analysis.counting.result import Skipped
from protvis.analysis.probes.probe_fit import Layer, fit_probe, thin
from protvis.analysis.probes.probe_inputs import PRODUCTS, SOURCES, inputs_of_layers
from protvis.analysis.probes.probe_tasks import Labelled, PairTask, Task, task_of
from protvis.analysis.splits.families import Relatives
from protvis.analysis.splits.sampling import (
    draw_distinct,
    draw_records,
    shuffled_keys,
    too_few,
)
from protvis.checks import check_number, check_whole_number
from protvis.datasets import Dataset, Record, open_dataset
from protvis.errors import OptionError
from protvis.models.model_argument import as_model
from protvis.structure.contacts import CUTOFF, MIN_SEPARATION

if TYPE_CHECKING:
    import pandas as pd

    from protvis.models import ProteinModel

__all__ = ["FORMS", "probe"]

FORMS = ("corrected", "paper")


def probe(
    data: Any,
    model: ProteinModel | str | PathLike[str],
    feature: str,
    *,
    source: str = "embeddings",
    form: str = "corrected",
    layers: Sequence[int] | None = None,
    n_train: int = 60,
    n_valid: int = 20,
    n_test: int = 20,
    seed: int = 0,
    cutoff: float = CUTOFF,
    min_separation: int = MIN_SEPARATION,
    max_residues: int | None = None,
    max_rows: int = 50_000,
    n_bootstrap: int = 200,
    progress: bool = True,
) -> pd.DataFrame:
    """Return how well a property can be read from each layer of a frozen model.

    A logistic regression is fitted for each layer on the training proteins, the strength of its
    penalty is chosen on the validation proteins, and it is scored on the test proteins. All
    proteins are drawn at random and no two are from the same family
    (`protvis.analysis.splits.families`), so the three sets share no family.

    Parameters
    ----------
    data : Dataset, or what `protvis.datasets.open_dataset` takes
    model : ProteinModel, str or path
    feature : str
        A feature of the data set. The score is each state's F1 and their mean for several states
        (``secondary_structure``), the precision of the top L/20 for residues with a property
        (``binding_site``), that of the top L/5 for pairs (``contact``).
    source : {"embeddings", "attention"}
        What the probe reads: a layer's hidden states (`ProteinModel.embed`; for a pair the absolute
        difference and the product of both residues', element by element; in the form ``paper`` only
        the product), or, for pairs, the layer's attention weights, one number per head, both
        directions added.
    form : {"corrected", "paper"}
        ``paper``: scored as by Vig et al. (ICLR 2021). The score is that on the validation
        proteins, on which the penalty was chosen (in the paper: training was stopped), and a
        ranking counts each pair twice, as in a full symmetric matrix, so it reaches only half as
        far. From embeddings of pairs it uses only the product, all that their probe could see
        (Notes). Both forms draw the same proteins.
    layers : sequence of int, optional
        Labels, counting from 1; all when None.
    n_train, n_valid, n_test : int
        Numbers of proteins.
    seed : int, default 0
        Seed of every random draw.
    cutoff : float, Å
    min_separation : int
        The definition of a contact.
    max_residues : int, optional
        Longer proteins are left out.
    max_rows : int, default 50_000
        The most residues or pairs to fit on. For pairs, ten without contact are fitted on for each
        with one; all pairs are ranked.
    n_bootstrap : int, default 200
        Number of bootstrap replicates over scored proteins.
    progress : bool, default True

    Returns
    -------
    DataFrame
        ``feature, source, form, layer, metric, value`` (the state, else empty)``, score``,
        ``ci_low, ci_high`` (95 %, over proteins; the probe stays the same), ``background`` (the
        score expected without looking at the protein), ``strength`` (C), ``converged``,
        ``n_train``, ``n_valid`` and ``n_scored``, the proteins behind the score: the ranking of a
        protein without any hit is uninformative and does not count. ``attrs["skipped"]`` lists
        (record, reason).

    Raises
    ------
    DatasetError
        If the data set has too few proteins with the feature, or none with a hit.
    OptionError, LabelError
        If an option has an invalid value.

    Notes
    -----
    Vig et al. probed pairs with the signed difference and the product of embeddings, by TAPE's
    head, whose answer is the mean of those for (i, j) and (j, i). A linear function of the signed
    difference changes sign with the order, so it cancels: such a probe sees only the product, and
    here it is fitted on that. The corrected form adds the absolute difference. Their probe was
    trained by gradient descent with dropout; here both forms are logistic regressions. Features are
    scaled to mean 0 and variance 1 over the training proteins.
    """
    import pandas as pd

    for name, value, known in (("source", source, SOURCES), ("form", form, FORMS)):
        if value not in known:
            raise OptionError(f"{name} must be one of {', '.join(known)}, got {value!r}")
    check_number("cutoff", cutoff, above=0, unit="Å")
    for name, number, least in (
        ("n_train", n_train, 1), ("n_valid", n_valid, 1), ("n_test", n_test, 1),
        ("max_rows", max_rows, 1), ("n_bootstrap", n_bootstrap, 0), ("seed", seed, 0),
        ("min_separation", min_separation, 0),
    ):  # fmt: skip
        check_whole_number(name, number, least)
    dataset, model = open_dataset(data), as_model(model)
    task = task_of(columns_of([feature], dataset.features()), doubled=form == "paper")
    if source == "attention" and not isinstance(task, PairTask):
        raise OptionError(
            f"attention is between two residues, {feature!r} is a property of one: probe it with "
            "source='embeddings'"
        )
    layer_labels = [place + 1 for place in model.positions(layers, None)[0]]
    skipped: list[Skipped] = []
    proteins = _draw(
        dataset, model, task, (n_train, n_valid, n_test), skipped, seed, cutoff, min_separation,
        max_residues,
    )  # fmt: skip
    train = thin(proteins[:n_train], max_rows, np.random.default_rng(seed))
    valid, test = proteins[n_train : n_train + n_valid], proteins[n_train + n_valid :]
    # The paper's form does not use the test proteins; they are drawn so that the others match.
    read, scored = ([*train, *valid], valid) if form == "paper" else ([*train, *valid, *test], test)
    labels = np.concatenate([protein.labels for protein in proteins[:n_train]])
    background = task.background(
        scored, np.bincount(labels, minlength=task.n_classes) / len(labels)
    )
    about = {"feature": feature, "source": source, "form": form}
    numbers = {"n_train": n_train, "n_valid": n_valid}
    rows: list[dict[str, Any]] = []
    symmetric = form == "paper" and source == "embeddings" and isinstance(task, PairTask)
    taken = inputs_of_layers(model, read, layer_labels, source)
    for label, inputs in tqdm(taken, total=len(layer_labels), unit="layer", disable=not progress):
        layer = Layer(PRODUCTS if symmetric else source, read, inputs)
        fitted = fit_probe(
            layer.part(slice(n_train)), layer.part(slice(n_train, n_train + n_valid)), task
        )
        names, statistics = fitted.statistics(layer.part(slice(-len(scored), None)), task)
        score = task.score(statistics.sum(axis=0))
        low, high = _interval(names, statistics, task, n_bootstrap, seed)
        for place, (metric, value) in enumerate(task.metrics):
            rows.append(
                {
                    **about,
                    "layer": label,
                    "metric": metric,
                    "value": value,
                    "score": score[place],
                    "ci_low": low[place],
                    "ci_high": high[place],
                    "background": background[place],
                    "strength": fitted.strength,
                    "converged": fitted.converged,
                    **numbers,
                    "n_scored": len(names),
                }
            )
    frame = pd.DataFrame(rows)
    frame.attrs["skipped"] = [[skip.record, skip.reason] for skip in skipped]
    frame.attrs["provenance"] = {
        "model": model.provenance,
        "data": {"name": dataset.name, "fingerprint": dataset.fingerprint()},
        "arguments": {
            **about, **numbers, "n_test": n_test, "seed": seed, "cutoff": cutoff,
            "min_separation": min_separation, "max_residues": max_residues, "max_rows": max_rows,
        },
    }  # fmt: skip
    return frame


def _draw(
    dataset: Dataset,
    model: ProteinModel,
    task: Task,
    sizes: tuple[int, int, int],
    skipped: list[Skipped],
    seed: int,
    cutoff: float,
    min_separation: int,
    max_residues: int | None,
) -> list[Labelled]:
    """Return labels of distinct proteins, as many as training, validation and test take."""
    feature = task.columns[0].feature
    labelled: dict[str, Labelled] = {}

    def unfit(record: Record) -> str | None:
        labels = task.label(record, cutoff, min_separation)
        if labels is None or not len(labels.labels):
            return f"it says nothing about {feature}"
        labelled[record.record_id] = labels
        return None

    keys = shuffled_keys(dataset, seed)
    candidates = draw_records(dataset, keys, model, skipped, max_residues=max_residues)
    records = list(draw_distinct(candidates, sum(sizes), skipped, unfit, Relatives()))
    if len(records) < sum(sizes):
        what = f"with {feature}, no two of one family"
        raise too_few(dataset, what, skipped, found=len(records), wanted=sum(sizes))
    return [labelled[record.record_id] for record in records]


def poisson_weights(record_id: str, n_bootstrap: int, seed: int) -> NDArray[np.int64]:
    """Return how often each bootstrap replicate takes a protein: Poisson(1), drawn by its id.

    The order in which proteins come changes nothing (Chamandy et al., "Estimating uncertainty for
    massive data streams", 2012).

    Returns
    -------
    int64 array (replicate,)
    """
    digest = hashlib.sha256(f"{seed}\n{record_id}".encode("utf-8", "surrogatepass")).digest()
    rng = np.random.Generator(np.random.Philox(key=int.from_bytes(digest[:16], "little")))
    return rng.poisson(1.0, n_bootstrap).astype(np.int64)


def _interval(
    names: list[str], statistics: NDArray[np.float64], task: Task, n_bootstrap: int, seed: int
) -> NDArray[np.float64]:
    """Return lower and upper ends (2, metric) of the 95 % interval over proteins."""
    if len(names) < 2 or not n_bootstrap:
        return np.full((2, len(task.metrics)), np.nan)
    weights = np.stack([poisson_weights(name, n_bootstrap, seed) for name in names], axis=1)
    sums = np.tensordot(weights.astype(np.float64), statistics, axes=1)
    replicates = task.score(np.asarray(sums, dtype=np.float64))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "All-NaN slice", RuntimeWarning)
        return np.nanquantile(replicates, [0.025, 0.975], axis=0)
