import type { AnyModel } from "@anywidget/types";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { furnish, resize, watchedSizes } from "../testing/page";
import { nglviewStage } from "./nglview";

class FakeView {
  readonly el = document.createElement("div");
  readonly told: string[] = [];
  stage: unknown;
  removed = 0;

  constructor(private readonly displayed: (view: FakeView) => void) {}

  trigger(event: string): void {
    this.told.push(event);
    this.displayed(this);
  }
  remove(): void {
    this.removed++;
    this.el.remove();
  }
}

function stage() {
  const forceContextLoss = vi.fn();
  const container = document.createElement("div");
  return {
    viewer: {
      container,
      render: () => undefined,
      renderer: { forceContextLoss },
      rotationGroup: { updateMatrix: () => undefined },
    },
    viewerControls: { orient: vi.fn() },
    handleResize: vi.fn(),
    dispose: vi.fn(),
  };
}

let view: FakeView;
let box: HTMLElement;

function modelOf(created: FakeView): AnyModel {
  const ngl = { get: (name: string) => (name === "_camera_orientation" ? [] : "nglview-js-widgets") };
  const widget_manager = {
    get_model: async () => ngl,
    create_view: async () => created,
    loadClass: async () => ({}),
  };
  return { widget_manager, get: () => "IPY_MODEL_1" } as unknown as AnyModel;
}

/** As a browser does once the output is laid out. */
function layOut(): void {
  Object.defineProperty(box, "clientWidth", { value: 600, configurable: true });
  resize(600);
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 0));

beforeEach(() => {
  furnish();
  box = document.createElement("div");
  document.body.replaceChildren(box);
});
afterEach(() => vi.useRealTimers());

describe("nglview's stage", () => {
  test("is opened once the box has a size, and released with its view", async () => {
    view = new FakeView((self) => (self.stage = stage()));
    const asked = nglviewStage(modelOf(view), new AbortController().signal)(box);
    await settle();
    expect(view.told).toEqual([]);
    layOut();
    const lease = await asked;
    expect(view.told).toEqual(["displayed"]);
    expect(watchedSizes()).toBe(0);
    expect(view.removed).toBe(0);
    lease.release();
    expect(view.removed).toBe(1);
  });

  test("an output that goes before it is laid out takes the view and the watching with it", async () => {
    view = new FakeView(() => undefined);
    const end = new AbortController();
    const asked = nglviewStage(modelOf(view), end.signal)(box);
    const refused = expect(asked).rejects.toThrow("is gone");
    await settle();
    expect([watchedSizes(), view.removed]).toEqual([1, 0]);
    end.abort();
    await refused;
    expect([watchedSizes(), view.removed]).toEqual([0, 1]);
  });

  test("an output that is gone already never waits", async () => {
    view = new FakeView(() => undefined);
    await expect(nglviewStage(modelOf(view), AbortSignal.abort())(box)).rejects.toThrow("is gone");
    expect([watchedSizes(), view.removed]).toEqual([0, 1]);
  });

  test("a stage that never comes takes the view with it", async () => {
    view = new FakeView(() => undefined);
    vi.useFakeTimers();
    const refused = expect(nglviewStage(modelOf(view), new AbortController().signal)(box)).rejects.toThrow(
      "run the cell again",
    );
    await vi.advanceTimersByTimeAsync(1);
    layOut();
    await vi.advanceTimersByTimeAsync(20_000);
    await refused;
    expect(view.removed).toBe(1);
  });

  test("what fails after the stage is there releases both", async () => {
    const made = stage();
    made.handleResize.mockImplementation(() => {
      throw new Error("no size");
    });
    view = new FakeView((self) => (self.stage = made));
    const refused = expect(nglviewStage(modelOf(view), new AbortController().signal)(box)).rejects.toThrow("no size");
    await settle();
    layOut();
    await refused;
    expect(view.removed).toBe(1);
    expect(made.viewer.renderer.forceContextLoss).toHaveBeenCalledTimes(1);
  });
});
