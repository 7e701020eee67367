// Names of residues on any NGL stage, moved apart where they would overlap. A text needs a new buffer, so they wait
// until what they name rests.

import type { Vector } from "./arc";
import type { Ngl, NglBuffer, NglStage } from "./ngl";
import type { Rgb } from "./theme";

const SETTLE_MS = 150;
/** What the container says of its names until they are written. */
const PENDING = "…";
/** Height of the letters in Å. */
const SIZE = 3.8;
/** Room that a letter takes across and a name takes down, in Å. */
const LETTER = 1.15;
const LINE = 1.7;

export interface ResidueName {
  place: Vector;
  text: string;
  color: Rgb;
}

/** Where a name lies on the screen: its middle and its extent. */
export interface NameBox {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** How many of its own heights each name goes up, or down if negative, so that none overlaps one before it. */
export function lifts(names: readonly NameBox[]): number[] {
  const taken: NameBox[] = [];
  return names.map((name) => {
    // Up and down in turn, by half a height more each time; past all others there is room.
    for (let step = 0; step <= 8 * names.length; step++) {
      const lift = (step % 2 ? step + 1 : 0 - step) / 4;
      const y = name.y + lift * name.height;
      const free = taken.every(
        (other) =>
          Math.abs(other.x - name.x) >= (other.width + name.width) / 2 ||
          Math.abs(other.y - y) >= (other.height + name.height) / 2,
      );
      if (!free) continue;
      taken.push({ ...name, y });
      return lift;
    }
    return 0;
  });
}

export class NameLayer {
  private buffer: NglBuffer | null = null;
  private names: readonly ResidueName[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly stage: NglStage,
    private readonly ngl: Ngl,
  ) {}

  /** Write names in place of those before, which go at once. */
  draw(names: readonly ResidueName[], background: string): void {
    this.clear();
    this.names = names;
    if (names.length === 0) return;
    this.stage.viewer.container.dataset.names = PENDING;
    this.timer = setTimeout(() => {
      const data = {
        position: this.places(),
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
      this.say();
    }, SETTLE_MS);
  }

  /** Say that the names wait for the camera to rest. */
  wait(): void {
    if (this.buffer) this.stage.viewer.container.dataset.names = PENDING;
  }

  /** Move the names apart again, for where the camera now stands. */
  arrange(): void {
    if (!this.buffer) return;
    this.say();
    this.buffer.setAttributes({ position: this.places() });
    this.stage.viewer.requestRender();
  }

  dispose(): void {
    this.clear();
  }

  private say(): void {
    this.stage.viewer.container.dataset.names = this.names.map(({ text }) => text).join(" ");
  }

  private places(): Float32Array {
    const { viewer, viewerControls } = this.stage;
    const { x, y, z, w } = viewer.rotationGroup.quaternion;
    // Upwards on the screen.
    const up = [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)];
    const lifted = (place: Vector, by: number) => place.map((value, axis) => value + by * up[axis]);
    const seen = ([x, y, z]: readonly number[]) => viewerControls.getPositionOnCanvas({ x, y, z });
    const boxes = this.names.map(({ place, text }) => {
      const middle = seen(place);
      const scale = Math.abs(seen(lifted(place, 1)).y - middle.y);
      return { x: middle.x, y: middle.y, width: text.length * LETTER * scale, height: LINE * scale };
    });
    return Float32Array.from(lifts(boxes).flatMap((lift, n) => lifted(this.names[n].place, lift * LINE)));
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
