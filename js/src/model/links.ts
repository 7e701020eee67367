// The strongest links of every head, and the rule that selects those to draw.
// The same rule on the same numbers stands in protvis/scene/link_table.py; a contract test compares them.

export const COMBINE = ["max", "mean", "directed"] as const;
export type Combine = (typeof COMBINE)[number];

/** Separations for which the table knows how far down it is complete. */
export const LEVELS = [1, 6, 24] as const;

export interface LinkQuestion {
  topK: number;
  threshold: number;
  minSeparation: number;
  combine: Combine;
}

/** Links of one head, strongest first; attention goes from query to key. */
export interface Links {
  query: Uint16Array;
  key: Uint16Array;
  weight: Float64Array;
  /** Whether every link the question allows was stored. */
  complete: boolean;
  /** Weight above which the table knows every link. */
  floor: number;
}

interface Ranking {
  query: Uint16Array;
  key: Uint16Array;
  steps: Float64Array;
  scale: number;
}

export class LinkTable {
  private readonly rankings = new Map<string, Ranking>();

  constructor(
    private readonly first: Uint16Array,
    private readonly second: Uint16Array,
    private readonly forward: Uint16Array,
    private readonly backward: Uint16Array,
    private readonly offsets: Uint32Array,
    private readonly scale: Float64Array,
    private readonly floors: Uint32Array,
    /** For each residue the number of its chain; null for one chain. Links between chains are always far. */
    private readonly chains: Uint8Array | null = null,
  ) {}

  get nEntries(): number {
    return this.scale.length;
  }

  /** Largest number of links any question to this entry can return. */
  capacity(entry: number, combine: Combine): number {
    const pairs = this.offsets[entry + 1] - this.offsets[entry];
    return combine === "directed" ? 2 * pairs : pairs;
  }

  select(entry: number, { topK, threshold, minSeparation, combine }: LinkQuestion): Links {
    const { query, key, steps, scale } = this.ranking(entry, combine);
    const separation = Math.max(minSeparation, 1);
    let level = 0;
    while (level + 1 < LEVELS.length && LEVELS[level + 1] <= separation) level++;
    const floor = this.floors[(entry * LEVELS.length + level) * 2 + (combine === "mean" ? 1 : 0)];

    const chosen: number[] = [];
    for (let rank = 0; rank < steps.length && chosen.length < topK; rank++) {
      if (steps[rank] <= 0 || steps[rank] < floor || steps[rank] * scale < threshold) break;
      const between = this.chains !== null && this.chains[query[rank]] !== this.chains[key[rank]];
      if (between || Math.abs(query[rank] - key[rank]) >= separation) chosen.push(rank);
    }
    return {
      query: Uint16Array.from(chosen, (rank) => query[rank]),
      key: Uint16Array.from(chosen, (rank) => key[rank]),
      weight: Float64Array.from(chosen, (rank) => steps[rank] * scale),
      // Not all of the links exactly at the floor need be stored.
      complete: floor === 0 || floor * scale < threshold || chosen.length >= topK,
      floor: floor * scale,
    };
  }

  /** All stored links of an entry, strongest first; ties by the lower, then the higher residue. */
  private ranking(entry: number, combine: Combine): Ranking {
    const name = `${entry} ${combine}`;
    const known = this.rankings.get(name);
    if (known) return known;

    const begin = this.offsets[entry];
    const pairs = this.offsets[entry + 1] - begin;
    const directed = combine === "directed";
    const count = directed ? 2 * pairs : pairs;
    const steps = new Float64Array(count);
    const reverse = new Uint8Array(count);
    for (let pair = 0; pair < pairs; pair++) {
      const forward = this.forward[begin + pair];
      const backward = this.backward[begin + pair];
      if (directed) {
        steps[pair] = forward;
        steps[pairs + pair] = backward;
        reverse[pairs + pair] = 1;
      } else if (combine === "mean") {
        steps[pair] = forward + backward;
      } else {
        steps[pair] = Math.max(forward, backward);
        reverse[pair] = backward > forward ? 1 : 0;
      }
    }
    const firstOf = (link: number) => this.first[begin + (link % pairs)];
    const secondOf = (link: number) => this.second[begin + (link % pairs)];
    const order = Uint32Array.from({ length: count }, (_, link) => link).sort(
      (a, b) =>
        steps[b] - steps[a] || firstOf(a) - firstOf(b) || secondOf(a) - secondOf(b) || reverse[a] - reverse[b],
    );
    const ranking: Ranking = {
      query: Uint16Array.from(order, (link) => (reverse[link] ? secondOf(link) : firstOf(link))),
      key: Uint16Array.from(order, (link) => (reverse[link] ? firstOf(link) : secondOf(link))),
      steps: Float64Array.from(order, (link) => steps[link]),
      scale: combine === "mean" ? this.scale[entry] / 2 : this.scale[entry],
    };
    this.rankings.set(name, ranking);
    return ranking;
  }
}
