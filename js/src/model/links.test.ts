import { describe, expect, test } from "vitest";
import { type Random, random } from "../testing/random";
import { COMBINE, LEVELS, type LinkQuestion, LinkTable } from "./links";

/** One entry: every pair of the chain, and which of them the table knows. */
interface Entry {
  nResidues: number;
  /** Attention in steps, row-major (query, key). */
  steps: number[];
  scale: number;
  /** By level, for max and for mean. */
  floors: [number, number][];
}

function entryOf(source: Random): Entry {
  const nResidues = source.whole(2, 40);
  const most = source.choice([3, 40, 65535]);
  const steps = Array.from({ length: nResidues ** 2 }, () => Math.floor((most + 1) * source.real() ** 2));
  const floor = () => (source.real() < 0.3 ? 0 : source.whole(1, most));
  return { nResidues, steps, scale: source.real() / 65535, floors: LEVELS.map(() => [floor(), floor()]) };
}

function attention({ steps, nResidues }: Entry, query: number, key: number): number {
  return steps[query * nResidues + key];
}

/** Whether the floors promise that a pair is in the table. */
function promised(entry: Entry, i: number, j: number): boolean {
  const there = attention(entry, i, j);
  const back = attention(entry, j, i);
  return LEVELS.some(
    (level, place) =>
      j - i >= level && (Math.max(there, back) >= entry.floors[place][0] || there + back >= entry.floors[place][1]),
  );
}

function tableOf(entries: Entry[], source: Random): LinkTable {
  const columns: [number[], number[], number[], number[]] = [[], [], [], []];
  const offsets = [0];
  for (const entry of entries) {
    const pairs: [number, number][] = [];
    for (let i = 0; i < entry.nResidues; i++) {
      for (let j = i + 1; j < entry.nResidues; j++) {
        // Pairs below every floor may be stored too.
        if (promised(entry, i, j) || source.real() < 0.2) pairs.push([i, j]);
      }
    }
    pairs.sort(() => source.real() - 0.5);
    for (const [i, j] of pairs) {
      [i, j, attention(entry, i, j), attention(entry, j, i)].forEach((value, column) => columns[column].push(value));
    }
    offsets.push(columns[0].length);
  }
  const [first, second, forward, backward] = columns.map((column) => Uint16Array.from(column));
  return new LinkTable(
    first,
    second,
    forward,
    backward,
    Uint32Array.from(offsets),
    Float64Array.from(entries, ({ scale }) => scale),
    Uint32Array.from(entries.flatMap(({ floors }) => floors.flat())),
  );
}

interface Found {
  query: number;
  key: number;
  steps: number;
}

/** The definition in words, over all pairs of the chain: what a table of everything would give. */
function everything(entry: Entry, { combine, minSeparation }: LinkQuestion): Found[] {
  const found: Found[] = [];
  for (let i = 0; i < entry.nResidues; i++) {
    for (let j = i + 1; j < entry.nResidues; j++) {
      if (j - i < minSeparation) continue;
      const there: Found = { query: i, key: j, steps: attention(entry, i, j) };
      const back: Found = { query: j, key: i, steps: attention(entry, j, i) };
      if (combine === "directed") found.push(there, back);
      else if (combine === "mean") found.push({ ...there, steps: there.steps + back.steps });
      else found.push(back.steps > there.steps ? back : there);
    }
  }
  // Both loops and the sort are stable: equal links stay in the order of their residues.
  return found.filter(({ steps }) => steps > 0).sort((a, b) => b.steps - a.steps);
}

const unitOf = (entry: Entry, combine: string) => (combine === "mean" ? entry.scale / 2 : entry.scale);

function floorOf(entry: Entry, { combine, minSeparation }: LinkQuestion): number {
  const reached = LEVELS.filter((level) => level <= Math.max(minSeparation, 1)).length - 1;
  return entry.floors[reached][combine === "mean" ? 1 : 0];
}

function questionOf(entry: Entry, source: Random): LinkQuestion {
  const combine = source.choice(COMBINE);
  const largest = Math.max(...entry.steps) * entry.scale;
  const exact = source.choice(entry.steps) * entry.scale;
  return {
    combine,
    topK: source.choice([0, 1, 2, 5, 30, 100_000]),
    threshold: source.choice([0, 0, exact, largest * source.real(), largest, 1]),
    minSeparation: source.choice([0, 1, 2, 5, 6, 7, 23, 24, 25, 60]),
  };
}

describe("selection against the definition", () => {
  test.each(Array.from({ length: 60 }, (_, seed) => seed))("random tables, seed %i", (seed) => {
    const source = random(seed);
    const entries = Array.from({ length: source.whole(1, 4) }, () => entryOf(source));
    const table = tableOf(entries, source);
    expect(table.nEntries).toBe(entries.length);
    for (let trial = 0; trial < 30; trial++) {
      const place = source.whole(0, entries.length - 1);
      const entry = entries[place];
      const question = questionOf(entry, source);
      const unit = unitOf(entry, question.combine);
      const floor = floorOf(entry, question);
      const found = table.select(place, question);

      const allowed = everything(entry, question).filter(({ steps }) => steps * unit >= question.threshold);
      const stored = allowed.filter(({ steps }) => steps >= floor);
      const expected = stored.slice(0, question.topK);
      expect(found.reaching).toBe(stored.length);
      expect([...found.query], JSON.stringify(question)).toEqual(expected.map(({ query }) => query));
      expect([...found.key]).toEqual(expected.map(({ key }) => key));
      expect([...found.weight]).toEqual(expected.map(({ steps }) => steps * unit));
      expect(found.floor).toBe(floor * unit);
      if (found.complete) expect(found.query.length).toBe(Math.min(allowed.length, question.topK));
      // What is drawn is a beginning of the list of all links, whether or not it is all of it.
      expect(expected).toEqual(allowed.slice(0, expected.length));
    }
  });
});

describe("rules", () => {
  const entry: Entry = {
    nResidues: 8,
    steps: Array.from({ length: 64 }, () => 0),
    scale: 0.01,
    floors: LEVELS.map(() => [0, 0]),
  };
  const set = (query: number, key: number, steps: number) => {
    entry.steps[query * 8 + key] = steps;
  };
  set(0, 6, 40);
  set(6, 0, 60);
  set(1, 7, 60);
  set(7, 1, 60);
  set(0, 1, 90);
  const table = tableOf([entry], random(0));
  const ask = (changes: Partial<LinkQuestion>) =>
    table.select(0, { topK: 10, threshold: 0, minSeparation: 6, combine: "max", ...changes });

  test("the largest weight is that of any entry, at any separation, in either direction", () => {
    const fainter = { ...entry, scale: 0.001 };
    expect(table.largest).toBe(90 * 0.01);
    expect(tableOf([fainter, entry, fainter], random(1)).largest).toBe(90 * 0.01);
    expect(tableOf([{ ...entry, steps: entry.steps.map(() => 0) }], random(1)).largest).toBe(0);
    expect(tableOf([], random(1)).largest).toBe(0);
  });

  const pairs = ({ query, key }: { query: Uint16Array; key: Uint16Array }) =>
    Array.from(query, (from, n) => [from, key[n]]);

  test("the larger direction speaks for the pair; equal ones go from the lower residue", () => {
    expect(pairs(ask({}))).toEqual([
      [6, 0],
      [1, 7],
    ]);
  });

  test("of a difference, losses are links as much as gains, and the mean is of what they are", () => {
    // 0 → 6 gains 40 and 6 → 0 loses 60; 1 → 7 loses 60 and 7 → 1 gains 60.
    const signed = new LinkTable(
      Uint16Array.of(0, 1),
      Uint16Array.of(6, 7),
      Uint16Array.of(40, 60),
      Uint16Array.of(60, 60),
      Uint32Array.of(0, 2),
      Float64Array.of(0.01),
      new Uint32Array(2 * LEVELS.length),
      null,
      Uint8Array.of(2, 1),
    );
    const of = (combine: LinkQuestion["combine"]) => {
      const { query, key, weight, sign } = signed.select(0, { topK: 10, threshold: 0, minSeparation: 6, combine });
      return Array.from(query, (from, n) => [from, key[n], sign[n] * weight[n]]);
    };
    expect(of("max")).toEqual([
      [6, 0, -0.6],
      [1, 7, -0.6],
    ]);
    expect(of("directed")).toEqual([
      [6, 0, -0.6],
      [1, 7, -0.6],
      [7, 1, 0.6],
      [0, 6, 0.4],
    ]);
    expect(of("mean")).toEqual([[0, 6, -0.1]]);
    expect([...table.select(0, { topK: 10, threshold: 0, minSeparation: 6, combine: "max" }).sign]).toEqual([1, 1]);
  });

  test("the mean has no direction", () => {
    const found = ask({ combine: "mean" });
    expect(pairs(found)).toEqual([
      [1, 7],
      [0, 6],
    ]);
    expect([...found.weight]).toEqual([0.6, 0.5]);
  });

  test("directed links: equals by the lower, then the higher residue, forward first", () => {
    expect(pairs(ask({ combine: "directed" }))).toEqual([
      [6, 0],
      [1, 7],
      [7, 1],
      [0, 6],
    ]);
  });

  test("a threshold is inclusive", () => {
    expect(ask({ threshold: 60 * 0.01 }).query.length).toBe(2);
    expect(ask({ threshold: 60 * 0.01 + 1e-12 }).query.length).toBe(0);
  });

  test("a separation of 0 means neighbours too, never a residue with itself", () => {
    expect(pairs(ask({ minSeparation: 0 }))[0]).toEqual([0, 1]);
    expect(pairs(ask({ minSeparation: 2 }))[0]).toEqual([6, 0]);
  });

  test("zero attention is no link", () => {
    expect(ask({ minSeparation: 0, topK: 1000 }).query.length).toBe(3);
  });

  test("an entry without pairs answers with nothing, completely", () => {
    const lone = tableOf([{ nResidues: 1, steps: [7], scale: 1, floors: LEVELS.map(() => [0, 0]) }], random(0));
    const found = lone.select(0, { topK: 5, threshold: 0, minSeparation: 0, combine: "directed" });
    expect(found.query.length).toBe(0);
    expect(found.complete).toBe(true);
  });

  test("asking does not change later answers", () => {
    const before = ask({ combine: "directed", topK: 3 });
    ask({ combine: "mean" });
    ask({ topK: 1 });
    expect(ask({ combine: "directed", topK: 3 })).toEqual(before);
  });
});

describe("completeness", () => {
  const entry: Entry = {
    nResidues: 8,
    steps: Array.from({ length: 64 }, (_, at) => (at % 8) + 1),
    scale: 0.1,
    floors: LEVELS.map(() => [5, 9]),
  };
  const table = tableOf([entry], random(0));
  const ask = (changes: Partial<LinkQuestion>) =>
    table.select(0, { topK: 1000, threshold: 0, minSeparation: 1, combine: "max", ...changes });

  test("below the floor links are neither shown nor claimed", () => {
    const found = ask({});
    expect(found.complete).toBe(false);
    expect(found.floor).toBeCloseTo(0.5, 12);
    expect(Math.min(...found.weight)).toBeCloseTo(0.5, 12);
  });

  test("with the threshold above the floor, or enough links, nothing is missing", () => {
    expect(ask({ threshold: 0.6 }).complete).toBe(true);
    expect(ask({ topK: 3 }).complete).toBe(true);
    expect(ask({ threshold: 0.4 }).complete).toBe(false);
  });

  test("among links as weak as the floor some may not be stored", () => {
    expect(ask({ threshold: 5 * 0.1 }).complete).toBe(false);
  });
});
