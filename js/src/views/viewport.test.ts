import { describe, expect, test } from "vitest";
import { random } from "../testing/random";
import { Viewport } from "./viewport";

test("at first all residues fill it", () => {
  const view = new Viewport(60, 300);
  expect(view.cell).toBe(5);
  expect(view.zoomed).toBe(false);
  expect(view.residueAt("x", 0)).toBe(0);
  expect(view.residueAt("x", 4.99)).toBe(0);
  expect(view.residueAt("y", 5)).toBe(1);
  expect(view.residueAt("x", 299.9)).toBe(59);
  expect([view.residueAt("x", -0.1), view.residueAt("x", 300)]).toEqual([-1, -1]);
});

describe("random walks", () => {
  test.each(Array.from({ length: 30 }, (_, seed) => seed))("seed %i", (seed) => {
    const source = random(seed);
    const view = new Viewport(source.whole(1, 400), source.whole(100, 460));
    const smallest = Math.min(8, view.nResidues);
    for (let step = 0; step < 100; step++) {
      if (source.real() < 0.5)
        view.zoom(Math.exp(2 * source.real() - 1), view.size * source.real(), view.size * source.real());
      else if (source.real() < 0.7) view.pan(1000 * source.real() - 500, 1000 * source.real() - 500);
      else view.reveal(source.whole(0, view.nResidues - 1), source.whole(0, view.nResidues - 1));

      expect(view.span).toBeGreaterThanOrEqual(smallest - 1e-9);
      expect(view.span).toBeLessThanOrEqual(view.nResidues);
      for (const axis of ["x", "y"] as const) {
        expect(view[axis]).toBeGreaterThanOrEqual(0);
        expect(view[axis] + view.span).toBeLessThanOrEqual(view.nResidues + 1e-9);
        const pixel = view.size * source.real();
        const residue = view.residueAt(axis, pixel);
        expect(residue).toBeGreaterThanOrEqual(0);
        expect(view.pixelOf(axis, residue)).toBeLessThanOrEqual(pixel + 1e-6);
        expect(view.pixelOf(axis, residue + 1)).toBeGreaterThan(pixel - 1e-6);
      }
    }
    view.reset();
    expect([view.x, view.y, view.span]).toEqual([0, 0, view.nResidues]);
  });
});

describe("zoom", () => {
  test("what lies under the pointer stays there", () => {
    const view = new Viewport(200, 400);
    view.zoom(4, 200, 200);
    for (const [factor, px, py] of [
      [1.5, 130, 310],
      [0.8, 250, 120],
      [1.1, 77.5, 210],
    ]) {
      const before = [view.x + px / view.cell, view.y + py / view.cell];
      view.zoom(factor, px, py);
      expect(view.x + px / view.cell).toBeCloseTo(before[0], 9);
      expect(view.y + py / view.cell).toBeCloseTo(before[1], 9);
    }
  });

  test("never past all residues, never below eight", () => {
    const view = new Viewport(200, 400);
    view.zoom(1000, 0, 0);
    expect(view.span).toBe(8);
    view.zoom(0.0001, 400, 400);
    expect([view.span, view.x, view.y]).toEqual([200, 0, 0]);
  });

  test("a chain of fewer residues than that cannot be zoomed", () => {
    const view = new Viewport(5, 300);
    view.zoom(3, 10, 10);
    expect([view.span, view.zoomed]).toEqual([5, false]);
  });
});

test("pan moves the picture with the pointer and stops at the edges", () => {
  const view = new Viewport(100, 400);
  view.zoom(4, 200, 200);
  const { x, y, cell } = view;
  view.pan(-3 * cell, 2 * cell);
  expect(view.x).toBeCloseTo(x + 3, 9);
  expect(view.y).toBeCloseTo(y - 2, 9);
  view.pan(1e6, -1e6);
  expect([view.x, view.y]).toEqual([0, 75]);
});

test("reveal moves only as far as needed", () => {
  const view = new Viewport(100, 400);
  view.zoom(10, 0, 0);
  expect([view.x, view.y, view.span]).toEqual([0, 0, 10]);
  view.reveal(5, 5);
  expect([view.x, view.y]).toEqual([0, 0]);
  view.reveal(12, 30);
  expect([view.y, view.x]).toEqual([3, 21]);
  view.reveal(1, 25);
  expect([view.y, view.x]).toEqual([1, 21]);
});
