// Names of residues on any NGL stage. A text needs a new buffer, so they wait until what they name rests.

import type { Vector } from "./arc";
import type { Ngl, NglBuffer, NglStage } from "./ngl";
import type { Rgb } from "./theme";

const SETTLE_MS = 150;
/** Height of the letters in Å. */
const SIZE = 3.8;

export interface ResidueName {
  place: Vector;
  text: string;
  color: Rgb;
}

export class NameLayer {
  private buffer: NglBuffer | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly stage: NglStage,
    private readonly ngl: Ngl,
  ) {}

  /** Write names in place of those before, which go at once. */
  draw(names: readonly ResidueName[], background: string): void {
    this.clear();
    if (names.length === 0) return;
    this.timer = setTimeout(() => {
      const data = {
        position: Float32Array.from(names.flatMap(({ place }) => place)),
        color: Float32Array.from(names.flatMap(({ color }) => color)),
        size: new Float32Array(names.length).fill(SIZE),
        text: names.map(({ text }) => text),
      };
      this.buffer = new this.ngl.TextBuffer(data, {
        ...{ fontWeight: "bold", sdf: true, attachment: "middle-center", disablePicking: true },
        ...{ showBorder: true, borderColor: background, borderWidth: 0.3 },
      });
      this.stage.viewer.add(this.buffer);
      // Whatever lies before the residue would hide half of its name.
      if (this.buffer.material) this.buffer.material.depthTest = false;
      this.buffer.setVisibility(true);
      this.stage.viewer.requestRender();
      this.stage.viewer.container.dataset.names = data.text.join(" ");
    }, SETTLE_MS);
  }

  dispose(): void {
    this.clear();
  }

  private clear(): void {
    clearTimeout(this.timer);
    this.stage.viewer.container.dataset.names = "";
    if (!this.buffer) return;
    this.stage.viewer.remove(this.buffer);
    this.buffer.dispose();
    this.buffer = null;
    this.stage.viewer.requestRender();
  }
}
