// The notebook host: an anywidget whose state is the scene and the view.

import type { AnyModel, Render } from "@anywidget/types";
import { effect, type Signal, signal } from "@preact/signals-core";
import type { MapSource } from "../model/map-fetcher";
import { Scene } from "../model/scene";
import { ExplorerState } from "../model/state";
import { type EncodedTrack, Track } from "../model/tracks";
import { type Block, type Camera, type Pair, VIEW_FIELDS, type View } from "../model/view";
import type { EncodedArray, EncodedMap, EncodedMapSet, EncodedScene, LinkArrays, SmallMapArrays } from "../model/wire";
import { AttentionExplorer } from "../views/explorer";
import { type Answer, answerOf, type Question } from "./messages";
import { sharedNgl } from "./ngl-code";
import { GONE } from "./on-page";
import { keepPicture, type PictureTraits, refusePicture } from "./saved-picture";
import { WidgetStage } from "./widget-stage";

/** A selection as it crosses: residue indices with their chain. */
export interface Selection {
  chain: string;
  residues: number[];
}

/** The view by its own names, but what is selected, with its chain, and the camera: on NGLview's stage NGLview has it. */
type Traits = Omit<View, "selected_residues" | "selected_link" | "selected_block" | "camera"> & {
  _scene: EncodedScene;
  _selection: Selection;
  _selected_link: Pair | null;
  _selected_block: Block | null;
  _hovered: number | null;
  _view: string | null;
  _own_stage: string;
  _own_camera: Camera | null;
  _tracks: EncodedTrack[];
  _picture: PictureTraits["_picture"];
};

/** The trait that holds a field of the view, where its name is another. */
const TRAITS: { [K in keyof View]?: keyof Traits } = {
  selected_residues: "_selection",
  selected_link: "_selected_link",
  selected_block: "_selected_block",
  camera: "_own_camera",
};

/** Fields of the view with the traits that hold them. */
const HELD = VIEW_FIELDS.map((field) => ({ field, trait: TRAITS[field] ?? (field as keyof Traits) }));

function readTrait(model: Model, trait: keyof Traits): unknown {
  const value = model.get(trait);
  return trait === "_selection" ? ((value as Selection | null)?.residues ?? []) : value;
}

type Model = AnyModel<Traits>;

const HOVER_MS = 80;
/** When Python hears of a change: it is drawn first. */
const TELL_MS = 30;
/** In a drag Python hears less often: at each message JupyterLab lays out its toolbar anew, longer than a step takes. */
const APART_MS = 250;

const RESTARTED = "the kernel was restarted: run the cell again for full maps and other kinds of map";
const NO_KERNEL = "no kernel is connected: run the cell again for full maps and other kinds of map";
/** Of a widget's view whose kernel is gone; Jupyter's. */
const DISCONNECTED = ".jupyter-widgets-disconnected";

interface Waiting {
  resolve: (answer: Answer, buffers: DataView[]) => void;
  reject: (error: Error) => void;
}

/** A question without its number. */
type Asked = Question extends infer Q ? (Q extends Question ? Omit<Q, "id"> : never) : never;

/** The answer to a question. */
type AnswerTo<Q extends Asked> = Extract<Answer, { kind: Q["kind"] }>;

/** Asks Python and matches its answers to the questions. */
class Kernel implements MapSource {
  readonly immediate = false;
  private next = 0;
  private readonly waiting = new Map<number, Waiting>();
  /** Why nobody answers; empty while somebody may. */
  readonly gone = signal("");

  constructor(private readonly model: Model) {
    model.on("msg:custom", this.received);
  }

  requestMap(map: string, entry: number): Promise<EncodedMap> {
    return this.ask({ kind: "head_map", map, entry }, ({ dtype, shape, scale, signed, symmetric }, buffers) => {
      return { dtype, shape, scale, signed, symmetric, data: buffers[0] };
    });
  }

  requestSet(map: string): Promise<EncodedMapSet> {
    return this.ask({ kind: "map_set", map }, ({ meta, arrays }, buffers) => {
      return { meta, arrays: withData(arrays, buffers) };
    });
  }

  requestLinks(map: string, entry: number, residues: readonly number[]): Promise<LinkArrays> {
    return this.ask({ kind: "links", map, entry, residues }, ({ arrays }, buffers) => withData(arrays, buffers));
  }

  requestSmallMaps(map: string): Promise<SmallMapArrays> {
    return this.ask({ kind: "small_maps", map }, ({ arrays }, buffers) => withData(arrays, buffers));
  }

  requestSelection(map: string, residues: readonly number[], pair: Pair | null): Promise<EncodedArray> {
    return this.ask(
      { kind: "selection", map, residues, pair },
      ({ arrays }, buffers) => withData(arrays, buffers).scores,
    );
  }

  /** NGL as gzipped JavaScript. */
  requestNgl(): Promise<DataView> {
    return this.ask({ kind: "ngl" }, (_, buffers) => buffers[0]);
  }

  dispose(): void {
    this.model.off("msg:custom", this.received);
    for (const { reject } of this.waiting.values()) reject(new Error(GONE));
    this.waiting.clear();
  }

  private ask<Q extends Asked, T>(question: Q, read: (answer: AnswerTo<Q>, buffers: DataView[]) => T): Promise<T> {
    const id = this.next++;
    return new Promise((resolve, reject) => {
      if (this.gone.peek()) throw new Error(this.gone.peek());
      try {
        this.model.send({ ...question, id });
      } catch {
        this.end(RESTARTED);
        throw new Error(RESTARTED);
      }
      this.waiting.set(id, { resolve: (answer, buffers) => resolve(read(answer as AnswerTo<Q>, buffers)), reject });
    });
  }

  /** Say why there will be no answer, to those who wait and to those who will ask; "" for a kernel that is back. */
  end(reason: string): void {
    this.gone.value = reason;
    if (!reason) return;
    for (const { reject } of this.waiting.values()) reject(new Error(reason));
    this.waiting.clear();
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

/** Arrays with their data, which follow as buffers in the arrays' order. */
function withData<K extends string>(
  arrays: Record<K, Omit<EncodedArray, "data">>,
  buffers: DataView[],
): Record<K, EncodedArray> {
  const placed = Object.entries<Omit<EncodedArray, "data">>(arrays).map(([name, header], n) => [
    name,
    { ...header, data: buffers[n] },
  ]);
  return Object.fromEntries(placed) as Record<K, EncodedArray>;
}

/** Keeps one explorer's signals and its model's traits equal. Equal values are not sent again. */
function bind(model: Model, state: ExplorerState): () => void {
  const stops: (() => void)[] = [];
  const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
  const chain = state.scene.meta.chain_id;
  // The model holds what was sent and no more: an echo of it that comes late changes nothing.
  const due = new Map<keyof Traits, () => unknown>();
  let telling: ReturnType<typeof setTimeout> | undefined;
  let told = Number.NEGATIVE_INFINITY;
  const tell = () => {
    telling = undefined;
    const changes = [...due].map(([trait, read]) => [trait, read()] as const);
    due.clear();
    const news = changes.filter(([trait, value]) => !same(value, model.get(trait)));
    if (!news.length) return;
    for (const [trait, value] of news) model.set(trait, value as Traits[typeof trait]);
    told = performance.now();
    model.save_changes();
  };
  stops.push(() => clearTimeout(telling));
  for (const { field, trait } of HELD) {
    const target: Signal<unknown> = state.view[field];
    const wired = (value: unknown) => (trait === "_selection" ? { chain, residues: value } : value);
    const changed = () => {
      const value = readTrait(model, trait);
      if (!same(value, target.peek())) target.value = value;
    };
    model.on(`change:${trait}`, changed);
    stops.push(
      () => model.off(`change:${trait}`, changed),
      effect(() => {
        if (same(wired(target.value), model.get(trait))) return;
        due.set(trait, () => wired(target.peek()));
        telling ??= setTimeout(tell, Math.max(TELL_MS, told + APART_MS - performance.now()));
      }),
    );
  }
  const tracksChanged = () => {
    state.tracks.value = model.get("_tracks").map((encoded) => new Track(encoded));
  };
  model.on("change:_tracks", tracksChanged);
  stops.push(() => model.off("change:_tracks", tracksChanged));
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

/** Say above the explorer that its kernel is gone, for as long as it is. */
function sayGone(kernel: Kernel, state: ExplorerState): () => void {
  const words = `${RESTARTED[0].toUpperCase()}${RESTARTED.slice(1)}. All else works.`;
  return effect(() => {
    if (kernel.gone.value === RESTARTED) state.refused.value = words;
    else if (state.refused.peek() === words) state.refused.value = "";
  });
}

function viewOf(model: Model): View {
  const held = HELD.map(({ field, trait }) => [field, readTrait(model, trait)]);
  return Object.fromEntries(held) as unknown as View;
}

export default () => {
  // One state per widget model: all its views on the page share it, with or without a kernel.
  let state: ExplorerState;
  let kernel: Kernel;
  /** Views on the page; each makes its explorer anew when the scene is another. */
  const views = new Set<() => void>();
  return {
    initialize({ model }: { model: Model }) {
      kernel = new Kernel(model);
      let end = () => {};
      const begin = () => {
        end();
        state = new ExplorerState(new Scene(model.get("_scene")), viewOf(model), kernel);
        state.tracks.value = model.get("_tracks").map((encoded) => new Track(encoded));
        const unbind = bind(model, state);
        const stopSaying = sayGone(kernel, state);
        end = () => {
          unbind();
          stopSaying();
          state.dispose();
        };
        for (const show of views) show();
      };
      begin();
      model.on("change:_scene", begin);
      return () => {
        model.off("change:_scene", begin);
        end();
        kernel.dispose();
      };
    },
    render: (({ model, el }) => {
      let close = () => {};
      const show = () => {
        close();
        const explorer = new AttentionExplorer(state);
        el.append(explorer.root);
        const end = new AbortController();
        const fetchNgl = () => sharedNgl(() => kernel.requestNgl());
        const stage = new WidgetStage(model as AnyModel, fetchNgl, state.view.camera, end.signal);
        void explorer.open(stage.provide).then((drawn) => {
          stage.follow();
          if (drawn && !end.signal.aborted) keepPicture(model, state, drawn, end.signal);
        });
        refusePicture(model, el, end.signal).catch(() => undefined);
        close = () => {
          end.abort();
          explorer.dispose();
        };
      };
      show();
      views.add(show);
      // Jupyter tells a model when its kernel comes or goes, and marks its views.
      const watch = () => {
        kernel.end(el.closest(DISCONNECTED) ? RESTARTED : "");
      };
      if (el.closest(DISCONNECTED)) kernel.end(NO_KERNEL);
      model.on("comm_live_update" as never, watch);
      return () => {
        model.off("comm_live_update" as never, watch);
        views.delete(show);
        close();
      };
    }) as Render<Traits>,
  };
};
