// Labels count from 1, positions from 0; this is the only place in the browser that turns one into the other.

export const MEAN = "mean";
export type HeadLabel = number | typeof MEAN;

export function formatHead(layer: number, head: HeadLabel): string {
  return `${layer}-${head}`;
}

/** What a person would say: "layer 3, head 2" or "layer 3, mean of heads". */
export function sayHead(layer: number, head: HeadLabel): string {
  return head === MEAN ? `layer ${layer}, mean of heads` : `layer ${layer}, head ${head}`;
}

/** Column of a head in the grid of scores, where the layer's mean comes last. */
export function headColumn(head: HeadLabel, nHeads: number): number {
  return head === MEAN ? nHeads : head - 1;
}

export function headLabel(column: number, nHeads: number): HeadLabel {
  return column === nHeads ? MEAN : column + 1;
}

export function formatWeight(weight: number): string {
  if (!Number.isFinite(weight)) return "–";
  if (weight === 0) return "0";
  if (weight < 0) return `−${formatWeight(-weight)}`;
  return weight >= 0.1 ? weight.toFixed(2) : weight >= 0.01 ? weight.toFixed(3) : weight.toPrecision(2);
}

/** A score as text; a small one keeps two digits, or with `short` one: 0.0043 is not 0. */
export function formatScore(value: number, { short = false } = {}): string {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size > 0 && size < 0.0095 && short) return size < 0.001 ? "~0" : value.toFixed(3).replace("0.", ".");
  if (size > 0 && size < 0.0995 && !short) return String(Number(value.toPrecision(2)));
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
}
