"""The browser's code, run by Node, and a scene for both languages."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from protvis.scene import Scene, build_scene
from protvis.scene.user_map import OwnMap
from tests.contract.two_languages.browser_code import JS, Browser

ENTRY = """
export { LinkTable, COMBINE, LEVELS } from "%(src)s/model/links";
export { MapSet, decodeLinks, decodeMap, mapValue } from "%(src)s/model/map-set";
export { MOST_PAIRS, selectionTable } from "%(src)s/model/selection-table";
export { Scene } from "%(src)s/model/scene";
export { changeOf } from "%(src)s/model/change";
export { ExplorerState } from "%(src)s/model/state";
export { MOST_OVERLAID } from "%(src)s/model/overlay";
export { COLOR_BY, VIEW_FIELDS, arcColorBy } from "%(src)s/model/view";
export { MOST_LINKS, applyView, writeView } from "%(src)s/model/view-link";
export { ARRAY_NAMES, MAP_ARRAY_NAMES, SCENE_VERSION, decodeArray } from "%(src)s/model/wire";
export { ANSWER_KINDS, QUESTION_KINDS } from "%(src)s/hosts/messages";
export { Track } from "%(src)s/model/tracks";
export { arcPoints } from "%(src)s/stage/arc";
export { SEGMENTS } from "%(src)s/stage/arc-layer";
export { colormapped } from "%(src)s/stage/link-color";
export { HEAD_COLORS, LIGHT, trackColor } from "%(src)s/stage/theme";
export { asideOf, changeColors, relationColors } from "%(src)s/stage/arc-style";
export { OPACITIES, opacityLevel, radiusOf } from "%(src)s/stage/arc-style";
"""

DRIVER = """
import * as browser from "./bundle.mjs";
import { readFileSync, writeFileSync } from "node:fs";

// Bytes as they lie in a websocket frame: somewhere inside a larger buffer, at an odd place.
export function bytes(text) {
  const data = Buffer.from(text, "base64");
  const frame = new Uint8Array(data.length + 64);
  frame.set(data, 13);
  return new DataView(frame.buffer, 13, data.length);
}
const arrays = (encoded) => Object.fromEntries(
  Object.entries(encoded).map(([name, array]) => [name, { ...array, data: bytes(array.data) }]));
const plain = (links) => ({
  query: [...links.query], key: [...links.key], weight: [...links.weight], sign: [...links.sign],
  reaching: links.reaching, complete: links.complete, floor: links.floor,
});
const input = JSON.parse(readFileSync(process.argv[2], "utf8"));
const run = (%(body)s);
writeFileSync(process.argv[3], JSON.stringify(run(input), (_, value) =>
  typeof value === "number" && !Number.isFinite(value) ? null : value));
"""


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Browser:
    """Return a function that runs a piece of JavaScript on the browser's code and on an input."""
    node, esbuild = shutil.which("node"), JS / "node_modules" / ".bin" / "esbuild"
    if node is None or not esbuild.exists():
        message = "needs Node.js and js/node_modules; `make test` installs them"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    folder = tmp_path_factory.mktemp("browser")
    (folder / "entry.ts").write_text(ENTRY % {"src": (JS / "src").as_posix()})
    command = [
        *(esbuild, folder / "entry.ts", "--bundle", "--format=esm", "--platform=node"),
        *(f"--outfile={folder / 'bundle.mjs'}", "--log-level=warning"),
    ]
    # The entry lies elsewhere, so the libraries it needs must be pointed to.
    environment = {**os.environ, "NODE_PATH": str(JS / "node_modules")}
    subprocess.run(command, check=True, env=environment)

    def run(body: str, value: Any) -> Any:
        (folder / "driver.mjs").write_text(DRIVER % {"body": body})
        (folder / "input.json").write_text(json.dumps(value))
        done = subprocess.run(
            [node, "driver.mjs", "input.json", "output.json"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads((folder / "output.json").read_text())

    return run


@pytest.fixture(scope="module")
def scene(demo_structure: Path) -> Scene:
    from protvis.models import load_model
    from protvis.structure import load_structure

    structure = load_structure(demo_structure)
    made = build_scene(structure, structure.chains["A"], load_model("mini-positions"))
    values = np.random.default_rng(0).normal(size=(223, 223)).astype(np.float32)
    made.add_matrix("mine", values)
    values = values.copy()
    values[7], values[:, 7] = np.nan, np.nan
    made.add_matrix("change", OwnMap(values, difference=True, noise=0.5))
    return made
