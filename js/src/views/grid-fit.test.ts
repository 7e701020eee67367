import { describe, expect, test } from "vitest";
import { fitGrid, isNumbered } from "./grid-fit";

/** Width and height of the whole grid, headings and gaps included. */
function extent(rows: number, columns: number, width: number): [number, number] {
  const fit = fitGrid(rows, columns, width);
  const cells = columns > 1 ? fit.width * (columns - 1) + fit.meanWidth : fit.width;
  return [34 + cells + columns, 13 + rows * (fit.height + 1)];
}

describe("fitGrid", () => {
  // Layers and heads of published models, and the widths of the panel: wide, beside another, on a phone.
  test.each([
    [4, 9],
    [6, 21],
    [12, 13],
    [12, 21],
    [30, 17],
    [33, 21],
    [36, 41],
    [48, 41],
  ])("%i layers of %i columns fit always", (rows, columns) => {
    for (const width of [1000, 382, 367, 340, 318]) {
      const [across, down] = extent(rows, columns, width);
      expect(across).toBeLessThanOrEqual(width);
      expect(down).toBeLessThanOrEqual(316);
    }
  });

  test("a given height is kept down to the least size of a cell", () => {
    for (const square of [false, true]) {
      for (const tall of [300, 160, 100]) {
        const { width, height } = fitGrid(8, 9, 342, { square, tall });
        expect(13 + 8 * (height + 1)).toBeLessThanOrEqual(Math.max(tall, 13 + 8 * 11));
        if (square) expect(width).toBe(height);
      }
    }
    expect(fitGrid(8, 9, 342, { tall: 1000 })).toEqual(fitGrid(8, 9, 342));
    expect(fitGrid(33, 21, 342, { tall: 40 }).height).toBe(5);
  });

  test("cells of pictures are square, and large enough to show something", () => {
    for (const [rows, columns] of [
      [5, 9],
      [33, 21],
      [48, 41],
    ]) {
      const { width, height } = fitGrid(rows, columns, 382, { square: true });
      expect(height).toBe(width);
      expect(width).toBeGreaterThanOrEqual(10);
    }
    // All of ESM-2 650M beside the structure, in the compact layout as well.
    expect(20 * fitGrid(33, 21, 302, { square: true }).width + 30 + 34 + 21).toBeLessThanOrEqual(302);
    expect(33 * (fitGrid(33, 21, 382, { square: true }).height + 1) + 13).toBeLessThanOrEqual(556);
  });

  test("one map and one map per layer have a column without a mean", () => {
    expect(fitGrid(1, 1, 382)).toMatchObject({ meanWidth: 0, width: 40, height: 24 });
    expect(fitGrid(33, 1, 382).meanWidth).toBe(0);
  });

  test("the heading of the means has room beside narrow cells, and wide cells are alike", () => {
    expect(fitGrid(33, 21, 382).meanWidth).toBe(30);
    const wide = fitGrid(4, 7, 382);
    expect(wide.meanWidth).toBe(wide.width + 3);
  });

  test("numbers never touch", () => {
    for (const [rows, columns] of [
      [33, 21],
      [48, 41],
      [24, 129],
    ]) {
      const fit = fitGrid(rows, columns, 382);
      expect(fit.headStep * (fit.width + 1)).toBeGreaterThanOrEqual(15);
      expect(fit.layerStep * (fit.height + 1)).toBeGreaterThanOrEqual(10);
    }
    expect([1, 2, 3, 4, 5, 6, 10].filter((label) => isNumbered(label, 5))).toEqual([1, 5, 10]);
    expect([1, 2, 3, 4].filter((label) => isNumbered(label, 2))).toEqual([2, 4]);
    expect([1, 2, 3].filter((label) => isNumbered(label, 1))).toEqual([1, 2, 3]);
  });
});
