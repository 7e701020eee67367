// Colours of links by a number, through one of the scene's colour maps.

import type { Scene } from "../model/scene";
import type { ColorBy } from "../model/view";
import type { Rgb } from "./theme";

/** Colour of a link by its weight, as a share of the head's strongest, or by how far apart its residues are. */
export function linkColor(scene: Scene, colorBy: ColorBy, query: number, key: number, share: number): Rgb {
  if (colorBy === "weight") return colormapped(scene.colormaps.weight, share);
  const apart = scene.separation(query, key) / Math.max(scene.nResidues - 1, 1);
  return colormapped(scene.colormaps.separation, Math.min(apart, 1));
}

export function colormapped(colormap: Uint8Array, share: number): Rgb {
  const at = 3 * Math.round(255 * Math.min(Math.max(share, 0), 1));
  return [colormap[at] / 255, colormap[at + 1] / 255, colormap[at + 2] / 255];
}
