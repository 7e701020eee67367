// All residues of the chain as wrapped lines: author numbers, secondary structure, attention received, letters.

import { effect, type Signal } from "@preact/signals-core";
import { eachFrame, element, listen, observeSize } from "../dom";
import { formatWeight } from "../model/labels";
import type { ExplorerState } from "../model/state";
import type { Track } from "../model/tracks";
import type { MapSetMeta } from "../model/wire";
import type { Theme } from "../stage/theme";
import { drawNumbers, drawReceived, drawRows, drawStructure, type Line, NARROWEST, WIDEST } from "./sequence-tracks";
import { TrackChips } from "./track-chips";

/** So tall may the lines be, in CSS pixels, before they scroll within their box. */
const TALLEST = 350;
const COMPACT = 90;
/** In narrower panels, a phone's, nothing scrolls within what scrolls. */
const NARROW = 500;
/** The track whose row is the ribbon above the letters. */
const RIBBON = "secondary structure";

export class SequenceView {
  readonly root: HTMLElement;
  private readonly box = element("div", {
    class: "pv-lines",
    role: "listbox",
    "aria-multiselectable": "true",
    "aria-label": "residues",
  });
  private readonly chips: TrackChips;
  /** Which lines are in view, where not all are. */
  private readonly cue = element("div", { class: "pv-note pv-linecue", hidden: true });
  private readonly letters: HTMLElement[] = [];
  private lines: Line[] = [];
  private perLine = 0;
  private cell = NARROWEST;
  private width = 0;
  /** Height of a line, and how many are in view; 0 until they are drawn. */
  private lineHeight = 0;
  private inView = 0;
  private compact = false;
  /** Residue that holds the roving tabindex, and where a range selection began. */
  private focused = 0;
  private anchor = 0;
  private dragging = false;
  /** Where a finger came down; it may yet scroll. */
  private touched = -1;
  /** Whether what is lit up was reached by keyboard. */
  private litByKey = false;
  private marked: readonly number[] = [];
  private hovering: number[] = [];
  private partners: readonly number[] = [];
  /** What follows the head, and what does not. */
  private readonly barsFrame = eachFrame(() => this.drawBars());
  private readonly stillFrame = eachFrame(() => this.drawStill());
  private readonly stops: (() => void)[] = [];

  constructor(
    private readonly state: ExplorerState,
    private readonly theme: Signal<Theme>,
  ) {
    const { scene } = state;
    const { sequence, chain_id } = scene.meta;
    this.chips = new TrackChips(state, theme);
    for (let residue = 0; residue < scene.nResidues; residue++) {
      const missing = scene.missing(residue);
      const begins = scene.meta.segments.some(({ start }) => start === residue && start > 0);
      const name = missing ? `${scene.label(residue)}, ${missing}` : scene.label(residue);
      this.letters.push(
        element(
          "span",
          {
            class: `pv-res${missing ? " pv-unobserved" : ""}${begins ? " pv-chainstart" : ""}`,
            role: "option",
            "aria-label": name,
            "aria-selected": "false",
            title: name,
            tabindex: residue === 0 ? 0 : -1,
            "data-residue": residue,
          },
          sequence[residue],
        ),
      );
    }
    const counts = new Map<string, number>();
    for (let residue = 0; residue < scene.nResidues; residue++) {
      const missing = scene.missing(residue);
      if (missing) counts.set(missing, (counts.get(missing) ?? 0) + 1);
    }
    const struck = [...counts]
      .map(
        ([missing, count]) => `; ${count} struck-through ${count === 1 ? "residue has" : "residues have"} ${missing}`,
      )
      .join("");
    const bars = document.createTextNode("");
    const source = scene.meta.secondary_structure?.source;
    const rest = (source === undefined ? "" : `; helix ▬ strand ▶ (${source})`) + struck;
    const legend = element("span", { class: "pv-note" }, bars, rest);
    this.root = element(
      "section",
      { class: "pv-panel pv-sequence", "aria-label": "sequence" },
      element(
        "div",
        { class: "pv-bar" },
        element("h3", {}, `${scene.hasStructure ? `Chain ${chain_id}` : "Sequence"} · ${scene.nResidues} residues`),
        legend,
      ),
      this.chips.root,
      this.box,
      this.cue,
    );
    const { box } = this;
    this.stops.push(
      listen(box, "pointerdown", (event) => this.pointerdown(event)),
      listen(box, "pointermove", (event) => this.pointermove(event)),
      listen(box, "pointerup", (event) => this.pointerup(event)),
      listen(box, "pointercancel", () => {
        this.dragging = false;
        this.touched = -1;
      }),
      listen(box, "pointerleave", () => {
        this.dragging = false;
        state.setHover(null);
      }),
      listen(box, "keydown", (event) => this.keydown(event)),
      listen(box, "focusout", (event) => {
        if (!this.litByKey || box.contains(event.relatedTarget as Node | null)) return;
        this.litByKey = false;
        state.setHover(null);
      }),
      listen(box, "scroll", () => this.sayLines(), { passive: true }),
      observeSize(box, (width) => this.wrap(width - 8)),
      effect(() => this.mark(state.view.selected_residues.value)),
      effect(() => {
        const { query, key } = state.shown.value;
        this.markPartners(state.view.selected_residues.value.length > 0 ? [...query, ...key] : []);
      }),
      effect(() => {
        const hover = state.hover.value;
        this.markHover(hover === null ? [] : hover.kind === "residue" ? [hover.residue] : [hover.query, hover.key]);
      }),
      effect(() => {
        bars.data = barsText(state.mapSet.value.meta, state.received.value);
      }),
      effect(() => {
        void [state.received.value, theme.value];
        this.barsFrame.request();
      }),
      effect(() => {
        void [state.tracks.value, state.view.shown_tracks.value, theme.value];
        this.stillFrame.request();
      }),
    );
  }

  dispose(): void {
    this.barsFrame.cancel();
    this.stillFrame.cancel();
    this.chips.dispose();
    for (const stop of this.stops.splice(0)) stop();
  }

  private wrap(width: number): void {
    this.width = width;
    const longest = Math.max(...this.state.scene.meta.segments.map(({ start, stop }) => stop - start));
    const perLine = balanced(longest, Math.floor(width / NARROWEST) - 1);
    const cell = Math.max(NARROWEST, Math.min(WIDEST, Math.floor(width / (perLine + 1))));
    if (perLine === this.perLine && cell === this.cell) return;
    this.perLine = perLine;
    this.cell = cell;
    this.box.style.setProperty("--residue-width", `${cell}px`);
    this.lines = [];
    const made: HTMLElement[] = [];
    // Every chain begins on a line of its own.
    const firsts = this.state.scene.meta.segments.flatMap(({ start, stop }) =>
      Array.from({ length: Math.ceil((stop - start) / perLine) }, (_, n) => ({ first: start + n * perLine, stop })),
    );
    for (const { first, stop } of firsts) {
      const letters = this.letters.slice(first, Math.min(first + perLine, stop));
      const [numbers, bars, structure, below] = Array.from({ length: 4 }, () =>
        element("canvas", { "aria-hidden": "true" }),
      );
      this.lines.push({ numbers, bars, structure, below, first, count: letters.length, cell });
      const spelled = element("div", { class: "pv-letters" }, ...letters);
      made.push(element("div", { class: "pv-line" }, numbers, bars, structure, spelled, below));
    }
    this.box.replaceChildren(...made);
    this.barsFrame.request();
    this.stillFrame.request();
  }

  // -- what is drawn -----------------------------------------------------------------------------

  private drawBars(): void {
    const values = this.state.received.peek();
    const range = {
      lowest: lowestOf(values),
      highest: highestOf(values),
    };
    const theme = this.theme.peek();
    for (const { bars, first, count, cell } of this.lines) {
      drawReceived(bars, values.subarray(first, first + count), range, cell, theme);
    }
  }

  /** All that does not follow the head: numbers, secondary structure and tracks. */
  private drawStill(): void {
    const { scene } = this.state;
    const theme = this.theme.peek();
    const rows = this.rows();
    const ribbon = this.showsRibbon();
    for (const line of this.lines) {
      drawNumbers(line.numbers, scene, line, theme);
      line.structure.hidden = !ribbon;
      if (ribbon) drawStructure(line.structure, scene, line, theme);
      drawRows(line.below, rows, scene, line, theme);
    }
    this.fitHeight();
  }

  /** Show whole lines only, and say so where there are more. */
  fitHeight(compact = this.compact): void {
    const { box, lines } = this;
    this.compact = compact;
    this.lineHeight =
      lines.length > 1 ? (box.children[1] as HTMLElement).offsetTop - (box.children[0] as HTMLElement).offsetTop : 0;
    const fit =
      this.width < NARROW || this.lineHeight === 0
        ? lines.length
        : Math.max(compact ? 1 : 2, Math.floor((compact ? COMPACT : TALLEST) / this.lineHeight));
    this.inView = Math.min(fit, lines.length);
    box.style.maxHeight = this.inView < lines.length ? `${this.inView * this.lineHeight}px` : "none";
    this.sayLines();
  }

  private sayLines(): void {
    const { box, cue, inView, lines, lineHeight } = this;
    cue.hidden = inView >= lines.length;
    if (cue.hidden) return;
    const first = Math.min(Math.round(box.scrollTop / lineHeight), lines.length - inView);
    const before = first > 0 ? "▲ " : "";
    const after = first + inView < lines.length ? " ▼" : "";
    const shown = inView === 1 ? `line ${first + 1}` : `lines ${first + 1} to ${first + inView}`;
    cue.textContent = `${before}${shown} of ${lines.length}${after}`;
  }

  /** Scroll the lines, and nothing around them, just far enough that a residue is in view. */
  private reveal(residue: number): void {
    const { box, inView, lines, lineHeight } = this;
    if (inView >= lines.length) return;
    const top = lineHeight * lines.findIndex(({ first, count }) => residue < first + count);
    const lowest = top - (inView - 1) * lineHeight;
    box.scrollTop = Math.min(Math.max(box.scrollTop, lowest), top);
  }

  /** Whether secondary structure is drawn above the letters; where a track holds it, its switch decides. */
  private showsRibbon(): boolean {
    if (!this.state.scene.hasStructure) return false;
    const switched = this.state.tracks.value.some(({ name, kind }) => name === RIBBON && kind === "state");
    return !switched || this.state.view.shown_tracks.value.includes(RIBBON);
  }

  /** The tracks that are on, in the order of the chips, with the place that sets their colour. */
  private rows(): { track: Track; place: number }[] {
    const shown = new Set(this.state.view.shown_tracks.value);
    return this.state.tracks.value
      .map((track, place) => ({ track, place }))
      .filter(({ track }) => shown.has(track.name) && track.kind !== "pair")
      .filter(({ track }) => track.name !== RIBBON || track.kind !== "state");
  }

  private mark(selection: readonly number[]): void {
    const now = new Set(selection);
    for (const residue of this.marked) if (!now.has(residue)) this.setMark(residue, false);
    const before = new Set(this.marked);
    for (const residue of selection) if (!before.has(residue)) this.setMark(residue, true);
    this.marked = selection;
    if (selection.length > 0) this.reveal(selection[0]);
  }

  /** Mark the residues at the ends of the selection's links; the selected ones have a mark already. */
  private markPartners(partners: readonly number[]): void {
    for (const residue of this.partners) this.letters[residue].classList.remove("pv-partnered");
    for (const residue of partners) this.letters[residue].classList.add("pv-partnered");
    this.partners = partners;
  }

  private setMark(residue: number, selected: boolean): void {
    this.letters[residue]?.classList.toggle("pv-selected", selected);
    this.letters[residue]?.setAttribute("aria-selected", String(selected));
  }

  private markHover(residues: number[]): void {
    for (const residue of this.hovering) this.letters[residue]?.classList.remove("pv-hovered");
    for (const residue of residues) this.letters[residue]?.classList.add("pv-hovered");
    this.hovering = residues;
  }

  // -- pointer and keyboard ----------------------------------------------------------------------

  private residueOf(event: MouseEvent): number {
    const target = (event.target as Element).closest<HTMLElement>("[data-residue]");
    if (target) return Number(target.dataset.residue);
    const line = this.lines.find(({ numbers, bars, structure, below }) =>
      [numbers, bars, structure, below].some((canvas) => canvas === event.target),
    );
    if (!line) return -1;
    const place = Math.floor((event.clientX - line.bars.getBoundingClientRect().left) / line.cell);
    return place >= 0 && place < line.count ? line.first + place : -1;
  }

  private pointerdown(event: PointerEvent): void {
    const residue = this.residueOf(event);
    if (residue < 0 || event.button !== 0) return;
    // A finger that comes down may be about to scroll; only a tap selects.
    this.touched = event.pointerType === "touch" ? residue : -1;
    if (this.touched < 0) this.choose(residue, event);
  }

  private pointerup(event: PointerEvent): void {
    if (this.touched >= 0 && this.touched === this.residueOf(event)) this.choose(this.touched, event);
    this.dragging = false;
    this.touched = -1;
  }

  private choose(residue: number, event: PointerEvent): void {
    // The pointer is on it, so the page need not move.
    this.focus(residue, { preventScroll: true });
    if (event.shiftKey) {
      this.state.select(range(this.anchor, residue));
    } else if (event.ctrlKey || event.metaKey) {
      this.anchor = residue;
      this.state.select([residue], { extend: true });
    } else {
      this.anchor = residue;
      const selected = this.state.view.selected_residues.value;
      const only = selected.length === 1 && selected[0] === residue;
      this.state.select(only ? [] : [residue]);
      this.dragging = true;
    }
    event.preventDefault();
  }

  private pointermove(event: PointerEvent): void {
    const residue = this.residueOf(event);
    this.litByKey = false;
    this.state.setHover(residue >= 0 ? { kind: "residue", residue } : null);
    if (this.dragging && residue >= 0 && residue !== this.focused) {
      this.focus(residue, { preventScroll: true });
      this.state.select(range(this.anchor, residue), { ongoing: true });
    }
  }

  private keydown(event: KeyboardEvent): void {
    const last = this.letters.length - 1;
    const steps: Record<string, number> = {
      ArrowLeft: -1,
      ArrowRight: 1,
      ArrowUp: this.onLine(-1) - this.focused,
      ArrowDown: this.onLine(1) - this.focused,
      Home: -this.letters.length,
      End: this.letters.length,
    };
    if (event.key in steps) {
      const next = Math.min(Math.max(this.focused + steps[event.key], 0), last);
      this.focus(next);
      if (event.shiftKey) this.state.select(range(this.anchor, next));
      else {
        this.anchor = next;
        this.litByKey = true;
        this.state.setHover({ kind: "residue", residue: next });
        this.state.say(this.state.words.reading(next));
      }
    } else if (event.key === "Enter" || event.key === " ") {
      this.anchor = this.focused;
      this.state.select([this.focused], { extend: event.key === " " || event.ctrlKey });
    } else {
      return;
    }
    event.preventDefault();
  }

  /** The residue in the same column of the line before or after, the end of the sequence where there is none. */
  private onLine(step: -1 | 1): number {
    const at = this.lines.findIndex(({ first, count }) => this.focused < first + count);
    const line = this.lines[at + step];
    if (!line) return step < 0 ? 0 : this.letters.length - 1;
    return line.first + Math.min(this.focused - this.lines[at].first, line.count - 1);
  }

  private focus(residue: number, options: FocusOptions = {}): void {
    this.letters[this.focused].tabIndex = -1;
    this.focused = residue;
    this.letters[residue].tabIndex = 0;
    this.letters[residue].focus(options);
  }
}

/** What the bars over the letters are, and how much the tallest is. */
function barsText({ signed, received_scale }: MapSetMeta, received: Float32Array): string {
  const highest = highestOf(received);
  if (!signed) return `bars: attention received on average, the tallest ${formatWeight(highest)}`;
  // As the average product correction makes it.
  if (received_scale === 0) return "no bars: every residue's mean is 0 in this map";
  const lowest = lowestOf(received);
  return `bars: mean of the map over all queries, ${formatWeight(lowest)} to ${formatWeight(highest)}`;
}

/** The lowest value that is known, or 0. */
function lowestOf(values: Float32Array): number {
  return values.reduce((least, value) => (value < least ? value : least), 0);
}

function highestOf(values: Float32Array): number {
  return values.reduce((most, value) => (value > most ? value : most), 0);
}

function range(from: number, to: number): number[] {
  const [low, high] = from <= to ? [from, to] : [to, from];
  return Array.from({ length: high - low + 1 }, (_, n) => low + n);
}

/** Residues per line, a multiple of ten: as few lines as fit, about equally long. */
function balanced(nResidues: number, fit: number): number {
  const most = Math.max(10, 10 * Math.floor(fit / 10));
  const lines = Math.ceil(nResidues / most);
  return Math.min(most, 10 * Math.ceil(nResidues / lines / 10));
}
