// Where the camera has to be for everything to fit the panel, and no further away.

import type { Vector } from "./arc";

export interface Quaternion {
  x: number;
  y: number;
  z: number;
  w: number;
}

/** Share of the panel's width and height that may be filled. */
const FILLED = 0.96;
/** What is drawn around a point: half the width of a ribbon, in Å. */
const AROUND = 2;
/** NGL cuts off what is nearer to the camera than 10 Å. */
const NEAREST = 12;

/**
 * Return the point to look at and the distance to look from, in Å; null without points.
 *
 * @param points three numbers each
 * @param rotation of the scene before the camera
 * @param fov the camera's vertical angle, in degrees
 * @param aspect width of the panel over its height
 */
export function fitCamera(
  points: ArrayLike<number>,
  rotation: Quaternion,
  fov: number,
  aspect: number,
): { center: Vector; distance: number } | null {
  if (points.length === 0) return null;
  const upward = FILLED * Math.tan((fov * Math.PI) / 360);
  const sideward = upward * aspect;
  const seen: Vector[] = [];
  for (let at = 0; at < points.length; at += 3)
    seen.push(rotated([points[at], points[at + 1], points[at + 2]], rotation));
  const { low, high } = extent(seen.map(([, , z]) => z));
  const depth = (low + high) / 2;
  // How much nearer to the camera than the middle; what is behind it perspective only makes smaller.
  const nearer = seen.map(([, , z]) => Math.max(depth - z, 0));
  // What is seen at a distance d reaches from c - k(d - nearer) to c + k(d - nearer): the largest bounds on both sides
  // give the middle c and the distance.
  const reach = (axis: 0 | 1, k: number) => {
    const right = extent(seen.map((place, n) => place[axis] + k * nearer[n])).high;
    const left = extent(seen.map((place, n) => place[axis] - k * nearer[n])).low;
    return { middle: (right + left) / 2, distance: ((right - left) / 2 + AROUND) / k };
  };
  const [across, along] = [reach(0, sideward), reach(1, upward)];
  const distance = Math.max(across.distance, along.distance, extent(nearer).high + NEAREST);
  const middle: Vector = [across.middle, along.middle, depth];
  const { x, y, z, w } = rotation;
  const inverse = { x: -x, y: -y, z: -z, w };
  return { center: rotated(middle, inverse), distance };
}

function extent(values: readonly number[]): { low: number; high: number } {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return { low, high };
}

/** A vector turned by a unit quaternion. */
function rotated([x, y, z]: Vector, q: Quaternion): Vector {
  const tx = 2 * (q.y * z - q.z * y);
  const ty = 2 * (q.z * x - q.x * z);
  const tz = 2 * (q.x * y - q.y * x);
  return [x + q.w * tx + q.y * tz - q.z * ty, y + q.w * ty + q.z * tx - q.x * tz, z + q.w * tz + q.x * ty - q.y * tx];
}
