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
  /** Place in the layer's opacities. */
  level: number;
  /** The far end is thinner, so that the arc points. */
  tapered: boolean;
  /** How far in Å it lies beside where it would. */
  aside?: number;
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

/** Arcs for which a buffer has room from the start, so that none grows while sliders move. */
const ROOM = 512;

/**
 * Arcs drawn strongest first. Opacity belongs to a whole buffer in NGL, so there is one for each level of opacity, and
 * arcs come with their levels ascending.
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
    private readonly options: { pickable?: boolean; side?: "front" | "back" },
  ) {}

  draw(arcs: readonly Arc[]): void {
    let begin = 0;
    for (let level = 0; level < this.opacities.length; level++) {
      let end = begin;
      while (end < arcs.length && arcs[end].level === level) end++;
      this.fill(this.bucket(level, end - begin, arcs.length), arcs, begin, end);
      begin = end;
    }
    if (begin < arcs.length) throw new RangeError(`arc ${begin} is out of order: level ${arcs[begin].level}`);
    // NGL picks from the picture of its last pick until it draws a frame: one pick more, right after a click, would
    // name arcs that are gone.
    this.stage.viewer.lastRenderedPicking = false;
    this.stage.viewer.requestRender();
  }

  /** Place of the picked arc among those drawn, or -1 if something else was picked. */
  picked(picked: NglPicked | undefined): number {
    if (!picked || picked.picker?.type !== PICKER_TYPE) return -1;
    const bucket = this.buckets.find(({ buffer }) => buffer.picking === picked.picker);
    return bucket ? bucket.begin + picked.pid : -1;
  }

  dispose(): void {
    for (const bucket of this.buckets.splice(0)) this.free(bucket);
    this.stage.viewer.requestRender();
  }

  private free({ buffer }: Bucket): void {
    this.stage.viewer.remove(buffer);
    buffer.dispose();
  }

  /** The bucket of a level with room for `needed` of `all` arcs, made anew where it is too small. */
  private bucket(level: number, needed: number, all: number): Bucket {
    const known: Bucket | undefined = this.buckets[level];
    // Other heads deal as many arcs in other ways: up to a point all of them fit into any bucket.
    const room = Math.max(needed, Math.min(all, ROOM), this.options.pickable ? 64 : 4);
    if (known && known.capacity >= room) return known;
    if (known) this.free(known);
    this.buckets[level] = this.makeBucket(2 ** Math.ceil(Math.log2(room)), level);
    return this.buckets[level];
  }

  private makeBucket(capacity: number, level: number): Bucket {
    const vertices = capacity * VERTICES;
    const position = new Float32Array(3 * vertices);
    const normal = new Float32Array(3 * vertices);
    const color = new Float32Array(3 * vertices);
    // nglview looks up the component a click belongs to, so the picker owns the structure.
    const { pickable = false, side = "front" } = this.options;
    const picking = pickable
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
      { side, opacity: this.opacities[level], disablePicking: !pickable, roughness: 0.6, metalness: 0 },
    );
    buffer.geometry.setDrawRange(0, 0);
    this.stage.viewer.add(buffer);
    // Strongest first, so that no arc is lost behind a fainter one, and before all else that is seen through. By
    // itself, three.js would sort buffers by where the first arcs in them lay.
    for (const mesh of buffer.group.children) mesh.renderOrder += level / this.opacities.length - 1;
    buffer.setVisibility(true);
    return { buffer, position, normal, color, capacity, begin: 0 };
  }

  private fill(bucket: Bucket, arcs: readonly Arc[], begin: number, end: number): void {
    const { buffer, position, normal, color } = bucket;
    bucket.begin = begin;
    for (let place = 0; place < end - begin; place++) {
      const arc = arcs[begin + place];
      arcPoints(arc.start, arc.end, this.center, SEGMENTS, this.points, arc.aside);
      const ends = arc.tapered ? ([1.5 * arc.radius, 0.4 * arc.radius] as const) : ([arc.radius, arc.radius] as const);
      writeTube(this.points, SEGMENTS, ends, position, normal, place * VERTICES);
      for (let at = 3 * place * VERTICES; at < 3 * (place + 1) * VERTICES; at += 3) {
        color[at] = arc.color[0];
        color[at + 1] = arc.color[1];
        color[at + 2] = arc.color[2];
      }
    }
    const used = 3 * (end - begin) * VERTICES;
    if (used > 0) {
      // Only the part in use is copied and uploaded.
      buffer.setAttributes({
        position: position.subarray(0, used),
        normal: normal.subarray(0, used),
        color: color.subarray(0, used),
      });
    }
    buffer.geometry.setDrawRange(0, INDICES * (end - begin));
  }
}
