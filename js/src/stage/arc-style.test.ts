import { expect, test } from "vitest";
import { OPACITIES, opacityLevel, radiusOf, relationColors } from "./arc-style";
import { DARK, LIGHT, parseHex } from "./theme";

test("equal weights look equal, and stronger ones are never thinner or fainter", () => {
  const shares = Array.from({ length: 101 }, (_, n) => n / 100);
  const levels = shares.map((share) => opacityLevel(share));
  const radii = shares.map(radiusOf);
  for (let n = 1; n < shares.length; n++) {
    expect(levels[n]).toBeLessThanOrEqual(levels[n - 1]);
    expect(radii[n]).toBeGreaterThan(radii[n - 1]);
  }
  expect([...new Set(levels)]).toEqual([2, 1, 0]);
  expect([0.5, 0.25, 0.2499].map((share) => OPACITIES[opacityLevel(share)])).toEqual([1, 0.7, 0.42]);
});

test.each([
  ["light", LIGHT],
  ["dark", DARK],
] as const)("three colours for three relations, %s", (_, theme) => {
  const { contact, near, apart } = relationColors(theme);
  expect([contact, near, apart]).toEqual([theme.contact, theme.near, theme.noContact].map(parseHex));
  // Grey: its channels hardly differ, those of the others do.
  expect(Math.max(...near) - Math.min(...near)).toBeLessThan(0.12);
  for (const color of [contact, apart]) expect(Math.max(...color) - Math.min(...color)).toBeGreaterThan(0.4);
});
