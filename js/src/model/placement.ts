// Where the residues are in space: the chain itself, or another copy of it in the same structure.

export interface Segment {
  chain_id: string;
  /** First residue, and the one after the last. */
  start: number;
  stop: number;
}

/**
 * Residues of a chain nearer than this in the sequence are neighbours anyway: they are never called contacts, and
 * links between them do not count when heads are scored.
 */
export const MIN_SEPARATION = 6;

/** What two residues are to each other: in contact, too near in the sequence for that to say anything, or neither. */
export type Relation = "contact" | "near" | "apart";

export const RELATION_TEXT: Record<Relation, string> = {
  contact: "contact",
  near: "near in sequence",
  apart: "no contact",
};

export interface PlacementMeta {
  segments: Segment[];
  residue_numbers: number[];
  insertion_codes: string[];
}

export class Placement {
  constructor(
    readonly meta: PlacementMeta,
    readonly nResidues: number,
    readonly observed: Uint8Array,
    /** Cβ (Cα for Gly) positions in Å, three per residue, NaN where there are none. */
    readonly coordinates: Float32Array,
    private readonly contactBits: Uint8Array,
  ) {}

  isContact(i: number, j: number): boolean {
    const rowBytes = Math.ceil(this.nResidues / 8);
    return (this.contactBits[i * rowBytes + (j >> 3)] & (0x80 >> (j & 7))) !== 0;
  }

  /** The relation of two residues that both have coordinates. */
  relation(i: number, j: number): Relation {
    if (this.isContact(i, j)) return "contact";
    return Math.abs(i - j) < MIN_SEPARATION && this.chainOf(i) === this.chainOf(j) ? "near" : "apart";
  }

  /** Distance between the two residues' Cβ atoms in Å; NaN where one has no coordinates. */
  distance(i: number, j: number): number {
    const c = this.coordinates;
    return Math.hypot(c[3 * i] - c[3 * j], c[3 * i + 1] - c[3 * j + 1], c[3 * i + 2] - c[3 * j + 2]);
  }

  hasCoordinates(residue: number): boolean {
    return Number.isFinite(this.coordinates[3 * residue]);
  }

  position(residue: number): readonly [number, number, number] {
    const c = this.coordinates;
    return [c[3 * residue], c[3 * residue + 1], c[3 * residue + 2]];
  }

  chainOf(residue: number): string {
    return this.meta.segments.find(({ stop }) => residue < stop)?.chain_id ?? "";
  }

  get chainIds(): string[] {
    return this.meta.segments.map(({ chain_id }) => chain_id);
  }
}
