import type { AnyModel } from "@anywidget/types";
import { type Signal, signal } from "@preact/signals-core";
import { beforeEach, describe, expect, test, vi } from "vitest";
import type { Camera } from "../model/view";
import type { Ngl } from "../stage/ngl";
import { furnish, resize } from "../testing/page";
import { WidgetStage } from "./widget-stage";

vi.mock("../stage/ngl", async (original) => ({
  ...(await original<typeof import("../stage/ngl")>()),
  requireWebGL: () => undefined,
}));

const straight: number[] = Array.from({ length: 16 }, (_, n) => (n % 5 === 0 ? 50 : 0));
const turned = straight.map((value, n) => (n < 2 ? 35 : value));

class FakeStage {
  elements = straight;
  disposed = false;
  private readonly listeners = new Set<() => void>();
  readonly viewer = { render: () => undefined, renderer: { forceContextLoss: () => undefined } };
  readonly viewerControls = {
    getOrientation: () => ({ elements: this.elements }),
    orient: (camera: readonly number[]) => this.turn(camera),
    signals: {
      changed: {
        add: (callback: () => void) => this.listeners.add(callback),
        remove: (callback: () => void) => this.listeners.delete(callback),
      },
    },
  };
  /** As the mouse does, a little off. */
  turn(camera: readonly number[]): void {
    this.elements = camera.map((value) => value * (1 + 1e-6));
    for (const callback of this.listeners) callback();
  }
  dispose(): void {
    this.disposed = true;
  }
  get listening(): number {
    return this.listeners.size;
  }
}

let made: FakeStage[];
let box: HTMLElement;
let camera: Signal<Camera | null>;
const ended = new AbortController().signal;
const Stage = class extends FakeStage {
  constructor() {
    super();
    made.push(this);
  }
};
const fetchNgl = vi.fn(async () => ({ Stage }) as unknown as Ngl);

function modelOf(traits: Record<string, unknown>, manager?: unknown) {
  const saved: Record<string, unknown>[] = [];
  const model = {
    get: (name: string) => traits[name],
    set: (name: string, value: unknown) => {
      traits[name] = value;
    },
    save_changes: () => saved.push({ ...traits }),
    widget_manager: manager,
  };
  return { model: model as unknown as AnyModel, saved };
}

async function open(model: AnyModel): Promise<WidgetStage> {
  const stage = new WidgetStage(model, fetchNgl, camera, ended);
  const lease = stage.provide(box);
  await new Promise((resolve) => setTimeout(resolve));
  resize(600);
  await lease;
  stage.follow();
  return stage;
}

beforeEach(() => {
  furnish();
  made = [];
  camera = signal<Camera | null>(null);
  box = document.createElement("div");
  document.body.replaceChildren(box);
  Object.defineProperty(box, "clientWidth", { value: 600 });
  fetchNgl.mockClear();
});

describe("which stage", () => {
  test.each([
    ["no manager", undefined, "Cannot read"],
    ["no such widget", { get_model: () => Promise.reject(new Error("no such model")) }, "no such model"],
    [
      "no such code",
      {
        get_model: async () => ({ get: () => "nglview-js-widgets" }),
        loadClass: () => Promise.reject(new Error("nglview-js-widgets is not registered")),
      },
      "not registered",
    ],
  ])("%s: its own, and Python is told why", async (_, manager, reason) => {
    const { model, saved } = modelOf({ _view: "IPY_MODEL_1", _own_stage: "" }, manager);
    await open(model);
    expect(made).toHaveLength(1);
    expect(saved).toHaveLength(1);
    expect(saved[0]._own_stage).toMatch(/^NGLview's browser part is missing here \(.+\)$/);
    expect(saved[0]._own_stage).toContain(reason);
  });

  test("asked for: its own, and nothing is said", async () => {
    const { model, saved } = modelOf({ _view: null, _own_stage: "it was asked for" });
    await open(model);
    expect(made).toHaveLength(1);
    expect(saved).toEqual([]);
  });

  test("until the code is there, the panel says what it waits for", async () => {
    let arrive: (ngl: Ngl) => void = () => undefined;
    fetchNgl.mockImplementationOnce(
      () =>
        new Promise((resolve) => {
          arrive = resolve;
        }),
    );
    const lease = new WidgetStage(modelOf({ _view: null }).model, fetchNgl, camera, ended).provide(box);
    resize(600);
    await new Promise((resolve) => setTimeout(resolve));
    expect(box.textContent).toContain("waits for its code from Python");
    arrive({ Stage } as unknown as Ngl);
    await lease;
    expect(box.textContent).toBe("");
  });

  test("an output that is gone opens none", async () => {
    const gone = new AbortController();
    const stage = new WidgetStage(modelOf({ _view: null }).model, fetchNgl, camera, gone.signal);
    const lease = stage.provide(box);
    gone.abort();
    await expect(lease).rejects.toThrow("gone");
    expect(made).toHaveLength(0);
  });
});

describe("the camera", () => {
  const rest = () => new Promise((resolve) => setTimeout(resolve, 250));

  test("what the mouse turned reaches Python once it rests; what Python turns is not sent back", async () => {
    await open(modelOf({ _view: null }).model);
    const [stage] = made;
    await rest();
    expect(camera.value).toBeNull();
    stage.turn(turned);
    expect(camera.value).toBeNull();
    await rest();
    expect(camera.value).toEqual(stage.elements);
    camera.value = straight;
    expect(stage.elements[0]).toBeCloseTo(50, 3);
    await rest();
    expect(camera.value).toEqual(straight);
  });

  test("two views follow each other, and a later one opens as they are turned", async () => {
    const { model } = modelOf({ _view: null });
    await open(model);
    await open(model);
    made[0].turn(turned);
    await rest();
    expect(made[1].elements[0]).toBeCloseTo(35, 3);
    const later = new WidgetStage(model, fetchNgl, camera, ended);
    const opening = later.provide(box);
    resize(600);
    const lease = await opening;
    expect(lease.keepCamera).toBe(true);
    later.follow();
    expect(made[2].elements[0]).toBeCloseTo(35, 3);
    lease.release();
    expect(made[2].disposed).toBe(true);
    expect(made[2].listening).toBe(0);
  });
});
