// A view in the fragment of an address: what a link to "this view" says, and what a page makes of it.
//
// `#layer=5&head=3&residues=A:HIS57,A:ASP102&top_k=60`: residues go by their labels. What a page does not know it
// leaves as it is, and says so. The same is written and read in protvis/scene/view_link.py; a contract test compares.

import { formatHead, MEAN } from "./labels";
import { COMBINE } from "./links";
import { MOST_OVERLAID } from "./overlay";
import { MIN_SEPARATION } from "./placement";
import type { Scene } from "./scene";
import type { ExplorerState } from "./state";
import type { Track } from "./tracks";
import { COLOR_BY, type Head, VIEW_FIELDS, type View } from "./view";

/** How many links a view may ask for. */
export const MOST_LINKS = 5000;

/** What a link is read against. */
interface Known {
  scene: Scene;
  tracks: readonly Track[];
  /** The largest value of the map that will be shown; null where there is none. */
  largest: number | null;
}

interface Field<V> {
  /** Its name in a link, where that is another. */
  key?: string;
  write(value: V, scene: Scene): string;
  /** What a text of a link says; throws what is wrong with it, in words. */
  read(text: string, known: Known): V;
}

const refuse = (words: string): never => {
  throw new Error(words);
};

function whole(name: string, low: number, high: (scene: Scene) => number, missing = false) {
  return {
    write: String,
    read(text: string, { scene }: Known): number {
      const value = Number(text);
      if (text.trim() && Number.isInteger(value) && value >= low && value <= high(scene)) return value;
      return refuse(missing ? `there is no ${name} ${text}` : `${name} cannot be ${text}`);
    },
  };
}

function choice<T extends string>(name: string, known: (all: Known) => readonly T[]) {
  return {
    write: String,
    read: (text: string, all: Known): T =>
      known(all).includes(text as T) ? (text as T) : refuse(`there is no ${name} ${text}`),
  };
}

// Commas part the names of a list, so those within a name are written otherwise.
const writeNames = (names: readonly string[]): string =>
  names.map((name) => name.replaceAll("%", "%25").replaceAll(",", "%2C")).join(",");
const readNames = (text: string): string[] =>
  text
    .split(",")
    .filter(Boolean)
    .map((name) => name.replaceAll("%2C", ",").replaceAll("%25", "%"));

const writeResidues = (residues: readonly number[], scene: Scene): string =>
  writeNames(residues.map((residue) => scene.label(residue)));
const readResidues = (text: string, { scene }: Known): number[] =>
  readNames(text).map((label) => {
    const index = scene.meta.residue_labels.indexOf(label);
    return index < 0 ? refuse(`there is no residue ${label}`) : index;
  });

const head = whole("head", 1, ({ meta }) => meta.n_heads, true);

const layer = whole("layer", 1, ({ meta }) => meta.n_layers, true);
const headOrMean = {
  write: String,
  read: (text: string, known: Known) => (text === MEAN ? MEAN : head.read(text, known)),
};

const LINK: { readonly [K in keyof View]: Field<View[K]> } = {
  layer,
  head: headOrMean,
  top_k: whole("top_k", 1, () => MOST_LINKS),
  threshold: {
    write: String,
    read(text, { largest }) {
      const value = Number(text);
      const fits = text.trim() && value >= 0 && value <= (largest ?? Number.MAX_VALUE);
      return fits ? value : refuse(`threshold cannot be ${text}`);
    },
  },
  min_separation: whole("min_separation", 0, ({ nResidues }) => Math.max(nResidues, MIN_SEPARATION)),
  combine: choice("combine", () => COMBINE),
  color_by: choice("color_by", () => COLOR_BY),
  map: choice("map", ({ scene }) => scene.meta.map_kinds.map(({ name }) => name)),
  selected_residues: {
    key: "residues",
    write: writeResidues,
    read: (text, known) => [...new Set(readResidues(text, known))].sort((a, b) => a - b),
  },
  selected_link: {
    key: "link",
    write: (pair, scene) => writeResidues(pair ?? [], scene),
    read(text, known) {
      const ends = readResidues(text, known);
      if (ends.length === 0) return null;
      return ends.length === 2 ? [ends[0], ends[1]] : refuse(`a link has two residues, not ${text}`);
    },
  },
  selected_block: {
    key: "block",
    write: (block, scene) => writeResidues(block ?? [], scene),
    read(text, known) {
      const ends = readResidues(text, known);
      if (ends.length === 0) return null;
      if (ends.length !== 4) return refuse(`a block has four residues, not ${text}`);
      const [query, lastQuery] = ends.slice(0, 2).sort((a, b) => a - b);
      const [key, lastKey] = ends.slice(2).sort((a, b) => a - b);
      return [query, lastQuery, key, lastKey];
    },
  },
  partners: whole("partners", 1, () => MOST_LINKS),
  overlay_heads: {
    key: "overlay",
    write: (heads) => heads.map((one) => formatHead(...one)).join(","),
    read(text, known) {
      const found = [...new Set(readNames(text))].map((name): Head => {
        const [, one, other] = /^(\d+)-(\d+|mean)$/.exec(name) ?? refuse(`there is no head ${name}`);
        return [layer.read(one, known), headOrMean.read(other, known)];
      });
      return found.length <= MOST_OVERLAID ? found : refuse(`at most ${MOST_OVERLAID} heads are overlaid, not ${text}`);
    },
  },
  shown_tracks: {
    write: writeNames,
    read: (text, { tracks }) =>
      [...new Set(readNames(text))].map((name) =>
        tracks.some((track) => track.name === name) ? name : refuse(`there is no track ${name}`),
      ),
  },
  cartoon_by: choice("cartoon_by", ({ tracks }) => [
    "",
    ...tracks.filter(({ kind }) => kind !== "pair").map(({ name }) => name),
  ]),
  show_copies: {
    write: String,
    read: (text) => (/^(true|false)$/.test(text) ? text === "true" : refuse(`show_copies cannot be ${text}`)),
  },
  camera: {
    write: (camera) => (camera ?? []).map((value) => Number(value.toPrecision(6))).join(","),
    read(text) {
      const camera = text.split(",").map(Number);
      if (!text) return null;
      return camera.length === 16 && camera.every(Number.isFinite) ? camera : refuse("the camera is not 16 numbers");
    },
  },
};

const keyOf = (name: keyof View): string => LINK[name].key ?? name;

/** The fragment for what a state shows, without its `#`. */
export function writeView({ view, scene }: ExplorerState): string {
  const said = new URLSearchParams();
  const write = <K extends keyof View>(name: K) => said.set(keyOf(name), LINK[name].write(view[name].value, scene));
  for (const name of VIEW_FIELDS) if (name !== "camera" || view.camera.value) write(name);
  // Labels and lists stay readable: a colon and a comma need no escape in a fragment.
  return said.toString().replaceAll("%3A", ":").replaceAll("%2C", ",");
}

/** Show what a fragment asks for; returns what could not be, in words. */
export function applyView(state: ExplorerState, fragment: string): string[] {
  const asked = new URLSearchParams(fragment.replace(/^#/, ""));
  const { scene } = state;
  const map = asked.get("map") ?? state.view.map.value;
  const largest = scene.meta.map_kinds.find(({ name }) => name === map)?.largest ?? null;
  const known = { scene, tracks: state.tracks.value, largest };
  const refused: string[] = [];
  const changes: Partial<View> = {};
  const read = <K extends keyof View>(name: K) => {
    const text = asked.get(keyOf(name));
    if (text === null) return;
    try {
      changes[name] = LINK[name].read(text, known);
    } catch (error) {
      refused.push((error as Error).message);
    }
  };
  VIEW_FIELDS.forEach(read);
  state.show(changes);
  state.refused.value = refused.join("; ");
  if (refused.length > 0) state.say(state.refused.value);
  return refused;
}
