import { beforeEach, expect, test, vi } from "vitest";
import { freshPages, settled } from "../testing/page";
import { HEADS } from "../testing/scenes";
import { panelTable, viewAsPython } from "./panel-menu";

const page = freshPages();

beforeEach(async () => {
  page.open({}, { layer: 2, head: "mean", top_k: 5 });
  await settled();
});

const rowsOf = (name: Parameters<typeof panelTable>[0]) =>
  panelTable(name, page.mounted.state)
    .trimEnd()
    .split("\n")
    .map((line) => line.split("\t"));

test("every panel has a menu, which is closed with Escape and when left", () => {
  const menus = page.mounted.all<HTMLDetailsElement>(".pv-menu");
  expect(menus.map((menu) => menu.closest(".pv-panel")!.getAttribute("aria-label")).sort()).toEqual([
    "attention heatmap",
    "head grid",
    "sequence",
    "structure",
  ]);
  page.mounted.state.select([4]);
  menus[0].open = true;
  menus[0].dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
  expect(menus[0].open).toBe(false);
  expect(page.mounted.state.view.selected_residues.value).toEqual([4]);
});

test("tables are of what the panels show", () => {
  const { state } = page.mounted;
  const links = rowsOf("structure");
  expect(links[0]).toEqual(["query", "key", "weight", "distance", "relation"]);
  expect(links.slice(1).map(([query, key]) => `${query} ${key}`)).toEqual(
    [...state.shown.value.query].map(
      (query, n) => `${state.scene.label(query)} ${state.scene.label(state.shown.value.key[n])}`,
    ),
  );
  const heads = rowsOf("heads");
  expect(heads[0]).toEqual(["layer", "head", "contact_precision"]);
  expect(heads.slice(1).map(([layer, head]) => `${layer}-${head}`)).toEqual(HEADS);
  expect(Number(heads[4][2])).toBeCloseTo(state.scores.values.value[3], 5);
  const map = rowsOf("map");
  expect(map).toHaveLength(21);
  expect(Number(map[4][8])).toBeCloseTo(state.cell(3, 7), 5);
  expect(rowsOf("sequence")).toHaveLength(21);
});

test("the Python of a view names what is looked at, and only that", () => {
  const { state } = page.mounted;
  state.selectLink([9, 2]);
  const code = viewAsPython(state);
  expect(code.split("\n").slice(0, 5)).toEqual([
    "import protvis as pv",
    "",
    "explorer = pv.explore(",
    '    "TEST",',
    '    model="random",',
  ]);
  expect(code).toContain('    chain="A",\n    layer=2,\n    head="mean",\n    top_k=5,');
  expect(code).toContain('selected_link=("A:ALA19", "A:ALA12"),');
  expect(code).not.toContain("selected_residues");
  state.select([4]);
  expect(viewAsPython(state)).toContain('selected_residues=["A:ALA14"],');
  expect(viewAsPython(state)).not.toMatch(/camera|null|undefined|cartoon_by/);
  state.select([2, 4, 9]);
  state.selectLink([9, 2]);
  expect(viewAsPython(state)).toMatch(/selected_residues=\["A:ALA12","A:ALA14","A:ALA19"\],\n {4}selected_link=/);
  state.selectBlock([1, 3, 8, 9]);
  expect(viewAsPython(state)).toContain('selected_block=("A:ALA11", "A:ALA13", "A:ALA18", "A:ALA19"),');
  expect(viewAsPython(state)).not.toMatch(/selected_residues|selected_link/);
});

test("where the clipboard is closed, the text stands there to be copied by hand", async () => {
  vi.stubGlobal("navigator", { clipboard: { writeText: () => Promise.reject(new Error("no")) } });
  const menu = page.mounted.all<HTMLDetailsElement>(".pv-heads .pv-menu")[0];
  [...menu.querySelectorAll("button")].find(({ textContent }) => textContent === "copy table")!.click();
  await settled();
  const text = menu.querySelector("textarea")!;
  expect(text.hidden).toBe(false);
  expect(text.value).toBe(panelTable("heads", page.mounted.state));
  vi.unstubAllGlobals();
});
