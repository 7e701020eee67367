// The 3D scene of one explorer on one NGL stage: the protein, its links as arcs, highlights and picking.

import { effect, type Signal } from "@preact/signals-core";
import { changeOf } from "../model/change";
import type { Links } from "../model/links";
import type { DrawnHead } from "../model/overlay";
import type { Placement } from "../model/placement";
import type { Scene } from "../model/scene";
import type { ExplorerState, Hover } from "../model/state";
import type { ColorBy, Pair } from "../model/view";
import { arcPoints, type Vector } from "./arc";
import { type Arc, ArcLayer, SEGMENTS } from "./arc-layer";
import { asideOf, changeColors, OPACITIES, opacityLevel, radiusOf, relationColors } from "./arc-style";
import { fitCamera } from "./camera-fit";
import { linkColor } from "./link-color";
import { NameLayer } from "./name-layer";
import type { Ngl, NglAtom, NglComponent, NglPicked, NglRepresentation, NglStage } from "./ngl";
import { Protein, polymerOf } from "./protein";
import { residueAtoms } from "./residues";
import { HEAD_COLORS, parseHex, type Theme } from "./theme";

const SURROUNDINGS = 9;
/** How much thicker than an arc, in Å, what marks it is. */
const OUTLINE = 0.16;
/** How long the camera stands still before what lies under a resting pointer is picked again. */
const STILL_MS = 80;
/** In the first frame panels are drawn, in the second the map in its size, in the third the 3D panel has its own. */
const SETTLING_FRAMES = 3;
/** So many names can be told apart. */
const MOST_NAMED = 12;

export class StructureScene {
  private component!: NglComponent;
  private arcs!: ArcLayer;
  private marked!: ArcLayer;
  private names!: NameLayer;
  private selectedSticks!: NglRepresentation;
  private hoveredBall!: NglRepresentation;
  private protein!: Protein;
  private residueOfNgl!: Int32Array;
  private placeOfNgl!: Uint8Array;
  private atomsOf!: Map<number, string>;
  private ownAtomsOf!: Map<number, string>;
  private center!: Vector;
  /** The arcs now drawn, and the links behind them, in the same order. */
  private drawnArcs: Arc[] = [];
  private drawn: { pair: Pair; place: number }[] = [];
  private readonly stops: (() => void)[] = [];
  private disposed = false;
  private still: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly stage: NglStage,
    private readonly ngl: Ngl,
    private readonly state: ExplorerState,
    private readonly theme: Signal<Theme>,
    private readonly onPointer: (text: string, x: number, y: number) => void,
  ) {}

  /** Load the structure and start following the state. `keepCamera` leaves the view where it is. */
  async open(keepCamera: boolean): Promise<void> {
    const { stage, ngl, state } = this;
    const { scene } = state;
    // A click selects; NGL's own click would also recentre the camera, its hover show a second tooltip.
    for (const trigger of ["clickPick-left", "clickPick-right", "clickPick-ctrl-left", "hoverPick"]) {
      stage.mouseControls.remove(trigger);
    }
    stage.setParameters({ backgroundColor: this.theme.peek().background, hoverTimeout: 30 });
    this.component = await stage.loadFile(new Blob([scene.structure], { type: "text/plain" }), {
      ext: "cif",
      name: scene.meta.structure_name,
      defaultRepresentation: false,
    });
    if (this.disposed) return;
    const { structure } = this.component;
    const found = residueAtoms(structure, scene);
    this.residueOfNgl = found.residueOfNgl;
    this.placeOfNgl = found.placeOfNgl;
    this.atomsOf = found.atomsOf;
    this.ownAtomsOf = found.ownAtomsOf;

    this.protein = new Protein(this.component, ngl, state, found.residueOfNgl);
    this.center = centerOf(scene);
    this.arcs = new ArcLayer(stage, ngl, structure, this.center, OPACITIES, { pickable: true });
    // Only the far wall of a wider tube: what is marked is seen inside it, in its own colour.
    this.marked = new ArcLayer(stage, ngl, structure, this.center, [1], { side: "back" });
    this.names = new NameLayer(stage, ngl);
    const accent = this.theme.peek().accent;
    this.selectedSticks = this.represent("licorice", { colorScheme: "element", colorValue: accent, radius: 0.28 });
    // Seen, not touched: over an arc's end it would take the click that was meant for the arc.
    this.hoveredBall = this.represent("spacefill", {
      disablePicking: true,
      color: accent,
      opacity: 0.55,
      radiusType: "size",
      radiusSize: 1.1,
    });

    this.stops.push(
      effect(() =>
        this.drawArcs(
          state.heads.value,
          state.arcColorBy.value,
          state.showsDirection.value,
          state.view.show_copies.value ? scene.places : scene.places.slice(0, 1),
        ),
      ),
      effect(() => this.drawMarked(state.view.selected_link.value, state.hover.value, state.showsDirection.value)),
      effect(() => {
        const link = state.view.selected_link.value ?? [];
        const { selected_block, selected_residues } = state.view;
        this.drawSelection(selected_residues.value, link, selected_block.value === null);
      }),
      effect(() => this.drawNames(state.view.selected_residues.value, state.shown.value, this.theme.value)),
      effect(() => this.drawHover(state.hover.value)),
      effect(() => this.applyTheme(this.theme.value)),
      effect(() => {
        const cartoon = this.protein.paint(state.view.cartoon_by.value, state.tracks.value, this.theme.value);
        stage.viewer.container.dataset.cartoon = cartoon;
      }),
    );
    stage.viewer.container.dataset.chain = scene.meta.chain_id;
    stage.signals.clicked.add(this.clicked);
    stage.signals.hovered.add(this.hovered);
    stage.viewerControls.signals.changed.add(this.turned);
    if (keepCamera) return;
    // The panels have their sizes once the map has taken its own; hidden pages draw no frame to wait for.
    for (let n = 0; n < SETTLING_FRAMES && !document.hidden; n++) await new Promise(requestAnimationFrame);
    await this.fit();
  }

  /** Show the whole chain. */
  fit(): Promise<void> {
    return new Promise((resolve) => {
      this.stage.tasks.onZeroOnce(() => {
        if (!this.disposed) this.lookAtChain(0);
        resolve();
      });
    });
  }

  /** Zoom to the selected residues, or to everything when none is selected. */
  focus(): void {
    // On the chain itself: copies may lie anywhere.
    const atoms = this.state.view.selected_residues.value
      .map((residue) => this.ownAtomsOf.get(residue))
      .filter(Boolean);
    if (atoms.length > 0) {
      // With its surroundings: closer up, the view would cut through what lies in front.
      const selected = new this.ngl.Selection(`@${atoms.join(",")}`);
      const near = this.component.structure.getAtomSetWithinSelection(selected, SURROUNDINGS);
      this.component.autoView(near.toSeleString(), 400);
    } else this.lookAtChain(400);
  }

  /** Show the whole chain, and the arcs of its copies where they are shown. */
  lookAtChain(duration: number): void {
    const places = this.state.view.show_copies.peek() ? this.state.scene.places : this.state.scene.places.slice(0, 1);
    const chains = places.flatMap((place) => place.chainIds);
    const points: number[] = [];
    // A ribbon follows the Cα atoms; side chains are not drawn.
    const ribbon = new this.ngl.Selection(`(${polymerOf(chains)}) and .CA`);
    this.component.structure.eachAtom(({ x, y, z }) => points.push(x, y, z), ribbon);
    const curve = new Float32Array(3 * (SEGMENTS + 1));
    for (const { start, end } of this.drawnArcs) {
      arcPoints(start, end, this.center, SEGMENTS, curve);
      points.push(...curve);
    }
    const { width, height, perspectiveCamera, rotationGroup } = this.stage.viewer;
    const fitted = fitCamera(points, rotationGroup.quaternion, perspectiveCamera.fov, width / height);
    if (fitted) this.stage.animationControls.zoomMove(fitted.center, -fitted.distance, duration);
    else this.component.autoView("all", duration);
  }

  dispose(): void {
    this.disposed = true;
    for (const stop of this.stops.splice(0)) stop();
    this.stage.signals.clicked.remove(this.clicked);
    this.stage.signals.hovered.remove(this.hovered);
    this.stage.viewerControls.signals.changed.remove(this.turned);
    clearTimeout(this.still);
    this.arcs?.dispose();
    this.marked?.dispose();
    this.names?.dispose();
    this.selectedSticks?.dispose();
    this.hoveredBall?.dispose();
    this.protein?.dispose();
  }

  // -- what is drawn -----------------------------------------------------------------------------

  private represent(type: string, parameters: Record<string, unknown>): NglRepresentation {
    // Outside the component: nglview mirrors a component's representations to Python and back.
    const Representation = this.ngl.RepresentationRegistry.get(type);
    return new Representation(this.component.structure, this.stage.viewer, {
      sele: "none",
      useWorker: false,
      quality: "medium",
      ...parameters,
    });
  }

  /** Draw links; shares are of each head's strongest, so that a selection changes no arc that stays. */
  private drawArcs(
    heads: readonly DrawnHead[],
    colorBy: ColorBy,
    directed: boolean,
    places: readonly Placement[],
  ): void {
    const { scene } = this.state;
    const colors = relationColors(this.theme.value);
    const changes = changeColors(this.theme.value);
    const { noise } = this.state.mapSet.value.meta;
    const arcs: Arc[] = [];
    this.drawn = [];
    const own = [0, 0, 0];
    const several = heads.length > 1;
    for (const { place: head, links, heaviest } of heads) {
      for (let n = 0; n < links.query.length; n++) {
        const query = links.query[n];
        const key = links.key[n];
        const share = links.weight[n] / heaviest;
        let plain: Vector | null = null;
        if (several) plain = parseHex(HEAD_COLORS[head]);
        else if (colorBy === "sign") plain = changes[changeOf(links.sign[n], links.weight[n], noise)];
        else if (colorBy !== "contact") plain = linkColor(scene, colorBy, query, key, share);
        for (const place of places) {
          if (!place.hasCoordinates(query) || !place.hasCoordinates(key)) continue;
          if (place === places[0]) own[head]++;
          arcs.push({
            start: place.position(query),
            end: place.position(key),
            radius: radiusOf(share),
            color: plain ?? colors[place.relation(query, key)],
            level: opacityLevel(share, !plain && place.relation(query, key) === "apart"),
            tapered: directed,
            aside: asideOf(head, query, key),
          });
          this.drawn.push({ pair: [query, key], place: head });
        }
      }
    }
    // By their level, as the layer takes them; within one, strongest first.
    const order = arcs.map((_, n) => n).sort((one, other) => arcs[one].level - arcs[other].level || one - other);
    this.drawn = order.map((n) => this.drawn[n]);
    this.drawnArcs = order.map((n) => arcs[n]);
    this.arcs.draw(this.drawnArcs);
    this.pickAgain();
    // What the picture holds, for tests and for anyone who cannot see it.
    this.stage.viewer.container.dataset.arcs = String(own[0]);
    this.stage.viewer.container.dataset.overlaid = own.slice(1).join(" ");
    this.stage.viewer.container.dataset.copies = String(arcs.length - own[0] - own[1] - own[2]);
  }

  private drawMarked(selected: Pair | null, hover: Hover | null, directed: boolean): void {
    const { scene } = this.state;
    const pairs: (readonly [query: number, key: number, place?: number])[] = [];
    if (selected) pairs.push(selected);
    if (hover?.kind === "link") pairs.push([hover.query, hover.key, hover.place]);
    const color = parseHex(this.theme.value.accent);
    this.marked.draw(
      pairs
        .filter(([query, key]) => query !== key && scene.hasCoordinates(query) && scene.hasCoordinates(key))
        .map(([query, key, place = 0]) => ({
          start: scene.places[0].position(query),
          end: scene.places[0].position(key),
          radius: this.radiusOfLink(query, key) + OUTLINE,
          color,
          level: 0,
          tapered: directed,
          aside: asideOf(place, query, key),
        })),
    );
  }

  /** Radius of the thickest arc between two residues; that of the strongest of all where there is none. */
  private radiusOfLink(one: number, other: number): number {
    const { query, key, weight } = this.state.shown.value;
    const n = query.findIndex((from, n) => (from === one && key[n] === other) || (from === other && key[n] === one));
    return radiusOf(n < 0 ? 1 : weight[n] / this.state.links.value.weight[0]);
  }

  /** Show the side chains of what is selected; those of a block would bury its links. */
  private drawSelection(selection: readonly number[], link: readonly number[], sticks: boolean): void {
    this.selectedSticks.setSelection(this.atomSelection(new Set([...(sticks ? selection : []), ...link])));
    this.stage.viewer.container.dataset.selected = selection.map((n) => this.state.scene.label(n)).join(" ");
    this.stage.viewer.requestRender();
  }

  /** Name the selected residues, where they are few, and those at the other ends of their strongest links. */
  private drawNames(selection: readonly number[], links: Links, theme: Theme): void {
    const { scene } = this.state;
    const chosen = new Set(selection);
    const ends = Array.from(links.query, (query, n) => [query, links.key[n]]).flat();
    const partners = chosen.size === 0 ? [] : ends.filter((residue) => !chosen.has(residue));
    const own = selection.length <= MOST_NAMED ? selection : [];
    const named = [...own, ...[...new Set(partners)].slice(0, MOST_NAMED)];
    this.names.draw(
      named
        .filter((residue) => scene.hasCoordinates(residue))
        .map((residue) => ({
          place: scene.places[0].position(residue),
          text: scene.name(residue),
          color: parseHex(chosen.has(residue) ? theme.accent : theme.name),
        })),
      theme.background,
    );
  }

  private drawHover(hover: Hover | null): void {
    const residues = hover === null ? [] : hover.kind === "residue" ? [hover.residue] : [hover.query, hover.key];
    const atoms = this.atomSelection(residues);
    this.hoveredBall.setSelection(atoms === "none" ? "none" : `(${atoms}) and .CA`);
    this.stage.viewer.requestRender();
  }

  private applyTheme(theme: Theme): void {
    this.stage.setParameters({ backgroundColor: theme.background });
    this.selectedSticks.setParameters({ colorValue: theme.accent });
    this.hoveredBall.setParameters({ colorValue: theme.accent });
  }

  private atomSelection(residues: Iterable<number>): string {
    const atoms = [...residues].map((residue) => this.atomsOf.get(residue)).filter(Boolean);
    return atoms.length > 0 ? `@${atoms.join(",")}` : "none";
  }

  // -- picking -----------------------------------------------------------------------------------

  /** Let NGL look again at what lies under a pointer that rests: keys move the view, too. */
  private pickAgain(): void {
    const { mouseObserver, viewer } = this.stage;
    if (viewer.container.matches(":hover")) mouseObserver.hovering = false;
  }

  private readonly turned = (): void => {
    clearTimeout(this.still);
    this.names.wait();
    this.still = setTimeout(() => {
      this.pickAgain();
      this.names.arrange();
    }, STILL_MS);
  };

  private pickedLink(picked: NglPicked | undefined): { pair: Pair; place: number } | undefined {
    return this.drawn[this.arcs.picked(picked)];
  }

  private readonly clicked = (picked?: NglPicked): void => {
    const link = this.pickedLink(picked);
    if (link) {
      this.state.selectLink(link.pair);
      return;
    }
    const atom = picked?.atom ?? picked?.closestBondAtom;
    const residue = atom ? this.residueOfNgl[atom.residueIndex] : -1;
    if (picked && residue >= 0) {
      this.state.select([residue], { extend: picked.shiftKey || picked.ctrlKey || picked.metaKey });
    } else if (!picked) {
      this.state.clear();
    }
  };

  private readonly hovered = (picked?: NglPicked): void => {
    const { x, y } = this.stage.mouseObserver.canvasPosition;
    const top = this.stage.viewer.container.clientHeight - y;
    const atom = picked?.atom ?? picked?.closestBondAtom;
    // What NGL itself calls it, and where, so that a test can compare.
    this.stage.viewer.container.dataset.picked = atom ? atomLabel(atom) : "";
    this.stage.viewer.container.dataset.pickedAt = `${x} ${top}`;
    const link = this.pickedLink(picked);
    if (link) {
      const [query, key] = link.pair;
      const place = link.place || undefined;
      this.state.setHover({ kind: "link", query, key, place });
      this.onPointer(this.state.words.pair(query, key, place), x, top);
      return;
    }
    const residue = atom ? this.residueOfNgl[atom.residueIndex] : -1;
    this.state.setHover(residue >= 0 ? { kind: "residue", residue } : null);
    const copy = atom && residue >= 0 && this.placeOfNgl[atom.residueIndex] > 0 ? `${atomLabel(atom)} = ` : "";
    this.onPointer(residue >= 0 ? copy + this.state.words.residue(residue) : atom ? atomLabel(atom) : "", x, top);
  };
}

function centerOf(scene: Scene): Vector {
  const sum = [0, 0, 0];
  let count = 0;
  for (let residue = 0; residue < scene.nResidues; residue++) {
    if (!scene.hasCoordinates(residue)) continue;
    count++;
    scene.places[0].position(residue).forEach((value, axis) => {
      sum[axis] += value;
    });
  }
  return count === 0 ? [0, 0, 0] : [sum[0] / count, sum[1] / count, sum[2] / count];
}

function atomLabel(atom: NglAtom): string {
  return `${atom.chainname}:${atom.resname}${atom.resno}${atom.inscode ?? ""}`;
}
