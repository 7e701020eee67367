// What one explorer looks at. Signals hold it; every view reads them and none knows another.

import { batch, computed, effect, type ReadonlySignal, type Signal, signal } from "@preact/signals-core";
import { type Change, changeOf } from "./change";
import { HeadScores } from "./head-scores";
import { formatHead, formatWeight, type HeadLabel, headLabel, MEAN } from "./labels";
import type { Links } from "./links";
import { MapFetcher, type MapSource, type MapState } from "./map-fetcher";
import { type MapSet, mapValue } from "./map-set";
import { type DrawnHead, MOST_OVERLAID, nameHead, Overlay } from "./overlay";
import { RELATION_TEXT, type Relation } from "./placement";
import type { Scene } from "./scene";
import { SelectionLinks } from "./selection-links";
import { SmallMaps } from "./small-maps";
import type { Track } from "./tracks";
import { type Block, type ColorBy, type Head, type Pair, VIEW_FIELDS, type View } from "./view";
import type { MapKind } from "./wire";

/** What colour means: only differences have gains and losses, only structures contacts. */
export function arcColorBy(
  colorBy: ColorBy,
  { difference }: Pick<MapKind, "difference">,
  hasStructure = true,
): ColorBy {
  const meaning = colorBy === "sign" && !difference ? "contact" : colorBy;
  return meaning === "contact" && !hasStructure ? "weight" : meaning;
}

/** From the selection, to it, within it, or both ways. The same words stand in protvis/scene/frames.py. */
export type Direction = "out" | "in" | "within" | "both";

/** As many stretches of the selection as are named. */
const MOST_RUNS = 4;

export type Hover =
  | { readonly kind: "residue"; readonly residue: number }
  | {
      readonly kind: "link";
      readonly query: number;
      readonly key: number;
      /** Of the head in `heads`, where that is not the chosen one. */
      readonly place?: number;
    };

/** So many selections can be gone back to. */
const MOST_UNDONE = 100;

interface Selected {
  residues: readonly number[];
  link: Pair | null;
  block: Block | null;
}

export class ExplorerState {
  /** What is looked at, a signal for each field. */
  readonly view: { readonly [K in keyof View]: Signal<View[K]> };
  readonly hover = signal<Hover | null>(null);
  /** What colours the head grid. */
  readonly scores: HeadScores;
  readonly smallMaps: SmallMaps;
  readonly tracks = signal<readonly Track[]>([]);
  readonly outlineContacts = signal(false);
  /** Whether there is a selection to go back to. */
  readonly canUndo = signal(false);
  /** What the live region says. */
  readonly spoken = signal("");
  /** What was asked for and is not there, for all to see. */
  readonly refused = signal("");

  readonly mapSet: ReadonlySignal<MapSet>;
  /** Why `mapSet` is not yet, or not, what `mapName` says. */
  readonly mapSetNote: ReadonlySignal<string>;
  /** The dense map of the entry that is looked at. */
  readonly map: ReadonlySignal<MapState>;
  readonly entry: ReadonlySignal<number>;
  /** The strongest links of the head. */
  readonly links: ReadonlySignal<Links>;
  /** The same; with a selection the strongest of those that touch it. */
  readonly shown: ReadonlySignal<Links>;
  /** The heads that are drawn, the chosen one first. */
  readonly heads: ReadonlySignal<readonly DrawnHead[]>;
  /** Whether all links that touch the selection are known, and not only those among the head's strongest. */
  readonly allTouching: ReadonlySignal<boolean>;
  /** Whether arcs are thick at the query and thin at the key, as drawn_arcs.py has it. */
  readonly showsDirection: ReadonlySignal<boolean>;
  /** How many arcs are drawn for them, by what their residues are to each other. */
  readonly drawn: ReadonlySignal<Record<Relation, number>>;
  /** How many of the shown links end on a residue without coordinates. */
  readonly undrawn: ReadonlySignal<number>;
  /** How many arcs are drawn for them, by what they are in a difference. */
  readonly changes: ReadonlySignal<Record<Change, number>>;
  /** What the colour of the arcs means on the present kind of map. */
  readonly arcColorBy: ReadonlySignal<ColorBy>;
  readonly received: ReadonlySignal<Float32Array>;
  /** Ends the fetching of maps. */
  readonly dispose: () => void;

  constructor(
    readonly scene: Scene,
    view: View,
    source: MapSource,
  ) {
    this.view = Object.fromEntries(VIEW_FIELDS.map((name) => [name, signal(view[name])])) as typeof this.view;
    const maps = new MapFetcher(scene, this.view.map, source);
    this.mapSet = maps.set;
    this.mapSetNote = maps.note;
    this.map = maps.map;

    this.entry = computed(() => this.mapSet.value.entry(this.view.layer.value, this.view.head.value));
    const question = (topK: number) => ({
      topK,
      threshold: this.view.threshold.value,
      minSeparation: this.view.min_separation.value,
      combine: this.view.combine.value,
    });
    this.links = computed(() => this.mapSet.value.links.select(this.entry.value, question(this.view.top_k.value)));
    const asked = computed(() => ({
      set: this.mapSet.value,
      entry: this.entry.value,
      residues: this.view.selected_residues.value,
      block: this.view.selected_block.value,
    }));
    const selectionLinks = new SelectionLinks(asked, source, this.map);
    this.allTouching = computed(() => selectionLinks.table.value !== null);
    this.shown = computed(() =>
      asked.value.residues.length > 0 ? selectionLinks.select(question(this.view.partners.value)) : this.links.value,
    );
    const overlay = new Overlay(
      this.view.overlay_heads,
      this.entry,
      asked,
      {
        plain: () => question(this.view.top_k.value),
        selected: () => question(this.view.partners.value),
      },
      source,
    );
    this.heads = computed(() => {
      const name = nameHead(this.mapSet.value, this.view.layer.value, this.view.head.value);
      const heaviest = this.links.value.weight[0];
      return [{ place: 0, entry: this.entry.value, name, links: this.shown.value, heaviest }, ...overlay.heads.value];
    });
    this.showsDirection = computed(() => {
      const combine = this.view.combine.value;
      const told = asked.value.residues.length > 0 && combine !== "mean" && !this.mapSet.value.meta.symmetric;
      return told || combine === "directed";
    });
    this.drawn = computed(() => {
      const { query, key } = this.shown.value;
      const counts = { contact: 0, near: 0, apart: 0 };
      for (let n = 0; n < query.length; n++) {
        if (!scene.hasCoordinates(query[n]) || !scene.hasCoordinates(key[n])) continue;
        counts[scene.relation(query[n], key[n])]++;
      }
      return counts;
    });
    this.arcColorBy = computed(() => arcColorBy(this.view.color_by.value, this.mapSet.value.meta, scene.hasStructure));
    this.changes = computed(() => {
      const { query, key, weight, sign } = this.shown.value;
      const counts = { gain: 0, loss: 0, noise: 0 };
      for (let n = 0; n < query.length; n++) {
        if (scene.hasStructure && !(scene.hasCoordinates(query[n]) && scene.hasCoordinates(key[n]))) continue;
        counts[changeOf(sign[n], weight[n], this.mapSet.value.meta.noise)]++;
      }
      return counts;
    });
    this.undrawn = computed(() => {
      if (!scene.hasStructure) return 0;
      const { contact, near, apart } = this.drawn.value;
      return this.shown.value.query.length - contact - near - apart;
    });
    const selected = computed(() => ({
      residues: this.view.selected_residues.value,
      link: this.view.selected_link.value,
    }));
    this.scores = new HeadScores(scene, this.tracks, this.mapSet, selected, source);
    this.smallMaps = new SmallMaps(this.mapSet, source);
    this.received = computed(() => this.mapSet.value.received(this.entry.value));
    const stops = [
      maps.follow(this.entry),
      selectionLinks.follow(),
      overlay.follow(),
      this.smallMaps.follow(),
      this.scores.ofSelection.follow(),
      this.remember(),
      // A threshold that no link of another map can reach would leave nothing to see.
      effect(() => {
        const { largest } = scene.meta.map_kinds.find(({ name }) => name === this.view.map.value) ?? { largest: null };
        if (largest !== null && this.view.threshold.peek() > largest) this.view.threshold.value = 0;
      }),
    ];
    this.dispose = () => stops.forEach((stop) => stop());
  }

  /**
   * Look at something else. A link that touches selected residues leaves them selected, any other selects its own two;
   * other residues unselect it. The same rule as in protvis/scene/view_state.py.
   */
  show(changes: Partial<View>): void {
    const set = <K extends keyof View>(name: K) => {
      const value = changes[name];
      if (value !== undefined) this.view[name].value = value as View[K];
    };
    batch(() => {
      const { selected_residues: selection, selected_link } = this.view;
      const before = selection.peek();
      const passing = this.selectedByLink;
      VIEW_FIELDS.forEach(set);
      const block = this.view.selected_block;
      if (block.peek()) {
        const own = blockResidues(block.peek() as Block);
        if (changes.selected_block && !changes.selected_residues) selection.value = own;
        else if (!equal(own, selection.peek())) block.value = null;
      }
      const link = selected_link.peek();
      if (!link) return;
      const ends = endsOf(link);
      const byLink = changes.selected_link !== undefined;
      const byResidues = changes.selected_residues !== undefined;
      const takeLink = () => {
        selection.value = ends;
        block.value = null;
      };
      if (byLink && !byResidues && passing) takeLink();
      else if (byResidues && !byLink) {
        if (![ends, before].some((same) => equal(same, selection.peek()))) selected_link.value = null;
      } else if (!link.some((end) => selection.peek().includes(end))) {
        if (byLink) takeLink();
        else selected_link.value = null;
      }
    });
  }

  // -- choosing a head ---------------------------------------------------------------------------

  chooseHead(layer: number, head: HeadLabel): void {
    const { n_layers, n_heads } = this.scene.meta;
    batch(() => {
      this.view.layer.value = clamp(layer, 1, n_layers);
      this.view.head.value = head === MEAN ? MEAN : clamp(head, 1, n_heads);
    });
    this.say(this.describeHead());
  }

  /** Choose the head an entry of the present kind of map stands for. */
  chooseEntry(entry: number): void {
    this.chooseHead(...this.headOf(entry));
  }

  headOf(entry: number): Head {
    const { rows, columns } = this.mapSet.value;
    const layer = rows > 1 ? Math.floor(entry / columns) + 1 : this.view.layer.value;
    return [layer, columns > 1 ? headLabel(entry % columns, columns - 1) : this.view.head.value];
  }

  /** Draw the links of a head beside those of the chosen one, or no longer; a third takes the place of the first. */
  toggleOverlay(layer: number, head: HeadLabel): void {
    const before = this.view.overlay_heads.value;
    const others = before.filter((one) => one[0] !== layer || one[1] !== head);
    const added = others.length === before.length;
    const after: readonly Head[] = added ? [...before.slice(1 - MOST_OVERLAID), [layer, head]] : others;
    this.view.overlay_heads.value = after;
    const name = formatHead(layer, head);
    this.say(added ? `${name} stays drawn, whichever head is chosen` : `${name} is no longer overlaid`);
  }

  /** Draw the chosen head alone. */
  endOverlay(): void {
    this.view.overlay_heads.value = [];
    this.say("one head is drawn");
  }

  /** Move to the next better or worse head by the present score; from anywhere else, to the best. */
  stepBest(step: 1 | -1): void {
    const ranked = this.scores.ranked();
    if (ranked.length === 0) return;
    const place = ranked.indexOf(this.entry.value);
    // From the best head, however it was reached, the next press goes on; from any other, to the best.
    const next = place === 0 || (this.steppingBest === this.entry.value && place > 0) ? place + step : 0;
    this.chooseEntry(ranked[clamp(next, 0, ranked.length - 1)]);
    this.steppingBest = this.entry.value;
  }
  private steppingBest = -1;

  /** Colour the heads by how much they look at the selection, and choose the one that does most. */
  lookHere(): void {
    if (this.view.selected_residues.value.length === 0) {
      this.say("select a residue first");
      return;
    }
    this.scores.askSelection();
    const [best] = this.scores.ranked();
    if (best !== undefined) this.chooseEntry(best);
  }

  describeHead(): string {
    const { n_heads } = this.scene.meta;
    const { meta } = this.mapSet.value;
    const value = this.scores.values.value[this.entry.value];
    const head =
      this.view.head.value === MEAN
        ? `layer ${this.view.layer.value}, mean of ${n_heads} heads`
        : `head ${formatHead(this.view.layer.value, this.view.head.value)}`;
    const where =
      meta.layout === "one" ? meta.title : meta.layout === "layers" ? `layer ${this.view.layer.value}` : head;
    if (meta.difference && !Number.isFinite(value)) return `${where}: ${this.describeChange()}`;
    const chance = this.scores.chance();
    const beside = Number.isFinite(chance) ? ` (chance ${formatScore(chance)})` : "";
    return `${where}: ${this.scores.title()} ${formatScore(value)}${beside}`;
  }

  /** How much the largest change of a difference is, beside noise. */
  private describeChange(): string {
    const { links, meta } = this.mapSet.value;
    const question = {
      topK: 1,
      threshold: 0,
      minSeparation: this.view.min_separation.value,
      combine: "directed" as const,
    };
    const { weight } = links.select(this.entry.value, question);
    const largest = weight.length > 0 ? weight[0] : 0;
    const beside = meta.noise === null ? "no noise level" : `noise reaches ${formatWeight(meta.noise)}`;
    return `largest |Δ| ${formatWeight(largest)}, ${beside}`;
  }

  /** A residue's label and all that the shown tracks say of it. */
  describeResidue(residue: number): string {
    const shown = new Set(this.view.shown_tracks.value);
    const said = this.tracks.value.filter(({ name }) => shown.has(name)).map((track) => track.describe(residue));
    return [this.scene.label(residue), ...said.filter(Boolean)].join(" · ");
  }

  /** The same with the attention it receives, and whether it has coordinates: what is read out of it. */
  readResidue(residue: number): string {
    const received = formatWeight(this.received.value[residue]);
    const all = this.mapSet.value.meta.received_scale === 0 ? ", as every residue of this map does" : "";
    const missing = this.scene.missing(residue);
    return `${this.describeResidue(residue)}${missing && ` · ${missing}`} · receives ${received} on average${all}`;
  }

  toggleTrack(name: string): void {
    const shown = this.view.shown_tracks.value;
    this.view.shown_tracks.value = shown.includes(name) ? shown.filter((other) => other !== name) : [...shown, name];
  }

  /** Where a link goes, seen from the selection; both ways where its two directions are one. */
  directionOf(query: number, key: number): Direction {
    const selected = this.view.selected_residues.value;
    const [from, to] = [selected.includes(query), selected.includes(key)];
    if (from && to) return "within";
    if (this.view.combine.value === "mean" || this.mapSet.value.meta.symmetric) return "both";
    return from ? "out" : "in";
  }

  // -- choosing residues and links ---------------------------------------------------------------

  /**
   * Replace the selection, or with `extend` add to it or take away from it. What is `ongoing`, a drag, is undone together
   * with how it began.
   */
  select(residues: Iterable<number>, { extend = false, ongoing = false } = {}): void {
    const wanted = [...new Set(residues)];
    const before = new Set(this.view.selected_residues.value);
    if (extend) {
      const known = wanted.every((residue) => before.has(residue));
      for (const residue of wanted) {
        if (known) before.delete(residue);
        else before.add(residue);
      }
    }
    const after = (extend ? [...before] : wanted).sort((a, b) => a - b);
    this.ongoing = ongoing;
    batch(() => {
      if (!equal(after, this.view.selected_residues.value)) this.view.selected_residues.value = after;
      this.view.selected_link.value = null;
      this.view.selected_block.value = null;
    });
    this.ongoing = false;
    this.say(this.describeSelection());
  }

  /** Select the residues of a block of the map, for the links within it. */
  selectBlock(block: Block): void {
    this.show({ selected_block: block, selected_link: null });
    this.say(this.describeSelection());
  }

  selectLink(pair: Pair): void {
    this.show({ selected_link: pair });
    this.say(this.describePair(pair[0], pair[1]));
  }

  /** Go back to the selection before the last change of it. */
  undoSelection(): void {
    const before = this.past.pop();
    this.canUndo.value = this.past.length > 0;
    if (!before) return;
    this.ongoing = true;
    batch(() => {
      this.view.selected_residues.value = before.residues;
      this.view.selected_link.value = before.link;
      this.view.selected_block.value = before.block;
    });
    this.ongoing = false;
    this.say(this.describeSelection());
  }

  /** Keep what was selected before every change, until the returned function is called. */
  private remember(): () => void {
    const { selected_residues, selected_link, selected_block } = this.view;
    const selected = (): Selected => ({
      residues: selected_residues.value,
      link: selected_link.value,
      block: selected_block.value,
    });
    let now: Selected | null = null;
    return effect(() => {
      const next = selected();
      if (now && !this.ongoing && !(equal(next.residues, now.residues) && next.block === now.block)) {
        this.past.push(now);
        if (this.past.length > MOST_UNDONE) this.past.shift();
        this.canUndo.value = true;
      }
      now = next;
    });
  }
  private readonly past: Selected[] = [];
  private ongoing = false;

  clear(): void {
    this.select([]);
  }

  setHover(hover: Hover | null): void {
    const now = this.hover.value;
    if (hover === now || (hover && now && JSON.stringify(hover) === JSON.stringify(now))) return;
    this.hover.value = hover;
  }

  /** What is selected in words, or with `short` as a heading has room for it. */
  describeSelection({ short = false } = {}): string {
    const { scene } = this;
    const residues = this.view.selected_residues.value;
    const labels = residues.map((residue) => scene.label(residue));
    if (labels.length === 0) return "nothing selected";
    const block = this.view.selected_block.value;
    if (block) {
      const [query, lastQuery, key, lastKey] = block.map((residue) => scene.label(residue));
      if (short) return `selected ${query}–${scene.name(block[1])} × ${key}–${scene.name(block[3])}`;
      return `selected the block ${query} to ${lastQuery} × ${key} to ${lastKey}`;
    }
    if (labels.length <= 4) return `selected ${labels.join(", ")}`;
    const runs = runsOf(residues, (residue) => scene.meta.segments.some(({ start }) => start === residue)).map(
      ([first, last]) => (first === last ? scene.label(first) : `${scene.label(first)} to ${scene.label(last)}`),
    );
    const more = runs.length > MOST_RUNS ? ` and ${runs.length - MOST_RUNS} more runs` : "";
    return `selected ${labels.length} residues: ${runs.slice(0, MOST_RUNS).join(", ")}${more}`;
  }

  /** Whether what is selected is no more than the residues of the selected link. */
  private get selectedByLink(): boolean {
    const link = this.view.selected_link.peek();
    return link !== null && equal(endsOf(link), this.view.selected_residues.peek());
  }

  /** Select the next weaker or stronger link, of the selected residues if there are any; at first the strongest. */
  stepLink(step: 1 | -1): void {
    const { query, key } = this.selectedByLink ? this.links.value : this.shown.value;
    if (query.length === 0) {
      this.say("no links");
      return;
    }
    const pair = this.view.selected_link.value;
    const either = this.view.combine.value !== "directed";
    const place = query.findIndex((residue, n) => {
      if (!pair) return false;
      return (residue === pair[0] && key[n] === pair[1]) || (either && residue === pair[1] && key[n] === pair[0]);
    });
    const next = place < 0 ? 0 : clamp(place + step, 0, query.length - 1);
    this.selectLink([query[next], key[next]]);
    this.say(`link ${next + 1} of ${query.length}: ${this.describePair(query[next], key[next])}`);
  }

  /** `A:HIS57 → A:ASP102 · 0.41 · 6.5 Å · contact`, where several heads are drawn with the name of the one. */
  describePair(query: number, key: number, place = 0): string {
    const { scene } = this;
    const heads = this.heads.value;
    const head = heads.find((one) => one.place === place) ?? heads[0];
    const begin = `${heads.length > 1 ? `${head.name}: ` : ""}${scene.label(query)}`;
    const value = head.place > 0 ? weightIn(head.links, query, key) : this.weight(query, key);
    if (query === key) return `${begin} to itself · ${this.describeValue(value)}`;
    const arrow = this.view.combine.value === "mean" ? "↔" : "→";
    const parts = [`${begin} ${arrow} ${scene.label(key)}`, this.describeValue(value)];
    const distance = scene.distance(query, key);
    if (Number.isFinite(distance)) {
      parts.push(`${distance.toFixed(1)} Å`, RELATION_TEXT[scene.relation(query, key)]);
    } else if (scene.hasStructure) {
      parts.push(scene.missing(query) || scene.missing(key));
    } else {
      parts.push(`|i − j| = ${Math.abs(query - key)}`);
    }
    return parts.join(" · ");
  }

  /** A weight; of a difference whether it is a gain or a loss, and no more than noise. */
  private describeValue(value: number): string {
    const { difference, noise } = this.mapSet.value.meta;
    if (!difference || !Number.isFinite(value) || value === 0) return formatWeight(value);
    const change = `${value < 0 ? "loss" : "gain"} of ${formatWeight(Math.abs(value))}`;
    return noise !== null && Math.abs(value) <= noise ? `${change}, within noise` : change;
  }

  /** Weight of a link as drawn, negative for losses, else of the cells of the dense map it is made of, else NaN. */
  weight(query: number, key: number): number {
    const mean = this.view.combine.value === "mean";
    for (const links of [this.shown.value, this.links.value]) {
      const found = weightIn(links, query, key);
      // Of two unequal directions only one is drawn; its weight is not that of the other.
      const either = mean && Number.isNaN(found) ? weightIn(links, key, query) : found;
      if (!Number.isNaN(either)) return either;
    }
    return mean ? (this.cell(query, key) + this.cell(key, query)) / 2 : this.cell(query, key);
  }

  /** Attention from query to key in the dense map, NaN while there is none. */
  cell(query: number, key: number): number {
    const state = this.map.value;
    if (state.status !== "ready") return Number.NaN;
    return mapValue(state.map, state.map.steps[query * this.scene.nResidues + key]);
  }

  say(text: string): void {
    this.spoken.value = text;
  }
}

/** A score as text; a small one keeps two digits, or with `short` one: 0.0043 is not 0. */
export function formatScore(value: number, { short = false } = {}): string {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size > 0 && size < 0.0095 && short) return size < 0.001 ? "~0" : value.toFixed(3).replace("0.", ".");
  if (size > 0 && size < 0.0995 && !short) return String(Number(value.toPrecision(2)));
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
}

/** First and last of every stretch of neighbours in an ascending list; none goes on over where a chain begins. */
function runsOf(residues: readonly number[], begins: (residue: number) => boolean): [number, number][] {
  const runs: [number, number][] = [];
  for (const residue of residues) {
    const run = runs[runs.length - 1];
    if (run && run[1] === residue - 1 && !begins(residue)) run[1] = residue;
    else runs.push([residue, residue]);
  }
  return runs;
}

/** Weight of a link among others, negative for losses; NaN if it is not there. */
function weightIn({ query, key, weight, sign }: Links, from: number, to: number): number {
  const n = query.findIndex((one, n) => one === from && key[n] === to);
  return n < 0 ? Number.NaN : weight[n] * sign[n];
}

/** The residues of a link, in the order of the sequence. */
function endsOf(link: Pair): number[] {
  return [...new Set(link)].sort((a, b) => a - b);
}

/** The residues of a block, ascending. */
function blockResidues([query, lastQuery, key, lastKey]: Block): number[] {
  const span = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => from + n);
  return [...new Set([...span(query, lastQuery), ...span(key, lastKey)])].sort((a, b) => a - b);
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

function equal(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, n) => value === b[n]);
}
