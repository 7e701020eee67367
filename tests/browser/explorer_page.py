"""One explorer as its user meets it: the same in JupyterLab, Notebook and the offline page.

Only what is on the screen is used, and the few data attributes that say what a canvas holds.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from playwright.sync_api import Locator, Page, expect

from tests.browser.pages import PATIENCE_MS, frames, wait_until
from tests.browser.pictures import Mask, Picture, changed, colourful, decode, drawn, places

SLIDERS = ("layer", "head", "top_k", "threshold", "min_separation")

# What every test starts from; the head slider's last step is the mean over heads.
START = {"layer": 1, "head": "mean", "top_k": 100, "threshold": 0.0, "min_separation": 6}

# The heatmap's drawing area within its canvas (js/src/views/heatmap.ts).
MARGIN = {"left": 44, "top": 6, "right": 6}

# Laid over the 3D picture, and changing on their own.
_OVERLAYS = ".pv-legend, .pv-tooltip, .pv-partners, .pv-menu { visibility: hidden !important; }"

PAIR = re.compile(
    r"^[A-Z]:[A-Z]{3}\d+[A-Z]? [→↔] [A-Z]:[A-Z]{3}\d+[A-Z]? · "
    r"(0|0\.\d+|\d\.\d+e-\d+) · "
    r"(\d+\.\d Å · (contact|no contact|near in sequence)|no coordinates)$"
)
"""What is read out of two residues."""

SETTLE = """
async (root) => {
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  const layout = () =>
    JSON.stringify([scrollX, scrollY, ...[root, ...root.querySelectorAll("section, canvas, div")]
      .flatMap((part) => Object.values(part.getBoundingClientRect().toJSON()))]);
  for (let same = 0, last = ""; same < 3; ) {
    await frame();
    const now = layout();
    same = now === last ? same + 1 : 0;
    last = now;
  }
}
"""


def pair_labels(text: str) -> list[str]:
    """Return the two labels a readout names."""
    return [part.strip() for part in re.split("[→↔]", text.split(" · ")[0])]


class ExplorerPage:
    """Drives one explorer."""

    def __init__(self, page: Page, root: Locator) -> None:
        self.page = page
        self.root = root
        self.stage = root.locator(".pv-stage")
        self.scene = root.locator(".pv-stage [data-arcs], .pv-stage[data-arcs]")
        self.heatmap = root.locator("canvas.pv-canvas")
        self.readout = root.locator(".pv-readout")
        self.tooltip = root.locator(".pv-tooltip")
        self.status = root.locator(".pv-status")
        self.where = root.locator(".pv-where")
        self.legend = root.locator(".pv-legend")
        self.live = root.locator(".pv-live")
        self.residues = root.locator(".pv-res")

    def open_panel(self, name: str) -> None:
        """Bring a panel (map, heads, controls) to the front where there is room for one alone."""
        tab = self.root.locator(".pv-tabs").get_by_role("button", name=name)
        if tab.is_visible():
            tab.click()
            self.settle()

    def resize(self, width: int, height: int) -> None:
        """Give the window another size, and wait until the explorer is laid out for it."""
        self.page.set_viewport_size({"width": width, "height": height})
        # Not by wait_for_function, whose second look a page's policy against eval refuses.
        wait_until(
            self.page,
            lambda: self.page.evaluate("[innerWidth, innerHeight]") == [width, height],
            f"the window is {width} × {height} pixels large",
        )
        self.settle()

    def settle(self) -> None:
        """Wait until all of the explorer stays where it is, which takes a few frames."""
        self.root.evaluate(SETTLE)

    # -- the whole ---------------------------------------------------------------------------------

    def wait_ready(self) -> ExplorerPage:
        """Wait until the structure and its arcs are drawn."""
        expect(self.root).to_be_attached(timeout=2 * PATIENCE_MS)
        ready = self.root.locator('.pv-stage[data-ready="true"]')
        failure = self.root.locator(".pv-failure:not([hidden])")
        expect(ready.or_(failure).first).to_be_attached(timeout=2 * PATIENCE_MS)
        assert failure.count() == 0, failure.all_text_contents()
        expect(self.scene).to_be_attached()
        return self

    def reset(self) -> None:
        """Go back to `START`, by the controls."""
        self.root.scroll_into_view_if_needed()
        # With a selection another slider stands in the place of the number of links; with overlaid
        # heads colours cannot be chosen.
        self.slider("layer").press("Escape")
        self.slider("layer").press("Escape")
        # First, since other kinds of map have no heads to choose from.
        self.choose("map", "attention")
        self.set("layer", 1)
        self.set("head", self.last("head"))
        self.set("top_k", 100)
        self.set("threshold", 0)
        self.set("min_separation", 6)
        self.choose("combine", "max")
        self.choose("color_by", "contact")
        self.choose("cartoon_by", "")
        self.outline(False)
        self.color_heads(0)
        self.show_small_maps(False)
        self.fold_partners(False)
        self.slider("layer").press("Escape")
        self.leave()
        expect(self.scene).to_have_attribute("data-selected", "")

    def fold_partners(self, folded: bool = True) -> None:
        """Fold the table of partners, which covers a corner of the 3D panel; the focus stays."""
        partners = self.root.locator(".pv-partners")
        partners.evaluate("(box, folded) => { box.open = !folded; }", folded)

    def leave(self) -> None:
        """Take the pointer off everything that answers to it."""
        self.where.hover()

    def arcs(self) -> int:
        """Return the number of arcs drawn."""
        return int(self.scene.get_attribute("data-arcs") or -1)

    def expect_arcs(self, count: int) -> None:
        """Wait until so many arcs are drawn."""
        expect(self.scene).to_have_attribute("data-arcs", str(count))

    def selected(self) -> list[str]:
        """Return the labels of the residues whose side chains are shown."""
        return (self.scene.get_attribute("data-selected") or "").split()

    def expect_selected(self, labels: Sequence[str]) -> None:
        """Wait until exactly these residues are selected in 3D and in the sequence."""
        expect(self.scene).to_have_attribute("data-selected", " ".join(labels))
        marked = self.root.locator('.pv-res[aria-selected="true"]')
        expect(marked).to_have_count(len(labels))
        for found, label in zip(marked.all(), labels, strict=True):
            assert (found.get_attribute("aria-label") or "").split(",")[0] == label

    # -- sliders and choices -----------------------------------------------------------------------

    def slider(self, name: str) -> Locator:
        """Return a slider."""
        return self.root.locator(f'input[type="range"][name="{name}"]')

    def value(self, name: str) -> int:
        """Return the step a slider stands on."""
        return int(self.slider(name).input_value())

    def last(self, name: str) -> int:
        """Return a slider's last step."""
        return int(self.slider(name).get_attribute("max") or 0)

    def set(self, name: str, step: int) -> None:
        """Put a slider on a step at once."""
        self.slider(name).fill(str(step))

    def drag(self, name: str, share: float) -> None:
        """Drag a slider's thumb with the mouse to a share of its way."""
        slider = self.slider(name)
        slider.scroll_into_view_if_needed()
        box = slider.bounding_box()
        assert box is not None
        first = int(slider.get_attribute("min") or 0)
        now = (self.value(name) - first) / (self.last(name) - first)
        thumb = 16
        start, end = (box["x"] + thumb / 2 + at * (box["width"] - thumb) for at in (now, share))
        y = box["y"] + box["height"] / 2
        mouse = self.page.mouse
        mouse.move(start, y)
        mouse.down()
        mouse.move((start + end) / 2, y)
        mouse.move(end, y)
        mouse.up()

    def choose(self, name: str, value: str) -> None:
        """Choose from one of the lists."""
        self.root.locator(f'select[name="{name}"]').select_option(value)

    def outline(self, on: bool) -> None:
        """Switch the outlines of contacts in the heatmap."""
        self.root.get_by_label("outline contacts").set_checked(on)

    # -- head grid ---------------------------------------------------------------------------------

    def head_cell(self, layer: int, head: int | str) -> Locator:
        """Return the grid's cell of a head."""
        return self.root.locator(f'.pv-cell[data-head="{layer}-{head}"]')

    def chosen_head(self) -> str:
        """Return the head marked in the grid, as ``layer-head``."""
        chosen = self.root.locator('.pv-cell[aria-selected="true"]')
        expect(chosen).to_have_count(1)
        return chosen.get_attribute("data-head") or ""

    def scores(self) -> list[float]:
        """Return the score each cell of the grid says, NaN for none."""
        names = self.root.locator(".pv-cell").evaluate_all(
            "all => all.map((e) => e.getAttribute('aria-label'))"
        )
        said = [name.split(" · ")[0].rsplit(" ", 1)[1] for name in names]
        return [math.nan if value == "–" else float(value) for value in said]

    def expect_scores(self, expected: np.ndarray) -> None:
        """Wait until the grid says these scores, to two places.

        A kind of map that Python computes arrives some time after it was chosen, and may draw as
        many arcs as the one before it; until then the grid is rightly the old one's.
        """
        wanted = np.asarray(expected, float).ravel()

        def said() -> bool:
            scores = np.array(self.scores())
            return scores.shape == wanted.shape and np.allclose(
                scores, wanted, rtol=0, atol=0.0051, equal_nan=True
            )

        try:
            wait_until(self.page, said, "the grid says the scores")
        except AssertionError:
            np.testing.assert_allclose(self.scores(), wanted, rtol=0, atol=0.0051)
            raise

    def color_heads(self, score: int | str) -> None:
        """Colour the head grid by a score, by its place in the menu or its title."""
        menu = self.root.locator(".pv-heads select")
        if isinstance(score, int):
            menu.select_option(index=score)
        else:
            menu.select_option(label=score)

    def show_small_maps(self, on: bool) -> None:
        """Switch between the two faces of the head grid."""
        button = self.root.locator(".pv-toggle")
        if (button.get_attribute("aria-pressed") == "true") != on:
            button.click()

    def grid_fits(self) -> bool:
        """Return whether all of the grid is in sight, with nothing to scroll."""
        return bool(
            self.root.locator(".pv-gridbox").evaluate(
                "e => e.scrollWidth <= e.clientWidth && e.scrollHeight <= e.clientHeight"
                " && e.offsetWidth === e.clientWidth && e.offsetHeight === e.clientHeight"
            )
        )

    def grid_shape(self) -> tuple[int, int]:
        """Return the rows and columns of the grid of heads."""
        rows = self.root.locator(".pv-grid .pv-row")
        cells = self.root.locator(".pv-grid .pv-cell")
        return rows.count(), cells.count() // rows.count()

    # -- sequence ----------------------------------------------------------------------------------

    def residue(self, index: int) -> Locator:
        """Return a residue of the sequence."""
        return self.root.locator(f'.pv-res[data-residue="{index}"]')

    def labels(self) -> list[str]:
        """Return the labels of all residues, in order."""
        names = self.residues.evaluate_all("all => all.map((e) => e.getAttribute('aria-label'))")
        return [name.split(",")[0] for name in names]

    def drag_residues(self, first: int, last: int) -> None:
        """Drag from one residue to another."""
        self.residue(first).scroll_into_view_if_needed()
        self.residue(first).hover()
        self.page.mouse.down()
        self.residue((first + last) // 2).hover()
        self.residue(last).hover()
        self.page.mouse.up()

    # -- heatmap -----------------------------------------------------------------------------------

    def map_window(self) -> tuple[float, float, float]:
        """Return the heatmap's first column, first row and span, in residues."""
        x, y, span = (self.heatmap.get_attribute("data-view") or "").split()
        return float(x), float(y), float(span)

    def map_point(self, query: float, key: float) -> tuple[float, float]:
        """Return the point on the page of a cell's middle."""
        self.heatmap.scroll_into_view_if_needed()
        # What moves the map is drawn, and said, in the next frame.
        frames(self.page)
        box = self.heatmap.bounding_box()
        assert box is not None
        x, y, span = self.map_window()
        cell = (box["width"] - MARGIN["left"] - MARGIN["right"]) / span
        return (
            box["x"] + MARGIN["left"] + (key + 0.5 - x) * cell,
            box["y"] + MARGIN["top"] + (query + 0.5 - y) * cell,
        )

    def hover_map(self, query: int, key: int) -> None:
        """Rest the pointer on a cell."""
        self.page.mouse.move(*self.map_point(query, key))

    def drag_map(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Drag from one cell (query, key) to another."""
        # Found before the map moves with the pointer.
        (left, top), (right, bottom) = self.map_point(*start), self.map_point(*end)
        mouse = self.page.mouse
        mouse.move(left, top)
        mouse.down()
        mouse.move((left + right) / 2, (top + bottom) / 2)
        mouse.move(right, bottom)
        mouse.up()

    def map_picture(self) -> Picture:
        """Return a picture of the heatmap."""
        return decode(self.heatmap.screenshot())

    # -- 3D ----------------------------------------------------------------------------------------

    def expect_dark(self, dark: bool) -> None:
        """Wait for the dark or the light scheme."""
        expect(self.root.and_(self.page.locator(".pv-dark"))).to_have_count(int(dark))

    def picture(self) -> Picture:
        """Return a picture of the 3D panel once it stands still."""
        self.stage.scroll_into_view_if_needed()
        frames(self.page)
        last = self._shot()

        def still() -> bool:
            nonlocal last
            frames(self.page)
            before, last = last, self._shot()
            # Names of residues are written once what they name rests.
            named = self.scene.and_(self.page.locator("[data-names='…']")).count() == 0
            return named and np.array_equal(before, last)

        wait_until(self.page, still, "the 3D picture stands still")
        return last

    def _shot(self) -> Picture:
        # Whole pixels, so that two pictures are of the same size.
        left, top, width, height = self._stage_box()
        clip = {"x": left, "y": top, "width": width, "height": height}
        return decode(self.page.screenshot(clip=clip, style=_OVERLAYS))

    def _stage_box(self) -> tuple[int, int, int, int]:
        box = self.stage.bounding_box()
        assert box is not None
        # Where the browser puts the canvas: on the nearest pixel, not on the next.
        left, top = math.floor(box["x"] + 0.5), math.floor(box["y"] + 0.5)
        return left, top, math.floor(box["width"]), math.floor(box["height"])

    def picture_without_arcs(self) -> Picture:
        """Return a picture of the protein alone; the threshold goes up and comes back."""
        threshold = self.value("threshold")
        self.set("threshold", self.last("threshold"))
        self.expect_arcs(0)
        bare = self.picture()
        self.set("threshold", threshold)
        return bare

    def arc_places(self) -> list[tuple[int, int]]:
        """Return points of the 3D panel that show arcs, the clearest first."""
        bare = self.picture_without_arcs()
        full = self.picture()
        return places(changed(bare, full) & colourful(full) & ~self._covered(full))

    def protein_places(self) -> list[tuple[int, int]]:
        """Return points of the 3D panel that show the cartoon and no arc, the clearest first."""
        bare = self.picture_without_arcs()
        full = self.picture()
        alone = drawn(bare) & ~colourful(bare) & ~changed(bare, full, by=4)
        return places(alone & ~self._covered(full))

    def background_place(self) -> tuple[int, int]:
        """Return a point of the 3D panel that shows nothing."""
        picture = self.picture()
        return places(~drawn(picture) & ~self._covered(picture))[0]

    def _covered(self, picture: Picture) -> Mask:
        """Return where the table of partners or the menu lies over the 3D panel."""
        mask = np.zeros(picture.shape[:2], dtype=bool)
        left, top, *_ = self._stage_box()
        for cover in self.root.locator(".pv-structure :is(.pv-partners, .pv-menu):visible").all():
            box = cover.bounding_box()
            if box is not None:
                x, y = max(int(box["x"] - left), 0), max(int(box["y"] - top), 0)
                right, bottom = box["x"] + box["width"] - left, box["y"] + box["height"] - top
                mask[y : max(int(bottom) + 2, 0), x : max(int(right) + 2, 0)] = True
        return mask

    def on_stage(self, place: tuple[int, int]) -> tuple[float, float]:
        """Return the point on the page of a point of the 3D panel."""
        left, top, *_ = self._stage_box()
        return left + place[0] + 0.5, top + place[1] + 0.5

    def point_at(self, place: tuple[int, int]) -> str:
        """Rest the pointer on a point of the 3D panel and return what the tooltip says, if any."""
        x, y = self.on_stage(place)
        self.scene.evaluate("panel => { delete panel.dataset.pickedAt; }")
        # From a little aside, since only a pointer that moves is looked at.
        self.page.mouse.move(x - 3, y - 3)
        self.page.mouse.move(x, y)

        # The panel says where it picked once the pointer rests, which it may do on the way, too;
        # until then, the tooltip is old.
        def rests() -> bool:
            at = (self.scene.get_attribute("data-picked-at") or "nan nan").split()
            return all(
                abs(float(found) - wanted - 0.5) < 1.5
                for found, wanted in zip(at, place, strict=True)
            )

        wait_until(self.page, rests, f"the panel picks at {place}")
        return self.tooltip.inner_text() if self.tooltip.is_visible() else ""

    def picked(self) -> str:
        """Return what NGL itself calls the atom last picked, as a residue label."""
        return self.scene.get_attribute("data-picked") or ""

    def shot(self, path: str | Path) -> None:
        """Write a picture of the explorer."""
        self.root.screenshot(path=path)

    def click_stage(self, place: tuple[int, int]) -> None:
        """Click on a point of the 3D panel."""
        self.page.mouse.click(*self.on_stage(place), delay=20)

    def look(self, before: Picture) -> Picture:
        """Look at the selection, or at all, with F, and return the picture from there.

        The camera goes for a while, and stands still before it goes.
        """
        self.page.keyboard.press("f")
        self.leave()
        wait_until(
            self.page,
            lambda: changed(before, self.picture()).mean() > 0.05,
            "the camera has gone elsewhere",
        )
        return self.picture()

    def turn(self, right: int, down: int) -> None:
        """Turn the structure by dragging over the background."""
        x, y = self.on_stage(self.background_place())
        mouse = self.page.mouse
        mouse.move(x, y)
        mouse.down()
        mouse.move(x + right / 2, y + down / 2)
        mouse.move(x + right, y + down)
        mouse.up()
