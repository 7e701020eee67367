// One kind of map, reduced for the views: links, scores and attention received of every head.

import { type HeadLabel, headColumn } from "./labels";
import { LinkTable } from "./links";
import {
  decodeArray,
  type EncodedMap,
  type EncodedMapSet,
  type LinkArrays,
  type MapSetMeta,
  type ScoreMeta,
} from "./wire";

export interface DenseMap {
  /** Row-major (query, key) steps. */
  steps: Uint8Array;
  scale: number;
  signed: boolean;
}

export function decodeLinks(arrays: LinkArrays, chains: Uint8Array | null): LinkTable {
  return new LinkTable(
    decodeArray(arrays.links_first, "uint16"),
    decodeArray(arrays.links_second, "uint16"),
    decodeArray(arrays.links_forward, "uint16"),
    decodeArray(arrays.links_backward, "uint16"),
    decodeArray(arrays.links_offsets, "uint32"),
    decodeArray(arrays.links_scale, "float64"),
    decodeArray(arrays.links_floors, "uint32"),
    chains,
    decodeArray(arrays.links_signs, "uint8"),
  );
}

export function decodeMap(encoded: EncodedMap): DenseMap {
  const steps = decodeArray(encoded, "uint8");
  const n = encoded.shape[0];
  if (encoded.symmetric) {
    for (let row = 1; row < n; row++)
      for (let column = 0; column < row; column++) steps[row * n + column] = steps[column * n + row];
  }
  return { steps, scale: encoded.scale, signed: encoded.signed };
}

/** Value of a step, of a dense map or of what residues receive; NaN where it is not known. */
export function mapValue({ scale, signed }: Pick<DenseMap, "scale" | "signed">, step: number): number {
  if (!signed) return scale * (step / 255) ** 2;
  if (step === 0) return Number.NaN;
  const share = (step - 128) / 127;
  return Math.sign(share) * scale * share * share;
}

export class MapSet {
  readonly meta: MapSetMeta;
  readonly links: LinkTable;
  private readonly scoreValues: Float32Array;
  private readonly receivedSteps: Uint8Array;

  constructor(
    { meta, arrays }: EncodedMapSet,
    private readonly scores: readonly ScoreMeta[],
    chains: Uint8Array | null,
  ) {
    this.meta = meta;
    this.scoreValues = decodeArray(arrays.scores, "float32");
    this.receivedSteps = decodeArray(arrays.received, "uint8");
    this.links = decodeLinks(arrays, chains);
  }

  get rows(): number {
    return this.meta.shape[0];
  }

  get columns(): number {
    return this.meta.shape[1];
  }

  /**
   * Entry for the labels of a layer and a head. Where there is one map per layer the head does not
   * matter, where there is one in all neither does the layer.
   */
  entry(layer: number, head: HeadLabel): number {
    const row = this.rows > 1 ? layer - 1 : 0;
    const column = this.columns > 1 ? headColumn(head, this.columns - 1) : 0;
    return row * this.columns + column;
  }

  /** Attention each residue receives on average in an entry; of signed maps the mean, which may be negative. */
  received(entry: number): Float32Array {
    const n = this.receivedSteps.length / this.links.nEntries;
    const steps = this.receivedSteps.subarray(entry * n, (entry + 1) * n);
    const { received_scale: scale, signed } = this.meta;
    return Float32Array.from(steps, (step) => mapValue({ scale, signed }, step));
  }

  score(position: number, entry: number): number {
    return this.scoreValues[position * this.links.nEntries + entry];
  }

  /** Entries from the best to the worst by a score; those without a value are left out. */
  ranked(position: number): number[] {
    const values = Array.from({ length: this.links.nEntries }, (_, entry) => this.score(position, entry));
    return rankedEntries(values, this.scores[position].best);
  }
}

/** Places of the values from the best to the worst; those that are no number are left out. */
export function rankedEntries(values: readonly number[], best: "high" | "low"): number[] {
  const sign = best === "low" ? 1 : -1;
  return values
    .map((_, entry) => entry)
    .filter((entry) => Number.isFinite(values[entry]))
    .sort((a, b) => sign * (values[a] - values[b]) || a - b);
}
