import { expect, test } from "vitest";
import { renderOpening } from "./opening";

function floats(values: number[]): DataView {
  const view = new DataView(new ArrayBuffer(4 * values.length + 3), 3);
  for (const [n, value] of values.entries()) view.setFloat32(4 * n, value, true);
  return view;
}

/** A model that Python changes. */
function fakeModel(values: Record<string, unknown>) {
  const listeners = new Set<() => void>();
  return {
    get: (name: string) => values[name],
    on: (_: string, listener: () => void) => listeners.add(listener),
    off: (_: string, listener: () => void) => listeners.delete(listener),
    change: (more: Record<string, unknown>) => {
      Object.assign(values, more);
      for (const listener of listeners) listener();
    },
    listeners,
  };
}

const COLORS = new DataView(Uint8Array.from({ length: 768 }, (_, n) => Math.floor(n / 3)).buffer);

function opened() {
  const model = fakeModel({
    _title: "1ABC <b>chain</b> A",
    _shape: [3, 3],
    _n_done: 0,
    _scores: floats(Array.from({ length: 9 }, () => Number.NaN)),
    _score_title: "contact precision",
    _colors: COLORS,
  });
  const el = document.createElement("div");
  const stop = renderOpening(model as never, el);
  const cells = [...el.querySelectorAll<HTMLElement>(".pv-cell")];
  return { model, el, stop, cells };
}

test("says how many layers are ready and colours their heads", () => {
  const { model, el, cells } = opened();
  const bar = el.querySelector("progress") as HTMLProgressElement;
  expect(el.querySelector("h2")?.textContent).toBe("1ABC <b>chain</b> A");
  expect([bar.value, bar.max, cells.length]).toEqual([0, 3, 9]);
  expect(cells.every((cell) => cell.style.background === "")).toBe(true);

  model.change({ _n_done: 1, _scores: floats([0, 0.15, 0.3, ...Array.from({ length: 6 }, () => Number.NaN)]) });
  expect(bar.value).toBe(1);
  expect(el.querySelector("[role=status]")?.textContent).toBe("layer 1 of 3 is ready · heads by contact precision");
  expect(cells.map((cell) => cell.style.background).slice(0, 4)).toEqual([
    "rgb(0, 0, 0)",
    "rgb(128, 128, 128)",
    "rgb(255, 255, 255)",
    "",
  ]);

  // A better head takes the brightest colour.
  model.change({ _n_done: 2, _scores: floats([0, 0.15, 0.3, 0.6, 0, 0, Number.NaN, Number.NaN, Number.NaN]) });
  expect(cells[2].style.background).toBe("rgb(128, 128, 128)");
  expect(cells[3].style.background).toBe("rgb(255, 255, 255)");
});

test("hears nothing any more once it is gone", () => {
  const { model, stop } = opened();
  expect(model.listeners.size).toBe(1);
  stop();
  expect(model.listeners.size).toBe(0);
});
