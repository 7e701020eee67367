import { describe, expect, test } from "vitest";
import { spread, stepValue, topStep } from "./contrast";

const N = 20;

/** A map of N residues whose cells are what `step` says. */
function mapOf(step: (apart: number, row: number, column: number) => number, signed = false) {
  const steps = Uint8Array.from({ length: N * N }, (_, cell) => {
    const [row, column] = [Math.floor(cell / N), cell % N];
    return step(Math.abs(row - column), row, column);
  });
  return { steps, scale: 0.8, signed };
}

describe("the colours of a map", () => {
  test("reach as far as the far pairs, whatever the diagonal has", () => {
    const map = mapOf((apart) => (apart < 6 ? 255 : 51));
    expect(topStep(map, N)).toEqual({ top: 51, clipped: true });
    expect(stepValue(map, 51)).toBeCloseTo(0.8 * 0.2 ** 2, 12);
  });

  test("let a quarter as many cells as there are residues go beyond", () => {
    const bright = (most: number) => {
      let left = most;
      return mapOf((apart) => (apart >= 6 && left-- > 0 ? 200 : 40));
    };
    expect(topStep(bright(N / 4), N).top).toBe(40);
    expect(topStep(bright(N / 4 + 1), N).top).toBe(200);
  });

  test("of signed maps reach as far either way", () => {
    const map = mapOf((apart, row, column) => (apart < 6 ? 255 : row > column ? 128 - 30 : 128 + 10), true);
    expect(topStep(map, N)).toEqual({ top: 30, clipped: true });
    expect(stepValue(map, 30)).toBeCloseTo(0.8 * (30 / 127) ** 2, 12);
  });

  test("keep all their range where far pairs have nothing", () => {
    expect(
      topStep(
        mapOf((apart) => (apart < 6 ? 180 : 0)),
        N,
      ),
    ).toEqual({ top: 180, clipped: false });
    expect(
      topStep(
        mapOf(() => 0),
        N,
      ),
    ).toEqual({ top: 0, clipped: false });
  });

  test("do not count what is not known, which is grey", () => {
    const map = mapOf((_, row, column) => (row === 3 || column === 3 ? 0 : 128 + 20), true);
    expect(topStep(map, N)).toEqual({ top: 20, clipped: false });
    const palette = Uint32Array.from({ length: 256 }, (_, step) => step);
    const [unknown, lowest] = spread(palette, 20, true);
    expect(unknown.toString(16)).toMatch(/^ff/);
    expect([...palette]).not.toContain(unknown);
    expect(lowest).toBe(1);
  });

  test("are spread over the steps up to the top and stay at the last beyond it", () => {
    const palette = Uint32Array.from({ length: 256 }, (_, step) => step);
    const plain = spread(palette, 51, false);
    expect([0, 17, 51, 52, 255].map((step) => plain[step])).toEqual([0, 85, 255, 255, 255]);
    const signed = spread(palette, 30, true);
    expect([128, 98, 158, 1, 255, 143].map((step) => signed[step])).toEqual([128, 1, 255, 1, 255, 192]);
    expect([...spread(palette, 255, false)]).toEqual([...palette]);
  });
});
