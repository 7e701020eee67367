"""`analyze`: from a data set and a model to a report on every head."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from protvis.analysis.analysis import Analysis, Feature
from protvis.analysis.options import AnalysisOptions
from protvis.keywords import check_keywords
from protvis.reports.head_report import HeadReport

if TYPE_CHECKING:
    from protvis.models import ProteinModel

__all__ = ["analyze"]


@check_keywords
def analyze(
    data: Any,
    model: str | os.PathLike[str] | ProteinModel,
    *,
    features: Feature | Iterable[Feature],
    threshold: float = AnalysisOptions.threshold,
    mode: str = AnalysisOptions.mode,
    min_links: int = AnalysisOptions.min_links,
    max_residues: int | None = None,
    limit: int | None = None,
    seed: int | None = None,
    client: Any = None,
    resume: str | os.PathLike[str] | None = None,
    progress: bool = True,
    max_skipped: float = AnalysisOptions.max_skipped,
    n_bootstrap: int = AnalysisOptions.n_bootstrap,
    clusters: Any = None,
    controls: Sequence[str] = AnalysisOptions.controls,
    position: str | None = None,
) -> HeadReport:
    """Measure what every head of a model attends to, over a data set.

    The measure is that of Vig et al. (ICLR 2021). Links are pairs of residues with an attention of
    at least `threshold`; a head is measured by the share of its links that have a property, for
    properties of residues at the residue attended to. One pass counts all features.

    Parameters
    ----------
    data : path, list of paths, PDB id, Structure or Dataset
        Anything `protvis.datasets.open_dataset` opens: a folder of structures, an LMDB from ProVis
        or TAPE, ProteinNet text, FASTA, or several of these about the same proteins.
    model : str, path or ProteinModel
        As for `protvis.load_model`.
    features : str, Track, PairTrack, mapping, or iterable of these
        Features of the data set: ``contact``, ``binding_site``, ``modification``,
        ``secondary_structure``, ``amino_acid``, ``plddt``, …; the ending ``_shifted_by_one`` moves
        the labels of a yes-or-no feature by one residue, as in the published ProtXLNet figures. A
        track of your own is counted under its name: pass it alone for a data set of one protein,
        else as a mapping of record ids to tracks.
    threshold : float, default 0.3
        The smallest weight of a link.
    mode : {"separation-matched", "eligible", "paper"}
        What a head's links are compared with: in ``separation-matched`` with pairs of the same
        protein and the same ``|i - j|``, in ``eligible`` with all pairs of the same protein that
        could have the property; in both, properties of residues are compared with residues of the
        same protein. ``paper`` is as published: one base rate for all proteins, which makes random
        heads look enriched when proteins differ in length.
    min_links : int, default 100
        Heads with fewer links are marked as not scored and are not tested.
    max_residues : int, optional
        Cut sequences to this many residues. By default 510 in the mode ``paper``; otherwise whole
        sequences are read, and those the model cannot read go to the ledger.
    limit : int, optional
        How many records to read: the first ones, or a random draw if `seed` is given.
    seed : int, optional
        Seed of that draw, of the bootstrap and of the controls.
    client : dask.distributed.Client or str, optional
        A cluster, or its scheduler's address; this process alone by default.
    resume : path, optional
        A folder for the journal. A run continues from the journal it finds there, which must have
        the same arguments, model and data.
    progress : bool, default True
        Whether to show a progress bar.
    max_skipped : float, default 0.1
        The share of records that may be skipped before the run fails, from 0 to 1.
    n_bootstrap : int, default 200
        Number of bootstrap replicates over families, in `HeadReport.tests`.
    clusters : mapping, Series or path, optional
        The family of each record: record ids to names, or a file with two columns (representative
        and member, separated by a tab) as MMseqs2 writes it. By default families are computed from
        the sequences, at 30 % identity over 80 % of the shorter chain. Intervals and tests treat
        families as the independent units.
    controls : sequence of {"shuffled", "untrained"}
        Negative controls, both by default, none with ``()``: the model on shuffled sequences, and a
        network of the same architecture with random weights. They run on 24 records, drawn from
        different families, in this process; `HeadReport.controls` says how many heads they call.
    position : str, optional
        If most records belong to one family, its members are aligned for the null ``aligned``: by
        sequence alignment, or by this track of the data set, which gives corresponding residues the
        same number in all members (``"imgt"`` for antibodies). Intervals and tests then treat
        members as the independent units.

    Returns
    -------
    HeadReport
        If the run is interrupted from the keyboard, it covers what was counted until then.

    Raises
    ------
    DatasetError
        If the data cannot be read, or too many or all records were skipped.
    OptionError
        If an option has an invalid value.
    ModelError
        If the model cannot be used.
    ResumeError
        If the journal belongs to another run.

    Examples
    --------
    >>> import protvis
    >>> from protvis.data import TRYPSIN
    >>> report = protvis.analyze(TRYPSIN, "mini", features="contact", progress=False)
    >>> report
    <HeadReport of mini on 1gbt.cif.gz: 1 protein..., contact>
    """
    options = AnalysisOptions(
        threshold=threshold,
        mode=mode,
        min_links=min_links,
        max_residues=max_residues,
        limit=limit,
        seed=seed,
        n_bootstrap=n_bootstrap,
        max_skipped=max_skipped,
        clusters=clusters,
        controls=tuple(controls),
        position=position,
    )
    analysis = Analysis.open(data, model, features, options)
    result = analysis.count(client=client, resume=resume, progress=progress)
    return HeadReport(
        result, min_links=options.min_links, dataset=analysis.dataset, model=analysis.model
    )
