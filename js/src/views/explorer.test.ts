// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { formatWeight } from "../model/labels";
import type { MapSource } from "../model/map-fetcher";
import { Track } from "../model/tracks";
import { LIGHT } from "../stage/theme";
import { type Drawn, furnish, type Mounted, mount, point, press, settled, watchedSizes } from "../testing/page";
import { drawRows } from "./sequence-tracks";

let drawn: Drawn;
let mounted: Mounted | null = null;

function open(...options: Parameters<typeof mount>): Mounted {
  mounted = mount(...options);
  return mounted;
}

beforeEach(() => {
  drawn = furnish();
});
afterEach(() => {
  mounted?.explorer.dispose();
  mounted?.state.dispose();
  mounted = null;
});

const HOSTILE = `<img src="x" onerror="globalThis.hacked = true"></script><script>globalThis.hacked = true</script>`;

describe("text from files", () => {
  test("is never markup", async () => {
    const labels = Array.from({ length: 20 }, (_, n) => `A:${HOSTILE}${n}`);
    const { root, state } = open({
      unobserved: [3],
      meta: {
        title: HOSTILE,
        structure_name: HOSTILE,
        structure_title: HOSTILE,
        model_name: HOSTILE,
        notice: HOSTILE,
        chain_id: HOSTILE,
        residue_labels: labels,
        sequence: "<".repeat(20),
        scores: [
          { name: "contact_precision", title: HOSTILE, meaning: HOSTILE, best: "high", is_share: true },
          { name: "entropy", title: HOSTILE, meaning: HOSTILE, best: "low", is_share: false },
        ],
      },
    });
    state.select([1, 4]);
    state.selectLink([2, 9]);
    state.setHover({ kind: "link", query: 5, key: 14 });
    state.chooseHead(2, "mean");
    await settled();
    expect(root.querySelectorAll("img, script")).toHaveLength(0);
    expect((globalThis as { hacked?: boolean }).hacked).toBeUndefined();
    expect(root.querySelector("h2")!.textContent).toContain(HOSTILE);
    expect(root.querySelector("[role=note]")!.textContent).toBe(HOSTILE);
    expect(root.querySelector("[aria-live]")!.textContent).toContain(HOSTILE);
    expect(root.querySelector("[data-residue='1']")!.getAttribute("aria-label")).toBe(labels[1]);
  });

  test("a refusal's words are text, too", async () => {
    const source: MapSource = {
      immediate: true,
      requestMap: () => Promise.reject(new Error(HOSTILE)),
      requestSet: () => Promise.reject(new Error(HOSTILE)),
    };
    const { root, state } = open({}, {}, source);
    await settled();
    state.view.map.value = "apc";
    await settled();
    expect(root.textContent).toContain(HOSTILE);
    expect(root.querySelectorAll("img, script")).toHaveLength(0);
  });

  test("a stage that cannot be opened says why, and all else works", async () => {
    const { explorer, find, state } = open();
    await explorer.open(() => Promise.reject(new Error(HOSTILE)));
    expect(find(".pv-failure").hidden).toBe(false);
    expect(find(".pv-failure").textContent).toContain(HOSTILE);
    expect(find(".pv-failure").querySelector("img")).toBeNull();
    press(find(".pv-grid"), "ArrowDown");
    expect(state.view.layer.value).toBe(2);
  });
});

describe("head grid", () => {
  const cell = (head: string) => mounted!.find<HTMLButtonElement>(`[data-head="${head}"]`);

  test("a cell for every head and layer mean, named by what it shows", () => {
    const { all, state } = open();
    expect(all("[role=gridcell]").map((made) => made.dataset.head)).toEqual([
      "1-1",
      "1-2",
      "1-3",
      "1-mean",
      "2-1",
      "2-2",
      "2-3",
      "2-mean",
    ]);
    const value = state.mapSet.value.score(0, 5).toFixed(2);
    expect(cell("2-2").getAttribute("aria-label")).toContain(`layer 2, head 2: contact precision ${value}`);
    expect(all("[role=grid]")[0].getAttribute("aria-label")).toBeTruthy();
  });

  test("one cell is chosen and in the order of tabs", () => {
    const { all, state } = open();
    for (const [layer, head] of [
      [1, 1],
      [2, 3],
      [2, "mean"],
    ] as const) {
      state.chooseHead(layer, head);
      const chosen = all("[role=gridcell]").filter((made) => made.getAttribute("aria-selected") === "true");
      expect(chosen.map((made) => made.dataset.head)).toEqual([`${layer}-${head}`]);
      expect(all("[role=gridcell][tabindex='0']")).toEqual(chosen);
    }
  });

  test("a click chooses", () => {
    const { state } = open();
    cell("2-mean").click();
    expect([state.view.layer.value, state.view.head.value]).toEqual([2, "mean"]);
  });

  test("arrows move and stop at the edges; Home and End go along the row", () => {
    const { state } = open();
    cell("1-1").focus();
    const now = () => `${state.view.layer.value}-${state.view.head.value}`;
    const walk: [string, string][] = [
      ["ArrowLeft", "1-1"],
      ["ArrowUp", "1-1"],
      ["ArrowRight", "1-2"],
      ["ArrowDown", "2-2"],
      ["ArrowDown", "2-2"],
      ["End", "2-mean"],
      ["ArrowRight", "2-mean"],
      ["Home", "2-1"],
      ["ArrowUp", "1-1"],
      ["End", "1-mean"],
      ["ArrowRight", "1-mean"],
    ];
    for (const [key, expected] of walk) {
      expect(press(document.activeElement!, key)).toBe(true);
      expect(now(), key).toBe(expected);
      expect((document.activeElement as HTMLElement).dataset.head).toBe(expected);
    }
    expect(press(document.activeElement!, "x")).toBe(false);
  });

  const grey = (head: string) => Number(/\d+/.exec(cell(head).style.background)![0]);

  test("shares are coloured from 0 to at least 0.3, other scores from the lowest to the highest", () => {
    const values = [0.02, 0.05, 0.06, 0.03, 0.01, 0.04, 0.07, 0.02];
    const entropy = [2, 3, 4, 5, 6, 7, 8, 10];
    const { find, state } = open();
    const maps = state.mapSet.value;
    vi.spyOn(maps, "score").mockImplementation((position, entry) => [values, entropy][position][entry]);
    state.scores.place.value = 1;
    expect([grey("1-1"), grey("2-mean"), grey("1-mean")]).toEqual([0, 255, Math.round((255 * 3) / 8)]);
    expect(find(".pv-marks").textContent).toContain("2.00  10.0");
    state.scores.place.value = 0;
    expect([grey("2-1"), grey("2-3")]).toEqual([Math.round((255 * 0.01) / 0.3), Math.round((255 * 0.07) / 0.3)]);
    expect(find(".pv-marks").textContent).toContain("0.00  0.30");
    values[6] = 0.6;
    state.scores.place.value = 1;
    state.scores.place.value = 0;
    expect(grey("2-3")).toBe(255);
    expect(find(".pv-marks").textContent).toContain("0.00  0.60");
  });

  test("every mark in the grid is explained beneath it, where there is one", () => {
    const scores = [
      { name: "contact_precision", title: "contact precision", meaning: "", best: "high" as const, is_share: true },
      { name: "special_share", title: "special", meaning: "", best: "high" as const, is_share: true },
    ];
    const { all, find, state } = open({ meta: { scores } });
    let spent = 0.2;
    vi.spyOn(state.mapSet.value, "score").mockImplementation((position, entry) =>
      position === 1 ? spent : entry / 10,
    );
    state.scores.place.value = 1;
    expect(all(".pv-top")).toHaveLength(3);
    expect(find(".pv-marks > :has(.pv-topmark)").hidden).toBe(false);
    expect(find(".pv-marks > :has(.pv-sinkmark)").hidden).toBe(true);
    spent = 0.8;
    state.scores.place.value = 0;
    expect(all(".pv-sink").length).toBeGreaterThan(0);
    expect(find(".pv-marks > :has(.pv-sinkmark)").hidden).toBe(false);
  });

  test("the cell that is pointed at or has the focus is told beneath the grid, else the chosen one", () => {
    const { find, state } = open();
    const said = () => find(".pv-cellline").textContent;
    expect(said()).toBe(cell("1-1").getAttribute("aria-label"));
    point(cell("2-2"), "pointerover");
    expect(said()).toBe(cell("2-2").getAttribute("aria-label"));
    point(find(".pv-grid"), "pointerleave");
    expect(said()).toBe(cell("1-1").getAttribute("aria-label"));
    cell("1-1").focus();
    press(cell("1-1"), "ArrowRight");
    expect(said()).toBe(cell("1-2").getAttribute("aria-label"));
    state.chooseHead(2, "mean");
    expect(said()).toBe(cell("2-mean").getAttribute("aria-label"));
  });

  test("another score colours and names the cells anew", () => {
    const { find, state } = open();
    const choice = find<HTMLSelectElement>(".pv-heads select[aria-label*=score]");
    choice.value = "1";
    choice.dispatchEvent(new Event("change"));
    expect(state.scores.place.value).toBe(1);
    expect(cell("1-1").getAttribute("aria-label")).toContain("entropy (bits)");
  });
});

describe("sequence", () => {
  const letter = (residue: number) => mounted!.find(`[data-residue="${residue}"]`);

  test("a letter for each residue; those without coordinates say so", () => {
    const { all } = open({ unobserved: [2] });
    expect(
      all("[role=option]")
        .map((made) => made.textContent)
        .join(""),
    ).toBe("ACDEFGHIKLMNPQRSTVWY");
    expect(letter(2).getAttribute("aria-label")).toBe("A:ALA12, no coordinates");
    expect(letter(2).classList).toContain("pv-unobserved");
    expect(letter(3).getAttribute("aria-label")).toBe("A:ALA13");
    expect(all("[role=listbox]")[0].getAttribute("aria-multiselectable")).toBe("true");
  });

  test("a residue with a backbone and no Cβ bears no arcs, and is struck through, too", () => {
    const { find } = open({ unobserved: [2], withoutBeta: [5, 6] });
    expect(letter(5).getAttribute("aria-label")).toBe("A:ALA15, no Cβ");
    expect(letter(5).classList).toContain("pv-unobserved");
    expect(find(".pv-sequence .pv-bar").textContent).toContain(
      "; 1 struck-through residue has no coordinates; 2 struck-through residues have no Cβ",
    );
  });

  test("the selection is marked, and only it", () => {
    const { all, state } = open();
    const marked = () => all("[aria-selected=true][data-residue]").map((made) => Number(made.dataset.residue));
    state.select([2, 3, 9]);
    expect(marked()).toEqual([2, 3, 9]);
    state.select([3, 10]);
    expect(marked()).toEqual([3, 10]);
    state.clear();
    expect(marked()).toEqual([]);
  });

  test("click, again, with control, with shift", () => {
    const { state } = open();
    point(letter(4), "pointerdown");
    point(letter(4), "pointerup");
    expect(state.view.selected_residues.value).toEqual([4]);
    point(letter(8), "pointerdown", { ctrlKey: true });
    expect(state.view.selected_residues.value).toEqual([4, 8]);
    point(letter(11), "pointerdown", { shiftKey: true });
    expect(state.view.selected_residues.value).toEqual([8, 9, 10, 11]);
    point(letter(4), "pointerdown");
    point(letter(4), "pointerup");
    point(letter(4), "pointerdown");
    point(letter(4), "pointerup");
    expect(state.view.selected_residues.value).toEqual([]);
  });

  test("a drag selects from where it began, either way, until the button is let go", () => {
    const { state } = open();
    point(letter(9), "pointerdown");
    for (const residue of [10, 11, 10, 7]) point(letter(residue), "pointermove");
    expect(state.view.selected_residues.value).toEqual([7, 8, 9]);
    point(letter(7), "pointerup");
    point(letter(2), "pointermove");
    expect(state.view.selected_residues.value).toEqual([7, 8, 9]);
    expect(state.hover.value).toEqual({ kind: "residue", residue: 2 });
  });

  test("the other buttons select nothing", () => {
    const { state } = open();
    point(letter(9), "pointerdown", { button: 2 });
    expect(state.view.selected_residues.value).toEqual([]);
  });

  test("keys: move, extend, toggle, choose", () => {
    const { all, state } = open();
    letter(0).focus();
    const key = (name: string, more: KeyboardEventInit = {}) => press(document.activeElement!, name, more);
    expect(key("ArrowRight")).toBe(true);
    expect(document.activeElement).toBe(letter(1));
    expect(state.spoken.value).toBe(state.words.reading(1));
    expect(state.spoken.value).toMatch(/^A:ALA11 · receives /);
    expect(state.hover.value).toEqual({ kind: "residue", residue: 1 });
    expect(all("[data-residue][tabindex='0']")).toEqual([letter(1)]);
    key("ArrowRight", { shiftKey: true });
    key("ArrowRight", { shiftKey: true });
    expect(state.view.selected_residues.value).toEqual([1, 2, 3]);
    key("End");
    expect(document.activeElement).toBe(letter(19));
    key(" ");
    expect(state.view.selected_residues.value).toEqual([1, 2, 3, 19]);
    key(" ");
    expect(state.view.selected_residues.value).toEqual([1, 2, 3]);
    key("Home");
    key("ArrowLeft");
    key("Enter");
    expect(state.view.selected_residues.value).toEqual([0]);
  });

  test("what the keyboard lit up goes out where the focus leaves, and at Escape", () => {
    const { root, state } = open();
    letter(3).focus();
    press(letter(3), "ArrowRight");
    const lit = state.hover.value;
    expect(lit).not.toBeNull();
    press(document.activeElement!, "ArrowRight");
    expect(state.hover.value).not.toBeNull();
    root.querySelector<HTMLElement>("select")!.focus();
    expect(state.hover.value).toBeNull();
    letter(3).focus();
    press(letter(3), "ArrowRight");
    press(document.activeElement!, "Escape");
    expect(state.hover.value).toBeNull();
    // What the pointer rests on stays when only the focus moves.
    point(letter(9), "pointermove");
    root.querySelector<HTMLElement>("select")!.focus();
    expect(state.hover.value).toEqual({ kind: "residue", residue: 9 });
  });

  test("a finger selects by a tap, not where it begins to scroll", () => {
    const { state } = open();
    const touch = (residue: number, type: string) =>
      letter(residue).dispatchEvent(new PointerEvent(type, { pointerType: "touch", bubbles: true, cancelable: true }));
    touch(4, "pointerdown");
    expect(state.view.selected_residues.value).toEqual([]);
    touch(4, "pointercancel");
    touch(4, "pointerup");
    expect(state.view.selected_residues.value).toEqual([]);
    touch(6, "pointerdown");
    touch(6, "pointerup");
    touch(8, "pointermove");
    expect(state.view.selected_residues.value).toEqual([6]);
  });

  test("says how much the tallest bar is", () => {
    const { find, state } = open();
    const tallest = () => Math.max(...state.received.value);
    expect(find(".pv-sequence .pv-note:not([hidden])").textContent).toBe(
      `bars: attention received on average, the tallest ${formatWeight(tallest())}`,
    );
  });

  test("a hover anywhere lights its residues up", () => {
    const { all, state } = open();
    state.setHover({ kind: "link", query: 3, key: 12 });
    expect(all(".pv-hovered").map((made) => made.dataset.residue)).toEqual(["3", "12"]);
    state.setHover(null);
    expect(all(".pv-hovered")).toEqual([]);
  });
});

describe("tracks under the sequence", () => {
  const bytes = (values: Uint8Array | Float32Array, dtype: "uint8" | "float32") => ({
    dtype,
    shape: [values.length],
    data: new Uint8Array(values.buffer),
  });
  const common = { source: "made up", letters: [], legend: {}, names: [], unit: "", notes: {}, backgrounds: {} };
  const site = new Track({
    ...common,
    name: "site",
    kind: "site",
    values: bytes(
      Uint8Array.from({ length: 20 }, (_, n) => n % 2),
      "uint8",
    ),
  });
  const depths = Float32Array.from({ length: 20 }, (_, n) => (n === 19 ? Number.NaN : n));
  const depth = new Track({ ...common, name: "depth", kind: "number", unit: "Å", values: bytes(depths, "float32") });
  const ribbon = new Track({
    ...common,
    name: "secondary structure",
    kind: "state",
    letters: ["-", "H", "E"],
    legend: { H: "helix" },
    values: bytes(
      Uint8Array.from({ length: 20 }, (_, n) => n % 3),
      "uint8",
    ),
  });
  const chip = (name: string) => mounted!.find<HTMLButtonElement>(`.pv-chip[data-track="${name}"]`);
  const rects = () => drawn.filter(([name]) => name === "fillRect").map((call) => call.slice(1) as number[]);

  test("a switch keeps its place and the focus when it is pressed", () => {
    const { state } = open();
    state.tracks.value = [site, depth];
    const before = chip("depth");
    before.focus();
    before.click();
    expect(chip("depth")).toBe(before);
    expect(document.activeElement).toBe(before);
    expect(before.getAttribute("aria-pressed")).toBe("true");
    before.click();
    expect(before.getAttribute("aria-pressed")).toBe("false");
    expect(chip("site").getAttribute("aria-pressed")).toBe("false");
    expect(state.view.shown_tracks.value).toEqual([]);
  });

  test("numbers are as tall as they are high", () => {
    open();
    const line = { first: 0, count: 20, cell: 11 };
    drawn.length = 0;
    drawRows(document.createElement("canvas"), [{ track: depth, place: 0 }], mounted!.state.scene, line, LIGHT);
    const bars = rects().slice(-20);
    const heights = bars.map(([, , , height]) => height);
    const bottoms = bars.map(([, top, , height]) => top + height);
    expect(new Set(bottoms).size).toBe(1);
    for (let n = 2; n < 19; n++) expect(heights[n]).toBeGreaterThan(heights[n - 1]);
    expect(heights[18]).toBeGreaterThan(10);
    expect([heights[0], heights[19]]).toEqual([1, 1]);
  });

  test("and say what they range over", () => {
    const { state } = open();
    state.tracks.value = [site, depth];
    expect(chip("depth").title).toBe("made up; 0 to 18 Å, bars begin at 0");
    expect(chip("site").title).toBe("made up");
  });

  test("secondary structure is switched above the letters, and takes no row", async () => {
    const { all, state } = open({ meta: { secondary_structure: { states: "H".repeat(20), source: "made up" } } });
    const line = () => {
      const [, , structure, below] = all<HTMLCanvasElement>(".pv-line:first-child canvas");
      return [structure.hidden, below.dataset.rows];
    };
    await settled();
    expect(line()).toEqual([false, "0"]);
    state.tracks.value = [ribbon, site];
    await settled();
    expect(line()).toEqual([true, "0"]);
    chip("secondary structure").click();
    chip("site").click();
    await settled();
    expect(line()).toEqual([false, "1"]);
  });
});

describe("heatmap", () => {
  const MARGIN = { left: 44, top: 6 };
  const canvas = () => mounted!.find<HTMLCanvasElement>(".pv-heatmap canvas.pv-canvas");
  /** Where the middle of a cell is on the canvas, with all residues shown. */
  const at = (query: number, key: number) => {
    const size = 460 - 44 - 6;
    const cell = size / 20;
    return { clientX: MARGIN.left + (key + 0.5) * cell, clientY: MARGIN.top + (query + 0.5) * cell };
  };

  test("can be reached by keyboard and says what it is", () => {
    open();
    expect(canvas().tabIndex).toBe(0);
    expect(canvas().getAttribute("aria-label")).toContain("query by key");
  });

  test("pointing reads out both residues and the value", async () => {
    const { find, state } = open();
    await settled();
    point(canvas(), "pointermove", at(3, 12));
    expect(state.hover.value).toEqual({ kind: "link", query: 3, key: 12 });
    expect(find(".pv-readout").textContent).toBe(state.words.pair(3, 12));
    expect(find(".pv-readout").textContent).toMatch(/^A:ALA13 → A:ALA22 · 0/);
    point(canvas(), "pointerleave");
    expect(state.hover.value).toBeNull();
  });

  test("keys that move the map read out what lies under the resting pointer then", async () => {
    const { state, find } = open();
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
    const { state } = open();
    point(canvas(), "pointerdown", at(3, 12));
    point(canvas(), "pointerup", at(3, 12));
    expect(state.view.selected_link.value).toEqual([3, 12]);
    point(canvas(), "pointerdown", at(5, 5));
    point(canvas(), "pointerup", at(5, 5));
    expect(state.view.selected_residues.value).toEqual([5]);
    expect(state.view.selected_link.value).toBeNull();
  });

  test("a drag selects a block, whichever corner it began at", () => {
    const { state } = open();
    point(canvas(), "pointerdown", at(8, 14));
    point(canvas(), "pointermove", at(6, 12));
    point(canvas(), "pointerup", at(6, 12));
    expect(state.view.selected_residues.value).toEqual([6, 7, 8, 12, 13, 14]);
  });

  test("a drag with shift moves the picture and selects nothing", () => {
    const { state } = open();
    canvas().focus();
    press(canvas(), "+");
    point(canvas(), "pointerdown", { ...at(8, 14), shiftKey: true });
    point(canvas(), "pointermove", { ...at(6, 12), shiftKey: true });
    point(canvas(), "pointerup", { ...at(6, 12), shiftKey: true });
    expect(state.view.selected_residues.value).toEqual([]);
  });

  test("arrows move a cursor that is read out; Enter selects it", () => {
    const { state } = open();
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
    open();
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
    const { state } = open();
    canvas().focus();
    for (const key of ["ArrowDown", "ArrowDown", " "]) press(canvas(), key);
    expect(state.view.selected_residues.value).toEqual([]);
    for (const key of ["ArrowUp", "ArrowRight", "ArrowRight", "ArrowRight", " "]) press(canvas(), key);
    expect(state.view.selected_residues.value).toEqual([0, 1, 2, 3]);
    press(canvas(), " ");
    mounted!.root.querySelector<HTMLElement>("select")!.focus();
    expect(state.hover.value).toBeNull();
    canvas().focus();
    press(canvas(), "ArrowDown");
    press(canvas(), " ");
    expect(state.view.selected_residues.value).toEqual([0, 1, 2, 3]);
  });

  test("zooming out of the whole map scrolls the page instead", () => {
    open();
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
      const { state } = open();
      await settled();
      expect(canvas().style.touchAction).toBe("pan-y");
      touch("pointerdown", at(3, 12));
      touch("pointerup", at(3, 12));
      expect(state.view.selected_link.value).toEqual([3, 12]);
    });

    test("two fingers zoom by how they part; then one moves the map and a tap still selects", async () => {
      const { state } = open();
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
    const { state } = open();
    await settled();
    drawn.length = 0;
    for (let residue = 0; residue < 20; residue++) state.setHover({ kind: "link", query: residue, key: 3 });
    await settled();
    // The map is drawn from a part of its picture, the axes from the whole of theirs.
    const maps = drawn.filter((call) => call[0] === "drawImage" && call.length === 10 && typeof call[9] === "number");
    expect(maps).toHaveLength(1);
  });

  test("says whether it shows the map or the links only", async () => {
    let answer: (error: Error) => void = () => {};
    const source: MapSource = {
      immediate: true,
      requestMap: () => new Promise((_, reject) => (answer = reject)),
      requestSet: () => Promise.reject(new Error("none")),
    };
    const { find } = open({}, {}, source);
    expect(canvas().dataset.map).toBe("loading");
    answer(new Error("not in this page"));
    await settled();
    expect(canvas().dataset.map).toBe("unavailable");
    expect(find(".pv-heatmap").textContent).toContain("not in this page");
  });
});

describe("legend of the cartoon", () => {
  const bytes = (values: Uint8Array | Float32Array, dtype: "uint8" | "float32") => ({
    dtype,
    shape: [values.length],
    data: new Uint8Array(values.buffer),
  });
  const common = { source: "", letters: [], legend: {}, names: [], unit: "", notes: {}, backgrounds: {} };
  const text = () => mounted!.find(".pv-cartoonlegend").textContent;

  test("names the colours of the track that sets them, and is gone without one", () => {
    const { state, find, all } = open();
    const letters = ["-", "H", "E"];
    state.tracks.value = [
      new Track({
        ...common,
        name: "structure",
        kind: "state",
        letters,
        legend: { H: "helix", E: HOSTILE },
        values: bytes(
          Uint8Array.from({ length: 20 }, (_, n) => n % 3),
          "uint8",
        ),
      }),
      new Track({
        ...common,
        name: "depth",
        kind: "number",
        unit: "Å",
        values: bytes(
          Float32Array.from({ length: 20 }, (_, n) => n / 4),
          "float32",
        ),
      }),
      new Track({ ...common, name: "site", kind: "site", values: bytes(new Uint8Array(20), "uint8") }),
    ];
    expect(find(".pv-cartoonlegend").hidden).toBe(true);
    state.view.cartoon_by.value = "structure";
    expect(text()).toBe(`helix${HOSTILE}other`);
    expect(all(".pv-cartoonlegend .pv-swatch")).toHaveLength(3);
    state.view.cartoon_by.value = "depth";
    expect(text()).toBe("depth 0  4.8 Å");
    state.view.cartoon_by.value = "site";
    expect(text()).toBe("site: none");
    state.view.cartoon_by.value = "";
    expect(find(".pv-cartoonlegend").hidden).toBe(true);
  });
});

describe("several chains", () => {
  const said = () => drawn.filter(([name]) => name === "fillText").map(([, text]) => text);

  test("are named on the axes of the heatmap and where they begin in the sequence", async () => {
    const [a, b] = [
      { chain_id: "A", start: 0, stop: 12 },
      { chain_id: "B", start: 12, stop: 20 },
    ];
    open({ meta: { chain_id: "A+B", segments: [a, b] } });
    await settled();
    for (const name of ["key, chain A", "key, chain B", "query, chain A", "query, chain B", "chain A", "chain B"]) {
      expect(said()).toContain(name);
    }
    expect(said()).not.toContain("key (attended to)");
  });

  test("have shorter names where there is less room, and none where there is none", async () => {
    // 410 pixels for 20 residues: 20 for one of them, 61 for three; letters are 6 pixels wide here.
    const stops = [1, 4, 20];
    open({ meta: { segments: stops.map((stop, n) => ({ chain_id: "ABC"[n], start: stops[n - 1] ?? 0, stop })) } });
    await settled();
    expect(said()).toEqual(expect.arrayContaining(["A", "key B", "key, chain C"]));
    expect(said()).not.toContain("key A");
    expect(said()).not.toContain("key, chain B");
  });

  test("one alone is not named", async () => {
    open();
    await settled();
    expect(said()).toEqual(expect.arrayContaining(["key (attended to)", "query"]));
    expect(said().some((text) => String(text).includes("chain"))).toBe(false);
  });
});

describe("controls", () => {
  const slider = (name: string) => mounted!.find<HTMLInputElement>(`input[name="${name}"]`);
  const move = (name: string, value: number) => {
    slider(name).value = String(value);
    slider(name).dispatchEvent(new Event("input", { bubbles: true }));
  };

  test("every control has a name that is read aloud", () => {
    const { all } = open();
    for (const control of all(".pv-controls input, .pv-controls select")) {
      expect(control.getAttribute("aria-label") ?? control.closest("label")?.textContent).toBeTruthy();
    }
  });

  test("what there is one of cannot be chosen", () => {
    const { find } = open({ nLayers: 1 });
    const disabled = (name: string) => find<HTMLInputElement>(`input[name="${name}"]`).disabled;
    expect(["layer", "head", "top_k", "threshold"].map(disabled)).toEqual([true, false, false, false]);
  });

  test("sliders write what they show", () => {
    const { state } = open({ nResidues: 40 });
    move("layer", 2);
    move("head", 2);
    move("top_k", 12);
    move("min_separation", 24);
    expect([
      state.view.layer.value,
      state.view.head.value,
      state.view.top_k.value,
      state.view.min_separation.value,
    ]).toEqual([2, 2, 12, 24]);
    move("head", 4);
    expect(state.view.head.value).toBe("mean");
    expect(slider("head").getAttribute("aria-valuetext")).toBe("mean");
    expect(slider("head").parentElement!.querySelector("output")!.textContent).toBe("mean");
  });

  test("and show what others write", () => {
    const { state } = open();
    state.chooseHead(2, 3);
    state.view.top_k.value = 44;
    expect([slider("layer").value, slider("head").value, slider("top_k").value]).toEqual(["2", "3", "44"]);
  });

  test("more links than the slider reaches, set from Python, widen it", () => {
    const { state } = open();
    state.view.top_k.value = 1234;
    expect([slider("top_k").max, slider("top_k").value]).toEqual(["1234", "1234"]);
  });

  test("the threshold moves by the square and keeps exact values set from elsewhere", () => {
    const { state } = open();
    move("threshold", 50);
    expect(state.view.threshold.value).toBe(0.25);
    state.view.threshold.value = 0.0137;
    expect(state.view.threshold.value).toBe(0.0137);
    expect(slider("threshold").getAttribute("aria-valuetext")).toBe("0.0137");
    state.view.threshold.value = 0;
    expect(slider("threshold").getAttribute("aria-valuetext")).toBe("any");
  });

  test("choices", () => {
    const { find, state } = open();
    for (const [name, value, signal] of [
      ["combine", "directed", state.view.combine],
      ["color_by", "weight", state.view.color_by],
    ] as const) {
      const choice = find<HTMLSelectElement>(`select[name="${name}"]`);
      choice.value = value;
      choice.dispatchEvent(new Event("change"));
      expect(signal.value).toBe(value);
    }
    state.view.combine.value = "mean";
    expect(find<HTMLSelectElement>('select[name="combine"]').value).toBe("mean");
  });
});

describe("keys of the whole explorer", () => {
  test("B steps through the best heads, Escape clears, C outlines contacts", () => {
    const { root, state } = open();
    const ranked = state.mapSet.value.ranked(0);
    state.chooseEntry(ranked[3]);
    press(root, "b");
    expect(state.entry.value).toBe(ranked[0]);
    press(root, "b");
    expect(state.entry.value).toBe(ranked[1]);
    press(root, "B", { shiftKey: true });
    expect(state.entry.value).toBe(ranked[0]);
    press(root, "c");
    expect(state.outlineContacts.value).toBe(true);
    state.select([1]);
    press(root, "Escape");
    expect(state.view.selected_residues.value).toEqual([]);
  });

  test("brackets step from link to link, typed with AltGr, too", () => {
    const { find, root, state } = open();
    const { query, key } = state.links.value;
    press(root, "]");
    expect(state.view.selected_link.value).toEqual([query[0], key[0]]);
    press(root, "]", { ctrlKey: true, altKey: true, modifierAltGraph: true });
    expect(state.view.selected_link.value).toEqual([query[1], key[1]]);
    expect(find(".pv-live").textContent).toBe(`link 2 of ${query.length}: ${state.words.pair(query[1], key[1])}`);
    expect(find(".pv-readout").textContent).toBe(state.words.pair(query[1], key[1]));
    press(root, "[");
    expect(state.view.selected_link.value).toEqual([query[0], key[0]]);
    expect(press(root, "]", { ctrlKey: true })).toBe(false);
  });

  test("Escape closes the list of keys before it clears", () => {
    const { find, root, state } = open();
    const help = find<HTMLDetailsElement>(".pv-help");
    state.select([1]);
    help.open = true;
    press(root, "Escape");
    expect(help.open).toBe(false);
    expect(state.view.selected_residues.value).toEqual([1]);
    press(root, "Escape");
    expect(state.view.selected_residues.value).toEqual([]);
  });

  test("letters with control, command or alt are the browser's", () => {
    const { root, state } = open();
    for (const held of ["ctrlKey", "metaKey", "altKey"]) {
      expect(press(root, "c", { [held]: true })).toBe(false);
    }
    expect(state.outlineContacts.value).toBe(false);
  });

  test("JupyterLab is told to leave its shortcuts", () => {
    expect(open().root.getAttribute("data-lm-suppress-shortcuts")).toBe("true");
  });
});

describe("what is said", () => {
  test("the line under the picture counts links and those that cannot be drawn", () => {
    const { find, state } = open({ unobserved: [0, 1, 2] });
    const line = () => find(".pv-status").textContent!;
    expect(line()).toContain(`${state.links.value.query.length} links`);
    expect(line()).toContain(`${state.undrawn.value} not drawn`);
    state.select([12]);
    state.view.partners.value = 4;
    const { query, reaching } = state.shown.value;
    expect(reaching).toBeGreaterThan(query.length);
    expect(line()).toContain(`${query.length} of the selection's ${reaching} links`);
  });

  test("a live region says what was chosen", () => {
    const { find, state } = open();
    const live = () => find(".pv-live").textContent;
    expect(find(".pv-live").getAttribute("aria-live")).toBe("polite");
    state.select([0]);
    expect(live()).toBe("selected A:ALA10");
    state.selectLink([2, 9]);
    expect(live()).toBe(state.words.pair(2, 9));
  });

  test("only the live region is announced: one thing for one step", () => {
    const { all, find } = open();
    const announced = all("[aria-live], [role=status], [role=alert]").filter((region) => !region.hidden);
    expect(announced).toEqual([find(".pv-live")]);
  });

  test("what was asked for in vain is seen until it is dismissed", () => {
    const { find, state } = open();
    const line = find(".pv-refused");
    expect(line.hidden).toBe(true);
    state.refused.value = "there is no layer 99";
    expect(line.hidden).toBe(false);
    expect(line.textContent).toContain("there is no layer 99");
    find(".pv-refused button").click();
    expect(line.hidden).toBe(true);
  });

  test("the notice of a model stands where it cannot be missed", () => {
    const { find } = open({ meta: { notice: "one family only" } });
    expect(find("[role=note]").textContent).toBe("one family only");
  });
});

test("dispose takes everything back", async () => {
  const removed = vi.fn();
  const { explorer, state, root } = open();
  const disconnect = window.MutationObserver.prototype.disconnect;
  vi.spyOn(window.MutationObserver.prototype, "disconnect").mockImplementation(function (this: MutationObserver) {
    removed();
    disconnect.call(this);
  });
  explorer.dispose();
  expect(root.isConnected).toBe(false);
  expect(watchedSizes()).toBe(0);
  expect(removed).toHaveBeenCalled();
  await settled();
  drawn.length = 0;
  const before = root.textContent;
  state.chooseHead(2, "mean");
  state.select([3]);
  press(root, "b");
  await settled();
  expect(root.textContent).toBe(before);
  expect(drawn).toEqual([]);
});
