"""The demonstration page: its size, its first 3D frame, and whether it asks for anything."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from browser import chromium_page
from report import Report, duration, size

MOST_BYTES = 5_000_000
MOST_SECONDS = 4.0
N_ROUNDS = 5

# Written down by the page itself: from the start of navigation to the frame after the 3D panel says
# that structure and arcs are there.
WATCH = """
const watch = setInterval(() => {
  if (!document.querySelector('[data-ready="true"]')) return;
  clearInterval(watch);
  const note = () => { document.documentElement.dataset.first = String(performance.now()); };
  requestAnimationFrame(() => requestAnimationFrame(note));
}, 5);
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "protvis-demo.html"
        subprocess.run([sys.executable, "-m", "protvis", "demo", "-o", path], check=True)
        n_bytes = path.stat().st_size
        asked: list[str] = []
        seconds = []
        for _ in range(N_ROUNDS):
            with chromium_page(1400, 1000, WATCH) as page:
                page.on("request", lambda request: asked.append(request.url))
                page.goto(path.as_uri())
                page.wait_for_selector("html[data-first]", timeout=120_000)
                seconds.append(
                    float(page.evaluate("document.documentElement.dataset.first")) / 1000
                )
                page.wait_for_timeout(1000)
        beyond = [
            url for url in asked if url != path.as_uri() and not url.startswith(("data:", "blob:"))
        ]
    seconds.sort()
    report = Report("4 · protvis-demo.html")
    report.check("size", size(n_bytes), f"≤ {size(MOST_BYTES)}", n_bytes <= MOST_BYTES)
    report.check(
        f"first 3D frame, median of {N_ROUNDS}",
        f"{duration(seconds[N_ROUNDS // 2])} ({duration(seconds[0])} to {duration(seconds[-1])})",
        f"≤ {duration(MOST_SECONDS)}",
        seconds[N_ROUNDS // 2] <= MOST_SECONDS,
    )
    report.check("requests beyond the file", str(len(beyond)), "0", not beyond)
    for url in beyond[:5]:
        report.note("asked for", url[:80])
    report.finish()


if __name__ == "__main__":
    main()
