// A decoded scene: everything one explorer shows of a chain and a model.

import { MapSet } from "./map-set";
import { decodeArray, SCENE_VERSION, type EncodedScene, type SceneMeta } from "./wire";

/** 256 colours, three bytes each. */
export type Colormap = Uint8Array;

export class Scene {
  readonly meta: SceneMeta;
  /** Raw attention, the kind of map every scene has. */
  readonly attention: MapSet;
  /** Structure as mmCIF text. */
  readonly structure: string;
  readonly observed: Uint8Array;
  /** Cβ (Cα for Gly) positions in Å, three per residue, NaN where there are none. */
  readonly coordinates: Float32Array;
  readonly colormaps: Record<"weight" | "separation" | "score" | "map" | "signed", Colormap>;
  private readonly contactBits: Uint8Array;

  constructor({ meta, arrays, structure }: EncodedScene) {
    if (meta.version !== SCENE_VERSION) {
      throw new Error(`this page reads scenes of version ${SCENE_VERSION}, got version ${meta.version}`);
    }
    this.meta = meta;
    this.structure = structure;
    this.observed = decodeArray(arrays.observed, "uint8");
    this.coordinates = decodeArray(arrays.coordinates, "float32");
    this.contactBits = decodeArray(arrays.contacts, "uint8");
    this.colormaps = {
      weight: decodeArray(arrays.colormap_weight, "uint8"),
      separation: decodeArray(arrays.colormap_separation, "uint8"),
      score: decodeArray(arrays.colormap_score, "uint8"),
      map: decodeArray(arrays.colormap_map, "uint8"),
      signed: decodeArray(arrays.colormap_signed, "uint8"),
    };
    const { n_layers, n_heads, received_scale } = meta;
    this.attention = new MapSet(
      { meta: { ...meta.map_kinds[0], shape: [n_layers, n_heads + 1], received_scale }, arrays },
      meta.scores,
    );
  }

  get nResidues(): number {
    return this.meta.n_residues;
  }

  label(residue: number): string {
    return this.meta.residue_labels[residue];
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
}
