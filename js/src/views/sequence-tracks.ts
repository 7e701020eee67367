// What is drawn above and below the letters of one line of the sequence, each part on a canvas of its own:
// only the bars follow the head.

import { sizedContext } from "../dom";
import type { Scene } from "../model/scene";
import type { Track } from "../model/tracks";
import { HELIX, STRAND, type Theme, trackColor } from "../stage/theme";

/** Width of a residue in CSS pixels: no less, and no more. */
export const NARROWEST = 11;
export const WIDEST = 16;
const NUMBERS = 11;
const BARS = 15;
const STRUCTURE = 9;
const ROW = 7;
/** Numbers are bars, which need more height than marks. */
const NUMBER_ROW = 13;

export interface Line {
  numbers: HTMLCanvasElement;
  bars: HTMLCanvasElement;
  structure: HTMLCanvasElement;
  /** The tracks, below the letters. */
  below: HTMLCanvasElement;
  first: number;
  count: number;
  /** Width of a residue in CSS pixels. */
  cell: number;
}

type Span = Pick<Line, "first" | "count" | "cell">;

function cleared(
  canvas: HTMLCanvasElement,
  { count, cell }: Pick<Line, "count" | "cell">,
  height: number,
): CanvasRenderingContext2D | null {
  // A little wider than its letters, so that the last number is whole.
  const width = (count + 1) * cell;
  const context = sizedContext(canvas, width, height);
  context?.clearRect(0, 0, width, height);
  return context;
}

export function drawNumbers(canvas: HTMLCanvasElement, scene: Scene, span: Span, theme: Theme): void {
  const { first, count, cell } = span;
  const context = cleared(canvas, span, NUMBERS);
  if (!context) return;
  const { residue_numbers, insertion_codes, segments } = scene.meta;
  context.fillStyle = theme.dark ? "#98a2b3" : "#667080";
  // Of several chains, each says its name where it begins.
  const chain = segments.length > 1 ? segments.find(({ start }) => start === first) : undefined;
  context.font = "bold 9px ui-sans-serif, system-ui, sans-serif";
  const name = chain ? `chain ${chain.chain_id}` : "";
  const taken = chain ? context.measureText(name).width + 4 : 0;
  context.fillText(name, 0, 8);
  context.font = "9px ui-sans-serif, system-ui, sans-serif";
  context.textAlign = "center";
  for (let n = 0; n < count; n++) {
    const number = residue_numbers[first + n];
    if (number % 10 !== 0 || insertion_codes[first + n] !== "") continue;
    // The first number of a line stays inside it.
    const half = context.measureText(String(number)).width / 2;
    const middle = Math.max((n + 0.5) * cell, half);
    if (middle - half >= taken) context.fillText(String(number), middle, 8);
  }
}

/** Bars of the attention each residue of the line receives; those of negative means hang from the line of 0. */
export function drawReceived(
  canvas: HTMLCanvasElement,
  values: Float32Array,
  { lowest, highest }: { lowest: number; highest: number },
  cell: number,
  theme: Theme,
): void {
  const context = cleared(canvas, { count: values.length, cell }, BARS);
  if (!context || highest === lowest) return;
  context.fillStyle = theme.dark ? "#8fa3c7" : "#5b6f95";
  const scale = BARS / (highest - lowest);
  const zero = highest * scale;
  context.beginPath();
  values.forEach((value, n) => context.rect(n * cell + 1, zero, cell - 2, -value * scale));
  context.fill();
  if (lowest < 0) {
    context.fillStyle = theme.dark ? "#4b5360" : "#ccd2db";
    context.fillRect(0, zero - 0.5, values.length * cell, 1);
  }
}

export function drawStructure(canvas: HTMLCanvasElement, scene: Scene, span: Span, theme: Theme): void {
  const { first, count, cell } = span;
  const context = cleared(canvas, span, STRUCTURE);
  if (!context) return;
  const states = scene.meta.secondary_structure?.states;
  const middle = STRUCTURE / 2;
  for (let n = 0; n < count; n++) {
    const residue = first + n;
    const kind = scene.observed[residue] ? (states?.[residue] ?? "-") : "gap";
    const left = n * cell;
    if (kind === "gap") {
      context.fillStyle = theme.dark ? "#59616d" : "#b6bdc8";
      context.fillRect(left + 2, middle - 0.5, 2, 1);
      context.fillRect(left + cell - 4, middle - 0.5, 2, 1);
    } else if (kind === "H") {
      context.fillStyle = HELIX;
      context.fillRect(left, middle - 3, cell, 6);
    } else if (kind === "E") {
      context.fillStyle = theme.dark ? STRAND.dark : STRAND.light;
      if (states?.[residue + 1] === "E") {
        context.fillRect(left, middle - 1.5, cell, 3);
      } else {
        context.beginPath();
        context.moveTo(left, middle - 4);
        context.lineTo(left + cell, middle);
        context.lineTo(left, middle + 4);
        context.fill();
      }
    } else {
      context.fillStyle = theme.dark ? "#4b5360" : "#ccd2db";
      context.fillRect(left, middle - 0.5, cell, 1);
    }
  }
}

/** One row per track that is on: numbers as bars from zero up or down, all else as marks. */
export function drawRows(
  canvas: HTMLCanvasElement,
  rows: readonly { track: Track; place: number }[],
  scene: Scene,
  span: Span,
  theme: Theme,
): void {
  const { first, count, cell } = span;
  canvas.hidden = rows.length === 0;
  canvas.dataset.rows = String(rows.length);
  const heights = rows.map(({ track }) => (track.kind === "number" ? NUMBER_ROW : ROW));
  const context =
    rows.length > 0
      ? cleared(
          canvas,
          span,
          heights.reduce((sum, height) => sum + height, 2),
        )
      : null;
  if (!context) return;
  let bottom = 0;
  rows.forEach(({ track, place }, row) => {
    bottom += heights[row];
    const tallest = heights[row] - 1;
    for (let n = 0; n < count; n++) {
      const color = trackColor(track, first + n, scene.colormaps.weight, theme.dark, place);
      context.fillStyle = color ?? (theme.dark ? "#262c35" : "#eceff3");
      // What is marked or high is also taller, so that it shows without its colour.
      const [from, to] = track.bar(first + n);
      const height = Math.max(1, (to - from) * tallest);
      if (color) context.fillRect(n * cell, bottom - from * tallest - height, cell, height);
      else context.fillRect(n * cell, bottom - (track.kind === "number" ? 1 : ROW / 2), cell, 1);
    }
  });
}
