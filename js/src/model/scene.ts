// A decoded scene: everything one explorer shows of a chain and a model.

import { headColumn, type HeadLabel } from "./labels";
import { LinkTable } from "./links";
import { decodeArray, SCENE_VERSION, type EncodedMap, type EncodedScene, type SceneMeta, type ScoreMeta } from "./wire";

/** 256 colours, three bytes each. */
export type Colormap = Uint8Array;

export interface DenseMap {
  /** Row-major (query, key) square-root spaced steps. */
  steps: Uint8Array;
  scale: number;
}

export function decodeMap(encoded: EncodedMap): DenseMap {
  return { steps: decodeArray(encoded, "uint8"), scale: encoded.scale };
}

export class Scene {
  readonly meta: SceneMeta;
  readonly links: LinkTable;
  /** Structure as mmCIF text. */
  readonly structure: string;
  readonly observed: Uint8Array;
  /** Cβ (Cα for Gly) positions in Å, three per residue, NaN where there are none. */
  readonly coordinates: Float32Array;
  readonly colormaps: Record<"weight" | "separation" | "score" | "map", Colormap>;
  private readonly contactBits: Uint8Array;
  private readonly scoreValues: Float32Array;
  private readonly receivedSteps: Uint8Array;

  constructor({ meta, arrays, structure }: EncodedScene) {
    if (meta.version !== SCENE_VERSION) {
      throw new Error(`this page reads scenes of version ${SCENE_VERSION}, got version ${meta.version}`);
    }
    this.meta = meta;
    this.structure = structure;
    this.observed = decodeArray(arrays.observed, "uint8");
    this.coordinates = decodeArray(arrays.coordinates, "float32");
    this.contactBits = decodeArray(arrays.contacts, "uint8");
    this.scoreValues = decodeArray(arrays.scores, "float32");
    this.receivedSteps = decodeArray(arrays.received, "uint8");
    this.colormaps = {
      weight: decodeArray(arrays.colormap_weight, "uint8"),
      separation: decodeArray(arrays.colormap_separation, "uint8"),
      score: decodeArray(arrays.colormap_score, "uint8"),
      map: decodeArray(arrays.colormap_map, "uint8"),
    };
    this.links = new LinkTable(
      decodeArray(arrays.links_first, "uint16"),
      decodeArray(arrays.links_second, "uint16"),
      decodeArray(arrays.links_forward, "uint16"),
      decodeArray(arrays.links_backward, "uint16"),
      decodeArray(arrays.links_offsets, "uint32"),
      decodeArray(arrays.links_scale, "float64"),
      decodeArray(arrays.links_floors, "uint32"),
    );
  }

  get nResidues(): number {
    return this.meta.n_residues;
  }

  label(residue: number): string {
    return this.meta.residue_labels[residue];
  }

  /** Entry of the link table for the labels of a layer and a head. */
  entry(layer: number, head: HeadLabel): number {
    const { n_heads } = this.meta;
    return (layer - 1) * (n_heads + 1) + headColumn(head, n_heads);
  }

  isContact(i: number, j: number): boolean {
    const rowBytes = Math.ceil(this.nResidues / 8);
    return (this.contactBits[i * rowBytes + (j >> 3)] & (0x80 >> (j & 7))) !== 0;
  }

  /** Distance between the two residues' Cβ atoms in Å; NaN where one has no coordinates. */
  distance(i: number, j: number): number {
    const c = this.coordinates;
    return Math.hypot(c[3 * i] - c[3 * j], c[3 * i + 1] - c[3 * j + 1], c[3 * i + 2] - c[3 * j + 2]);
  }

  hasCoordinates(residue: number): boolean {
    return Number.isFinite(this.coordinates[3 * residue]);
  }

  /** Mean attention each residue receives in an entry. */
  received(entry: number): Float32Array {
    const n = this.nResidues;
    const steps = this.receivedSteps.subarray(entry * n, (entry + 1) * n);
    return Float32Array.from(steps, (step) => this.meta.received_scale * (step / 255) ** 2);
  }

  score(position: number, entry: number): number {
    return this.scoreValues[position * this.links.nEntries + entry];
  }

  /** Entries from the best to the worst by a score; those without a value are left out. */
  ranked(position: number): number[] {
    const score: ScoreMeta = this.meta.scores[position];
    const sign = score.best === "low" ? 1 : -1;
    return Array.from({ length: this.links.nEntries }, (_, entry) => entry)
      .filter((entry) => Number.isFinite(this.score(position, entry)))
      .sort((a, b) => sign * (this.score(position, a) - this.score(position, b)) || a - b);
  }
}
