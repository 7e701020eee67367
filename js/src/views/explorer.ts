// One explorer on screen: puts the views together and gives the 3D panel its stage.

import { effect, signal } from "@preact/signals-core";
import { button, element, listen, observeSize } from "../dom";
import type { ExplorerState } from "../model/state";
import type { Ngl, NglStage } from "../stage/ngl";
import { restWhenStill } from "../stage/rest";
import { StructureScene } from "../stage/structure-scene";
import { DARK, LIGHT, prefersDark, type Theme, watchTheme } from "../stage/theme";
import { turnByKey, zoomByWheel } from "../stage/turning";
import { ArcDiagram } from "./arc-diagram";
import { Controls } from "./controls";
import { HeadGrid } from "./head-grid";
import { AttentionHeatmap } from "./heatmap";
import { Layout } from "./layout";
import { Legend } from "./legend";
import { type PanelName, panelMenu } from "./panel-menu";
import { Partners } from "./partners";
import { fitOnPaper } from "./printing";
import { ResidueSearch } from "./residue-search";
import { SequenceView } from "./sequence";

/** A stage inside the given element, whoever owns it. */
export interface StageLease {
  stage: NglStage;
  ngl: Ngl;
  /** The camera already looks where the user wants it. */
  keepCamera: boolean;
  release(): void;
}

export type StageProvider = (box: HTMLElement) => Promise<StageLease>;

/** JupyterLab must not take letters pressed in here for its own shortcuts. */
const QUIET = "data-lm-suppress-shortcuts";

const KEYS: [string, string][] = [
  ["B / Shift+B", "next, previous best head"],
  ["[ / ]", "stronger, weaker link, of the selection if there is one"],
  ["L", "head that looks most at the selection"],
  ["M", "small pictures of all heads' maps"],
  ["O", "go on drawing this head beside the next; or no longer"],
  ["Shift-click", "heads: draw one beside the chosen one"],
  ["C", "mark contacts on the map"],
  ["F", "zoom to the selection, or to everything"],
  ["Esc", "close this, clear the selection, draw one head"],
  ["Ctrl+Z", "back to the selection before"],
  ["Ctrl-click", "sequence, 3D: add a residue or take it away"],
  ["Shift-click", "sequence: select up to there"],
  ["arrows", "move in what has the focus; turn the structure"],
  ["Home / End", "first, last head of the row, residue"],
  ["Enter", "select the residue, the pair"],
  ["Space", "sequence: add or take away; map: begin, end a block"],
  ["Shift+arrows", "sequence: select a range; map: move by ten"],
  ["+ / −", "zoom the map, or the structure"],
  ["wheel", "zoom the map; the structure once it was clicked, or with Ctrl"],
  ["0", "show the whole map"],
];

export class AttentionExplorer {
  readonly root: HTMLElement;
  private readonly theme = signal<Theme>(prefersDark() ? DARK : LIGHT);
  private readonly box = element("div", { class: "pv-stage", tabindex: 0, role: "application" });
  private readonly tooltip = element("div", { class: "pv-tooltip", hidden: true });
  private readonly failure = element("div", { class: "pv-failure", role: "alert", hidden: true });
  private readonly keys = element("details", { class: "pv-help" });
  private structure: StructureScene | null = null;
  private lease: StageLease | null = null;
  private readonly stops: (() => void)[] = [];
  private disposed = false;

  constructor(private readonly state: ExplorerState) {
    const { meta } = state.scene;
    const grid = new HeadGrid(state);
    const heatmap = new AttentionHeatmap(state, this.theme);
    const sequence = new SequenceView(state, this.theme);
    const controls = new Controls(state);
    const legend = new Legend(state, this.theme);
    const partners = new Partners(state);
    const live = element("div", { class: "pv-live", "aria-live": "polite" });
    const layout = new Layout(() => this.root);
    const fit = button("reset view", "Show the whole chain", "pv-fit");
    const zoom = button("zoom to selection", "Zoom to the selected residues (F)");
    const clear = button("clear selection", "Clear the selection (Esc)");
    const undo = button("undo", "Back to the selection before (Ctrl+Z)");
    const search = new ResidueSearch(state);
    const where = element("strong", { class: "pv-where" });
    const selected = element("span", { class: "pv-selectedtext" });
    const refusedText = document.createTextNode("");
    const dismiss = button("dismiss");
    const refused = element("p", { class: "pv-notice pv-refused" }, refusedText, " ", dismiss);

    const { hasStructure } = state.scene;
    this.box.setAttribute(
      "aria-label",
      hasStructure
        ? "3D structure: arrow keys turn it, + and − zoom, [ and ] step through its links"
        : "links over the sequence: [ and ] step through them",
    );
    fit.hidden = zoom.hidden = !hasStructure;
    this.keys.append(
      element("summary", {}, "keys"),
      element("dl", {}, ...KEYS.flatMap(([key, what]) => [element("dt", {}, key), element("dd", {}, what)])),
    );
    const section = element(
      "section",
      { class: "pv-panel pv-structure", "aria-label": hasStructure ? "structure" : "links over the sequence" },
      this.box,
      legend.root,
      partners.root,
      this.tooltip,
      this.failure,
    );
    this.root = element(
      "div",
      { class: "protvis", [QUIET]: "true", role: "region", "aria-label": `attention explorer, ${meta.title}` },
      element(
        "header",
        { class: "pv-header" },
        element(
          "h2",
          { title: meta.structure_title },
          hasStructure ? `${meta.structure_name} · chain ${meta.chain_id}` : meta.structure_name,
        ),
        element("span", { class: "pv-model" }, meta.model_name),
        // A line of its own, or the rest of this one: what lies below stays where it is, whatever it says.
        element("div", { class: "pv-now" }, where, selected),
        element("span", { class: "pv-space" }),
        search.root,
        fit,
        zoom,
        clear,
        undo,
        layout.buttons,
        this.keys,
      ),
      refused,
      // One line that opens: always there, and never much in the way.
      ...(meta.notice
        ? [
            element(
              "details",
              { class: "pv-notice", role: "note" },
              element("summary", { class: "pv-noticeline" }, meta.notice),
            ),
          ]
        : []),
      element(
        "div",
        { class: "pv-body" },
        element("div", { class: "pv-left" }, section, legend.status, controls.root),
        element("div", { class: "pv-right" }, layout.tabs, grid.root, heatmap.root),
      ),
      sequence.root,
      live,
    );

    this.stops.push(
      ...[grid, heatmap, sequence, controls, legend, partners, layout, search].map((view) => () => view.dispose()),
      listen(fit, "click", () => this.structure?.lookAtChain(400)),
      listen(zoom, "click", () => this.structure?.focus()),
      listen(clear, "click", () => state.clear()),
      listen(undo, "click", () => state.undoSelection()),
      effect(() => {
        undo.disabled = !state.history.canUndo.value;
      }),
      listen(this.root, "keydown", (event) => this.keydown(event)),
      // JupyterLab's shortcuts match the focused element itself before they look at what surrounds it.
      listen(this.root, "focusin", (event) => (event.target as HTMLElement).setAttribute(QUIET, "true")),
      // Keys go on working after a click in 3D, whose canvas takes no focus of its own.
      listen(dismiss, "click", () => {
        state.refused.value = "";
      }),
      listen(this.box, "keydown", (event) => this.turn(event)),
      listen(this.box, "pointerup", () => this.box.focus({ preventScroll: true })),
      // The wheel scrolls the page past a structure that nobody took hold of.
      listen(this.box, "wheel", (event) => this.wheel(event), { capture: true, passive: false }),
      listen(this.box, "pointerleave", () => {
        this.point("", 0, 0);
        state.setHover(null);
      }),
      fitOnPaper(this.root),
      watchTheme(() => {
        this.theme.value = prefersDark() ? DARK : LIGHT;
      }),
      effect(() => {
        this.root.classList.toggle("pv-dark", this.theme.value.dark);
      }),
      effect(() => {
        live.textContent = state.spoken.value;
      }),
      effect(() => {
        where.textContent = state.words.head();
        where.title = where.textContent;
      }),
      effect(() => {
        const any = state.view.selected_residues.value.length > 0;
        selected.textContent = any ? state.words.selection({ short: true }) : "";
        selected.title = any ? state.words.selection() : "";
        clear.disabled = zoom.disabled = !any;
      }),
      effect(() => {
        refusedText.data = state.refused.value;
        refused.hidden = refusedText.data === "";
      }),
    );
    if (!hasStructure) this.drawArcs();
    layout.follow(this.root);
    const panels = { structure: section, heads: grid.root, map: heatmap.root, sequence: sequence.root };
    for (const [name, panel] of Object.entries(panels) as [PanelName, HTMLElement][]) {
      const menu = panelMenu(name, panel, state);
      (panel.querySelector(":scope > .pv-bar") ?? panel).append(menu.root);
      this.stops.push(menu.dispose);
    }
    // Whole lines of the sequence, as many as there is room for now.
    this.stops.push(effect(() => sequence.fitHeight(layout.compact.value)));
  }

  /** Draw the links of a sequence in place of the 3D panel, which takes a structure. */
  private drawArcs(): void {
    const arcs = new ArcDiagram(this.state, this.theme, this.box, (text, x, y) => this.point(text, x, y));
    this.box.append(arcs.root);
    this.stops.push(() => arcs.dispose());
  }

  /** Put one more thing to do into the header. */
  addAction(action: HTMLElement): void {
    this.root.querySelector(".pv-help")?.before(action);
  }

  /** Move the camera, as it is turned, to where it sees the whole chain and its arcs. */
  fit(): void {
    void this.structure?.fit();
  }

  /** Get a stage for the 3D panel, draw on it and return it. Until then, and without one, all else works. */
  async open(provide: StageProvider): Promise<NglStage | null> {
    if (!this.state.scene.hasStructure) return null;
    try {
      const lease = await provide(this.box);
      if (this.disposed) {
        lease.release();
        return null;
      }
      this.lease = lease;
      this.stops.push(
        observeSize(this.box, () => lease.stage.handleResize()),
        restWhenStill(lease.stage),
      );
      this.structure = new StructureScene(lease.stage, lease.ngl, this.state, this.theme, (text, x, y) =>
        this.point(text, x, y),
      );
      await this.structure.open(lease.keepCamera);
      this.box.dataset.ready = "true";
      return lease.stage;
    } catch (error) {
      this.failure.hidden = false;
      this.failure.textContent = `The 3D view could not be opened: ${error instanceof Error ? error.message : String(error)}`;
      return null;
    }
  }

  dispose(): void {
    this.disposed = true;
    for (const stop of this.stops.splice(0)) stop();
    this.structure?.dispose();
    this.lease?.release();
    this.root.remove();
  }

  private point(text: string, x: number, y: number): void {
    this.tooltip.hidden = text === "";
    this.tooltip.textContent = text;
    const rightward = x < this.box.clientWidth * 0.6;
    this.tooltip.style.left = rightward ? `${x + 14}px` : "";
    this.tooltip.style.right = rightward ? "" : `${this.box.clientWidth - x + 14}px`;
    this.tooltip.style.top = `${y + 10}px`;
  }

  private keydown(event: KeyboardEvent): void {
    const target = event.target as HTMLElement;
    const { state } = this;
    const key = event.key.toLowerCase();
    if (target.closest("select, textarea, input[type=search]")) return;
    if (key === "z" && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey) {
      state.undoSelection();
      event.preventDefault();
      return;
    }
    // Many keyboards write brackets with AltGr, which the browser may call Control and Alt.
    const bracket = key === "[" || key === "]";
    if ((event.altKey || event.ctrlKey || event.metaKey) && !(bracket && event.getModifierState("AltGraph"))) return;
    if (bracket) state.stepLink(key === "]" ? 1 : -1);
    else if (key === "b") state.stepBest(event.shiftKey ? -1 : 1);
    else if (key === "l") state.lookHere();
    else if (key === "m") state.smallMaps.toggle();
    else if (key === "o") state.toggleOverlay(state.view.layer.value, state.view.head.value);
    else if (key === "c") state.outlineContacts.value = !state.outlineContacts.value;
    else if (key === "f") this.structure?.focus();
    else if (key === "escape") this.escape();
    else return;
    event.preventDefault();
  }

  /** Close what lies over the page; if nothing does, let go of all that is lit up or selected. */
  private escape(): void {
    if (this.keys.open) {
      if (this.keys.contains(document.activeElement)) this.keys.querySelector("summary")?.focus();
      this.keys.open = false;
      return;
    }
    this.point("", 0, 0);
    this.state.setHover(null);
    const { overlay_heads, selected_residues } = this.state.view;
    if (overlay_heads.peek().length > 0 && selected_residues.peek().length === 0) this.state.endOverlay();
    else this.state.clear();
  }

  /** Keep the wheel from NGL, which listens on the document, unless the structure was clicked; Ctrl always zooms. */
  private wheel(event: WheelEvent): void {
    const taken = this.box.contains(document.activeElement) || this.root === document.fullscreenElement;
    const held = event.ctrlKey || event.metaKey;
    if (taken && !held) return;
    event.stopPropagation();
    if (!held || !this.lease) return;
    event.preventDefault();
    zoomByWheel(this.lease.stage, event);
  }

  private turn(event: KeyboardEvent): void {
    if (event.altKey || event.ctrlKey || event.metaKey || !this.lease) return;
    if (!turnByKey(this.lease.stage, event.key)) return;
    event.preventDefault();
  }
}
