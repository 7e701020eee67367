"""Stories: views of one scene with captions, for a page that steps through them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

from protvis.errors import LabelError, OptionError, unknown_name
from protvis.export.page import SIDE_MAPS, write_page
from protvis.keywords import check_keywords
from protvis.scene import Scene, ViewState
from protvis.scene.view_state import VIEW_FIELDS

__all__ = ["STEP_KEYS", "story_steps", "view_fragment", "write_story"]

STEP_KEYS = ("caption", *VIEW_FIELDS)
"""What a step may say."""


@check_keywords
def write_story(
    scene: Scene,
    view: ViewState,
    steps: Iterable[Mapping[str, Any]],
    path: str | PathLike[str] = "story.html",
) -> Path:
    """Write a page that steps through views, for a talk or a class.

    Every step starts from the current view, in its orientation in the notebook, or seen straight on
    if it was never shown; no step depends on the one before. On the page, the buttons and the keys
    Page Up and Page Down move between steps, everything stays interactive in between, and
    ``page.html#step=3`` opens on the third step.

    Parameters
    ----------
    scene : Scene
    view : ViewState
    steps : iterable of dict
        Each with a ``caption`` and the fields of `ViewState` that differ: `layer`, `head`, `map`,
        `selected_residues`, `shown_tracks`, …, and ``camera`` (16 numbers,
        ``explorer.view_state.camera``, or None for straight on).
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
        If a step names a layer, head, residue, map or track that does not exist.
    TypeError
        If a step has an unknown key.
    OutputError
        If the page cannot be written.
    """
    listed = list(steps)
    story = story_steps(scene, view, listed)
    named = [step["map"] for step in listed if "map" in step]
    maps = [*SIDE_MAPS, *named] if named else None
    return write_page(scene, view, path, maps=maps, story=story)


def story_steps(
    scene: Scene, view: ViewState, steps: Iterable[Mapping[str, Any]]
) -> list[dict[str, str]]:
    """Return the steps of a story as a page holds them: ``caption`` and ``view``.

    Parameters
    ----------
    scene : Scene
    view : ViewState
        What every step begins from.
    steps : iterable of mapping
        Each with a ``caption`` and what differs in it, of `STEP_KEYS`.

    Raises
    ------
    OptionError, LabelError, TypeError
        As `write_story`.
    """
    made = []
    for number, step in enumerate(steps, 1):
        if not isinstance(step, Mapping):
            raise OptionError(f"step {number}: expected a dict with a caption, got {step!r}")
        for name in step:
            if name not in STEP_KEYS:
                raise TypeError(f"step {number}: {unknown_name('key', name, STEP_KEYS)}")
        caption = step.get("caption")
        if not isinstance(caption, str) or not caption.strip():
            raise OptionError(f"step {number} needs a caption")
        differing = {name: value for name, value in step.items() if name != "caption"}
        try:
            shown = view.changed(scene, **differing)
        except (LabelError, OptionError) as error:
            raise type(error)(f"step {number}: {error}") from error
        made.append({"caption": caption, "view": shown.fragment()})
    if not made:
        raise OptionError("a story needs at least one step")
    return made


def view_fragment(
    view: ViewState,
    *,
    residues: Sequence[str] = (),
    link: Sequence[str] | None = None,
    cartoon_by: str = "",
    camera: Sequence[float] | None = None,
) -> str:
    """Return a view as the fragment of an address; tracks and copies stay as the page has them.

    `ViewState.fragment` says all of a view.

    Parameters
    ----------
    view : ViewState
    residues : sequence of str
        Labels of the selected residues.
    link : (str, str), optional
        Labels of the selected link.
    cartoon_by : str
    camera : sequence of 16 float, optional
        NGL's orientation.
    """
    told = replace(
        view,
        selected_residues=tuple(residues),
        selected_link=None if link is None else (link[0], link[1]),
        cartoon_by=cartoon_by,
        camera=None if camera is None else tuple(camera),
    )
    return told.fragment(without=("shown_tracks", "show_copies"))
