import { describe, expect, test } from "vitest";
import { random } from "../testing/random";
import type { Vector } from "./arc";
import { fitCamera, type Quaternion } from "./camera-fit";

const FOV = 40;

/** Where a point is in the panel, each side from −1 to 1, and how far it is from the camera. */
function seen(
  point: Vector,
  rotation: Quaternion,
  { center, distance }: { center: Vector; distance: number },
  aspect: number,
) {
  const turned = turn([point[0] - center[0], point[1] - center[1], point[2] - center[2]], rotation);
  const depth = distance + turned[2];
  const half = Math.tan((FOV * Math.PI) / 360) * depth;
  return { x: turned[0] / (half * aspect), y: turned[1] / half, depth };
}

/** By the rotation matrix, as NGL does. */
function turn([a, b, c]: Vector, { x, y, z, w }: Quaternion): Vector {
  return [
    (1 - 2 * (y * y + z * z)) * a + 2 * (x * y - w * z) * b + 2 * (x * z + w * y) * c,
    2 * (x * y + w * z) * a + (1 - 2 * (x * x + z * z)) * b + 2 * (y * z - w * x) * c,
    2 * (x * z - w * y) * a + 2 * (y * z + w * x) * b + (1 - 2 * (x * x + y * y)) * c,
  ];
}

describe("the camera", () => {
  test.each(Array.from({ length: 60 }, (_, seed) => seed))(
    "sees everything and goes no further away, seed %i",
    (seed) => {
      const source = random(seed);
      const raw = [0, 1, 2, 3].map(() => 2 * source.real() - 1);
      const size = Math.hypot(...raw);
      const [x, y, z, w] = raw.map((value) => value / size);
      const rotation = { x, y, z, w };
      const aspect = source.choice([0.4, 1, 1.5, 3]);
      const sides = [0, 1, 2].map(() => 5 + 80 * source.real());
      const points: Vector[] = Array.from({ length: source.whole(2, 300) }, () => [
        sides[0] * source.real() + 30,
        sides[1] * source.real() - 50,
        sides[2] * source.real(),
      ]);
      const fitted = fitCamera(points.flat(), rotation, FOV, aspect)!;
      const places = points.map((point) => seen(point, rotation, fitted, aspect));
      const fullest = Math.max(...places.map((place) => Math.max(Math.abs(place.x), Math.abs(place.y))));
      const nearest = Math.min(...places.map(({ depth }) => depth));
      expect(fullest).toBeLessThanOrEqual(0.96);
      // NGL cuts off what is nearer than 10 Å.
      expect(nearest).toBeGreaterThan(10);
      if (nearest > 12.01) expect(fullest).toBeGreaterThan(0.7);
    },
  );

  test("looks at the middle of what it sees", () => {
    const { center, distance } = fitCamera(
      [-10, 0, 5, 30, 0, 5, 10, 8, 5, 10, -8, 5],
      { x: 0, y: 0, z: 0, w: 1 },
      FOV,
      2,
    )!;
    expect(center.map((value) => Number(value.toFixed(6)))).toEqual([10, 0, 5]);
    expect(distance).toBeCloseTo(22 / (0.96 * 2 * Math.tan(Math.PI / 9)), 6);
  });

  test("has nothing to look at without points", () => {
    expect(fitCamera([], { x: 0, y: 0, z: 0, w: 1 }, FOV, 1)).toBeNull();
  });
});
