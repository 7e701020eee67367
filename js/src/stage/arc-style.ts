// How thick, how solid and of which colour an arc is. The same rule stands in protvis/scene/drawn_arcs.py; a contract test
// compares the two.

import type { Change } from "../model/change";
import type { Relation } from "../model/placement";
import { parseHex, type Rgb, type Theme } from "./theme";

/** Radius in Å of an arc without weight, and of the head's strongest link. */
const THINNEST = 0.06;
const THICKEST = 0.32;

export const OPACITIES = [1, 0.7, 0.42, 0.25];

/** How far in Å the arcs of the chosen head and of those overlaid on it lie beside their residues. */
const ASIDE = [0, 0.6, -0.6];

/** The same side for both directions of a pair. */
export function asideOf(place: number, query: number, key: number): number {
  return query < key ? ASIDE[place] : -ASIDE[place];
}

/** Shares of the head's strongest link from which on an arc has the opacity of the same place; below them, the next. */
const SOLID_FROM = [1 / 2, 1 / 4];

/** Opacity and radius go by the share that a weight is of the head's strongest link, whatever is selected. */
export function radiusOf(share: number): number {
  return THINNEST + (THICKEST - THINNEST) * share;
}

/** Place in `OPACITIES` for such a share; where colour tells contacts from others, the others are a step fainter. */
export function opacityLevel(share: number, faded = false): number {
  const level = SOLID_FROM.findIndex((least) => share >= least);
  return (level < 0 ? SOLID_FROM.length : level) + (faded ? 1 : 0);
}

export function changeColors(theme: Theme): Record<Change, Rgb> {
  return { gain: parseHex(theme.gain), loss: parseHex(theme.loss), noise: parseHex(theme.near) };
}

export function relationColors(theme: Theme): Record<Relation, Rgb> {
  return { contact: parseHex(theme.contact), near: parseHex(theme.near), apart: parseHex(theme.noContact) };
}
