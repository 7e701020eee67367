import { describe, expect, test, vi } from "vitest";
import { flatMap, ReadyMaps, stepsOf, testScene, testView } from "../testing/scenes";
import type { MapSource } from "./map-fetcher";
import { ExplorerState } from "./state";

const N = 20;
const settled = () => new Promise((resolve) => setTimeout(resolve, 100));

function open(source: Partial<MapSource> = {}, immediate = true) {
  const maps: MapSource = Object.assign(new ReadyMaps(N, immediate), source);
  return new ExplorerState(testScene(), testView(), maps);
}

/** Choose the score of the selection that is n-th in the menu. */
function ask(state: ExplorerState, which: number): void {
  state.scores.askSelection();
  state.scores.place.value += which;
}

const REFUSED = async () => {
  throw new Error("too large for this page");
};

describe("scores of the selection", () => {
  test("without one there is none, and it says what to do", () => {
    const state = open();
    ask(state, 0);
    expect(state.scores.values.value.every(Number.isNaN)).toBe(true);
    expect(state.scores.ofSelection.note.value).toBe("select a residue first");
    ask(state, 2);
    state.select([3]);
    expect(state.scores.values.value.every(Number.isNaN)).toBe(true);
    expect(state.scores.ofSelection.note.value).toBe("select two residues first");
    state.dispose();
  });

  test("what residues receive is known of every head", () => {
    const state = open();
    state.select([3, 7]);
    ask(state, 0);
    state.scores.values.value.forEach((value, entry) => {
      const received = state.mapSet.value.received(entry);
      expect(value).toBeCloseTo(received[3] + received[7], 10);
    });
    expect(state.scores.ofSelection.note.value).toBe("");
    expect(state.scores.title()).toBe("attention to A:ALA13, A:ALA17");
    state.dispose();
  });

  test("from the links it holds, and from the full maps once they are read", async () => {
    const values = Float32Array.from({ length: 16 }, (_, n) => n / 100);
    const encoded = { dtype: "float32" as const, shape: [2, 8], data: values.buffer };
    const requestSelection = vi.fn(async () => encoded);
    const state = open({ requestSelection }, false);
    state.select([4]);
    ask(state, 1);
    state.scores.values.value.forEach((value, entry) => expect(value).toBeCloseTo(strongestFrom(entry, [4]), 10));
    expect(state.scores.ofSelection.note.value).toContain("from the strongest links only");
    await settled();
    expect(requestSelection).toHaveBeenCalledExactlyOnceWith("attention", [4], null);
    expect(state.scores.values.value[3]).toBeCloseTo(0.03);
    expect(state.scores.ofSelection.note.value).toBe("");
    // Another selection is another question; the old answer is not taken for it.
    state.select([5]);
    expect(state.scores.values.value[3]).toBeCloseTo(strongestFrom(3, [5]), 10);
    await settled();
    expect(requestSelection).toHaveBeenLastCalledWith("attention", [5], null);
    state.dispose();
  });

  test("a page reads its own maps, and says so when it does not hold them all", async () => {
    const state = open({ requestMap: async (_, entry) => flatMap(N, entry + 1) });
    state.select([4, 15]);
    ask(state, 2);
    await settled();
    expect(state.scores.ofSelection.note.value).toBe("");
    state.scores.values.value.forEach((value, entry) => expect(value).toBeCloseTo(0.5 * ((entry + 1) / 255) ** 2, 6));
    expect(state.scores.title()).toBe("attention A:ALA14 ↔ A:ALA25");
    state.dispose();
    const few = open({ requestMap: REFUSED });
    few.select([4, 15]);
    ask(few, 2);
    await settled();
    expect(few.scores.ofSelection.note.value).toBe("from the strongest links only: too large for this page");
    few.scores.values.value.forEach((value, entry) => {
      const steps = stepsOf(1, entry, N);
      expect(value).toBeCloseTo(Math.max(steps[4 * N + 15], steps[15 * N + 4]) / 256, 10);
    });
    // A link has one direction.
    few.selectLink([15, 4]);
    expect(few.scores.values.value[2]).toBeCloseTo(stepsOf(1, 2, N)[15 * N + 4] / 256, 10);
    expect(few.scores.title()).toBe("attention A:ALA25 → A:ALA14");
    few.dispose();
  });

  test("the head that looks most here is one step away", () => {
    const state = open();
    state.lookHere();
    expect(state.spoken.value).toBe("select a residue first");
    state.select([11]);
    state.lookHere();
    const { values } = state.scores;
    expect(values.value[state.entry.value]).toBe(Math.max(...values.value));
    expect(state.words.head()).toContain("attention to A:ALA21");
    state.dispose();
  });
});

/** The strongest attention from residues to others that are far enough. */
function strongestFrom(entry: number, residues: number[]): number {
  const steps = stepsOf(1, entry, N);
  let most = 0;
  for (const query of residues)
    for (let key = 0; key < N; key++) {
      if (!residues.includes(key) && Math.abs(query - key) >= 6) most = Math.max(most, steps[query * N + key]);
    }
  return most / 256;
}
