import { expect, test } from "vitest";
import { ANSWER_KINDS, answerOf } from "./messages";

test.each(ANSWER_KINDS)("an answer of kind %s is one of ours", (kind) => {
  const content = { kind, id: 3 };
  expect(answerOf(content)).toBe(content);
});

test.each([
  null,
  undefined,
  7,
  "head_map",
  [],
  {},
  { kind: "other", id: 3 },
  { kind: ["head_map"] },
  { id: 3 },
  { kind: "constructor" },
])("%j is not", (content) => {
  expect(answerOf(content)).toBeNull();
});
