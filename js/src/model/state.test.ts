import { effect } from "@preact/signals-core";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { encodedScene, flatMap, ReadyMaps, testScene, testView } from "../testing/scenes";
import { formatScore } from "./labels";
import type { MapSource } from "./map-fetcher";
import { Scene } from "./scene";
import { ExplorerState } from "./state";
import type { EncodedMap, EncodedMapSet } from "./wire";

function testState(
  options: Parameters<typeof testScene>[0] = {},
  view: Parameters<typeof testView>[0] = {},
): ExplorerState {
  const scene = testScene(options);
  return new ExplorerState(scene, testView(view), new ReadyMaps(scene.nResidues));
}

/** How often a signal announces a change while `act` runs. */
function changes(read: () => unknown, act: () => void): number {
  let count = -1;
  const stop = effect(() => {
    read();
    count++;
  });
  act();
  stop();
  return count;
}

describe("selection", () => {
  test("is ascending and without repeats", () => {
    const state = testState();
    state.select([7, 2, 7, 5]);
    expect(state.view.selected_residues.value).toEqual([2, 5, 7]);
  });

  test("extend adds; extending by what is all there takes it away", () => {
    const state = testState();
    state.select([2, 5]);
    state.select([5, 9], { extend: true });
    expect(state.view.selected_residues.value).toEqual([2, 5, 9]);
    state.select([2, 9], { extend: true });
    expect(state.view.selected_residues.value).toEqual([5]);
    state.select([5], { extend: true });
    expect(state.view.selected_residues.value).toEqual([]);
  });

  test("the same residues again are no news", () => {
    const state = testState();
    state.select([2, 5]);
    expect(
      changes(
        () => state.view.selected_residues.value,
        () => state.select([5, 2]),
      ),
    ).toBe(0);
  });

  test("a link selects its residues, a later selection lets go of the link", () => {
    const state = testState();
    state.selectLink([9, 3]);
    expect(state.view.selected_residues.value).toEqual([3, 9]);
    expect(state.view.selected_link.value).toEqual([9, 3]);
    state.select([3], { extend: true });
    expect(state.view.selected_residues.value).toEqual([9]);
    expect(state.view.selected_link.value).toBeNull();
  });

  test("link and residues change in one step", () => {
    const state = testState();
    expect(
      changes(
        () => [state.view.selected_residues.value, state.view.selected_link.value],
        () => state.selectLink([9, 3]),
      ),
    ).toBe(1);
  });

  test("a block selects its residues and shows the links within it; other residues unselect it", () => {
    const state = testState({}, { partners: 1000, min_separation: 1 });
    state.selectBlock([2, 4, 3, 9]);
    expect(state.view.selected_residues.value).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
    expect(state.spoken.value).toBe("selected the block A:ALA12 to A:ALA14 × A:ALA13 to A:ALA19");
    expect(state.words.selection({ short: true })).toBe("selected A:ALA12–ALA14 × A:ALA13–ALA19");
    const within = (query: number, key: number) => query >= 2 && query <= 4 && key >= 3 && key <= 9;
    const seen = () => Array.from(state.shown.value.query, (from, n) => [from, state.shown.value.key[n]]);
    expect(seen().every(([query, key]) => within(query, key) || within(key, query))).toBe(true);
    expect(seen().some(([query, key]) => !within(query, key))).toBe(true);
    state.view.combine.value = "directed";
    expect(seen().length).toBeGreaterThan(10);
    expect(seen().every(([query, key]) => within(query, key))).toBe(true);
    state.selectLink([3, 8]);
    expect(state.view.selected_block.value).toEqual([2, 4, 3, 9]);
    state.select([3]);
    expect(state.view.selected_block.value).toBeNull();
    state.undoSelection();
    expect(state.view.selected_block.value).toEqual([2, 4, 3, 9]);
    state.selectLink([15, 18]);
    expect([state.view.selected_block.value, state.view.selected_residues.value]).toEqual([null, [15, 18]]);
  });

  test("a change is undone, a drag as one; what is undone is not undone again", () => {
    const state = testState();
    const seen = () => [state.view.selected_residues.value, state.view.selected_link.value];
    state.undoSelection();
    expect(seen()).toEqual([[], null]);
    expect(state.history.canUndo.value).toBe(false);
    state.select([4]);
    state.stepLink(1);
    const stepped = seen();
    state.select([9]);
    state.select([9, 10], { ongoing: true });
    state.select([9, 10, 11], { ongoing: true });
    state.selectLink([2, 15]);
    state.undoSelection();
    expect(seen()).toEqual([[9, 10, 11], null]);
    state.undoSelection();
    expect(seen()).toEqual(stepped);
    expect(state.spoken.value).toBe("selected A:ALA14");
    state.undoSelection();
    expect(seen()).toEqual([[], null]);
    expect(state.history.canUndo.value).toBe(false);
    // What Python selects is undone, too.
    state.view.selected_residues.value = [7];
    state.undoSelection();
    expect(seen()).toEqual([[], null]);
  });

  test("clear", () => {
    const state = testState();
    state.selectLink([1, 8]);
    state.clear();
    expect(state.view.selected_residues.value).toEqual([]);
    expect(state.view.selected_link.value).toBeNull();
    expect(state.spoken.value).toBe("nothing selected");
  });

  test("is spoken by label, long ones run by run", () => {
    const state = testState();
    state.select([0, 3]);
    expect(state.spoken.value).toBe("selected A:ALA10, A:ALA13");
    state.select([0, 3, 4, 5, 9]);
    expect(state.spoken.value).toBe("selected 5 residues: A:ALA10, A:ALA13 to A:ALA15, A:ALA19");
    state.select([0, 2, 4, 6, 8, 10]);
    expect(state.spoken.value).toBe("selected 6 residues: A:ALA10, A:ALA12, A:ALA14, A:ALA16 and 2 more runs");
  });

  test("no run goes on from one chain to the next", () => {
    const segments = [
      { chain_id: "A", start: 0, stop: 12 },
      { chain_id: "B", start: 12, stop: 20 },
    ];
    const state = testState({ meta: { segments } });
    state.select([10, 11, 12, 13, 14]);
    expect(state.spoken.value).toBe("selected 5 residues: A:ALA20 to A:ALA21, A:ALA22 to A:ALA24");
  });

  test("steps from link to link by weight, and stops at both ends", () => {
    const state = testState({}, { top_k: 3 });
    const { query, key } = state.links.value;
    const at = (n: number) => [query[n], key[n]];
    const seen = ([1, 1, 1, 1, -1] as const).map((step) => {
      state.stepLink(step);
      return state.view.selected_link.value;
    });
    expect(seen).toEqual([at(0), at(1), at(2), at(2), at(1)]);
    expect(state.spoken.value).toBe(`link 2 of 3: ${state.words.pair(query[1], key[1])}`);
    // A link of two equal directions goes by either name; another starts anew.
    state.selectLink([key[1], query[1]]);
    state.stepLink(1);
    expect(state.view.selected_link.value).toEqual(at(2));
    state.selectLink([4, 5]);
    state.stepLink(-1);
    expect(state.view.selected_link.value).toEqual(at(0));
  });

  test("there is no step where there is no link", () => {
    const state = testState({}, { threshold: 1 });
    state.stepLink(1);
    expect(state.view.selected_link.value).toBeNull();
    expect(state.spoken.value).toBe("no links");
  });
});

describe("links", () => {
  test("with a selection they are the strongest that touch it, however weak beside the head's others", () => {
    const state = testState({}, { top_k: 2, partners: 9 });
    const strongest = state.links.value;
    expect(state.shown.value).toBe(strongest);
    const question = { topK: 1e6, threshold: 0, minSeparation: 6, combine: "max" as const };
    const all = state.mapSet.value.links.select(state.entry.value, question);
    const spare = [...all.query.keys()].map((n) => [all.query[n], all.key[n]]);
    const lonely = Array.from({ length: 20 }, (_, residue) => residue).filter(
      (residue) => ![...strongest.query, ...strongest.key].includes(residue),
    );
    state.select(lonely.slice(0, 2));
    const { query, key, reaching } = state.shown.value;
    const expected = spare.filter((ends) => ends.some((end) => end === lonely[0] || end === lonely[1]));
    expect(Array.from(query, (from, n) => [from, key[n]])).toEqual(expected.slice(0, 9));
    expect(reaching).toBe(expected.length);
    expect(expected.length).toBeGreaterThan(9);
    expect(state.links.value).toBe(strongest);
  });

  test("a link of selected residues leaves them selected, and is stepped on from", () => {
    const state = testState();
    state.select([4]);
    const { query, key } = state.shown.value;
    const seen = ([1, 1, -1] as const).map((step) => {
      state.stepLink(step);
      expect(state.view.selected_residues.value).toEqual([4]);
      return state.view.selected_link.value;
    });
    expect(seen).toEqual([0, 1, 0].map((n) => [query[n], key[n]]));
    expect(state.spoken.value).toBe(`link 1 of ${query.length}: ${state.words.pair(query[0], key[0])}`);
    state.selectLink([9, 15]);
    expect(state.view.selected_residues.value).toEqual([9, 15]);
    // A link's own two residues are no selection to stay for the next.
    state.selectLink([9, 3]);
    expect(state.view.selected_residues.value).toEqual([3, 9]);
    expect(state.view.selected_link.value).toEqual([9, 3]);
  });

  test("follow every control", () => {
    const state = testState();
    const before = [...state.links.value.weight];
    state.view.top_k.value = 5;
    expect([...state.links.value.weight]).toEqual(before.slice(0, 5));
    state.view.top_k.value = 1000;
    state.view.threshold.value = before[9];
    expect(Math.min(...state.links.value.weight)).toBeGreaterThanOrEqual(before[9]);
    state.view.min_separation.value = 15;
    const { query, key } = state.links.value;
    query.forEach((from, n) => expect(Math.abs(from - key[n])).toBeGreaterThanOrEqual(15));
  });

  test("those on residues without coordinates are counted", () => {
    const state = testState({ unobserved: [0, 1, 2] });
    const { query, key } = state.shown.value;
    const expected = Array.from(query, (from, n) => Math.min(from, key[n]) <= 2).filter(Boolean).length;
    expect(expected).toBeGreaterThan(0);
    expect(state.undrawn.value).toBe(expected);
    state.select([15]);
    expect(state.undrawn.value).toBeLessThan(expected);
  });
});

test("what is read out of a residue: its label, what it receives, and that it has no coordinates", () => {
  const state = testState({ unobserved: [3] });
  expect(state.words.reading(2)).toMatch(/^A:ALA12 · receives 0\.\d+ on average$/);
  expect(state.words.reading(3)).toMatch(/^A:ALA13 · no coordinates · receives 0\.\d+ on average$/);
});

describe("hover", () => {
  test("an equal one is no news, whichever object says it", () => {
    const state = testState();
    state.setHover({ kind: "link", query: 1, key: 9 });
    expect(
      changes(
        () => state.hover.value,
        () => state.setHover({ kind: "link", query: 1, key: 9 }),
      ),
    ).toBe(0);
    expect(
      changes(
        () => state.hover.value,
        () => state.setHover({ kind: "link", query: 9, key: 1 }),
      ),
    ).toBe(1);
    expect(
      changes(
        () => state.hover.value,
        () => state.setHover({ kind: "residue", residue: 9 }),
      ),
    ).toBe(1);
    expect(
      changes(
        () => state.hover.value,
        () => state.setHover(null),
      ),
    ).toBe(1);
    expect(
      changes(
        () => state.hover.value,
        () => state.setHover(null),
      ),
    ).toBe(0);
  });
});

describe("heads", () => {
  test("labels out of range are brought inside", () => {
    const state = testState({ nLayers: 2, nHeads: 3 });
    state.chooseHead(9, 9);
    expect([state.view.layer.value, state.view.head.value]).toEqual([2, 3]);
    state.chooseHead(0, 0);
    expect([state.view.layer.value, state.view.head.value]).toEqual([1, 1]);
  });

  test("layer and head change in one step, and are spoken", () => {
    const state = testState();
    expect(
      changes(
        () => state.entry.value,
        () => state.chooseHead(2, "mean"),
      ),
    ).toBe(1);
    expect(state.spoken.value).toMatch(/^layer 2, mean of 3 heads: contact precision 0\.\d\d \(chance 0\.05\)$/);
    state.scores.place.value = 1;
    expect(state.words.head()).toMatch(/^layer 2, mean of 3 heads: entropy \(bits\) \d\.\d\d$/);
    state.chooseHead(2, 3);
    expect(state.spoken.value).toMatch(/^head 2-3: /);
  });

  test("entries and labels are each other's inverse", () => {
    const state = testState({ nLayers: 3, nHeads: 4 });
    for (let entry = 0; entry < 15; entry++) {
      state.chooseEntry(entry);
      expect(state.entry.value).toBe(entry);
    }
  });

  test("best heads follow each other down the ranking and stop at its ends", () => {
    const state = testState();
    const ranked = state.scene.attention.ranked(0);
    state.chooseEntry(ranked[4]);
    const visited = Array.from({ length: ranked.length + 2 }, () => {
      state.stepBest(1);
      return state.entry.value;
    });
    const last = ranked[ranked.length - 1];
    expect(visited).toEqual([...ranked, last, last]);
    state.stepBest(-1);
    expect(state.entry.value).toBe(ranked[ranked.length - 2]);
    state.chooseEntry(ranked[5]);
    state.stepBest(1);
    expect(state.entry.value).toBe(ranked[0]);
    state.stepBest(-1);
    expect(state.entry.value).toBe(ranked[0]);
  });

  test("away from the head that stepping ended on and back, or by another score, the best comes first", () => {
    const state = testState();
    const ranked = state.scene.attention.ranked(0);
    for (const leave of [() => state.chooseEntry(ranked[5]), () => (state.scores.place.value = 1)]) {
      state.scores.place.value = 0;
      state.chooseEntry(ranked[3]);
      for (let n = 0; n < 4; n++) state.stepBest(1);
      expect(state.entry.value).toBe(ranked[3]);
      leave();
      state.scores.place.value = 0;
      state.chooseEntry(ranked[3]);
      state.stepBest(1);
      expect(state.entry.value).toBe(ranked[0]);
    }
  });

  test("best heads by another score", () => {
    const state = testState();
    state.scores.place.value = 1;
    state.stepBest(1);
    expect(state.entry.value).toBe(state.scene.attention.ranked(1)[0]);
  });
});

describe("dense maps", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const settle = () => vi.advanceTimersByTimeAsync(0);

  /** Answers only when told to. */
  class SlowMaps implements MapSource {
    readonly immediate = false;
    readonly asked: string[] = [];
    private readonly waiting = new Map<
      string,
      { resolve: (map: EncodedMap) => void; reject: (error: Error) => void }
    >();

    requestMap(kind: string, entry: number): Promise<EncodedMap> {
      const name = `${kind} ${entry}`;
      this.asked.push(name);
      return new Promise((resolve, reject) => this.waiting.set(name, { resolve, reject }));
    }
    async requestSet(): Promise<EncodedMapSet> {
      throw new Error("none here");
    }
    async answer(name: string, map: EncodedMap): Promise<void> {
      this.waiting.get(name)!.resolve(map);
      await settle();
    }
    async fail(name: string, error: Error): Promise<void> {
      this.waiting.get(name)!.reject(error);
      await settle();
    }
  }

  test("from the page: asked for at once, by position", async () => {
    const scene = testScene();
    const maps = new ReadyMaps(scene.nResidues);
    const state = new ExplorerState(scene, testView({ layer: 2, head: "mean" }), maps);
    await settle();
    expect(maps.asked).toEqual([["attention", 7]]);
    expect(state.map.value.status).toBe("ready");
    state.chooseHead(1, 3);
    expect(maps.asked).toEqual([
      ["attention", 7],
      ["attention", 2],
    ]);
  });

  test("a map seen before is not asked for again", async () => {
    const scene = testScene();
    const maps = new ReadyMaps(scene.nResidues);
    const state = new ExplorerState(scene, testView(), maps);
    await settle();
    const first = state.map.value;
    state.chooseHead(1, 2);
    await settle();
    expect(state.map.value).not.toEqual(first);
    state.chooseHead(1, 1);
    expect(state.map.value).toEqual(first);
    expect(maps.asked.length).toBe(2);
  });

  test("maps are forgotten, the one longest unseen first", async () => {
    const scene = testScene({ nLayers: 15, nHeads: 3 });
    const maps = new ReadyMaps(scene.nResidues);
    const state = new ExplorerState(scene, testView(), maps);
    await settle();
    for (let entry = 1; entry < 60; entry++) {
      state.chooseEntry(entry);
      await settle();
      if (entry % 10 === 0) state.chooseEntry(0);
    }
    expect(maps.asked.length).toBe(60);
    state.chooseEntry(1);
    await settle();
    expect(maps.asked.length).toBe(61);
    state.chooseEntry(0);
    state.chooseEntry(59);
    await settle();
    expect(maps.asked.length).toBe(61);
  });

  test("from a kernel: asked for once the choice rests", async () => {
    const maps = new SlowMaps();
    const state = new ExplorerState(testScene(), testView(), maps);
    for (const head of [2, 3, 2, 3]) {
      await vi.advanceTimersByTimeAsync(20);
      state.chooseHead(1, head);
    }
    expect(maps.asked).toEqual([]);
    expect(state.map.value).toEqual({ status: "loading", reason: "loading the full map" });
    await vi.advanceTimersByTimeAsync(100);
    expect(maps.asked).toEqual(["attention 2"]);
    await maps.answer("attention 2", flatMap(20, 51, 0.25));
    expect(state.map.value.status).toBe("ready");
    expect(state.cell(3, 4)).toBeCloseTo(0.25 * 0.04, 12);
  });

  test("a busy kernel is said to be busy, and its late answer is shown", async () => {
    const maps = new SlowMaps();
    const state = new ExplorerState(testScene(), testView(), maps);
    await vi.advanceTimersByTimeAsync(3000);
    expect(state.map.value).toMatchObject({ status: "unavailable", reason: expect.stringContaining("busy") });
    expect(state.cell(0, 1)).toBeNaN();
    await maps.answer("attention 0", flatMap(20));
    expect(state.map.value.status).toBe("ready");
    await vi.advanceTimersByTimeAsync(10_000);
    expect(state.map.value.status).toBe("ready");
  });

  test("a quick answer is never followed by the word busy", async () => {
    const maps = new SlowMaps();
    const state = new ExplorerState(testScene(), testView(), maps);
    await vi.advanceTimersByTimeAsync(100);
    await maps.answer("attention 0", flatMap(20));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(state.map.value.status).toBe("ready");
  });

  test("an answer for a head left behind is kept but not shown", async () => {
    const maps = new SlowMaps();
    const state = new ExplorerState(testScene(), testView(), maps);
    await vi.advanceTimersByTimeAsync(100);
    state.chooseHead(1, 2);
    await vi.advanceTimersByTimeAsync(100);
    await maps.answer("attention 0", flatMap(20, 10));
    expect(state.map.value.status).toBe("loading");
    await maps.answer("attention 1", flatMap(20, 20));
    expect(state.map.value).toMatchObject({ status: "ready", map: { steps: expect.any(Uint8Array) } });
    state.chooseHead(1, 1);
    expect(state.map.value.status).toBe("ready");
    expect(maps.asked.length).toBe(2);
  });

  test("a refusal is shown in its own words, and asked about again later", async () => {
    const maps = new SlowMaps();
    const state = new ExplorerState(testScene(), testView(), maps);
    await vi.advanceTimersByTimeAsync(100);
    await maps.fail("attention 0", new Error("out of memory"));
    expect(state.map.value).toEqual({ status: "unavailable", reason: "out of memory" });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(state.map.value).toEqual({ status: "unavailable", reason: "out of memory" });
    state.chooseHead(1, 2);
    state.chooseHead(1, 1);
    await vi.advanceTimersByTimeAsync(100);
    expect(maps.asked).toEqual(["attention 0", "attention 0"]);
  });

  test("a map that cannot be decoded is a refusal, not an exception", async () => {
    const maps = new SlowMaps();
    const state = new ExplorerState(testScene(), testView(), maps);
    await vi.advanceTimersByTimeAsync(100);
    await maps.answer("attention 0", { ...flatMap(20), dtype: "float32" });
    expect(state.map.value).toMatchObject({ status: "unavailable", reason: expect.stringContaining("uint8") });
  });

  test("after dispose nothing is asked and nothing changes", async () => {
    const maps = new SlowMaps();
    const state = new ExplorerState(testScene(), testView(), maps);
    state.dispose();
    await vi.advanceTimersByTimeAsync(5000);
    expect(maps.asked).toEqual([]);
    expect(state.map.value.status).toBe("loading");
    state.chooseHead(2, 2);
    await vi.advanceTimersByTimeAsync(5000);
    expect(maps.asked).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("what a pair weighs", () => {
  /** A state with links 0 → 8 of 0.5 and 8 → 0 of 0.25, and a map in which every cell is 0.125. */
  async function pairState(combine: "max" | "mean" | "directed"): Promise<ExplorerState> {
    const encoded = encodedScene();
    const entries = 8;
    const pairs = 190;
    const [forward, backward] = [new Uint16Array(entries * pairs), new Uint16Array(entries * pairs)];
    for (let entry = 0; entry < entries; entry++) {
      // The pairs of residue 0 come first: (0, 8) is the eighth.
      forward[entry * pairs + 7] = 128;
      backward[entry * pairs + 7] = 64;
    }
    encoded.attention.arrays.links_forward.data = forward.buffer;
    encoded.attention.arrays.links_backward.data = backward.buffer;
    const source: MapSource = {
      immediate: true,
      requestSet: () => Promise.reject(new Error("none")),
      requestMap: async () => flatMap(20, 255, 0.125),
    };
    const state = new ExplorerState(new Scene(encoded), testView({ combine }), source);
    await new Promise((resolve) => setTimeout(resolve, 0));
    return state;
  }

  test("max: a drawn link its weight, the other direction its own cell", async () => {
    const state = await pairState("max");
    expect(state.weight(0, 8)).toBe(0.5);
    expect(state.weight(8, 0)).toBe(0.125);
    expect(state.weight(3, 12)).toBe(0.125);
  });

  test("directed: each its own", async () => {
    const state = await pairState("directed");
    expect([state.weight(0, 8), state.weight(8, 0)]).toEqual([0.5, 0.25]);
  });

  test("mean: one for both", async () => {
    const state = await pairState("mean");
    expect([state.weight(0, 8), state.weight(8, 0)]).toEqual([0.375, 0.375]);
    expect(state.weight(3, 12)).toBe(0.125);
    expect(state.words.pair(0, 8)).toContain("A:ALA10 ↔ A:ALA18 · 0.38 · ");
  });

  test("in words: labels, weight, distance, contact or not", async () => {
    const state = await pairState("max");
    const { scene } = state;
    const contact = scene.isContact(0, 8) ? "contact" : "no contact";
    expect(state.words.pair(0, 8)).toBe(`A:ALA10 → A:ALA18 · 0.50 · ${scene.distance(0, 8).toFixed(1)} Å · ${contact}`);
  });

  test("neighbours in the sequence are neither in contact nor not; a residue by itself is named once", async () => {
    const state = await pairState("max");
    expect(state.words.pair(3, 8)).toMatch(/^A:ALA13 → A:ALA18 · 0\.13 · \d+\.\d Å · near in sequence$/);
    expect(state.words.pair(3, 9)).toMatch(/ Å · (contact|no contact)$/);
    expect(state.words.pair(4, 4)).toBe("A:ALA14 to itself · 0.13");
  });

  test("the ends of two chains are not near in the sequence", () => {
    const segments = [
      { chain_id: "A", start: 0, stop: 10 },
      { chain_id: "B", start: 10, stop: 20 },
    ];
    const { places } = testScene({ meta: { segments } });
    expect([places[0].relation(8, 9), places[0].relation(9, 10)]).toEqual(["near", "apart"]);
  });

  test("without coordinates or a map", () => {
    const scene = testScene({ unobserved: [5] });
    const state = new ExplorerState(scene, testView({ top_k: 0 }), new ReadyMaps(20, false));
    expect(state.words.pair(5, 14)).toBe("A:ALA15 → A:ALA24 · – · no coordinates");
    state.dispose();
  });
});

test.each([
  [Number.NaN, "–"],
  [0.1234, "0.12"],
  [12.34, "12.3"],
  [-12.34, "-12.3"],
  [1234.5, "1235"],
  [0, "0.00"],
  [0.0043, "0.0043"],
  [-0.0312, "-0.031"],
  [0.0999, "0.10"],
])("score %d reads %s", (value, text) => {
  expect(formatScore(value)).toBe(text);
});

test.each([
  [0.1234, "0.12"],
  [0, "0.00"],
  [0.0043, ".004"],
  [-0.0043, "-.004"],
  [0.00043, "~0"],
])("score %d reads %s in a cell", (value, text) => {
  expect(formatScore(value, { short: true })).toBe(text);
});

describe("kinds of map", () => {
  const settle = () => new Promise((resolve) => setTimeout(resolve, 0));

  /** A source that has one other kind of map: a single one, with one link. */
  class OneMore extends ReadyMaps {
    override async requestSet(kind: string): Promise<EncodedMapSet> {
      if (kind !== "couplings") return super.requestSet(kind);
      const { arrays } = encodedScene({ nLayers: 1, nHeads: 0, seed: 9 }).attention;
      const { map_kinds } = testScene().meta;
      const meta = map_kinds.find(({ name }) => name === kind)!;
      return { meta: { ...meta, shape: [1, 1], received_scale: 1, chances: [null, null] }, arrays };
    }
  }

  test("another kind brings its own links, scores and grid", async () => {
    const scene = testScene();
    const state = new ExplorerState(scene, testView({ layer: 2, head: 3 }), new OneMore(scene.nResidues));
    const before = state.links.value;
    state.view.map.value = "couplings";
    expect(state.mapSetNote.value).toContain("couplings");
    await settle();
    expect(state.mapSet.value.meta.name).toBe("couplings");
    expect(state.mapSetNote.value).toBe("");
    expect(state.entry.value).toBe(0);
    expect(state.links.value).not.toEqual(before);
    expect(state.words.head()).toMatch(/^couplings: /);
    state.view.map.value = "attention";
    expect(state.mapSet.value).toBe(scene.attention);
    expect(state.links.value).toEqual(before);
  });

  test("a refusal leaves what was shown, and says why", async () => {
    const scene = testScene();
    const state = new ExplorerState(scene, testView(), new OneMore(scene.nResidues));
    state.view.map.value = "rollout";
    await settle();
    expect(state.mapSet.value).toBe(scene.attention);
    expect(state.view.map.value).toBe("attention");
    expect(state.mapSetNote.value).toContain("there is no rollout here");
  });

  test("the reason for a refusal goes once another kind is chosen, known or not", async () => {
    const scene = testScene();
    const state = new ExplorerState(scene, testView(), new OneMore(scene.nResidues));
    for (const chosen of ["couplings", "attention", "couplings"]) {
      state.view.map.value = "rollout";
      await settle();
      expect(state.mapSetNote.value).toContain("there is no rollout here");
      state.view.map.value = chosen;
      expect(state.mapSetNote.value).not.toContain("rollout");
      await settle();
      expect(state.mapSetNote.value).toBe("");
      expect(state.mapSet.value.meta.name).toBe(chosen);
    }
  });

  test("a kernel that does not answer is said, with what is still shown; its answer is taken all the same", async () => {
    vi.useFakeTimers();
    try {
      const scene = testScene();
      let answer: (set: EncodedMapSet) => void = () => {};
      class Silent extends OneMore {
        override readonly immediate = false;
        override requestSet(): Promise<EncodedMapSet> {
          return new Promise((resolve) => (answer = resolve));
        }
      }
      const maps = new Silent(scene.nResidues, false);
      const state = new ExplorerState(scene, testView(), maps);
      state.view.map.value = "couplings";
      expect(state.mapSetNote.value).toBe("computing: couplings");
      await vi.advanceTimersByTimeAsync(1600);
      expect(state.mapSetNote.value).toMatch(/computing: couplings.*Python.*busy or stopped.*still shown: attention/);
      answer(await new OneMore(scene.nResidues).requestSet("couplings"));
      await vi.advanceTimersByTimeAsync(0);
      expect([state.mapSet.value.meta.name, state.mapSetNote.value]).toEqual(["couplings", ""]);
      // Another choice takes the impatience with it.
      state.view.map.value = "rollout";
      state.view.map.value = "attention";
      await vi.advanceTimersByTimeAsync(5000);
      expect(state.mapSetNote.value).toBe("");
      state.dispose();
    } finally {
      vi.useRealTimers();
    }
  });

  test("a refusal that comes after another choice says nothing", async () => {
    const scene = testScene();
    const state = new ExplorerState(scene, testView(), new OneMore(scene.nResidues));
    state.view.map.value = "rollout";
    state.view.map.value = "couplings";
    await settle();
    expect(state.mapSetNote.value).toBe("");
    expect(state.view.map.value).toBe("couplings");
  });
});
