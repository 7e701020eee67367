import { expect, test } from "vitest";
import { DARK, HEAD_COLORS, HELIX, LIGHT, parseHex, type Rgb, STRAND, TRACK_COLORS } from "./theme";

const linear = (share: number) => (share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4);
const times = (matrix: number[][], [a, b, c]: number[]) => matrix.map((row) => row[0] * a + row[1] * b + row[2] * c);

/** What a person without M cones sees, of linear sRGB (Machado et al., IEEE TVCG 15, 1291, 2009; severity 1). */
const DEUTERANOPIA = [
  [0.367322, 0.860646, -0.227968],
  [0.280085, 0.672501, 0.047413],
  [-0.01182, 0.04294, 0.968881],
];
const XYZ = [
  [0.4124, 0.3576, 0.1805],
  [0.2126, 0.7152, 0.0722],
  [0.0193, 0.1192, 0.9505],
];

/** CIELAB of linear sRGB under D65. */
function lab(rgb: number[]): number[] {
  const [x, y, z] = times(XYZ, rgb).map((value, n) => {
    const share = value / [0.9505, 1, 1.089][n];
    return share > 0.008856 ? Math.cbrt(share) : 7.787 * share + 16 / 116;
  });
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

const seen = (color: string) => (parseHex(color) as Rgb).map(linear);
const blind = (color: string) => times(DEUTERANOPIA, seen(color)).map((share) => Math.min(Math.max(share, 0), 1));
const apart = (one: number[], other: number[]) => Math.hypot(...lab(one).map((value, n) => value - lab(other)[n]));

test.each(["light", "dark"] as const)("no two tracks look alike, under deuteranopia either (%s)", (theme) => {
  const colors = [...TRACK_COLORS, HELIX, STRAND[theme]];
  for (const look of [seen, blind]) {
    const pairs = colors.flatMap((one, n) => colors.slice(n + 1).map((other) => [one, other]));
    const alike = pairs.filter(([one, other]) => apart(look(one), look(other)) < 15);
    expect(alike).toEqual([]);
  }
  // Nor does any vanish in the panel.
  const panel = seen(theme === "light" ? "#ffffff" : "#15181d");
  for (const color of [HELIX, STRAND[theme], ...TRACK_COLORS]) expect(apart(seen(color), panel)).toBeGreaterThan(20);
});

test("no two overlaid heads look alike, nor like the protein or what is selected", () => {
  const around = [LIGHT, DARK].flatMap(({ background, cartoon, accent }) => [background, cartoon, accent]);
  for (const look of [seen, blind]) {
    const pairs = HEAD_COLORS.flatMap((one, n) =>
      [...HEAD_COLORS.slice(n + 1), ...around].map((other) => [one, other]),
    );
    expect(pairs.filter(([one, other]) => apart(look(one), look(other)) < 30)).toEqual([]);
  }
});
