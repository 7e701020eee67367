// The curve of one arc: a quadratic Bézier curve whose middle is lifted away from the protein's centre.

export type Vector = readonly [number, number, number];

const LIFT = 0.38;
const HIGHEST = 24;

/**
 * Write `segments + 1` points of the arc from `start` to `end` into `out`, three numbers each.
 * The middle stands off the chord by a fixed share of its length (at most 24 Å), at a right angle to
 * it and away from `center`. All of it lies `aside` Å beside that, so that arcs between the same residues can be told
 * apart; exchanging start and end turns the side.
 */
export function arcPoints(
  start: Vector,
  end: Vector,
  center: Vector,
  segments: number,
  out: Float32Array,
  aside = 0,
): void {
  const chord: Vector = [end[0] - start[0], end[1] - start[1], end[2] - start[2]];
  const length = Math.hypot(...chord);
  const middle: Vector = [(start[0] + end[0]) / 2, (start[1] + end[1]) / 2, (start[2] + end[2]) / 2];
  const outward = perpendicular([middle[0] - center[0], middle[1] - center[1], middle[2] - center[2]], chord, length);
  // The curve's middle lies halfway between the chord and the control point.
  const reach = 2 * Math.min(LIFT * length, HIGHEST);
  const control: Vector = [
    middle[0] + reach * outward[0],
    middle[1] + reach * outward[1],
    middle[2] + reach * outward[2],
  ];
  const by = length < 1e-6 ? 0 : aside / length;
  for (let n = 0; n <= segments; n++) {
    const t = n / segments;
    const a = (1 - t) * (1 - t);
    const b = 2 * t * (1 - t);
    const c = t * t;
    for (let axis = 0; axis < 3; axis++) {
      const [y, z] = [(axis + 1) % 3, (axis + 2) % 3];
      const side = outward[y] * chord[z] - outward[z] * chord[y];
      out[3 * n + axis] = a * start[axis] + b * control[axis] + c * end[axis] + by * side;
    }
  }
}

/** Unit vector along the part of `vector` that is at a right angle to `chord`; any such vector if there is none. */
function perpendicular(vector: Vector, chord: Vector, length: number): Vector {
  if (length < 1e-6) return normalized(vector) ?? [0, 0, 1];
  const unit: Vector = [chord[0] / length, chord[1] / length, chord[2] / length];
  const away = rejected(vector, unit);
  // A chord that points straight at the centre leaves almost nothing to normalise.
  if (away && Math.hypot(...vector) > 1e-3) return away;
  return rejected(Math.abs(unit[0]) < 0.9 ? [1, 0, 0] : [0, 1, 0], unit) ?? [0, 0, 1];
}

function rejected(vector: Vector, unit: Vector): Vector | null {
  const along = vector[0] * unit[0] + vector[1] * unit[1] + vector[2] * unit[2];
  return normalized([vector[0] - along * unit[0], vector[1] - along * unit[1], vector[2] - along * unit[2]]);
}

function normalized(vector: Vector): Vector | null {
  const length = Math.hypot(...vector);
  return length < 1e-6 ? null : [vector[0] / length, vector[1] / length, vector[2] / length];
}
