import { describe, expect, test } from "vitest";
import { formatWeight } from "../model/labels";
import { LIGHT } from "../stage/theme";
import { freshPages, point, press, settled } from "../testing/page";
import { trackOf } from "../testing/scenes";
import { drawRows } from "./sequence-tracks";

const page = freshPages();

describe("sequence", () => {
  const letter = (residue: number) => page.mounted.find(`[data-residue="${residue}"]`);

  test("a letter for each residue; those without coordinates say so", () => {
    const { all } = page.open({ unobserved: [2] });
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
    const { find } = page.open({ unobserved: [2], withoutBeta: [5, 6] });
    expect(letter(5).getAttribute("aria-label")).toBe("A:ALA15, no Cβ");
    expect(letter(5).classList).toContain("pv-unobserved");
    expect(find(".pv-sequence .pv-bar").textContent).toContain(
      "; 1 struck-through residue has no coordinates; 2 struck-through residues have no Cβ",
    );
  });

  test("the selection is marked, and only it", () => {
    const { all, state } = page.open();
    const marked = () => all("[aria-selected=true][data-residue]").map((made) => Number(made.dataset.residue));
    state.select([2, 3, 9]);
    expect(marked()).toEqual([2, 3, 9]);
    state.select([3, 10]);
    expect(marked()).toEqual([3, 10]);
    state.clear();
    expect(marked()).toEqual([]);
  });

  test("click, again, with control, with shift", () => {
    const { state } = page.open();
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
    const { state } = page.open();
    point(letter(9), "pointerdown");
    for (const residue of [10, 11, 10, 7]) point(letter(residue), "pointermove");
    expect(state.view.selected_residues.value).toEqual([7, 8, 9]);
    point(letter(7), "pointerup");
    point(letter(2), "pointermove");
    expect(state.view.selected_residues.value).toEqual([7, 8, 9]);
    expect(state.hover.value).toEqual({ kind: "residue", residue: 2 });
  });

  test("the other buttons select nothing", () => {
    const { state } = page.open();
    point(letter(9), "pointerdown", { button: 2 });
    expect(state.view.selected_residues.value).toEqual([]);
  });

  test("keys: move, extend, toggle, choose", () => {
    const { all, state } = page.open();
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
    const { root, state } = page.open();
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
    const { state } = page.open();
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
    const { find, state } = page.open();
    const tallest = () => Math.max(...state.received.value);
    expect(find(".pv-sequence .pv-note:not([hidden])").textContent).toBe(
      `bars: attention received on average, the tallest ${formatWeight(tallest())}`,
    );
  });

  test("a hover anywhere lights its residues up", () => {
    const { all, state } = page.open();
    state.setHover({ kind: "link", query: 3, key: 12 });
    expect(all(".pv-hovered").map((made) => made.dataset.residue)).toEqual(["3", "12"]);
    state.setHover(null);
    expect(all(".pv-hovered")).toEqual([]);
  });
});

describe("tracks under the sequence", () => {
  const site = trackOf(
    Uint8Array.from({ length: 20 }, (_, n) => n % 2),
    { name: "site" },
  );
  const depth = trackOf(
    Float32Array.from({ length: 20 }, (_, n) => (n === 19 ? Number.NaN : n)),
    { name: "depth", kind: "number", unit: "Å" },
  );
  const ribbon = trackOf(
    Uint8Array.from({ length: 20 }, (_, n) => n % 3),
    { name: "secondary structure", kind: "state", letters: ["-", "H", "E"], legend: { H: "helix" } },
  );
  const chip = (name: string) => page.mounted.find<HTMLButtonElement>(`.pv-chip[data-track="${name}"]`);
  const rects = () => page.drawn.filter(([name]) => name === "fillRect").map((call) => call.slice(1) as number[]);

  test("a switch keeps its place and the focus when it is pressed", () => {
    const { state } = page.open();
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
    page.open();
    const line = { first: 0, count: 20, cell: 11 };
    page.drawn.length = 0;
    drawRows(document.createElement("canvas"), [{ track: depth, place: 0 }], page.mounted.state.scene, line, LIGHT);
    const bars = rects().slice(-20);
    const heights = bars.map(([, , , height]) => height);
    const bottoms = bars.map(([, top, , height]) => top + height);
    expect(new Set(bottoms).size).toBe(1);
    for (let n = 2; n < 19; n++) expect(heights[n]).toBeGreaterThan(heights[n - 1]);
    expect(heights[18]).toBeGreaterThan(10);
    expect([heights[0], heights[19]]).toEqual([1, 1]);
  });

  test("and say what they range over", () => {
    const { state } = page.open();
    state.tracks.value = [site, depth];
    expect(chip("depth").title).toBe("a test; 0 to 18 Å, bars begin at 0");
    expect(chip("site").title).toBe("a test");
  });

  test("secondary structure is switched above the letters, and takes no row", async () => {
    const { all, state } = page.open({ meta: { secondary_structure: { states: "H".repeat(20), source: "a test" } } });
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
