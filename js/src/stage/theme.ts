// Light or dark, as the host page is; and the few colours the canvases need (all else is in explorer.css).

import type { Track } from "../model/tracks";

export type Rgb = readonly [number, number, number];

export interface Theme {
  dark: boolean;
  background: string;
  cartoon: string;
  otherChains: string;
  accent: string;
  contact: string;
  noContact: string;
  /** Of links between neighbours in the sequence, which are neither. */
  near: string;
  /** Of the names of residues in 3D. */
  name: string;
  /** Of differences. */
  gain: string;
  loss: string;
}

// Okabe and Ito's blue and orange, told apart with any common colour vision; the accent is none of the two.
// Gain and loss are ends of ColorBrewer's red and blue, short of where the red would be taken for the accent.
export const LIGHT: Theme = {
  dark: false,
  background: "#ffffff",
  cartoon: "#cdd3dc",
  otherChains: "#bcc5d1",
  accent: "#c2185b",
  contact: "#0072b2",
  noContact: "#e69f00",
  near: "#7d8694",
  name: "#1f2630",
  gain: "#d6604d",
  loss: "#4393c3",
};

export const DARK: Theme = {
  dark: true,
  background: "#15181d",
  cartoon: "#6c7686",
  otherChains: "#4a5361",
  accent: "#ff6fa8",
  contact: "#56b4e9",
  noContact: "#e69f00",
  near: "#a9b3c2",
  name: "#e3e7ed",
  gain: "#f4866f",
  loss: "#64abd6",
};

/**
 * Of the chosen head and those overlaid on it: far apart for every eye (theme.test.ts), and seen on light, dark and the
 * colours of a map.
 */
export const HEAD_COLORS = ["#3a9bf0", "#e6b800", "#b04a00"];

/** Whether the page around `element` is dark: JupyterLab says so, elsewhere the system does. */
export function prefersDark(): boolean {
  const lab = document.body.dataset.jpThemeLight;
  if (lab !== undefined) return lab === "false";
  return window.matchMedia?.("(prefers-color-scheme: dark)").matches ?? false;
}

/** Call `changed` whenever `prefersDark` may have changed; returns what stops it. */
export function watchTheme(changed: () => void): () => void {
  const media = window.matchMedia?.("(prefers-color-scheme: dark)");
  const observer = new MutationObserver(changed);
  media?.addEventListener("change", changed);
  observer.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light"] });
  return () => {
    media?.removeEventListener("change", changed);
    observer.disconnect();
  };
}

export function parseHex(color: string): Rgb {
  const value = Number.parseInt(color.slice(1), 16);
  return [((value >> 16) & 255) / 255, ((value >> 8) & 255) / 255, (value & 255) / 255];
}

// Okabe and Ito's other colours, then those that lie farthest from them for every eye: with helix and strand, no two
// are alike under deuteranopia (theme.test.ts).
export const TRACK_COLORS = [
  "#009e73",
  "#d55e00",
  "#56b4e9",
  "#cc79a7",
  "#f0e442",
  "#0072b2",
  "#2a1fe0",
  "#c0f5a6",
  "#511440",
];
export const HELIX = "#a03070";
export const STRAND = { light: "#6b4a10", dark: "#c9a96a" };

/** Colour of a residue on a track as #rrggbb, null where the track says nothing; `place` varies sites. */
export function trackColor(
  track: Track,
  residue: number,
  colormap: Uint8Array,
  dark: boolean,
  place = 0,
): string | null {
  const level = track.level(residue);
  if (level < 0) return null;
  if (track.kind === "number") {
    const at = 3 * Math.round(255 * level);
    return `#${[0, 1, 2].map((n) => colormap[at + n].toString(16).padStart(2, "0")).join("")}`;
  }
  const state = track.letter(residue);
  if (state === "H") return HELIX;
  if (state === "E") return dark ? STRAND.dark : STRAND.light;
  return TRACK_COLORS[(level + place) % TRACK_COLORS.length];
}
