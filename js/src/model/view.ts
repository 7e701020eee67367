// All that is looked at in a scene: one table, over which state, widget, page and links loop.
// The same fields stand in protvis/scene/view_state.py; a contract test compares the two.

import type { HeadLabel } from "./labels";
import type { Combine } from "./links";

export const COLOR_BY = ["contact", "weight", "separation", "sign"] as const;
export type ColorBy = (typeof COLOR_BY)[number];

export type Pair = readonly [query: number, key: number];

/** The first and last query and the first and last key of a block of the map. */
export type Block = readonly [query: number, lastQuery: number, key: number, lastKey: number];

/** The labels of a layer and of a head in it. */
export type Head = readonly [layer: number, head: HeadLabel];

/** NGL's orientation, a 4 × 4 matrix. */
export type Camera = readonly number[];

/** The fields, each with a value it may have. */
export const VIEW = {
  layer: 1,
  head: 1 as HeadLabel,
  top_k: 1,
  threshold: 0,
  min_separation: 0,
  combine: "max" as Combine,
  color_by: "contact" as ColorBy,
  map: "",
  /** Ascending. */
  selected_residues: [] as readonly number[],
  selected_link: null as Pair | null,
  selected_block: null as Block | null,
  /** At most so many links of a selection, instead of `top_k`. */
  partners: 1,
  /** Heads whose links are drawn beside those of the chosen one. */
  overlay_heads: [] as readonly Head[],
  /** Names of the tracks under the sequence. */
  shown_tracks: [] as readonly string[],
  /** Name of the track that colours the cartoon; empty for plain. */
  cartoon_by: "",
  /** Whether the arcs are drawn on every copy of the chain. */
  show_copies: false,
  /** How the page was asked to turn the structure; null for straight on. */
  camera: null as Camera | null,
};

export type View = typeof VIEW;

export const VIEW_FIELDS = Object.keys(VIEW) as (keyof View)[];

/** What colour means: only differences have gains and losses, only structures contacts. */
export function arcColorBy(colorBy: ColorBy, { difference }: { difference: boolean }, hasStructure = true): ColorBy {
  const meaning = colorBy === "sign" && !difference ? "contact" : colorBy;
  return meaning === "contact" && !hasStructure ? "weight" : meaning;
}

/** The residues of a link, in the order of the sequence. */
export function endsOf(link: Pair): number[] {
  return [...new Set(link)].sort((a, b) => a - b);
}

/** The residues of a block, ascending. */
export function blockResidues([query, lastQuery, key, lastKey]: Block): number[] {
  const span = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => from + n);
  return [...new Set([...span(query, lastQuery), ...span(key, lastKey)])].sort((a, b) => a - b);
}
