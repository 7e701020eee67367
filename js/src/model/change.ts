// What the links of a difference are. The same rule stands in protvis/scene/colors.py.

/** What a difference is: a gain, a loss, or, where its size is no more than that, noise. */
export type Change = "gain" | "loss" | "noise";

export function changeOf(sign: number, weight: number, noise: number | null): Change {
  if (noise !== null && weight <= noise) return "noise";
  return sign < 0 ? "loss" : "gain";
}

export const CHANGE_TEXT: Record<Change, string> = {
  gain: "gains",
  loss: "losses",
  noise: "within noise",
};
