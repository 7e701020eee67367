import { describe, expect, test } from "vitest";
import { ReadyMaps, testScene, testView } from "../testing/scenes";
import type { MapSource } from "./map-fetcher";
import { ExplorerState } from "./state";

function testState(view: Parameters<typeof testView>[0] = {}, source?: MapSource): ExplorerState {
  const scene = testScene();
  return new ExplorerState(scene, testView(view), source ?? new ReadyMaps(scene.nResidues));
}

const named = (state: ExplorerState) => state.heads.value.map(({ place, name }) => `${place} ${name}`);

describe("overlaid heads", () => {
  test("have the links they would have if they were chosen", () => {
    const state = testState({
      layer: 2,
      head: 1,
      overlay_heads: [
        [1, 3],
        [2, "mean"],
      ],
    });
    expect(named(state)).toEqual(["0 2-1", "1 1-3", "2 2-mean"]);
    const [, one, other] = state.heads.value;
    for (const { links, heaviest, name } of [one, other]) {
      const [layer, head] = name.split("-");
      const alone = testState({ layer: Number(layer), head: head === "mean" ? head : Number(head) });
      expect(links).toEqual(alone.links.value);
      expect(heaviest).toBe(alone.links.value.weight[0]);
    }
    state.view.top_k.value = 3;
    expect(state.heads.value.map(({ links }) => links.query.length)).toEqual([3, 3, 3]);
  });

  test("are drawn once, in their own colour, when one of them is chosen", () => {
    const state = testState({
      layer: 2,
      head: 1,
      overlay_heads: [
        [2, 1],
        [1, 3],
      ],
    });
    expect(named(state)).toEqual(["0 2-1", "2 1-3"]);
    state.chooseHead(1, 3);
    expect(named(state)).toEqual(["0 1-3", "1 2-1"]);
  });

  test("come and go, and a third takes the place of the first", () => {
    const state = testState({ layer: 1, head: 1 });
    state.toggleOverlay(1, 2);
    state.toggleOverlay(1, 3);
    expect(state.view.overlay_heads.value).toEqual([
      [1, 2],
      [1, 3],
    ]);
    expect(state.spoken.value).toContain("1-3 stays drawn");
    state.toggleOverlay(2, "mean");
    expect(state.view.overlay_heads.value).toEqual([
      [1, 3],
      [2, "mean"],
    ]);
    state.toggleOverlay(1, 3);
    expect(state.view.overlay_heads.value).toEqual([[2, "mean"]]);
    state.endOverlay();
    expect(state.heads.value).toHaveLength(1);
  });

  test("with a selection have the strongest links that touch it, from their own full maps", async () => {
    const source = new ReadyMaps(20);
    const state = testState({ layer: 2, head: 1, overlay_heads: [[1, 3]] }, source);
    state.select([4]);
    const [chosen, other] = state.heads.value;
    expect(chosen.links).toEqual(state.shown.value);
    const touching = ({ query, key }: typeof other.links) => [...query].every((one, n) => one === 4 || key[n] === 4);
    expect(touching(other.links)).toBe(true);
    // A page has the map of the head at once.
    await new Promise((resolve) => setTimeout(resolve, 0));
    expect(source.asked).toContainEqual(["attention", 2]);
    const { links } = state.heads.value[1];
    expect(touching(links)).toBe(true);
    const alone = testState({ layer: 1, head: 3, selected_residues: [4] }, new ReadyMaps(20));
    await new Promise((resolve) => setTimeout(resolve, 0));
    expect(links).toEqual(alone.shown.value);
    for (const one of [state, alone]) one.dispose();
  });

  test("are asked of Python, each for itself", async () => {
    const asked: number[] = [];
    const never = new Promise<never>(() => {});
    const source: MapSource = {
      immediate: false,
      requestMap: () => never,
      requestSet: () => never,
      requestLinks: (_, entry) => {
        asked.push(entry);
        return never;
      },
    };
    const state = testState(
      {
        layer: 2,
        head: 1,
        overlay_heads: [
          [1, 3],
          [2, 2],
        ],
        selected_residues: [4],
      },
      source,
    );
    await new Promise((resolve) => setTimeout(resolve, 120));
    expect(asked.sort()).toEqual([2, 4, 5]);
    state.dispose();
  });

  test("a pair weighs what it does in the head it is of", () => {
    const state = testState({ layer: 2, head: 1, overlay_heads: [[1, 3]] });
    const { links } = state.heads.value[1];
    const [query, key] = [links.query[0], links.key[0]];
    expect(state.words.pair(query, key, 1)).toContain(`1-3: ${state.scene.label(query)}`);
    expect(state.words.pair(query, key, 1)).toContain(` · ${links.weight[0].toFixed(2)} · `);
    expect(state.words.pair(query, key)).toContain(`2-1: ${state.scene.label(query)}`);
    state.endOverlay();
    expect(state.words.pair(query, key)).toMatch(/^A:/);
  });
});
