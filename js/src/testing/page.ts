// What jsdom lacks of a page: sizes and a canvas that can be drawn on; and an explorer mounted in it.

import { afterEach, beforeEach, vi } from "vitest";
import type { MapSource } from "../model/map-fetcher";
import { ExplorerState } from "../model/state";
import { AttentionExplorer } from "../views/explorer";
import { ReadyMaps, testScene, testView } from "./scenes";

/** Calls of a stub canvas context: the method's name and its arguments. */
export type Drawn = [name: string, ...values: unknown[]][];

const observers = new Set<{ callback: ResizeObserverCallback; target: Element }>();

/** Give the page what the views use. Call before anything is mounted. */
export function furnish(): Drawn {
  const drawn: Drawn = [];
  class Observer {
    private readonly watched = new Set<{ callback: ResizeObserverCallback; target: Element }>();
    constructor(private readonly callback: ResizeObserverCallback) {}
    observe(target: Element): void {
      const entry = { callback: this.callback, target };
      this.watched.add(entry);
      observers.add(entry);
    }
    disconnect(): void {
      for (const entry of this.watched) observers.delete(entry);
      this.watched.clear();
    }
  }
  vi.stubGlobal("ResizeObserver", Observer);
  const context = new Proxy({} as Record<string, unknown>, {
    get: (target, name: string) => {
      if (name === "createImageData") {
        return (width: number, height: number) => ({ width, height, data: new Uint8ClampedArray(4 * width * height) });
      }
      if (name === "getExtension") return () => ({ loseContext: () => undefined });
      if (name === "measureText") return (text: string) => ({ width: 6 * text.length });
      return target[name] ?? ((...values: unknown[]) => drawn.push([name, ...values]));
    },
    set: (target, name: string, value) => {
      target[name] = value;
      return true;
    },
  });
  vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockReturnValue(context as never);
  HTMLCanvasElement.prototype.setPointerCapture = () => {};
  return drawn;
}

/** Tell everything that watches its size that it is so wide now. */
export function resize(width: number, height = 400): void {
  for (const { callback, target } of [...observers]) {
    callback([{ target, contentRect: { width, height } } as never], {} as ResizeObserver);
  }
}

export function watchedSizes(): number {
  return observers.size;
}

export interface Mounted {
  state: ExplorerState;
  explorer: AttentionExplorer;
  root: HTMLElement;
  find<T extends HTMLElement = HTMLElement>(selector: string): T;
  all<T extends HTMLElement = HTMLElement>(selector: string): T[];
}

/** An explorer on the page, without a 3D stage. */
export function mount(
  options: Parameters<typeof testScene>[0] = {},
  view: Parameters<typeof testView>[0] = {},
  source?: MapSource,
): Mounted {
  const scene = testScene(options);
  const state = new ExplorerState(scene, testView(view), source ?? new ReadyMaps(scene.nResidues));
  const explorer = new AttentionExplorer(state);
  document.body.replaceChildren(explorer.root);
  resize(700);
  const { root } = explorer;
  const all = <T extends HTMLElement>(selector: string) => [...root.querySelectorAll<T>(selector)];
  const find = <T extends HTMLElement>(selector: string) => {
    const found = all<T>(selector);
    if (found.length !== 1) throw new Error(`${found.length} elements are ${selector}`);
    return found[0];
  };
  return { state, explorer, root, find, all };
}

/** What a test has of its page. */
export interface FreshPage {
  /** What was drawn on it. */
  drawn: Drawn;
  /** The explorer on it, once there is one. */
  mounted: Mounted;
  open(...options: Parameters<typeof mount>): Mounted;
}

/** Give each test of a file a page of its own, whose explorer is taken down after it. */
export function freshPages(): FreshPage {
  let mounted: Mounted | null = null;
  const page = {
    drawn: [] as Drawn,
    get mounted() {
      if (!mounted) throw new Error("no explorer was opened");
      return mounted;
    },
    open(...options: Parameters<typeof mount>) {
      mounted = mount(...options);
      return mounted;
    },
  };
  beforeEach(() => {
    page.drawn = furnish();
  });
  afterEach(() => {
    mounted?.explorer.dispose();
    mounted?.state.dispose();
    mounted = null;
  });
  return page;
}

/** Press a key on an element; returns whether the default action was prevented. */
export function press(target: Element, key: string, more: KeyboardEventInit = {}): boolean {
  return !target.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more }));
}

export function point(target: Element, type: string, more: MouseEventInit = {}): void {
  target.dispatchEvent(new MouseEvent(type, { bubbles: true, cancelable: true, button: 0, ...more }));
}

/** Let promises settle and the next frame be drawn. */
export async function settled(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
  await new Promise((resolve) => requestAnimationFrame(resolve));
}
