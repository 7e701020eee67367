import { effect } from "@preact/signals-core";
import { describe, expect, test } from "vitest";
import { ReadyMaps, testScene, testView } from "../testing/scenes";
import { ExplorerState } from "./state";

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
