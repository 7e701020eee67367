"""Pictures of the 3D scene at a chosen size, from a Chromium that nobody sees."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.browser.pictures import changed, colourful, decode, drawn

TURNED = [float(value) for value in (np.diag([-1.0, 1, -1, 1]) * 90).ravel()]


@pytest.fixture(autouse=True)
def _chromium(chromium: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROTVIS_CHROMIUM", chromium)


def test_snapshots(twin: Any, tmp_path: Path) -> None:
    twin.cartoon_by = "secondary structure"
    try:
        path = twin.snapshot(tmp_path / "plain.png", 640, 400)
        plain = decode(path.read_bytes())
        assert plain.shape == (400, 640, 3)
        assert (plain[2, 2] == 255).all()
        assert 0.05 < drawn(plain).mean() < 0.6
        assert colourful(plain).mean() > 0.01

        # A notebook runs its cells within an event loop.
        async def cell() -> None:
            twin.snapshot(tmp_path / "open.png", 640, 400, transparent=True)

        # In a thread: the browser that other tests share keeps a loop running in this one.
        with ThreadPoolExecutor(1) as pool:
            pool.submit(lambda: asyncio.run(cell())).result()
        opened = np.asarray(Image.open(tmp_path / "open.png"))
        assert opened.shape == (400, 640, 4)
        assert (opened[[0, 0, -1, -1], [0, -1, 0, -1], 3] == 0).all()
        # The same picture, with nothing where the other has its background.
        alpha = opened[..., 3:] / 255
        over_white = (opened[..., :3] * alpha + 255 * (1 - alpha)).round().astype(np.uint8)
        assert not changed(over_white, plain, by=2).any()
        assert (opened[..., 3] > 0).mean() == pytest.approx(drawn(plain).mean(), abs=0.03)

        dark = decode(
            twin.snapshot(tmp_path / "dark.png", 400, 640, dark=True, legend=True).read_bytes()
        )
        assert dark.shape == (640, 400, 3)
        assert dark[2, 2].max() < 60
        turned = decode(
            twin.snapshot(tmp_path / "turned.png", 640, 400, camera=TURNED).read_bytes()
        )
        assert changed(turned, plain).mean() > 0.05
        assert drawn(turned).mean() > 0.03
    finally:
        twin.cartoon_by = ""
