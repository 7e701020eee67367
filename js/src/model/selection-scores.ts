// Scores of heads that ask about the selected residues: which head looks at them, where it looks from them.

import { computed, effect, type ReadonlySignal, signal } from "@preact/signals-core";
import { type MapSource, reasonOf, SETTLE_MS } from "./map-fetcher";
import { decodeMap, type MapSet, mapValue } from "./map-set";
import { MIN_SEPARATION } from "./placement";
import type { Scene } from "./scene";
import type { Pair } from "./view";
import { decodeArray, type ScoreMeta } from "./wire";

const plain = { best: "high", is_share: false } as const;

/** What can be asked, in the order of the menu. */
export const SELECTION_SCORES: readonly ScoreMeta[] = [
  {
    ...plain,
    name: "to selection",
    title: "attention to the selection",
    meaning: "mean over all residues of the attention they pay to the selected ones",
  },
  {
    ...plain,
    name: "from selection",
    title: "attention from the selection",
    meaning: `the strongest attention of a selected residue to another one, |i − j| ≥ ${MIN_SEPARATION}`,
  },
  {
    ...plain,
    name: "between selected",
    title: "attention between two residues",
    meaning: "attention between the two selected residues, the stronger direction; of a selected link its own",
  },
];

export interface Selected {
  residues: readonly number[];
  link: Pair | null;
}

/** What is known of a selection in all maps: the two rows of `MapSource.requestSelection`. */
interface Known {
  question: string;
  values: Float32Array;
}

export class SelectionScores {
  /** What is not exact in the values, and why. */
  readonly note: ReadonlySignal<string>;
  private readonly known = signal<Known | null>(null);
  private readonly reason = signal("");
  /** What is selected, as far as the chosen score asks about it. */
  private readonly asked: ReadonlySignal<Selected>;
  private readonly question: ReadonlySignal<string>;

  constructor(
    private readonly scene: Scene,
    private readonly maps: ReadonlySignal<MapSet>,
    private readonly selected: ReadonlySignal<Selected>,
    private readonly source: MapSource,
    /** Which of `SELECTION_SCORES` colours the grid; -1 for none. */
    private readonly chosen: ReadonlySignal<number>,
  ) {
    this.asked = computed(() => {
      const { residues, link } = selected.value;
      return { residues, link: chosen.value === 2 ? link : null };
    });
    this.question = computed(() => JSON.stringify([maps.value.meta.name, this.asked.value]));
    this.note = computed(() => {
      const { residues, link } = this.selected.value;
      if (this.chosen.value < 0) return "";
      if (residues.length === 0) return "select a residue first";
      if (this.chosen.value === 2 && !link && residues.length !== 2) return "select two residues first";
      if (this.chosen.value === 0 || this.known.value?.question === this.question.value) return "";
      return `from the strongest links only: ${this.reason.value}`;
    });
  }

  /** Ask for what is needed until the returned function is called. */
  follow(): () => void {
    return effect(() => {
      const { residues, link } = this.asked.value;
      const question = this.question.value;
      if (this.chosen.value <= 0 || residues.length === 0 || this.known.peek()?.question === question) return undefined;
      let current = true;
      this.reason.value = "the full maps are being read";
      const ask = () =>
        this.read(residues, link)
          .then((values) => {
            if (current) this.known.value = { question, values };
          })
          .catch((error: unknown) => {
            if (current) this.reason.value = reasonOf(error);
          });
      const timer = setTimeout(ask, this.source.immediate ? 0 : SETTLE_MS);
      return () => {
        current = false;
        clearTimeout(timer);
      };
    });
  }

  /** One of `SELECTION_SCORES`, of every entry; NaN where the selection is not of the kind it asks about. */
  valuesOf(which: number): readonly number[] {
    const maps = this.maps.value;
    const { residues, link } = this.asked.value;
    const { nEntries } = maps.links;
    const entries = Array.from({ length: nEntries }, (_, entry) => entry);
    if (residues.length === 0) return entries.map(() => Number.NaN);
    if (which === 0) {
      return entries.map((entry) => {
        const received = maps.received(entry);
        return residues.reduce((sum, residue) => sum + received[residue], 0);
      });
    }
    if (which === 2 && this.pairs(residues, link).length === 0) return entries.map(() => Number.NaN);
    const known = this.known.value;
    if (known?.question === this.question.value)
      return [...known.values.subarray((which - 1) * nEntries, which * nEntries)];
    const passes = this.passing(residues, link)[which - 1];
    return entries.map((entry) => maps.links.strongest(entry, passes));
  }

  /** Of all maps the strongest value from one of the residues, then the value of the pair. */
  private async read(residues: readonly number[], link: Pair | null): Promise<Float32Array> {
    const { meta, links } = this.maps.peek();
    const { source } = this;
    if (source.requestSelection)
      return decodeArray(await source.requestSelection(meta.name, residues, link), "float32");
    const n = this.scene.nResidues;
    const found = new Float32Array(2 * links.nEntries).fill(Number.NaN);
    const everyone = Array.from({ length: n }, (_, residue) => residue);
    const cells = this.passing(residues, link).map((passes) =>
      residues.flatMap((one) =>
        everyone.flatMap((other) =>
          [
            [one, other],
            [other, one],
          ].filter(([query, key]) => passes(query, key)),
        ),
      ),
    );
    for (let entry = 0; entry < links.nEntries; entry++) {
      const map = decodeMap(await source.requestMap(meta.name, entry));
      cells.forEach((asked, row) => {
        for (const [query, key] of asked) {
          const value = mapValue(map, map.steps[query * n + key]);
          const place = row * links.nEntries + entry;
          if (!(value <= found[place])) found[place] = Number.isNaN(value) ? found[place] : value;
        }
      });
    }
    return found;
  }

  /** Which links count for the second and the third of `SELECTION_SCORES`. */
  private passing(residues: readonly number[], link: Pair | null): ((query: number, key: number) => boolean)[] {
    const chosen = new Set(residues);
    const pairs = this.pairs(residues, link);
    return [
      (query, key) => chosen.has(query) && !chosen.has(key) && this.scene.separation(query, key) >= MIN_SEPARATION,
      (query, key) => pairs.some(([from, to]) => query === from && key === to),
    ];
  }

  private pairs(residues: readonly number[], link: Pair | null): readonly (readonly number[])[] {
    if (link) return [link];
    return residues.length === 2 ? [residues, [...residues].reverse()] : [];
  }

  /** What one of `SELECTION_SCORES` asks, with the names of the residues. */
  title(which: number): string {
    const { residues, link } = this.selected.value;
    const label = (residue: number) => this.scene.label(residue);
    const said =
      residues.length === 0
        ? "the selection"
        : residues.length <= 2
          ? residues.map(label).join(", ")
          : `${residues.length} residues`;
    if (which === 0) return `attention to ${said}`;
    if (which === 1) return `attention from ${said}`;
    if (link) return `attention ${label(link[0])} → ${label(link[1])}`;
    return residues.length === 2
      ? `attention ${label(residues[0])} ↔ ${label(residues[1])}`
      : SELECTION_SCORES[2].title;
  }
}
