import { describe, expect, test, vi } from "vitest";
import { freshPages, point, press } from "../testing/page";
import { HEADS } from "../testing/scenes";

const page = freshPages();

describe("head grid", () => {
  const cell = (head: string) => page.mounted.find<HTMLButtonElement>(`[data-head="${head}"]`);

  test("a cell for every head and layer mean, named by what it shows", () => {
    const { all, state } = page.open();
    expect(all("[role=gridcell]").map((made) => made.dataset.head)).toEqual(HEADS);
    const value = state.mapSet.value.score(0, 5).toFixed(2);
    expect(cell("2-2").getAttribute("aria-label")).toContain(`layer 2, head 2: contact precision ${value}`);
    expect(all("[role=grid]")[0].getAttribute("aria-label")).toBeTruthy();
  });

  test("one cell is chosen and in the order of tabs", () => {
    const { all, state } = page.open();
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
    const { state } = page.open();
    cell("2-mean").click();
    expect([state.view.layer.value, state.view.head.value]).toEqual([2, "mean"]);
  });

  test("arrows move and stop at the edges; Home and End go along the row", () => {
    const { state } = page.open();
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
    const { find, state } = page.open();
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
    const { all, find, state } = page.open({ meta: { scores } });
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
    const { find, state } = page.open();
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
    const { find, state } = page.open();
    const choice = find<HTMLSelectElement>(".pv-heads select[aria-label*=score]");
    choice.value = "1";
    choice.dispatchEvent(new Event("change"));
    expect(state.scores.place.value).toBe(1);
    expect(cell("1-1").getAttribute("aria-label")).toContain("entropy (bits)");
  });
});
