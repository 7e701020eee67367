// What one explorer looks at. Signals hold it; every view reads them and none knows another.

import { batch, computed, effect, type ReadonlySignal, type Signal, signal } from "@preact/signals-core";
import { type Change, changeOf } from "./change";
import { HeadScores } from "./head-scores";
import { formatHead, type HeadLabel, headLabel, MEAN } from "./labels";
import { type Links, weightOf } from "./links";
import { MapFetcher, type MapSource, type MapState } from "./map-fetcher";
import { type MapSet, mapValue } from "./map-set";
import { type DrawnHead, MOST_OVERLAID, nameHead, Overlay } from "./overlay";
import type { Relation } from "./placement";
import type { Scene } from "./scene";
import { SelectionHistory } from "./selection-history";
import { SelectionLinks } from "./selection-links";
import { SmallMaps } from "./small-maps";
import type { Track } from "./tracks";
import {
  arcColorBy,
  type Block,
  blockResidues,
  type ColorBy,
  endsOf,
  type Head,
  type Pair,
  VIEW_FIELDS,
  type View,
} from "./view";
import { Wording } from "./wording";

/** From the selection, to it, within it, or both ways. The same words stand in protvis/scene/frames.py. */
export type Direction = "out" | "in" | "within" | "both";

export type Hover =
  | { readonly kind: "residue"; readonly residue: number }
  | {
      readonly kind: "link";
      readonly query: number;
      readonly key: number;
      /** Of the head in `heads`, where that is not the chosen one. */
      readonly place?: number;
    };

export class ExplorerState {
  /** What is looked at, a signal for each field. */
  readonly view: { readonly [K in keyof View]: Signal<View[K]> };
  readonly hover = signal<Hover | null>(null);
  /** What colours the head grid. */
  readonly scores: HeadScores;
  readonly smallMaps: SmallMaps;
  readonly tracks = signal<readonly Track[]>([]);
  readonly outlineContacts = signal(false);
  /** The selections to go back to. */
  readonly history: SelectionHistory;
  /** What is shown, in sentences. */
  readonly words: Wording;
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
    this.history = new SelectionHistory(this.view);
    this.words = new Wording(this);
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
      this.history.follow(),
      // Another head or score ends the stepping, also where one comes back to the head it ended on.
      effect(() => {
        void [this.entry.value, this.scores.place.value, this.mapSet.value];
        this.steppingBest = -1;
      }),
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
    this.say(this.words.head());
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
    const change = () => {
      if (!equal(after, this.view.selected_residues.value)) this.view.selected_residues.value = after;
      this.view.selected_link.value = null;
      this.view.selected_block.value = null;
    };
    if (ongoing) this.history.unrecorded(change);
    else batch(change);
    this.say(this.words.selection());
  }

  /** Select the residues of a block of the map, for the links within it. */
  selectBlock(block: Block): void {
    this.show({ selected_block: block, selected_link: null });
    this.say(this.words.selection());
  }

  selectLink(pair: Pair): void {
    this.show({ selected_link: pair });
    this.say(this.words.pair(pair[0], pair[1]));
  }

  /** Go back to the selection before the last change of it. */
  undoSelection(): void {
    if (this.history.undo()) this.say(this.words.selection());
  }

  clear(): void {
    this.select([]);
  }

  setHover(hover: Hover | null): void {
    const now = this.hover.value;
    if (hover === now || (hover && now && JSON.stringify(hover) === JSON.stringify(now))) return;
    this.hover.value = hover;
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
    this.say(`link ${next + 1} of ${query.length}: ${this.words.pair(query[next], key[next])}`);
  }

  /** Weight of a link as drawn of a head in `heads`, negative for losses; else of the chosen head, of the cells of the dense map it is made of, else NaN. */
  weight(query: number, key: number, place = 0): number {
    const head = place > 0 ? this.heads.value.find((one) => one.place === place) : undefined;
    if (head) return weightOf(head.links, query, key);
    const mean = this.view.combine.value === "mean";
    for (const links of [this.shown.value, this.links.value]) {
      const found = weightOf(links, query, key);
      // Of two unequal directions only one is drawn; its weight is not that of the other.
      const either = mean && Number.isNaN(found) ? weightOf(links, key, query) : found;
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

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

function equal(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, n) => value === b[n]);
}
