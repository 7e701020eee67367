// Which values of a dense map the colours range over: the diagonal, far above all else, would leave the rest dark.

import { type DenseMap, mapValue } from "../model/map-set";
import type { Colormap } from "../model/scene";

/** The colours are made for pairs at least so far apart in the sequence. */
export const FAR = 6;
/** Of those, as many cells as this share of the residues may be beyond the last colour. */
const BEYOND = 1 / 4;
/** Step of 0 in a signed map, and how many steps there are on either side. */
const MIDDLE = 128;
/** Step of what is not known in a signed map, and its colour, on light and dark pages. */
const UNKNOWN = 0;
const GREY = 0xffa79f98;
const HALF = 127;

/** The step that the last colour stands for, of signed maps counted from 0, and whether any step lies beyond it. */
export function topStep(
  { steps, signed }: DenseMap,
  nResidues: number,
  distance = FAR,
): { top: number; clipped: boolean } {
  const far = new Uint32Array(256);
  let highest = 0;
  for (let row = 0; row < nResidues; row++) {
    const line = row * nResidues;
    for (let column = 0; column < nResidues; column++) {
      const step = steps[line + column];
      // Of what is not known there is no value.
      if (signed && step === UNKNOWN) continue;
      const size = signed ? Math.min(Math.abs(step - MIDDLE), HALF) : step;
      if (size > highest) highest = size;
      if (column - row >= distance || row - column >= distance) far[size]++;
    }
  }
  let top = 255;
  for (let beyond = far[top]; top > 0 && beyond <= BEYOND * nResidues; beyond += far[top]) top--;
  // A map, or a chain, that has nothing farther out keeps all of its range.
  if (top === 0) top = highest;
  return { top, clipped: top < highest };
}

/** The colour of every step when the last colour is that of step `top`, and of all beyond it. */
export function spread(palette: Uint32Array, top: number, signed: boolean): Uint32Array {
  const reach = Math.max(top, 1);
  return palette.map((_, step) => {
    if (signed && step === UNKNOWN) return GREY;
    if (!signed) return palette[Math.min(Math.round((255 * step) / reach), 255)];
    const share = Math.min(Math.max((step - MIDDLE) / reach, -1), 1);
    return palette[MIDDLE + Math.round(HALF * share)];
  });
}

/** What a step found by `topStep` stands for. */
export function stepValue(map: DenseMap, top: number): number {
  return mapValue(map, map.signed ? MIDDLE + top : top);
}

/** A colour map as little-endian RGBA. */
export function paletteOf(colors: Colormap): Uint32Array {
  return Uint32Array.from(
    { length: 256 },
    (_, step) => (0xff000000 | (colors[3 * step + 2] << 16) | (colors[3 * step + 1] << 8) | colors[3 * step]) >>> 0,
  );
}
