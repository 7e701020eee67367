import { expect, test } from "vitest";
import { lifts, type NameBox } from "./name-layer";

const overlap = (one: NameBox, other: NameBox) =>
  Math.abs(one.x - other.x) < (one.width + other.width) / 2 - 1e-9 &&
  Math.abs(one.y - other.y) < (one.height + other.height) / 2 - 1e-9;

test.each([1, 2, 13, 24])("%i names move apart, the first not at all, and no further than needed", (count) => {
  // A heap of names of several sizes, as of residues at several depths.
  const heap = Array.from({ length: count }, (_, n) => ({
    ...{ x: 9 * Math.sin(3 * n), y: 5 * Math.cos(7 * n) },
    ...{ width: 40 + n, height: 10 + (n % 4) },
  }));
  const lifted = lifts(heap);
  expect(lifted[0]).toBe(0);
  const moved = heap.map((name, n) => ({ ...name, y: name.y + lifted[n] * name.height }));
  moved.forEach((one, n) => {
    expect(moved.slice(0, n).filter((other) => overlap(one, other))).toEqual([]);
  });
  expect(Math.max(...lifted.map(Math.abs))).toBeLessThanOrEqual(count);
});

test("names that lie apart stay where they are", () => {
  const row = [0, 50, 100].map((x) => ({ x, y: 0, width: 40, height: 10 }));
  expect(lifts(row).map(Math.abs)).toEqual([0, 0, 0]);
});
