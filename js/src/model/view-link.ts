// A view in the fragment of an address: what a link to "this view" says, and what a page makes of it.
//
// `#layer=5&head=3&residues=A:HIS57,A:ASP102&top_k=60`: the names are those of the explorer's attributes in Python,
// residues go by their labels. What a page does not know it leaves as it is, and says so.

import { batch } from "@preact/signals-core";
import { MEAN } from "./labels";
import { COLOR_BY, type ExplorerState } from "./state";

/** NGL's orientation, a 4 × 4 matrix. */
export type Camera = readonly number[];

const COMBINE = ["max", "mean", "directed"] as const;
const NUMBERS = { top_k: "topK", threshold: "threshold", min_separation: "minSeparation" } as const;

/** The fragment for what a state shows, without its `#`. */
export function writeView(state: ExplorerState, camera: Camera | null = null): string {
  const { scene } = state;
  const labels = (residues: readonly number[]) => residues.map((residue) => scene.label(residue)).join(",");
  const said = new URLSearchParams();
  said.set("layer", String(state.layer.value));
  said.set("head", String(state.head.value));
  said.set("map", state.mapName.value);
  said.set("top_k", String(state.topK.value));
  said.set("threshold", String(state.threshold.value));
  said.set("min_separation", String(state.minSeparation.value));
  said.set("combine", state.combine.value);
  said.set("color_by", state.colorBy.value);
  said.set("cartoon_by", state.cartoonBy.value);
  said.set("residues", labels(state.selection.value));
  said.set("link", labels(state.selectedLink.value ?? []));
  if (camera) said.set("camera", camera.map((value) => Number(value.toPrecision(5))).join(","));
  // Labels and lists stay readable: a colon and a comma need no escape in a fragment.
  return said.toString().replaceAll("%3A", ":").replaceAll("%2C", ",");
}

/** The camera a fragment asks for, or null. */
export function readCamera(fragment: string): Camera | null {
  const text = new URLSearchParams(fragment.replace(/^#/, "")).get("camera");
  const camera = text?.split(",").map(Number) ?? [];
  return camera.length === 16 && camera.every(Number.isFinite) ? camera : null;
}

/** Show what a fragment asks for; returns what could not be, in words. */
export function applyView(state: ExplorerState, fragment: string): string[] {
  const asked = new URLSearchParams(fragment.replace(/^#/, ""));
  const { meta } = state.scene;
  const unknown: string[] = [];
  const indices = (name: string): number[] =>
    (asked.get(name) ?? "")
      .split(",")
      .filter(Boolean)
      .flatMap((label) => {
        const index = meta.residue_labels.indexOf(label);
        if (index < 0) unknown.push(`there is no residue ${label}`);
        return index < 0 ? [] : [index];
      });
  const choice = <T extends string>(name: string, known: readonly T[], set: (value: T) => void): void => {
    const value = asked.get(name);
    if (value === null) return;
    if ((known as readonly string[]).includes(value)) set(value as T);
    else unknown.push(`there is no ${name} ${value}`);
  };

  batch(() => {
    const layer = asked.has("layer") ? whole(asked.get("layer"), meta.n_layers) : state.layer.value;
    const head = !asked.has("head")
      ? state.head.value
      : asked.get("head") === MEAN
        ? MEAN
        : whole(asked.get("head"), meta.n_heads);
    if (layer === null) unknown.push(`there is no layer ${asked.get("layer")}`);
    else if (head === null) unknown.push(`there is no head ${asked.get("head")}`);
    else state.chooseHead(layer, head);
    for (const [name, key] of Object.entries(NUMBERS) as [
      keyof typeof NUMBERS,
      (typeof NUMBERS)[keyof typeof NUMBERS],
    ][]) {
      const text = asked.get(name);
      if (text === null) continue;
      const value = Number(text);
      const fits = name === "threshold" ? value >= 0 && Number.isFinite(value) : Number.isInteger(value) && value >= 0;
      if (text.trim() && fits) state[key].value = value;
      else unknown.push(`${name} cannot be ${text}`);
    }
    choice("combine", COMBINE, (value) => (state.combine.value = value));
    choice("color_by", COLOR_BY, (value) => (state.colorBy.value = value));
    choice(
      "map",
      meta.map_kinds.map(({ name }) => name),
      (value) => (state.mapName.value = value),
    );
    choice(
      "cartoon_by",
      ["", ...state.tracks.value.map(({ name }) => name)],
      (value) => (state.cartoonBy.value = value),
    );
    if (asked.has("residues")) state.select(indices("residues"));
    const link = indices("link");
    if (link.length === 2) state.selectLink([link[0], link[1]]);
    else if (asked.get("link") === "") state.selectedLink.value = null;
  });
  state.refused.value = unknown.join("; ");
  if (unknown.length > 0) state.say(state.refused.value);
  return unknown;
}

/** A label from 1 to `most`, or null. */
function whole(text: string | null, most: number): number | null {
  const value = Number(text);
  return text?.trim() && Number.isInteger(value) && value >= 1 && value <= most ? value : null;
}
