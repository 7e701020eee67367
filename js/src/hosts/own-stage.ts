// NGL's own stage, for pages and for hosts without NGLview's browser part.

import { effect, type Signal } from "@preact/signals-core";
import type { Camera } from "../model/view";
import { type Ngl, type NglStage, releaseStage, requireWebGL } from "../stage/ngl";
import type { StageLease } from "../views/explorer";

const REST_MS = 150;
/** Of one number of a camera, relative to its largest; NGL rounds a little when it takes one up. */
const TOLERANCE = 1e-4;

/** Open a stage of our own in a panel. */
export function openStage(ngl: Ngl, box: HTMLElement): StageLease {
  requireWebGL();
  const stage = new ngl.Stage(box, {});
  if (box.getRootNode() instanceof ShadowRoot) seeThroughShadow(stage.mouseObserver);
  return { stage, ngl, keepCamera: false, release: () => releaseStage(stage) };
}

/** What NGL listens to on the document, with the methods that take it. */
const HEARD = {
  wheel: "_onMousewheel",
  mousemove: "_onMousemove",
  mousedown: "_onMousedown",
  mouseup: "_onMouseup",
  contextmenu: "_onContextmenu",
  touchstart: "_onTouchstart",
  touchmove: "_onTouchmove",
  touchend: "_onTouchend",
} as const;

/** Let NGL know its own canvas in a shadow tree, such as marimo's: on the document, the target is the tree's host. */
function seeThroughShadow(observer: NglStage["mouseObserver"]): void {
  const handlers = observer as unknown as Record<string, (event: Event) => void>;
  for (const [type, name] of Object.entries(HEARD)) {
    const handle = handlers[name];
    document.removeEventListener(type, handle);
    // Under the same name, so that NGL takes it back when the stage ends.
    handlers[name] = (event) => {
      const [target] = event.composedPath();
      handle(
        new Proxy(event, {
          get: (_, key) => {
            if (key === "target") return target;
            const value = Reflect.get(event, key);
            return typeof value === "function" ? value.bind(event) : value;
          },
        }),
      );
    };
    document.addEventListener(type, handlers[name], { passive: false });
  }
}

export function cameraOf(stage: NglStage): Camera {
  return [...stage.viewerControls.getOrientation().elements];
}

/** Keep a stage's camera and a signal equal, until the returned function is called. */
export function followCamera(stage: NglStage, camera: Signal<Camera | null>): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const { changed } = stage.viewerControls.signals;
  const turned = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (!same(cameraOf(stage), camera.peek())) camera.value = cameraOf(stage);
    }, REST_MS);
  };
  changed.add(turned);
  const stop = effect(() => {
    if (camera.value && !same(cameraOf(stage), camera.value)) stage.viewerControls.orient(camera.value);
  });
  return () => {
    stop();
    clearTimeout(timer);
    changed.remove(turned);
  };
}

function same(one: Camera, other: Camera | null): boolean {
  const largest = Math.max(...one.map(Math.abs));
  return other !== null && one.every((value, n) => Math.abs(value - other[n]) <= TOLERANCE * largest);
}
