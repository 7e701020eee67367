// The parts of NGL 2.4 used here. The same code runs on nglview's stage in Jupyter and on our own in a page,
// so nothing is imported: the namespace and the stage are handed in.

export interface Signal<F> {
  add(callback: F): void;
  remove(callback: F): void;
}

export interface NglAtom {
  index: number;
  residueIndex: number;
  resname: string;
  resno: number;
  inscode: string;
  chainname: string;
  atomname: string;
}

export interface NglResidue {
  index: number;
  atomOffset: number;
  atomCount: number;
  resno: number;
  inscode: string;
  chainname: string;
  isProtein(): boolean;
  isWater(): boolean;
}

export interface NglStructure {
  /** Atoms within so many Å of those selected. */
  getAtomSetWithinSelection(selection: unknown, radius: number): { toSeleString(): string };
  eachResidue(callback: (residue: NglResidue) => void): void;
  eachAtom(callback: (atom: { x: number; y: number; z: number }) => void, selection: unknown): void;
  atomCount: number;
}

export interface NglRepresentation {
  setSelection(selection: string): void;
  setVisibility(visible: boolean): void;
  setParameters(parameters: Record<string, unknown>): void;
  dispose(): void;
}

export interface NglRepresentationElement {
  setColor(color: string): void;
  setParameters(parameters: Record<string, unknown>): void;
  dispose(): void;
}

export interface NglComponent {
  structure: NglStructure;
  addRepresentation(type: string, parameters: Record<string, unknown>): NglRepresentationElement;
  autoView(selection: string, duration: number): void;
}

export interface NglBuffer {
  material?: { depthTest: boolean };
  picking?: unknown;
  /** What the viewer draws of it. */
  group: { children: { renderOrder: number }[] };
  geometry: { setDrawRange(start: number, count: number): void };
  setAttributes(data: Record<string, Float32Array>): void;
  setVisibility(visible: boolean): void;
  setParameters(parameters: Record<string, unknown>): void;
  dispose(): void;
}

export interface NglPicked {
  pid: number;
  picker: { type: string };
  object: unknown;
  atom?: NglAtom;
  closestBondAtom?: NglAtom;
  shiftKey: boolean;
  ctrlKey: boolean;
  metaKey: boolean;
}

export interface NglStage {
  viewerControls: {
    signals: { changed: Signal<() => void> };
    /** In CSS pixels from the lower left. */
    getPositionOnCanvas(place: { x: number; y: number; z: number }): { x: number; y: number };
    getOrientation(): { elements: number[] };
    orient(matrix: readonly number[]): void;
  };
  animationControls: {
    /** Look at a place from a distance, which NGL takes as negative. */
    zoomMove(place: readonly number[], zoom: number, duration: number): void;
    animationList: { paused: boolean }[];
    add(animation: unknown): unknown;
  };
  viewer: {
    width: number;
    height: number;
    perspectiveCamera: { fov: number };
    rotationGroup: { quaternion: { x: number; y: number; z: number; w: number }; updateMatrix(): void };
    container: HTMLElement;
    renderer: { domElement: HTMLCanvasElement; dispose(): void; forceContextLoss(): void };
    render(picking?: boolean, target?: unknown): void;
    sampleLevel: number;
    /** One round of the loop that animates, which asks for the next. */
    animate(): void;
    frameRequest: number;
    /** Whether the sharper picture of a stage at rest is drawn. */
    isStill: boolean;
    add(buffer: NglBuffer): void;
    remove(buffer: NglBuffer): void;
    requestRender(): void;
    /** Whether the picture that picks are read from is the one last drawn. */
    lastRenderedPicking: boolean;
  };
  compList: NglComponent[];
  signals: {
    clicked: Signal<(picked?: NglPicked) => void>;
    hovered: Signal<(picked?: NglPicked) => void>;
  };
  mouseControls: { remove(trigger: string): void };
  mouseObserver: {
    canvasPosition: { x: number; y: number };
    /** Whether the place where the pointer rests was already picked. */
    hovering: boolean;
    /** Whether the pointer is over the canvas. */
    overElement: boolean;
    /** How long a pointer rests until it is looked at, in ms; -1 for never. */
    hoverTimeout: number;
    /** One round of the loop that hovers, which asks for the next. */
    _listen(): void;
    frameRequest: number;
  };
  tasks: { onZeroOnce(callback: () => void): void };
  loadFile(file: Blob, parameters: Record<string, unknown>): Promise<NglComponent>;
  setParameters(parameters: Record<string, unknown>): void;
  handleResize(): void;
  dispose(): void;
}

const NO_WEBGL =
  "this browser offers no WebGL. Switch on graphics (hardware) acceleration in its settings, or open this in another " +
  "browser or on another machine; the heads, the map and the sequence work without it";

let known = false;

/** Throw where no 3D picture can be drawn, before NGL or nglview try and say so in their own ways. */
export function requireWebGL(): void {
  if (known) return;
  const canvas = document.createElement("canvas");
  const context = (canvas.getContext("webgl2") ?? canvas.getContext("webgl")) as WebGLRenderingContext | null;
  if (!context) throw new Error(NO_WEBGL);
  known = true;
  // A browser keeps only so many contexts alive.
  context.getExtension("WEBGL_lose_context")?.loseContext();
}

/** Free all that a stage took, its WebGL context included. */
export function releaseStage(stage: NglStage): void {
  // A frame that was already asked for must not meet the lost context.
  stage.viewer.render = () => undefined;
  stage.dispose();
  stage.viewer.renderer.forceContextLoss();
}

export interface Ngl {
  Selection: new (text: string) => unknown;
  Stage: new (container: HTMLElement, parameters: Record<string, unknown>) => NglStage;
  TextBuffer: new (data: Record<string, unknown>, parameters: Record<string, unknown>) => NglBuffer;
  MeshBuffer: new (data: Record<string, unknown>, parameters: Record<string, unknown>) => NglBuffer;
  ColormakerRegistry: {
    addScheme(scheme: (this: { atomColor: (atom: NglAtom) => number }) => void, label: string): string;
    removeScheme(id: string): void;
  };
  RepresentationRegistry: {
    get(
      type: string,
    ): new (
      structure: NglStructure,
      viewer: NglStage["viewer"],
      parameters: Record<string, unknown>,
    ) => NglRepresentation;
  };
}
