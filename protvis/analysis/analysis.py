"""An analysis: which records of a data set, which model, and what is counted of them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from protvis.analysis.counting.features import columns_of
from protvis.analysis.counting.plan import PAPER_MAX_RESIDUES, Plan
from protvis.analysis.counting.result import Result
from protvis.analysis.options import AnalysisOptions
from protvis.analysis.runs.controls import run_controls
from protvis.analysis.runs.run import count_dataset
from protvis.analysis.splits.aligned_records import align_records
from protvis.analysis.splits.record_families import name_families
from protvis.analysis.statistics.result_tables import HeadTables
from protvis.annotations import PairTrack, Track
from protvis.datasets import Dataset, draw, open_dataset, with_tracks
from protvis.errors import OptionError
from protvis.keywords import check_keywords
from protvis.models import ProteinModel, as_model

__all__ = ["Analysis", "Feature", "analyze_heads"]

Feature = str | Track | PairTrack | Mapping[str, Track | PairTrack]


@dataclass(frozen=True, eq=False)
class Analysis:
    """Everything that is decided before counting begins.

    Attributes
    ----------
    dataset : Dataset
        Includes the tracks that were passed as features.
    keys : sequence of str
        The keys to read, in order.
    model : ProteinModel
    features : tuple of str
        Their names.
    options : AnalysisOptions
    """

    dataset: Dataset
    keys: Sequence[str]
    model: ProteinModel
    features: tuple[str, ...]
    options: AnalysisOptions

    @classmethod
    def open(
        cls,
        data: Any,
        model: str | os.PathLike[str] | ProteinModel,
        features: Feature | Iterable[Feature],
        options: AnalysisOptions,
    ) -> Analysis:
        """Open the data, load the model and check that the data have the features.

        Parameters
        ----------
        data, model, features
            As for `protvis.analyze`.
        options : AnalysisOptions

        Raises
        ------
        DatasetError
            If the data cannot be read.
        OptionError
            If a feature is not in the data.
        ModelError
            If the model cannot be used.
        """
        dataset, names = _with_own_tracks(open_dataset(data), features)
        columns_of(names, dataset.features())
        keys = draw(dataset.keys, options.limit, options.seed)
        if options.mode == "paper" and options.max_residues is None:
            options = replace(options, max_residues=PAPER_MAX_RESIDUES)
        return cls(dataset, keys, as_model(model), tuple(names), options)

    @property
    def plan(self) -> Plan:
        """What to count."""
        options = self.options
        return Plan(
            columns=columns_of(self.features, self.dataset.features()),
            n_layers=self.model.n_layers,
            n_heads=self.model.n_heads,
            threshold=options.threshold,
            mode=options.mode,
            max_residues=options.max_residues,
            n_bootstrap=options.n_bootstrap,
            seed=options.seed or 0,
        )

    def count(
        self,
        *,
        client: Any = None,
        resume: str | os.PathLike[str] | None = None,
        progress: bool = True,
    ) -> Result:
        """Count everything; the parameters and errors are those of `count_dataset`."""
        arguments = {"features": list(self.features), **asdict(self.options)}
        # It changes no number: a run may be resumed with another limit.
        max_skipped = arguments.pop("max_skipped")
        arguments["controls"] = list(self.options.controls)
        # What they say is in the hash of the families.
        clusters = arguments.pop("clusters")
        families, dataset = name_families(self.dataset, self.keys, clusters, hold=client is None)
        alignment = align_records(dataset, families, self.plan, self.options.position)
        aligned = None
        if alignment is not None:
            aligned, families = alignment
        result = count_dataset(
            dataset,
            self.keys,
            self.model,
            self.plan,
            families=families,
            aligned=aligned,
            client=client,
            resume=resume,
            max_skipped=max_skipped,
            progress=progress,
            arguments=arguments,
        )
        if not result.complete or not self.options.controls:
            return result
        controls, notes = run_controls(
            self.options.controls,
            self.dataset,
            self.keys,
            self.model,
            self.plan,
            families=families,
            aligned=aligned,
            min_links=self.options.min_links,
            progress=progress,
        )
        provenance = {**result.provenance, "controls": notes}
        return replace(result, controls=tuple(controls), provenance=provenance)


@check_keywords
def analyze_heads(
    data: Any,
    model: str | os.PathLike[str] | ProteinModel,
    *,
    features: Feature | Iterable[Feature],
    client: Any = None,
    resume: str | os.PathLike[str] | None = None,
    progress: bool = True,
    options: AnalysisOptions | None = None,
) -> HeadTables:
    """Measure what every head of a model attends to, without figures, pages or widgets.

    `protvis.analyze` does the same and returns a report.

    Parameters
    ----------
    data, model, features, client, resume, progress
        As for `protvis.analyze`.
    options : AnalysisOptions, optional

    Returns
    -------
    HeadTables

    Raises
    ------
    DatasetError, OptionError, ModelError, ResumeError
        As `protvis.analyze`.
    """
    analysis = Analysis.open(data, model, features, options or AnalysisOptions())
    result = analysis.count(client=client, resume=resume, progress=progress)
    return HeadTables(result, min_links=analysis.options.min_links)


def _with_own_tracks(
    dataset: Dataset, features: Feature | Iterable[Feature]
) -> tuple[Dataset, list[str]]:
    """Return the data set with the tracks passed as features, and the names of all features."""
    if isinstance(features, str | Track | PairTrack | Mapping):
        features = [features]
    names: list[str] = []
    if not isinstance(features, Iterable):
        raise OptionError(f"features must be names such as ['contact'], got {features!r:.80}")
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
        if names[-1] not in dataset.features():
            raise OptionError(
                f"track {names[-1]!r}: numbers cannot be counted, except for plddt; make a track "
                "of sites from them (values above a threshold)"
            )
    return dataset, names


def _only_record(dataset: Dataset, track: Track | PairTrack) -> str:
    records: Sequence[Any] = ()
    if len(dataset) == 1:
        records = dataset.read(dataset.keys[0]).records
    if len(records) != 1:
        raise OptionError(
            f"track {track.name!r} belongs to one protein, but the data set has several: pass a "
            "mapping of record ids to tracks"
        )
    return records[0].record_id
