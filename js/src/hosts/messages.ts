// Questions the browser asks Python and the answers it gets (protvis/widgets/messages.py).
// One union per direction, told apart by `kind`; every question is answered, errors included.

import type { MEAN } from "../model/labels";
import type { Dtype } from "../model/wire";

export interface HeadMapQuestion {
  kind: "head_map";
  id: number;
  /** Positions, from 0. */
  layer: number;
  head: number | typeof MEAN;
}

export type Question = HeadMapQuestion;

export interface HeadMapAnswer {
  kind: "head_map";
  id: number;
  dtype: Dtype;
  shape: number[];
  scale: number;
}

export interface ErrorAnswer {
  kind: "error";
  id: number;
  message: string;
}

export type Answer = HeadMapAnswer | ErrorAnswer;

export const ANSWER_KINDS = ["head_map", "error"] as const satisfies readonly Answer["kind"][];
export const QUESTION_KINDS = ["head_map"] as const satisfies readonly Question["kind"][];

/** The message as an answer, or null when it is not one of ours. */
export function answerOf(content: unknown): Answer | null {
  const kind = (content as { kind?: unknown } | null)?.kind;
  return ANSWER_KINDS.some((known) => known === kind) ? (content as Answer) : null;
}
