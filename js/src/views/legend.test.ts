import { describe, expect, test } from "vitest";
import { HEAD_COLORS, LIGHT, parseHex } from "../stage/theme";
import { freshPages, point, press } from "../testing/page";
import { testScene } from "../testing/scenes";
import { roundUp } from "./controls";

const page = freshPages();

const legend = () => page.mounted.find(".pv-legend").textContent!;
const status = () => page.mounted.find(".pv-status").textContent!;

/** Numbers before these words, 0 where they are not said. */
function counts(): { contact: number; apart: number; near: number } {
  const before = (words: RegExp) => Number(words.exec(legend())?.[1] ?? 0);
  return {
    contact: before(/(\d+) contacts?\b/),
    apart: before(/(\d+) no contact/),
    near: before(/(\d+) near in sequence/),
  };
}

describe("of a difference", () => {
  const options = { nResidues: 40, unobserved: [0, 1, 2, 20], difference: { noise: 0.6 } };

  test("the legend counts gains, losses and what is within noise", () => {
    const { state, all } = page.open(options, { top_k: 300, color_by: "sign" });
    const { query, key, weight, sign } = state.links.value;
    const counts = { gain: 0, loss: 0, noise: 0 };
    for (let n = 0; n < query.length; n++) {
      if (![query[n], key[n]].every((residue) => state.scene.hasCoordinates(residue))) continue;
      counts[weight[n] <= 0.6 ? "noise" : sign[n] < 0 ? "loss" : "gain"]++;
    }
    expect(Math.min(...Object.values(counts))).toBeGreaterThan(1);
    expect(legend()).toBe(
      ` ${counts.gain} gains  ${counts.loss} losses  ${counts.noise} within noise · thicker = stronger`,
    );
    const marks = all(".pv-legend .pv-swatch").map((mark) => mark.style.getPropertyValue("--swatch"));
    expect(marks).toEqual([LIGHT.gain, LIGHT.loss, LIGHT.near]);
    expect(status()).toMatch(/^300 links · \|Δ\| [\d.]+ to [\d.]+ · noise reaches 0\.60 /);
  });

  test("grey is explained only where there is any, and other colours stay", () => {
    const { state, all } = page.open({ ...options, difference: { noise: null } }, { top_k: 300, color_by: "sign" });
    expect(all(".pv-legend .pv-swatch").length).toBe(2);
    expect(status()).toContain("no noise level");
    state.view.color_by.value = "contact";
    expect(legend()).toContain("no contact");
    expect(
      all<HTMLOptionElement>('select[name="color_by"] option').map(({ value, hidden }) => [value, hidden]),
    ).toContainEqual(["sign", false]);
  });

  test("attention itself has no gains: colour means contact, and the menu does not offer it", () => {
    const { all, find } = page.open({ nResidues: 40 }, { color_by: "sign" });
    expect(legend()).toContain("contact");
    expect(legend()).not.toContain("gain");
    expect(all<HTMLOptionElement>('select[name="color_by"] option').find(({ value }) => value === "sign")!.hidden).toBe(
      true,
    );
    expect(find<HTMLSelectElement>('select[name="color_by"]').value).toBe("sign");
  });

  test("a link is a gain or a loss in words, and the header speaks of change where no score is defined", () => {
    const { state, find } = page.open(options, { top_k: 300, color_by: "sign" });
    const { query, key, weight, sign } = state.links.value;
    for (const n of [0, 1, 2, 3, 299]) {
      const said = state.words.pair(query[n], key[n]);
      expect(said).toContain(` · ${sign[n] < 0 ? "loss" : "gain"} of `);
      expect(said.includes(", within noise")).toBe(weight[n] <= 0.6);
    }
    expect(find(".pv-where").textContent).toContain("contact precision");
    state.chooseHead(1, 2);
    const known = state.scene.meta.scores.length;
    state.mapSet.value.score = () => Number.NaN;
    state.scores.place.value = known - 1;
    expect(state.words.head()).toMatch(/^head 1-2: largest \|Δ\| [\d.]+, noise reaches 0\.60$/);
  });
});

describe("the legend", () => {
  test.each([0, 3, 6, 12])("counts what is drawn, by relation, at |i − j| ≥ %i", (minSeparation) => {
    const { state } = page.open(
      { nResidues: 40, unobserved: [0, 1, 2, 20] },
      { top_k: 300, min_separation: minSeparation },
    );
    const { scene } = state;
    const { query, key } = state.links.value;
    const drawable = [...query]
      .map((one, n) => [one, key[n]])
      .filter((pair) => pair.every((n) => scene.hasCoordinates(n)));
    expect(drawable.length).toBeLessThan(query.length);
    const near = drawable.filter(([i, j]) => Math.abs(i - j) < 6).length;
    const contact = drawable.filter(([i, j]) => scene.isContact(i, j)).length;
    expect(counts()).toEqual({ contact, near, apart: drawable.length - contact - near });
    expect(near > 0).toBe(minSeparation < 6);
    expect(status()).toContain(`${query.length - drawable.length} not drawn`);
    state.select([5]);
    const { contact: c, near: n, apart: a } = counts();
    expect(c + n + a + state.undrawn.value).toBe(state.shown.value.query.length);
  });

  test("shows a mark for each colour there is, and says what thickness means", () => {
    const { state, all } = page.open({ nResidues: 40 }, { top_k: 200 });
    const marks = () => all(".pv-legend .pv-swatch").map((mark) => mark.style.getPropertyValue("--swatch"));
    expect(marks()).toEqual([LIGHT.contact, LIGHT.noContact]);
    expect(legend()).toContain("thicker = stronger");
    state.view.min_separation.value = 1;
    expect(marks()).toEqual([LIGHT.contact, LIGHT.noContact, LIGHT.near]);
    state.view.color_by.value = "weight";
    expect(marks()).toEqual([]);
    expect(legend()).toContain("thicker = stronger");
    expect(parseHex(LIGHT.near)).not.toEqual(parseHex(LIGHT.noContact));
  });

  test("calls values what the kind of map calls them", () => {
    const map_kinds = testScene().meta.map_kinds.map((kind, n) => (n === 0 ? { ...kind, unit: "coupling" } : kind));
    const { state, find } = page.open({ meta: { map_kinds } }, { color_by: "weight" });
    expect(legend()).toContain("coupling");
    expect(status()).toContain("coupling ");
    expect(status()).not.toContain("attention");
    const slider = find<HTMLInputElement>('input[name="threshold"]');
    expect(slider.getAttribute("aria-label")).toBe("Coupling ≥");
    expect(slider.closest("label")!.textContent).toContain("Coupling ≥");
    expect(state.mapSet.value.meta.unit).toBe("coupling");
  });
});

describe("the line under the picture", () => {
  test("says how many links reach the threshold where their number cuts them", () => {
    const { state } = page.open({ nResidues: 60 }, { top_k: 20, threshold: 0.01 });
    const { reaching } = state.links.value;
    expect(reaching).toBeGreaterThan(1000);
    expect(status()).toContain(
      `20 of ${reaching.toLocaleString("en")} links that reach the threshold · limited by number`,
    );
    expect(status()).toContain(",");
    state.select([7]);
    const own = state.shown.value.reaching;
    expect(own).toBeGreaterThan(12);
    expect(status()).toContain(`12 of the selection's ${own} links that reach the threshold`);
    state.clear();
    state.view.top_k.value = reaching;
    expect(status()).toMatch(new RegExp(`^${reaching} links · `));
    state.view.top_k.value = 20;
    state.view.threshold.value = 0;
    expect(status()).toMatch(/^20 links · /);
  });

  test("says that none reaches it", () => {
    const { state } = page.open({}, { threshold: 0.9 });
    expect(status()).toBe("0 links · none reaches 0.90");
    state.select([2]);
    expect(status()).toMatch(/^0 links of the selection · none reaches 0.90/);
  });
});

describe("the threshold's slider", () => {
  test.each([
    [0.48, 0.5],
    [0.5, 0.5],
    [0.033, 0.05],
    [0.9999, 1],
    [1, 1],
    [1.8, 2],
    [350, 500],
    [1000, 1000],
    [501, 1000],
    [2e-7, 2e-7],
    [0, 1],
  ])("of weights up to %d reaches %d", (largest, top) => {
    expect(roundUp(largest)).toBe(top);
  });

  test("of any range up, rounding is never below", () => {
    for (let n = -40; n < 40; n++) {
      const weight = 1.7 ** n;
      expect(roundUp(weight)).toBeGreaterThanOrEqual(weight);
      expect(roundUp(weight) / weight).toBeLessThan(2.5001);
    }
  });

  test("stays at its end for a threshold beyond it, which is still said", () => {
    const { state, find } = page.open();
    const slider = find<HTMLInputElement>('input[name="threshold"]');
    state.view.threshold.value = 350;
    expect([slider.value, slider.max, slider.getAttribute("aria-valuetext")]).toEqual(["100", "100", "350"]);
    slider.value = "50";
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    expect(state.view.threshold.value).toBe(roundUp(state.mapSet.value.links.largest) / 4);
  });
});

describe("of several heads", () => {
  const cell = (head: string) => page.mounted.find(`[data-head="${head}"]`);
  const marks = () => page.mounted.all(".pv-legend .pv-swatch").map((mark) => mark.style.getPropertyValue("--swatch"));

  test("it names the heads and their colours, until Escape or a click ends it", () => {
    const { state, find, root } = page.open({}, { layer: 1, head: 1, top_k: 7 });
    const before = legend();
    point(cell("2-3"), "click", { shiftKey: true });
    point(cell("1-mean"), "click", { ctrlKey: true });
    expect(legend()).toBe(" 1-1 · 7 2-3 · 7 1-mean · 7 · thicker = stronger in its head ×");
    expect(marks()).toEqual(HEAD_COLORS);
    expect(cell("2-3").style.getPropertyValue("--head")).toBe(HEAD_COLORS[1]);
    expect(status()).toMatch(/^1-1 · 7 links · /);
    expect(find<HTMLSelectElement>('[name="color_by"]').disabled).toBe(true);
    // The chosen head stays; what is selected is let go first.
    expect(state.view.head.value).toBe(1);
    state.select([4]);
    press(root, "Escape");
    expect(marks()).toEqual(HEAD_COLORS);
    press(root, "Escape");
    expect(legend()).toBe(before);
    expect(root.querySelectorAll(".pv-drawncell")).toHaveLength(0);
    point(cell("2-3"), "click", { shiftKey: true });
    point(find(".pv-alone"), "click");
    expect(legend()).toBe(before);
    expect(find<HTMLSelectElement>('[name="color_by"]').disabled).toBe(false);
  });

  test("by keyboard a head stays drawn while others are chosen", () => {
    const { state, find } = page.open({}, { layer: 1, head: 1, top_k: 7 });
    press(find(".pv-grid"), "o");
    expect(cell("1-1").classList).toContain("pv-drawncell");
    expect(marks()).toHaveLength(2);
    press(find(".pv-grid"), "ArrowRight");
    expect(legend()).toContain(" 1-2 · 7 1-1 · 7");
    press(find(".pv-grid"), "ArrowLeft");
    press(find(".pv-grid"), "o");
    expect(state.view.overlay_heads.value).toEqual([]);
  });
});
