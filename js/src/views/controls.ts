// Sliders and choices. Each writes one signal and shows what that signal holds.

import { effect, type Signal } from "@preact/signals-core";
import { element, listen } from "../dom";
import { headColumn, headLabel, MEAN } from "../model/labels";
import { COMBINE, type Combine } from "../model/links";
import type { ExplorerState } from "../model/state";
import { COLOR_BY, type ColorBy } from "../model/view";

const COMBINE_TITLES: Record<Combine, string> = {
  max: "larger of both",
  mean: "mean of both",
  directed: "each direction",
};
const COLOR_TITLES: Record<ColorBy, string> = {
  contact: "contact or not",
  weight: "weight",
  separation: "distance in sequence",
  sign: "gain or loss",
};
const THRESHOLD_STEPS = 100;
/** As many links of a selection as its slider reaches. */
const MOST_PARTNERS = 60;

/** Longer names of values leave no room for the slider. */
const LONGEST_UNIT = 11;

interface Slider {
  name: string;
  title: string | (() => string);
  help: string;
  min: number;
  max: number;
  /** What the slider shows for its signal, and what it writes. */
  read: () => number;
  write: (value: number) => void;
  text: () => string;
  /** Whether it changes anything on the present kind of map; it does unless this says otherwise. */
  works?: () => boolean;
  /** Whether it has an effect; always, if not given. */
  shown?: () => boolean;
}

export class Controls {
  readonly root: HTMLElement;
  private readonly stops: (() => void)[] = [];

  constructor(state: ExplorerState) {
    const { n_layers, n_heads, n_residues } = state.scene.meta;
    const most = Math.max(500, state.view.top_k.peek());
    this.root = element("section", { class: "pv-panel pv-controls", "aria-label": "controls" });
    this.slider({
      name: "layer",
      title: "Layer",
      help: "layers count from 1",
      min: 1,
      max: n_layers,
      read: () => state.view.layer.value,
      write: (value) => state.chooseHead(value, state.view.head.peek()),
      text: () => String(state.view.layer.value),
      works: () => state.mapSet.value.rows > 1,
    });
    this.slider({
      name: "head",
      title: "Head",
      help: "the last step is the mean over the layer's heads",
      min: 1,
      max: n_heads + 1,
      read: () => headColumn(state.view.head.value, n_heads) + 1,
      write: (value) => state.chooseHead(state.view.layer.peek(), headLabel(value - 1, n_heads)),
      text: () => (state.view.head.value === MEAN ? "mean" : String(state.view.head.value)),
      works: () => state.mapSet.value.columns > 1,
    });
    this.slider({
      name: "top_k",
      title: "Links",
      help: "at most so many of the strongest links",
      min: 1,
      max: most,
      read: () => state.view.top_k.value,
      write: (value) => {
        state.view.top_k.value = value;
      },
      text: () => String(state.view.top_k.value),
      shown: () => state.view.selected_residues.value.length === 0,
    });
    this.slider({
      name: "partners",
      title: "Its links",
      help: "at most so many of the strongest links that touch the selection",
      min: 1,
      max: Math.min(Math.max(MOST_PARTNERS, state.view.partners.peek()), Math.max(n_residues - 1, 1)),
      read: () => state.view.partners.value,
      write: (value) => {
        state.view.partners.value = value;
      },
      text: () => String(state.view.partners.value),
      shown: () => state.view.selected_residues.value.length > 0,
    });
    this.slider({
      name: "threshold",
      title: () => {
        const { unit } = state.mapSet.value.meta;
        return `${unit.length > LONGEST_UNIT ? "Value" : unit[0].toUpperCase() + unit.slice(1)} ≥`;
      },
      help: "only links of at least this weight",
      min: 0,
      max: THRESHOLD_STEPS,
      // Small weights are where heads differ, so the slider moves by the square; to a round number above all weights.
      read: () => {
        const share = state.view.threshold.value / roundUp(state.mapSet.value.links.largest);
        return Math.min(Math.round(THRESHOLD_STEPS * Math.sqrt(share)), THRESHOLD_STEPS);
      },
      write: (value) => {
        const most = roundUp(state.mapSet.peek().links.largest);
        // Every step has at most five digits.
        state.view.threshold.value = Number((most * (value / THRESHOLD_STEPS) ** 2).toPrecision(6));
      },
      text: () =>
        state.view.threshold.value === 0 ? "any" : String(Number(state.view.threshold.value.toPrecision(3))),
    });
    this.slider({
      name: "min_separation",
      title: "|i − j| ≥",
      help: "only links between residues at least so far apart in the sequence",
      min: 0,
      max: Math.min(Math.max(60, state.view.min_separation.peek()), Math.max(n_residues - 1, 1)),
      read: () => state.view.min_separation.value,
      write: (value) => {
        state.view.min_separation.value = value;
      },
      text: () => String(state.view.min_separation.value),
    });
    this.choice("combine", "Directions", COMBINE, COMBINE_TITLES, state.view.combine);
    // Only differences have gains and losses.
    const hidden: ColorBy[] = state.scene.meta.map_kinds.some(({ difference }) => difference) ? [] : ["sign"];
    if (!state.scene.hasStructure) hidden.push("contact");
    const colored = this.choice("color_by", "Arc colour", COLOR_BY, COLOR_TITLES, state.view.color_by, hidden);
    this.stops.push(
      effect(() => {
        colored.disabled = state.heads.value.length > 1;
        colored.title = colored.disabled ? "several heads are drawn, each in its own colour" : "";
      }),
    );
    if (state.scene.hasStructure) this.cartoonChoice(state);
    if (state.scene.places.length > 1) this.copiesSwitch(state);
  }

  /** Whether arcs are drawn on the other copies of the chain, too. */
  private copiesSwitch(state: ExplorerState): void {
    const input = element("input", { type: "checkbox", name: "show_copies" });
    const chains = state.scene.places.slice(1).flatMap((place) => place.chainIds);
    const listed = chains.length > 3 ? `${chains.slice(0, 3).join(", ")} …` : chains.join(", ");
    const title = `the same sequence, so the same attention, on chain ${chains.join(", ")}`;
    this.root.append(element("label", { class: "pv-check", title }, input, ` arcs on ${listed}, too`));
    this.stops.push(
      listen(input, "change", () => {
        state.view.show_copies.value = input.checked;
      }),
      effect(() => {
        input.checked = state.view.show_copies.value;
      }),
    );
  }

  /** Which track colours the cartoon; the choices follow the tracks. */
  private cartoonChoice(state: ExplorerState): void {
    const input = element("select", { name: "cartoon_by", "aria-label": "Cartoon colour" });
    this.root.append(element("label", { class: "pv-control" }, element("span", {}, "Cartoon"), input));
    this.stops.push(
      listen(input, "change", () => {
        state.view.cartoon_by.value = input.value;
      }),
      effect(() => {
        const names = state.tracks.value.filter(({ kind }) => kind !== "pair").map(({ name }) => name);
        input.replaceChildren(
          element("option", { value: "" }, "plain"),
          ...names.map((name) => element("option", { value: name }, name)),
        );
        input.value = state.view.cartoon_by.value;
      }),
    );
  }

  dispose(): void {
    for (const stop of this.stops.splice(0)) stop();
  }

  private slider({ name, title, help, min, max, read, write, text, works, shown }: Slider): void {
    const input = element("input", { type: "range", min, max, step: 1, name });
    const output = element("output", {});
    const label = element("span", {});
    const field = element("label", { class: "pv-control" }, label, input, output);
    this.root.append(field);
    this.stops.push(
      effect(() => {
        field.hidden = shown !== undefined && !shown();
      }),
      effect(() => {
        label.textContent = typeof title === "string" ? title : title();
        input.setAttribute("aria-label", label.textContent);
      }),
      effect(() => {
        input.disabled = works?.() === false;
        field.title = input.disabled ? `${help}; this kind of map has one for all` : help;
      }),
      listen(input, "input", () => write(Number(input.value))),
      effect(() => {
        const value = read();
        if (value > Number(input.max)) input.max = String(value);
        input.value = String(value);
        output.textContent = text();
        input.setAttribute("aria-valuetext", text());
      }),
    );
  }

  private choice<T extends string>(
    name: string,
    title: string,
    values: readonly T[],
    titles: Record<T, string>,
    target: Signal<T>,
    hidden: readonly T[] = [],
  ): HTMLSelectElement {
    const input = element("select", { name, "aria-label": title });
    for (const value of values)
      input.append(element("option", { value, hidden: hidden.includes(value) }, titles[value]));
    this.root.append(element("label", { class: "pv-control" }, element("span", {}, title), input));
    this.stops.push(
      listen(input, "change", () => {
        target.value = input.value as T;
      }),
      effect(() => {
        input.value = target.value;
      }),
    );
    return input;
  }
}

/** The lowest of 1, 2, 5, 10, … and their tenths, hundredths, … that is not below a weight; 1 for no weight. */
export function roundUp(weight: number): number {
  if (!(weight > 0)) return 1;
  const power = Math.floor(Math.log10(weight));
  return (
    [1, 2, 5].map((digit) => Number(`${digit}e${power}`)).find((round) => round >= weight) ?? Number(`1e${power + 1}`)
  );
}
