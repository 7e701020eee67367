// Layers × heads, each cell coloured by a score of this protein; a click or the arrow keys choose the head.
// For kinds of map with one map per layer, or a single one, the grid has one column, or one cell.

import { effect } from "@preact/signals-core";
import { button, element, listen, observeSize, revealIn } from "../dom";
import { formatHead, formatScore, type HeadLabel, headLabel, sayHead } from "../model/labels";
import type { MapSet } from "../model/map-set";
import type { ExplorerState } from "../model/state";
import { HEAD_COLORS } from "../stage/theme";
import { ramp } from "./color-marks";
import { fitGrid, heightOf, isNumbered, leastHeight } from "./grid-fit";
import { HeadPictures } from "./head-pictures";
import { RoleChips } from "./role-chips";

/** Of the box around the grid, as in explorer.css. */
const TALLEST = 320;
const TALLEST_PICTURES = 560;
const PADDING = 4;
/** Cells at least this wide and high hold their score as a number. */
const NUMBERS_FROM = { width: 25, height: 14 };
/** What lies over the cells of a grid that scrolls. */
const HEADINGS = { top: 15, left: 37 };
const PICTURES = "pictures: in each pixel the strongest key of each query, averaged; each head in its own range";
const SHUFFLED = "shuffled";
/** A head that spends more than this share of its attention on special tokens is called a sink. */
const SINK_SHARE = 0.5;
/** The brightest colour of a share stands for at least this much, so that nothing looks good that is not. */
const BRIGHT_SHARE = 0.3;

export class HeadGrid {
  readonly root: HTMLElement;
  private cells: HTMLButtonElement[] = [];
  private headings: HTMLElement[] = [];
  private layers: HTMLElement[] = [];
  private readonly grid = element("div", { class: "pv-grid", role: "grid", "aria-label": "heads" });
  private readonly box = element("div", { class: "pv-gridbox" }, this.grid);
  private readonly meaning = element("div", { class: "pv-meaning" });
  /** The cell under the pointer or with the focus, in words; else the chosen one. */
  private readonly said = element("div", { class: "pv-cellline" });
  private readonly words = document.createTextNode("");
  private readonly marks = element("div", { class: "pv-marks" });
  private readonly scaleEnds = [document.createTextNode(""), document.createTextNode("")] as const;
  private readonly topMark = element("span", {}, element("i", { class: "pv-topmark" }), " three best");
  private readonly sinkMark = element(
    "span",
    {},
    element("i", { class: "pv-sinkmark" }),
    " sink: most of it on special tokens",
  );
  private readonly stops: (() => void)[] = [];
  private built: MapSet | null = null;
  private width = 0;
  /** Of the box without its padding, where that is given. */
  private tall = Number.POSITIVE_INFINITY;
  private numbered = false;
  private overflows = false;
  /** Place of the cell under the pointer or with the focus, or -1. */
  private looked = -1;
  /** What is said of each cell where there is little room. */
  private readouts: string[] = [];

  /** Side of a cell that holds a picture, in CSS pixels. */
  private side = 0;
  private readonly pictures: HeadPictures;
  private readonly roles: RoleChips;

  constructor(private readonly state: ExplorerState) {
    this.pictures = new HeadPictures(state);
    this.roles = new RoleChips(state.scene.meta.roles);
    const { smallMaps } = state;
    const { map_kinds } = state.scene.meta;
    const choice = element("select", { "aria-label": "score that colours the head grid" });
    const best = button("best", "Best head by this score (B); press again for the next best");
    const shuffle = button(
      "shuffle",
      "Does this map need this sequence? Show the same model on these residues in random order",
      "pv-shuffle",
    );
    const faces = button("maps", "A small picture of every head's map (M)", "pv-toggle");
    faces.hidden = !smallMaps.available;
    const here = button("looks here most?", "The head that looks most at the selection (L)", "pv-here");
    shuffle.hidden = !map_kinds.some(({ name }) => name === SHUFFLED);
    this.root = element(
      "section",
      { class: "pv-panel pv-heads", "aria-label": "head grid" },
      element(
        "div",
        { class: "pv-bar" },
        element("h3", {}, "Heads"),
        choice,
        element("span", { class: "pv-space" }),
        faces,
        best,
        shuffle,
      ),
      this.box,
      this.pictures.large,
      element("div", { class: "pv-said" }, this.said, here),
      this.marks,
      this.roles.root,
      this.meaning,
    );
    this.said.append(this.words);
    this.marks.append(
      element("span", {}, this.scaleEnds[0], ramp(state.scene.colormaps.score), this.scaleEnds[1]),
      this.topMark,
      this.sinkMark,
    );
    let before = state.scene.attention.meta.name;
    this.stops.push(
      listen(choice, "change", () => {
        state.scores.place.value = Number(choice.value);
      }),
      listen(best, "click", () => state.stepBest(1)),
      listen(faces, "click", () => smallMaps.toggle()),
      listen(here, "click", () => state.lookHere()),
      listen(shuffle, "click", () => {
        if (state.view.map.value === SHUFFLED) {
          state.view.map.value = before;
        } else {
          before = state.view.map.value;
          state.view.map.value = SHUFFLED;
        }
      }),
      listen(this.grid, "click", (event) => {
        const place = this.cells.indexOf((event.target as HTMLElement).closest("button") as HTMLButtonElement);
        if (place < 0) return;
        if (event.shiftKey || event.ctrlKey || event.metaKey) state.toggleOverlay(...state.headOf(place));
        else state.chooseEntry(place);
      }),
      listen(this.grid, "keydown", (event) => this.keydown(event)),
      listen(this.grid, "pointerover", (event) => this.look(event.target, { pointed: true })),
      listen(this.grid, "focusin", (event) => this.look(event.target)),
      listen(this.grid, "pointerleave", () => this.look(document.activeElement)),
      listen(this.grid, "focusout", (event) => this.look(event.relatedTarget)),
      effect(() => {
        choice.replaceChildren(
          ...state.scores.list.value.map((score, position) => element("option", { value: position }, score.title)),
        );
        choice.value = String(state.scores.place.value);
      }),
      effect(() => {
        here.hidden = state.view.selected_residues.value.length === 0;
      }),
      effect(() => {
        faces.setAttribute("aria-pressed", String(smallMaps.wanted.value));
        this.box.classList.toggle("pv-pictures", smallMaps.wanted.value);
        this.fit(this.width);
      }),
      effect(() => shuffle.setAttribute("aria-pressed", String(state.view.map.value === SHUFFLED))),
      effect(() => {
        this.build(state.mapSet.value);
        this.paint(state.scores.values.value);
      }),
      effect(() => {
        // The set follows what is shown, so pictures of another shape never meet these cells.
        const { value } = smallMaps.pictures;
        this.build(state.mapSet.value);
        const shown = smallMaps.wanted.value && value?.set === state.mapSet.value ? value : null;
        this.pictures.draw(this.cells, shown, this.side, state.scene.nResidues);
      }),
      effect(() => this.filter(state.mapSet.value)),
      () => this.roles.dispose(),
      effect(() => this.mark(state.mapSet.value, state.entry.value)),
      effect(() => this.markOverlaid(state.mapSet.value)),
      effect(() => this.explain()),
      // What is left beside a scrollbar.
      observeSize(this.box, (width, height) => {
        this.tall = this.root.closest(".pv-compact") ? height : Number.POSITIVE_INFINITY;
        this.fit(width);
      }),
    );
  }

  dispose(): void {
    for (const stop of this.stops.splice(0)) stop();
  }

  private build(maps: MapSet): void {
    if (maps === this.built) return;
    const sameShape = this.built?.rows === maps.rows && this.built.columns === maps.columns;
    this.built = maps;
    if (sameShape) return;
    const { rows, columns } = maps;
    this.headings = Array.from({ length: columns }, (_, column) =>
      element("span", { class: "pv-colhead" }, columns > 1 ? String(headLabel(column, columns - 1)) : ""),
    );
    this.layers = Array.from({ length: rows }, (_, row) =>
      element("span", { class: "pv-rowhead" }, rows > 1 || columns > 1 ? String(row + 1) : ""),
    );
    this.cells = [];
    this.readouts = [];
    const lines = Array.from({ length: rows }, (_, row) => {
      const line = element("div", { role: "row", class: "pv-row" });
      line.append(this.layers[row]);
      for (let column = 0; column < columns; column++) {
        const mean = columns > 1 && column === columns - 1;
        const cell = element("button", {
          type: "button",
          role: "gridcell",
          tabindex: -1,
          class: mean ? "pv-cell pv-meancell" : "pv-cell",
          "data-head": columns > 1 ? formatHead(row + 1, headLabel(column, columns - 1)) : String(row + 1),
        });
        this.cells.push(cell);
        line.append(cell);
      }
      return line;
    });
    this.grid.replaceChildren(element("span", { class: "pv-corner" }, "layer"), ...this.headings, ...lines);
    this.fit(this.width);
  }

  /** What a person would call the entry. */
  private nameOf(maps: MapSet, entry: number): string {
    const [row, head] = this.labelsOf(maps, entry);
    if (maps.columns > 1) return sayHead(row, head);
    return maps.rows > 1 ? `layer ${row}` : maps.meta.title;
  }

  /** Colour all cells by a score. */
  private paint(values: readonly number[]): void {
    const { scene } = this.state;
    const maps = this.state.mapSet.peek();
    const title = this.state.scores.title();
    const finite = values.filter(Number.isFinite);
    // Shares are coloured from 0 up, all else from the lowest to the highest there is.
    const share = this.state.scores.chosen.is_share;
    const low = share ? 0 : Math.min(...finite);
    const high = Math.max(...finite, share ? BRIGHT_SHARE : Number.NEGATIVE_INFINITY);
    const top = new Set(this.state.scores.ranked().slice(0, finite.length > 3 ? 3 : 0));
    const special = scene.meta.scores.findIndex(({ name }) => name === "special_share");
    let sinks = 0;
    this.cells.forEach((cell, entry) => {
      const value = values[entry];
      const spent = special < 0 ? Number.NaN : maps.score(special, entry);
      const sink = spent > SINK_SHARE;
      if (sink) sinks++;
      const roles = maps.columns > 1 ? this.roles.of(...this.labelsOf(maps, entry)).join(", ") : "";
      const scored = `${this.nameOf(maps, entry)}: ${title} ${formatScore(value)}`;
      const share = sink ? `sink: ${Math.round(100 * spent)} %` : "";
      const short = [scored, roles, share].filter(Boolean).join(" · ");
      const name = sink ? `${short} of its attention goes to special tokens` : short;
      this.readouts[entry] = short;
      cell.setAttribute("aria-label", name);
      cell.title = name;
      cell.classList.toggle("pv-top", top.has(entry));
      cell.classList.toggle("pv-sink", sink);
      if (Number.isFinite(value)) {
        const place = high > low ? (value - low) / (high - low) : 0.5;
        const at = 3 * Math.round(255 * place);
        const [r, g, b] = scene.colormaps.score.subarray(at, at + 3);
        cell.style.background = `rgb(${r} ${g} ${b})`;
        cell.style.color = 0.299 * r + 0.587 * g + 0.114 * b > 140 ? "#111" : "#fff";
      } else {
        cell.style.background = "";
        cell.style.color = "";
      }
      const number = this.numbered ? formatScore(value, { short: true }) : "";
      if (cell.textContent !== number) cell.textContent = number;
    });
    const any = finite.length > 0;
    this.scaleEnds[0].data = any ? `${formatScore(low)} ` : "not defined here ";
    this.scaleEnds[1].data = any ? ` ${formatScore(high)}` : "";
    this.topMark.hidden = top.size === 0;
    this.sinkMark.hidden = sinks === 0;
    this.sayCell();
  }

  /** Follow the pointer or the focus to a cell, or away from all. */
  private look(target: EventTarget | null, { pointed = false } = {}): void {
    const cell = (target as Element | null)?.closest?.("button") as HTMLButtonElement | null;
    this.looked = this.cells.indexOf(cell as HTMLButtonElement);
    // A click leaves the focus behind; only keys bring it along.
    const enlarged = pointed || cell?.matches(":focus-visible") ? this.looked : -1;
    this.pictures.enlarge(enlarged, this.cells[enlarged], this.state.scene.nResidues);
    this.sayCell();
  }

  private sayCell(): void {
    this.words.data = this.readouts[this.looked] ?? this.readouts[this.state.entry.peek()] ?? "";
    this.said.title = this.words.data;
  }

  /** Say what the score means, and beside another kind of map what raw attention has; numbers first. */
  private explain(): void {
    const { state } = this;
    const position = state.scores.place.value;
    const { smallMaps } = state;
    const shown = smallMaps.wanted.value;
    const notes = [state.scores.ofSelection.note.value, shown ? smallMaps.note.value || PICTURES : ""];
    const parts = notes.filter(Boolean);
    const chance = state.scores.chance();
    if (Number.isFinite(chance) && !state.mapSet.value.meta.difference) parts.push(`by chance ${formatScore(chance)}`);
    const { attention } = state.scene;
    const maps = state.mapSet.value;
    if (maps !== attention && maps.meta.layout === "heads" && position < state.scene.meta.scores.length) {
      const raw = attention.score(position, attention.entry(state.view.layer.value, state.view.head.value));
      parts.push(`raw attention of this head ${formatScore(raw)}`);
    }
    parts.push(state.scores.list.value[position].meaning);
    this.meaning.textContent = parts.join("; ");
    this.meaning.title = this.meaning.textContent;
  }

  /** Dim the heads that have none of the chosen roles. */
  private filter(maps: MapSet): void {
    this.build(maps);
    this.cells.forEach((cell, entry) => {
      cell.classList.toggle("pv-otherhead", maps.columns > 1 && !this.roles.shows(...this.labelsOf(maps, entry)));
    });
  }

  /** Labels of layer and head of an entry. */
  private labelsOf(maps: MapSet, entry: number): [number, HeadLabel] {
    return [Math.floor(entry / maps.columns) + 1, headLabel(entry % maps.columns, maps.columns - 1)];
  }

  private mark(maps: MapSet, entry: number): void {
    this.build(maps);
    this.cells.forEach((cell, place) => {
      const chosen = place === entry;
      if (String(chosen) === cell.getAttribute("aria-selected")) return;
      cell.setAttribute("aria-selected", String(chosen));
      cell.tabIndex = chosen ? 0 : -1;
      // Scrolling asks for a layout, so only a grid that does not fit is scrolled.
      if (chosen && this.overflows) revealIn(this.box, cell, HEADINGS);
    });
    // The focus follows whatever chose the head; the page follows only the grid's own keys.
    if (this.grid.contains(document.activeElement)) this.cells[entry]?.focus({ preventScroll: true });
    this.sayCell();
  }

  /** Frame the heads that are drawn beside the chosen one in their colours, this one too if there are any. */
  private markOverlaid(maps: MapSet): void {
    this.build(maps);
    const { overlay_heads, layer, head } = this.state.view;
    const heads = overlay_heads.value.length > 0 ? [[layer.value, head.value] as const, ...overlay_heads.value] : [];
    const colors = new Map(heads.map((one, place) => [maps.entry(...one), HEAD_COLORS[place]] as const).reverse());
    this.cells.forEach((cell, entry) => {
      const color = colors.get(entry);
      cell.classList.toggle("pv-drawncell", color !== undefined);
      cell.style.setProperty("--head", color ?? "");
    });
  }

  private keydown(event: KeyboardEvent): void {
    const { state } = this;
    const { columns } = state.mapSet.value;
    const steps: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns };
    const entry = state.entry.value;
    const column = entry % columns;
    let next = entry + (steps[event.key] ?? 0);
    if (event.key === "Home") next = entry - column;
    else if (event.key === "End") next = entry - column + columns - 1;
    else if (!(event.key in steps)) return;
    const sideways = event.key === "ArrowLeft" || event.key === "ArrowRight";
    const leavesRow = sideways && Math.floor(next / columns) !== Math.floor(entry / columns);
    if (next >= 0 && next < this.cells.length && !leavesRow) state.chooseEntry(next);
    this.cells[state.entry.value]?.focus();
    event.preventDefault();
  }

  private fit(width: number): void {
    this.width = width;
    const { rows, columns } = this.state.mapSet.peek();
    const square = this.state.smallMaps.wanted.peek();
    const fitted = fitGrid(rows, columns, width, { square, tall: this.tall });
    this.side = fitted.width;
    // What lies below stays where it is when another kind of map has fewer rows.
    const { n_layers, n_heads } = this.state.scene.meta;
    const height = heightOf(n_layers, fitGrid(n_layers, n_heads + 1, width, { square })) + PADDING;
    const least = Math.min(leastHeight(n_layers) + PADDING, height, TALLEST);
    this.box.style.setProperty("--grid-height", `${Math.min(square ? TALLEST_PICTURES : TALLEST, height)}px`);
    this.box.style.setProperty("--grid-least", `${least}px`);
    // What stands around the grid, and no less than the lowest cells, comes before the controls below.
    const around = this.root.scrollHeight - this.box.offsetHeight;
    this.root.closest<HTMLElement>(".pv-body")?.style.setProperty("--heads-least", `${around + least}px`);
    const mean = columns > 1 ? ` ${fitted.meanWidth}px` : "";
    this.grid.style.gridTemplateColumns = `34px repeat(${Math.max(columns - 1, 1)}, ${fitted.width}px)${mean}`;
    this.grid.style.setProperty("--cell-height", `${fitted.height}px`);
    this.headings.forEach((heading, column) => {
      const isMean = columns > 1 && column === columns - 1;
      heading.classList.toggle("pv-unnumbered", !isMean && !isNumbered(column + 1, fitted.headStep));
    });
    this.layers.forEach((heading, row) => {
      heading.classList.toggle("pv-unnumbered", !isNumbered(row + 1, fitted.layerStep));
    });
    this.overflows = this.box.scrollHeight > this.box.clientHeight || this.box.scrollWidth > this.box.clientWidth;
    const { width: across, height: down } = NUMBERS_FROM;
    const numbered = !square && fitted.width >= across && fitted.height >= down;
    if (numbered !== this.numbered) {
      this.numbered = numbered;
      this.paint(this.state.scores.values.peek());
    }
  }
}
