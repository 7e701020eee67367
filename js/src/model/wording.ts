// What an explorer says of what it shows: in readouts, tooltips, headings and to screen readers.

import type { ReadonlySignal } from "@preact/signals-core";
import type { HeadScores } from "./head-scores";
import { formatHead, formatScore, formatWeight, MEAN } from "./labels";
import type { MapSet } from "./map-set";
import type { DrawnHead } from "./overlay";
import { RELATION_TEXT } from "./placement";
import type { Scene } from "./scene";
import type { Track } from "./tracks";
import type { View } from "./view";

/** As many stretches of the selection as are named. */
const MOST_RUNS = 4;

/** What the sentences are about; `ExplorerState` is one. */
interface Shown {
  readonly scene: Scene;
  readonly view: { readonly [K in keyof View]: ReadonlySignal<View[K]> };
  readonly tracks: ReadonlySignal<readonly Track[]>;
  readonly mapSet: ReadonlySignal<MapSet>;
  readonly entry: ReadonlySignal<number>;
  readonly heads: ReadonlySignal<readonly DrawnHead[]>;
  readonly received: ReadonlySignal<Float32Array>;
  readonly scores: HeadScores;
  weight(query: number, key: number, place?: number): number;
}

export class Wording {
  constructor(private readonly state: Shown) {}

  /** The head, with its score and chance. */
  head(): string {
    const { n_heads } = this.state.scene.meta;
    const { meta } = this.state.mapSet.value;
    const value = this.state.scores.values.value[this.state.entry.value];
    const head =
      this.state.view.head.value === MEAN
        ? `layer ${this.state.view.layer.value}, mean of ${n_heads} heads`
        : `head ${formatHead(this.state.view.layer.value, this.state.view.head.value)}`;
    const where =
      meta.layout === "one" ? meta.title : meta.layout === "layers" ? `layer ${this.state.view.layer.value}` : head;
    if (meta.difference && !Number.isFinite(value)) return `${where}: ${this.change()}`;
    const chance = this.state.scores.chance();
    const beside = Number.isFinite(chance) ? ` (chance ${formatScore(chance)})` : "";
    return `${where}: ${this.state.scores.title()} ${formatScore(value)}${beside}`;
  }

  /** How much the largest change of a difference is, beside noise. */
  private change(): string {
    const { links, meta } = this.state.mapSet.value;
    const question = {
      topK: 1,
      threshold: 0,
      minSeparation: this.state.view.min_separation.value,
      combine: "directed" as const,
    };
    const { weight } = links.select(this.state.entry.value, question);
    const largest = weight.length > 0 ? weight[0] : 0;
    const beside = meta.noise === null ? "no noise level" : `noise reaches ${formatWeight(meta.noise)}`;
    return `largest |Δ| ${formatWeight(largest)}, ${beside}`;
  }

  /** A residue's label and all that the shown tracks say of it. */
  residue(residue: number): string {
    const shown = new Set(this.state.view.shown_tracks.value);
    const said = this.state.tracks.value.filter(({ name }) => shown.has(name)).map((track) => track.describe(residue));
    return [this.state.scene.label(residue), ...said.filter(Boolean)].join(" · ");
  }

  /** The same with the attention it receives, and whether it has coordinates. */
  reading(residue: number): string {
    const received = formatWeight(this.state.received.value[residue]);
    const all = this.state.mapSet.value.meta.received_scale === 0 ? ", as every residue of this map does" : "";
    const missing = this.state.scene.missing(residue);
    return `${this.residue(residue)}${missing && ` · ${missing}`} · receives ${received} on average${all}`;
  }

  /** What is selected in words, or with `short` as a heading has room for it. */
  selection({ short = false } = {}): string {
    const { scene } = this.state;
    const residues = this.state.view.selected_residues.value;
    const labels = residues.map((residue) => scene.label(residue));
    if (labels.length === 0) return "nothing selected";
    const block = this.state.view.selected_block.value;
    if (block) {
      const [query, lastQuery, key, lastKey] = block.map((residue) => scene.label(residue));
      if (short) return `selected ${query}–${scene.name(block[1])} × ${key}–${scene.name(block[3])}`;
      return `selected the block ${query} to ${lastQuery} × ${key} to ${lastKey}`;
    }
    if (labels.length <= 4) return `selected ${labels.join(", ")}`;
    const runs = runsOf(residues, (residue) => scene.meta.segments.some(({ start }) => start === residue)).map(
      ([first, last]) => (first === last ? scene.label(first) : `${scene.label(first)} to ${scene.label(last)}`),
    );
    const more = runs.length > MOST_RUNS ? ` and ${runs.length - MOST_RUNS} more runs` : "";
    return `selected ${labels.length} residues: ${runs.slice(0, MOST_RUNS).join(", ")}${more}`;
  }

  /** `A:HIS57 → A:ASP102 · 0.41 · 6.5 Å · contact`, where several heads are drawn with the name of the one. */
  pair(query: number, key: number, place = 0): string {
    const { scene } = this.state;
    const heads = this.state.heads.value;
    const head = heads.find((one) => one.place === place) ?? heads[0];
    const begin = `${heads.length > 1 ? `${head.name}: ` : ""}${scene.label(query)}`;
    const value = this.state.weight(query, key, place);
    if (query === key) return `${begin} to itself · ${this.value(value)}`;
    const arrow = this.state.view.combine.value === "mean" ? "↔" : "→";
    const parts = [`${begin} ${arrow} ${scene.label(key)}`, this.value(value)];
    const distance = scene.distance(query, key);
    if (Number.isFinite(distance)) {
      parts.push(`${distance.toFixed(1)} Å`, RELATION_TEXT[scene.relation(query, key)]);
    } else if (scene.hasStructure) {
      parts.push(scene.missing(query) || scene.missing(key));
    } else {
      parts.push(`|i − j| = ${Math.abs(query - key)}`);
    }
    return parts.join(" · ");
  }

  /** A weight; of a difference whether it is a gain or a loss, and no more than noise. */
  private value(value: number): string {
    const { difference, noise } = this.state.mapSet.value.meta;
    if (!difference || !Number.isFinite(value) || value === 0) return formatWeight(value);
    const change = `${value < 0 ? "loss" : "gain"} of ${formatWeight(Math.abs(value))}`;
    return noise !== null && Math.abs(value) <= noise ? `${change}, within noise` : change;
  }
}

/** First and last of every stretch of neighbours in an ascending list; none goes on over where a chain begins. */
function runsOf(residues: readonly number[], begins: (residue: number) => boolean): [number, number][] {
  const runs: [number, number][] = [];
  for (const residue of residues) {
    const run = runs[runs.length - 1];
    if (run && run[1] === residue - 1 && !begins(residue)) run[1] = residue;
    else runs.push([residue, residue]);
  }
  return runs;
}
