// The window of a heatmap onto its residues: which cell is where, with zoom and pan.

export class Viewport {
  /** First residue shown on each axis, with a fraction, and how many are shown. */
  x = 0;
  y = 0;
  span: number;

  constructor(
    readonly nResidues: number,
    /** Width and height of the drawing area in CSS pixels. */
    public size: number,
  ) {
    this.span = nResidues;
  }

  get cell(): number {
    return this.size / this.span;
  }

  get zoomed(): boolean {
    return this.span < this.nResidues;
  }

  /** Residue under a pixel of the drawing area, or -1. */
  residueAt(axis: "x" | "y", pixel: number): number {
    const residue = Math.floor(this[axis] + pixel / this.cell);
    return pixel < 0 || pixel >= this.size || residue < 0 || residue >= this.nResidues ? -1 : residue;
  }

  pixelOf(axis: "x" | "y", residue: number): number {
    return (residue - this[axis]) * this.cell;
  }

  /** Zoom by a factor, keeping what lies under the pixel in place. */
  zoom(factor: number, px: number, py: number): void {
    const anchorX = this.x + px / this.cell;
    const anchorY = this.y + py / this.cell;
    this.span = Math.min(this.nResidues, Math.max(Math.min(8, this.nResidues), this.span / factor));
    this.x = anchorX - px / this.cell;
    this.y = anchorY - py / this.cell;
    this.keepInside();
  }

  pan(dx: number, dy: number): void {
    this.x -= dx / this.cell;
    this.y -= dy / this.cell;
    this.keepInside();
  }

  reset(): void {
    this.x = 0;
    this.y = 0;
    this.span = this.nResidues;
  }

  /** Scroll just far enough that the cell is visible. */
  reveal(row: number, column: number): void {
    this.y = Math.min(Math.max(this.y, row + 1 - this.span), row);
    this.x = Math.min(Math.max(this.x, column + 1 - this.span), column);
    this.keepInside();
  }

  private keepInside(): void {
    const last = this.nResidues - this.span;
    this.x = Math.min(Math.max(this.x, 0), last);
    this.y = Math.min(Math.max(this.y, 0), last);
  }
}
