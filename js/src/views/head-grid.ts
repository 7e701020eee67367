// Layers × heads, each cell coloured by a score of this protein; a click or the arrow keys choose the head.

import { effect } from "@preact/signals-core";
import { element, listen, observeSize } from "../dom";
import { formatHead, headLabel, MEAN, sayHead } from "../model/labels";
import { formatScore, type ExplorerState } from "../model/state";

const WIDEST = 40;
const TALLEST = 24;
const SHORTEST = 9;
const NUMBERS_FROM = 25;

export class HeadGrid {
  readonly root: HTMLElement;
  private readonly cells: HTMLButtonElement[] = [];
  private readonly grid: HTMLElement;
  private readonly stops: (() => void)[] = [];
  private numbered = false;

  constructor(private readonly state: ExplorerState) {
    const { scores, n_layers, n_heads, background } = state.scene.meta;
    const columns = n_heads + 1;

    const choice = element("select", { "aria-label": "score that colours the head grid" });
    scores.forEach((score, position) => choice.append(element("option", { value: position }, score.title)));
    const scale = element("span", { class: "pv-scale" });
    this.grid = element("div", { class: "pv-grid", role: "grid", "aria-label": "heads" });
    this.grid.style.setProperty("--columns", String(columns));

    this.grid.append(element("span", { class: "pv-corner" }, "layer"));
    for (let column = 0; column < columns; column++) {
      const label = headLabel(column, n_heads);
      this.grid.append(element("span", { class: "pv-colhead" }, label === MEAN ? "mean" : String(label)));
    }
    for (let layer = 1; layer <= n_layers; layer++) {
      const row = element("div", { role: "row", class: "pv-row" });
      row.append(element("span", { class: "pv-rowhead" }, String(layer)));
      for (let column = 0; column < columns; column++) {
        const head = headLabel(column, n_heads);
        const cell = element("button", {
          type: "button",
          role: "gridcell",
          tabindex: -1,
          class: head === MEAN ? "pv-cell pv-meancell" : "pv-cell",
          "data-head": formatHead(layer, head),
        });
        this.cells.push(cell);
        row.append(cell);
      }
      this.grid.append(row);
    }
    const best = element(
      "button",
      { type: "button", class: "pv-button", title: "Best head by this score (B); press again for the next best" },
      "best",
    );
    const meaning = element("div", { class: "pv-meaning" });
    this.root = element(
      "section",
      { class: "pv-panel pv-heads", "aria-label": "head grid" },
      element("div", { class: "pv-bar" }, element("h3", {}, "Heads"), choice, scale, best),
      element("div", { class: "pv-gridbox" }, this.grid),
      meaning,
    );

    this.stops.push(
      listen(choice, "change", () => {
        state.score.value = Number(choice.value);
      }),
      listen(best, "click", () => state.stepBest(1)),
      listen(this.grid, "click", (event) => {
        const place = this.cells.indexOf((event.target as HTMLElement).closest("button") as HTMLButtonElement);
        if (place >= 0) state.chooseEntry(place);
      }),
      listen(this.grid, "keydown", (event) => this.keydown(event)),
      effect(() => {
        const position = state.score.value;
        choice.value = String(position);
        const score = scores[position];
        meaning.textContent =
          position === 0 && background !== null
            ? `${score.meaning}; by chance ${formatScore(background)}`
            : score.meaning;
        scale.textContent = this.paint(position);
      }),
      effect(() => this.mark(state.entry.value)),
      observeSize(this.root, (width) => this.fit(width)),
    );
  }

  dispose(): void {
    for (const stop of this.stops.splice(0)) stop();
  }

  /** Colour all cells; returns what the colours range over. */
  private paint(position: number): string {
    const { scene } = this.state;
    const { n_heads } = scene.meta;
    const values = this.cells.map((_, entry) => scene.score(position, entry));
    const finite = values.filter(Number.isFinite);
    const low = Math.min(...finite);
    const high = Math.max(...finite);
    const ranked = scene.ranked(position);
    const top = new Set(ranked.slice(0, 3));
    this.cells.forEach((cell, entry) => {
      const value = values[entry];
      const layer = Math.floor(entry / (n_heads + 1)) + 1;
      const head = headLabel(entry % (n_heads + 1), n_heads);
      const name = `${sayHead(layer, head)}: ${scene.meta.scores[position].title} ${formatScore(value)}`;
      cell.setAttribute("aria-label", name);
      cell.title = name;
      cell.classList.toggle("pv-top", top.has(entry));
      if (Number.isFinite(value)) {
        const share = high > low ? (value - low) / (high - low) : 0.5;
        const at = 3 * Math.round(255 * share);
        const [r, g, b] = scene.colormaps.score.subarray(at, at + 3);
        cell.style.background = `rgb(${r} ${g} ${b})`;
        cell.style.color = 0.299 * r + 0.587 * g + 0.114 * b > 140 ? "#111" : "#fff";
      } else {
        cell.style.background = "";
        cell.style.color = "";
      }
      cell.textContent = this.numbered ? formatScore(value) : "";
    });
    return finite.length > 0 ? `${formatScore(low)} – ${formatScore(high)}` : "no contacts to compare with";
  }

  private mark(entry: number): void {
    this.cells.forEach((cell, place) => {
      const chosen = place === entry;
      if (chosen !== (cell.getAttribute("aria-selected") === "true")) {
        cell.setAttribute("aria-selected", String(chosen));
        cell.tabIndex = chosen ? 0 : -1;
        if (chosen) cell.scrollIntoView?.({ block: "nearest", inline: "nearest" });
      }
      if (cell.tabIndex === 0 && !chosen) cell.tabIndex = -1;
    });
    if (this.grid.contains(document.activeElement)) this.cells[entry]?.focus();
  }

  private keydown(event: KeyboardEvent): void {
    const { state } = this;
    const columns = state.scene.meta.n_heads + 1;
    const steps: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns };
    const entry = state.entry.value;
    const column = entry % columns;
    let next = entry + (steps[event.key] ?? 0);
    if (event.key === "Home") next = entry - column;
    else if (event.key === "End") next = entry - column + columns - 1;
    else if (!(event.key in steps)) return;
    const leavesRow = Math.abs(steps[event.key]) === 1 && Math.floor(next / columns) !== Math.floor(entry / columns);
    if (next >= 0 && next < this.cells.length && !leavesRow) state.chooseEntry(next);
    event.preventDefault();
  }

  private fit(width: number): void {
    const { n_layers, n_heads } = this.state.scene.meta;
    const cellWidth = Math.min(WIDEST, Math.max(8, Math.floor((width - 52) / (n_heads + 1))));
    const cellHeight = Math.min(TALLEST, Math.max(SHORTEST, Math.floor(190 / n_layers)));
    this.grid.style.setProperty("--cell-width", `${cellWidth}px`);
    this.grid.style.setProperty("--cell-height", `${cellHeight}px`);
    const numbered = cellWidth >= NUMBERS_FROM && cellHeight >= 14;
    this.grid.classList.toggle("pv-dense", cellWidth < 15);
    if (numbered !== this.numbered) {
      this.numbered = numbered;
      this.paint(this.state.score.peek());
    }
  }
}
