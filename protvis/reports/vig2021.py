"""The analysis of Vig et al. (ICLR 2021), run again: on its data sets, beside its numbers.

The paper's data are those of TAPE (ProteinNet, secondary structure) and of ProVis (binding sites,
modifications), in the folder that ProVis calls ``data``; it drew 5,000 proteins of each training
split. Which ones depended on the state of torch's generator after the model had been made, so the
draw here is another one of the same size.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from protvis.analysis.counting.features import SHIFTED
from protvis.analysis.counting.plan import PAPER_MAX_RESIDUES
from protvis.checks import check_whole_number
from protvis.errors import DatasetError, ModelUnavailableError, OptionError
from protvis.input_file import user_path
from protvis.models.model_argument import as_model
from protvis.models.registry import find_checkpoint
from protvis.reports.vig2021_published import MODELS, Published, published

if TYPE_CHECKING:
    import pandas as pd

    from protvis.models import ProteinModel
    from protvis.reports.head_report import HeadReport

__all__ = [
    "N_PROTEINS",
    "PROBES",
    "SEED",
    "SOURCES",
    "TAPE_FOLDERS",
    "Reproduction",
    "Source",
    "find_tape",
    "reproduce",
    "stands_for",
]

N_PROTEINS = 5_000
SEED = 123
MIN_PROBED = 5

PROBES = (
    ("secondary_structure", "embeddings"),
    ("binding_site", "embeddings"),
    ("contact", "embeddings"),
    ("contact", "attention"),
)
"""The paper's probing classifiers: of which feature, from what."""

NO_PROBES = (
    "Probing classifiers by layer: not asked for. --probes N fits them on N proteins of each data "
    "set, which run through the model once more for each property; fitting takes seconds to "
    "minutes a layer."
)
NO_ARCS = "Attention on 3D structures: protvis explore shows it."

TAPE_FOLDERS = ("tape", "bert-base", "models/tape", "models/bert-base")
"""Where TAPE's weights are looked for in the folder of data."""


@dataclass(frozen=True)
class Source:
    """A data set of the paper.

    Attributes
    ----------
    name : str
    features : tuple of str
        What the paper measures on it.
    folder, stem : str
        Where it lies in ProVis' folder of data: ``folder/stem_train.lmdb``.
    origin : str
        Who publishes it.
    """

    name: str
    features: tuple[str, ...]
    folder: str
    stem: str
    origin: str

    def find(self, data: Path) -> tuple[Path, str] | None:
        """Return the training split, else the validation split, and which it is."""
        for split in ("train", "valid"):
            name = f"{self.stem}_{split}.lmdb"
            for path in (data / self.folder / name, data / name):
                if (path / "data.mdb").is_file() or path.is_file():
                    return path, split
        return None


SOURCES = (
    Source("proteinnet", ("contact", "amino_acid"), "proteinnet", "proteinnet", "TAPE"),
    Source("binding_sites", ("binding_site",), "binding_sites", "binding_site", "ProVis"),
    Source(
        "protein_modifications",
        ("modification",),
        "protein_modifications",
        "protein_modification",
        "ProVis",
    ),
    Source(
        "secondary_structure",
        ("secondary_structure",),
        "secondary_structure",
        "secondary_structure",
        "TAPE",
    ),
)


@dataclass(frozen=True, eq=False)
class Reproduction:
    """The paper's numbers beside ours.

    Attributes
    ----------
    published : Published
    comparison : DataFrame
        See `protvis.reports.vig2021_comparison.compare_published`.
    reports : mapping of str to HeadReport
        By the name of the source.
    missing : mapping of str to str
        By the name of the source: features, a colon, and what would be needed.
    notes : tuple of str
        How this run is not the paper's.
    complete : bool
        False if it was interrupted; the comparison is then empty.
    not_compared : tuple of str
        The figures of the paper that this leaves out.
    """

    published: Published
    comparison: pd.DataFrame
    reports: Mapping[str, HeadReport]
    missing: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    complete: bool = True
    not_compared: tuple[str, ...] = ()


def stands_for(model: str | os.PathLike[str], as_: str | None = None) -> str:
    """Return which model of the paper a model is compared with.

    Parameters
    ----------
    model : str or path
    as_ : str, optional
        One of `MODELS`; needed unless `model` is one of them, or its hub id.

    Raises
    ------
    OptionError
        If it stands for none.
    """
    name = str(model)
    if as_ is None:
        checkpoint = find_checkpoint(name)
        aliases = checkpoint.aliases if checkpoint else ()
        as_ = next((key for key in MODELS if key == name or key in aliases), None)
        if as_ is None:
            raise OptionError(
                f"{name!r} is not a model of the paper; say which one it is to be compared with: "
                f"--as {', '.join(MODELS)}"
            )
    return published(as_).key


def find_tape(data: Path) -> Path:
    """Return the folder of TAPE's weights within the folder of data.

    Raises
    ------
    ModelUnavailableError
        If it is at none of `TAPE_FOLDERS`.
    """
    for name in TAPE_FOLDERS:
        if (data / name / "config.json").is_file():
            return data / name
    raise ModelUnavailableError(
        "TAPE's weights are not on the hub, and there is no folder of them (config.json and "
        f"pytorch_model.bin, as tape-proteins downloads its bert-base) at {data}/"
        f"{{{','.join(TAPE_FOLDERS)}}}; put it there, or name it: --model FOLDER --as tape"
    )


def reproduce(
    data: str | os.PathLike[str],
    model: str | os.PathLike[str] | ProteinModel,
    *,
    as_: str | None = None,
    limit: int | None = N_PROTEINS,
    seed: int | None = SEED,
    client: Any = None,
    resume: str | os.PathLike[str] | None = None,
    progress: bool = True,
    max_skipped: float = 0.1,
    probes: int | None = None,
) -> Reproduction:
    """Run the paper's analysis as it was published, on the data sets that are there.

    Parameters
    ----------
    data : path
        The folder of data of ProVis; see `SOURCES` for the names within. Missing data sets are
        left out and listed. If only the validation split is there, it is used.
    model : str, path or ProteinModel
        ``tape`` is looked for in the folder of data, see `find_tape`.
    as_ : str, optional
        Which model of the paper it is compared with; see `stands_for`.
    limit : int or None, default 5,000
        Proteins of each data set; None takes all.
    seed : int or None, default 123
        Seed of the draw.
    client
        As for `protvis.analyze`.
    resume : path, optional
        A folder for the journals, one named after each data set.
    progress, max_skipped
        As for `protvis.analyze`.
    probes : int, optional
        Fit the paper's probing classifiers (`PROBES`), too, on so many proteins of each data set:
        three fifths are fitted on, and one fifth is scored, as in the paper the one that the fit
        was chosen on; the last is left out. At least 5. They are not in the journal.

    Returns
    -------
    Reproduction

    Raises
    ------
    DatasetError
        If none of the data sets is there, or one cannot be read.
    OptionError
        If the model stands for none of the paper's, or `probes` is not a whole number from 5.
    ModelError
        If the model cannot be loaded, or is ``tape`` and not there.
    """
    from protvis.reports.analyze_dataset import analyze
    from protvis.reports.vig2021_comparison import compare_published

    if probes is not None:
        probes = check_whole_number("probes", probes, MIN_PROBED)
    name = model if isinstance(model, str | os.PathLike) else model.name
    reference = published(stands_for(name, as_))
    folder = user_path(data)
    if model == "tape" and not Path(model).is_dir():
        model = find_tape(folder)
    found = {source: source.find(folder) for source in SOURCES}
    missing = {
        source.name: f"{', '.join(source.features)}: needs {source.origin}'s "
        f"{source.folder}/{source.stem}_train.lmdb, which is not in {data}"
        for source, where in found.items()
        if where is None
    }
    if len(missing) == len(SOURCES):
        raise DatasetError(f"{folder} has no data of the paper. {'; '.join(missing.values())}")
    model = as_model(model)
    reports: dict[str, HeadReport] = {}
    for source, where in found.items():
        if where is None:
            continue
        reports[source.name] = report = analyze(
            where[0],
            model,
            features=_features(source, reference),
            mode="paper",
            limit=limit,
            seed=seed,
            client=client,
            resume=None if resume is None else Path(resume) / source.name,
            progress=progress,
            max_skipped=max_skipped,
            controls=(),
        )
        if not report.result.complete:
            break
    complete = all(report.result.complete for report in reports.values())
    fitted: dict[tuple[str, str], pd.DataFrame | str] = {}
    if probes is not None and complete:
        fitted = _probe(found, model, probes, seed, progress=progress)
    return Reproduction(
        reference,
        compare_published(reports if complete else {}, reference, missing, fitted),
        reports,
        missing,
        tuple(_notes(reference, model, found, reports)),
        complete,
        (NO_ARCS,) if probes is not None else (NO_PROBES, NO_ARCS),
    )


def _probe(
    found: Mapping[Source, tuple[Path, str] | None],
    model: ProteinModel,
    n_proteins: int,
    seed: int | None,
    *,
    progress: bool,
) -> dict[tuple[str, str], pd.DataFrame | str]:
    """Return the paper's probes by feature and source, or why one could not be fitted."""
    from protvis.analysis.probes.probe_layers import probe

    fitted: dict[tuple[str, str], pd.DataFrame | str] = {}
    fifth = n_proteins // 5
    for feature, looked_at in PROBES:
        where = next(place for source, place in found.items() if feature in source.features)
        if where is None:
            continue
        try:
            fitted[feature, looked_at] = probe(
                where[0],
                model,
                feature,
                source=looked_at,
                form="paper",
                n_train=n_proteins - 2 * fifth,
                n_valid=fifth,
                n_test=fifth,
                seed=seed or 0,
                max_residues=PAPER_MAX_RESIDUES,
                progress=progress,
            )
        except DatasetError as error:
            fitted[feature, looked_at] = str(error)
    return fitted


def _features(source: Source, reference: Published) -> list[str]:
    features = list(source.features)
    if reference.key == "protxlnet":
        features += [f + SHIFTED for f in features if f in ("binding_site", "modification")]
    return features


def _notes(
    reference: Published,
    model: ProteinModel,
    found: Mapping[Source, tuple[Path, str] | None],
    reports: Mapping[str, HeadReport],
) -> list[str]:
    notes = []
    shape, paper = (model.n_layers, model.n_heads), (reference.n_layers, reference.n_heads)
    if shape != paper:
        notes.append(
            f"This model has {shape[0]} × {shape[1]} heads, {reference.name} {paper[0]} × "
            f"{paper[1]}: it is a different model, so the differences say nothing about the paper."
        )
    for source, where in found.items():
        if where is None or source.name not in reports:
            continue
        result = reports[source.name].result
        if where[1] != "train":
            notes.append(
                f"{source.name}: counted on the validation split; the paper's training split is "
                "not in the folder."
            )
        if result.n_records != N_PROTEINS:
            notes.append(
                f"{source.name}: {result.n_records:,} proteins; the paper has {N_PROTEINS:,}."
            )
    notes.append(
        "Proteins: the paper's 5,000 cannot be drawn again, as the draw depended on random numbers "
        "used to build the model; this is another sample. The paper's backgrounds cover "
        "whole training splits, ours the proteins counted."
    )
    return notes
