"""What is looked at in a scene: one value with all that an explorer's controls hold.

A view is plain data: it can be kept, compared, put into a link and given to whatever draws it.
The browser lists the same fields in ``js/src/model/view.ts``; a contract test compares the two.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

import numpy as np

from protvis.annotations import SiteTrack, Track
from protvis.attention.selection import COMBINE
from protvis.errors import OptionError, unknown_name
from protvis.labels import MEAN
from protvis.scene import view_checks as checks
from protvis.scene import view_link
from protvis.scene.map_kind import ATTENTION, RAW, MapKind
from protvis.scene.scene import Scene
from protvis.scene.view_checks import residue_index, sorted_labels
from protvis.structure.contacts import MIN_SEPARATION

__all__ = ["VIEW_FIELDS", "ViewState", "arc_color_by", "best_head", "check_names", "first_tracks"]

MANY_LINKS = 500
"""How many links the slider reaches, and a threshold alone shows."""

PARTNERS = 12
"""How many links of a selection are drawn at first."""

MOST_AT_FIRST = 150
"""At most so many links are drawn at first."""

FIRST_TRACKS = 4
"""At most so many tracks of sites are shown at first."""

FEW_COPIES = 3
"""Up to so many copies carry the arcs from the start."""


def _field(
    check: Callable[[Scene, str, Any], Any],
    read: Callable[[str], Any] = str,
    *,
    key: str = "",
    **default: Any,
) -> Any:
    """Return a field with its check, how a link's text is read, and what a link calls it."""
    return field(metadata={"check": check, "read": read, "key": key}, **default)


@dataclass(frozen=True)
class ViewState:
    """The current view of a scene.

    `open` and `changed` return views that are valid for a scene; a view written by hand
    (``ViewState(layer=5, head="mean", top_k=60)``) is checked when it is used.

    Attributes
    ----------
    layer : int
        Layer label, from 1.
    head : int or "mean"
        Head label, from 1, or the mean over the layer's heads.
    top_k : int
        The most links to draw; 1 to 5000.
    threshold : float
        Only links of at least this weight are drawn; 0 or more, in the unit of the map.
    min_separation : int, residues
        Only links between residues at least this far apart in the sequence are drawn. In a complex,
        links between chains are always drawn.
    combine : {"max", "mean", "directed"}
        How the two directions of a pair become links.
    color_by : {"contact", "weight", "separation", "sign"}
        What the colour of an arc means. ``"sign"`` is gain or loss; maps other than differences
        then show whether a link is a contact.
    map : str
        The kind of map shown (`protvis.scene.map_kind`).
    selected_residues : tuple of str
        Labels of the selected residues, in the order of the sequence. If there are any, the
        links are the strongest of those that touch them.
    selected_link : (str, str) or None
        Labels (query, key) of the selected link. At least one of them is selected: a link that does
        not touch the selection replaces it.
    selected_block : (str, str, str, str) or None
        Labels of the first and last query and the first and last key of a block of the map, whose
        residues are then the selected ones. The links are those within the block: from its queries
        to its keys or, unless ``combine`` is ``"directed"``, pairs in it in either direction.
    partners : int
        The most links of a selection to draw, instead of `top_k`; 1 to 5000.
    overlay_heads : tuple of (int, int or "mean")
        Labels (layer, head) of up to two more heads whose links are drawn beside those of the
        chosen head. Each head then has its own colour, and `color_by` has no effect.
    shown_tracks : tuple of str
        Names of the tracks under the sequence.
    cartoon_by : str
        Name of the track that colours the cartoon; empty for a plain cartoon.
    show_copies : bool
        Whether the arcs are drawn on the other chains of the same sequence, too.
    camera : tuple of 16 float, or None
        Orientation of the structure, as NGL's 4 × 4 matrix; None for the whole chain, seen straight
        on.

    Examples
    --------
    >>> from protvis.scene import ViewState
    >>> ViewState(layer=5, head="mean", top_k=60).fragment()[:25]
    'layer=5&head=mean&top_k=6'
    """

    layer: int = _field(checks.check_layer, view_link.read_number)
    head: int | str = _field(checks.check_head, view_link.read_number)
    top_k: int = _field(checks.check_top_k, view_link.read_number)
    threshold: float = _field(checks.check_threshold, view_link.read_number, default=0.0)
    min_separation: int = _field(
        checks.check_separation, view_link.read_number, default=MIN_SEPARATION
    )
    combine: str = _field(checks.one_of(COMBINE), default="max")
    color_by: str = _field(checks.one_of(checks.COLOR_BY), default="contact")
    map: str = _field(checks.check_map, default=ATTENTION)
    selected_residues: tuple[str, ...] = _field(
        checks.check_residues, view_link.read_names, key="residues", default=()
    )
    selected_link: tuple[str, str] | None = _field(
        checks.check_link, view_link.read_link, key="link", default=None
    )
    selected_block: tuple[str, str, str, str] | None = _field(
        checks.check_block, view_link.read_link, key="block", default=None
    )
    partners: int = _field(checks.check_top_k, view_link.read_number, default=PARTNERS)
    overlay_heads: tuple[tuple[int, int | str], ...] = _field(
        checks.check_heads, view_link.read_names, key="overlay", default=()
    )
    shown_tracks: tuple[str, ...] = _field(checks.check_tracks, view_link.read_names, default=())
    cartoon_by: str = _field(checks.check_cartoon, default="")
    show_copies: bool = _field(checks.check_flag, view_link.read_flag, default=False)
    camera: tuple[float, ...] | None = _field(
        checks.check_camera, view_link.read_camera, default=None
    )

    def __post_init__(self) -> None:
        for name in VIEW_FIELDS:
            value = getattr(self, name)
            if isinstance(value, list):
                object.__setattr__(self, name, tuple(value))

    @classmethod
    def open(cls, scene: Scene, **choices: Any) -> ViewState:
        """Return the view a scene opens with.

        Parameters
        ----------
        scene : Scene
        **choices
            Values of fields. Those left out, or None, take their defaults: the head that agrees
            best with the contacts, half as many links as residues (at most 150: more hide a large
            protein), the tracks of sites, and arcs on the copies of the chain where these are few.
            A layer alone opens on its mean.

        Raises
        ------
        LabelError, OptionError
            As `changed`.
        TypeError
            If a keyword is not a field.
        """
        check_names(choices)
        chosen = {name: value for name, value in choices.items() if value is not None}
        # Whatever is wrong is found before the scores are asked for, which runs the model.
        plain = cls(1, MEAN, 1, shown_tracks=first_tracks(scene))
        chosen_view = plain.changed(scene, **chosen)
        layer, head = best_head(scene, chosen.get("layer"), chosen.get("head"))
        few = max(20, min(scene.n_residues // 2, MOST_AT_FIRST))
        differences = any(kind.difference for kind in scene.own_kinds.values())
        defaults: dict[str, Any] = {
            "layer": layer,
            "head": head,
            # A threshold alone means every link that reaches it, as far as arcs can be told apart.
            "top_k": MANY_LINKS if "threshold" in chosen else few,
            "color_by": "sign" if differences else "contact" if scene.has_structure else "weight",
            "show_copies": 0 < len(scene.copies) <= FEW_COPIES,
        }
        return replace(
            chosen_view, **{name: defaults[name] for name in defaults if name not in chosen}
        )

    def changed(self, scene: Scene, **choices: Any) -> ViewState:
        """Return this view with other values, each checked against the scene.

        A link that touches selected residues leaves them selected; any other link selects its own
        two. A block selects its residues. Selecting other residues clears the link and the block. A
        threshold that no link of a new map can reach becomes 0.

        Parameters
        ----------
        scene : Scene
        **choices
            Values of fields. Residues may be named as for `Chain.find`.

        Raises
        ------
        LabelError
            If a layer, head, residue, map, track or choice does not exist.
        OptionError
            If a value is out of range.
        TypeError
            If a keyword is not a field.
        """
        check_names(choices)
        checked = {
            name: _FIELDS[name]["check"](scene, name, value) for name, value in choices.items()
        }
        view = replace(self, **checked)
        kind = RAW if view.map == ATTENTION else scene.map_kind(view.map)
        if kind.largest is not None and view.threshold > kind.largest:
            if "threshold" in choices:
                raise OptionError(
                    f"threshold must be at most {kind.largest:g}, the largest value of the map "
                    f"{kind.name!r}; got {choices['threshold']!r}"
                )
            view = replace(view, threshold=0.0)
        if view.selected_block is not None:
            of_block = view.block_residues(scene)
            if "selected_block" in choices and "selected_residues" not in choices:
                view = replace(view, selected_residues=of_block)
            elif view.selected_residues != of_block:
                view = replace(view, selected_block=None)
        link = view.selected_link
        if link is None:
            return view
        ends = sorted_labels(scene, link)
        by_link, by_residues = "selected_link" in choices, "selected_residues" in choices
        before = self.selected_link
        passing = before is not None and self.selected_residues == sorted_labels(scene, before)
        if by_link and not by_residues and passing:
            # What the last link selected goes with it; a selection of residues stays.
            return replace(view, selected_residues=ends, selected_block=None)
        if by_residues and not by_link:
            same = view.selected_residues in (ends, self.selected_residues)
            return view if same else replace(view, selected_link=None)
        touches = bool(set(ends) & set(view.selected_residues))
        if touches:
            return view
        if by_link:
            return replace(view, selected_residues=ends, selected_block=None)
        return replace(view, selected_link=None)

    def checked(self, scene: Scene) -> ViewState:
        """Return this view with every value checked against the scene, as `changed` does."""
        return self.changed(scene, **vars(self))

    # -- as a link says it -------------------------------------------------------------------------

    def fragment(self, *, without: Collection[str] = ()) -> str:
        """Return the view as the fragment of a page's address, without its ``#``.

        ``page.html#layer=5&head=3&residues=A:HIS57`` opens a page on that view.

        Parameters
        ----------
        without : collection of str
            Names of fields to leave out, which then stay as the page has them.
        """
        said = {
            _key(name): view_link.write_field(getattr(self, name))
            for name in VIEW_FIELDS
            if name not in without and not (name == "camera" and self.camera is None)
        }
        return urlencode(said, safe=":,")

    def followed(self, scene: Scene, fragment: str) -> ViewState:
        """Return this view with the changes that a fragment describes.

        Parameters
        ----------
        scene : Scene
        fragment : str
            As `fragment` writes it, with or without the ``#``.

        Raises
        ------
        LabelError, OptionError
            As `changed`.
        """
        names = {_key(name): name for name in VIEW_FIELDS}
        said = dict(parse_qsl(fragment.removeprefix("#"), keep_blank_values=True))
        choices = {
            names[key]: _FIELDS[names[key]]["read"](text)
            for key, text in said.items()
            if key in names
        }
        return self.changed(scene, **choices)

    @classmethod
    def from_fragment(cls, scene: Scene, fragment: str) -> ViewState:
        """Return the view that a fragment describes; whatever it leaves out is as in `open`.

        Raises
        ------
        LabelError, OptionError
            As `changed`.
        """
        return cls.open(scene).followed(scene, fragment)

    # -- as it crosses to the browser --------------------------------------------------------------

    def wire(self, scene: Scene) -> dict[str, Any]:
        """Return the view as plain data, residues by their index."""
        return asdict(self) | {
            "selected_residues": self.selection(scene),
            "selected_link": self.link(scene),
            "selected_block": self.block(scene),
        }

    def selection(self, scene: Scene) -> list[int]:
        """Return the indices of the selected residues."""
        return [residue_index(scene, label) for label in self.selected_residues]

    def block(self, scene: Scene) -> tuple[int, int, int, int] | None:
        """Return the indices of the block: first and last query, first and last key."""
        if self.selected_block is None:
            return None
        query, last_query, key, last_key = (
            residue_index(scene, one) for one in self.selected_block
        )
        return query, last_query, key, last_key

    def block_residues(self, scene: Scene) -> tuple[str, ...]:
        """Return the labels of the residues of the block, in the order of the sequence."""
        block = self.block(scene)
        if block is None:
            return ()
        spans = {*range(block[0], block[1] + 1), *range(block[2], block[3] + 1)}
        return tuple(scene.chain.residue_labels[index] for index in sorted(spans))

    def link(self, scene: Scene) -> tuple[int, int] | None:
        """Return the indices (query, key) of the selected link."""
        if self.selected_link is None:
            return None
        query, key = (residue_index(scene, label) for label in self.selected_link)
        return query, key


_FIELDS = {one.name: one.metadata for one in fields(ViewState)}
VIEW_FIELDS = tuple(_FIELDS)


def _key(name: str) -> str:
    """Return what a link calls a field."""
    return _FIELDS[name]["key"] or name


def check_names(choices: Iterable[str]) -> None:
    """Raise a TypeError for a keyword that is not a field of `ViewState`."""
    for name in choices:
        if name not in VIEW_FIELDS:
            others = ("chain", "model", "record", "maps", "tracks")
            raise TypeError(unknown_name("keyword argument", name, [*VIEW_FIELDS, *others]))


def arc_color_by(color_by: str, kind: MapKind, has_structure: bool = True) -> str:
    """Return what colour means: only differences have gains and losses, structures contacts."""
    if color_by == "sign" and not kind.difference:
        color_by = "contact"
    return "weight" if color_by == "contact" and not has_structure else color_by


def best_head(
    scene: Scene, layer: int | None = None, head: int | str | None = None
) -> tuple[int, int | str]:
    """Return the labels of the head, or layer mean, that agrees best with the contacts.

    Agreement is `contact_precision`, the share of contacts among the head's strongest links; ties
    go to the first. Where the structure has no contacts it is the mean of the last layer.

    Parameters
    ----------
    scene : Scene
    layer : int, optional
        Then the answer is that layer, and its mean unless a head is given, too.
    head : int or "mean", optional
        Then the answer is the best layer of that head.
    """
    if layer is not None:
        return layer, MEAN if head is None else head
    precision = scene.scores["contact_precision"]
    columns = slice(None) if head is None else [scene.n_heads if head == MEAN else int(head) - 1]
    looked_at = precision[:, columns]
    if not np.isfinite(looked_at).any():
        return scene.n_layers, MEAN if head is None else head
    row, column = np.unravel_index(np.nanargmax(looked_at), looked_at.shape)
    found = MEAN if column == scene.n_heads else int(column) + 1
    return int(row) + 1, found if head is None else head


def first_tracks(scene: Scene) -> tuple[str, ...]:
    """Return the names of the tracks shown at first: the sites, which are few and say most.

    Secondary structure is shown, too: it takes no row, since the ribbon above the letters is it.
    Tracks of a sequence are the user's own, and all shown.
    """
    tracks = scene.tracks
    if not scene.has_structure:
        return tuple(name for name, one in tracks.items() if isinstance(one, Track))
    sites = [name for name, one in tracks.items() if isinstance(one, SiteTrack)]
    ribbon = [name for name in ("secondary structure",) if name in tracks]
    return (*ribbon, *[name for name in sites if name != "interface"][:FIRST_TRACKS])
