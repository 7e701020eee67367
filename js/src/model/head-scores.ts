// What colours the head grid: the scene's scores, how heads link the selection, and how well they point at tracks.

import { computed, type ReadonlySignal, signal } from "@preact/signals-core";
import type { MapSource } from "./map-fetcher";
import { type MapSet, rankedEntries } from "./map-set";
import { MIN_SEPARATION } from "./placement";
import type { Scene } from "./scene";
import { SELECTION_SCORES, type Selected, SelectionScores } from "./selection-scores";
import type { Track } from "./tracks";
import type { ScoreMeta } from "./wire";

interface Question {
  track: Track;
  state: string;
  meta: ScoreMeta;
}

export class HeadScores {
  /** Position in `list` of the score that colours the head grid. */
  readonly place = signal(0);
  /** The scene's scores, those of the selection, then one per track and state: does a head point there? */
  readonly list: ReadonlySignal<readonly ScoreMeta[]>;
  /** The chosen score of every entry of the present kind of map. */
  readonly values: ReadonlySignal<readonly number[]>;
  readonly ofSelection: SelectionScores;

  constructor(
    private readonly scene: Scene,
    private readonly tracks: ReadonlySignal<readonly Track[]>,
    private readonly maps: ReadonlySignal<MapSet>,
    selected: ReadonlySignal<Selected>,
    source: MapSource,
  ) {
    const which = computed(() => this.selectionScore(this.place.value));
    this.ofSelection = new SelectionScores(scene, maps, selected, source, which);
    this.list = computed(() => [
      ...scene.meta.scores,
      ...SELECTION_SCORES,
      ...this.questions().map(({ meta }) => meta),
    ]);
    this.values = computed(() => this.valuesOf(this.place.value));
  }

  get chosen(): ScoreMeta {
    return this.list.value[this.place.value];
  }

  /** What the chosen score is called, of the selection with the names of its residues. */
  title(): string {
    const which = this.selectionScore(this.place.value);
    return which < 0 ? this.chosen.title : this.ofSelection.title(which);
  }

  /** Colour the heads by how much they look at the selection. */
  askSelection(): void {
    this.place.value = this.scene.meta.scores.length;
  }

  /** Which of `SELECTION_SCORES` is at a place in `list`; -1 for none. */
  private selectionScore(place: number): number {
    const which = place - this.scene.meta.scores.length;
    return which < SELECTION_SCORES.length ? Math.max(which, -1) : -1;
  }

  /** What chance would give for the present score; NaN where it is not known. */
  chance(): number {
    const place = this.place.value;
    if (this.selectionScore(place) >= 0) return Number.NaN;
    const question = this.questions()[place - this.scene.meta.scores.length - SELECTION_SCORES.length];
    const chance = question ? question.track.background(question.state) : this.maps.value.meta.chances[place];
    return chance ?? Number.NaN;
  }

  /** Entries from the best to the worst by the present score. */
  ranked(): number[] {
    return rankedEntries(this.values.value, this.chosen.best);
  }

  /** Every question the tracks put to heads, in the order in which `list` goes on. */
  questions(): Question[] {
    return this.tracks.value.flatMap((track) =>
      track.states.map((state) => ({
        track,
        state,
        meta: {
          name: `track ${track.name} ${state}`,
          title: `→ ${track.title(state)}`,
          meaning:
            track.kind === "number"
              ? `mean ${track.name} where the head's L strongest links point (|i − j| ≥ ${MIN_SEPARATION})`
              : `share of the head's L strongest links (|i − j| ≥ ${MIN_SEPARATION}) that ` +
                (track.kind === "pair" ? `are ${track.name}` : `point at ${track.title(state)}`),
          best: "high" as const,
          is_share: track.kind !== "number",
        },
      })),
    );
  }

  private valuesOf(place: number): readonly number[] {
    const maps = this.maps.value;
    const entries = Array.from({ length: maps.links.nEntries }, (_, entry) => entry);
    const first = this.scene.meta.scores.length;
    if (place < first) return entries.map((entry) => maps.score(place, entry));
    const which = this.selectionScore(place);
    if (which >= 0) return this.ofSelection.valuesOf(which);
    const { track, state } = this.questions()[place - first - SELECTION_SCORES.length];
    const { nResidues } = this.scene;
    const question = { topK: nResidues, threshold: 0, minSeparation: MIN_SEPARATION, combine: track.combine };
    return entries.map((entry) => track.proportion(maps.links.select(entry, question), nResidues, state));
  }
}
