// The axes of a heatmap as a picture of their own: text is slow to draw and does not follow the head.

import { element, sizedContext } from "../dom";
import type { SceneMeta } from "../model/wire";
import type { Viewport } from "./viewport";

export interface Margin {
  left: number;
  top: number;
}

export class HeatmapAxes {
  private readonly canvas = element("canvas");
  /** What the picture shows. */
  private shown = "";

  constructor(private readonly margin: Margin) {}

  /** The axes as a picture of the given size in CSS pixels; drawn anew only when they change. */
  picture(view: Viewport, meta: SceneMeta, ink: string, width: number, height: number): HTMLCanvasElement | null {
    const wanted = [view.x, view.y, view.span, view.size, ink, width, height, window.devicePixelRatio].join(" ");
    if (wanted !== this.shown) {
      const context = sizedContext(this.canvas, width, height);
      if (!context) return null;
      context.clearRect(0, 0, width, height);
      context.save();
      context.translate(this.margin.left, this.margin.top);
      this.draw(context, view, meta, ink);
      context.restore();
      this.shown = wanted;
    }
    return this.canvas;
  }

  private draw(context: CanvasRenderingContext2D, view: Viewport, meta: SceneMeta, ink: string): void {
    context.fillStyle = ink;
    context.font = "10px ui-sans-serif, system-ui, sans-serif";
    context.textAlign = "center";
    context.textBaseline = "top";
    for (const residue of ticks(view, meta, view.x)) {
      context.fillText(nameOf(view, meta, residue), view.pixelOf("x", residue) + view.cell / 2, view.size + 4);
    }
    for (const { middle, text } of titles(context, view, meta, "x", "key (attended to)", "key")) {
      context.fillText(text, middle, view.size + 18);
    }
    context.textAlign = "right";
    context.textBaseline = "middle";
    for (const residue of ticks(view, meta, view.y)) {
      context.fillText(nameOf(view, meta, residue), -4, view.pixelOf("y", residue) + view.cell / 2);
    }
    context.translate(-this.margin.left + 6, 0);
    context.rotate(-Math.PI / 2);
    context.textAlign = "center";
    for (const { middle, text } of titles(context, view, meta, "y", "query", "query"))
      context.fillText(text, -middle, 0);
  }
}

/** What an axis is called, in the middle of it; of several chains each where it lies, as fully as there is room. */
function titles(
  context: CanvasRenderingContext2D,
  view: Viewport,
  { segments }: SceneMeta,
  axis: "x" | "y",
  title: string,
  short: string,
): { middle: number; text: string }[] {
  if (segments.length < 2) return [{ middle: view.size / 2, text: title }];
  return segments.flatMap(({ chain_id, start, stop }) => {
    const first = Math.max(view.pixelOf(axis, start), 0);
    const last = Math.min(view.pixelOf(axis, stop), view.size);
    const wanted = [`${short}, chain ${chain_id}`, `${short} ${chain_id}`, chain_id];
    const text = wanted.find((candidate) => context.measureText(candidate).width + 6 <= last - first);
    return text === undefined ? [] : [{ middle: (first + last) / 2, text }];
  });
}

const APART = 30;
/** Where numbers are missing from the sequence, labels may come nearer than elsewhere. */
const NEAREST = 22;

/** Residues at which an axis that begins at `first` has a label: round author numbers, none too close to another. */
function ticks(view: Viewport, { residue_numbers, insertion_codes }: SceneMeta, first: number): number[] {
  const step = [1, 2, 5, 10, 20, 50, 100, 200, 500].find((size) => size * view.cell >= APART) ?? 1000;
  const found: number[] = [];
  const last = Math.min(view.nResidues, first + view.span);
  for (let residue = Math.max(0, Math.floor(first)); residue < last; residue++) {
    const round = residue_numbers[residue] % step === 0 && insertion_codes[residue] === "";
    const room = found.length === 0 || (residue - found[found.length - 1]) * view.cell >= NEAREST;
    if ((round || step === 1) && room) found.push(residue);
  }
  return found;
}

function nameOf(view: Viewport, { sequence, residue_numbers, insertion_codes }: SceneMeta, residue: number): string {
  const number = `${residue_numbers[residue]}${insertion_codes[residue]}`;
  return view.cell >= 10 ? `${sequence[residue]}${number}` : number;
}
