"""The explorer: attention arcs on the structure, head grid, heatmap and sequence, all linked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import numpy as np
import traitlets
from ipywidgets import Widget, widget_serialization

from protvis.annotations import PairTrack, Track
from protvis.attention.link_frame import link_frame
from protvis.errors import LabelError, OptionError, unknown_name
from protvis.keywords import check_keywords
from protvis.labels import MEAN
from protvis.perturbation import masked_marginals
from protvis.scene import Scene, ViewState
from protvis.scene.bundle import bundle_file
from protvis.scene.drawn_arcs import shown_links
from protvis.scene.map_sets import map_kinds
from protvis.scene.scene import first_copies
from protvis.scene.track_wire import as_tracks, first_tracks, score_track, track_background
from protvis.scene.view_state import COLOR_BY, check_view
from protvis.widgets.messages import answer_question
from protvis.widgets.publishing import Publishing
from protvis.widgets.saving import SavedView
from protvis.widgets.structure_view import StructureView
from protvis.widgets.telling import StoryTelling

if TYPE_CHECKING:
    import pandas as pd

    from protvis.annotations import TrackSet
    from protvis.models import ProteinModel
    from protvis.structure import Chain, Structure

__all__ = ["AttentionExplorer"]

_VIEW_TRAITS = tuple(ViewState.__dataclass_fields__)

_EXPECTED = {
    "selected_residues": "a list of residue labels such as ['A:HIS57']",
    "selected_link": "the labels of two residues, (query, key), or None",
    "hovered_residue": "a residue label such as 'A:HIS57', or None",
    "shown_tracks": "a list of names of tracks",
    "cartoon_by": "the name of a track, or '' for plain",
    "show_copies": "True or False",
}
"""What the traits beside those of the view hold, for messages."""


class AttentionExplorer(SavedView, StoryTelling, Publishing, anywidget.AnyWidget):
    """Linked views of a model's attention within one protein chain.

    Made by `explore`. Shown by the last line of a cell, as often as wanted; all views of one
    explorer and its traits follow each other. Layers and heads count from 1.

    Parameters
    ----------
    scene : Scene
    view : ViewState
        What to look at first.
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

    Setting others than the two of `selected_link` unselects it.
    """

    selected_link = traitlets.Tuple(
        traitlets.Unicode(), traitlets.Unicode(), allow_none=True, default_value=None
    )
    """Labels (query, key) of the selected link, or None. Setting a link selects its residues."""

    hovered_residue = traitlets.Unicode(allow_none=True, default_value=None)
    """Label of the residue under the pointer, or None. Setting it lights the residue up."""

    shown_tracks = traitlets.List(traitlets.Unicode()).tag(sync=True)
    """Names of the tracks shown under the sequence."""

    cartoon_by = traitlets.Unicode("").tag(sync=True)
    """Name of the track that colours the cartoon; empty for plain."""

    show_copies = traitlets.Bool(False).tag(sync=True)
    """Whether the arcs are drawn on the other chains of the same sequence, too."""

    # Given at construction and not as defaults, which exporters of widget state leave out.
    _esm = traitlets.Unicode().tag(sync=True)
    _css = traitlets.Unicode().tag(sync=True)

    # The browser's half: residues cross as indices with their chain, never as labels.
    _scene = traitlets.Dict().tag(sync=True)
    _tracks = traitlets.List().tag(sync=True)
    _selection = traitlets.Dict().tag(sync=True)
    _selected_link = traitlets.List(allow_none=True, default_value=None).tag(sync=True)
    _hovered = traitlets.Int(allow_none=True, default_value=None).tag(sync=True)
    _view = traitlets.Instance(Widget).tag(sync=True, **widget_serialization)

    def __init__(self, scene: Scene, view: ViewState) -> None:
        self._scene_data = scene
        traits = {
            "_esm": bundle_file("widget.js").read_text("utf-8"),
            "_css": bundle_file("explorer.css").read_text("utf-8"),
            "_scene": scene.wire(),
            "_tracks": scene.wire_tracks(),
            "shown_tracks": first_tracks(scene.tracks),
            "show_copies": first_copies(scene),
            "_selection": {"chain": scene.chain.chain_id, "residues": []},
            **asdict(view),
        }
        panel = StructureView()
        try:
            super().__init__(_view=panel, **traits)
        except BaseException:
            panel.close()
            raise
        self.on_msg(self._answer)

    def __setattr__(self, name: str, value: Any) -> None:
        if not name.startswith("_") and not hasattr(type(self), name):
            known = [own for own in self.trait_names() if not own.startswith("_")]
            raise AttributeError(unknown_name("attribute of an explorer", name, known))
        if name in _VIEW_TRAITS:
            value = self._checked(name, value)
        try:
            super().__setattr__(name, value)
        except traitlets.TraitError as error:
            if name not in _EXPECTED:
                raise
            raise OptionError(f"{name} must be {_EXPECTED[name]}, got {value!r}") from error

    def __repr__(self) -> str:
        return f"AttentionExplorer({self.scene.title}, layer={self.layer}, head={self.head!r})"

    # -- what is shown -----------------------------------------------------------------------------

    @property
    def scene(self) -> Scene:  # type: ignore[override]
        """Everything this explorer shows, as plain data."""
        return self._scene_data

    @property
    def structure(self) -> Structure:
        """The structure."""
        return self.scene.structure

    @property
    def chain(self) -> Chain:  # type: ignore[override]
        """The chain whose attention is shown."""
        return self.scene.chain

    @property
    def model(self) -> ProteinModel:
        """The model whose attention is shown."""
        return self.scene.model

    @property
    def view(self) -> StructureView:
        """NGLview's widget of the 3D panel, for what NGLview can do beside the explorer."""
        return self._view

    def links(self) -> pd.DataFrame:
        """Return the links now drawn, strongest first.

        Links that end on residues without coordinates cannot be drawn and are not among them.

        Returns
        -------
        DataFrame
            Columns ``query``, ``key`` (residue indices), ``query_label``, ``key_label``, ``weight``
            (to 1/65535 of the head's largest; negative for losses, of differences), ``distance``
            (Cβ–Cβ, Å), ``contact``; of a difference with a noise level also ``above_noise``.
        """
        found = shown_links(self.scene, self._view_state(), self._selection["residues"])
        located = np.all(np.isfinite(self.chain.coordinates()), axis=1)
        drawn = located[found.query] & located[found.key]
        frame = link_frame(
            found.query[drawn],
            found.key[drawn],
            found.weight[drawn] * found.sign[drawn],
            self.chain.residue_labels,
            self.chain,
        )
        noise = self.scene.map_set(self.map).kind.noise
        if noise is not None:
            frame["above_noise"] = found.weight[drawn] > noise
        return frame

    @property
    def tracks(self) -> TrackSet:  # type: ignore[override]
        """What is known about each residue."""
        return self.scene.tracks

    @check_keywords
    def add_track(self, values: Any, name: str = "own values") -> None:
        """Add a track, or replace the one of that name, and show it under the sequence.

        Parameters
        ----------
        values : Track, PairTrack, or what `protvis.annotations.track` takes
            A dict or Series by residue label or index, a sequence with one value per residue, a CSV
            file, or a boolean (n_residues, n_residues) matrix for a property of pairs.
        name : str
            Not used for a Track or PairTrack, which has its own.

        Raises
        ------
        AnnotationError
            If the values do not fit the chain.
        """
        made = as_tracks(self.chain, {name: values})[0]
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
        marginals = masked_marginals(self.model, self.chain)
        places = [marginals.amino_acids.find(letter) for letter in marginals.sequence]
        own = marginals.log_probabilities[np.arange(len(places)), places]
        own[np.array(places) < 0] = np.nan
        source = f"{self.model.name}, masked marginals"
        self.add_track(Track("log p of the residue", "number", own, source))
        self.add_track(Track("predicted entropy", "number", marginals.entropy, source, unit="bits"))

    @check_keywords
    def find_heads(self, track: str, state: str | None = None) -> pd.DataFrame:
        """Return all heads, those first whose strongest links point most at what a track marks.

        Parameters
        ----------
        track : str
            Name of one of `tracks`.
        state : str, optional
            For tracks of states or ranges: which.

        Returns
        -------
        DataFrame
            Columns ``layer, head, proportion, background, enrichment``: the share of the head's L
            strongest links (L residues, |i - j| of at least 6) that have the property, what chance
            would give, and their ratio. For a number: its mean over those links.

        Raises
        ------
        LabelError
            If there is no such track.
        AnnotationError
            If the track has no such state.
        """
        property_ = self.tracks[track]
        scores = self.head_scores()[["layer", "head"]]
        proportion = score_track(self.scene.map_set(self.map), property_, state).ravel()
        background = track_background(property_, state, self.chain.separation())
        scores = scores.assign(
            proportion=proportion,
            background=background,
            enrichment=proportion / background if background else np.nan,
        )
        return scores.sort_values("proportion", ascending=False, kind="stable", ignore_index=True)

    def head_scores(self) -> pd.DataFrame:
        """Return the scores of all heads, and of each layer's mean over heads, on this protein.

        Returns
        -------
        DataFrame
            Columns ``layer``, ``head`` (labels) and the scores, as `protvis.attention.scores`
            defines them, of the present kind of map.
        """
        import pandas as pd

        map_set = self.scene.map_set(self.map)
        rows, columns = map_set.shape
        heads = [*range(1, columns), MEAN] if map_set.kind.layout == "heads" else [pd.NA]
        labels: dict[str, Any] = {
            "layer": [row + 1 if rows > 1 else pd.NA for row in range(rows) for _ in heads],
            "head": [head for _ in range(rows) for head in heads],
        }
        return pd.DataFrame(
            labels | {name: values.ravel() for name, values in map_set.scores.items()}
        )

    def maps(self) -> pd.DataFrame:
        """Return the kinds of map there are for `map`.

        Returns
        -------
        DataFrame
            Columns ``name, title, formula, source``.
        """
        import pandas as pd

        kinds = map_kinds(self.scene).values()
        return pd.DataFrame(
            [(kind.name, kind.title, kind.formula, kind.source) for kind in kinds],
            columns=["name", "title", "formula", "source"],
        )

    def to_html(self, path: str | PathLike[str]) -> Path:
        """Write the explorer as one offline HTML page that opens on the present view.

        It is turned as the explorer is in the notebook, if it was shown there.

        Parameters
        ----------
        path : path
            Replaced if it exists.

        Returns
        -------
        Path
            The file written.
        """
        from protvis.export import write_page

        link = tuple(self._selected_link) if self._selected_link else None
        return write_page(
            self.scene,
            path,
            view=self._view_state(),
            selection=self._selection["residues"],
            selected_link=link,
            shown_tracks=self.shown_tracks,
            cartoon_by=self.cartoon_by,
            show_copies=self.show_copies,
            camera=self._camera(),
        )

    def close(self) -> None:
        """Close the explorer in all places where it is shown and free what it took."""
        for part in (self._view, self.layout):
            if isinstance(part, Widget):
                part.close()
        super().close()

    # -- traits ------------------------------------------------------------------------------------

    @traitlets.validate(*_VIEW_TRAITS)
    def _check_view(self, proposal: dict[str, Any]) -> Any:
        return self._checked(proposal["trait"].name, proposal["value"])

    def _checked(self, name: str, value: Any) -> Any:
        """Return the value of a trait of the view in its canonical form, or say what is wrong."""
        value = check_view(name, value, n_layers=self.scene.n_layers, n_heads=self.scene.n_heads)
        if name == "map" and value not in map_kinds(self.scene):
            raise LabelError(unknown_name("map", value, map_kinds(self.scene)))
        return value

    def _indices(self, labels: Iterable[str]) -> list[int]:
        return sorted({self._index(label) for label in labels})

    def _index(self, label: str) -> int:
        return int(self.chain.find(label))

    def _label(self, index: int) -> str:
        return self.chain.residue_labels[index]

    @traitlets.validate("shown_tracks")
    def _check_tracks(self, proposal: dict[str, Any]) -> list[str]:
        for name in proposal["value"]:
            _ = self.tracks[name]
        return proposal["value"]

    @traitlets.validate("cartoon_by")
    def _check_cartoon(self, proposal: dict[str, Any]) -> str:
        if proposal["value"] and isinstance(self.tracks[proposal["value"]], PairTrack):
            raise OptionError("a property of pairs cannot colour residues; choose another track")
        return proposal["value"]

    @traitlets.validate("selected_residues")
    def _check_residues(self, proposal: dict[str, Any]) -> list[str]:
        return [self._label(index) for index in self._indices(proposal["value"])]

    @traitlets.validate("selected_link")
    def _check_link(self, proposal: dict[str, Any]) -> tuple[str, str] | None:
        if proposal["value"] is None:
            return None
        query, key = (self._label(self._index(label)) for label in proposal["value"])
        return query, key

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

    @traitlets.validate("_selected_link")
    def _check_link_indices(self, proposal: dict[str, Any]) -> list[int] | None:
        if proposal["value"] is not None:
            self._check_index(*proposal["value"])
        return proposal["value"]

    def _check_index(self, *indices: int) -> None:
        for index in indices:
            if not 0 <= index < self.chain.n_residues:
                raise LabelError(
                    f"residue index {index} is not in 0 to {self.chain.n_residues - 1}"
                )

    @traitlets.observe("selected_residues", "selected_link")
    def _send_selection(self, change: dict[str, Any]) -> None:
        link = self.selected_link
        self._select(
            self._indices(self.selected_residues),
            None if link is None else [self._index(label) for label in link],
            by_link=change["name"] == "selected_link",
        )

    @traitlets.observe("_selection", "_selected_link")
    def _receive_selection(self, change: dict[str, Any]) -> None:
        self._select(
            self._selection["residues"],
            self._selected_link,
            by_link=change["name"] == "_selected_link",
        )

    def _select(self, residues: list[int], link: list[int] | None, *, by_link: bool) -> None:
        """Set what is selected, here and in the browser, by the rule of ``js/src/model/state.ts``.

        A link selects its two residues; other residues unselect it.
        """
        if link is not None and sorted(set(link)) != list(residues):
            residues, link = (sorted(set(link)), link) if by_link else (residues, None)
        # Held, since what follows from the half of a change would be another selection.
        with self.hold_sync(), self.hold_trait_notifications():
            self._selection = {"chain": self.chain.chain_id, "residues": residues}
            self._selected_link = link
            self.selected_residues = [self._label(index) for index in residues]
            self.selected_link = (
                None if link is None else (self._label(link[0]), self._label(link[1]))
            )

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
