"""`analyze`: from a data set and a model to a report on every head."""

from __future__ import annotations

import numbers
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from protvis.analysis.counting.features import columns_of
from protvis.analysis.counting.plan import MODES, PAPER_MAX_RESIDUES, Plan
from protvis.analysis.runs.run import count_dataset
from protvis.annotations import PairTrack, Track
from protvis.datasets import Dataset
from protvis.datasets.dataset_opener import draw, open_dataset
from protvis.datasets.tracked_dataset import with_tracks
from protvis.errors import OptionError, unknown_name
from protvis.keywords import check_keywords
from protvis.models import load_model
from protvis.reports.head_report import HeadReport

if TYPE_CHECKING:
    from protvis.models import ProteinModel

__all__ = ["analyze"]

Feature = str | Track | PairTrack | Mapping[str, Track | PairTrack]


@check_keywords
def analyze(
    data: Any,
    model: str | os.PathLike[str] | ProteinModel,
    *,
    features: Feature | Iterable[Feature],
    threshold: float = 0.3,
    mode: str = "eligible",
    min_links: int = 100,
    max_residues: int | None = None,
    limit: int | None = None,
    seed: int | None = None,
    client: Any = None,
    resume: str | os.PathLike[str] | None = None,
    progress: bool = True,
    max_skipped: float = 0.1,
    n_bootstrap: int = 200,
) -> HeadReport:
    """Measure what every head of a model attends to, over a data set.

    The measure is that of Vig et al. (ICLR 2021): of all links, the pairs of residues with an
    attention of at least `threshold`, the share that has a property; a property of one residue
    looks at the residue attended to. All features are counted in one pass.

    Parameters
    ----------
    data : path, list of paths, PDB id, Structure or Dataset
        What `protvis.datasets.open_dataset` opens: a folder of structures, a LMDB of ProVis or
        TAPE, ProteinNet text, FASTA, or several of them about the same proteins.
    model : str, path or ProteinModel
        As for `protvis.load_model`.
    features : str, Track, PairTrack, mapping, or iterable of these
        Names out of what the data set brings: ``contact``, ``binding_site``, ``modification``,
        ``secondary_structure``, ``amino_acid``, ``plddt``, …; the ending ``_shifted_by_one`` moves
        the labels of a yes-or-no feature by one residue, as in the published ProtXLNet figures. A
        track of your own counts under its name: handed in alone for a data set of one protein, or
        as a mapping of record ids to tracks.
    threshold : float, default 0.3
        A link has at least this weight.
    mode : {"paper", "eligible", "separation-matched"}
        What a head's links are compared with, see `Plan`: ``paper`` as
        published, ``eligible`` with links and background over the same pairs,
        ``separation-matched`` with pairs of the same protein and the same ``|i - j|``.
    min_links : int, default 100
        Heads with fewer links are marked as not scored, and no test is made of them.
    max_residues : int, optional
        Sequences are cut to so many residues; 510 in the mode ``paper`` unless told otherwise,
        else whole sequences are read, and those a model cannot read go to the ledger.
    limit : int, optional
        How many records to take: the first, or with `seed` a random draw.
    seed : int, optional
        Of that draw, and of the bootstrap.
    client : dask.distributed.Client or str, optional
        A cluster, or its scheduler's address; this process alone by default.
    resume : path, optional
        A folder for the journal. A run that finds its journal there goes on from it; with other
        arguments, another model or other data it is refused.
    progress : bool, default True
    max_skipped : float, default 0.1
        The share of records that may be skipped before the run fails, from 0 to 1.
    n_bootstrap : int, default 200
        Replicates of the protein-level bootstrap.

    Returns
    -------
    HeadReport
        Of what was counted until then, if the run was interrupted from the keyboard.

    Raises
    ------
    DatasetError
        If the data cannot be read, or too many records were skipped, or all.
    OptionError
        If a feature, mode or number is none there is.
    ModelError
        If the model cannot be used.
    ResumeError
        If the journal is another run's.
    """
    if mode not in MODES:
        raise OptionError(unknown_name("mode", mode, MODES))
    if isinstance(min_links, bool) or not isinstance(min_links, numbers.Integral) or min_links < 1:
        raise OptionError(f"min_links must be a whole number from 1, got {min_links!r}")
    dataset, names = _own_tracks(open_dataset(data), features)
    columns = columns_of(names, dataset.features())
    keys = draw(dataset.keys, limit, seed)
    if isinstance(model, str | os.PathLike):
        model = load_model(model)
    if mode == "paper" and max_residues is None:
        max_residues = PAPER_MAX_RESIDUES
    plan = Plan(
        columns=columns,
        n_layers=model.n_layers,
        n_heads=model.n_heads,
        threshold=threshold,
        mode=mode,
        max_residues=max_residues,
        n_bootstrap=n_bootstrap,
        seed=int(seed or 0),
    )
    counts = {
        "min_links": min_links,
        "max_residues": max_residues,
        "limit": limit,
        "seed": seed,
        "n_bootstrap": n_bootstrap,
    }
    result = count_dataset(
        dataset,
        keys,
        model,
        plan,
        client=client,
        resume=resume,
        max_skipped=max_skipped,
        progress=progress,
        arguments={
            "features": names,
            "threshold": float(threshold),
            "mode": mode,
            # NumPy's whole numbers are none in JSON.
            **{name: value if value is None else int(value) for name, value in counts.items()},
        },
    )
    return HeadReport(result, min_links=min_links, dataset=dataset, model=model)


def _own_tracks(dataset: Dataset, features: Any) -> tuple[Dataset, list[str]]:
    """Return the data set with tracks handed in as features, and the features' names."""
    if isinstance(features, str | Track | PairTrack | Mapping):
        features = [features]
    names: list[str] = []
    for feature in features:
        if isinstance(feature, str):
            names.append(feature)
            continue
        if isinstance(feature, Track | PairTrack):
            feature = {_only_record(dataset, feature): feature}
        if not isinstance(feature, Mapping) or not feature:
            raise OptionError(
                "a feature is a name, a Track, a PairTrack or a mapping of record ids to tracks, "
                f"got {feature!r}"
            )
        dataset = with_tracks(dataset, feature)
        names.append(next(iter(feature.values())).name.replace(" ", "_"))
    return dataset, names


def _only_record(dataset: Dataset, track: Track | PairTrack) -> str:
    records: Sequence[Any] = ()
    if len(dataset) == 1:
        records = dataset.read(dataset.keys[0]).records
    if len(records) != 1:
        raise OptionError(
            f"track {track.name!r} is of one protein, the data set has more: hand in a mapping of "
            "record ids to tracks"
        )
    return records[0].record_id
