// Small pictures of all maps of the present kind, asked for only while somebody looks at them.

import { effect, type ReadonlySignal, signal } from "@preact/signals-core";
import { type MapSource, reasonOf } from "./map-fetcher";
import type { DenseMap, MapSet } from "./map-set";
import { decodeArray, type SmallMapArrays } from "./wire";

/** A picture per entry, each a small dense map of `side` × `side`. */
export interface Pictures {
  readonly set: MapSet;
  readonly side: number;
  readonly maps: readonly DenseMap[];
}

export class SmallMaps {
  /** Whether the head grid shows them. */
  readonly wanted = signal(false);
  /** Those of the present kind of map, once they are there. */
  readonly pictures = signal<Pictures | null>(null);
  /** Why they are not there. */
  readonly note = signal("");
  private readonly known = new Map<MapSet, Pictures>();

  constructor(
    private readonly set: ReadonlySignal<MapSet>,
    private readonly source: MapSource,
  ) {}

  /** Whether there is anywhere to get them from. */
  get available(): boolean {
    return this.source.requestSmallMaps !== undefined;
  }

  toggle(): void {
    if (this.available) this.wanted.value = !this.wanted.value;
  }

  /** Fetch what is wanted until the returned function is called. */
  follow(): () => void {
    return effect(() => {
      if (!this.wanted.value) return undefined;
      const set = this.set.value;
      const known = this.known.get(set) ?? null;
      this.pictures.value = known;
      this.note.value = known ? "" : "the pictures are being made";
      if (known || !this.available) return undefined;
      let current = true;
      this.source
        .requestSmallMaps?.(set.meta.name)
        .then((arrays) => {
          const made = decodePictures(set, arrays);
          this.known.set(set, made);
          if (!current) return;
          this.pictures.value = made;
          this.note.value = "";
        })
        .catch((error: unknown) => {
          if (current) this.note.value = reasonOf(error);
        });
      return () => {
        current = false;
      };
    });
  }
}

function decodePictures(set: MapSet, { steps, scale }: SmallMapArrays): Pictures {
  const all = decodeArray(steps, "uint8");
  const side = steps.shape[1];
  const maps = Array.from(decodeArray(scale, "float32"), (top, entry) => ({
    steps: all.subarray(entry * side ** 2, (entry + 1) * side ** 2),
    scale: top,
    signed: set.meta.signed,
  }));
  return { set, side, maps };
}
