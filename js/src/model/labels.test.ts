import { expect, test } from "vitest";
import { formatHead, formatWeight, headColumn, headLabel, MEAN, sayHead } from "./labels";

test("labels count from 1, columns from 0, the mean comes last", () => {
  expect([1, 2, 3, MEAN].map((head) => headColumn(head as number | typeof MEAN, 3))).toEqual([0, 1, 2, 3]);
  for (let column = 0; column <= 12; column++) expect(headColumn(headLabel(column, 12), 12)).toBe(column);
});

test("as printed and as said", () => {
  expect(formatHead(12, 4)).toBe("12-4");
  expect(formatHead(12, MEAN)).toBe("12-mean");
  expect(sayHead(3, 2)).toBe("layer 3, head 2");
  expect(sayHead(3, MEAN)).toBe("layer 3, mean of heads");
});

test.each([
  [0.412, "0.41"],
  [1, "1.00"],
  [0.1, "0.10"],
  [0.0512, "0.051"],
  [0.00123, "0.0012"],
  [0, "0"],
  [Number.NaN, "–"],
  [Number.POSITIVE_INFINITY, "–"],
])("weight %d reads %s", (weight, text) => {
  expect(formatWeight(weight)).toBe(text);
});
