import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { encodedScene, flatMap, ReadyMaps, testScene, testView } from "../testing/scenes";
import { formatScore } from "./labels";
import type { MapSource } from "./map-fetcher";
import { Scene } from "./scene";
import { ExplorerState } from "./state";
import type { EncodedMap, EncodedMapSet } from "./wire";

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

  /** A state whose maps come when told to. */
  function slow(): { maps: SlowMaps; state: ExplorerState } {
    const maps = new SlowMaps();
    return { maps, state: new ExplorerState(testScene(), testView(), maps) };
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
    const { maps, state } = slow();
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
    const { maps, state } = slow();
    await vi.advanceTimersByTimeAsync(3000);
    expect(state.map.value).toMatchObject({ status: "unavailable", reason: expect.stringContaining("busy") });
    expect(state.cell(0, 1)).toBeNaN();
    await maps.answer("attention 0", flatMap(20));
    expect(state.map.value.status).toBe("ready");
    await vi.advanceTimersByTimeAsync(10_000);
    expect(state.map.value.status).toBe("ready");
  });

  test("a quick answer is never followed by the word busy", async () => {
    const { maps, state } = slow();
    await vi.advanceTimersByTimeAsync(100);
    await maps.answer("attention 0", flatMap(20));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(state.map.value.status).toBe("ready");
  });

  test("an answer for a head left behind is kept but not shown", async () => {
    const { maps, state } = slow();
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
    const { maps, state } = slow();
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
    const { maps, state } = slow();
    await vi.advanceTimersByTimeAsync(100);
    await maps.answer("attention 0", { ...flatMap(20), dtype: "float32" });
    expect(state.map.value).toMatchObject({ status: "unavailable", reason: expect.stringContaining("uint8") });
  });

  test("after dispose nothing is asked and nothing changes", async () => {
    const { maps, state } = slow();
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
