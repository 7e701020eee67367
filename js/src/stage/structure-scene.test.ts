import { signal } from "@preact/signals-core";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { Scene } from "../model/scene";
import { ExplorerState } from "../model/state";
import { encodedScene, ReadyMaps, testView } from "../testing/scenes";
import { OPACITIES } from "./arc-style";
import type { Ngl, NglPicked, NglResidue, NglStage } from "./ngl";
import { StructureScene } from "./structure-scene";
import { LIGHT } from "./theme";

const N = 30;
/** A second chain of the same sequence, far away. */
const COPY = { chain_id: "B", start: 0, stop: N };

function sceneWithCopy(): Scene {
  const numbers = Array.from({ length: N }, (_, n) => n + 10);
  const encoded = encodedScene({
    nResidues: N,
    unobserved: [4],
    meta: { copies: [{ segments: [COPY], residue_numbers: numbers, insertion_codes: numbers.map(() => "") }] },
  });
  const { observed, coordinates, contacts } = encoded.arrays;
  const shifted = new Float32Array((coordinates.data as Uint8Array).slice().buffer).map((value) => value + 100);
  encoded.arrays.copies_observed = { ...observed, shape: [1, ...observed.shape] };
  encoded.arrays.copies_contacts = { ...contacts, shape: [1, ...contacts.shape] };
  encoded.arrays.copies_coordinates = { dtype: "float32", shape: [1, N, 3], data: new Uint8Array(shifted.buffer) };
  return new Scene(encoded);
}

/** NGL's part, which keeps what it is told. */
class FakeNgl {
  readonly container = document.createElement("div");
  readonly representations: { type: string; parameters: Record<string, unknown> }[] = [];
  readonly looks: string[] = [];
  readonly moves: { place: number[]; zoom: number }[] = [];
  readonly buffers: {
    parameters: Record<string, unknown>;
    attributes: Record<string, Float32Array>;
    drawn: number;
    picking: unknown;
    meshes: { renderOrder: number }[];
  }[] = [];
  readonly residues: NglResidue[];
  readonly hovered: ((picked?: NglPicked) => void)[] = [];
  readonly turned: (() => void)[] = [];
  readonly viewer = { lastRenderedPicking: false };
  readonly mouse = { canvasPosition: { x: 5, y: 5 }, hovering: true };
  /** Whether the pointer is over the picture. */
  pointed = true;
  readonly texts: string[] = [];
  /** Representations outside the component: side chains of what is selected, balls under the pointer. */
  readonly own: { type: string; parameters: Record<string, unknown> }[] = [];

  constructor(scene: Scene) {
    const listed = scene.places.flatMap((place) =>
      place.meta.residue_numbers.flatMap((resno, n) =>
        place.observed[n] ? [{ resno, chainname: place.chainOf(n), atomCount: 2 }] : [],
      ),
    );
    const rest = [
      { resno: 500, chainname: "A", atomCount: 1 },
      { resno: 501, chainname: "A", atomCount: 7 },
      { resno: 502, chainname: "W", atomCount: 1 },
    ];
    let atomOffset = 0;
    this.residues = [...listed, ...rest].map((residue, index) => {
      const made = {
        ...residue,
        index,
        atomOffset,
        inscode: "",
        isProtein: () => residue.resno < 500,
        isWater: () => residue.chainname === "W",
      };
      atomOffset += residue.atomCount;
      return made;
    });
  }

  get stage(): NglStage {
    const structure = {
      eachResidue: (callback: (residue: NglResidue) => void) => this.residues.forEach(callback),
      eachAtom: (callback: (atom: { x: number; y: number; z: number }) => void) =>
        [
          [0, 0, 0],
          [30, 30, 30],
        ].forEach(([x, y, z]) => callback({ x, y, z })),
      getAtomSetWithinSelection: ({ text }: { text: string }) => ({ toSeleString: () => `around ${text}` }),
    };
    const component = {
      structure,
      addRepresentation: (type: string, parameters: Record<string, unknown>) => {
        this.representations.push({ type, parameters });
        return { setColor: vi.fn(), setParameters: vi.fn(), dispose: vi.fn() };
      },
      autoView: (selection: string) => this.looks.push(selection),
    };
    const listened = { add: vi.fn(), remove: vi.fn() };
    const turned = { add: (callback: () => void) => this.turned.push(callback), remove: vi.fn() };
    const hovered = { add: (callback: (picked?: NglPicked) => void) => this.hovered.push(callback), remove: vi.fn() };
    this.container.matches = (selector) => selector === ":hover" && this.pointed;
    return {
      viewerControls: { signals: { changed: turned }, getPositionOnCanvas: (place: object) => place },
      mouseObserver: this.mouse,
      viewer: Object.assign(this.viewer, {
        container: this.container,
        width: 800,
        height: 600,
        perspectiveCamera: { fov: 40 },
        rotationGroup: { quaternion: { x: 0, y: 0, z: 0, w: 1 } },
        add: vi.fn(),
        remove: vi.fn(),
        requestRender: vi.fn(),
      }),
      animationControls: { zoomMove: (place: number[], zoom: number) => this.moves.push({ place, zoom }) },
      mouseControls: { remove: vi.fn() },
      signals: { clicked: listened, hovered },
      tasks: { onZeroOnce: (callback: () => void) => callback() },
      setParameters: vi.fn(),
      loadFile: async () => component,
    } as unknown as NglStage;
  }

  get namespace(): Ngl {
    const { buffers } = this;
    const { own, texts } = this;
    class TextBuffer {
      readonly setVisibility = vi.fn();
      readonly setAttributes = vi.fn();
      readonly dispose = () => texts.splice(0);
      constructor({ text }: { text: string[] }) {
        texts.push(...text);
      }
    }
    class MeshBuffer {
      readonly kept: (typeof buffers)[number];
      readonly geometry = { setDrawRange: (_: number, count: number) => (this.kept.drawn = count) };
      readonly picking: unknown;
      readonly group: { children: { renderOrder: number }[] };
      constructor({ picking }: { picking?: unknown }, parameters: Record<string, unknown>) {
        this.picking = picking;
        this.group = { children: [{ renderOrder: Number(parameters.opacity) < 1 ? 2 : 0 }] };
        this.kept = { parameters, attributes: {}, drawn: 0, picking, meshes: this.group.children };
        buffers.push(this.kept);
      }
      setAttributes(data: Record<string, Float32Array>): void {
        Object.assign(
          this.kept.attributes,
          Object.fromEntries(Object.entries(data).map(([name, values]) => [name, values.slice()])),
        );
      }
      setVisibility(): void {}
      dispose(): void {
        buffers.splice(buffers.indexOf(this.kept), 1);
      }
    }
    class Representation {
      setSelection = vi.fn();
      setParameters = vi.fn();
      dispose = vi.fn();
    }
    return {
      Selection: class {
        constructor(readonly text: string) {}
      },
      MeshBuffer,
      TextBuffer,
      RepresentationRegistry: {
        get: (type: string) =>
          class extends Representation {
            constructor(_structure: unknown, _viewer: unknown, parameters: Record<string, unknown>) {
              super();
              own.push({ type, parameters });
            }
          },
      },
      ColormakerRegistry: { addScheme: () => "scheme", removeScheme: vi.fn() },
    } as unknown as Ngl;
  }
}

let ngl: FakeNgl;
let state: ExplorerState;
let drawn: StructureScene;

async function open(view: Parameters<typeof testView>[0] = {}): Promise<void> {
  const scene = sceneWithCopy();
  ngl = new FakeNgl(scene);
  state = new ExplorerState(scene, testView({ top_k: 120, ...view }), new ReadyMaps(N));
  drawn = new StructureScene(ngl.stage, ngl.namespace, state, signal(LIGHT), () => undefined);
  await drawn.open(false);
}

beforeEach(() => open());

const arcs = () => Number(ngl.container.dataset.arcs);
/** Indices drawn, by opacity, of what can be picked. */
const byOpacity = () =>
  Object.fromEntries(
    ngl.buffers
      .filter(({ parameters }) => !parameters.disablePicking)
      .map(({ parameters, drawn: count }) => [String(parameters.opacity), count]),
  );

describe("what is drawn", () => {
  test.each([0, 6])("are the links that are counted, at |i − j| ≥ %i", async (min_separation) => {
    await open({ min_separation });
    const { contact, near, apart } = state.drawn.value;
    expect(arcs()).toBe(contact + near + apart);
    expect(state.undrawn.value).toBeGreaterThan(0);
    expect(ngl.container.dataset.copies).toBe("0");
    state.view.show_copies.value = true;
    expect([arcs(), Number(ngl.container.dataset.copies)]).toEqual([contact + near + apart, contact + near + apart]);
    state.select([8, 20]);
    expect(arcs()).toBe(Object.values(state.drawn.value).reduce((sum, count) => sum + count));
  });

  test("is as solid as it is strong, not as its rank", () => {
    const { weight, query, key } = state.links.value;
    const located = [...weight.keys()].filter(
      (n) => state.scene.hasCoordinates(query[n]) && state.scene.hasCoordinates(key[n]),
    );
    const perArc = Object.values(byOpacity()).reduce((sum, count) => sum + count) / located.length;
    const expected = (places: number[], low: number, high: number) =>
      perArc * places.filter((n) => weight[n] / weight[0] >= low && weight[n] / weight[0] < high).length;
    // Where colour tells contacts from others, the others are a step fainter.
    const faded = located.filter((n) => state.scene.relation(query[n], key[n]) === "apart");
    const solid = located.filter((n) => !faded.includes(n));
    expect(faded.length).toBeGreaterThan(0);
    expect(byOpacity()).toEqual({
      "1": expected(solid, 0.5, 2),
      "0.7": expected(solid, 0.25, 0.5) + expected(faded, 0.5, 2),
      "0.42": expected(solid, 0, 0.25) + expected(faded, 0.25, 0.5),
      "0.25": expected(faded, 0, 0.25),
    });
    state.view.color_by.value = "weight";
    expect(byOpacity()).toEqual({
      "1": expected(located, 0.5, 2),
      "0.7": expected(located, 0.25, 0.5),
      "0.42": expected(located, 0, 0.25),
      "0.25": 0,
    });
  });

  test("is drawn strongest first, and before what else is seen through", () => {
    const ordered = () =>
      ngl.buffers
        .filter(({ parameters }) => !parameters.disablePicking)
        .sort((one, other) => one.meshes[0].renderOrder - other.meshes[0].renderOrder)
        .map(({ parameters }) => parameters.opacity);
    expect(ordered()).toEqual(OPACITIES);
    expect(Math.max(...ngl.buffers.map(({ meshes }) => meshes[0].renderOrder))).toBeLessThan(2);
    const before = [...ngl.buffers];
    state.view.top_k.value = 300;
    expect(ngl.buffers.some((buffer) => !before.includes(buffer))).toBe(true);
    expect(ordered()).toEqual(OPACITIES);
  });

  test("stays as thick when others are taken away", () => {
    const ends = () => {
      const found = new Map<string, string>();
      for (const { parameters, attributes, drawn: count } of ngl.buffers) {
        if (parameters.disablePicking || count === 0) continue;
        // An arc's vertices, whole: radius and place.
        const size = 3 * 17 * 5;
        for (let at = 0; at < attributes.position.length; at += size) {
          found.set([...attributes.position.subarray(at, at + size)].join(), String(parameters.opacity));
        }
      }
      return found;
    };
    // Of means: the links of a selection come in and go out, those of the head need not.
    state.view.combine.value = "mean";
    const before = ends();
    // The second strongest is weaker than the head's strongest, and its residue's first.
    const { query, key } = state.links.value;
    state.view.partners.value = 1;
    state.select(
      [query, key]
        .map((ends) => ends[1])
        .filter((end) => end !== query[0] && end !== key[0])
        .slice(0, 1),
    );
    const after = ends();
    expect(after.size).toBeGreaterThan(0);
    expect(after.size).toBeLessThan(before.size);
    for (const [arc, opacity] of after) expect(before.get(arc)).toBe(opacity);
  });

  test("single atoms are balls, all other ligands sticks; waters are neither", () => {
    const balls = ngl.representations.filter(({ type }) => type === "spacefill");
    const ion = ngl.residues.find(({ resno }) => resno === 500)!;
    expect(balls).toHaveLength(1);
    expect(balls[0].parameters.sele).toBe(`(hetero and not polymer and not water) and (@${ion.atomOffset})`);
    expect(balls[0].parameters.radiusSize).toBeGreaterThanOrEqual(0.6);
  });

  test("the selection and the other ends of its links have names, once it rests, and none without it", () => {
    vi.useFakeTimers();
    try {
      expect(ngl.texts).toEqual([]);
      state.select([9]);
      expect(ngl.texts).toEqual([]);
      vi.runAllTimers();
      const { query, key } = state.shown.value;
      const partners = Array.from(query, (from, n) => (from === 9 ? key[n] : from)).filter((residue) => residue !== 4);
      expect(ngl.texts).toEqual([9, ...new Set(partners)].map((residue) => `ALA${residue + 10}`));
      expect(ngl.container.dataset.names).toBe(ngl.texts.join(" "));
      state.chooseHead(2, 1);
      expect(ngl.texts).toEqual([]);
      vi.runAllTimers();
      expect(ngl.texts[0]).toBe("ALA19");
      state.clear();
      vi.runAllTimers();
      expect(ngl.texts).toEqual([]);
    } finally {
      vi.useRealTimers();
    }
  });

  test("what marks a link lies around its arc and has the accent's colour", () => {
    const outline = () => ngl.buffers.find(({ parameters }) => parameters.side === "back")!;
    expect(outline().drawn).toBe(0);
    const before = byOpacity();
    const { query, key } = state.links.value;
    state.view.selected_residues.value = [];
    state.view.selected_link.value = [query[0], key[0]];
    expect(outline().drawn).toBeGreaterThan(0);
    // The arc itself keeps its colour and is still there.
    expect(byOpacity()).toEqual(before);
    const [red] = outline().attributes.color;
    expect(red).toBeCloseTo(0xc2 / 255, 5);
  });
});

describe("looking", () => {
  test("begins with the whole chain and its arcs", () => {
    expect(ngl.moves).toHaveLength(1);
    expect(ngl.moves[0].place.every(Number.isFinite)).toBe(true);
    expect(ngl.moves[0].zoom).toBeLessThan(-40);
  });

  test("at a selection is at the chain itself, not at its copies", () => {
    state.select([3, 7]);
    drawn.focus();
    const own = ngl.residues.filter(({ chainname, resno }) => chainname === "A" && (resno === 13 || resno === 17));
    const atoms = own.flatMap(({ atomOffset }) => [atomOffset, atomOffset + 1]);
    expect(ngl.looks).toEqual([`around @${atoms.join(",")}`]);
  });
});

describe("a pick", () => {
  /** What NGL calls an arc of the most solid level. */
  const arcPick = (pid: number) => {
    const solid = ngl.buffers.find(({ parameters }) => !parameters.disablePicking && parameters.opacity === 1)!;
    return { pid, picker: solid.picking } as NglPicked;
  };

  test("of an arc that is gone is no pick, and throws nothing at NGL, which would stop listening", () => {
    const strongest = state.links.value;
    ngl.hovered[0](arcPick(0));
    // The first of the most solid arcs: fainter are those between residues that do not touch.
    const first = [...strongest.query.keys()].find(
      (n) =>
        state.scene.hasCoordinates(strongest.query[n]) &&
        state.scene.hasCoordinates(strongest.key[n]) &&
        state.scene.relation(strongest.query[n], strongest.key[n]) !== "apart",
    )!;
    expect(state.hover.value).toMatchObject({ query: strongest.query[first], key: strongest.key[first] });
    const weakest = strongest.query.length - 1;
    state.select([strongest.query[weakest]]);
    for (const pid of [200, 100_000]) {
      ngl.hovered[0](arcPick(pid));
      expect(state.hover.value).toBeNull();
    }
  });

  test("sees through the balls that hovering draws, which lie over the arc's ends, and not through side chains", () => {
    const touchable = ngl.own.map(({ type, parameters }) => [type, !parameters.disablePicking]);
    expect(touchable).toEqual([
      ["licorice", true],
      ["spacefill", false],
    ]);
  });

  test("after other arcs are drawn is from a new picture, not from the one of the old arcs", () => {
    ngl.viewer.lastRenderedPicking = true;
    state.view.top_k.value = 20;
    expect(ngl.viewer.lastRenderedPicking).toBe(false);
  });

  test("is made again where the pointer rests and keys moved the view, and only there", () => {
    vi.useFakeTimers();
    const pickedAgain = () => {
      const again = !ngl.mouse.hovering;
      ngl.mouse.hovering = true;
      return again;
    };
    state.chooseHead(1, 2);
    expect(pickedAgain()).toBe(true);
    ngl.turned[0]();
    expect(pickedAgain()).toBe(false);
    vi.runAllTimers();
    expect(pickedAgain()).toBe(true);
    ngl.pointed = false;
    state.chooseHead(1, 1);
    ngl.turned[0]();
    vi.runAllTimers();
    expect(pickedAgain()).toBe(false);
    vi.useRealTimers();
  });
});
