// Draws arcs on any NGL stage: a few mesh buffers of fixed capacity, rewritten in place.
// A new buffer costs a shader compilation, so none is made while sliders move.

import { arcPoints, type Vector } from "./arc";
import type { Ngl, NglBuffer, NglPicked, NglStage, NglStructure } from "./ngl";
import { indicesPerTube, tubeIndices, verticesPerTube, writeTube } from "./tube";

export interface Arc {
  start: Vector;
  end: Vector;
  radius: number;
  color: Vector;
  /** The far end is thinner, so that the arc points. */
  tapered: boolean;
}

export const SEGMENTS = 16;
const VERTICES = verticesPerTube(SEGMENTS);
const INDICES = indicesPerTube(SEGMENTS);
const PICKER_TYPE = "protvis-arc";

interface Bucket {
  buffer: NglBuffer;
  position: Float32Array;
  normal: Float32Array;
  color: Float32Array;
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

  constructor(
    private readonly stage: NglStage,
    private readonly ngl: Ngl,
    private readonly structure: NglStructure,
    private readonly center: Vector,
    private readonly opacities: readonly number[],
    private readonly pickable: boolean,
  ) {}

  draw(arcs: readonly Arc[]): void {
    const share = Math.ceil(arcs.length / this.opacities.length);
    this.reserve(share);
    this.buckets.forEach((bucket, n) => {
      bucket.begin = n * share;
      this.fill(bucket, arcs.slice(n * share, (n + 1) * share));
    });
    this.stage.viewer.requestRender();
  }

  /** Place of the picked arc among those drawn, or -1 if something else was picked. */
  picked(picked: NglPicked | undefined): number {
    if (!picked || picked.picker?.type !== PICKER_TYPE) return -1;
    const bucket = this.buckets.find(({ buffer }) => buffer.picking === picked.picker);
    return bucket ? bucket.begin + picked.pid : -1;
  }

  dispose(): void {
    for (const { buffer } of this.buckets.splice(0)) {
      this.stage.viewer.remove(buffer);
      buffer.dispose();
    }
    this.stage.viewer.requestRender();
  }

  private reserve(perBucket: number): void {
    if (this.buckets.length > 0 && this.buckets[0].capacity >= perBucket) return;
    const capacity = Math.max(this.pickable ? 64 : 4, 2 ** Math.ceil(Math.log2(Math.max(perBucket, 1))));
    this.dispose();
    this.buckets = this.opacities.map((opacity) => this.makeBucket(capacity, opacity));
  }

  private makeBucket(capacity: number, opacity: number): Bucket {
    const vertices = capacity * VERTICES;
    const position = new Float32Array(3 * vertices);
    const normal = new Float32Array(3 * vertices);
    const color = new Float32Array(3 * vertices);
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
    const buffer = new this.ngl.MeshBuffer(
      {
        position,
        normal,
        color,
        index: tubeIndices(capacity, SEGMENTS),
        primitiveId: Float32Array.from({ length: vertices }, (_, vertex) => Math.floor(vertex / VERTICES)),
        picking,
      },
      { side: "front", opacity, disablePicking: !this.pickable, roughness: 0.6, metalness: 0 },
    );
    buffer.geometry.setDrawRange(0, 0);
    this.stage.viewer.add(buffer);
    buffer.setVisibility(true);
    return { buffer, position, normal, color, capacity, begin: 0 };
  }

  private fill({ buffer, position, normal, color }: Bucket, arcs: readonly Arc[]): void {
    arcs.forEach((arc, place) => {
      arcPoints(arc.start, arc.end, this.center, SEGMENTS, this.points);
      const ends = arc.tapered ? ([1.5 * arc.radius, 0.4 * arc.radius] as const) : ([arc.radius, arc.radius] as const);
      writeTube(this.points, SEGMENTS, ends, position, normal, place * VERTICES);
      for (let at = 3 * place * VERTICES; at < 3 * (place + 1) * VERTICES; at += 3) {
        color[at] = arc.color[0];
        color[at + 1] = arc.color[1];
        color[at + 2] = arc.color[2];
      }
    });
    const used = 3 * arcs.length * VERTICES;
    if (used > 0) {
      // Only the part in use is copied and uploaded.
      buffer.setAttributes({
        position: position.subarray(0, used),
        normal: normal.subarray(0, used),
        color: color.subarray(0, used),
      });
    }
    buffer.geometry.setDrawRange(0, INDICES * arcs.length);
  }
}
