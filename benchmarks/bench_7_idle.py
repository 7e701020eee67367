"""What an explorer that nobody touches costs in JupyterLab: CPU of its page and of the GPU process.

The same page of JupyterLab is watched four times: before any cell has run, with the explorer in
sight, scrolled out of sight, and in sight again. Counted are the CPU seconds of all renderer
processes and of the GPU process of the browser, here with software GL.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from browser import STRUCTURE, Lab, jupyterlab
from report import Report

SECONDS = 20
REST = 15
MOST = 0.01
"""Share of one core above the bare page."""
_TICKS = os.sysconf("SC_CLK_TCK")

CELLS = [
    f"""
import protvis as pv
pv.explore({str(STRUCTURE)!r}, model="mini-positions", top_k=500)
""",
    "from IPython.display import HTML\nHTML('<p id=below style=\"height: 6000px\">below</p>')",
]

SCROLL = """(top) => {
  const pane = document.querySelector('.jp-WindowedPanel-outer');
  pane.scrollTop = top ? 0 : pane.scrollHeight;
  return pane.scrollTop;
}"""


def browser_seconds() -> dict[str, float]:
    """Return the CPU seconds, so far, of this process's browser: its pages, and its GPU process."""
    found = {"renderer": 0.0, "gpu-process": 0.0}
    parents: dict[int, int] = {}
    times: dict[int, tuple[str, float]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().decode(errors="replace")
            # After the name, which may hold blanks: state, parent, …, user and system time.
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(folder.name)] = int(fields[1])
        kind = next((kind for kind in found if f"--type={kind}" in command), "")
        times[int(folder.name)] = kind, (int(fields[11]) + int(fields[12])) / _TICKS
    for process, (kind, seconds) in times.items():
        ancestor = process
        while kind and ancestor in parents and ancestor != os.getpid():
            ancestor = parents[ancestor]
        if kind and ancestor == os.getpid():
            found[kind] += seconds
    return found


def watch(lab: Lab) -> dict[str, float]:
    """Return what share of a core the pages and the GPU process take while nothing happens."""
    lab.settle(2.0)
    # The page's own tidying after it was built or scrolled.
    lab.page.wait_for_timeout(1000 * REST)
    before, start = browser_seconds(), time.monotonic()
    # Not by Playwright, which would talk to the page meanwhile.
    time.sleep(SECONDS)
    passed = time.monotonic() - start
    return {kind: (seconds - before[kind]) / passed for kind, seconds in browser_seconds().items()}


def main() -> None:
    report = Report(f"7 · an explorer nobody touches, in JupyterLab: share of a core, {SECONDS} s")
    with jupyterlab(CELLS) as lab:
        bare = watch(lab)
        lab.run_cells()
        lab.page.wait_for_selector('.pv-stage[data-ready="true"]', timeout=120_000)
        lab.page.wait_for_selector("#below", state="attached", timeout=60_000)
        found = {}
        for where, top in (("in sight", True), ("scrolled away", False), ("in sight again", True)):
            at = lab.page.evaluate(SCROLL, top)
            if (at == 0) != top:
                raise SystemExit(f"the notebook did not scroll: it is at {at}")
            found[where] = watch(lab)
    report.note("the page before any cell ran: page + GPU process", shares(bare))
    for where, used in found.items():
        above = sum(used.values()) - sum(bare.values())
        report.check(
            f"explorer {where}",
            f"{shares(used)}, {above:+.1%} above",
            f"≤ {MOST:.0%}",
            above <= MOST,
        )
    report.finish()


def shares(used: dict[str, float]) -> str:
    return f"{used['renderer']:.1%} + {used['gpu-process']:.1%}"


if __name__ == "__main__":
    main()
