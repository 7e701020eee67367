"""An explorer that opens in JupyterLab: what is seen while the model runs, and an interrupt."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from tests.browser.jupyter_host import NotebookHost
from tests.browser.pages import wait_until

WIDGETS = "len(__import__('ipywidgets').widgets.widget._instances)"
THREADS = "len(__import__('threading').enumerate())"

# Each layer waits until its file is there.
SLOW = """
import time
from pathlib import Path
import protvis as pv
from protvis.data import TRYPSIN
from protvis.widgets import opening_panel
opening_panel._AT_ONCE = 0
slow = pv.load_model("mini")
def wait_for(file):
    while not file.exists():
        time.sleep(0.02)
hooks = [
    layer.register_forward_pre_hook(lambda *_, n=n: wait_for(Path({folder!r}) / str(n)))
    for n, layer in enumerate(slow.module.encoder.layer)
]
n_layers = slow.n_layers
"""


def test_the_panel_follows_the_model_and_leaves(own_host: NotebookHost, tmp_path: Path) -> None:
    host, kernel = own_host, own_host.kernel
    assert kernel is not None
    n_layers = kernel.run(SLOW.format(folder=str(tmp_path)), "n_layers")
    panel = host.page.locator(".pv-opening")
    status, bar = panel.get_by_role("status"), panel.get_by_role("progressbar")
    painted = panel.locator(".pv-cell[style*=background]")

    host.run_cell("opened = pv.explore(TRYPSIN, model=slow)\nopened", wait=False)
    expect(panel).to_be_visible()
    expect(status).to_contain_text(f"layer 0 of {n_layers}")
    expect(painted).to_have_count(0)
    n_columns = panel.locator(".pv-cell").count() // n_layers
    for n in range(n_layers - 1):
        (tmp_path / str(n)).touch()
        expect(status).to_contain_text(f"layer {n + 1} of {n_layers}")
        expect(bar).to_have_js_property("value", n + 1)
        expect(painted).to_have_count((n + 1) * n_columns)
    (tmp_path / str(n_layers - 1)).touch()
    expect(panel).to_have_count(0)
    ready = host.page.locator(".jp-Cell").last.locator('.pv-stage[data-ready="true"]')
    expect(ready).to_be_visible()
    # NGLview tells where its camera is a little later, and fails where its widget is closed.
    host.rest()

    # An interrupt: no panel, no explorer, nothing that goes on.
    kernel.run("opened.close()")
    for file in tmp_path.iterdir():
        file.unlink()
    widgets, threads = kernel.value(WIDGETS), kernel.value(THREADS)
    host.run_cell("opened = pv.explore(TRYPSIN, model=slow)", wait=False)
    expect(panel).to_be_visible()
    (tmp_path / "0").touch()
    expect(status).to_contain_text(f"layer 1 of {n_layers}")
    host.page.evaluate(
        "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.interrupt()"
    )
    expect(panel).to_have_count(0)
    expect(host.page.locator(".jp-Cell").last).to_contain_text("KeyboardInterrupt")
    wait_until(host.page, lambda: kernel.value(WIDGETS) == widgets, "no widget is left")
    wait_until(host.page, lambda: kernel.value(THREADS) == threads, "no thread is left")
    assert host.problems.take() == []
