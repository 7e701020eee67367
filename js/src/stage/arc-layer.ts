// Draws arcs on any NGL stage: a few cylinder buffers of fixed capacity, rewritten in place.
// A new buffer costs a shader compilation, so none is made while sliders move.

import { arcPoints, type Vector } from "./arc";
import type { Ngl, NglBuffer, NglPicked, NglStage, NglStructure } from "./ngl";

export interface Arc {
  start: Vector;
  end: Vector;
  radius: number;
  color: Vector;
  /** The far end is thinner, so that the arc points. */
  tapered: boolean;
}

export const SEGMENTS = 16;
const INDICES_PER_CYLINDER = 12;
const PICKER_TYPE = "protvis-arc";

interface Bucket {
  buffer: NglBuffer;
  data: Record<"position1" | "position2" | "color" | "color2" | "radius", Float32Array>;
  capacity: number;
  /** Place in `arcs` of the bucket's first arc. */
  begin: number;
}

/**
 * Arcs drawn strongest first. Opacity belongs to a whole buffer in NGL, so the arcs are dealt by rank
 * into as many buffers as there are opacities.
 */
export class ArcLayer {
  private buckets: Bucket[] = [];
  private readonly points = new Float32Array(3 * (SEGMENTS + 1));
  private count = 0;

  constructor(
    private readonly stage: NglStage,
    private readonly ngl: Ngl,
    private readonly structure: NglStructure,
    private readonly center: Vector,
    private readonly opacities: readonly number[],
    private readonly pickable: boolean,
  ) {}

  /** Number of arcs now drawn. */
  get size(): number {
    return this.count;
  }

  draw(arcs: readonly Arc[]): void {
    const share = Math.ceil(arcs.length / this.opacities.length);
    this.reserve(share);
    this.buckets.forEach((bucket, n) => {
      bucket.begin = n * share;
      this.fill(bucket, arcs.slice(n * share, (n + 1) * share));
    });
    this.count = arcs.length;
    this.stage.viewer.requestRender();
  }

  /** Place of the picked arc among those drawn, or -1 if something else was picked. */
  picked(picked: NglPicked | undefined): number {
    if (!picked || picked.picker?.type !== PICKER_TYPE) return -1;
    const bucket = this.buckets.find(({ buffer }) => (buffer as { picking?: unknown }).picking === picked.picker);
    return bucket ? bucket.begin + Math.floor(picked.pid / SEGMENTS) : -1;
  }

  dispose(): void {
    for (const { buffer } of this.buckets.splice(0)) {
      this.stage.viewer.remove(buffer);
      buffer.dispose();
    }
    this.count = 0;
    this.stage.viewer.requestRender();
  }

  private reserve(perBucket: number): void {
    if (this.buckets.length > 0 && this.buckets[0].capacity >= perBucket) return;
    const capacity = Math.max(this.pickable ? 64 : 4, 2 ** Math.ceil(Math.log2(Math.max(perBucket, 1))));
    this.dispose();
    this.buckets = this.opacities.map((opacity) => this.makeBucket(capacity, opacity));
  }

  private makeBucket(capacity: number, opacity: number): Bucket {
    const cylinders = capacity * SEGMENTS;
    const data = {
      position1: new Float32Array(3 * cylinders),
      position2: new Float32Array(3 * cylinders),
      color: new Float32Array(3 * cylinders),
      color2: new Float32Array(3 * cylinders),
      radius: new Float32Array(cylinders),
    };
    // nglview looks up the component a click belongs to, so the picker owns the structure.
    const picking = this.pickable
      ? {
          type: PICKER_TYPE,
          data: this.structure,
          getIndex: (pid: number) => pid,
          getObject: (pid: number) => ({ arc: pid }),
          getPosition: () => ({ x: 0, y: 0, z: 0 }),
          _applyTransformations: (vector: unknown) => vector,
        }
      : undefined;
    const buffer = new this.ngl.CylinderBuffer(
      { ...data, picking },
      { openEnded: false, opacity, disablePicking: !this.pickable, roughness: 0.6, metalness: 0 },
    );
    buffer.geometry.setDrawRange(0, 0);
    this.stage.viewer.add(buffer);
    buffer.setVisibility(true);
    return { buffer, data, capacity, begin: 0 };
  }

  private fill(bucket: Bucket, arcs: readonly Arc[]): void {
    const { position1, position2, color, color2, radius } = bucket.data;
    const { points } = this;
    let cylinder = 0;
    for (const arc of arcs) {
      arcPoints(arc.start, arc.end, this.center, SEGMENTS, points);
      for (let segment = 0; segment < SEGMENTS; segment++, cylinder++) {
        position1.set(points.subarray(3 * segment, 3 * segment + 3), 3 * cylinder);
        position2.set(points.subarray(3 * segment + 3, 3 * segment + 6), 3 * cylinder);
        color.set(arc.color, 3 * cylinder);
        color2.set(arc.color, 3 * cylinder);
        radius[cylinder] = arc.radius * (arc.tapered ? 1.5 - segment / SEGMENTS : 1);
      }
    }
    if (arcs.length > 0) bucket.buffer.setAttributes({ ...bucket.data });
    bucket.buffer.geometry.setDrawRange(0, INDICES_PER_CYLINDER * cylinder);
  }
}
