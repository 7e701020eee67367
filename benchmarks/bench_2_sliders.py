"""What a slider step costs in script, on a common protein and on a large one, and without a kernel.

A step is an `input` event on the layer or head slider at 500 links. Counted are the event itself
with all that follows at once (links, arcs, map, labels), the promises it settles, and every frame
callback until the second frame after it; not the drawing that the GPU, here software, does, nor
what tells Python of it, later. The first steps, through code that no engine has compiled yet, stand
in a row of their own.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from browser import STRUCTURE, chromium_page, jupyterlab
from large import N_HEADS, N_LAYERS, N_RESIDUES, write_model, write_structure
from report import Report, duration, size

N_LINKS = 500
MOST_SCRIPT = 0.008
MOST_IN_LAB = 0.005
MOST_STATE = 4_000_000

# Adds up the time spent in frame callbacks, NGL's among them.
FRAMES = """
(() => {
  const original = window.requestAnimationFrame.bind(window);
  window.benchFrames = { script: 0, next: () => new Promise((resolve) => original(resolve)) };
  window.requestAnimationFrame = (callback) => original((time) => {
    const start = performance.now();
    try { callback(time); } finally { window.benchFrames.script += performance.now() - start; }
  });
})();
"""

STEPS = """async ([count, pause]) => {
  const root = document.querySelector('.protvis');
  const [layer, head] = ['layer', 'head'].map((name) => root.querySelector(`input[name=${name}]`));
  const held = () => root.querySelector('[data-arcs]').dataset.arcs;
  const times = { event: [], frame: [], all: [] };
  const arcs = [];
  for (let n = 0; n < count; n++) {
    const input = n % 3 === 0 ? layer : head;
    const stride = n % 3 === 0 ? 1 : 5;
    input.value = String(1 + ((Number(input.value) - 1 + stride) % Number(input.max)));
    window.benchFrames.script = 0;
    const start = performance.now();
    input.dispatchEvent(new Event('input', { bubbles: true }));
    // All promises that were settled by it have run after so many turns.
    for (let turn = 0; turn < 30; turn++) await null;
    const event = performance.now() - start;
    await window.benchFrames.next();
    await window.benchFrames.next();
    times.event.push(event);
    times.frame.push(window.benchFrames.script);
    times.all.push(event + window.benchFrames.script);
    arcs.push(Number(held()));
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
  return { times, arcs, where: root.querySelector('.pv-where').textContent };
}"""


def median(values: list[float]) -> float:
    """Return the median of milliseconds in seconds."""
    return sorted(values)[len(values) // 2] / 1000


def summary(steps: dict[str, Any]) -> dict[str, Any]:
    worst = sorted(steps["times"]["all"])[int(0.95 * len(steps["times"]["all"]))] / 1000
    medians = {part: median(values) for part, values in steps["times"].items()}
    return {**medians, "worst": worst, "arcs": steps["arcs"], "where": steps["where"]}


def on_page(path: Path) -> dict[str, Any]:
    # Small, because every frame is drawn by software; the script does not depend on it.
    with chromium_page(900, 700, script=FRAMES) as page:
        page.set_default_timeout(180_000)
        page.goto(path.as_uri())
        page.wait_for_selector('[data-ready="true"]')
        page.wait_for_timeout(1000)
        first = summary(page.evaluate(STEPS, [20, 10]))
        return {"first": first, **summary(page.evaluate(STEPS, [31, 10]))}


def pages(folder: Path) -> tuple[dict[str, Any], dict[str, Any], dict[str, int]]:
    from ipywidgets.widgets.widget import _instances, _remove_buffers

    import protvis as pv

    common = pv.explore(STRUCTURE, "mini-positions", top_k=N_LINKS, min_separation=6)
    common.to_html(folder / "common.html")
    common.close()
    before = set(_instances)
    model = pv.load_model(write_model(folder / "model"))
    large = pv.explore(write_structure(folder / "large.pdb"), model, top_k=N_LINKS)
    assert (large.model.n_layers, large.model.n_heads) == (N_LAYERS, N_HEADS)
    assert large.chain.n_residues == N_RESIDUES
    state = {"buffers": 0, "text": 0}
    for identity in set(_instances) - before:
        plain, _, buffers = _remove_buffers(_instances[identity].get_state())
        state["buffers"] += sum(memoryview(buffer).nbytes for buffer in buffers)
        state["text"] += len(json.dumps(plain, default=str).encode())
    large.to_html(folder / "large.html")
    large.close()
    return on_page(folder / "common.html"), on_page(folder / "large.html"), state


CELLS = [
    f"""
import protvis as pv
explorer = pv.explore({str(STRUCTURE)!r}, model="mini-positions", top_k={N_LINKS})
explorer
"""
]

BUSY = """() => {
  const { kernel } = window.jupyterapp.shell.currentWidget.sessionContext.session;
  kernel.requestExecute({ code: 'import time; time.sleep(600)' });
}"""
DEAD = """async () => {
  await window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.shutdown();
}"""


def in_lab() -> dict[str, dict[str, Any]]:
    found = {}
    with jupyterlab(CELLS, FRAMES) as lab:
        lab.run_cells()
        lab.page.wait_for_selector('.pv-stage[data-ready="true"]', timeout=120_000)
        lab.settle(2.0)
        found["first"] = summary(lab.page.evaluate(STEPS, [40, 10]))
        found["idle"] = summary(lab.page.evaluate(STEPS, [61, 10]))
        lab.page.evaluate(BUSY)
        lab.page.wait_for_timeout(500)
        found["busy"] = summary(lab.page.evaluate(STEPS, [61, 10]))
        # A busy kernel does not hear of its end; the server ends it.
        lab.page.evaluate(DEAD)
        lab.page.wait_for_timeout(1000)
        found["dead"] = summary(lab.page.evaluate(STEPS, [61, 10]))
    return found


def describe(steps: dict[str, Any]) -> str:
    return f"{duration(steps['all'])} ({duration(steps['event'])} + {duration(steps['frame'])})"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        common, large, state = pages(Path(folder))
    lab = in_lab()
    report = Report(f"2 · one slider step at {N_LINKS} links: script, median (event + frames)")
    limit = f"≤ {duration(MOST_SCRIPT)}"
    report.note("first sight of a head, page", describe(common["first"]))
    report.check(
        "223 residues, 2 × 8 heads, page", describe(common), limit, common["all"] <= MOST_SCRIPT
    )
    report.note("the same, 95 % of steps within", duration(common["worst"]))
    report.note("the first 40 steps in JupyterLab", describe(lab.pop("first")))
    for kernel, steps in lab.items():
        works = set(steps["arcs"]) == {N_LINKS} or len(set(steps["arcs"])) > 1
        report.check(
            f"in JupyterLab, kernel {kernel}",
            describe(steps),
            f"≤ {duration(MOST_IN_LAB)}",
            works and steps["all"] <= MOST_IN_LAB,
        )
    name = f"{N_RESIDUES} residues, {N_LAYERS} × {N_HEADS} heads"
    report.note(f"first sight of a head, {name}", describe(large["first"]))
    report.check(f"{name}, page", describe(large), limit, large["all"] <= MOST_SCRIPT)
    report.note("beside the common protein", f"{large['all'] / common['all']:.2f} ×")
    total = sum(state.values())
    report.check(
        f"3 · state of all widgets, {name}",
        f"{size(total)} ({size(state['buffers'])} of buffers)",
        f"≤ {size(MOST_STATE)}",
        total <= MOST_STATE,
    )
    report.finish()


if __name__ == "__main__":
    main()
