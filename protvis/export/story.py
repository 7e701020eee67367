"""Stories: views of one explorer with captions, for a page that steps through them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields, replace
from typing import Any
from urllib.parse import urlencode

from protvis.errors import LabelError, OptionError, unknown_name
from protvis.export.camera import check_camera
from protvis.scene import Scene, ViewState
from protvis.scene.map_sets import map_kinds
from protvis.scene.view_state import check_view

__all__ = ["STEP_KEYS", "story_steps", "view_fragment"]

_VIEW = tuple(field.name for field in fields(ViewState))

STEP_KEYS = ("caption", *_VIEW, "selected_residues", "selected_link", "cartoon_by", "camera")
"""What a step may say."""


def view_fragment(
    view: ViewState,
    *,
    residues: Sequence[str] = (),
    link: Sequence[str] | None = None,
    cartoon_by: str = "",
    camera: Sequence[float] | None = None,
) -> str:
    """Return a view as the fragment of a page's address, without its ``#``.

    ``page.html#layer=5&head=3&residues=A:HIS57`` opens a page of `write_page` on that view; what a
    fragment leaves out stays as the page has it.

    Parameters
    ----------
    view : ViewState
    residues : sequence of str
        Labels of the selected residues.
    link : (str, str), optional
        Labels of the selected link.
    cartoon_by : str
    camera : sequence of 16 float, optional
        NGL's orientation, as nglview gives it (``explorer.view._camera_orientation``).
    """
    said = {name: str(value) for name, value in asdict(view).items()}
    said |= {"cartoon_by": cartoon_by, "residues": ",".join(residues), "link": ",".join(link or ())}
    if camera:
        said["camera"] = ",".join(f"{value:.5g}" for value in camera)
    return urlencode(said, safe=":,")


def story_steps(
    scene: Scene, view: ViewState, steps: Iterable[Mapping[str, Any]], **common: Any
) -> list[dict[str, str]]:
    """Return the steps of a story as a page holds them: ``caption`` and ``view``.

    Parameters
    ----------
    scene : Scene
    view : ViewState
        What every step begins from.
    steps : iterable of mapping
        Each with a ``caption`` and what differs in it, of `STEP_KEYS`.
    **common
        As for `view_fragment`: what every step begins from.

    Raises
    ------
    OptionError
        If there are no steps, a step has no caption, or a value is out of range.
    LabelError
        If a step names a layer, head, residue, map or track that is not there.
    TypeError
        If a step has an unknown key.
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
        try:
            made.append({"caption": caption, "view": _fragment(scene, view, step, common)})
        except (LabelError, OptionError) as error:
            raise type(error)(f"step {number}: {error}") from error
    if not made:
        raise OptionError("a story needs at least one step")
    return made


def _fragment(
    scene: Scene, view: ViewState, step: Mapping[str, Any], common: Mapping[str, Any]
) -> str:
    sizes = {"n_layers": scene.n_layers, "n_heads": scene.n_heads}
    changes = {name: check_view(name, step[name], **sizes) for name in _VIEW if name in step}
    if changes.get("map", view.map) not in map_kinds(scene):
        raise LabelError(unknown_name("map", changes["map"], map_kinds(scene)))
    chain = scene.chain
    told = dict(common)

    def labels(given: Any) -> list[str]:
        listed = [given] if isinstance(given, str) else list(given)
        return [chain.residue_labels[chain.find(label)] for label in listed]

    if "selected_residues" in step:
        told["residues"], told["link"] = labels(step["selected_residues"]), None
    if "selected_link" in step:
        told["link"] = None if step["selected_link"] is None else labels(step["selected_link"])
    if told.get("link") is not None:
        if len(told["link"]) != 2:
            raise OptionError("selected_link must be two residues, (query, key)")
        # As everywhere, a link selects its residues.
        told["residues"] = sorted(told["link"], key=chain.find)
    if "cartoon_by" in step:
        if step["cartoon_by"]:
            _ = scene.tracks[step["cartoon_by"]]
        told["cartoon_by"] = step["cartoon_by"]
    if "camera" in step:
        told["camera"] = None if step["camera"] is None else check_camera(step["camera"])
    return view_fragment(replace(view, **changes), **told)
