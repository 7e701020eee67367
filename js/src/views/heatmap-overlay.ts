// What lies over the map of the heatmap: contacts, where chains meet, what is selected and pointed at.

import type { ExplorerState } from "../model/state";
import { HEAD_COLORS } from "../stage/theme";
import type { Viewport } from "./viewport";

/** From this many CSS pixels a cell on, contacts are outlined; smaller ones would hide the map. */
const OUTLINED_FROM = 4;
/** Sides in CSS pixels of the frame of a link. */
const SMALLEST_FRAME = 4;

export function drawContacts(
  context: CanvasRenderingContext2D,
  view: Viewport,
  { scene }: ExplorerState,
  signed: boolean,
): void {
  const n = scene.nResidues;
  const lastRow = Math.min(n - 1, Math.ceil(view.y + view.span));
  const lastColumn = Math.min(n - 1, Math.ceil(view.x + view.span));
  const outlined = view.cell >= OUTLINED_FROM;
  const size = Math.min(Math.max(view.cell, 1), 2);
  // Signed maps are white where nothing is, others are black, and blue is theirs already.
  const ink = signed ? "0 0 0" : "120 220 255";
  context.strokeStyle = `rgb(${ink})`;
  context.fillStyle = `rgb(${ink} / 0.7)`;
  context.lineWidth = view.cell >= 6 ? 1.5 : 1;
  context.beginPath();
  for (let row = Math.floor(view.y); row <= lastRow; row++) {
    for (let column = Math.floor(view.x); column <= lastColumn; column++) {
      if (!scene.isContact(row, column)) continue;
      const [left, top] = [view.pixelOf("x", column), view.pixelOf("y", row)];
      if (outlined) context.rect(left, top, view.cell, view.cell);
      // Above the diagonal alone, so that the other half shows the map as it is.
      else if (column > row) context.rect(left, top, size, size);
    }
  }
  if (outlined) context.stroke();
  else context.fill();
}

/** Lines where one chain ends and the next begins. */
export function drawBorders(context: CanvasRenderingContext2D, view: Viewport, { scene }: ExplorerState): void {
  context.fillStyle = "rgb(255 255 255 / 0.8)";
  for (const { start } of scene.meta.segments.slice(1)) {
    context.fillRect(view.pixelOf("x", start) - 0.5, 0, 1, view.size);
    context.fillRect(0, view.pixelOf("y", start) - 0.5, view.size, 1);
  }
}

/** The cells of the links of several heads, each in its colour; a cell of two heads has one frame in the other. */
export function drawHeads(context: CanvasRenderingContext2D, view: Viewport, state: ExplorerState): void {
  const both = state.view.combine.peek() === "mean";
  const heads = state.heads.peek();
  if (heads.length < 2) return;
  for (const { place, links } of heads) {
    const side = Math.max(view.cell, SMALLEST_FRAME) + 3 * place;
    const offset = (view.cell - side) / 2;
    context.beginPath();
    const frame = (query: number, key: number) =>
      context.rect(view.pixelOf("x", key) + offset, view.pixelOf("y", query) + offset, side, side);
    links.query.forEach((query, n) => {
      frame(query, links.key[n]);
      if (both) frame(links.key[n], query);
    });
    // On a rim, since a map has light and dark places; the darkest colour on a light one.
    for (const rim of [true, false]) {
      context.strokeStyle = rim ? (place === 2 ? "#fff" : "#000") : HEAD_COLORS[place];
      context.lineWidth = rim ? 3 : 2;
      context.stroke();
    }
  }
}

export function drawSelection(
  context: CanvasRenderingContext2D,
  view: Viewport,
  state: ExplorerState,
  accent: string,
): void {
  const cell = Math.max(view.cell, 1);
  const cross = (residue: number, color: string) => {
    context.fillStyle = color;
    context.fillRect(view.pixelOf("x", residue), 0, cell, view.size);
    context.fillRect(0, view.pixelOf("y", residue), view.size, cell);
  };
  const outline = (query: number, key: number, color: string, line: number) => {
    const grow = Math.max(0, (7 - view.cell) / 2);
    const [left, top] = [view.pixelOf("x", key) - grow, view.pixelOf("y", query) - grow];
    drawBox(context, left, top, left + view.cell + 2 * grow, top + view.cell + 2 * grow, color, line);
  };
  const block = state.view.selected_block.peek();
  if (block) drawBlock(context, view, [block[0], block[2]], [block[1], block[3]], accent);
  else {
    // Lines beside the rows and columns, so that these can be read.
    context.fillStyle = accent;
    for (const [first, last] of runsOf(state.view.selected_residues.peek())) {
      for (const axis of ["x", "y"] as const) {
        const edges = [view.pixelOf(axis, first) - 1, view.pixelOf(axis, last) + cell];
        for (const at of edges) {
          if (axis === "x") context.fillRect(at, 0, 1, view.size);
          else context.fillRect(0, at, view.size, 1);
        }
      }
    }
  }
  const link = state.view.selected_link.peek();
  if (link) outline(link[0], link[1], accent, 2);
  const hover = state.hover.peek();
  if (hover?.kind === "link") outline(hover.query, hover.key, "#ffffff", 1.5);
  else if (hover) cross(hover.residue, "rgb(255 255 255 / 0.35)");
}

/** First and last of every stretch of neighbours in an ascending list. */
function runsOf(residues: readonly number[]): [number, number][] {
  const runs: [number, number][] = [];
  for (const residue of residues) {
    const run = runs[runs.length - 1];
    if (run && run[1] === residue - 1) run[1] = residue;
    else runs.push([residue, residue]);
  }
  return runs;
}

/** The block between two cells, (query, key). */
export function drawBlock(
  context: CanvasRenderingContext2D,
  view: Viewport,
  one: readonly [number, number],
  other: readonly [number, number],
  color: string,
): void {
  const [top, bottom] = [one[0], other[0]].sort((a, b) => a - b);
  const [left, right] = [one[1], other[1]].sort((a, b) => a - b);
  const corner = [view.pixelOf("x", left), view.pixelOf("y", top)] as const;
  const end = [corner[0] + (right - left + 1) * view.cell, corner[1] + (bottom - top + 1) * view.cell] as const;
  // On a rim: the accent is a colour of the maps, too.
  drawBox(context, ...corner, ...end, "#fff", 3);
  drawBox(context, ...corner, ...end, color);
}

/** A box between two corners in pixels. */
export function drawBox(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  toX: number,
  toY: number,
  color: string,
  line = 1.5,
): void {
  context.strokeStyle = color;
  context.lineWidth = line;
  context.strokeRect(Math.min(x, toX), Math.min(y, toY), Math.abs(toX - x), Math.abs(toY - y));
}
