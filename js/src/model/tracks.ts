// What is known about each residue, as it crosses from Python (protvis/scene/track_wire.py), and which heads
// point at it.

import type { Links } from "./links";
import { decodeArray, type EncodedArray } from "./wire";

export type TrackKind = "state" | "site" | "number" | "range" | "pair";

export interface EncodedTrack {
  name: string;
  kind: TrackKind;
  source: string;
  /** For states: the letters that the values count. */
  letters: string[];
  legend: Record<string, string>;
  /** For ranges: the name of each stretch. */
  names: string[];
  unit: string;
  notes: Record<string, string>;
  /** What chance would give, by state. */
  backgrounds: Record<string, number>;
  values: EncodedArray;
}

export class Track {
  readonly name: string;
  readonly kind: TrackKind;
  readonly source: string;
  private readonly values: ArrayLike<number>;
  private readonly low: number;
  private readonly high: number;

  constructor(private readonly encoded: EncodedTrack) {
    const { kind, values } = encoded;
    this.name = encoded.name;
    this.kind = kind;
    this.source = encoded.source;
    this.values =
      kind === "number"
        ? decodeArray(values, "float32")
        : kind === "range"
          ? decodeArray(values, "int32")
          : decodeArray(values, "uint8");
    const known = kind === "number" ? Array.from(this.values).filter(Number.isFinite) : [];
    this.low = Math.min(...known);
    this.high = Math.max(...known);
  }

  /** The states or names a head can be asked about; one empty name where there is just one question. */
  get states(): string[] {
    if (this.kind === "state") return this.encoded.letters.filter((letter) => /\w/.test(letter));
    return this.kind === "range" ? ["", ...new Set(this.encoded.names)] : [""];
  }

  /** The proportion that chance would give; NaN where it is not known. */
  background(state: string): number {
    return this.encoded.backgrounds[state] ?? Number.NaN;
  }

  /** What to call a state in a list of questions. */
  title(state: string): string {
    return state === "" ? this.name : `${this.name}: ${this.encoded.legend[state] ?? state}`;
  }

  /** Which of the track's colours a residue has, −1 for none, and for numbers where it lies from 0 to 1. */
  level(residue: number): number {
    const value = this.values[residue];
    if (this.kind === "number") {
      if (!Number.isFinite(value)) return -1;
      return this.high > this.low ? (value - this.low) / (this.high - this.low) : 0.5;
    }
    if (this.kind === "site") return value ? 0 : -1;
    if (this.kind === "state") return /\w/.test(this.encoded.letters[value]) ? value : -1;
    return value;
  }

  /** Where a number's bar begins and ends in a row from 0 to 1, in which the bars of all residues begin at zero. */
  bar(residue: number): readonly [from: number, to: number] {
    const value = this.values[residue];
    if (this.kind !== "number" || !Number.isFinite(value)) return [0, 1];
    const [lowest, highest] = [Math.min(this.low, 0), Math.max(this.high, 0)];
    const place = (number: number) => (highest > lowest ? (number - lowest) / (highest - lowest) : 0);
    return value < 0 ? [place(value), place(0)] : [place(0), place(value)];
  }

  /** The lowest and the highest number; not finite where none is known. */
  get bounds(): readonly [number, number] {
    return [this.low, this.high];
  }

  get unit(): string {
    return this.encoded.unit;
  }

  /** For tracks that name things: each name that occurs, with the first residue that carries its colour. */
  examples(nResidues: number): { title: string; residue: number }[] {
    const { letters, legend, names } = this.encoded;
    const firsts = new Map<number, number>();
    for (let residue = 0; residue < nResidues; residue++) {
      const level = this.level(residue);
      if (level >= 0 && !firsts.has(level)) firsts.set(level, residue);
    }
    const title = (level: number) =>
      this.kind === "state"
        ? (legend[letters[level]] ?? letters[level])
        : this.kind === "range"
          ? names[level]
          : this.name;
    return [...firsts].sort(([a], [b]) => a - b).map(([level, residue]) => ({ title: title(level), residue }));
  }

  /** The state's letter at a residue; empty for other kinds. */
  letter(residue: number): string {
    return this.kind === "state" ? this.encoded.letters[this.values[residue]] : "";
  }

  /** What there is to say about a residue, or nothing. */
  describe(residue: number): string {
    const { letters, legend, names, unit, notes } = this.encoded;
    const value = this.values[residue];
    const note = notes[String(residue)];
    let said = "";
    if (this.kind === "number" && Number.isFinite(value))
      said = `${this.name} ${Number(value.toPrecision(3))}${unit && ` ${unit}`}`;
    else if (this.kind === "site" && value) said = this.name;
    else if (this.kind === "state" && this.level(residue) >= 0) said = legend[letters[value]] ?? letters[value];
    else if (this.kind === "range" && value >= 0) said = names[value];
    return said && note ? `${said} (${note})` : said;
  }

  /**
   * The property's value for a link: 1 or 0 for the residue attended to, or for the pair; for numbers the value
   * there. NaN where unknown.
   */
  private property(query: number, key: number, nResidues: number, state: string): number {
    if (this.kind === "pair") {
      const rowBytes = Math.ceil(nResidues / 8);
      return this.values[query * rowBytes + (key >> 3)] & (0x80 >> (key & 7)) ? 1 : 0;
    }
    const value = this.values[key];
    if (this.kind === "number") return value;
    if (this.kind === "site") return value ? 1 : 0;
    if (this.kind === "state") return this.encoded.letters[value] === state ? 1 : 0;
    return state === "" ? (value >= 0 ? 1 : 0) : this.encoded.names[value] === state ? 1 : 0;
  }

  /** Whether links are pairs or have a direction when heads are scored. */
  get combine(): "max" | "directed" {
    return this.kind === "pair" ? "max" : "directed";
  }

  /** Proportion of links that have the property, or for numbers the mean over them; NaN without links. */
  proportion({ query, key }: Links, nResidues: number, state: string): number {
    let sum = 0;
    let count = 0;
    for (let n = 0; n < query.length; n++) {
      const value = this.property(query[n], key[n], nResidues, state);
      if (!Number.isFinite(value)) continue;
      sum += value;
      count++;
    }
    return count > 0 ? sum / count : Number.NaN;
  }
}
