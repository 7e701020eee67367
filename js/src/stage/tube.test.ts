import { describe, expect, test } from "vitest";
import { arcPoints, type Vector } from "./arc";
import { indicesPerTube, SIDES, tubeIndices, verticesPerTube, writeTube } from "./tube";

const SEGMENTS = 8;

function tubeOf(start: Vector, end: Vector, radius: readonly [number, number] = [0.5, 0.5]) {
  const points = new Float32Array(3 * (SEGMENTS + 1));
  arcPoints(start, end, [0, 0, 0], SEGMENTS, points);
  const position = new Float32Array(3 * verticesPerTube(SEGMENTS));
  const normal = new Float32Array(position.length);
  writeTube(points, SEGMENTS, radius, position, normal, 0);
  const at = (array: Float32Array, n: number): Vector => [array[3 * n], array[3 * n + 1], array[3 * n + 2]];
  return { points, position, normal, at };
}

const minus = (a: Vector, b: Vector): Vector => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
const cross = (a: Vector, b: Vector): Vector => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
];
const dot = (a: Vector, b: Vector) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

describe.each<[string, Vector, Vector]>([
  ["an ordinary arc", [10, 0, 2], [-3, 8, 1]],
  ["one whose chord points at the centre", [4, 0, 0], [12, 0, 0]],
  ["one through the centre", [-6, 0, 0], [6, 0, 0]],
])("%s", (_, start, end) => {
  test("every vertex lies a radius away from its point, along its unit normal", () => {
    const { points, position, normal, at } = tubeOf(start, end);
    for (let ring = 0; ring <= SEGMENTS; ring++) {
      for (let side = 0; side < SIDES; side++) {
        const vertex = ring * SIDES + side;
        expect(Math.hypot(...at(normal, vertex))).toBeCloseTo(1, 4);
        expect(Math.hypot(...minus(at(position, vertex), at(points, ring)))).toBeCloseTo(0.5, 4);
      }
    }
  });

  test("triangles face outward", () => {
    const { position, normal, at } = tubeOf(start, end);
    const indices = tubeIndices(1, SEGMENTS);
    for (let n = 0; n < indices.length; n += 3) {
      const [a, b, c] = [indices[n], indices[n + 1], indices[n + 2]];
      const face = cross(minus(at(position, b), at(position, a)), minus(at(position, c), at(position, a)));
      expect(dot(face, at(normal, a))).toBeGreaterThan(0);
    }
  });
});

test("the radius runs from one end to the other", () => {
  const { points, position, at } = tubeOf([10, 0, 0], [0, 10, 0], [1, 0.2]);
  expect(Math.hypot(...minus(at(position, 0), at(points, 0)))).toBeCloseTo(1, 4);
  expect(Math.hypot(...minus(at(position, SEGMENTS * SIDES), at(points, SEGMENTS)))).toBeCloseTo(0.2, 4);
});

test("tubes in a row share no vertex", () => {
  const indices = tubeIndices(3, SEGMENTS);
  expect(indices.length).toBe(3 * indicesPerTube(SEGMENTS));
  for (let tube = 0; tube < 3; tube++) {
    const own = indices.subarray(tube * indicesPerTube(SEGMENTS), (tube + 1) * indicesPerTube(SEGMENTS));
    expect(Math.min(...own)).toBe(tube * verticesPerTube(SEGMENTS));
    expect(Math.max(...own)).toBe((tube + 1) * verticesPerTube(SEGMENTS) - 1);
  }
});

test("a tube is written where it is told to, and nowhere else", () => {
  const points = new Float32Array(3 * (SEGMENTS + 1));
  arcPoints([1, 2, 3], [9, 2, 1], [0, 0, 0], SEGMENTS, points);
  const size = 3 * verticesPerTube(SEGMENTS);
  const position = new Float32Array(3 * size);
  writeTube(points, SEGMENTS, [1, 1], position, new Float32Array(3 * size), verticesPerTube(SEGMENTS));
  expect(position.subarray(0, size).every((value) => value === 0)).toBe(true);
  expect(position.subarray(size, 2 * size).some((value) => value !== 0)).toBe(true);
  expect(position.subarray(2 * size).every((value) => value === 0)).toBe(true);
});
