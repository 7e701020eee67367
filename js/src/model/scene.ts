// A decoded scene: everything one explorer shows of a chain and a model.

import { MapSet } from "./map-set";
import { Placement, type Relation } from "./placement";
import { decodeArray, type EncodedMapSet, type EncodedScene, SCENE_VERSION, type SceneMeta } from "./wire";

/** 256 colours, three bytes each. */
export type Colormap = Uint8Array;

export class Scene {
  readonly meta: SceneMeta;
  /** Raw attention, the kind of map every scene has. */
  readonly attention: MapSet;
  /** Structure as mmCIF text. */
  readonly structure: string;
  /** Where the residues are: the chain, then its copies. */
  readonly places: readonly Placement[];
  readonly colormaps: Record<"weight" | "separation" | "score" | "map" | "signed", Colormap>;

  constructor({ meta, arrays, structure, attention }: EncodedScene) {
    if (meta.version !== SCENE_VERSION) {
      throw new Error(`this page reads scenes of version ${SCENE_VERSION}, got version ${meta.version}`);
    }
    this.meta = meta;
    this.structure = structure;
    this.places = placesOf(meta, arrays);
    this.colormaps = {
      weight: decodeArray(arrays.colormap_weight, "uint8"),
      separation: decodeArray(arrays.colormap_separation, "uint8"),
      score: decodeArray(arrays.colormap_score, "uint8"),
      map: decodeArray(arrays.colormap_map, "uint8"),
      signed: decodeArray(arrays.colormap_signed, "uint8"),
    };
    this.attention = this.makeMapSet(attention);
  }

  get nResidues(): number {
    return this.meta.n_residues;
  }

  label(residue: number): string {
    return this.meta.residue_labels[residue];
  }

  /** A residue's label, without the chain where there is only one. */
  name(residue: number): string {
    const label = this.label(residue);
    return this.meta.segments.length > 1 ? label : label.slice(label.indexOf(":") + 1);
  }

  makeMapSet(encoded: EncodedMapSet): MapSet {
    return new MapSet(encoded, this.meta.scores, chainNumbers(this.meta));
  }

  get hasStructure(): boolean {
    return this.meta.has_structure;
  }

  /** Which residues the structure shows; without one there is nothing to miss. */
  get observed(): Uint8Array {
    return this.hasStructure ? this.places[0].observed : new Uint8Array(this.nResidues).fill(1);
  }

  isContact(i: number, j: number): boolean {
    return this.places[0].isContact(i, j);
  }

  relation(i: number, j: number): Relation {
    return this.places[0].relation(i, j);
  }

  distance(i: number, j: number): number {
    return this.places[0].distance(i, j);
  }

  hasCoordinates(residue: number): boolean {
    return this.places[0].hasCoordinates(residue);
  }

  /** What a residue lacks to be drawn as an end of arcs; "" for nothing. */
  missing(residue: number): string {
    if (!this.hasStructure || this.hasCoordinates(residue)) return "";
    return this.observed[residue] ? "no Cβ" : "no coordinates";
  }

  /** Residues between two in the sequence; those of different chains are infinitely far apart. */
  separation(i: number, j: number): number {
    return this.places[0].chainOf(i) === this.places[0].chainOf(j) ? Math.abs(i - j) : Number.POSITIVE_INFINITY;
  }
}

/** For each residue the number of its chain; null where there is one chain only. */
function chainNumbers({ segments, n_residues }: SceneMeta): Uint8Array | null {
  if (segments.length < 2) return null;
  const numbers = new Uint8Array(n_residues);
  segments.forEach(({ start, stop }, number) => numbers.fill(number, start, stop));
  return numbers;
}

function placesOf(meta: SceneMeta, arrays: EncodedScene["arrays"]): Placement[] {
  const n = meta.n_residues;
  const own = new Placement(
    meta,
    n,
    decodeArray(arrays.observed, "uint8"),
    decodeArray(arrays.coordinates, "float32"),
    decodeArray(arrays.contacts, "uint8"),
  );
  const observed = decodeArray(arrays.copies_observed, "uint8");
  const coordinates = decodeArray(arrays.copies_coordinates, "float32");
  const contacts = decodeArray(arrays.copies_contacts, "uint8");
  const size = n * Math.ceil(n / 8);
  const copies = meta.copies.map(
    (copy, k) =>
      new Placement(
        copy,
        n,
        observed.subarray(k * n, (k + 1) * n),
        coordinates.subarray(3 * k * n, 3 * (k + 1) * n),
        contacts.subarray(k * size, (k + 1) * size),
      ),
  );
  return [own, ...copies];
}
