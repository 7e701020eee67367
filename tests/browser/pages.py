"""Any page of a browser: how it is prepared, waited for and asked."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from playwright.sync_api import BrowserContext, Page, expect

# How long a test waits for what it looks at: only a failure takes so long, and a busy machine may.
PATIENCE_MS = 60_000
expect.set_options(timeout=PATIENCE_MS)

WATCH_WEBGL = """
(() => {
  const made = (window.madeWebGL = []);
  const original = HTMLCanvasElement.prototype.getContext;
  HTMLCanvasElement.prototype.getContext = function (kind, options, ...rest) {
    const webgl = String(kind).startsWith("webgl");
    if (webgl) options = { ...options, antialias: false };
    const context = original.call(this, kind, options, ...rest);
    if (context && webgl && !made.includes(context)) made.push(context);
    return context;
  };
})();
"""
"""Script for a context: keeps all WebGL contexts made on a page, so that their loss can be seen.

They draw without multisampling, which in software is half of what a picture costs.
"""

ONE_PICTURE = """
Object.defineProperty(Object.prototype, "sampleLevel", {
  configurable: true,
  get() {},
  set(level) {
    const viewer = typeof this.setSampling === "function";
    const own = viewer
      ? { get: () => level, set: (wanted) => { level = Math.min(wanted, 0); } }
      : { value: level, writable: true, enumerable: true };
    Object.defineProperty(this, "sampleLevel", { configurable: true, ...own });
  },
});
"""
"""Script for a context: NGL's picture of a scene is the same from its first frame on.

After half a second at rest NGL draws the scene eight times over for smoother edges. Two pictures of
one scene then differ by when they were taken, and in software each costs a second.
"""


def prepare(context: BrowserContext) -> BrowserContext:
    """Have a profile wait as long as all tests do, and draw and count its stages as they expect."""
    context.set_default_timeout(PATIENCE_MS)
    context.add_init_script(WATCH_WEBGL)
    context.add_init_script(ONE_PICTURE)
    return context


def live_webgl(page: Page) -> int:
    """Return how many WebGL contexts of a page are alive (see `WATCH_WEBGL`)."""
    return int(page.evaluate("window.madeWebGL.filter((c) => !c.isContextLost()).length"))


def wait_until(
    page: Page, condition: Callable[[], Any], what: str, timeout_ms: int = PATIENCE_MS
) -> Any:
    """Return the condition's first true value; the page goes on meanwhile."""
    deadline = time.monotonic() + timeout_ms / 1000
    while True:
        began = time.monotonic()
        value = condition()
        if value:
            return value
        now = time.monotonic()
        if now > deadline:
            raise AssertionError(f"waited {timeout_ms / 1000:.0f} s in vain: {what}")
        # What costs more to look at is looked at less often.
        page.wait_for_timeout(max(40, 1000 * (now - began)))


def frames(page: Page) -> None:
    """Wait until the page has drawn what it knows."""
    page.evaluate(
        "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )
