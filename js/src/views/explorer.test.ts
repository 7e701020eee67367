import { describe, expect, test, vi } from "vitest";
import type { MapSource } from "../model/map-fetcher";
import { freshPages, press, settled, watchedSizes } from "../testing/page";
import { trackOf } from "../testing/scenes";

const page = freshPages();

const HOSTILE = `<img src="x" onerror="globalThis.hacked = true"></script><script>globalThis.hacked = true</script>`;

describe("text from files", () => {
  test("is never markup", async () => {
    const labels = Array.from({ length: 20 }, (_, n) => `A:${HOSTILE}${n}`);
    const { root, state } = page.open({
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
    const { root, state } = page.open({}, {}, source);
    await settled();
    state.view.map.value = "apc";
    await settled();
    expect(root.textContent).toContain(HOSTILE);
    expect(root.querySelectorAll("img, script")).toHaveLength(0);
  });

  test("a stage that cannot be opened says why, and all else works", async () => {
    const { explorer, find, state } = page.open();
    await explorer.open(() => Promise.reject(new Error(HOSTILE)));
    expect(find(".pv-failure").hidden).toBe(false);
    expect(find(".pv-failure").textContent).toContain(HOSTILE);
    expect(find(".pv-failure").querySelector("img")).toBeNull();
    press(find(".pv-grid"), "ArrowDown");
    expect(state.view.layer.value).toBe(2);
  });
});

describe("legend of the cartoon", () => {
  const text = () => page.mounted.find(".pv-cartoonlegend").textContent;

  test("names the colours of the track that sets them, and is gone without one", () => {
    const { state, find, all } = page.open();
    state.tracks.value = [
      trackOf(
        Uint8Array.from({ length: 20 }, (_, n) => n % 3),
        { name: "structure", kind: "state", letters: ["-", "H", "E"], legend: { H: "helix", E: HOSTILE } },
      ),
      trackOf(
        Float32Array.from({ length: 20 }, (_, n) => n / 4),
        { name: "depth", kind: "number", unit: "Å" },
      ),
      trackOf(new Uint8Array(20), { name: "site" }),
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
  const said = () => page.drawn.filter(([name]) => name === "fillText").map(([, text]) => text);

  test("are named on the axes of the heatmap and where they begin in the sequence", async () => {
    const [a, b] = [
      { chain_id: "A", start: 0, stop: 12 },
      { chain_id: "B", start: 12, stop: 20 },
    ];
    page.open({ meta: { chain_id: "A+B", segments: [a, b] } });
    await settled();
    for (const name of ["key, chain A", "key, chain B", "query, chain A", "query, chain B", "chain A", "chain B"]) {
      expect(said()).toContain(name);
    }
    expect(said()).not.toContain("key (attended to)");
  });

  test("have shorter names where there is less room, and none where there is none", async () => {
    // 410 pixels for 20 residues: 20 for one of them, 61 for three; letters are 6 pixels wide here.
    const stops = [1, 4, 20];
    page.open({ meta: { segments: stops.map((stop, n) => ({ chain_id: "ABC"[n], start: stops[n - 1] ?? 0, stop })) } });
    await settled();
    expect(said()).toEqual(expect.arrayContaining(["A", "key B", "key, chain C"]));
    expect(said()).not.toContain("key A");
    expect(said()).not.toContain("key, chain B");
  });

  test("one alone is not named", async () => {
    page.open();
    await settled();
    expect(said()).toEqual(expect.arrayContaining(["key (attended to)", "query"]));
    expect(said().some((text) => String(text).includes("chain"))).toBe(false);
  });
});

describe("controls", () => {
  const slider = (name: string) => page.mounted.find<HTMLInputElement>(`input[name="${name}"]`);
  const move = (name: string, value: number) => {
    slider(name).value = String(value);
    slider(name).dispatchEvent(new Event("input", { bubbles: true }));
  };

  test("every control has a name that is read aloud", () => {
    const { all } = page.open();
    for (const control of all(".pv-controls input, .pv-controls select")) {
      expect(control.getAttribute("aria-label") ?? control.closest("label")?.textContent).toBeTruthy();
    }
  });

  test("what there is one of cannot be chosen", () => {
    const { find } = page.open({ nLayers: 1 });
    const disabled = (name: string) => find<HTMLInputElement>(`input[name="${name}"]`).disabled;
    expect(["layer", "head", "top_k", "threshold"].map(disabled)).toEqual([true, false, false, false]);
  });

  test("sliders write what they show", () => {
    const { state } = page.open({ nResidues: 40 });
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
    const { state } = page.open();
    state.chooseHead(2, 3);
    state.view.top_k.value = 44;
    expect([slider("layer").value, slider("head").value, slider("top_k").value]).toEqual(["2", "3", "44"]);
  });

  test("more links than the slider reaches, set from Python, widen it", () => {
    const { state } = page.open();
    state.view.top_k.value = 1234;
    expect([slider("top_k").max, slider("top_k").value]).toEqual(["1234", "1234"]);
  });

  test("the threshold moves by the square and keeps exact values set from elsewhere", () => {
    const { state } = page.open();
    move("threshold", 50);
    expect(state.view.threshold.value).toBe(0.25);
    state.view.threshold.value = 0.0137;
    expect(state.view.threshold.value).toBe(0.0137);
    expect(slider("threshold").getAttribute("aria-valuetext")).toBe("0.0137");
    state.view.threshold.value = 0;
    expect(slider("threshold").getAttribute("aria-valuetext")).toBe("any");
  });

  test("choices", () => {
    const { find, state } = page.open();
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
    const { root, state } = page.open();
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
    const { find, root, state } = page.open();
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
    const { find, root, state } = page.open();
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
    const { root, state } = page.open();
    for (const held of ["ctrlKey", "metaKey", "altKey"]) {
      expect(press(root, "c", { [held]: true })).toBe(false);
    }
    expect(state.outlineContacts.value).toBe(false);
  });

  test("JupyterLab is told to leave its shortcuts", () => {
    expect(page.open().root.getAttribute("data-lm-suppress-shortcuts")).toBe("true");
  });
});

describe("what is said", () => {
  test("the line under the picture counts links and those that cannot be drawn", () => {
    const { find, state } = page.open({ unobserved: [0, 1, 2] });
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
    const { find, state } = page.open();
    const live = () => find(".pv-live").textContent;
    expect(find(".pv-live").getAttribute("aria-live")).toBe("polite");
    state.select([0]);
    expect(live()).toBe("selected A:ALA10");
    state.selectLink([2, 9]);
    expect(live()).toBe(state.words.pair(2, 9));
  });

  test("only the live region is announced: one thing for one step", () => {
    const { all, find } = page.open();
    const announced = all("[aria-live], [role=status], [role=alert]").filter((region) => !region.hidden);
    expect(announced).toEqual([find(".pv-live")]);
  });

  test("what was asked for in vain is seen until it is dismissed", () => {
    const { find, state } = page.open();
    const line = find(".pv-refused");
    expect(line.hidden).toBe(true);
    state.refused.value = "there is no layer 99";
    expect(line.hidden).toBe(false);
    expect(line.textContent).toContain("there is no layer 99");
    find(".pv-refused button").click();
    expect(line.hidden).toBe(true);
  });

  test("the notice of a model stands where it cannot be missed", () => {
    const { find } = page.open({ meta: { notice: "one family only" } });
    expect(find("[role=note]").textContent).toBe("one family only");
  });
});

test("dispose takes everything back", async () => {
  const removed = vi.fn();
  const { explorer, state, root } = page.open();
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
  page.drawn.length = 0;
  const before = root.textContent;
  state.chooseHead(2, "mean");
  state.select([3]);
  press(root, "b");
  await settled();
  expect(root.textContent).toBe(before);
  expect(page.drawn).toEqual([]);
});
