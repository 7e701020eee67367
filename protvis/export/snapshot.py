"""A picture of the 3D scene at any size, drawn by a Chromium that nobody sees."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from protvis.checks import check_whole_number
from protvis.errors import OptionError, OutputError
from protvis.export.chromium import find_chromium
from protvis.export.page import page_text
from protvis.keywords import check_keywords
from protvis.output_file import check_place, write_whole
from protvis.scene import Scene, ViewState

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["LARGEST", "SMALLEST", "take_snapshot"]

SMALLEST, LARGEST = 64, 8192
"""Pixels of a side."""

PATIENCE = 300.0
"""Seconds a picture may take: without a graphics card 12 million pixels take some 50."""

_STYLE = """<style>
html, body, main { margin: 0 !important; padding: 0 !important; max-width: none !important;
  background: transparent !important; overflow: hidden; }
.protvis { padding: 0 !important; border-radius: 0 !important; background: transparent !important; }
.protvis > :not(.pv-body), .pv-right, .pv-left > :not(.pv-structure), .pv-tooltip,
.pv-stage ~ button { display: none !important; }
.protvis { height: auto !important; }
.protvis, .pv-body, .pv-left { display: block !important; }
.pv-structure { border: 0 !important; border-radius: 0 !important; width: %(width)dpx !important;
  height: %(height)dpx !important; min-height: 0 !important; flex: none !important; %(background)s }
%(hidden)s { display: none !important; }
</style>
"""

# NGL clears its canvas with the page's colour; what it clears is then left open instead.
_OPEN = """
for (const kind of [window.WebGLRenderingContext, window.WebGL2RenderingContext]) {
  if (!kind) continue;
  const clearColor = kind.prototype.clearColor;
  kind.prototype.clearColor = function () { return clearColor.call(this, 0, 0, 0, 0); };
}
document.addEventListener("DOMContentLoaded", () => {
  const style = document.createElement("style");
  style.textContent = "canvas, .pv-stage { background: transparent !important; }";
  document.head.append(style);
});
"""

_MISSING = (
    "a snapshot is drawn by a headless Chromium through Playwright, and {what}; install {how}. "
    "Or make the picture in a browser: write to_html() and take it there, or use to_chimerax() or "
    "to_pymol()"
)


@check_keywords
def take_snapshot(
    scene: Scene,
    view: ViewState,
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
    is not found). Surfaces and other representations added through NGLview are not in the picture.

    Parameters
    ----------
    scene : Scene
    view : ViewState
    path : path
        The PNG file; replaced if it exists.
    width, height : int, pixels
        From 64 to 8192.
    transparent : bool
        Whether the background is transparent.
    dark : bool
        Whether to use the dark colours.
    legend : bool
        Whether to include the legend of the arcs' colours.
    camera : sequence of 16 floats, optional
        NGL's orientation. By default that of the view, or the whole chain if it has none.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    OptionError
        If a size or the camera is out of range, or the scene has only a sequence.
    OutputError
        If the file cannot be written, there is no Chromium or Playwright, or it could not draw.
    """
    scene.require_structure("a snapshot")
    path = Path(path)
    if path.suffix.lower() != ".png":
        raise OptionError(
            f"a snapshot is a PNG: expected a name that ends in .png, got {path.name!r}"
        )
    check_place(path)
    for name, size in (("width", width), ("height", height)):
        check_whole_number(name, size, SMALLEST, LARGEST)
    if camera is not None:
        view = view.changed(scene, camera=camera)
    # Arcs are drawn from links: the dense maps may stay behind.
    page = page_text(scene, view, maps=(), maps_bytes=0)
    style = _STYLE % {
        "width": width,
        "height": height,
        "background": "background: transparent !important;" if transparent else "",
        "hidden": ".pv-nothing" if legend else ".pv-legend",
    }
    # The first </head> is the page's own: its title is escaped, and scripts come later.
    page = page.replace("</head>", f"{style}</head>", 1)
    # Playwright's own event loop must not meet the one that a notebook's cells run in.
    with ThreadPoolExecutor(1) as pool:
        picture = pool.submit(_draw, page, (width, height), transparent, dark).result()
    return write_whole(path, picture)


def _draw(html: str, size: tuple[int, int], transparent: bool, dark: bool) -> bytes:
    import tempfile

    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        raise OutputError(
            _MISSING.format(what="Playwright is not installed", how="protvis[snapshot]")
        ) from None
    chromium = find_chromium()
    if chromium is None:
        raise OutputError(
            _MISSING.format(
                what="there is no Chromium",
                how="one (`playwright install chromium`), or name yours in PROTVIS_CHROMIUM",
            )
        )
    options: dict[str, Any] = {
        "viewport": {"width": size[0], "height": size[1]},
        "color_scheme": "dark" if dark else "light",
        "offline": True,
    }
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        file = Path(folder) / "page.html"
        file.write_text(html, "utf-8")
        try:
            browser = playwright.chromium.launch(executable_path=chromium)
            try:
                opened = browser.new_context(**options).new_page()
                if transparent:
                    opened.add_init_script(_OPEN)
                opened.goto(file.as_uri())
                return _still_picture(opened, size, transparent)
            finally:
                browser.close()
        except Error as error:
            raise OutputError(f"Chromium could not draw the scene: {error}") from error


def _still_picture(page: Page, size: tuple[int, int], transparent: bool) -> bytes:
    """Return the picture of a stage at rest, which NGL draws with smoother edges."""
    stage = page.locator('.pv-stage[data-ready="true"][data-resting]')
    failure = page.locator(".pv-failure:not([hidden])")
    stage.or_(failure).first.wait_for(state="attached", timeout=1000 * PATIENCE)
    if failure.count():
        raise OutputError(f"Chromium could not draw the scene: {failure.first.inner_text()}")
    cut: Any = {"x": 0, "y": 0, "width": size[0], "height": size[1]}
    return page.screenshot(clip=cut, omit_background=transparent, timeout=1000 * PATIENCE)
