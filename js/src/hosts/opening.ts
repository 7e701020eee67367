// What stands where an explorer will be while its model runs: how far it is, and the heads as layers arrive.

import type { AnyModel, Render } from "@anywidget/types";
import { element } from "../dom";

interface Traits {
  _title: string;
  /** Layers, and heads with the mean, of each. */
  _shape: [number, number];
  _n_done: number;
  /** A share per head, float32 little-endian, row by row; NaN where the layer is not there yet. */
  _scores: DataView;
  /** What the score is called, and 256 colours for it, as RGB. */
  _score_title: string;
  _colors: DataView;
}

/** The brightest colour stands for at least this much, as in the head grid. */
const BRIGHT_SHARE = 0.3;

export function renderOpening(model: AnyModel<Traits>, el: HTMLElement): () => void {
  const [rows, columns] = model.get("_shape");
  const colors = model.get("_colors");
  const bar = element("progress", { max: rows, "aria-label": "layers that are ready" }) as HTMLProgressElement;
  const said = element("span", { role: "status", class: "pv-meaning" });
  const cells: HTMLElement[] = [];
  const lines = Array.from({ length: rows }, (_, row) => {
    const line = element("div", { class: "pv-row" }, element("span", { class: "pv-rowhead" }, String(row + 1)));
    for (let column = 0; column < columns; column++) {
      const cell = element("div", { class: column === columns - 1 ? "pv-cell pv-meancell" : "pv-cell" });
      cells.push(cell);
      line.append(cell);
    }
    return line;
  });
  // The words beside it say what there is to say; the grid is a picture.
  const grid = element("div", { class: "pv-grid", "aria-hidden": true }, ...lines);
  grid.style.setProperty("--columns", String(columns));
  grid.style.setProperty("--cell-height", rows > 12 ? "9px" : "20px");
  const box = element("div", { class: "pv-gridbox" }, grid);
  // Nobody scrolls what is gone in a moment.
  box.style.maxHeight = "none";
  const panel = element(
    "section",
    { class: "protvis pv-opening", "aria-label": "the explorer opens" },
    element("h2", {}, model.get("_title")),
    element("p", {}, bar, " ", said),
    box,
  );

  const draw = () => {
    const done = model.get("_n_done");
    bar.value = done;
    said.textContent = `layer ${done} of ${rows} is ready · heads by ${model.get("_score_title")}`;
    const scores = model.get("_scores");
    const values = cells.map((_, n) => (4 * n < scores.byteLength ? scores.getFloat32(4 * n, true) : Number.NaN));
    const high = Math.max(BRIGHT_SHARE, ...values.filter(Number.isFinite));
    values.forEach((value, n) => {
      if (!Number.isFinite(value)) return;
      const at = 3 * Math.round((255 * Math.max(value, 0)) / high);
      cells[n].style.background = `rgb(${colors.getUint8(at)} ${colors.getUint8(at + 1)} ${colors.getUint8(at + 2)})`;
    });
  };
  draw();
  model.on("change:_n_done", draw);
  el.append(panel);
  return () => model.off("change:_n_done", draw);
}

export default { render: (({ model, el }) => renderOpening(model, el)) as Render<Traits> };
