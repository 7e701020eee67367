import { afterEach, expect, test, vi } from "vitest";
import type { Ngl } from "../stage/ngl";
import { openStage } from "./own-stage";

vi.mock("../stage/ngl", async (original) => ({
  ...(await original<typeof import("../stage/ngl")>()),
  requireWebGL: () => undefined,
}));

const NAMES = { wheel: "_onMousewheel", mousedown: "_onMousedown", mousemove: "_onMousemove", mouseup: "_onMouseup" };

/** Listens as NGL does: on the document, to what is on its canvas. */
class FakeObserver {
  readonly met: string[] = [];
  [name: string]: unknown;
  constructor(readonly canvas: Element) {
    for (const name of ["_onContextmenu", "_onTouchstart", "_onTouchmove", "_onTouchend"]) this[name] = () => undefined;
    for (const [type, name] of Object.entries(NAMES)) {
      this[name] = (event: MouseEvent) => {
        if (event.target !== this.canvas) return;
        event.preventDefault();
        this.met.push(`${type} ${event.clientX}`);
      };
      document.addEventListener(type, this[name] as EventListener, { passive: false });
    }
  }
  dispose(): void {
    for (const [type, name] of Object.entries(NAMES)) document.removeEventListener(type, this[name] as EventListener);
  }
}

let observer: FakeObserver;
const ngl = {
  Stage: class {
    readonly mouseObserver: FakeObserver;
    readonly viewer = { render: () => undefined, renderer: { forceContextLoss: () => undefined } };
    constructor(box: Element) {
      const canvas = document.createElement("canvas");
      box.append(canvas);
      this.mouseObserver = observer = new FakeObserver(canvas);
    }
    dispose(): void {
      this.mouseObserver.dispose();
    }
  },
} as unknown as Ngl;

afterEach(() => document.body.replaceChildren());

test.each(["document", "shadow tree"])("the mouse on a canvas in a %s reaches NGL, until the end", (where) => {
  const host = document.createElement("div");
  document.body.append(host);
  const box = document.createElement("div");
  (where === "document" ? host : host.attachShadow({ mode: "open" })).append(box);
  const lease = openStage(ngl, box);
  const press = (target: Element, type: string) => {
    const event = new MouseEvent(type, { bubbles: true, composed: true, cancelable: true, clientX: 7 });
    target.dispatchEvent(event);
    return event.defaultPrevented;
  };
  for (const type of Object.keys(NAMES)) expect(press(observer.canvas, type)).toBe(true);
  expect(observer.met).toEqual(Object.keys(NAMES).map((type) => `${type} 7`));
  expect(press(box, "mousedown")).toBe(false);
  lease.release();
  expect(press(observer.canvas, "mousedown")).toBe(false);
  expect(observer.met).toHaveLength(4);
});
