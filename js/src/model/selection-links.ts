// The links of a selection: at once those among the head's strongest, all of them as soon as the map or Python has them.

import { computed, effect, type ReadonlySignal, signal } from "@preact/signals-core";
import type { LinkQuestion, Links, LinkTable } from "./links";
import { type MapSource, type MapState, SETTLE_MS } from "./map-fetcher";
import { decodeLinks, type MapSet } from "./map-set";
import { selectionTable } from "./selection-table";
import type { Block } from "./view";

/** What links are asked for. */
interface Asked {
  set: MapSet;
  entry: number;
  residues: readonly number[];
  /** Where only links within a block are wanted. */
  block: Block | null;
}

export class SelectionLinks {
  /** Python's answer, and to what. */
  private readonly answer = signal<(Asked & { table: LinkTable }) | null>(null);
  /** Every pair that touches the selection; null while only the strongest links of the head are known. */
  readonly table: ReadonlySignal<LinkTable | null>;

  constructor(
    private readonly asked: ReadonlySignal<Asked>,
    private readonly source: MapSource,
    map: ReadonlySignal<MapState>,
  ) {
    this.table = computed(() => {
      const { set, entry, residues } = asked.value;
      if (residues.length === 0) return null;
      const answer = this.answer.value;
      if (answer && answer.set === set && answer.entry === entry && answer.residues === residues) return answer.table;
      const state = map.value;
      if (state.status !== "ready" || state.set !== set || state.entry !== entry) return null;
      return selectionTable(state.map, set.links, entry, residues, set.meta.difference);
    });
  }

  select(question: LinkQuestion): Links {
    const { set, entry, residues, block } = this.asked.value;
    const table = this.table.value;
    if (block) {
      const within = (query: number, key: number) =>
        query >= block[0] && query <= block[1] && key >= block[2] && key <= block[3];
      const either = question.combine !== "directed";
      const wanted = (query: number, key: number) => within(query, key) || (either && within(key, query));
      return (table ?? set.links).select(table ? 0 : entry, { ...question, wanted });
    }
    if (table) return table.select(0, question);
    const chosen = new Set(residues);
    return set.links.select(entry, { ...question, wanted: (query, key) => chosen.has(query) || chosen.has(key) });
  }

  /** Ask Python about whatever is selected, where there is one, until the returned function is called. */
  follow(): () => void {
    return effect(() => {
      const asked = this.asked.value;
      const { set, entry, residues } = asked;
      if (!this.source.requestLinks || residues.length === 0) return undefined;
      let current = true;
      const timer = setTimeout(() => {
        this.source
          .requestLinks?.(set.meta.name, entry, residues)
          .then((arrays) => {
            if (current) this.answer.value = { ...asked, table: decodeLinks(arrays, set.links.chains) };
          })
          // The dense map, or the strongest links, stay; why Python has none is said beside the map.
          .catch(() => undefined);
      }, SETTLE_MS);
      return () => {
        current = false;
        clearTimeout(timer);
      };
    });
  }
}
