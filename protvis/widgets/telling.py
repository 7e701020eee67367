"""Stories told with an explorer: views with captions, stepped through on an offline page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from protvis.keywords import check_keywords
from protvis.scene import ViewState

if TYPE_CHECKING:
    from protvis.scene import Scene

__all__ = ["StoryTelling"]


class StoryTelling:
    """The part of an explorer that strings its views together."""

    scene: Scene
    selected_residues: list[str]
    selected_link: tuple[str, str] | None
    shown_tracks: list[str]
    cartoon_by: str
    show_copies: bool
    _camera: Callable[[], list[float] | None]

    @check_keywords
    def story(
        self, steps: Iterable[Mapping[str, Any]], path: str | PathLike[str] = "story.html"
    ) -> Path:
        """Write a page that steps through views of this explorer, for a talk or a class.

        Every step begins from the explorer as it is now, turned as it is in the notebook, or seen
        straight on where it was never shown; no step depends on the one before. On the page the
        buttons and the keys Page Up and Page Down go on, everything can be clicked and turned in
        between, and ``page.html#step=3`` opens on the third step.

        Parameters
        ----------
        steps : iterable of dict
            Each with a ``caption``, and of `layer`, `head`, `top_k`, `threshold`,
            `min_separation`, `combine`, `color_by`, `map`, `selected_residues`, `selected_link`,
            `cartoon_by` and ``camera`` (16 numbers, ``explorer.view._camera_orientation``, or None
            for straight on) what is to differ.
        path : path, default "story.html"
            Replaced if it exists.

        Returns
        -------
        Path
            The file written.

        Raises
        ------
        OptionError
            If there are no steps, one has no caption, or a value is out of range.
        LabelError
            If a step names a layer, head, residue, map or track that is not there.
        TypeError
            If a step has an unknown key.
        OutputError
            If the page cannot be written.
        """
        from protvis.export import write_page
        from protvis.export.page import SIDE_MAPS
        from protvis.export.story import story_steps

        view = ViewState(**{name: getattr(self, name) for name in ViewState.__dataclass_fields__})
        listed = [dict(step) if isinstance(step, Mapping) else step for step in steps]
        made = story_steps(
            self.scene,
            view,
            listed,
            residues=self.selected_residues,
            link=self.selected_link,
            cartoon_by=self.cartoon_by,
            camera=self._camera(),
        )
        named = [step["map"] for step in listed if "map" in step]
        return write_page(
            self.scene,
            path,
            view=view,
            maps=[*SIDE_MAPS, *named] if named else None,
            shown_tracks=self.shown_tracks,
            cartoon_by=self.cartoon_by,
            show_copies=self.show_copies,
            story=made,
        )
