// Small scenes for tests, encoded as they cross from Python, every link stored.

import { LEVELS } from "../model/links";
import type { MapSource } from "../model/map-fetcher";
import { Scene } from "../model/scene";
import { type EncodedTrack, Track } from "../model/tracks";
import { VIEW, type View } from "../model/view";
import {
  type ArrayName,
  type EncodedArray,
  type EncodedMap,
  type EncodedMapSet,
  type EncodedScene,
  type MapArrays,
  type MapKind,
  SCENE_VERSION,
  type SceneMeta,
} from "../model/wire";
import { random } from "./random";

export interface SceneOptions {
  seed?: number;
  nLayers?: number;
  nHeads?: number;
  nResidues?: number;
  /** Residues without coordinates. */
  unobserved?: number[];
  /** Residues that are there without their Cβ. */
  withoutBeta?: number[];
  meta?: Partial<SceneMeta>;
  /** Attention is a difference, with so much noise: every link of odd steps is a loss. */
  difference?: { noise: number | null };
}

/** What kinds of map say that hold no differences. */
const WEIGHTS = { difference: false, noise: null, largest: null };

type Numbers = Uint8Array | Uint16Array | Uint32Array | Int32Array | Float32Array | Float64Array;

/** An array as it crosses from Python. */
export function encode(data: Numbers, shape = [data.length]): EncodedArray {
  const dtype = data.constructor.name.replace("Array", "").toLowerCase() as EncodedArray["dtype"];
  return { dtype, shape, data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
}

/** A track of these values, with nothing told but what is given. */
export function trackOf(values: Numbers, told: Partial<EncodedTrack> = {}): Track {
  const plain = { source: "a test", letters: [], legend: {}, names: [], unit: "", notes: {}, backgrounds: {} };
  return new Track({ ...plain, name: "made up", kind: "site", values: encode(values), ...told });
}

/** A track of a site at every third residue. */
export function testTrack(name: string, nResidues: number): Track {
  return trackOf(
    Uint8Array.from({ length: nResidues }, (_, residue) => (residue % 3 === 0 ? 1 : 0)),
    { name },
  );
}

/** The heads of a scene of two layers and three heads, and the layers' means, as the grid names them. */
export const HEADS = ["1-1", "1-2", "1-3", "1-mean", "2-1", "2-2", "2-3", "2-mean"];

function grey(): EncodedArray {
  return encode(
    Uint8Array.from({ length: 768 }, (_, n) => Math.floor(n / 3)),
    [256, 3],
  );
}

/** Attention of one entry from query to key, in steps, row-major; reproducible by seed and entry. */
export function stepsOf(seed: number, entry: number, nResidues: number): Uint16Array {
  const source = random(seed * 1000 + entry);
  // Heavy-tailed, as attention is, and with ties.
  return Uint16Array.from({ length: nResidues * nResidues }, () => Math.floor(200 * source.real() ** 4));
}

export function encodedScene(options: SceneOptions = {}): EncodedScene {
  const { seed = 1, nLayers = 2, nHeads = 3, nResidues = 20, unobserved = [], meta = {}, difference } = options;
  const unplaced = [...unobserved, ...(options.withoutBeta ?? [])];
  const source = random(seed);
  const entries = nLayers * (nHeads + 1);
  const n = nResidues;
  const pairs: [number, number][] = [];
  for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) pairs.push([i, j]);

  const forward: number[] = [];
  const backward: number[] = [];
  for (let entry = 0; entry < entries; entry++) {
    const steps = stepsOf(seed, entry, n);
    for (const [i, j] of pairs) {
      forward.push(steps[i * n + j]);
      backward.push(steps[j * n + i]);
    }
  }
  const everywhere = (place: 0 | 1) =>
    Uint16Array.from({ length: entries * pairs.length }, (_, at) => pairs[at % pairs.length][place]);

  const coordinates = Float32Array.from({ length: 3 * n }, (_, at) =>
    unplaced.includes(Math.floor(at / 3)) ? Number.NaN : 30 * source.real(),
  );
  const rowBytes = Math.ceil(n / 8);
  const contacts = new Uint8Array(n * rowBytes);
  for (const [i, j] of pairs) {
    const far = [0, 1, 2].map((axis) => coordinates[3 * i + axis] - coordinates[3 * j + axis]);
    if (j - i < 6 || !(Math.hypot(...far) < 8)) continue;
    contacts[i * rowBytes + (j >> 3)] |= 0x80 >> (j & 7);
    contacts[j * rowBytes + (i >> 3)] |= 0x80 >> (i & 7);
  }
  const scores = [
    {
      name: "contact_precision",
      title: "contact precision",
      meaning: "share of contacts",
      best: "high" as const,
      is_share: true,
    },
    {
      name: "entropy",
      title: "entropy (bits)",
      meaning: "how widely attention spreads",
      best: "low" as const,
      is_share: false,
    },
  ];
  const maps: MapArrays = {
    links_first: encode(everywhere(0), [entries * pairs.length]),
    links_second: encode(everywhere(1), [entries * pairs.length]),
    links_forward: encode(Uint16Array.from(forward), [forward.length]),
    links_backward: encode(Uint16Array.from(backward), [backward.length]),
    links_signs: difference
      ? encode(
          Uint8Array.from(forward, (steps, at) => (steps % 2) + 2 * (backward[at] % 2)),
          [forward.length],
        )
      : encode(new Uint8Array(0), [0]),
    links_offsets: encode(
      Uint32Array.from({ length: entries + 1 }, (_, entry) => entry * pairs.length),
      [entries + 1],
    ),
    links_scale: encode(new Float64Array(entries).fill(1 / 256), [entries]),
    links_floors: encode(new Uint32Array(entries * LEVELS.length * 2), [entries, LEVELS.length, 2]),
    scores: encode(
      Float32Array.from({ length: scores.length * entries }, () => Math.round(100 * source.real()) / 100),
      [scores.length, nLayers, nHeads + 1],
    ),
    received: encode(
      Uint8Array.from({ length: entries * n }, () => source.whole(0, 255)),
      [entries, n],
    ),
  };
  const arrays: Record<ArrayName, EncodedArray> = {
    observed: encode(
      Uint8Array.from({ length: n }, (_, i) => (unobserved.includes(i) ? 0 : 1)),
      [n],
    ),
    coordinates: encode(coordinates, [n, 3]),
    contacts: encode(contacts, [n, rowBytes]),
    copies_observed: encode(new Uint8Array(0), [0, n]),
    copies_coordinates: encode(new Float32Array(0), [0, n, 3]),
    copies_contacts: encode(new Uint8Array(0), [0, n, rowBytes]),
    colormap_weight: grey(),
    colormap_separation: grey(),
    colormap_score: grey(),
    colormap_map: grey(),
    colormap_signed: grey(),
  };
  const numbers = Array.from({ length: n }, (_, i) => i + 10);
  const kinds: MapKind[] = [
    {
      name: "attention",
      title: "attention",
      unit: "attention",
      formula: "softmax",
      source: "",
      layout: "heads",
      signed: false,
      symmetric: false,
      ...WEIGHTS,
      largest: 1,
      ...(difference ? { ...difference, difference: true, unit: "|Δ|" } : {}),
    },
    {
      name: "apc",
      title: "corrected",
      unit: "APC",
      formula: "A + Aᵀ",
      source: "Dunn",
      layout: "heads",
      signed: true,
      symmetric: true,
      ...WEIGHTS,
    },
    {
      name: "rollout",
      title: "rollout",
      unit: "rollout",
      formula: "product",
      source: "",
      layout: "layers",
      signed: false,
      symmetric: false,
      ...WEIGHTS,
    },
    {
      name: "couplings",
      title: "couplings",
      unit: "coupling",
      formula: "",
      source: "",
      layout: "one",
      signed: true,
      symmetric: false,
      ...WEIGHTS,
    },
  ];
  return {
    meta: {
      version: SCENE_VERSION,
      title: "TEST chain A · random",
      structure_name: "TEST",
      structure_title: "a random chain",
      has_structure: true,
      roles: [],
      model_name: "random",
      notice: null,
      chain_id: "A",
      n_layers: nLayers,
      n_heads: nHeads,
      n_residues: n,
      sequence: "ACDEFGHIKLMNPQRSTVWY".repeat(Math.ceil(n / 20)).slice(0, n),
      residue_labels: numbers.map((number) => `A:ALA${number}`),
      residue_numbers: numbers,
      insertion_codes: numbers.map(() => ""),
      segments: [{ chain_id: "A", start: 0, stop: n }],
      copies: [],
      secondary_structure: null,
      map_kinds: kinds,
      scores,
      ...meta,
    },
    arrays,
    structure: "data_TEST\n",
    attention: {
      meta: {
        ...(meta.map_kinds ?? kinds)[0],
        shape: [nLayers, nHeads + 1],
        received_scale: 0.5,
        chances: [0.05, null],
      },
      arrays: maps,
    },
  };
}

export function testScene(options: SceneOptions = {}): Scene {
  return new Scene(encodedScene(options));
}

export function testView(changes: Partial<View> = {}): View {
  return { ...VIEW, top_k: 30, partners: 12, min_separation: 6, map: "attention", ...changes };
}

/** A map of n × n cells, all of one step. */
export function flatMap(nResidues: number, step = 255, scale = 0.5): EncodedMap {
  return {
    ...encode(new Uint8Array(nResidues ** 2).fill(step), [nResidues, nResidues]),
    scale,
    signed: false,
    symmetric: false,
  };
}

/** Answers at once, and remembers what it was asked. */
export class ReadyMaps implements MapSource {
  readonly asked: [string, number][] = [];

  constructor(
    private readonly nResidues: number,
    readonly immediate = true,
  ) {}

  async requestMap(kind: string, entry: number): Promise<EncodedMap> {
    this.asked.push([kind, entry]);
    return flatMap(this.nResidues, 1 + this.asked.length);
  }

  async requestSet(kind: string): Promise<EncodedMapSet> {
    throw new Error(`there is no ${kind} here`);
  }
}
