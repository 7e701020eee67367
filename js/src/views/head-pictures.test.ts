import { describe, expect, test, vi } from "vitest";
import type { MapSource } from "../model/map-fetcher";
import { freshPages, type Mounted, point, press, settled } from "../testing/page";
import { flatMap, ReadyMaps } from "../testing/scenes";
import { shrink } from "./head-pictures";

const N = 20;
const SIDE = 4;
const page = freshPages();

function open(source: Partial<MapSource>): Mounted {
  return page.open({}, {}, Object.assign(new ReadyMaps(N), source));
}

/** Pictures of eight maps. */
const requestSmallMaps = async () => ({
  steps: { ...flatMap(1), shape: [8, SIDE, SIDE], data: new Uint8Array(8 * SIDE ** 2).fill(9).buffer },
  scale: { dtype: "float32" as const, shape: [8], data: new Float32Array(8).fill(1).buffer },
});

describe("pictures of all heads", () => {
  test("are asked for when somebody wants to see them, once", async () => {
    const asked = vi.fn(requestSmallMaps);
    const { all, find } = open({ requestSmallMaps: asked });
    expect(asked).not.toHaveBeenCalled();
    find(".pv-toggle").click();
    await settled();
    expect(all(".pv-cell canvas")).toHaveLength(8);
    expect(find(".pv-toggle").getAttribute("aria-pressed")).toBe("true");
    press(find(".pv-grid"), "m");
    expect(all(".pv-cell canvas")).toHaveLength(0);
    press(find(".pv-grid"), "m");
    await settled();
    expect(all(".pv-cell canvas")).toHaveLength(8);
    expect(asked).toHaveBeenCalledExactlyOnceWith("attention");
  });

  test("stay when the score changes, and are enlarged where one points", async () => {
    const { all, find, state } = open({ requestSmallMaps });
    find(".pv-toggle").click();
    await settled();
    state.scores.place.value = 1;
    expect(all(".pv-cell canvas")).toHaveLength(8);
    expect(find(".pv-largemap").hidden).toBe(true);
    point(all("[role=gridcell]")[2], "pointerover");
    expect(find(".pv-largemap").hidden).toBe(false);
    expect(find(".pv-cellline").textContent).toContain("layer 1, head 3");
    point(find(".pv-grid"), "pointerleave");
    expect(find(".pv-largemap").hidden).toBe(true);
    point(all("[role=gridcell]")[2], "pointerover");
    press(find(".pv-grid"), "m");
    expect(find(".pv-largemap").hidden).toBe(true);
  });

  test("say why they are not there", async () => {
    const { find } = open({
      requestSmallMaps: async () => {
        throw new Error("no kernel");
      },
    });
    find(".pv-toggle").click();
    expect(find(".pv-meaning").textContent).toContain("being made");
    await settled();
    expect(find(".pv-meaning").textContent).toContain("no kernel");
  });
});

describe("shrink", () => {
  test("keeps the strongest of what falls together", () => {
    const steps = Uint8Array.from([1, 2, 0, 0, 3, 4, 0, 9, 0, 0, 0, 0, 0, 5, 0, 0]);
    const map = { steps, scale: 1, signed: false };
    expect([...shrink(map, 4, 2).steps]).toEqual([4, 9, 5, 0]);
    expect(shrink(map, 4, 4)).toBe(map);
    expect(shrink(map, 4, 9)).toBe(map);
  });

  test("of signed maps on either side of 0, and what is not known is not the strongest", () => {
    const steps = Uint8Array.from([128, 0, 100, 140]);
    expect([...shrink({ steps, scale: 1, signed: true }, 2, 1).steps]).toEqual([100]);
  });
});
