import { beforeEach, expect, test } from "vitest";
import { freshPages, press, resize, settled } from "../testing/page";

const page = freshPages();

beforeEach(async () => {
  page.open({
    nResidues: 40,
    unobserved: Array.from({ length: 40 }, (_, n) => n),
    meta: { has_structure: false },
  });
  resize(432, 246);
  await settled();
});

// As arc-diagram.ts has it: 400 CSS pixels for 40 residues, whose line is at 200.
const xOf = (residue: number) => 16 + 10 * (residue + 0.5);
const canvas = () => page.mounted.find<HTMLCanvasElement>(".pv-arcs");
const box = () => page.mounted.find(".pv-stage");

function at(type: string, x: number, y: number, more: MouseEventInit = {}): void {
  const event = new MouseEvent(type, { bubbles: true, ...more });
  Object.defineProperties(event, { offsetX: { value: x }, offsetY: { value: y } });
  canvas().dispatchEvent(event);
}

test("every link the sliders ask for is an arc from residue to residue", async () => {
  const { state } = page.mounted;
  const { query, key } = state.links.value;
  expect(query).toHaveLength(30);
  expect(box().dataset.arcs).toBe("30");
  const arcs = page.drawn.filter(([name]) => name === "ellipse").slice(-30);
  const ends = arcs.map(([, middle, line, across]) => [
    (middle as number) - (across as number),
    (middle as number) + (across as number),
    line,
  ]);
  const expected = [...query].map((one, n) => [xOf(Math.min(one, key[n])), xOf(Math.max(one, key[n])), 200]);
  expect(ends.reverse()).toEqual(expected);
  state.select([query[0]]);
  await settled();
  expect(Number(box().dataset.arcs)).toBe(state.shown.value.query.length);
  expect(box().dataset.selected).toBe(state.scene.label(query[0]));
});

test("the pointer lights up the arc under it and says which it is; a click selects it", () => {
  const { state } = page.mounted;
  const [, middle, , , up] = page.drawn.filter(([name]) => name === "ellipse").slice(-1)[0] as number[];
  const [query, key] = [state.links.value.query[0], state.links.value.key[0]];
  at("pointermove", middle, 200 - up);
  expect(state.hover.value).toEqual({ kind: "link", query, key });
  expect(page.mounted.find(".pv-tooltip").textContent).toBe(state.words.pair(query, key));
  expect(page.mounted.find(".pv-tooltip").textContent).toContain(`|i − j| = ${Math.abs(query - key)}`);
  at("click", middle, 200 - up);
  expect(state.view.selected_link.value).toEqual([query, key]);
  at("pointermove", 216, 3);
  expect(state.hover.value).toBeNull();
  at("click", 216, 3);
  expect(state.view.selected_residues.value).toEqual([]);
});

test("residues are chosen on the line, several with Shift", () => {
  const { state } = page.mounted;
  at("pointermove", xOf(7), 203);
  expect(state.hover.value).toEqual({ kind: "residue", residue: 7 });
  at("click", xOf(7), 203);
  at("click", xOf(20), 203, { shiftKey: true });
  expect(state.view.selected_residues.value).toEqual([7, 20]);
  press(box(), "]");
  expect(state.view.selected_link.value).not.toBeNull();
});

test("what takes a structure is not offered, and nothing is missing", () => {
  expect(page.mounted.find("input[aria-label='outline contacts']").closest("label")!.hidden).toBe(true);
  expect(page.mounted.find(".pv-fit").hidden).toBe(true);
  expect(page.mounted.all("select[name=cartoon_by]")).toHaveLength(0);
  expect(page.mounted.find<HTMLOptionElement>("option[value=contact]").hidden).toBe(true);
  expect(page.mounted.all(".pv-unobserved")).toHaveLength(0);
  expect(page.mounted.find(".pv-status").textContent).not.toContain("coordinates");
  expect(page.mounted.find(".pv-legend").textContent).toContain("attention");
  expect(page.mounted.find("h2").textContent).toBe("TEST");
  expect(page.mounted.state.words.reading(3)).not.toContain("no coordinates");
});

test("the end takes everything back", () => {
  page.mounted.explorer.dispose();
  const before = page.drawn.length;
  page.mounted.state.view.top_k.value = 3;
  expect(page.drawn).toHaveLength(before);
});
