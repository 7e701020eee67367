// The Jupyter host: an anywidget whose state is the scene and the view, on nglview's stage.

import type { AnyModel, Render } from "@anywidget/types";
import { effect, type Signal } from "@preact/signals-core";
import type { HeadLabel } from "../model/labels";
import type { MapSource } from "../model/map-fetcher";
import { Scene } from "../model/scene";
import { ExplorerState, type Pair, type View } from "../model/state";
import { type EncodedTrack, Track } from "../model/tracks";
import type { EncodedMap, EncodedMapSet, EncodedScene } from "../model/wire";
import { AttentionExplorer } from "../views/explorer";
import {
  answerOf,
  type HeadMapAnswer,
  type HeadMapQuestion,
  type MapSetAnswer,
  type MapSetQuestion,
  type Question,
} from "./messages";
import { nglviewStage } from "./nglview";

/** A selection as it crosses: residue indices with their chain. */
export interface Selection {
  chain: string;
  residues: number[];
}

interface Traits extends View {
  _scene: EncodedScene;
  _selection: Selection;
  _selected_link: [number, number] | null;
  _hovered: number | null;
  _view: string;
  _tracks: EncodedTrack[];
  shown_tracks: string[];
  cartoon_by: string;
  show_copies: boolean;
}

type Model = AnyModel<Traits>;

const HOVER_MS = 80;

interface Waiting {
  resolve: (answer: HeadMapAnswer | MapSetAnswer, buffers: DataView[]) => void;
  reject: (error: Error) => void;
}

/** A question without its number. */
type Asked = Omit<HeadMapQuestion, "id"> | Omit<MapSetQuestion, "id">;

/** Asks Python for maps and matches its answers to the questions. */
class KernelMaps implements MapSource {
  readonly immediate = false;
  private next = 0;
  private readonly waiting = new Map<number, Waiting>();

  constructor(private readonly model: Model) {
    model.on("msg:custom", this.received);
  }

  requestMap(map: string, entry: number): Promise<EncodedMap> {
    return this.ask({ kind: "head_map", map, entry }, (answer, buffers) => {
      const { dtype, shape, scale, signed, symmetric } = answer as HeadMapAnswer;
      return { dtype, shape, scale, signed, symmetric, data: buffers[0] };
    });
  }

  requestSet(map: string): Promise<EncodedMapSet> {
    return this.ask({ kind: "map_set", map }, (answer, buffers) => {
      const { meta, arrays } = answer as MapSetAnswer;
      const placed = Object.entries(arrays).map(([name, header], n) => [name, { ...header, data: buffers[n] }]);
      return { meta, arrays: Object.fromEntries(placed) as EncodedMapSet["arrays"] };
    });
  }

  dispose(): void {
    this.model.off("msg:custom", this.received);
    this.waiting.clear();
  }

  private ask<T>(question: Asked, read: (answer: HeadMapAnswer | MapSetAnswer, buffers: DataView[]) => T): Promise<T> {
    const id = this.next++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve: (answer, buffers) => resolve(read(answer, buffers)), reject });
      this.model.send({ ...question, id } satisfies Question);
    });
  }

  private readonly received = (content: unknown, buffers: DataView[]): void => {
    const answer = answerOf(content);
    if (!answer) return;
    const asked = this.waiting.get(answer.id);
    if (!asked) return;
    this.waiting.delete(answer.id);
    if (answer.kind === "error") asked.reject(new Error(answer.message));
    else asked.resolve(answer, buffers);
  };
}

/** Keeps one explorer's signals and its model's traits equal. Equal values are not sent again. */
function bind(model: Model, state: ExplorerState): () => void {
  const stops: (() => void)[] = [];
  // What changes together is sent together.
  let pending = false;
  const save = () => {
    if (pending) return;
    pending = true;
    queueMicrotask(() => {
      pending = false;
      model.save_changes();
    });
  };
  const link = <K extends keyof Traits & string, V>(
    name: K,
    target: Signal<V>,
    toTrait: (value: V) => Traits[K],
    toSignal: (value: Traits[K]) => V,
  ) => {
    const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
    const changed = () => {
      const value = toSignal(model.get(name));
      if (!same(value, target.peek())) target.value = value;
    };
    model.on(`change:${name}`, changed);
    stops.push(
      () => model.off(`change:${name}`, changed),
      effect(() => {
        const value = toTrait(target.value);
        if (same(value, model.get(name))) return;
        model.set(name, value);
        save();
      }),
    );
  };
  const plain = <K extends keyof View & string>(name: K, target: Signal<View[K]>) =>
    link(
      name,
      target,
      (value) => value as Traits[K],
      (value) => value as View[K],
    );

  plain("layer", state.layer);
  plain("head", state.head as Signal<HeadLabel>);
  plain("top_k", state.topK);
  plain("threshold", state.threshold);
  plain("min_separation", state.minSeparation);
  plain("combine", state.combine);
  plain("color_by", state.colorBy);
  plain("map", state.mapName);
  link<"shown_tracks", readonly string[]>(
    "shown_tracks",
    state.shownTracks,
    (names) => [...names],
    (names) => names,
  );
  link(
    "cartoon_by",
    state.cartoonBy,
    (name) => name,
    (name) => name,
  );
  link(
    "show_copies",
    state.showCopies,
    (shown) => shown,
    (shown) => shown,
  );
  const tracksChanged = () => {
    state.tracks.value = model.get("_tracks").map((encoded) => new Track(encoded));
  };
  model.on("change:_tracks", tracksChanged);
  stops.push(() => model.off("change:_tracks", tracksChanged));
  const chain = state.scene.meta.chain_id;
  link<"_selection", readonly number[]>(
    "_selection",
    state.selection,
    (residues) => ({ chain, residues: [...residues] }),
    (selection) => selection?.residues ?? [],
  );
  link<"_selected_link", Pair | null>(
    "_selected_link",
    state.selectedLink,
    (pair) => (pair ? [pair[0], pair[1]] : null),
    (pair) => pair,
  );
  stops.push(bindHover(model, state));
  return () => stops.splice(0).forEach((stop) => stop());
}

/** The hovered residue goes to Python once the pointer rests, and comes back from there. */
function bindHover(model: Model, state: ExplorerState): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const residueOf = () =>
    state.hover.peek()?.kind === "residue" ? (state.hover.peek() as { residue: number }).residue : null;
  const changed = () => {
    const residue = model.get("_hovered");
    if (residue !== residueOf()) state.setHover(residue === null ? null : { kind: "residue", residue });
  };
  model.on("change:_hovered", changed);
  const stop = effect(() => {
    void state.hover.value;
    clearTimeout(timer);
    timer = setTimeout(() => {
      const residue = residueOf();
      if (residue === model.get("_hovered")) return;
      model.set("_hovered", residue);
      model.save_changes();
    }, HOVER_MS);
  });
  return () => {
    stop();
    clearTimeout(timer);
    model.off("change:_hovered", changed);
  };
}

function viewOf(model: Model): View {
  return {
    layer: model.get("layer"),
    head: model.get("head"),
    top_k: model.get("top_k"),
    threshold: model.get("threshold"),
    min_separation: model.get("min_separation"),
    combine: model.get("combine"),
    color_by: model.get("color_by"),
    map: model.get("map"),
  };
}

export default () => {
  // One state per widget model: all its views on the page share it, with or without a kernel.
  let state: ExplorerState;
  return {
    initialize({ model }: { model: Model }) {
      const maps = new KernelMaps(model);
      state = new ExplorerState(new Scene(model.get("_scene")), viewOf(model), maps);
      state.tracks.value = model.get("_tracks").map((encoded) => new Track(encoded));
      state.shownTracks.value = model.get("shown_tracks");
      state.cartoonBy.value = model.get("cartoon_by");
      state.showCopies.value = model.get("show_copies");
      state.selection.value = model.get("_selection")?.residues ?? [];
      state.selectedLink.value = model.get("_selected_link");
      const unbind = bind(model, state);
      return () => {
        unbind();
        state.dispose();
        maps.dispose();
      };
    },
    render: (({ model, el }) => {
      const explorer = new AttentionExplorer(state);
      el.append(explorer.root);
      const end = new AbortController();
      void explorer.open(nglviewStage(model, end.signal));
      return () => {
        end.abort();
        explorer.dispose();
      };
    }) as Render<Traits>,
  };
};
