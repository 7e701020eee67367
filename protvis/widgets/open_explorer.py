"""`explore`: from a structure and a model to the explorer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any

from protvis.keywords import check_keywords
from protvis.scene import DEFAULT_MODEL, open_scene
from protvis.widgets.explorer import AttentionExplorer
from protvis.widgets.opening_panel import opening_panel
from protvis.widgets.stage_host import STAGES, check_stage

if TYPE_CHECKING:
    from protvis.models import ProteinModel

__all__ = ["explore"]


@check_keywords
def explore(
    source: object,
    model: str | PathLike[str] | ProteinModel = DEFAULT_MODEL,
    *,
    chain: str | Sequence[str] | None = None,
    record: str | None = None,
    layer: int | None = None,
    head: int | str | None = None,
    top_k: int | None = None,
    threshold: float | None = None,
    min_separation: int | None = None,
    combine: str | None = None,
    color_by: str | None = None,
    map: str | None = None,
    selected_residues: Sequence[str] | None = None,
    selected_link: tuple[str, str] | None = None,
    selected_block: tuple[str, str, str, str] | None = None,
    partners: int | None = None,
    overlay_heads: Sequence[str | tuple[int, int | str]] | None = None,
    shown_tracks: Sequence[str] | None = None,
    cartoon_by: str | None = None,
    show_copies: bool | None = None,
    camera: Sequence[float] | None = None,
    maps: Mapping[str, Any] | None = None,
    tracks: Mapping[str, Any] | Iterable[Any] = (),
    atlas: Any = None,
    stage: str = STAGES[0],
) -> AttentionExplorer:
    """Show what a protein language model attends to within one chain, or along a sequence.

    A sequence has no 3D panel: its links are drawn as arcs over the residues, and whatever needs
    contacts is left out until `AttentionExplorer.add_structure` gives it a structure.

    Parameters
    ----------
    source : path, id, Structure, or sequence
        Anything `load_structure` reads, or a sequence: text in one-letter code, a FASTA file or a
        Biopython ``SeqRecord``.
    model : str, path or ProteinModel
        As for `load_model`. ``"mini"`` is bundled and needs no download, but knows only seven
        protein families.
    chain : str or sequence of str, optional
        The chain to show; the longest by default. The model reads several chains (``["A", "B"]`` or
        ``"A+B"``) as one, joined by a linker, and links between them are drawn, too.
    record : str, optional
        Which sequence of a FASTA file; required if it holds several.
    layer : int, optional
        Layer label, from 1.
    head : int or "mean", optional
        Head label, from 1, or the mean over the layer's heads. Without layer and head the explorer
        opens on the head, or layer mean, that agrees best with the contacts.
    top_k, threshold, min_separation, combine, color_by, map : optional
        Initial values of the traits of `AttentionExplorer`.
    selected_residues, selected_link, selected_block, partners : optional
        The same.
    overlay_heads : sequence of (int, int or "mean") or str, optional
        Up to two more heads, as ``(12, 4)`` or ``"12-4"``, drawn beside the chosen one, each in its
        own colour.
    shown_tracks, cartoon_by, show_copies : optional
        The same.
    camera : sequence of 16 float, optional
        Initial orientation of the structure, as NGL gives it (see `AttentionExplorer.view_state`).
    maps : mapping of str to array (n_residues, n_residues) or OwnMap, optional
        Maps of your own to show beside the model's; use an `OwnMap` for a difference, with gains
        and losses.
    tracks : mapping of str to values, or iterable of Track or PairTrack, optional
        Tracks of your own, in addition to those from the file and the structure; values as for
        `AttentionExplorer.add_track`.
    atlas : HeadReport or mapping of (layer, head) to list of str, optional
        What each head does, shown in the head grid: a report on the same model
        (`HeadReport.atlas`), or short labels of your own.
    stage : {"auto", "own"}
        What draws the 3D panel. With ``"auto"`` it is NGLview, whose commands
        `AttentionExplorer.view` takes. The explorer itself draws the panel with ``"own"``, and
        where the notebook lacks NGLview's browser part (Colab, VS Code, marimo).

    Returns
    -------
    AttentionExplorer

    Raises
    ------
    StructureError
        If the source cannot be read as protein chains.
    DatasetError
        If a FASTA file or its record cannot be read.
    OptionError
        If a FASTA file holds several sequences and `record` does not select one, or the stage is
        unknown.
    LabelError
        If a chain, layer, head or choice does not exist.
    SequenceError
        If the model cannot read the chain's sequence.
    ModelError
        If the model cannot be used; `ModelUnavailableError` if it cannot be found or downloaded.
    TypeError
        If a keyword is unknown.

    Examples
    --------
    >>> import protvis
    >>> from protvis.data import TRYPSIN
    >>> explorer = protvis.explore(TRYPSIN, model="mini-positions")
    >>> explorer.structure
    <Structure 1GBT: A (223)>
    >>> explorer.close()
    """
    check_stage(stage)
    with opening_panel():
        scene, view = open_scene(
            source,
            model,
            chain=chain,
            record=record,
            layer=layer,
            head=head,
            top_k=top_k,
            threshold=threshold,
            min_separation=min_separation,
            combine=combine,
            color_by=color_by,
            map=map,
            selected_residues=selected_residues,
            selected_link=selected_link,
            selected_block=selected_block,
            partners=partners,
            overlay_heads=overlay_heads,
            shown_tracks=shown_tracks,
            cartoon_by=cartoon_by,
            show_copies=show_copies,
            camera=camera,
            maps=maps,
            tracks=tracks,
            atlas=atlas,
        )
        return AttentionExplorer(scene, view, stage)
