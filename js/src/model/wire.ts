// The form in which a scene crosses from Python (protvis/scene/wire.py and scene.py).

import type { PlacementMeta, Segment } from "./placement";

export const SCENE_VERSION = 7;

export type Dtype = "uint8" | "uint16" | "uint32" | "int32" | "float32" | "float64";
export type Bytes = DataView | ArrayBuffer | Uint8Array;

export interface EncodedArray {
  dtype: Dtype;
  shape: number[];
  data: Bytes;
}

/**
 * A dense map; steps are spaced by the square root, signed ones around 128, where 0 stands for what is not known
 * (protvis/scene/wire.py).
 */
export interface EncodedMap extends EncodedArray {
  scale: number;
  signed: boolean;
  /** Only the upper triangle crossed; the lower is its mirror. */
  symmetric: boolean;
}

/** What a kind of map is, and how to speak of it (protvis/scene/map_sets.py). */
export interface MapKind {
  name: string;
  title: string;
  /** What one of its values is called. */
  unit: string;
  formula: string;
  source: string;
  layout: "heads" | "layers" | "one";
  signed: boolean;
  symmetric: boolean;
  /** Values are gains and losses, each as much of a link as the other. */
  difference: boolean;
  /** Of differences: sizes up to this are noise. */
  noise: number | null;
  /** The largest value there can be, where the formula sets one. */
  largest: number | null;
}

export interface MapSetMeta extends MapKind {
  shape: [rows: number, columns: number];
  received_scale: number;
  /** What chance would give for each of the scene's scores; null where it is not known. */
  chances: (number | null)[];
}

export const LINK_ARRAY_NAMES = [
  "links_first",
  "links_second",
  "links_forward",
  "links_backward",
  "links_signs",
  "links_offsets",
  "links_scale",
  "links_floors",
] as const;

/** A table of links. */
export type LinkArrays = Record<(typeof LINK_ARRAY_NAMES)[number], EncodedArray>;

export const MAP_ARRAY_NAMES = [...LINK_ARRAY_NAMES, "scores", "received"] as const;

export type MapArrays = Record<(typeof MAP_ARRAY_NAMES)[number], EncodedArray>;

/** Small pictures of all maps of a kind, and what the last step of each stands for (protvis/scene/small_maps.py). */
export type SmallMapArrays = Record<"steps" | "scale", EncodedArray>;

/** One kind of map, reduced for the views. */
export interface EncodedMapSet {
  meta: MapSetMeta;
  arrays: MapArrays;
}

export interface ScoreMeta {
  name: string;
  title: string;
  meaning: string;
  best: "high" | "low";
  /** 0 is none and 1 is all. */
  is_share: boolean;
}

/** Labels of layer and head, and what the head does in a few letters each. */
export interface HeadRoles {
  layer: number;
  head: number;
  labels: string[];
}

export interface SceneMeta {
  version: number;
  title: string;
  structure_name: string;
  structure_title: string;
  /** Whether there are coordinates; false where only a sequence is known. */
  has_structure: boolean;
  model_name: string;
  notice: string | null;
  chain_id: string;
  n_layers: number;
  n_heads: number;
  n_residues: number;
  sequence: string;
  residue_labels: string[];
  residue_numbers: number[];
  insertion_codes: string[];
  /** The chains one after the other; one, unless several were joined. */
  segments: Segment[];
  /** Other chains of the structure with the same sequence. */
  copies: PlacementMeta[];
  /** A letter per residue (H helix, E strand), and who says so. */
  secondary_structure: { states: string; source: string } | null;
  map_kinds: MapKind[];
  scores: ScoreMeta[];
  /** What an atlas says of heads. */
  roles: HeadRoles[];
}

export const ARRAY_NAMES = [
  "observed",
  "coordinates",
  "contacts",
  "copies_observed",
  "copies_coordinates",
  "copies_contacts",
  "colormap_weight",
  "colormap_separation",
  "colormap_score",
  "colormap_map",
  "colormap_signed",
] as const;

export type ArrayName = (typeof ARRAY_NAMES)[number];

export interface EncodedScene {
  meta: SceneMeta;
  arrays: Record<ArrayName, EncodedArray>;
  structure: string;
  /** Raw attention, the kind of map every scene has. */
  attention: EncodedMapSet;
}

const CONSTRUCTORS = {
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  int32: Int32Array,
  float32: Float32Array,
  float64: Float64Array,
};

type ArrayOf = { [K in Dtype]: InstanceType<(typeof CONSTRUCTORS)[K]> };

/** Decode an array, respecting the buffer's byte offset (which may be unaligned, hence the copy). */
export function decodeArray<D extends Dtype>(encoded: EncodedArray, dtype: D): ArrayOf[D] {
  if (encoded.dtype !== dtype) throw new TypeError(`expected an array of ${dtype}, got ${encoded.dtype}`);
  const { data } = encoded;
  const bytes =
    data instanceof ArrayBuffer ? new Uint8Array(data) : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const array = new CONSTRUCTORS[dtype](bytes.slice().buffer) as ArrayOf[D];
  const size = encoded.shape.reduce((product, length) => product * length, 1);
  if (array.length !== size) throw new RangeError(`expected ${size} elements, got ${array.length}`);
  return array;
}
