// The second face of the head grid: a small picture of every head's map, and a larger one of the cell looked at.

import { element } from "../dom";
import type { DenseMap } from "../model/map-set";
import type { Pictures } from "../model/small-maps";
import type { ExplorerState } from "../model/state";
import { FAR, paletteOf, spread, topStep } from "./contrast";

/** Side of the larger picture, in CSS pixels (as in explorer.css). */
const LARGE = 148;

export class HeadPictures {
  /** The larger picture, to be placed in a panel that is positioned. */
  readonly large = element("div", { class: "pv-largemap", hidden: true, "aria-hidden": "true" });
  private readonly canvas = element("canvas");
  private readonly palettes: readonly [Uint32Array, Uint32Array];
  private drawn: Pictures | null = null;
  private side = 0;

  constructor(state: ExplorerState) {
    this.palettes = [paletteOf(state.scene.colormaps.map), paletteOf(state.scene.colormaps.signed)];
    this.large.append(this.canvas);
  }

  /** Draw the pictures into the cells, `side` CSS pixels wide and high; none if there are none. */
  draw(cells: readonly HTMLElement[], pictures: Pictures | null, side: number, nResidues: number): void {
    // As many pixels as the screen has, made here: a browser that scales a picture lets thin lines fade.
    const wanted = Math.round(side * (window.devicePixelRatio || 1));
    if (pictures === this.drawn && wanted === this.side && (!pictures || cells[0]?.firstElementChild)) return;
    this.drawn = pictures;
    this.side = wanted;
    if (!pictures) this.large.hidden = true;
    cells.forEach((cell, entry) => {
      if (!pictures) {
        if (cell.firstElementChild) cell.replaceChildren();
        return;
      }
      const canvas = element("canvas", { class: "pv-smallmap" });
      const pixels = Math.min(wanted, pictures.side);
      this.paint(canvas, shrink(pictures.maps[entry], pictures.side, pixels), pixels, nResidues);
      cell.replaceChildren(canvas);
    });
  }

  /** Show the larger picture of an entry beside its cell; none for -1. */
  enlarge(entry: number, cell: HTMLElement | undefined, nResidues: number): void {
    const map = this.drawn?.maps[entry];
    const panel = this.large.parentElement;
    this.large.hidden = !map || !cell || !panel;
    if (!map || !cell || !panel || !this.drawn) return;
    this.paint(this.canvas, map, this.drawn.side, nResidues);
    const [frame, at] = [panel.getBoundingClientRect(), cell.getBoundingClientRect()];
    const left = at.left + at.width / 2 - frame.left - LARGE / 2;
    // Above the cell where it hides neither what is said beneath the grid nor itself, else below.
    const above = at.top - frame.top > LARGE / 2 && at.top > LARGE + 16;
    this.large.style.left = `${Math.max(4, Math.min(left, frame.width - LARGE - 8))}px`;
    this.large.style.top = `${above ? at.top - frame.top - LARGE - 10 : at.bottom - frame.top + 8}px`;
  }

  private paint(canvas: HTMLCanvasElement, map: DenseMap, side: number, nResidues: number): void {
    canvas.width = side;
    canvas.height = side;
    const context = canvas.getContext("2d");
    if (!context) return;
    // Pixels whose residues are all far from each other set the colours, as on the large map.
    const distance = side >= nResidues ? FAR : Math.ceil((FAR * side) / nResidues) + 1;
    const { top } = topStep(map, side, distance);
    const colors = spread(this.palettes[map.signed ? 1 : 0], top, map.signed);
    const image = context.createImageData(side, side);
    const pixels = new Uint32Array(image.data.buffer);
    map.steps.forEach((step, n) => {
      pixels[n] = colors[step];
    });
    context.putImageData(image, 0, 0);
  }
}

/** A picture with fewer pixels: of those that fall together the strongest. */
export function shrink(map: DenseMap, side: number, pixels: number): DenseMap {
  if (pixels >= side) return map;
  const zero = map.signed ? 128 : 0;
  const steps = new Uint8Array(pixels ** 2).fill(zero);
  const place = Uint16Array.from({ length: side }, (_, n) => Math.floor((n * pixels) / side));
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      const step = map.steps[row * side + column];
      const at = place[row] * pixels + place[column];
      // Of signed maps a step of 0 is not known.
      if ((!map.signed || step > 0) && Math.abs(step - zero) > Math.abs(steps[at] - zero)) steps[at] = step;
    }
  }
  return { ...map, steps };
}
