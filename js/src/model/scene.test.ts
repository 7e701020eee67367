import { describe, expect, test } from "vitest";
import { encodedScene, testScene } from "../testing/scenes";
import { Scene } from "./scene";
import { SCENE_VERSION } from "./wire";

describe("contacts", () => {
  test.each([7, 8, 9, 20, 33])("of %i residues: those closer than 8 Å and 6 apart, both ways", (nResidues) => {
    const scene = testScene({ nResidues, unobserved: [2], seed: nResidues });
    let count = 0;
    for (let i = 0; i < nResidues; i++) {
      for (let j = 0; j < nResidues; j++) {
        const expected = Math.abs(i - j) >= 6 && scene.distance(i, j) < 8;
        expect(scene.isContact(i, j), `${i} ${j}`).toBe(expected);
        if (expected) count++;
      }
    }
    if (nResidues >= 20) expect(count).toBeGreaterThan(0);
  });

  test("bits are read from the high end, rows begin at a byte", () => {
    const encoded = encodedScene({ nResidues: 10 });
    const bits = new Uint8Array(20);
    bits[2 * 3 + 0] = 0b01000000;
    bits[2 * 3 + 1] = 0b01000000;
    encoded.arrays.contacts = { dtype: "uint8", shape: [10, 2], data: bits };
    const scene = new Scene(encoded);
    const found = Array.from({ length: 100 }, (_, n) => n).filter((n) => scene.isContact(Math.floor(n / 10), n % 10));
    expect(found).toEqual([31, 39]);
  });
});

test("distances are those of the coordinates, NaN where there are none", () => {
  const scene = testScene({ unobserved: [4] });
  const at = (residue: number) => [...scene.places[0].coordinates.subarray(3 * residue, 3 * residue + 3)];
  const [a, b] = [at(1), at(9)];
  expect(scene.distance(1, 9)).toBeCloseTo(Math.sqrt(a.reduce((sum, value, n) => sum + (value - b[n]) ** 2, 0)), 6);
  expect(scene.distance(9, 1)).toBe(scene.distance(1, 9));
  expect(scene.distance(3, 3)).toBe(0);
  expect(scene.distance(4, 1)).toBeNaN();
  expect(scene.hasCoordinates(4)).toBe(false);
  expect(scene.hasCoordinates(5)).toBe(true);
  expect(scene.observed[4]).toBe(0);
});

test("entries run layer by layer, the mean last", () => {
  const scene = testScene({ nLayers: 3, nHeads: 4 });
  const entries = [1, 2, 3].flatMap((layer) =>
    [1, 2, 3, 4, "mean" as const].map((head) => scene.attention.entry(layer, head)),
  );
  expect(entries).toEqual(Array.from({ length: 15 }, (_, n) => n));
  expect(scene.attention.links.nEntries).toBe(15);
});

test("attention received, square-root spaced, of the entry asked for", () => {
  const encoded = encodedScene({ nResidues: 20 });
  const steps = encoded.attention.arrays.received.data as Uint8Array;
  const found = new Scene(encoded).attention.received(3);
  expect(found.length).toBe(20);
  found.forEach((value, n) => expect(value).toBeCloseTo(0.5 * (steps[60 + n] / 255) ** 2, 6));
});

test("what residues receive of a signed map keeps its sign, zero at step 128", () => {
  const {
    meta,
    attention: { arrays },
  } = encodedScene({ nResidues: 20 });
  const shape: [number, number] = [meta.n_layers, meta.n_heads + 1];
  const scene = new Scene(encodedScene({ nResidues: 20 }));
  (arrays.received.data as Uint8Array).set([1, 128, 255, 128 + 64]);
  const made = scene.makeMapSet({ meta: { ...meta.map_kinds[1], shape, received_scale: 0.25, chances: [] }, arrays });
  const [low, none, high, some] = made.received(0);
  expect([low, none, high]).toEqual([-0.25, 0, 0.25]);
  expect(some).toBeCloseTo(0.25 * (64 / 127) ** 2, 6);
});

describe("ranked", () => {
  const scored = (values: number[]) => {
    const encoded = encodedScene();
    // Two scores (the first best high, the second best low) of 2 × (3 + 1) entries.
    encoded.attention.arrays.scores = {
      dtype: "float32",
      shape: [2, 2, 4],
      data: new Uint8Array(Float32Array.from([...values, ...values]).buffer),
    };
    return new Scene(encoded);
  };

  test("from the best; ties in the order of the heads; no value, no rank", () => {
    const scene = scored([0.1, 0.5, Number.NaN, 0.5, 0.9, 0.1, Number.NaN, 0]);
    expect(scene.attention.ranked(0)).toEqual([4, 1, 3, 0, 5, 7]);
    expect(scene.attention.ranked(1)).toEqual([7, 0, 5, 1, 3, 4]);
    expect(scene.attention.score(1, 4)).toBeCloseTo(0.9, 6);
  });

  test("no scores at all", () => {
    expect(scored(Array.from({ length: 8 }, () => Number.NaN)).attention.ranked(0)).toEqual([]);
  });
});

test("a scene of another version is refused with both versions named", () => {
  const encoded = encodedScene({ meta: { version: SCENE_VERSION + 1 } });
  expect(() => new Scene(encoded)).toThrow(`version ${SCENE_VERSION}, got version ${SCENE_VERSION + 1}`);
});

test("an array of another type or size is refused", () => {
  const wrong = encodedScene();
  wrong.attention.arrays.links_scale = { ...wrong.attention.arrays.links_scale, dtype: "float32" };
  expect(() => new Scene(wrong)).toThrow("expected an array of float64, got float32");
  const short = encodedScene();
  short.arrays.coordinates = { ...short.arrays.coordinates, shape: [21, 3] };
  expect(() => new Scene(short)).toThrow("expected 63 elements, got 60");
});
