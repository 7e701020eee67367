// Heads whose links are drawn beside those of the chosen one, each in its own colour.

import { computed, effect, type ReadonlySignal, signal } from "@preact/signals-core";
import { formatHead, type HeadLabel } from "./labels";
import type { LinkQuestion, Links } from "./links";
import type { MapSource, MapState } from "./map-fetcher";
import { decodeMap, type MapSet } from "./map-set";
import { SelectionLinks } from "./selection-links";
import type { Block, Head } from "./view";

/** So many beside the chosen one: more colours are hard to tell apart. */
export const MOST_OVERLAID = 2;

/** A head whose links are drawn. */
export interface DrawnHead {
  /** Of its colour: 0 is the chosen head's. */
  readonly place: number;
  readonly entry: number;
  readonly name: string;
  /** With a selection the strongest of those that touch it. */
  readonly links: Links;
  /** Weight of the head's strongest link, whatever is selected. */
  readonly heaviest: number;
}

/** What links are asked for, of whatever head. */
interface Asked {
  set: MapSet;
  residues: readonly number[];
  block: Block | null;
}

export class Overlay {
  /** The heads that are not the chosen one; one that shares its map, as in maps of a layer, is not drawn again. */
  readonly heads: ReadonlySignal<readonly DrawnHead[]>;
  private readonly follows: (() => () => void)[] = [];

  constructor(
    wanted: ReadonlySignal<readonly Head[]>,
    chosen: ReadonlySignal<number>,
    asked: ReadonlySignal<Asked>,
    question: { plain: () => LinkQuestion; selected: () => LinkQuestion },
    source: MapSource,
  ) {
    const entries = computed(() => wanted.value.map((head) => asked.value.set.entry(...head)));
    const ofSelection = Array.from({ length: MOST_OVERLAID }, (_, n) => this.selection(n, entries, asked, source));
    this.heads = computed(() => {
      const { set, residues } = asked.value;
      return entries.value.flatMap((entry, n): DrawnHead[] => {
        if (entry === chosen.value || entries.value.indexOf(entry) < n) return [];
        const strongest = set.links.select(entry, question.plain());
        const links = residues.length > 0 ? ofSelection[n].select(question.selected()) : strongest;
        const name = nameHead(set, ...wanted.value[n]);
        return [{ place: n + 1, entry, name, links, heaviest: strongest.weight[0] }];
      });
    });
  }

  /** Fetch what selections need until the returned function is called. */
  follow(): () => void {
    const stops = this.follows.map((follow) => follow());
    return () => stops.forEach((stop) => stop());
  }

  /** The links of the selection in the n-th of the heads. */
  private selection(
    n: number,
    entries: ReadonlySignal<readonly number[]>,
    asked: ReadonlySignal<Asked>,
    source: MapSource,
  ): SelectionLinks {
    const map = signal<MapState>({ status: "loading", reason: "" });
    const ofHead = computed(() => {
      const entry = entries.value[n] ?? -1;
      return entry < 0 ? { ...asked.value, entry, residues: [], block: null } : { ...asked.value, entry };
    });
    const links = new SelectionLinks(ofHead, source, map);
    this.follows.push(
      () => links.follow(),
      () =>
        effect(() => {
          const { set, entry, residues } = ofHead.value;
          if (source.requestLinks || residues.length === 0) return;
          source
            .requestMap(set.meta.name, entry)
            .then((encoded) => {
              map.value = { status: "ready", map: decodeMap(encoded), set, entry };
            })
            // The strongest links of the head stay.
            .catch(() => undefined);
        }),
    );
    return links;
  }
}

/** What a person would call a head of a kind of map. */
export function nameHead({ meta }: MapSet, layer: number, head: HeadLabel): string {
  return meta.layout === "one" ? meta.title : meta.layout === "layers" ? `layer ${layer}` : formatHead(layer, head);
}
