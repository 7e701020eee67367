import type { AnyModel } from "@anywidget/types";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Scene } from "../model/scene";
import { ExplorerState } from "../model/state";
import type { NglStage } from "../stage/ngl";
import { furnish, resize } from "../testing/page";
import { encodedScene, ReadyMaps, testView } from "../testing/scenes";
import { keepPicture, type PictureTraits, refusePicture } from "./saved-picture";

const traits: PictureTraits = { _picture: null };
const saved: (DataView | null)[] = [];
const model = {
  get: () => traits._picture,
  set: (_: string, value: DataView | null) => {
    traits._picture = value;
  },
  save_changes: () => saved.push(traits._picture),
} as unknown as AnyModel<PictureTraits>;

const nothing = () => new DataView(new ArrayBuffer(0));

beforeEach(() => {
  furnish();
  traits._picture = nothing();
  saved.length = 0;
  document.body.replaceChildren();
});
afterEach(() => vi.useRealTimers());

describe("the picture", () => {
  let state: ExplorerState;
  let end: AbortController;
  let canvas: HTMLCanvasElement;
  const listeners = new Set<() => void>();
  const taken: [number, number][] = [];

  beforeEach(() => {
    vi.useFakeTimers();
    vi.spyOn(HTMLCanvasElement.prototype, "toBlob").mockImplementation(function (this: HTMLCanvasElement, done) {
      taken.push([this.width, this.height]);
      done({ arrayBuffer: async () => new ArrayBuffer(9) } as Blob);
    });
    taken.length = 0;
    canvas = document.createElement("canvas");
    canvas.width = 1280;
    canvas.height = 1000;
    state = new ExplorerState(new Scene(encodedScene()), testView(), new ReadyMaps(20));
    end = new AbortController();
    const changed = { add: (l: () => void) => listeners.add(l), remove: (l: () => void) => listeners.delete(l) };
    const stage = { viewer: { renderer: { domElement: canvas } }, viewerControls: { signals: { changed } } };
    keepPicture(model, state, stage as unknown as NglStage, end.signal);
  });
  afterEach(() => {
    end.abort();
    state.dispose();
  });

  const turn = () => {
    for (const listener of listeners) listener();
  };

  test("is taken once all stands still, at half the size of a dense screen", async () => {
    await vi.advanceTimersByTimeAsync(3_000);
    turn();
    await vi.advanceTimersByTimeAsync(3_000);
    expect(saved).toEqual([]);
    await vi.advanceTimersByTimeAsync(1_500);
    expect(saved.map((picture) => picture?.byteLength)).toEqual([9]);
    expect(taken).toEqual([[640, 500]]);
  });

  test("is taken again after a change of the view or the camera, and not without", async () => {
    await vi.advanceTimersByTimeAsync(60_000);
    expect(saved).toHaveLength(1);
    state.view.top_k.value = 7;
    turn();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(saved).toHaveLength(2);
    turn();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(saved).toHaveLength(3);
  });

  test("is nobody's where none is wanted, and none is taken of a panel without a size or at its end", async () => {
    traits._picture = null;
    await vi.advanceTimersByTimeAsync(5_000);
    traits._picture = nothing();
    canvas.width = 0;
    turn();
    await vi.advanceTimersByTimeAsync(5_000);
    canvas.width = 640;
    turn();
    end.abort();
    await vi.advanceTimersByTimeAsync(5_000);
    expect([taken, saved, listeners.size]).toEqual([[], [], 0]);
  });
});

describe("a host", () => {
  const shown = async (classes: string) => {
    const output = document.createElement("div");
    output.className = classes;
    const el = document.createElement("div");
    Object.defineProperty(el, "clientWidth", { value: 700 });
    output.append(el);
    document.body.append(output);
    const asked = refusePicture(model, el, new AbortController().signal);
    resize(700);
    await asked;
  };

  test("of JupyterLab's kind takes the picture", async () => {
    await shown("lm-Panel jp-OutputArea-child");
    expect(saved).toEqual([]);
  });

  test("of another kind refuses it", async () => {
    await shown("output_subarea");
    expect(saved).toEqual([null]);
  });

  test("that was promised none says nothing", async () => {
    traits._picture = null;
    await shown("output_subarea");
    expect(saved).toEqual([]);
  });
});
