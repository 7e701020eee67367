"""What an explorer gives to papers: figures, pictures, scripts for molecular viewers, tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from protvis.annotations import PairTrack, Track
from protvis.errors import LabelError, OptionError, unknown_name
from protvis.keywords import check_keywords
from protvis.scene import ViewState
from protvis.scene.drawn_arcs import view_entry
from protvis.scene.map_sets import ATTENTION
from protvis.scene.provenance import name_map, view_provenance
from protvis.scene.scene import SCORES
from protvis.scene.track_wire import score_track, track_background
from protvis.scene.view_state import arc_color_by

if TYPE_CHECKING:
    import pandas as pd

    from protvis.annotations import TrackSet
    from protvis.export.viewer_scene import Drawing
    from protvis.plot import ReportFigure
    from protvis.scene import Scene
    from protvis.structure import Chain

__all__ = ["FIGURES", "TABLES", "Publishing"]

FIGURES = ("heatmap", "heads", "arcs", "layers")
TABLES = ("links", "heads", "map", "tracks", "pairs", "contacts")


class Publishing:
    """The part of an explorer that leaves the screen."""

    scene: Scene
    chain: Chain
    tracks: TrackSet
    map: str
    shown_tracks: list[str]
    cartoon_by: str
    show_copies: bool
    selected_link: tuple[str, str] | None
    selected_residues: list[str]
    links: Callable[[], pd.DataFrame]
    head_scores: Callable[[], pd.DataFrame]
    find_heads: Callable[..., pd.DataFrame]
    to_html: Callable[[str | PathLike[str]], Path]
    view: Any

    # -- figures -----------------------------------------------------------------------------------

    @check_keywords
    def figure(
        self,
        kind: str = "heatmap",
        *,
        contacts: bool = True,
        tracks: Sequence[str] | None = None,
        score: str = "contact_precision",
        track: str | None = None,
        state: str | None = None,
        title: str = "",
    ) -> ReportFigure:
        """Return a figure of what is shown, for print.

        Every figure says which protein, model, head and links it shows. Save it with
        ``figure.savefig("links.pdf")``, or as SVG or PNG.

        Parameters
        ----------
        kind : {"heatmap", "heads", "arcs", "layers"}
            The present map, query × key, with the selection; a score of all heads, layers × heads;
            the links now shown over the sequence, with tracks; a score from layer to layer.
        contacts : bool
            For the heatmap: whether the structure's contacts are outlined.
        tracks : sequence of str, optional
            For the arcs: names of the tracks below; those shown in the explorer, after the
            secondary structure, by default.
        score : str
            For heads and layers: a column of `head_scores`.
        track, state : str, optional
            For heads and layers, instead of a score: the share of links that point at what the
            track marks, as `find_heads`.
        title : str, optional
            The first line; by default what is shown.

        Returns
        -------
        ReportFigure
            A `matplotlib.figure.Figure`.

        Raises
        ------
        OptionError
            If the kind is unknown, or the map has a single layer and head and nothing to compare.
        LabelError
            If there is no such score or track.
        AnnotationError
            If the track has no such state.
        """
        if kind == "heatmap":
            return self._draw_heatmap(contacts, title)
        if kind == "arcs":
            return self._draw_arcs(tracks, title)
        if kind in ("heads", "layers"):
            return self._draw_scores(kind, score, track, state, title)
        raise OptionError(unknown_name("kind of figure", kind, FIGURES))

    def _draw_heatmap(self, contacts: bool, title: str) -> ReportFigure:
        from protvis.plot.attention_map import plot_attention_map

        kind = self.scene.map_set(self.map).kind
        return plot_attention_map(
            self._dense_map(),
            self.chain.residue_labels,
            contacts=self.chain.contact_map() if contacts else None,
            selection=self._selection_indices(),
            link=self._selected_pair(),
            signed=kind.signed,
            unit=kind.title,
            title=title or _opening(name_map(self.scene, self._view_state())),
            lines=[self.scene.title, kind.formula + (f" ({kind.source})" if kind.source else "")],
            notes=self._notes(),
        )

    def _draw_arcs(self, tracks: Sequence[str] | None, title: str) -> ReportFigure:
        from protvis.plot.arcs import plot_arcs

        view, kind = self._view_state(), self.scene.map_set(self.map).kind
        if tracks is None:
            known = [name for name in ("secondary structure",) if name in self.tracks]
            tracks = list(dict.fromkeys([*known, *self.shown_tracks]))
        chosen = [self.tracks[name] for name in tracks]
        for one in chosen:
            if not isinstance(one, Track):
                raise OptionError(f"{one.name!r} is a property of pairs; name tracks of residues")
        order = list(self.tracks)
        found = view_provenance(self.scene, view, self._selection_indices())
        said = [self.scene.title, found["links"]]
        if "selection" in found:
            said.append(found["selection"])
        return plot_arcs(
            self.links(),
            self.chain.residue_labels,
            tracks=[one for one in chosen if isinstance(one, Track)],
            places=[order.index(name) for name in tracks],
            selection=self._selection_indices(),
            link=self._selected_pair(),
            color_by=arc_color_by(view.color_by, kind),
            noise=kind.noise,
            directed=view.combine == "directed",
            title=title or f"Strongest links, {name_map(self.scene, view)}",
            lines=said,
            notes=self._notes(),
        )

    def _draw_scores(
        self, kind: str, score: str, track: str | None, state: str | None, title: str
    ) -> ReportFigure:
        from protvis.plot.protein_heads import plot_protein_heads, plot_protein_layers

        map_set = self.scene.map_set(self.map)
        layout = map_set.kind.layout
        if layout == "one" or (kind == "heads" and layout != "heads"):
            raise OptionError(
                f"{map_set.kind.title!r} is one map for all heads"
                f"{'' if layout == 'one' else ' of a layer'}: there is nothing to compare; choose "
                f"another map, for instance explorer.map = {ATTENTION!r}"
            )
        view = self._view_state()
        lowest_best, meaning = False, ""
        values: np.ndarray
        if track is not None:
            one = self.tracks[track]
            values = score_track(map_set, one, state)
            background = track_background(one, state, self.chain.separation())
            name = f"links to {track}{f' {state}' if state else ''}"
            is_number = isinstance(one, Track) and one.kind == "number"
            name = f"mean {track} at the link's end" if is_number else f"share of {name}"
            meaning = "over the head's L strongest links (L residues, |i − j| ≥ 6)"
        else:
            known = {known.name: known for known in SCORES}
            if score not in known:
                raise LabelError(unknown_name("score", score, known))
            values, name = map_set.scores[score], known[score].title
            lowest_best, meaning = known[score].best == "low", known[score].meaning
            chance = {
                "contact_precision": float(map_set.scores["background"].flat[0]),
                "enrichment": 1.0,
            }
            background = chance.get(score, np.nan)
        row, column = divmod(view_entry(map_set, view), map_set.shape[1])
        draw = plot_protein_heads if kind == "heads" else plot_protein_layers
        heading = _opening(name)
        lines = [self.scene.title, meaning]
        if map_set.kind.name != ATTENTION:
            lines.insert(1, f"{map_set.kind.title}: {map_set.kind.formula}")
        return draw(
            values,
            name=name,
            lowest_best=lowest_best,
            mean_last=layout == "heads",
            chosen=(row, column),
            background=background,
            title=title or (heading if kind == "heads" else f"{heading} by layer"),
            lines=lines,
            notes=self._notes(),
        )

    # -- pictures and scripts ----------------------------------------------------------------------

    @check_keywords
    def snapshot(
        self,
        path: str | PathLike[str],
        width: int = 1600,
        height: int = 1200,
        *,
        transparent: bool = False,
        dark: bool = False,
        legend: bool = False,
        camera: Sequence[float] | None = None,
    ) -> Path:
        """Write a picture of the 3D scene, at any size, as PNG.

        No display is needed, and the explorer need not be shown: a headless Chromium draws the
        offline page (``pip install protvis[snapshot]``; PROTVIS_CHROMIUM names the browser where it
        is not found). Surfaces and such that were added through NGLview are not in the picture.

        Parameters
        ----------
        path : path
            Of the PNG file; replaced if it exists.
        width, height : int, pixels
            From 64 to 8192.
        transparent : bool
            Whether the background is left open.
        dark : bool
            Whether the dark colours are used.
        legend : bool
            Whether the legend of the arcs' colours is in the picture.
        camera : sequence of 16 floats, optional
            NGL's orientation. By default that of the explorer as it is turned in the notebook, or
            the whole chain where it was never shown.

        Returns
        -------
        Path
            The file written.

        Raises
        ------
        OptionError
            If a size or the camera is out of range.
        OutputError
            If the file cannot be written, there is no Chromium or Playwright, or it could not draw.
        """
        from tempfile import TemporaryDirectory

        from protvis.export.snapshot import take_snapshot

        camera = self._camera() if camera is None else camera
        with TemporaryDirectory() as folder:
            page = self.to_html(Path(folder) / "explorer.html").read_text("utf-8")
        return take_snapshot(
            page,
            path,
            width=width,
            height=height,
            transparent=transparent,
            dark=dark,
            legend=legend,
            camera=camera,
        )

    def to_chimerax(self, path: str | PathLike[str]) -> Path:
        """Write what is shown as a ChimeraX command file (``.cxc``).

        The structure (``.cif``) and the arcs (``.bild``) are written beside it under the same name;
        the three files belong together and need no network. Arcs, colours, thickness, cartoon and
        the sticks of selected residues are those of the explorer on a light page.

        Parameters
        ----------
        path : path
            Ends in ``.cxc``. The files are replaced if they exist.

        Returns
        -------
        Path
            The command file.

        Raises
        ------
        OutputError
            If the suffix is another, or a file cannot be written.
        """
        from protvis.export.chimerax import write_chimerax

        return write_chimerax(self._drawing(), path)

    def to_pymol(self, path: str | PathLike[str]) -> Path:
        """Write what is shown as one PyMOL script (``.py``), which holds the structure, too.

        Arcs, colours, thickness, cartoon and the sticks of selected residues are those of the
        explorer on a light page. Run it with File > Run Script; it needs no network.

        Parameters
        ----------
        path : path
            Replaced if it exists.

        Returns
        -------
        Path
            The script.

        Raises
        ------
        OutputError
            If the file cannot be written.
        """
        from protvis.export.pymol import write_pymol

        return write_pymol(self._drawing(), path)

    # -- tables ------------------------------------------------------------------------------------

    @check_keywords
    def save_table(
        self,
        path: str | PathLike[str],
        table: str = "links",
        *,
        track: str | None = None,
        state: str | None = None,
    ) -> Path:
        """Write what is shown as a table that says where it comes from.

        Parameters
        ----------
        path : path
            Ends in ``.csv`` or ``.parquet``; replaced if it exists. Model, head and settings are in
            comment lines of the CSV (read it with ``pandas.read_csv(path, comment="#")``) or in the
            metadata of the Parquet file under ``protvis``.
        table : {"links", "heads", "map", "tracks", "pairs", "contacts"}
            The links now drawn, as `links`; scores of all heads, as `head_scores`; the present map,
            one row per query and one column per key; what is known about each residue; the pairs
            that tracks of pairs mark, one row each; the structure's contacts.
        track, state : str, optional
            For heads, instead of the scores: the share of links that point at what the track marks,
            as `find_heads` and ``figure("heads", track=…)``.

        Returns
        -------
        Path
            The file written.

        Raises
        ------
        OptionError
            If the suffix or the table is unknown, or a track is named for another table than heads.
        LabelError
            If there is no such track.
        AnnotationError
            If the track has no such state.
        OutputError
            If the file cannot be written.
        """
        from protvis.export.link_tables import write_table

        makers: Mapping[str, Callable[[], pd.DataFrame]] = {
            "links": self.links,
            "heads": self.head_scores if track is None else lambda: self.find_heads(track, state),
            "map": self._map_frame,
            "tracks": lambda: self.tracks.to_frame().reset_index(),
            "pairs": self._pair_frame,
            "contacts": lambda: self._pairs_of(self.chain.contact_map()),
        }
        if table not in makers:
            raise OptionError(unknown_name("table", table, makers))
        if table != "heads" and (track is not None or state is not None):
            raise OptionError(f"track and state choose what heads are asked for, not {table}")
        said = view_provenance(self.scene, self._view_state(), self._selection_indices())
        unsaid = {"links": (), "map": ("links", "selection")}.get(
            table, ("map", "links", "selection")
        )
        if table == "heads" and self.map != ATTENTION:
            unsaid = ("links", "selection")
        said = {topic: text for topic, text in said.items() if topic not in unsaid}
        told = {"table": table}
        if track is not None:
            told["share"] = f"of links to {track}{f' {state}' if state else ''}"
        if table == "contacts":
            told["contact"] = "Cβ atoms closer than 8 Å, |i - j| at least 6"
            said.pop("model")
        return write_table(makers[table](), path, {**told, **said})

    def _pair_frame(self) -> pd.DataFrame:
        """Return the pairs that tracks mark, one row each."""
        import pandas as pd

        known = [self.tracks[name] for name in self.tracks]
        frames = [
            self._pairs_of(one.values).assign(track=one.name)
            for one in known
            if isinstance(one, PairTrack)
        ]
        found = pd.concat([self._pairs_of(np.zeros((0, 0), bool)).assign(track=""), *frames])
        return found[["track", *found.columns.drop("track")]]

    def _pairs_of(self, marked: np.ndarray) -> pd.DataFrame:
        """Return the pairs of a symmetric matrix, each once."""
        import pandas as pd

        i, j = np.nonzero(np.triu(marked, 1))
        labels = np.array(self.chain.residue_labels, dtype=object)
        distance = self.chain.distance_map()[i, j]
        return pd.DataFrame(
            {"i": i, "j": j, "i_label": labels[i], "j_label": labels[j], "distance": distance}
        )

    def _map_frame(self) -> pd.DataFrame:
        import pandas as pd

        labels = list(self.chain.residue_labels)
        return pd.DataFrame(self._dense_map(), columns=labels).assign(query=labels)[
            ["query", *labels]
        ]

    # -- what is shown -----------------------------------------------------------------------------

    def _view_state(self) -> ViewState:
        return ViewState(**{name: getattr(self, name) for name in ViewState.__dataclass_fields__})

    def _dense_map(self) -> np.ndarray:
        map_set = self.scene.map_set(self.map)
        return map_set.dense(*divmod(view_entry(map_set, self._view_state()), map_set.shape[1]))

    def _selection_indices(self) -> list[int]:
        return [int(self.chain.find(label)) for label in self.selected_residues]

    def _selected_pair(self) -> tuple[int, int] | None:
        if self.selected_link is None:
            return None
        query, key = (int(self.chain.find(label)) for label in self.selected_link)
        return query, key

    def _camera(self) -> list[float] | None:
        """Return how the scene is turned in the notebook; None where it was never shown."""
        turned = list(getattr(self.view, "_camera_orientation", []) or [])
        return turned if len(turned) == 16 else None

    def _notes(self) -> list[str]:
        return [self.scene.model.notice] if self.scene.model.notice else []

    def _drawing(self) -> Drawing:
        from protvis.export.viewer_scene import Drawing

        return Drawing(
            self.scene,
            self._view_state(),
            tuple(self._selection_indices()),
            self._selected_pair(),
            self.cartoon_by,
            self.show_copies,
        )


def _opening(text: str) -> str:
    """Return text with a capital letter first; the rest may hold names."""
    return text[:1].upper() + text[1:]
