import type { AnyModel } from "@anywidget/types";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { furnish, resize, settled } from "../testing/page";
import { encodedScene, flatMap, testView } from "../testing/scenes";
import widget from "./widget";

type Listener = (...values: unknown[]) => void;

/** A model as anywidget hands it out, and Python at its other end. */
class FakeModel {
  readonly sent: Record<string, unknown>[] = [];
  readonly asked: Record<string, unknown>[] = [];
  readonly listeners = new Map<string, Set<Listener>>();
  private changed: Record<string, unknown> = {};

  constructor(private readonly values: Record<string, unknown>) {}

  get(name: string): unknown {
    return this.values[name];
  }
  set(name: string, value: unknown): void {
    this.values[name] = value;
    this.changed[name] = value;
  }
  save_changes(): void {
    this.sent.push(this.changed);
    this.changed = {};
  }
  send(content: Record<string, unknown>): void {
    this.asked.push(content);
  }
  on(name: string, callback: Listener): void {
    this.listeners.set(name, (this.listeners.get(name) ?? new Set()).add(callback));
  }
  off(name: string, callback: Listener): void {
    this.listeners.get(name)?.delete(callback);
  }
  get listening(): number {
    return [...this.listeners.values()].reduce((sum, callbacks) => sum + callbacks.size, 0);
  }

  /** Python sets a trait. */
  python(name: string, value: unknown): void {
    this.values[name] = value;
    for (const callback of this.listeners.get(`change:${name}`) ?? []) callback();
  }
  /** What was sent comes back, as ipywidgets does it: a value that is there already is no change. */
  echo(name: string, value: unknown): void {
    if (this.values[name] !== value) this.python(name, value);
  }
  /** Python answers a question. */
  answer(content: unknown, buffers: DataView[] = []): void {
    for (const callback of this.listeners.get("msg:custom") ?? []) callback(content, buffers);
  }
  /** All that was sent, the newest value of each trait. */
  get traits(): Record<string, unknown> {
    return Object.assign({}, ...this.sent);
  }
}

let model: FakeModel;
let root: HTMLElement;
let stops: (() => void)[];

beforeEach(() => {
  furnish();
  model = new FakeModel({
    ...testView(),
    _scene: encodedScene(),
    _selection: { chain: "A", residues: [] },
    _selected_link: null,
    _selected_block: null,
    _hovered: null,
    _view: "IPY_MODEL_none",
    _own_stage: "",
    _own_camera: null,
    _tracks: [],
    _picture: null,
    partners: 12,
    shown_tracks: [],
    cartoon_by: "",
    show_copies: false,
  });
  const host = widget() as {
    initialize: (given: unknown) => () => void;
    render: (given: unknown) => () => void;
  };
  const given = { model: model as unknown as AnyModel };
  root = document.createElement("div");
  document.body.replaceChildren(root);
  stops = [host.initialize(given)];
  (model as unknown as { widget_manager: unknown }).widget_manager = {
    // No stage in this test.
    get_model: () => new Promise(() => {}),
  };
  stops.push(host.render({ ...given, el: root }));
  resize(700);
});
afterEach(() => {
  for (const stop of stops.splice(0).reverse()) stop();
  vi.useRealTimers();
});

const letter = (residue: number) => root.querySelector<HTMLElement>(`[data-residue="${residue}"]`)!;
const slider = (name: string) => root.querySelector<HTMLInputElement>(`input[name="${name}"]`)!;
const move = (name: string, value: number) => {
  slider(name).value = String(value);
  slider(name).dispatchEvent(new Event("input"));
};
const point = (target: Element, type: string) =>
  target.dispatchEvent(new MouseEvent(type, { bubbles: true, cancelable: true }));

describe("from the browser to Python", () => {
  beforeEach(() => void vi.useFakeTimers());
  const told = () => vi.advanceTimersByTime(250);

  test("opening sends nothing: both ends are equal", () => {
    expect(model.sent).toEqual([]);
  });

  test("a slider sends its trait, once", () => {
    move("top_k", 12);
    move("top_k", 12);
    told();
    expect(model.sent).toEqual([{ top_k: 12 }]);
    move("head", 4);
    told();
    expect(model.traits.head).toBe("mean");
  });

  test("what changes together is sent together", () => {
    document.querySelector<HTMLElement>('[data-head="2-3"]')!.click();
    told();
    expect(model.sent).toEqual([{ layer: 2, head: 3 }]);
  });

  test("a drag goes a few times, with its last value; after its end it sends nothing", () => {
    for (let k = 1; k <= 7; k++) {
      move("top_k", k);
      vi.advanceTimersByTime(60);
    }
    expect(model.sent).toEqual([{ top_k: 1 }, { top_k: 5 }]);
    vi.advanceTimersByTime(250);
    expect(model.sent[2]).toEqual({ top_k: 7 });
    move("top_k", 8);
    for (const stop of stops.splice(0).reverse()) stop();
    vi.runAllTimers();
    expect(model.sent).toHaveLength(3);
  });

  test("an echo that comes late does not take a step back; Python's own change does", () => {
    move("top_k", 12);
    told();
    move("top_k", 13);
    model.echo("top_k", 12);
    expect(slider("top_k").value).toBe("13");
    told();
    expect(model.sent).toEqual([{ top_k: 12 }, { top_k: 13 }]);
    move("top_k", 14);
    model.python("top_k", 40);
    told();
    expect(slider("top_k").value).toBe("40");
    expect(model.sent).toHaveLength(2);
  });

  test("a selection goes as indices with the chain", () => {
    point(letter(4), "pointerdown");
    told();
    expect(model.traits._selection).toEqual({ chain: "A", residues: [4] });
  });

  test("another residue lets go of the link, in the same message", () => {
    model.python("_selection", { chain: "A", residues: [2, 9] });
    model.python("_selected_link", [9, 2]);
    point(letter(4), "pointerdown");
    told();
    expect(model.sent).toEqual([{ _selection: { chain: "A", residues: [4] }, _selected_link: null }]);
  });

  test("a hover goes once the pointer rests", () => {
    for (const residue of [3, 4, 5]) point(letter(residue), "pointermove");
    expect(model.sent).toEqual([]);
    vi.advanceTimersByTime(200);
    expect(model.sent).toEqual([{ _hovered: 5 }]);
    point(letter(6), "pointermove");
    point(letter(5), "pointermove");
    vi.advanceTimersByTime(200);
    expect(model.sent).toHaveLength(1);
  });
});

describe("from Python to the browser", () => {
  test("traits move the controls, and are not sent back", () => {
    model.python("layer", 2);
    model.python("head", 3);
    model.python("top_k", 77);
    expect([slider("layer").value, slider("head").value, slider("top_k").value]).toEqual(["2", "3", "77"]);
    model.python("_selection", { chain: "A", residues: [2, 7] });
    expect(letter(7).getAttribute("aria-selected")).toBe("true");
    expect(model.sent).toEqual([]);
  });

  test("a link comes with its residues, and goes with others; nothing is sent back", () => {
    vi.useFakeTimers();
    const selected = () =>
      [...root.querySelectorAll<HTMLElement>('[data-residue][aria-selected="true"]')].map((one) => one.dataset.residue);
    model.python("_selection", { chain: "A", residues: [2, 9] });
    model.python("_selected_link", [9, 2]);
    expect(selected()).toEqual(["2", "9"]);
    model.python("_selection", { chain: "A", residues: [4] });
    model.python("_selected_link", null);
    expect(selected()).toEqual(["4"]);
    vi.runAllTimers();
    expect(model.sent).toEqual([]);
  });

  test("a link and a hover", () => {
    model.python("_selected_link", [2, 9]);
    model.python("_hovered", 5);
    expect(letter(5).classList).toContain("pv-hovered");
    model.python("_hovered", null);
    expect(letter(5).classList).not.toContain("pv-hovered");
    expect(model.sent).toEqual([]);
  });
});

describe("questions", () => {
  const canvas = () => root.querySelector<HTMLCanvasElement>(".pv-heatmap canvas.pv-canvas")!;
  const rest = () => new Promise((resolve) => setTimeout(resolve, 120));

  test("the map is asked for once the head rests, and shown when it comes, wherever its bytes lie", async () => {
    await rest();
    const [question] = model.asked;
    expect(question).toMatchObject({ kind: "head_map", entry: 0 });
    const { data, ...header } = flatMap(20);
    const frame = new Uint8Array(500);
    frame.set(data as Uint8Array, 13);
    model.answer({ kind: "head_map", id: question.id, ...header }, [new DataView(frame.buffer, 13, 400)]);
    await settled();
    expect(canvas().dataset.map).toBe("ready");
  });

  test("a refusal is said in its own words", async () => {
    await rest();
    model.answer({ kind: "error", id: model.asked[0].id, message: "the model is gone" });
    await settled();
    expect(canvas().dataset.map).toBe("unavailable");
    expect(root.textContent).toContain("the model is gone");
  });

  test("a kernel that is restarted is said plainly, to those who wait, too; the links go on", async () => {
    await rest();
    root.className = "jupyter-widgets-disconnected";
    for (const callback of model.listeners.get("comm_live_update")!) callback();
    await settled();
    const notice = root.querySelector<HTMLElement>(".pv-refused")!;
    expect(notice.hidden).toBe(false);
    expect(notice.textContent).toContain("The kernel was restarted: run the cell again");
    expect(canvas().dataset.map).toBe("unavailable");
    const said = () => root.querySelector(".pv-missing")!.textContent;
    expect(said()).toBe(
      "the kernel was restarted: run the cell again for full maps and other kinds of map – strongest links only",
    );
    const asked = model.asked.length;
    move("head", 2);
    move("top_k", 3);
    await rest();
    expect(said()).toContain("the kernel was restarted");
    expect(root.querySelector(".pv-status")!.textContent).toMatch(/^3 links/);
    expect(model.asked).toHaveLength(asked);
    // Back again, as after a connection that was lost.
    root.className = "";
    for (const callback of model.listeners.get("comm_live_update")!) callback();
    expect(notice.hidden).toBe(true);
    move("head", 3);
    await rest();
    expect(model.asked.length).toBeGreaterThan(asked);
  });

  test("a host whose comm no longer sends has lost its kernel", async () => {
    model.send = () => {
      throw new Error("Cannot send");
    };
    move("head", 2);
    await rest();
    await settled();
    expect(root.textContent).toContain("the kernel was restarted: run the cell again");
    expect(root.textContent).not.toContain("Cannot send");
  });

  test("strangers' messages and answers nobody waits for are passed over", async () => {
    await rest();
    for (const content of [null, 7, { kind: "other", id: 0 }, { kind: "head_map", id: 999 }]) model.answer(content);
    await settled();
    expect(canvas().dataset.map).toBe("loading");
  });
});

test("the end takes every listener back", () => {
  expect(model.listening).toBeGreaterThan(5);
  for (const stop of stops.splice(0).reverse()) stop();
  expect(model.listening).toBe(0);
  expect(root.children).toHaveLength(0);
  const sent = model.sent.length;
  model.python("layer", 2);
  expect(model.sent).toHaveLength(sent);
});

test("two views of one model share one state", () => {
  const host = widget() as { initialize: (given: unknown) => () => void; render: (given: unknown) => () => void };
  const given = { model: model as unknown as AnyModel };
  const [first, second] = [document.createElement("div"), document.createElement("div")];
  document.body.append(first, second);
  stops.push(host.initialize(given), host.render({ ...given, el: first }), host.render({ ...given, el: second }));
  resize(700);
  const pick = first.querySelector("[data-residue='4']")!;
  point(pick, "pointerdown");
  expect(second.querySelector("[data-residue='4']")!.getAttribute("aria-selected")).toBe("true");
});
