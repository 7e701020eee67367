// The links of a sequence as arcs over its residues: what stands where the 3D panel would be, without a structure.

import { effect, type Signal } from "@preact/signals-core";
import { eachFrame, element, listen, observeSize, sizedContext } from "../dom";
import { changeOf } from "../model/change";
import type { ExplorerState } from "../model/state";
import type { Pair } from "../model/view";
import { changeColors, OPACITIES, opacityLevel } from "../stage/arc-style";
import { linkColor } from "../stage/link-color";
import { HEAD_COLORS, parseHex, type Rgb, type Theme } from "../stage/theme";

const SIDE = 16;
const TOP = 14;
/** Room below the residues for their numbers and what marks them. */
const FOOT = 46;
/** Widths of lines in CSS pixels. */
const THINNEST = 0.8;
/** How much lower, as a share, the arcs of each further head are. */
const BELOW = 0.06;
const THICKEST = 3.2;
/** How far from an arc the pointer may be, in CSS pixels. */
const REACH = 5;
/** How near the line of residues counts as on it. */
const NEAR_LINE = 16;

interface Drawn {
  pair: Pair;
  place: number;
  /** Of the half ellipse, in CSS pixels. */
  middle: number;
  across: number;
  up: number;
}

export class ArcDiagram {
  readonly root: HTMLCanvasElement;
  private width = 0;
  private height = 0;
  private drawn: Drawn[] = [];
  private readonly frame = eachFrame(() => this.draw());
  private readonly stops: (() => void)[] = [];

  constructor(
    private readonly state: ExplorerState,
    private readonly theme: Signal<Theme>,
    private readonly box: HTMLElement,
    private readonly onPointer: (text: string, x: number, y: number) => void,
  ) {
    this.root = element("canvas", { class: "pv-arcs", "aria-hidden": "true" });
    const { root } = this;
    this.stops.push(
      listen(root, "pointermove", (event) => this.pointermove(event)),
      listen(root, "click", (event) => this.click(event)),
      observeSize(box, (width, height) => {
        this.width = Math.floor(width);
        this.height = Math.floor(height);
        this.frame.request();
      }),
      effect(() => {
        const { shown, arcColorBy, hover, view } = state;
        void [state.heads.value, arcColorBy.value, hover.value, view.combine.value, theme.value];
        void [view.selected_residues.value, view.selected_link.value];
        // What the picture holds, for tests and for anyone who cannot see it.
        box.dataset.arcs = String(shown.value.query.length);
        box.dataset.selected = view.selected_residues.value.map((residue) => state.scene.label(residue)).join(" ");
        this.frame.request();
      }),
    );
  }

  dispose(): void {
    this.frame.cancel();
    for (const stop of this.stops.splice(0)) stop();
  }

  private get line(): number {
    return this.height - FOOT;
  }

  private xOf(residue: number): number {
    return SIDE + ((residue + 0.5) / this.state.scene.nResidues) * (this.width - 2 * SIDE);
  }

  private draw(): void {
    const { state, width, height, line } = this;
    const context = sizedContext(this.root, width, height);
    if (!context || width < 2 * SIDE) return;
    const theme = this.theme.peek();
    context.clearRect(0, 0, width, height);
    this.drawLine(context, theme);
    const heads = state.heads.peek();
    const meaning = state.arcColorBy.peek();
    const changes = changeColors(theme);
    const { noise } = state.mapSet.peek().meta;
    // As high as there is room, or half circles where they are lower.
    const spans = heads.flatMap(({ links }) => Array.from(links.query, (query, n) => Math.abs(query - links.key[n])));
    const widest = spans.reduce((most, span) => Math.max(most, span), 1);
    const half = (this.xOf(widest) - this.xOf(0)) / 2;
    const stretch = Math.min((line - TOP) / half, 2.5);
    this.drawn = [];
    for (const { place, links, heaviest } of [...heads].reverse()) {
      // The weakest first, so that the strongest lie on top.
      for (let n = links.query.length - 1; n >= 0; n--) {
        const pair: Pair = [links.query[n], links.key[n]];
        const share = links.weight[n] / heaviest;
        let color: Rgb;
        if (heads.length > 1) color = parseHex(HEAD_COLORS[place]);
        else if (meaning === "sign") color = changes[changeOf(links.sign[n], links.weight[n], noise)];
        else color = linkColor(state.scene, meaning, ...pair, share);
        const arc = this.place(pair, stretch, place);
        this.drawn.push(arc);
        context.globalAlpha = OPACITIES[opacityLevel(share)];
        context.lineWidth = THINNEST + (THICKEST - THINNEST) * share;
        context.strokeStyle = css(color);
        trace(context, arc, line);
      }
    }
    context.globalAlpha = 1;
    const hover = state.hover.peek();
    const marked = [
      { pair: state.view.selected_link.peek(), place: 0 },
      hover?.kind === "link" ? { pair: [hover.query, hover.key] as const, place: hover.place } : { pair: null },
    ];
    for (const { pair, place } of marked) {
      if (!pair || pair[0] === pair[1]) continue;
      context.lineWidth = THICKEST + 1.5;
      context.strokeStyle = css(parseHex(theme.accent));
      trace(context, this.place(pair, stretch, place), line);
    }
    const lit = hover === null ? [] : hover.kind === "residue" ? [hover.residue] : [hover.query, hover.key];
    this.drawMarks(context, [...state.view.selected_residues.peek(), ...lit], theme);
    this.box.dataset.ready = "true";
  }

  private place(pair: Pair, stretch: number, place = 0): Drawn {
    const [left, right] = [this.xOf(Math.min(...pair)), this.xOf(Math.max(...pair))];
    const across = (right - left) / 2;
    // Those of several heads beside each other.
    const up = Math.min(across * stretch, this.line - TOP) * (1 - BELOW * place);
    return { pair, place, middle: (left + right) / 2, across, up };
  }

  /** The line of residues, with numbers where there is room. */
  private drawLine(context: CanvasRenderingContext2D, theme: Theme): void {
    const { scene } = this.state;
    const n = scene.nResidues;
    const ink = theme.dark ? "#98a2b3" : "#667080";
    context.fillStyle = ink;
    context.fillRect(this.xOf(0), this.line, this.xOf(n - 1) - this.xOf(0), 1);
    const perNumber = (34 * n) / Math.max(this.width, 1);
    const step = [10, 20, 50, 100, 200, 500, 1000].find((size) => size >= perNumber) ?? 2000;
    context.font = "10px ui-sans-serif, system-ui, sans-serif";
    context.textAlign = "center";
    for (let residue = 0; residue < n; residue++) {
      const number = scene.meta.residue_numbers[residue];
      if (number % step !== 0 && residue !== 0) continue;
      context.fillRect(this.xOf(residue) - 0.5, this.line, 1, 4);
      context.fillText(String(number), this.xOf(residue), this.line + 15);
    }
  }

  private drawMarks(context: CanvasRenderingContext2D, residues: readonly number[], theme: Theme): void {
    context.fillStyle = theme.accent;
    for (const residue of residues) {
      const x = this.xOf(residue);
      context.beginPath();
      context.moveTo(x - 4, this.line + 8);
      context.lineTo(x, this.line + 1);
      context.lineTo(x + 4, this.line + 8);
      context.fill();
    }
  }

  // -- pointer -----------------------------------------------------------------------------------

  /** The arc at a point, the nearest and of equals the strongest; or the residue below it, if near the line. */
  private at(x: number, y: number): { pair: Pair; place: number } | { residue: number } | null {
    if (y > this.line - 3) {
      if (y > this.line + NEAR_LINE) return null;
      const { nResidues } = this.state.scene;
      const residue = Math.floor(((x - SIDE) / (this.width - 2 * SIDE)) * nResidues);
      return residue >= 0 && residue < nResidues ? { residue } : null;
    }
    let nearest: Drawn | null = null;
    let least = REACH;
    for (const arc of this.drawn) {
      const away = distance(arc, x, this.line - y);
      if (away <= least) [nearest, least] = [arc, away];
    }
    return nearest;
  }

  private pointermove(event: PointerEvent): void {
    const { state } = this;
    const found = this.at(event.offsetX, event.offsetY);
    this.root.style.cursor = found ? "pointer" : "";
    // As the 3D panel says it, so that a test can wait for it.
    this.box.dataset.pickedAt = `${event.offsetX} ${event.offsetY}`;
    if (!found) state.setHover(null);
    else if ("residue" in found) state.setHover({ kind: "residue", residue: found.residue });
    else state.setHover({ kind: "link", query: found.pair[0], key: found.pair[1], place: found.place || undefined });
    const said = !found
      ? ""
      : "residue" in found
        ? state.words.residue(found.residue)
        : state.words.pair(found.pair[0], found.pair[1], found.place);
    this.onPointer(said, event.offsetX, event.offsetY);
  }

  private click(event: MouseEvent): void {
    const { state } = this;
    const found = this.at(event.offsetX, event.offsetY);
    if (!found) state.clear();
    else if ("residue" in found)
      state.select([found.residue], { extend: event.shiftKey || event.ctrlKey || event.metaKey });
    else state.selectLink(found.pair);
  }
}

function css([red, green, blue]: Rgb): string {
  return `rgb(${Math.round(255 * red)} ${Math.round(255 * green)} ${Math.round(255 * blue)})`;
}

function trace(context: CanvasRenderingContext2D, { middle, across, up }: Drawn, line: number): void {
  context.beginPath();
  context.ellipse(middle, line, across, up, 0, Math.PI, 2 * Math.PI);
  context.stroke();
}

/** About how far a point is from a half ellipse, in pixels; exact on it. */
function distance({ middle, across, up }: Drawn, x: number, above: number): number {
  const [u, v] = [(x - middle) / across, above / up];
  const round = Math.hypot(u, v);
  // Along the gradient of u² + v², which stands upright on the ellipse.
  const slope = Math.hypot(u / across, v / up) / Math.max(round, 1e-9);
  return slope > 0 ? Math.abs(round - 1) / slope : Number.POSITIVE_INFINITY;
}
