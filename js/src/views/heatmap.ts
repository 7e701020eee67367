// Query × key of the chosen head on a 2D canvas, with zoom, pan, block selection and a keyboard cursor.

import { effect, type Signal } from "@preact/signals-core";
import { button, eachFrame, element, listen, observeSize, sizedContext } from "../dom";
import { formatWeight } from "../model/labels";
import type { DenseMap } from "../model/map-set";
import type { ExplorerState } from "../model/state";
import { blockResidues } from "../model/view";
import type { Theme } from "../stage/theme";
import { ramp } from "./color-marks";
import { FAR, paletteOf, spread, stepValue, topStep } from "./contrast";
import { HeatmapAxes } from "./heatmap-axes";
import { drawBlock, drawBorders, drawBox, drawContacts, drawHeads, drawSelection } from "./heatmap-overlay";
import { Viewport } from "./viewport";

const MARGIN = { left: 44, top: 6, right: 6, bottom: 34 };
/** Height of the bar above the map and of the readout below. */
const ABOVE = 78;
const CLICK_SLOP = 4;
const HINT = "drag to select a block · shift-drag to move · scroll to zoom";
const TOUCH_HINT = "tap a pair · drag sideways for a block · pinch to zoom";

type Drag = { x: number; y: number; lastX: number; lastY: number; pan: boolean };

export class AttentionHeatmap {
  readonly root: HTMLElement;
  private readonly canvas = element("canvas", {
    class: "pv-canvas",
    tabindex: 0,
    role: "application",
    "aria-label":
      "attention heatmap, query by key: arrow keys move, Enter selects the pair, Space begins and ends a block",
  });
  private readonly note = element("span", { class: "pv-note pv-missing" });
  private readonly scale = element("span", { class: "pv-note" });
  private readonly scaleTexts = [document.createTextNode(""), document.createTextNode("")] as const;
  private readonly kindNote = element("div", { class: "pv-note", role: "status", hidden: true });
  private readonly hint = window.matchMedia?.("(pointer: coarse)").matches ? TOUCH_HINT : HINT;
  private readonly readout = element("div", { class: "pv-readout" });
  private readonly view: Viewport;
  /** The whole map as one small picture, a pixel per cell. */
  private readonly picture: HTMLCanvasElement | null;
  private readonly whole = button("whole map", "Show the whole map (0)", "pv-whole");
  private readonly axes = new HeatmapAxes(MARGIN);
  private drag: Drag | null = null;
  private cursor: [number, number] = [0, 0];
  /** Where a block that is selected by keyboard began. */
  private corner: readonly [number, number] | null = null;
  private litByKey = false;
  /** Where the pointer is over the map; null where it is elsewhere. */
  private pointer: [number, number] | null = null;
  /** The fingers on the map, by their pointers. */
  private readonly fingers = new Map<number, readonly [number, number]>();
  private readonly tops = new WeakMap<DenseMap, { top: number; clipped: boolean }>();
  private readonly frame = eachFrame(() => this.draw());
  private readonly stops: (() => void)[] = [];
  /** For maps of weights, and for those with negative values. */
  private readonly palettes: readonly [Uint32Array, Uint32Array];

  constructor(
    private readonly state: ExplorerState,
    private readonly theme: Signal<Theme>,
  ) {
    const n = state.scene.nResidues;
    this.view = new Viewport(n, 300);
    this.picture = element("canvas", { width: n, height: n });
    const kinds = element("select", { class: "pv-kinds", name: "map", "aria-label": "kind of map" });
    for (const { name, title } of state.scene.meta.map_kinds) kinds.append(element("option", { value: name }, title));
    const outline = element("input", { type: "checkbox", "aria-label": "outline contacts" });
    this.root = element(
      "section",
      { class: "pv-panel pv-heatmap", "aria-label": "attention heatmap" },
      element(
        "div",
        { class: "pv-bar" },
        kinds,
        element(
          "label",
          {
            class: "pv-check",
            title: "Outline the contacts of the structure (C)",
            hidden: !state.scene.hasStructure,
          },
          outline,
          " contacts",
        ),
        element("span", { class: "pv-space" }),
        this.scale,
      ),
      // Notes over the map, so that they can come and go and nothing else moves.
      element(
        "div",
        { class: "pv-canvasbox" },
        this.canvas,
        element("div", { class: "pv-overmap" }, this.kindNote, this.note),
        this.whole,
      ),
      this.readout,
    );
    this.palettes = [paletteOf(state.scene.colormaps.map), paletteOf(state.scene.colormaps.signed)];
    const { canvas } = this;
    this.stops.push(
      listen(outline, "change", () => {
        state.outlineContacts.value = outline.checked;
      }),
      listen(kinds, "change", () => {
        state.view.map.value = kinds.value;
      }),
      effect(() => {
        const kind = state.scene.meta.map_kinds.find(({ name }) => name === state.view.map.value);
        kinds.value = state.view.map.value;
        kinds.title = kind ? [kind.formula, kind.source].filter(Boolean).join(" · ") : "";
        this.kindNote.textContent = state.mapSetNote.value;
        this.kindNote.hidden = state.mapSetNote.value === "";
      }),
      listen(this.whole, "click", () => this.reset()),
      // A reason that was read is in the way of the map.
      listen(this.kindNote, "click", () => {
        this.kindNote.hidden = true;
      }),
      listen(this.root, "keydown", (event) => {
        if (event.key === "Escape") this.kindNote.hidden = true;
      }),
      listen(canvas, "wheel", (event) => this.wheel(event), { passive: false }),
      listen(canvas, "pointerdown", (event) => this.pointerdown(event)),
      listen(canvas, "pointermove", (event) => this.pointermove(event)),
      listen(canvas, "pointerup", (event) => this.pointerup(event)),
      listen(canvas, "pointercancel", (event) => {
        this.fingers.delete(event.pointerId);
        this.drag = null;
        this.frame.request();
      }),
      listen(canvas, "pointerleave", () => {
        this.pointer = null;
        state.setHover(null);
      }),
      listen(canvas, "focusout", () => {
        this.corner = null;
        if (this.litByKey) state.setHover(null);
        this.litByKey = false;
        this.frame.request();
      }),
      listen(canvas, "dblclick", () => this.reset()),
      listen(canvas, "contextmenu", (event) => event.preventDefault()),
      listen(canvas, "keydown", (event) => this.keydown(event)),
      observeSize(this.root, (width, height) => {
        // A compact explorer has so much height and no more.
        const room = this.root.closest(".pv-compact") ? height - ABOVE - MARGIN.top - MARGIN.bottom : Number.MAX_VALUE;
        this.view.size = Math.max(120, Math.min(Math.min(width, 460) - MARGIN.left - MARGIN.right, room));
        this.frame.request();
      }),
      effect(() => this.paint()),
      effect(() => {
        outline.checked = state.outlineContacts.value;
        void [state.view.selected_residues.value, state.view.selected_block.value, state.view.selected_link.value];
        void [state.hover.value, state.heads.value, theme.value];
        this.frame.request();
      }),
      effect(() => this.read()),
    );
  }

  dispose(): void {
    this.frame.cancel();
    for (const stop of this.stops.splice(0)) stop();
  }

  /** Turn the dense map into the picture; while there is none, the strongest links stand in for it. */
  private paint(): void {
    const { state } = this;
    const n = state.scene.nResidues;
    const context = this.picture?.getContext("2d");
    const map = state.map.value;
    const signed = map.status === "ready" && map.map.signed;
    const palette = this.palettes[signed ? 1 : 0];
    this.note.textContent = map.status === "ready" ? "" : `${map.reason} – strongest links only`;
    this.note.hidden = map.status === "ready";
    this.canvas.dataset.map = map.status;
    const { top, clipped } = map.status === "ready" ? this.topOf(map.map) : { top: 0, clipped: false };
    const highest = map.status === "ready" ? stepValue(map.map, top) : (state.links.value.weight[0] ?? 0);
    const { map: colors, signed: diverging } = state.scene.colormaps;
    if (this.scale.dataset.signed !== String(signed)) {
      this.scale.dataset.signed = String(signed);
      this.scale.replaceChildren(this.scaleTexts[0], ramp(signed ? diverging : colors), this.scaleTexts[1]);
    }
    this.scaleTexts[0].data = signed ? `${clipped ? "≤ " : ""}−${formatWeight(highest)} ` : "0 ";
    this.scaleTexts[1].data = ` ${clipped ? "≥ " : ""}${formatWeight(highest)}`;
    this.scale.title = clipped
      ? `Colours are for pairs ${FAR} or more residues apart; what lies beyond has the last one`
      : "";
    if (context) {
      const image = context.createImageData(n, n);
      const pixels = new Uint32Array(image.data.buffer);
      if (map.status === "ready") {
        const { steps } = map.map;
        const colors = spread(palette, top, signed);
        for (let cell = 0; cell < pixels.length; cell++) pixels[cell] = colors[steps[cell]];
      } else {
        pixels.fill(palette[0]);
        const { query, key, weight } = state.links.value;
        const heaviest = weight.length > 0 ? weight[0] : 1;
        for (let link = 0; link < query.length; link++) {
          pixels[query[link] * n + key[link]] = palette[Math.round(255 * Math.sqrt(weight[link] / heaviest))];
        }
      }
      context.putImageData(image, 0, 0);
    }
    this.frame.request();
  }

  /** The step that the last colour stands for, and whether any lies beyond; found once per map. */
  private topOf(map: DenseMap): { top: number; clipped: boolean } {
    const found = this.tops.get(map) ?? topStep(map, this.state.scene.nResidues);
    this.tops.set(map, found);
    return found;
  }

  private draw(): void {
    const { view, state } = this;
    const theme = this.theme.peek();
    const width = MARGIN.left + view.size + MARGIN.right;
    const height = MARGIN.top + view.size + MARGIN.bottom;
    const context = sizedContext(this.canvas, width, height);
    if (!context || !this.picture) return;
    const ink = theme.dark ? "#d5dae2" : "#333a45";
    context.clearRect(0, 0, width, height);
    context.save();
    context.translate(MARGIN.left, MARGIN.top);
    context.save();
    context.beginPath();
    context.rect(0, 0, view.size, view.size);
    context.clip();
    context.imageSmoothingEnabled = view.cell < 1;
    context.drawImage(this.picture, view.x, view.y, view.span, view.span, 0, 0, view.size, view.size);
    if (state.outlineContacts.peek()) drawContacts(context, view, state, this.scale.dataset.signed === "true");
    drawBorders(context, view, state);
    drawHeads(context, view, state);
    drawSelection(context, view, state, theme.accent);
    const { corner, cursor, drag } = this;
    if (corner) drawBlock(context, view, corner, cursor, theme.accent);
    if (drag && !drag.pan) drawBox(context, drag.x, drag.y, drag.lastX, drag.lastY, theme.accent);
    context.restore();
    context.strokeStyle = theme.dark ? "#3a414c" : "#c5ccd6";
    context.strokeRect(-0.5, -0.5, view.size + 1, view.size + 1);
    context.restore();
    const axes = this.axes.picture(view, state.scene.meta, ink, width, height);
    if (axes) context.drawImage(axes, 0, 0, width, height);
    this.whole.hidden = !view.zoomed;
    // A finger moves the page past a map that is shown whole, and the map where there is more of it.
    this.canvas.style.touchAction = view.zoomed ? "none" : "pan-y";
    this.canvas.dataset.view = `${view.x.toFixed(1)} ${view.y.toFixed(1)} ${view.span.toFixed(1)}`;
  }

  private read(): void {
    const { state } = this;
    const hover = state.hover.value;
    const link = state.view.selected_link.value;
    if (hover?.kind === "link") {
      this.readout.textContent = state.words.pair(hover.query, hover.key, hover.place);
    } else if (!hover && link) {
      this.readout.textContent = state.words.pair(...link);
    } else if (hover?.kind === "residue") {
      this.readout.textContent = state.words.reading(hover.residue);
    } else {
      this.readout.textContent = this.hint;
    }
  }

  // -- pointer and keyboard ----------------------------------------------------------------------

  private place(event: MouseEvent): [number, number] {
    const box = this.canvas.getBoundingClientRect();
    return [event.clientX - box.left - MARGIN.left, event.clientY - box.top - MARGIN.top];
  }

  private reset(): void {
    this.view.reset();
    this.moved();
  }

  /** Draw the map where it has moved to; a pointer that rests is over another pair now. */
  private moved(): void {
    this.frame.request();
    if (!this.litByKey) this.point();
  }

  private point(): void {
    if (!this.pointer) return;
    const [x, y] = this.pointer;
    const query = this.view.residueAt("y", y);
    const key = this.view.residueAt("x", x);
    this.state.setHover(query >= 0 && key >= 0 ? { kind: "link", query, key } : null);
  }

  private wheel(event: WheelEvent): void {
    // There is nothing further out than the whole map: then it is the page that scrolls.
    if (event.deltaY > 0 && !this.view.zoomed) return;
    const [x, y] = this.place(event);
    this.view.zoom(Math.exp(-event.deltaY * 0.002), x, y);
    this.moved();
    event.preventDefault();
  }

  private pointerdown(event: PointerEvent): void {
    const [x, y] = this.place(event);
    const touch = event.pointerType === "touch";
    if (touch) this.fingers.set(event.pointerId, [x, y]);
    const pan = event.button !== 0 || event.shiftKey || (touch && this.view.zoomed);
    this.drag = this.fingers.size > 1 ? null : { x, y, lastX: x, lastY: y, pan };
    this.canvas.setPointerCapture(event.pointerId);
  }

  private pointermove(event: PointerEvent): void {
    const [x, y] = this.place(event);
    this.litByKey = false;
    this.pointer = [x, y];
    if (this.fingers.size > 1 && this.fingers.has(event.pointerId)) {
      this.pinch(event.pointerId, [x, y]);
      return;
    }
    if (this.drag) {
      if (this.drag.pan) this.view.pan(x - this.drag.lastX, y - this.drag.lastY);
      this.drag.lastX = x;
      this.drag.lastY = y;
      this.frame.request();
      return;
    }
    this.point();
  }

  /** Zoom by how two fingers part, and move with their middle. */
  private pinch(pointer: number, to: readonly [number, number]): void {
    const { view } = this;
    const from = this.fingers.get(pointer);
    const other = [...this.fingers].find(([id]) => id !== pointer)?.[1];
    if (!from || !other) return;
    this.fingers.set(pointer, to);
    const apart = ([x, y]: readonly [number, number]) => Math.hypot(x - other[0], y - other[1]);
    const factor = apart(to) / Math.max(apart(from), 1);
    view.pan((to[0] - from[0]) / 2, (to[1] - from[1]) / 2);
    if (factor > 0) view.zoom(factor, (to[0] + other[0]) / 2, (to[1] + other[1]) / 2);
    this.frame.request();
  }

  private pointerup(event: PointerEvent): void {
    const { drag, view, state } = this;
    this.drag = null;
    this.fingers.delete(event.pointerId);
    if (!drag) return;
    const [x, y] = this.place(event);
    const inside = (value: number) => Math.min(Math.max(value, 0), view.size - 0.01);
    const [k0, k1] = [drag.x, x].map((value) => view.residueAt("x", inside(value))).sort((a, b) => a - b);
    const [q0, q1] = [drag.y, y].map((value) => view.residueAt("y", inside(value))).sort((a, b) => a - b);
    const still = Math.abs(x - drag.x) < CLICK_SLOP && Math.abs(y - drag.y) < CLICK_SLOP;
    // A finger that would have moved the map, and did not, has tapped.
    if (still && (!drag.pan || event.pointerType === "touch")) {
      this.choose(view.residueAt("y", drag.y), view.residueAt("x", drag.x));
    } else if (!drag.pan) {
      if (event.ctrlKey || event.metaKey) state.select(blockResidues([q0, q1, k0, k1]), { extend: true });
      else state.selectBlock([q0, q1, k0, k1]);
    }
    this.frame.request();
  }

  /** Begin a block where the cursor is, or select the one that ends there. */
  private spanBlock(): void {
    const { cursor, corner, state } = this;
    if (corner) {
      const [queries, keys] = [0, 1].map(
        (axis) => [corner[axis], cursor[axis]].sort((a, b) => a - b) as [number, number],
      );
      this.corner = null;
      state.selectBlock([...queries, ...keys]);
    } else {
      this.corner = cursor;
      state.say(`block from ${state.scene.label(cursor[0])}, ${state.scene.label(cursor[1])}`);
    }
    this.frame.request();
  }

  private choose(query: number, key: number): void {
    if (query < 0 || key < 0) return;
    this.cursor = [query, key];
    if (query === key) this.state.select([query]);
    else this.state.selectLink([query, key]);
  }

  private keydown(event: KeyboardEvent): void {
    const { view, state } = this;
    const moves: Record<string, [number, number]> = {
      ArrowUp: [-1, 0],
      ArrowDown: [1, 0],
      ArrowLeft: [0, -1],
      ArrowRight: [0, 1],
    };
    const last = view.nResidues - 1;
    if (event.key in moves) {
      const stride = event.shiftKey ? 10 : 1;
      const [query, key] = this.cursor.map((value, axis) =>
        Math.min(Math.max(value + stride * moves[event.key][axis], 0), last),
      );
      this.cursor = [query, key];
      this.litByKey = true;
      view.reveal(query, key);
      state.setHover({ kind: "link", query, key });
      state.say(state.words.pair(query, key));
      this.frame.request();
    } else if (event.key === "Enter") {
      this.choose(this.cursor[0], this.cursor[1]);
    } else if (event.key === " ") {
      this.spanBlock();
    } else if (event.key === "+" || event.key === "=" || event.key === "-") {
      const [query, key] = this.cursor;
      const half = view.cell / 2;
      view.zoom(event.key === "-" ? 0.7 : 1.4, view.pixelOf("x", key) + half, view.pixelOf("y", query) + half);
      this.moved();
    } else if (event.key === "0") {
      this.reset();
    } else {
      return;
    }
    event.preventDefault();
  }
}
