// The strongest links of every head, and the rule that selects those to draw.
// The same rule on the same numbers stands in protvis/scene/link_table.py; a contract test compares them.

export const COMBINE = ["max", "mean", "directed"] as const;
export type Combine = (typeof COMBINE)[number];

/** Separations for which the table knows how far down it is complete. */
export const LEVELS = [1, 6, 24] as const;

/** The sum of both directions is at most this. */
const MOST_STEPS = 2 * 65535;

export interface LinkQuestion {
  topK: number;
  threshold: number;
  minSeparation: number;
  combine: Combine;
  /** Which pairs to look at; all, if not given. */
  wanted?: (query: number, key: number) => boolean;
}

/** Links of one head, strongest first; attention goes from query to key. */
export interface Links {
  query: Uint16Array;
  key: Uint16Array;
  /** Of a difference its size. */
  weight: Float64Array;
  /** -1 for losses, of differences; else 1. */
  sign: Int8Array;
  /** How many stored links the question allows, whatever its number: more than there are here where that cut them. */
  reaching: number;
  /** Whether every link the question allows was stored. */
  complete: boolean;
  /** Weight above which the table knows every link. */
  floor: number;
}

/** Weight of a link among others, negative for losses; NaN if it is not there. */
export function weightOf({ query, key, weight, sign }: Links, from: number, to: number): number {
  const n = query.findIndex((one, n) => one === from && key[n] === to);
  return n < 0 ? Number.NaN : weight[n] * sign[n];
}

interface Ranking {
  query: Uint16Array;
  key: Uint16Array;
  steps: Float64Array;
  sign: Int8Array;
  scale: number;
}

export class LinkTable {
  private readonly rankings = new Map<string, Ranking>();
  private largestWeight = -1;

  constructor(
    private readonly first: Uint16Array,
    private readonly second: Uint16Array,
    private readonly forward: Uint16Array,
    private readonly backward: Uint16Array,
    private readonly offsets: Uint32Array,
    private readonly scale: Float64Array,
    private readonly floors: Uint32Array,
    /** For each residue the number of its chain; null for one chain. Links between chains are always far. */
    readonly chains: Uint8Array | null = null,
    /** Of differences: 1 where forward is a loss, and 2 more where backward is one; else empty. */
    private readonly signs: Uint8Array = new Uint8Array(0),
  ) {}

  get nEntries(): number {
    return this.scale.length;
  }

  /** Largest number of links any question to this entry can return. */
  capacity(entry: number, combine: Combine): number {
    const pairs = this.offsets[entry + 1] - this.offsets[entry];
    return combine === "directed" ? 2 * pairs : pairs;
  }

  /** The largest weight of any link of any entry; 0 where there is none. */
  get largest(): number {
    if (this.largestWeight < 0) {
      this.largestWeight = 0;
      for (let entry = 0; entry < this.nEntries; entry++) {
        let most = 0;
        for (let pair = this.offsets[entry]; pair < this.offsets[entry + 1]; pair++) {
          most = Math.max(most, this.forward[pair], this.backward[pair]);
        }
        this.largestWeight = Math.max(this.largestWeight, most * this.scale[entry]);
      }
    }
    return this.largestWeight;
  }

  /** The largest stored value of an entry among the directions that pass; 0 where none of them was stored. */
  strongest(entry: number, passes: (query: number, key: number) => boolean): number {
    let most = 0;
    for (let pair = this.offsets[entry]; pair < this.offsets[entry + 1]; pair++) {
      const [first, second] = [this.first[pair], this.second[pair]];
      if (this.forward[pair] > most && passes(first, second)) most = this.forward[pair];
      if (this.backward[pair] > most && passes(second, first)) most = this.backward[pair];
    }
    return most * this.scale[entry];
  }

  select(entry: number, { topK, threshold, minSeparation, combine, wanted }: LinkQuestion): Links {
    const { query, key, steps, sign, scale } = this.ranking(entry, combine);
    const separation = Math.max(minSeparation, 1);
    let level = 0;
    while (level + 1 < LEVELS.length && LEVELS[level + 1] <= separation) level++;
    const floor = this.floors[(entry * LEVELS.length + level) * 2 + (combine === "mean" ? 1 : 0)];

    const chosen: number[] = [];
    let reaching = 0;
    for (let rank = 0; rank < steps.length; rank++) {
      if (steps[rank] <= 0 || steps[rank] < floor || steps[rank] * scale < threshold) break;
      if (this.separation(query[rank], key[rank]) < separation) continue;
      if (wanted && !wanted(query[rank], key[rank])) continue;
      if (reaching < topK) chosen.push(rank);
      reaching++;
    }
    return {
      query: Uint16Array.from(chosen, (rank) => query[rank]),
      key: Uint16Array.from(chosen, (rank) => key[rank]),
      weight: Float64Array.from(chosen, (rank) => steps[rank] * scale),
      sign: Int8Array.from(chosen, (rank) => sign[rank]),
      reaching,
      // Not all of the links exactly at the floor need be stored.
      complete: floor === 0 || floor * scale < threshold || chosen.length >= topK,
      floor: floor * scale,
    };
  }

  /** Residues between two in the sequence; those of different chains are infinitely far apart. */
  separation(one: number, other: number): number {
    const between = this.chains !== null && this.chains[one] !== this.chains[other];
    return between ? Number.POSITIVE_INFINITY : Math.abs(one - other);
  }

  /** Weight of one step of an entry. */
  scaleOf(entry: number): number {
    return this.scale[entry];
  }

  /** See every stored pair of an entry, with its weights in both directions in signed steps. */
  eachPair(entry: number, see: (first: number, second: number, forward: number, backward: number) => void): void {
    for (let pair = this.offsets[entry]; pair < this.offsets[entry + 1]; pair++) {
      const signs = this.signs.length > 0 ? this.signs[pair] : 0;
      const forward = (signs & 1 ? -1 : 1) * this.forward[pair];
      see(this.first[pair], this.second[pair], forward, (signs & 2 ? -1 : 1) * this.backward[pair]);
    }
  }

  /** All stored links of an entry, strongest first; ties by the lower, then the higher residue. */
  private ranking(entry: number, combine: Combine): Ranking {
    const name = `${entry} ${combine}`;
    const known = this.rankings.get(name);
    if (known) return known;

    const pairs = this.offsets[entry + 1] - this.offsets[entry];
    const directed = combine === "directed";
    // Weight, residues, direction and sign as one number, so that the browser's own numeric sort does it all.
    const keys = new Float64Array(directed ? 2 * pairs : pairs);
    const sortKey = (steps: number, place: number, reverse: boolean) =>
      ((MOST_STEPS - Math.abs(steps)) * 2 ** 33 + place + (reverse ? 1 : 0)) * 2 + (steps < 0 ? 1 : 0);
    let pair = 0;
    this.eachPair(entry, (first, second, forward, backward) => {
      const place = first * 2 ** 17 + second * 2;
      const reverse = Math.abs(backward) > Math.abs(forward);
      if (directed) {
        keys[pair] = sortKey(forward, place, false);
        keys[pairs + pair] = sortKey(backward, place, true);
      } else if (combine === "mean") {
        keys[pair] = sortKey(forward + backward, place, false);
      } else {
        keys[pair] = sortKey(reverse ? backward : forward, place, reverse);
      }
      pair++;
    });
    keys.sort();
    const ranking: Ranking = {
      query: new Uint16Array(keys.length),
      key: new Uint16Array(keys.length),
      steps: new Float64Array(keys.length),
      sign: new Int8Array(keys.length),
      scale: combine === "mean" ? this.scale[entry] / 2 : this.scale[entry],
    };
    keys.forEach((doubled, rank) => {
      const sorted = Math.floor(doubled / 2);
      const weaker = Math.floor(sorted / 2 ** 33);
      const place = sorted - weaker * 2 ** 33;
      const first = Math.floor(place / 2 ** 17);
      const second = Math.floor(place / 2) % 2 ** 16;
      const reverse = place % 2 === 1;
      ranking.steps[rank] = MOST_STEPS - weaker;
      ranking.sign[rank] = doubled % 2 === 1 ? -1 : 1;
      ranking.query[rank] = reverse ? second : first;
      ranking.key[rank] = reverse ? first : second;
    });
    this.rankings.set(name, ranking);
    return ranking;
  }
}
