// Questions the browser asks Python and the answers it gets (protvis/widgets/messages.py).
// One union per direction, told apart by `kind`; every question is answered, errors included.

import type { Dtype, LinkArrays, MapArrays, MapSetMeta, SmallMapArrays } from "../model/wire";

/** One dense map of a kind of map. */
export interface HeadMapQuestion {
  kind: "head_map";
  id: number;
  map: string;
  entry: number;
}

/** The links and scores of a kind of map. */
export interface MapSetQuestion {
  kind: "map_set";
  id: number;
  map: string;
}

/** The links of a map that touch residues. */
export interface LinksQuestion {
  kind: "links";
  id: number;
  map: string;
  entry: number;
  residues: readonly number[];
}

/** The code of NGL, for hosts without NGLview's. */
export interface NglQuestion {
  kind: "ngl";
  id: number;
}

/** Small pictures of all maps of a kind. */
export interface SmallMapsQuestion {
  kind: "small_maps";
  id: number;
  map: string;
}

/** How strongly each map of a kind links residues. */
export interface SelectionQuestion {
  kind: "selection";
  id: number;
  map: string;
  residues: readonly number[];
  pair: readonly number[] | null;
}

export type Question =
  | HeadMapQuestion
  | MapSetQuestion
  | LinksQuestion
  | NglQuestion
  | SmallMapsQuestion
  | SelectionQuestion;

interface ArrayHeader {
  dtype: Dtype;
  shape: number[];
}

export interface HeadMapAnswer extends ArrayHeader {
  kind: "head_map";
  id: number;
  scale: number;
  signed: boolean;
  symmetric: boolean;
}

/** The data of the arrays follow as buffers, in the arrays' order. */
export interface MapSetAnswer {
  kind: "map_set";
  id: number;
  meta: MapSetMeta;
  arrays: Record<keyof MapArrays, ArrayHeader>;
}

/** As the set's. */
export interface LinksAnswer {
  kind: "links";
  id: number;
  arrays: Record<keyof LinkArrays, ArrayHeader>;
}

/** Gzipped JavaScript follows as the one buffer. */
export interface NglAnswer {
  kind: "ngl";
  id: number;
}

export interface SmallMapsAnswer {
  kind: "small_maps";
  id: number;
  arrays: Record<keyof SmallMapArrays, ArrayHeader>;
}

export interface SelectionAnswer {
  kind: "selection";
  id: number;
  arrays: Record<"scores", ArrayHeader>;
}

export interface ErrorAnswer {
  kind: "error";
  id: number;
  message: string;
}

export type Answer =
  | HeadMapAnswer
  | MapSetAnswer
  | LinksAnswer
  | NglAnswer
  | SmallMapsAnswer
  | SelectionAnswer
  | ErrorAnswer;

export const QUESTION_KINDS = [
  "head_map",
  "map_set",
  "links",
  "ngl",
  "small_maps",
  "selection",
] as const satisfies readonly Question["kind"][];
export const ANSWER_KINDS = [...QUESTION_KINDS, "error"] as const satisfies readonly Answer["kind"][];

/** The message as an answer, or null when it is not one of ours. */
export function answerOf(content: unknown): Answer | null {
  const kind = (content as { kind?: unknown } | null)?.kind;
  return ANSWER_KINDS.some((known) => known === kind) ? (content as Answer) : null;
}
