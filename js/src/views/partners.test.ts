import { beforeEach, describe, expect, test, vi } from "vitest";
import { freshPages, point, press, settled } from "../testing/page";

const page = freshPages();

const rows = () => page.mounted.all(".pv-partners tbody tr");
const column = (n: number) => rows().map((row) => row.children[n].textContent);
const head = (n: number) => page.mounted.all(".pv-partners th")[n].querySelector("button")!;

beforeEach(() => {
  page.open({ unobserved: [1] });
});

describe("the table of a selection's links", () => {
  test("is there with a selection only, and says partner, weight, distance, contact and direction", async () => {
    const { state, find } = page.mounted;
    expect(find(".pv-partners").hidden).toBe(true);
    state.select([9]);
    await settled();
    expect(find(".pv-partners").hidden).toBe(false);
    expect(find(".pv-partners summary").textContent).toBe("Links of A:ALA19");
    const { query, key } = state.shown.value;
    expect(rows()).toHaveLength(query.length);
    expect(column(0)).toEqual(
      Array.from(query, (from, n) => (from === 9 ? `→ ALA${key[n] + 10}` : `← ALA${from + 10}`)),
    );
    expect(column(4)).toEqual(Array.from(query, (from) => (from === 9 ? "out" : "in")));
    expect(new Set(column(4))).toEqual(new Set(["in", "out"]));
    for (const [n, text] of column(2).entries()) {
      const missing = query[n] === 1 || key[n] === 1;
      expect(text).toMatch(missing ? /^–$/ : /^\d+\.\d Å$/);
    }
    state.clear();
    expect(find(".pv-partners").hidden).toBe(true);
  });

  test("of several residues it names both ends, and says what lies within", async () => {
    const { state } = page.mounted;
    state.select([0, 9, 18]);
    await settled();
    const { query, key } = state.shown.value;
    expect(column(0)).toEqual(Array.from(query, (from, n) => `ALA${from + 10} → ALA${key[n] + 10}`));
    const inside = (residue: number) => [0, 9, 18].includes(residue);
    expect(column(4)).toEqual(
      Array.from(query, (from, n) => (!inside(from) ? "in" : inside(key[n]) ? "within" : "out")),
    );
    state.view.combine.value = "mean";
    await settled();
    expect(new Set(column(4))).toEqual(new Set(["both", "within"].filter((word) => column(4).includes(word))));
    expect(column(0).some((text) => text!.includes(" ↔ "))).toBe(true);
  });

  test("sorts by any column, and back", async () => {
    const { state } = page.mounted;
    state.select([9]);
    await settled();
    const strongest = column(0);
    for (const n of [0, 1, 2, 3, 4]) {
      head(n).click();
      await settled();
      const once = column(n);
      head(n).click();
      await settled();
      expect(column(n)[0]).toBe(once.at(-1));
      expect([...column(0)].sort()).toEqual([...strongest].sort());
      const sorted = page.mounted.all(".pv-partners th").map((cell) => cell.getAttribute("aria-sort"));
      expect(sorted.filter((order) => order !== "none")).toHaveLength(1);
    }
  });

  test("a click or a key selects the link and leaves the selection; its row follows the steps", async () => {
    const { state, root } = page.mounted;
    state.select([9]);
    await settled();
    const { query, key } = state.shown.value;
    rows()[2].querySelector("button")!.click();
    expect(state.view.selected_link.value).toEqual([query[2], key[2]]);
    expect(state.view.selected_residues.value).toEqual([9]);
    expect(
      rows()
        .map((row) => row.classList.contains("pv-chosen"))
        .indexOf(true),
    ).toBe(2);
    press(root, "]");
    expect(
      rows()
        .map((row) => row.classList.contains("pv-chosen"))
        .indexOf(true),
    ).toBe(3);
    point(rows()[1].children[1], "pointerover");
    expect(state.hover.value).toEqual({ kind: "link", query: query[1], key: key[1] });
  });

  test("is copied as it is sorted, or shown to be copied by hand", async () => {
    const { state, find } = page.mounted;
    const written: string[] = [];
    vi.stubGlobal("navigator", { clipboard: { writeText: async (text: string) => void written.push(text) } });
    state.select([9]);
    await settled();
    const copy = page.mounted.all(".pv-partners .pv-bar button").find(({ textContent }) => textContent === "copy")!;
    copy.click();
    await settled();
    const lines = written[0].split("\n").map((line) => line.split("\t"));
    expect(lines[0]).toEqual(["query", "key", "weight", "distance", "contact", "direction"]);
    const { query, key, weight } = state.shown.value;
    expect(lines.slice(1).map((line) => [line[0], line[1], Number(line[2])])).toEqual(
      Array.from(query, (from, n) => [state.scene.label(from), state.scene.label(key[n]), weight[n]]),
    );
    expect(state.spoken.value).toBe(`${query.length} links are on the clipboard`);
    vi.stubGlobal("navigator", {});
    copy.click();
    await settled();
    expect(find<HTMLTextAreaElement>(".pv-partners .pv-copied").hidden).toBe(false);
    expect(find<HTMLTextAreaElement>(".pv-partners .pv-copied").value).toBe(written[0]);
  });
});
