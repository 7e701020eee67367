"""The explorer: attention arcs on the structure, head grid, heatmap and sequence, all linked."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import traitlets
from ipywidgets import Widget
from ipywidgets.widgets.trait_types import bytes_serialization

from protvis.annotations import Track, track
from protvis.annotations.mapping import MIN_IDENTITY
from protvis.errors import OptionError, unknown_name
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
from protvis.scene.view_state import first_tracks
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
from protvis.widgets.stage_host import FORCED, STAGES, check_stage, nglview_panel
from protvis.widgets.view_method import view_method
from protvis.widgets.view_traits import ViewTraits, trait_values

if TYPE_CHECKING:
    import pandas as pd

    from protvis.annotations import TrackSet
    from protvis.models import ProteinModel
    from protvis.structure import Structure

__all__ = ["AttentionExplorer"]


class AttentionExplorer(ViewTraits):
    """Linked views of a model's attention within one protein chain.

    Created by `explore`. Put it on the last line of a cell to show it, as often as you like; all
    views and traits of one explorer stay in sync. Layers and heads count from 1.

    Parameters
    ----------
    scene : Scene
        The data to show.
    view : ViewState
        The initial view.
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

    saved_view = traitlets.Unicode()
    """What a saved notebook shows of the explorer where it cannot run.

    ``"picture"`` (the default, some 120 kB): the structure, the links on the contact map and along
    the sequence, and the scores of all heads. In JupyterLab the picture follows what you do and
    includes the structure as your browser drew it; elsewhere it shows the explorer as it opened,
    without the structure. ``"page"``: the explorer itself, interactive, as large as the file
    `to_html` writes. ``"nothing"``: a line of text. The environment variable PROTVIS_SAVED_VIEW
    sets the default for all explorers of a process.
    """

    # Given at construction and not as defaults, which exporters of widget state leave out.
    _esm = traitlets.Unicode().tag(sync=True)
    _css = traitlets.Unicode().tag(sync=True)

    _scene = traitlets.Dict().tag(sync=True)
    _tracks = traitlets.List().tag(sync=True)

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
            **trait_values(view),
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

    def __repr__(self) -> str:
        return f"AttentionExplorer({self.scene.title}, layer={self.layer}, head={self.head!r})"

    # -- what is shown -----------------------------------------------------------------------------

    @property
    def structure(self) -> Structure:
        """The structure."""
        return self.scene.structure

    @property
    def model(self) -> ProteinModel:
        """The model whose attention is shown."""
        return self.scene.model

    @check_keywords
    def add_structure(
        self, source: object, chain: str | None = None, *, min_identity: float = MIN_IDENTITY
    ) -> None:
        """Show a sequence on a structure, which is aligned with it.

        The model runs again, to score its heads against the contacts. Residues take their names and
        numbers from the structure; the selection and your own tracks and maps are kept.

        Parameters
        ----------
        source : path, Structure, or id
            Whatever `protvis.load_structure` reads.
        chain : str, optional
            The chain to use; by default the one that fits best.
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
        """Return the available kinds of map: columns ``name, title, formula, source``."""
        return frames.kind_frame(self.scene)

    @property
    def tracks(self) -> TrackSet:
        """What is known about each residue."""
        return self.scene.tracks

    @check_keywords
    def add_track(self, values: Any, name: str = "own values", *, index: bool = False) -> None:
        """Add a track, or replace the one with the same name, and show it under the sequence.

        Parameters
        ----------
        values : Track, PairTrack, or what `protvis.annotations.track` takes
            A dict or Series by residue label (``"A:HIS57"``) or author number (57), a sequence with
            one value per residue, a CSV file, or a boolean (n_residues, n_residues) matrix for a
            property of pairs.
        name : str
            Ignored for a Track or PairTrack, which has its own name.
        index : bool
            Whether the numbers are indices from 0 rather than author numbers.

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
        """Add the model's predictions for each residue when it is masked, as two tracks.

        This takes one forward pass per residue (`protvis.masked_marginals`). The tracks are the log
        probability of the actual residue (natural logarithm) and the entropy of the prediction
        (bits).

        Raises
        ------
        ModelError
            If the model cannot predict masked residues.
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

    def _answer(self, _: Widget, content: Any, buffers: list[Any]) -> None:
        answer = answer_question(self.scene, content)
        if answer is not None:
            self.send(*answer)
