// How large the cells of the head grid are, and which of its rows and columns are numbered, in the room there is.

/** Sizes in CSS pixels; a gap of 1 lies between cells. */
const GAP = 1;
/** The column of layer numbers, the row of head numbers (as in explorer.css). */
const ROW_HEAD = 34;
const COLUMN_HEAD = 13;
/** The layer means stand apart, and their column is wide enough for its heading. */
const MEAN_MARGIN = 3;
const MEAN_WIDTH = 27;
const WIDTHS = { most: 40, least: 5 };
/** Of a picture. */
const SIDES = { most: 64, least: 10 };
const HEIGHTS = { most: 24, roomy: 9, least: 5 };
/** Height of all rows: as much as looks well, and as much as may be if the cells get too flat otherwise. */
const ROOMY = 190;
const FULL = 250;
/** Room that a number takes across and down. */
const NUMBER = { width: 15, height: 10 };
const STEPS = [1, 2, 5, 10, 20, 50];

export interface GridFit {
  /** Of a head's cell. */
  width: number;
  height: number;
  /** Of the last column, if it is of layer means. */
  meanWidth: number;
  /** Every so many heads and layers are numbered. */
  headStep: number;
  layerStep: number;
}

/**
 * Fit a grid of so many rows and columns into a width, and a height if one is given; more than fits at the least size
 * has to scroll.
 *
 * Cells that hold pictures are square, and large enough to show something.
 */
export function fitGrid(
  rows: number,
  columns: number,
  width: number,
  { square = false, tall = Number.POSITIVE_INFINITY } = {},
): GridFit {
  const down = Math.floor((tall - COLUMN_HEAD) / rows) - GAP;
  const widths = square ? { ...SIDES, most: clamp(down, SIDES) } : WIDTHS;
  const heads = columns > 1 ? columns - 1 : 1;
  const room = width - ROW_HEAD - columns * GAP;
  const across = (beside: number) => clamp(Math.floor((room - beside) / heads), widths);
  let cell = across(0);
  let meanWidth = 0;
  if (columns > 1) {
    cell = across(MEAN_MARGIN + MEAN_WIDTH);
    // With room for wider cells than the heading, all are alike.
    if (cell > MEAN_WIDTH) cell = clamp(Math.floor((room - MEAN_MARGIN) / columns), widths);
    meanWidth = Math.max(cell, MEAN_WIDTH) + MEAN_MARGIN;
  }
  const roomy = Math.floor(ROOMY / rows);
  const flat = Math.min(HEIGHTS.roomy, Math.floor((FULL - COLUMN_HEAD) / rows) - GAP);
  const height = square ? cell : clamp(Math.min(Math.max(roomy, flat), down), HEIGHTS);
  return {
    width: cell,
    height,
    meanWidth,
    headStep: stepFor(NUMBER.width / (cell + GAP)),
    layerStep: stepFor(NUMBER.height / (height + GAP)),
  };
}

/** Height of all rows and their heading. */
export function heightOf(rows: number, { height }: GridFit): number {
  return COLUMN_HEAD + rows * (height + GAP);
}

/** Height of so many rows of the lowest cells and their heading. */
export function leastHeight(rows: number): number {
  return COLUMN_HEAD + rows * (HEIGHTS.least + GAP);
}

/** Whether a label is written where every `step`-th is, the first included where it has room. */
export function isNumbered(label: number, step: number): boolean {
  return label % step === 0 || (label === 1 && step > 2);
}

function stepFor(least: number): number {
  return STEPS.find((step) => step >= least) ?? STEPS[STEPS.length - 1];
}

function clamp(value: number, { most, least }: { most: number; least: number }): number {
  return Math.min(most, Math.max(least, value));
}
