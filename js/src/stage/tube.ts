// The surface of one arc: rings of vertices around its points, joined by triangles. One closed surface per
// arc, so that a translucent arc shows no seams, as a row of cylinders would.

import type { Vector } from "./arc";

export const SIDES = 5;

export function verticesPerTube(segments: number): number {
  return (segments + 1) * SIDES;
}

export function indicesPerTube(segments: number): number {
  return segments * SIDES * 6;
}

/** Triangle indices of `tubes` tubes in a row, wound outward. */
export function tubeIndices(tubes: number, segments: number): Uint32Array {
  const indices = new Uint32Array(tubes * indicesPerTube(segments));
  let at = 0;
  for (let tube = 0; tube < tubes; tube++) {
    for (let ring = 0; ring < segments; ring++) {
      const base = tube * verticesPerTube(segments) + ring * SIDES;
      for (let side = 0; side < SIDES; side++) {
        const next = (side + 1) % SIDES;
        const [a, b, c, d] = [base + side, base + next, base + SIDES + side, base + SIDES + next];
        indices.set([a, b, c, b, d, c], at);
        at += 6;
      }
    }
  }
  return indices;
}

const COSINES = Array.from({ length: SIDES }, (_, side) => Math.cos((2 * Math.PI * side) / SIDES));
const SINES = Array.from({ length: SIDES }, (_, side) => Math.sin((2 * Math.PI * side) / SIDES));

/**
 * Write positions and normals of one tube around a planar curve.
 *
 * @param points the curve's `segments + 1` points, three numbers each
 * @param radius at the start and at the end, in Å
 * @param at vertex at which the tube begins in `position` and `normal`
 */
export function writeTube(
  points: Float32Array,
  segments: number,
  radius: readonly [number, number],
  position: Float32Array,
  normal: Float32Array,
  at: number,
): void {
  const binormal = planeNormal(points, segments);
  let out = 3 * at;
  for (let ring = 0; ring <= segments; ring++) {
    const before = 3 * Math.max(ring - 1, 0);
    const after = 3 * Math.min(ring + 1, segments);
    const tangent = unit([
      points[after] - points[before],
      points[after + 1] - points[before + 1],
      points[after + 2] - points[before + 2],
    ]);
    const side = cross(binormal, tangent);
    const r = radius[0] + ((radius[1] - radius[0]) * ring) / segments;
    for (let n = 0; n < SIDES; n++) {
      for (let axis = 0; axis < 3; axis++, out++) {
        normal[out] = COSINES[n] * side[axis] + SINES[n] * binormal[axis];
        position[out] = points[3 * ring + axis] + r * normal[out];
      }
    }
  }
}

/** Normal of the plane the curve lies in; any vector at a right angle if it is straight. */
function planeNormal(points: Float32Array, segments: number): Vector {
  const middle = 3 * (segments >> 1);
  const last = 3 * segments;
  const chord: Vector = [points[last] - points[0], points[last + 1] - points[1], points[last + 2] - points[2]];
  const rise: Vector = [points[middle] - points[0], points[middle + 1] - points[1], points[middle + 2] - points[2]];
  const normal = cross(chord, rise);
  if (Math.hypot(...normal) > 1e-6) return unit(normal);
  const along = unit(chord);
  return unit(cross(along, Math.abs(along[0]) < 0.9 ? [1, 0, 0] : [0, 1, 0]));
}

function cross(a: Vector, b: Vector): Vector {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

function unit(vector: Vector): Vector {
  const length = Math.hypot(vector[0], vector[1], vector[2]);
  return length < 1e-12 ? [0, 0, 1] : [vector[0] / length, vector[1] / length, vector[2] / length];
}
