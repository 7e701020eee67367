import { describe, expect, test } from "vitest";
import { encode, trackOf } from "../testing/scenes";

function linksOf(pairs: [number, number][]) {
  return {
    query: Uint16Array.from(pairs, ([query]) => query),
    key: Uint16Array.from(pairs, ([, key]) => key),
    weight: new Float64Array(pairs.length),
    sign: new Int8Array(pairs.length).fill(1),
    reaching: 1,
    complete: true,
    floor: 0,
  };
}

const LINKS = linksOf([
  [0, 3],
  [3, 0],
  [1, 2],
  [2, 2],
]);

describe("sites", () => {
  const site = trackOf(Uint8Array.of(0, 1, 1, 0), {
    name: "binding site",
    notes: { 2: "A:HEM1" },
    backgrounds: { "": 0.5 },
  });

  test("look at the residue attended to", () => {
    expect(site.states).toEqual([""]);
    expect(site.combine).toBe("directed");
    expect(site.proportion(LINKS, 4, "")).toBe(2 / 4);
    expect(site.background("")).toBe(0.5);
    expect(site.proportion(linksOf([]), 4, "")).toBeNaN();
  });

  test("are described with their note", () => {
    expect([0, 1, 2].map((residue) => site.describe(residue))).toEqual(["", "binding site", "binding site (A:HEM1)"]);
    expect([0, 1].map((residue) => site.level(residue))).toEqual([-1, 0]);
  });
});

test("states ask one question each, the empty one none", () => {
  const track = trackOf(Uint8Array.of(2, 0, 1, 2), {
    name: "secondary structure",
    kind: "state",
    letters: ["-", "E", "H"],
    legend: { H: "helix", E: "strand", "-": "neither" },
  });
  expect(track.states).toEqual(["E", "H"]);
  expect(track.title("H")).toBe("secondary structure: helix");
  expect(track.proportion(LINKS, 4, "H")).toBe(2 / 4);
  expect(track.proportion(LINKS, 4, "E")).toBe(2 / 4);
  expect([0, 1, 2].map((residue) => track.letter(residue))).toEqual(["H", "-", "E"]);
  expect(track.level(1)).toBe(-1);
  expect(track.describe(2)).toBe("strand");
  expect(track.background("H")).toBeNaN();
});

test("numbers give their mean where links point, unknown ones left out", () => {
  const track = trackOf(Float32Array.of(10, Number.NaN, 30, 50), {
    name: "pLDDT",
    kind: "number",
    unit: "%",
  });
  expect(track.proportion(LINKS, 4, "")).toBe((50 + 10 + 30 + 30) / 4);
  expect(
    track.proportion(
      linksOf([
        [0, 1],
        [0, 3],
      ]),
      4,
      "",
    ),
  ).toBe(50);
  expect([0, 1, 2, 3].map((residue) => track.level(residue))).toEqual([0, -1, 0.5, 1]);
  expect(track.describe(2)).toBe("pLDDT 30 %");
  expect(track.describe(1)).toBe("");
});

test("ranges ask for any stretch and for each name once", () => {
  const track = trackOf(Int32Array.of(0, -1, 1, 2), {
    name: "domains",
    kind: "range",
    names: ["SH3", "SH2", "SH3"],
  });
  expect(track.states).toEqual(["", "SH3", "SH2"]);
  expect(track.proportion(LINKS, 4, "")).toBe(1);
  expect(track.proportion(LINKS, 4, "SH3")).toBe(2 / 4);
  expect(track.describe(3)).toBe("SH3");
  expect(track.describe(1)).toBe("");
});

test("pairs look at both residues, whichever way the link points", () => {
  // Residues 0 and 3 are bonded: rows of bits, read from the high end.
  const track = trackOf(new Uint8Array(0), {
    name: "disulfides",
    kind: "pair",
    values: encode(Uint8Array.of(0b00010000, 0, 0, 0b10000000), [4, 1]),
  });
  expect(track.combine).toBe("max");
  expect(track.proportion(LINKS, 4, "")).toBe(2 / 4);
});

describe("what colours stand for", () => {
  test("states that occur, sites and stretches, each with a residue that has the colour", () => {
    const letters = ["-", "H", "E", "G"];
    const legend = { H: "helix", E: "strand" };
    const states = trackOf(Uint8Array.of(0, 2, 1, 1), { kind: "state", letters, legend });
    expect(states.examples(4)).toEqual([
      { title: "helix", residue: 2 },
      { title: "strand", residue: 1 },
    ]);
    const site = trackOf(Uint8Array.of(0, 0, 1, 1), { name: "binding site" });
    expect(site.examples(4)).toEqual([{ title: "binding site", residue: 2 }]);
    const ranges = trackOf(Int32Array.of(1, -1, 0, 0), { kind: "range", names: ["one", "two"] });
    expect(ranges.examples(4)).toEqual([
      { title: "one", residue: 2 },
      { title: "two", residue: 0 },
    ]);
    expect(trackOf(new Uint8Array(4)).examples(4)).toEqual([]);
  });

  test("numbers have bounds and a unit, not finite where none is known", () => {
    const known = trackOf(Float32Array.of(2, Number.NaN, -1, 0.5), { kind: "number", unit: "Å²" });
    expect([known.bounds, known.unit]).toEqual([[-1, 2], "Å²"]);
    const unknown = trackOf(Float32Array.of(Number.NaN, Number.NaN), { kind: "number" });
    expect(unknown.bounds.some(Number.isFinite)).toBe(false);
  });
});
