"""The explorer's view as traits, which scripts set, and as indices, which the browser sets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import traitlets

from protvis.errors import LabelError, OptionError, unknown_name
from protvis.scene import Scene, ViewState
from protvis.scene.view_checks import COLOR_BY
from protvis.scene.view_state import VIEW_FIELDS
from protvis.widgets.stage_host import StageHost

if TYPE_CHECKING:
    from protvis.structure import Chain

__all__ = ["ViewTraits", "trait_values"]

_VIEW_TRAITS = tuple(name for name in VIEW_FIELDS if name != "camera")
"""The camera has another trait, or is NGLview's."""


class ViewTraits(StageHost):
    """A widget whose traits are the fields of a view of one scene.

    The browser's half is ``js/src/model/state.ts``.
    """

    layer = traitlets.Int(1).tag(sync=True)
    """Layer label, from 1."""

    head = traitlets.Union([traitlets.Int(), traitlets.Unicode()], default_value=1).tag(sync=True)
    """Head label, from 1, or ``"mean"`` for the mean over the layer's heads."""

    top_k = traitlets.Int(100).tag(sync=True)
    """The most links to draw."""

    threshold = traitlets.Float(0.0).tag(sync=True)
    """Only links of at least this attention weight (0 to 1) are drawn."""

    min_separation = traitlets.Int(6).tag(sync=True)
    """Only links between residues at least this far apart in the sequence are drawn."""

    combine = traitlets.Unicode("max").tag(sync=True)
    """How a pair's two directions become links: ``max``, ``mean`` or ``directed``."""

    color_by = traitlets.Unicode(COLOR_BY[0]).tag(sync=True)
    """What an arc's colour means: ``contact``, ``weight``, ``separation`` or ``sign``.

    ``sign`` is gain or loss, for maps of differences.
    """

    map = traitlets.Unicode("attention").tag(sync=True)
    """The kind of map shown: ``attention`` or another listed by `maps()`."""

    selected_residues = traitlets.List(traitlets.Unicode())
    """Labels of the selected residues (``["A:GLU270"]``), in the order of the sequence.

    The links are then the strongest that touch any of them. Setting residues other than the two of
    `selected_link` clears the link.
    """

    selected_block = traitlets.Tuple(
        *[traitlets.Unicode()] * 4, allow_none=True, default_value=None
    )
    """Labels of the first and last query and the first and last key of a block, or None.

    Setting a block selects its residues; the links are then those within it.
    """

    partners = traitlets.Int(12).tag(sync=True)
    """The most links of a selection to draw, instead of `top_k`."""

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
    """Label of the residue under the pointer, or None. Setting it highlights the residue."""

    shown_tracks = traitlets.List(traitlets.Unicode()).tag(sync=True)
    """Names of the tracks shown under the sequence."""

    cartoon_by = traitlets.Unicode("").tag(sync=True)
    """Name of the track that colours the cartoon; empty for a plain cartoon."""

    show_copies = traitlets.Bool(False).tag(sync=True)
    """Whether the arcs are drawn on the other chains of the same sequence, too."""

    # For the browser residues are indices with their chain, never labels.
    _selection = traitlets.Dict().tag(sync=True)
    _selected_link = traitlets.List(allow_none=True, default_value=None).tag(sync=True)
    _selected_block = traitlets.List(allow_none=True, default_value=None).tag(sync=True)
    _hovered = traitlets.Int(allow_none=True, default_value=None).tag(sync=True)

    _scene_data: Scene

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

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take what a page sends: all of it or, if some of it cannot be, nothing."""
        view = {name: value for name, value in sync_data.items() if name in _VIEW_TRAITS}
        try:
            # Together, since a threshold may fit only the map that comes with it.
            self._trait_view().changed(self.scene, **view)
            for name in self.keys:
                if name in sync_data and name not in view:
                    read = self.trait_metadata(name, "from_json", self._trait_from_json)
                    self.traits()[name]._validate(self, read(sync_data[name], self))
        except Exception:
            self.send_state([name for name in self.keys if name in sync_data])
            raise
        super().set_state(sync_data)

    @property
    def scene(self) -> Scene:
        """Everything this explorer shows, as plain data."""
        return self._scene_data

    @property
    def chain(self) -> Chain:
        """The chain whose attention is shown."""
        return self.scene.chain

    @property
    def view_state(self) -> ViewState:
        """The whole view as one value: keep it, compare it, set it again.

        Setting a view without a camera leaves the structure's orientation unchanged.
        """
        return self._trait_view().changed(self.scene, camera=self._camera)

    @view_state.setter
    def view_state(self, view: ViewState) -> None:
        view = view.checked(self.scene)
        with self.hold_sync():
            self._set_view(view)
            self._camera = view.camera

    @traitlets.validate(*_VIEW_TRAITS)
    def _check_view(self, proposal: dict[str, Any]) -> Any:
        return self._checked(proposal["trait"].name, proposal["value"])

    def _checked(self, name: str, value: Any) -> Any:
        """Return the value of a trait of the view in its canonical form, or say what is wrong."""
        return trait_values(self._trait_view().changed(self.scene, **{name: value}))[name]

    def _trait_view(self) -> ViewState:
        return ViewState(**{name: getattr(self, name) for name in _VIEW_TRAITS})

    @traitlets.observe("map")
    def _fit_threshold(self, _: dict[str, Any]) -> None:
        self.threshold = self.view_state.changed(self.scene, map=self.map).threshold

    def _set_view(self, view: ViewState) -> None:
        with self.hold_sync(), self.hold_trait_notifications():
            for name, value in trait_values(view).items():
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
        residues = selection.get("residues")
        if not isinstance(residues, list):
            raise LabelError(
                f"the selection must be a list of residue indices, got {residues!r:.80}"
            )
        self._check_index(*residues)
        return selection

    @traitlets.validate("_selected_link", "_selected_block", "_hovered")
    def _check_indices(self, proposal: dict[str, Any]) -> Any:
        name, value = proposal["trait"].name, proposal["value"]
        if value is not None:
            ends = value if isinstance(value, list) else [value]
            if len(ends) != {"_selected_link": 2, "_selected_block": 4, "_hovered": 1}[name]:
                raise LabelError(f"{name} has {len(ends)} residue indices")
            self._check_index(*ends)
        return value

    def _check_index(self, *indices: Any) -> None:
        n = self.chain.n_residues
        for index in indices:
            if type(index) is not int or not 0 <= index < n:
                raise LabelError(f"residue index {index!r:.40} is not in 0 to {n - 1}")

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


def trait_values(view: ViewState) -> dict[str, Any]:
    """Return a view as the traits hold it: lists of names are lists."""
    values = {name: getattr(view, name) for name in _VIEW_TRAITS}
    lists = ("selected_residues", "shown_tracks", "overlay_heads")
    return {name: list(value) if name in lists else value for name, value in values.items()}
