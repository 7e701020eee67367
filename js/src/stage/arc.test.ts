import { describe, expect, test } from "vitest";
import { random } from "../testing/random";
import { arcPoints, type Vector } from "./arc";

const SEGMENTS = 16;
const ORIGIN: Vector = [0, 0, 0];

function curve(start: Vector, end: Vector, center: Vector = ORIGIN, segments = SEGMENTS): Vector[] {
  const out = new Float32Array(3 * (segments + 1));
  arcPoints(start, end, center, segments, out);
  return Array.from({ length: segments + 1 }, (_, n) => [out[3 * n], out[3 * n + 1], out[3 * n + 2]] as const);
}

const minus = (a: Vector, b: Vector): Vector => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
const dot = (a: Vector, b: Vector) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const size = (a: Vector) => Math.hypot(...a);
const halfway = (a: Vector, b: Vector): Vector => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2, (a[2] + b[2]) / 2];

describe("random arcs", () => {
  test.each(Array.from({ length: 40 }, (_, seed) => seed))("seed %i", (seed) => {
    const source = random(seed);
    const anywhere = (): Vector => [80 * source.real() - 40, 80 * source.real() - 40, 80 * source.real() - 40];
    const [start, end, center] = [anywhere(), anywhere(), anywhere()];
    const points = curve(start, end, center);
    const chord = minus(end, start);
    const length = size(chord);
    const middle = halfway(start, end);
    const lift = minus(points[SEGMENTS / 2], middle);

    for (let axis = 0; axis < 3; axis++) {
      expect(points[0][axis]).toBe(Math.fround(start[axis]));
      expect(points[SEGMENTS][axis]).toBe(Math.fround(end[axis]));
    }
    expect(size(lift)).toBeCloseTo(Math.min(0.38 * length, 24), 3);
    expect(dot(lift, chord) / length).toBeCloseTo(0, 3);
    expect(dot(lift, minus(middle, center))).toBeGreaterThan(0);
    // The same arc from the other end.
    curve(end, start, center)
      .reverse()
      .forEach((point, n) => expect(size(minus(point, points[n]))).toBeLessThan(1e-3));
  });
});

describe("degenerate chords", () => {
  const finite = (points: Vector[]) => points.every((point) => point.every(Number.isFinite));

  test.each<[string, Vector, Vector]>([
    ["along x", [-10, 0, 0], [10, 0, 0]],
    ["along y", [0, -10, 0], [0, 10, 0]],
    ["askew", [-3, -4, -5], [3, 4, 5]],
    ["pointing at the centre from one side", [5, 5, 5], [15, 15, 15]],
  ])("through the centre, %s: lifted all the same", (_, start, end) => {
    const points = curve(start, end);
    const lift = minus(points[SEGMENTS / 2], halfway(start, end));
    expect(finite(points)).toBe(true);
    expect(size(lift)).toBeCloseTo(0.38 * size(minus(end, start)), 3);
    expect(dot(lift, minus(end, start))).toBeCloseTo(0, 3);
  });

  test.each<[string, Vector]>([
    ["anywhere", [3, 4, 5]],
    ["at the centre", [0, 0, 0]],
  ])("no length, %s: stays in one place", (_, place) => {
    for (const point of curve(place, place)) expect(size(minus(point, place))).toBeLessThan(1e-5);
  });

  test("fewer segments are points of the same curve", () => {
    const [start, end]: Vector[] = [
      [1, 20, 3],
      [-7, 5, 9],
    ];
    const [few, many] = [curve(start, end, ORIGIN, 4), curve(start, end, ORIGIN, 16)];
    few.forEach((point, n) => expect(size(minus(point, many[4 * n]))).toBeLessThan(1e-5));
  });
});
