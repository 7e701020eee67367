// Gets the maps that are wanted from where they are, remembers them, and says why one is not there.

import { effect, type ReadonlySignal, type Signal, signal } from "@preact/signals-core";
import { type DenseMap, decodeMap, type MapSet } from "./map-set";
import type { Scene } from "./scene";
import type { Pair } from "./view";
import type { EncodedArray, EncodedMap, EncodedMapSet, LinkArrays, SmallMapArrays } from "./wire";

/** Where maps come from: a kernel, or the page itself. */
export interface MapSource {
  /** Resolves with one dense map of a kind, or rejects with a reason a person can read. */
  requestMap(kind: string, entry: number): Promise<EncodedMap>;
  /** Resolves with the links and scores of a kind of map other than raw attention, or rejects. */
  requestSet(kind: string): Promise<EncodedMapSet>;
  /** Resolves with the links of a map that touch residues, or rejects; where there is no such source, the map has them. */
  requestLinks?(kind: string, entry: number, residues: readonly number[]): Promise<LinkArrays>;
  /** Resolves with small pictures of all maps of a kind, or rejects. */
  requestSmallMaps?(kind: string): Promise<SmallMapArrays>;
  /**
   * Resolves with how strongly each map of a kind links residues, float32 (2, entry): the strongest value from one of
   * them, and the value of the pair (protvis/scene/selection_scores.py); or rejects. A source without it has the maps.
   */
  requestSelection?(kind: string, residues: readonly number[], pair: Pair | null): Promise<EncodedArray>;
  /** Whether an answer is immediate, so that asking while scrubbing costs nothing. */
  readonly immediate: boolean;
}

export type MapState =
  | { readonly status: "ready"; readonly map: DenseMap; readonly set: MapSet; readonly entry: number }
  | { readonly status: "loading" | "unavailable"; readonly reason: string };

const REMEMBERED_MAPS = 48;
/** How long a choice has to rest before Python is asked about it. */
export const SETTLE_MS = 60;
const PATIENCE_MS = 1500;

export class MapFetcher {
  readonly set: Signal<MapSet>;
  /** Why `set` is not yet, or not, what `name` says. */
  readonly note = signal("");
  /** The dense map of the entry that is looked at. */
  readonly map = signal<MapState>({ status: "loading", reason: "loading the map" });

  private readonly maps = new Map<string, DenseMap>();
  private readonly sets = new Map<string, MapSet>();

  constructor(
    private readonly scene: Scene,
    /** Name of the kind of map that is wanted; `set` follows once it is there. */
    private readonly name: Signal<string>,
    private readonly source: MapSource,
  ) {
    this.set = signal(scene.attention);
    this.sets.set(scene.attention.meta.name, scene.attention);
  }

  /** Fetch whatever kind is wanted and whatever entry is looked at, until the returned function is called. */
  follow(entry: ReadonlySignal<number>): () => void {
    const stops = [
      effect(() => this.fetchSet(this.name.value)),
      effect(() => this.fetchMap(this.set.value, entry.value)),
    ];
    return () => stops.forEach((stop) => stop());
  }

  private fetchSet(kind: string): (() => void) | undefined {
    const known = this.sets.get(kind);
    if (known) {
      this.note.value = "";
      this.set.value = known;
      return undefined;
    }
    let current = true;
    const wanted = `computing: ${this.scene.meta.map_kinds.find(({ name }) => name === kind)?.title ?? kind}`;
    this.note.value = wanted;
    const impatience = setTimeout(() => {
      if (this.source.immediate) return;
      const shown = this.set.peek().meta.title;
      this.note.value = `${wanted}. No answer from Python yet, which may be busy or stopped; still shown: ${shown}`;
    }, PATIENCE_MS);
    this.source
      .requestSet(kind)
      .then((encoded) => {
        const made = this.scene.makeMapSet(encoded);
        this.sets.set(kind, made);
        if (!current) return;
        this.note.value = "";
        this.set.value = made;
      })
      .catch((error: unknown) => {
        if (!current) return;
        // What is shown stays, and is what the choice says again; the reason stays beside it.
        this.name.value = this.set.peek().meta.name;
        this.note.value = reasonOf(error);
      })
      .finally(() => clearTimeout(impatience));
    return () => {
      current = false;
      clearTimeout(impatience);
    };
  }

  private fetchMap(set: MapSet, entry: number): (() => void) | undefined {
    const kind = set.meta.name;
    const name = `${kind} ${entry}`;
    const known = this.maps.get(name);
    if (known) {
      this.maps.delete(name);
      this.maps.set(name, known);
      this.map.value = { status: "ready", map: known, set, entry };
      return undefined;
    }
    let current = true;
    const timers: ReturnType<typeof setTimeout>[] = [];
    const ask = () => {
      this.source
        .requestMap(kind, entry)
        .then((encoded) => {
          const map = decodeMap(encoded);
          this.maps.set(name, map);
          const oldest = this.maps.keys().next().value;
          if (this.maps.size > REMEMBERED_MAPS && oldest !== undefined) this.maps.delete(oldest);
          if (current) this.map.value = { status: "ready", map, set, entry };
        })
        .catch((error: unknown) => {
          if (current) this.map.value = { status: "unavailable", reason: reasonOf(error) };
        })
        .finally(() => timers.forEach(clearTimeout));
    };
    if (this.source.immediate) {
      ask();
    } else {
      this.map.value = { status: "loading", reason: "loading the full map" };
      timers.push(setTimeout(ask, SETTLE_MS));
      timers.push(
        setTimeout(() => {
          this.map.value = { status: "unavailable", reason: "Python is busy; the full map comes when it is free" };
        }, PATIENCE_MS),
      );
    }
    return () => {
      current = false;
      timers.forEach(clearTimeout);
    };
  }
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
