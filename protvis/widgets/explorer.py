"""The explorer: attention arcs on the structure, head grid, heatmap and sequence, all linked."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import traitlets
from ipywidgets import Widget
from ipywidgets.widgets.trait_types import bytes_serialization

from protvis.annotations import Track, track
from protvis.annotations.mapping import MIN_IDENTITY
from protvis.errors import LabelError, OptionError, unknown_name
from protvis.export.chimerax import write_chimerax
from protvis.export.embed import embed_page
from protvis.export.link_tables import write_view_table
from protvis.export.page import write_page
from protvis.export.pymol import write_pymol
from protvis.export.snapshot import take_snapshot
from protvis.export.story import write_story
from protvis.keywords import check_keywords
from protvis.plot.view_figures import draw_view
from protvis.scene import Scene, ViewState, frames
from protvis.scene.bundle import bundle_file
from protvis.scene.sequence_source import with_structure
from protvis.scene.track_wire import as_tracks, marginal_tracks
from protvis.scene.view_checks import COLOR_BY
from protvis.scene.view_state import VIEW_FIELDS, first_tracks
from protvis.widgets.messages import answer_question
from protvis.widgets.saved_output import (
    SAVED_VIEW,
    SAVED_VIEWS,
    SavedOutput,
    display_with_picture,
    in_lab,
    renew_picture,
    saved_output,
    withdraw_picture,
)
from protvis.widgets.stage_host import FORCED, STAGES, StageHost, check_stage, nglview_panel
from protvis.widgets.view_method import view_method

if TYPE_CHECKING:
    import pandas as pd

    from protvis.annotations import TrackSet
    from protvis.models import ProteinModel
    from protvis.structure import Chain, Structure

__all__ = ["AttentionExplorer"]

_VIEW_TRAITS = tuple(name for name in VIEW_FIELDS if name != "camera")
"""The camera has another trait, or is NGLview's."""


class AttentionExplorer(StageHost):
    """Linked views of a model's attention within one protein chain.

    Made by `explore`. Shown by the last line of a cell, as often as wanted; all views of one
    explorer and its traits follow each other. Layers and heads count from 1.

    Parameters
    ----------
    scene : Scene
        What there is to look at.
    view : ViewState
        What to look at first.
    stage : {"auto", "own"}
        As for `explore`.

    Examples
    --------
    >>> import protvis
    >>> from protvis.data import TRYPSIN
    >>> explorer = protvis.explore(TRYPSIN, model="mini-positions", top_k=50)
    >>> explorer.layer, explorer.head = 2, 5
    >>> len(explorer.links())
    50
    >>> explorer.close()
    """

    layer = traitlets.Int(1).tag(sync=True)
    """Layer label, from 1."""

    head = traitlets.Union([traitlets.Int(), traitlets.Unicode()], default_value=1).tag(sync=True)
    """Head label, from 1, or ``"mean"`` for the mean over the layer's heads."""

    top_k = traitlets.Int(100).tag(sync=True)
    """At most so many links are drawn."""

    threshold = traitlets.Float(0.0).tag(sync=True)
    """Only links of at least this attention weight (0 to 1) are drawn."""

    min_separation = traitlets.Int(6).tag(sync=True)
    """Only links between residues at least so far apart in the sequence are drawn."""

    combine = traitlets.Unicode("max").tag(sync=True)
    """How a pair's two directions become links: ``max``, ``mean`` or ``directed``."""

    color_by = traitlets.Unicode(COLOR_BY[0]).tag(sync=True)
    """What an arc's colour means: ``contact``, ``weight``, ``separation`` or ``sign``.

    The last is gain or loss, of differences.
    """

    map = traitlets.Unicode("attention").tag(sync=True)
    """Which kind of map is shown: ``attention`` or another of `maps()`."""

    selected_residues = traitlets.List(traitlets.Unicode())
    """Labels of the selected residues (``["A:GLU270"]``), in the order of the sequence.

    The links are then the strongest that touch any of them. Setting others than the two of
    `selected_link` unselects it.
    """

    selected_block = traitlets.Tuple(
        *[traitlets.Unicode()] * 4, allow_none=True, default_value=None
    )
    """Labels of the first and last query and the first and last key of a block, or None.

    Setting a block selects its residues; the links are then those within it.
    """

    partners = traitlets.Int(12).tag(sync=True)
    """At most so many links of a selection are drawn, instead of `top_k`."""

    overlay_heads = traitlets.List().tag(sync=True)
    """Labels (layer, head) of up to two more heads, drawn beside the chosen one.

    Each head then has its own colour in 3D and on the map.
    """

    selected_link = traitlets.Tuple(
        traitlets.Unicode(), traitlets.Unicode(), allow_none=True, default_value=None
    )
    """Labels (query, key) of the selected link, or None.

    A link that does not touch the selected residues selects its own two.
    """

    hovered_residue = traitlets.Unicode(allow_none=True, default_value=None)
    """Label of the residue under the pointer, or None. Setting it lights the residue up."""

    shown_tracks = traitlets.List(traitlets.Unicode()).tag(sync=True)
    """Names of the tracks shown under the sequence."""

    cartoon_by = traitlets.Unicode("").tag(sync=True)
    """Name of the track that colours the cartoon; empty for plain."""

    show_copies = traitlets.Bool(False).tag(sync=True)
    """Whether the arcs are drawn on the other chains of the same sequence, too."""

    saved_view = traitlets.Unicode()
    """What a saved notebook shows of the explorer where it cannot run.

    ``"picture"`` (the default, some 120 kB): the structure, the links on the contact map and along
    the sequence, and the scores of all heads. In JupyterLab it follows what you do and holds the
    structure as your browser drew it; elsewhere it shows the explorer as it opened, without the
    structure. ``"page"``: the explorer itself, to click and turn, as large as what `to_html`
    writes. ``"nothing"``: a line of text. The environment variable PROTVIS_SAVED_VIEW sets it for
    all explorers of a process.
    """

    # Given at construction and not as defaults, which exporters of widget state leave out.
    _esm = traitlets.Unicode().tag(sync=True)
    _css = traitlets.Unicode().tag(sync=True)

    # The browser's half: residues cross as indices with their chain, never as labels.
    _scene = traitlets.Dict().tag(sync=True)
    _tracks = traitlets.List().tag(sync=True)
    _selection = traitlets.Dict().tag(sync=True)
    _selected_link = traitlets.List(allow_none=True, default_value=None).tag(sync=True)
    _selected_block = traitlets.List(allow_none=True, default_value=None).tag(sync=True)
    _hovered = traitlets.Int(allow_none=True, default_value=None).tag(sync=True)

    _picture = traitlets.Bytes(allow_none=True, default_value=None).tag(
        sync=True, echo_update=False, **bytes_serialization
    )
    """The 3D panel as a browser last drew it; None where no saved picture can take it."""

    def __init__(self, scene: Scene, view: ViewState, stage: str = STAGES[0]) -> None:
        check_stage(stage)
        self._scene_data = scene
        traits = {
            "_esm": bundle_file("widget.js").read_text("utf-8"),
            "_css": bundle_file("explorer.css").read_text("utf-8"),
            "_scene": scene.wire(),
            "_tracks": scene.wire_tracks(),
            "_own_stage": FORCED if stage == "own" else "",
            **_trait_values(view),
        }
        panel = nglview_panel() if scene.has_structure and stage != "own" else None
        try:
            # Checked as what a user sets; a widget that was never made could not be closed.
            super().__init__(_view=panel, **traits)
            self._camera = view.checked(scene).camera
        except BaseException:
            if panel is not None:
                panel.close()
            raise
        self.on_msg(self._answer)

    def __setattr__(self, name: str, value: Any) -> None:
        if not name.startswith("_") and not hasattr(type(self), name):
            known = [own for own in self.trait_names() if not own.startswith("_")]
            raise AttributeError(unknown_name("attribute of an explorer", name, known))
        if name in ("selected_residues", "selected_link", "selected_block"):
            # What each does to the others depends on what was selected before.
            self._set_view(self._trait_view().changed(self.scene, **{name: value}))
            return
        if name in _VIEW_TRAITS:
            value = self._checked(name, value)
        try:
            super().__setattr__(name, value)
        except traitlets.TraitError as error:
            if name != "hovered_residue":
                raise
            expected = "a residue label such as 'A:HIS57', or None"
            raise OptionError(f"{name} must be {expected}, got {value!r}") from error

    def __repr__(self) -> str:
        return f"AttentionExplorer({self.scene.title}, layer={self.layer}, head={self.head!r})"

    # -- what is shown -----------------------------------------------------------------------------

    @property
    def scene(self) -> Scene:
        """Everything this explorer shows, as plain data."""
        return self._scene_data

    @property
    def structure(self) -> Structure:
        """The structure."""
        return self.scene.structure

    @property
    def chain(self) -> Chain:
        """The chain whose attention is shown."""
        return self.scene.chain

    @property
    def model(self) -> ProteinModel:
        """The model whose attention is shown."""
        return self.scene.model

    @property
    def view_state(self) -> ViewState:
        """All that is looked at, as one value: keep it, compare it, set it again.

        Setting a view without a camera leaves the structure as it is turned.
        """
        return self._trait_view().changed(self.scene, camera=self._camera)

    @view_state.setter
    def view_state(self, view: ViewState) -> None:
        view = view.checked(self.scene)
        with self.hold_sync():
            self._set_view(view)
            self._camera = view.camera

    @check_keywords
    def add_structure(
        self, source: object, chain: str | None = None, *, min_identity: float = MIN_IDENTITY
    ) -> None:
        """Show a sequence on a structure, which is laid on it by alignment.

        The model runs again, to score its heads against the contacts. Residues take their names
        and numbers from the structure; what is selected stays, and so do tracks and maps of your
        own.

        Parameters
        ----------
        source : path, Structure, or id
            Whatever `protvis.load_structure` reads.
        chain : str, optional
            Which chain it is; by default the one that fits best.
        min_identity : float, fraction
            Refuse a chain with a smaller share of identical residues among those aligned.

        Raises
        ------
        OptionError
            If the explorer has a structure already, or no chain fits the sequence.
        LabelError
            If there is no such chain.
        StructureError
            If the source cannot be read as protein chains.
        """
        scene = with_structure(self.scene, source, chain, min_identity=min_identity)
        _ = scene.attention
        shown = first_tracks(scene)
        found = self._selection["residues"], self._selected_link, self._selected_block
        with self.hold_sync(), self.hold_trait_notifications():
            # The structure has other labels.
            self._select([], None, None, "selected_residues")
            self.hovered_residue, self._scene_data = None, scene
            self._scene, self._tracks = scene.wire(), scene.wire_tracks()
            if self._own_stage != FORCED:
                self._view = nglview_panel()
            self.shown_tracks = list(dict.fromkeys([*shown, *self.shown_tracks]))
            if self.color_by == "weight":
                self.color_by = "contact"
            self._select(*found, "selected_residues")

    links = view_method("links", frames.links)
    head_scores = view_method("head_scores", frames.head_scores)
    find_heads = view_method("find_heads", frames.find_heads)

    def maps(self) -> pd.DataFrame:
        """Return the kinds of map there are: columns ``name, title, formula, source``."""
        return frames.kind_frame(self.scene)

    @property
    def tracks(self) -> TrackSet:
        """What is known about each residue."""
        return self.scene.tracks

    @check_keywords
    def add_track(self, values: Any, name: str = "own values", *, index: bool = False) -> None:
        """Add a track, or replace the one of that name, and show it under the sequence.

        Parameters
        ----------
        values : Track, PairTrack, or what `protvis.annotations.track` takes
            A dict or Series by residue label (``"A:HIS57"``) or author number (57), a sequence with
            one value per residue, a CSV file, or a boolean (n_residues, n_residues) matrix for a
            property of pairs.
        name : str
            Not used for a Track or PairTrack, which has its own.
        index : bool
            The numbers are indices from 0, not author numbers.

        Raises
        ------
        AnnotationError
            If the values do not fit the chain.
        """
        made = (
            track(self.chain, values, name=name, index=True)
            if index
            else as_tracks(self.chain, {name: values})[0]
        )
        self._scene_data = replace(self.scene, tracks=self.tracks.with_track(made))
        self._tracks = self.scene.wire_tracks()
        if made.name not in self.shown_tracks and isinstance(made, Track):
            self.shown_tracks = [*self.shown_tracks, made.name]

    def add_marginals(self) -> None:
        """Add what the model expects at each residue when it is hidden, as two tracks.

        One forward pass per residue (`protvis.masked_marginals`). The tracks are the log
        probability of the residue that is there (natural logarithm) and the entropy of the
        prediction (bits).

        Raises
        ------
        ModelError
            If the model predicts no hidden residues.
        """
        for marginals in marginal_tracks(self.model, self.chain):
            self.add_track(marginals)

    # -- what leaves the screen --------------------------------------------------------------------

    figure = view_method("figure", draw_view)
    snapshot = view_method("snapshot", take_snapshot)
    save_table = view_method("save_table", write_view_table)
    to_chimerax = view_method("to_chimerax", write_chimerax)
    to_pymol = view_method("to_pymol", write_pymol)
    to_html = view_method("to_html", write_page)
    story = view_method("story", write_story)
    embed = view_method("embed", embed_page)

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """Return how to show the explorer: hosts with widgets take the widget, others the rest."""
        shown = super()._repr_mimebundle_(**kwargs)
        if shown is None:
            return None
        data, metadata = shown if isinstance(shown, tuple) else (shown, {})
        beside, words = self._saved_output()
        return {**data, **beside}, {**metadata, **words}

    def _ipython_display_(self) -> None:
        """Show the explorer in JupyterLab, and beside it a picture that can be renewed."""
        if self.saved_view != "picture" or not in_lab():
            raise NotImplementedError  # IPython then asks for the MIME bundle.
        self._picture = self._picture or b""
        display_with_picture(self.model_id, self._saved_output())

    def _saved_output(self) -> SavedOutput:
        return saved_output(self.scene, self.view_state, self.saved_view, self._picture)

    @traitlets.observe("_picture")
    def _renew_picture(self, change: dict[str, Any]) -> None:
        if change["new"]:
            renew_picture(self.model_id, self._saved_output())
        elif change["new"] is None:
            withdraw_picture(self.model_id)

    # -- traits ------------------------------------------------------------------------------------

    @traitlets.default("saved_view")
    def _first_saved_view(self) -> str:
        return os.environ.get(SAVED_VIEW) or SAVED_VIEWS[0]

    @traitlets.validate("saved_view")
    def _check_saved_view(self, proposal: dict[str, Any]) -> str:
        if proposal["value"] not in SAVED_VIEWS:
            raise OptionError(unknown_name("saved_view", proposal["value"], SAVED_VIEWS))
        return str(proposal["value"])

    @traitlets.validate(*_VIEW_TRAITS)
    def _check_view(self, proposal: dict[str, Any]) -> Any:
        return self._checked(proposal["trait"].name, proposal["value"])

    def _checked(self, name: str, value: Any) -> Any:
        """Return the value of a trait of the view in its canonical form, or say what is wrong."""
        return _trait_values(self._trait_view().changed(self.scene, **{name: value}))[name]

    def _trait_view(self) -> ViewState:
        return ViewState(**{name: getattr(self, name) for name in _VIEW_TRAITS})

    @traitlets.observe("map")
    def _fit_threshold(self, _: dict[str, Any]) -> None:
        self.threshold = self.view_state.changed(self.scene, map=self.map).threshold

    def _set_view(self, view: ViewState) -> None:
        with self.hold_sync(), self.hold_trait_notifications():
            for name, value in _trait_values(view).items():
                self.set_trait(name, value)

    def _index(self, label: str) -> int:
        return int(self.chain.find(label))

    def _label(self, index: int) -> str:
        return self.chain.residue_labels[index]

    @traitlets.validate("hovered_residue")
    def _check_hovered(self, proposal: dict[str, Any]) -> str | None:
        value = proposal["value"]
        return None if value is None else self._label(self._index(value))

    @traitlets.validate("_selection")
    def _check_selection(self, proposal: dict[str, Any]) -> dict[str, Any]:
        selection = proposal["value"]
        if selection.get("chain") != self.chain.chain_id:
            raise LabelError(
                f"the selection is of chain {selection.get('chain')!r}, not shown here"
            )
        self._check_index(*selection["residues"])
        return selection

    @traitlets.validate("_selected_link", "_selected_block")
    def _check_indices(self, proposal: dict[str, Any]) -> list[int] | None:
        if proposal["value"] is not None:
            self._check_index(*proposal["value"])
        return proposal["value"]

    def _check_index(self, *indices: int) -> None:
        n = self.chain.n_residues
        for index in indices:
            if not 0 <= index < n:
                raise LabelError(f"residue index {index} is not in 0 to {n - 1}")

    @traitlets.observe("selected_residues", "selected_link", "selected_block")
    def _send_selection(self, change: dict[str, Any]) -> None:
        view, scene = self._trait_view(), self.scene
        self._select(view.selection(scene), view.link(scene), view.block(scene), change["name"])

    @traitlets.observe("_selection", "_selected_link", "_selected_block")
    def _receive_selection(self, change: dict[str, Any]) -> None:
        found = self._selection["residues"], self._selected_link, self._selected_block
        self._select(*found, change["name"].removeprefix("_"))

    def _select(
        self,
        residues: list[int],
        link: Sequence[int] | None,
        block: Sequence[int] | None,
        by: str,
    ) -> None:
        """Set what is selected, here and in the browser, by the rule of ``js/src/model/state.ts``.

        A selected link touches the selection, and a selected block is all of it.
        """
        if block is not None:
            own = sorted({*range(block[0], block[1] + 1), *range(block[2], block[3] + 1)})
            if own != list(residues):
                residues, block = (own, block) if by == "selected_block" else (residues, None)
        if link is not None and not set(link) & set(residues):
            residues, link = (
                (sorted(set(link)), link) if by == "selected_link" else (residues, None)
            )
            block = None
        # Held, since what follows from the half of a change would be another selection.
        with self.hold_sync(), self.hold_trait_notifications():
            self._selection = {"chain": self.chain.chain_id, "residues": residues}
            self._selected_link = None if link is None else list(link)
            self._selected_block = None if block is None else list(block)
            self.set_trait("selected_residues", [self._label(index) for index in residues])
            for name, ends in (("selected_link", link), ("selected_block", block)):
                labels = None if ends is None else tuple(self._label(index) for index in ends)
                self.set_trait(name, labels)

    @traitlets.observe("hovered_residue")
    def _send_hovered(self, change: dict[str, Any]) -> None:
        self._hovered = None if change["new"] is None else self._index(change["new"])

    @traitlets.observe("_hovered")
    def _receive_hovered(self, change: dict[str, Any]) -> None:
        self.hovered_residue = None if change["new"] is None else self._label(change["new"])

    def _answer(self, _: Widget, content: Any, buffers: list[Any]) -> None:
        answer = answer_question(self.scene, content)
        if answer is not None:
            self.send(*answer)


def _trait_values(view: ViewState) -> dict[str, Any]:
    """Return a view as the traits hold it: lists of names are lists."""
    values = {name: getattr(view, name) for name in _VIEW_TRAITS}
    lists = ("selected_residues", "shown_tracks", "overlay_heads")
    return {name: list(value) if name in lists else value for name, value in values.items()}
