// The links of a selection from the full map a page holds, where no kernel answers with the exact ones.
// The same table is made in protvis/scene/selection_table.py; a contract test compares the two.

import { LEVELS, LinkTable } from "./links";
import { type DenseMap, mapValue } from "./map-set";

/** About so many pairs at each smallest separation; a selection of few residues has fewer. */
export const MOST_PAIRS = 20_000;
const STEPS = 65535;

/**
 * The pairs of a dense map of which at least one residue is selected, as a table of one entry. Weights are as exact as
 * the map, which has 8 bits; those among the head's strongest links, which `table` holds, are exact.
 */
export function selectionTable(
  map: DenseMap,
  table: LinkTable,
  entry: number,
  residues: readonly number[],
  difference: boolean,
  most = MOST_PAIRS,
): LinkTable {
  const n = Math.round(Math.sqrt(map.steps.length));
  const chosen = new Uint8Array(n);
  for (const residue of residues) chosen[residue] = 1;
  const scale = table.scaleOf(entry);
  // What each of the map's 256 steps is in steps of the table.
  const stepsOf = Int32Array.from({ length: 256 }, (_, step) => {
    const steps = Math.round(mapValue(map, step) / scale) || 0;
    return Math.min(Math.max(steps, difference ? -STEPS : 0), STEPS);
  });
  const pairs = new Map<number, [ahead: number, back: number]>();
  for (const residue of residues) {
    for (let other = 0; other < n; other++) {
      if (other === residue || (chosen[other] === 1 && other < residue)) continue;
      const [first, second] = residue < other ? [residue, other] : [other, residue];
      const ahead = stepsOf[map.steps[first * n + second]];
      const back = stepsOf[map.steps[second * n + first]];
      if (ahead !== 0 || back !== 0) pairs.set(first * n + second, [ahead, back]);
    }
  }
  table.eachPair(entry, (first, second, ahead, back) => {
    if (chosen[first] === 0 && chosen[second] === 0) return;
    if (ahead !== 0 || back !== 0) pairs.set(first * n + second, [ahead, back]);
  });

  const strength = ([ahead, back]: [number, number]) => Math.max(Math.abs(ahead), Math.abs(back));
  const floors = new Uint32Array(2 * LEVELS.length);
  let kept = [...pairs];
  if (kept.length > most) {
    const keep = new Set<number>();
    LEVELS.forEach((least, level) => {
      const apart = kept.filter(([place]) => table.separation(Math.floor(place / n), place % n) >= least);
      const ranked = Int32Array.from(apart, ([, steps]) => strength(steps)).sort();
      const weakest = ranked.length > most ? ranked[ranked.length - most] : 0;
      // Of two directions as weak as this the sum is at most twice as much.
      floors.set([weakest, 2 * weakest], 2 * level);
      for (const [place, steps] of apart) if (strength(steps) >= weakest) keep.add(place);
    });
    kept = kept.filter(([place]) => keep.has(place));
  }
  return new LinkTable(
    Uint16Array.from(kept, ([place]) => Math.floor(place / n)),
    Uint16Array.from(kept, ([place]) => place % n),
    Uint16Array.from(kept, ([, steps]) => Math.abs(steps[0])),
    Uint16Array.from(kept, ([, steps]) => Math.abs(steps[1])),
    Uint32Array.of(0, kept.length),
    Float64Array.of(scale),
    floors,
    table.chains,
    difference ? Uint8Array.from(kept, ([, [ahead, back]]) => (ahead < 0 ? 1 : 0) + (back < 0 ? 2 : 0)) : undefined,
  );
}
