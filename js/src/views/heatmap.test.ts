import { describe, expect, test } from "vitest";
import type { MapSource } from "../model/map-fetcher";
import { freshPages, point, press, settled } from "../testing/page";

const page = freshPages();

describe("heatmap", () => {
  const MARGIN = { left: 44, top: 6 };
  const canvas = () => page.mounted.find<HTMLCanvasElement>(".pv-heatmap canvas.pv-canvas");
  /** Where the middle of a cell is on the canvas, with all residues shown. */
  const at = (query: number, key: number) => {
    const size = 460 - 44 - 6;
    const cell = size / 20;
    return { clientX: MARGIN.left + (key + 0.5) * cell, clientY: MARGIN.top + (query + 0.5) * cell };
  };

  test("can be reached by keyboard and says what it is", () => {
    page.open();
    expect(canvas().tabIndex).toBe(0);
    expect(canvas().getAttribute("aria-label")).toContain("query by key");
  });

  test("pointing reads out both residues and the value", async () => {
    const { find, state } = page.open();
    await settled();
    point(canvas(), "pointermove", at(3, 12));
    expect(state.hover.value).toEqual({ kind: "link", query: 3, key: 12 });
    expect(find(".pv-readout").textContent).toBe(state.words.pair(3, 12));
    expect(find(".pv-readout").textContent).toMatch(/^A:ALA13 → A:ALA22 · 0/);
    point(canvas(), "pointerleave");
    expect(state.hover.value).toBeNull();
  });

  test("keys that move the map read out what lies under the resting pointer then", async () => {
    const { state, find } = page.open();
    await settled();
    point(canvas(), "pointermove", at(18, 17));
    expect(state.hover.value).toEqual({ kind: "link", query: 18, key: 17 });
    press(canvas(), "+");
    const zoomed = state.hover.value as { query: number; key: number };
    expect(zoomed.query).toBeLessThan(18);
    expect(find(".pv-readout").textContent).toBe(state.words.pair(zoomed.query, zoomed.key));
    press(canvas(), "0");
    expect(state.hover.value).toEqual({ kind: "link", query: 18, key: 17 });
    // The cursor of the arrow keys is looked at, not the pointer, until that moves.
    press(canvas(), "ArrowDown");
    press(canvas(), "+");
    expect(state.hover.value).toEqual({ kind: "link", query: 1, key: 0 });
  });

  test("a click selects the pair, on the diagonal the residue", () => {
    const { state } = page.open();
    point(canvas(), "pointerdown", at(3, 12));
    point(canvas(), "pointerup", at(3, 12));
    expect(state.view.selected_link.value).toEqual([3, 12]);
    point(canvas(), "pointerdown", at(5, 5));
    point(canvas(), "pointerup", at(5, 5));
    expect(state.view.selected_residues.value).toEqual([5]);
    expect(state.view.selected_link.value).toBeNull();
  });

  test("a drag selects a block, whichever corner it began at", () => {
    const { state } = page.open();
    point(canvas(), "pointerdown", at(8, 14));
    point(canvas(), "pointermove", at(6, 12));
    point(canvas(), "pointerup", at(6, 12));
    expect(state.view.selected_residues.value).toEqual([6, 7, 8, 12, 13, 14]);
  });

  test("a drag with shift moves the picture and selects nothing", () => {
    const { state } = page.open();
    canvas().focus();
    press(canvas(), "+");
    point(canvas(), "pointerdown", { ...at(8, 14), shiftKey: true });
    point(canvas(), "pointermove", { ...at(6, 12), shiftKey: true });
    point(canvas(), "pointerup", { ...at(6, 12), shiftKey: true });
    expect(state.view.selected_residues.value).toEqual([]);
  });

  test("arrows move a cursor that is read out; Enter selects it", () => {
    const { state } = page.open();
    press(canvas(), "ArrowDown");
    press(canvas(), "ArrowRight");
    press(canvas(), "ArrowRight", { shiftKey: true });
    expect(state.hover.value).toEqual({ kind: "link", query: 1, key: 11 });
    expect(state.spoken.value).toBe(state.words.pair(1, 11));
    press(canvas(), "Enter");
    expect(state.view.selected_link.value).toEqual([1, 11]);
    for (let n = 0; n < 30; n++) press(canvas(), "ArrowDown");
    expect(state.hover.value).toEqual({ kind: "link", query: 19, key: 11 });
  });

  test("zoom and back, by keys and by wheel", async () => {
    page.open();
    await settled();
    const whole = canvas().dataset.view;
    press(canvas(), "+");
    await settled();
    expect(canvas().dataset.view).not.toBe(whole);
    press(canvas(), "0");
    await settled();
    expect(canvas().dataset.view).toBe(whole);
    canvas().dispatchEvent(new WheelEvent("wheel", { deltaY: -300, cancelable: true, ...at(10, 10) }));
    await settled();
    expect(canvas().dataset.view).not.toBe(whole);
  });

  test("Space begins a block and selects it where it ends; leaving gives it up", () => {
    const { state } = page.open();
    canvas().focus();
    for (const key of ["ArrowDown", "ArrowDown", " "]) press(canvas(), key);
    expect(state.view.selected_residues.value).toEqual([]);
    for (const key of ["ArrowUp", "ArrowRight", "ArrowRight", "ArrowRight", " "]) press(canvas(), key);
    expect(state.view.selected_residues.value).toEqual([0, 1, 2, 3]);
    press(canvas(), " ");
    page.mounted.root.querySelector<HTMLElement>("select")!.focus();
    expect(state.hover.value).toBeNull();
    canvas().focus();
    press(canvas(), "ArrowDown");
    press(canvas(), " ");
    expect(state.view.selected_residues.value).toEqual([0, 1, 2, 3]);
  });

  test("zooming out of the whole map scrolls the page instead", () => {
    page.open();
    const wheel = (deltaY: number) =>
      !canvas().dispatchEvent(new WheelEvent("wheel", { deltaY, cancelable: true, ...at(10, 10) }));
    expect(wheel(200)).toBe(false);
    expect(wheel(-200)).toBe(true);
    expect(wheel(100)).toBe(true);
    for (let n = 0; n < 5; n++) wheel(300);
    expect(wheel(300)).toBe(false);
  });

  describe("by finger", () => {
    const touch = (type: string, place: MouseEventInit, pointerId = 1) =>
      canvas().dispatchEvent(
        new PointerEvent(type, { pointerType: "touch", pointerId, bubbles: true, cancelable: true, ...place }),
      );
    const span = () => Number(canvas().dataset.view!.split(" ")[2]);

    test("a tap selects, and the page scrolls past the whole map", async () => {
      const { state } = page.open();
      await settled();
      expect(canvas().style.touchAction).toBe("pan-y");
      touch("pointerdown", at(3, 12));
      touch("pointerup", at(3, 12));
      expect(state.view.selected_link.value).toEqual([3, 12]);
    });

    test("two fingers zoom by how they part; then one moves the map and a tap still selects", async () => {
      const { state } = page.open();
      await settled();
      touch("pointerdown", at(8, 8), 1);
      touch("pointerdown", at(12, 12), 2);
      touch("pointermove", at(14, 14), 2);
      touch("pointermove", at(6, 6), 1);
      touch("pointerup", at(6, 6), 1);
      touch("pointerup", at(14, 14), 2);
      await settled();
      expect(span()).toBeCloseTo(10, 1);
      expect(canvas().style.touchAction).toBe("none");
      expect(state.view.selected_residues.value).toEqual([]);
      const before = canvas().dataset.view;
      touch("pointerdown", at(10, 10));
      touch("pointermove", at(7, 7));
      touch("pointerup", at(7, 7));
      await settled();
      expect(canvas().dataset.view).not.toBe(before);
      expect(state.view.selected_residues.value).toEqual([]);
      touch("pointerdown", at(4, 10));
      touch("pointerup", at(4, 10));
      expect(state.view.selected_link.value).not.toBeNull();
    });
  });

  test("many changes within a frame are drawn once", async () => {
    const { state } = page.open();
    await settled();
    page.drawn.length = 0;
    for (let residue = 0; residue < 20; residue++) state.setHover({ kind: "link", query: residue, key: 3 });
    await settled();
    // The map is drawn from a part of its picture, the axes from the whole of theirs.
    const maps = page.drawn.filter(
      (call) => call[0] === "drawImage" && call.length === 10 && typeof call[9] === "number",
    );
    expect(maps).toHaveLength(1);
  });

  test("says whether it shows the map or the links only", async () => {
    let answer: (error: Error) => void = () => {};
    const source: MapSource = {
      immediate: true,
      requestMap: () => new Promise((_, reject) => (answer = reject)),
      requestSet: () => Promise.reject(new Error("none")),
    };
    const { find } = page.open({}, {}, source);
    expect(canvas().dataset.map).toBe("loading");
    answer(new Error("not in this page"));
    await settled();
    expect(canvas().dataset.map).toBe("unavailable");
    expect(find(".pv-heatmap").textContent).toContain("not in this page");
  });
});
