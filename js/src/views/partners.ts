// The links of the selection as a table: to be read, sorted, clicked and copied.

import { effect, signal } from "@preact/signals-core";
import { button, eachFrame, element, listen, revealIn } from "../dom";
import { formatWeight } from "../model/labels";
import { RELATION_TEXT } from "../model/placement";
import type { Direction, ExplorerState } from "../model/state";

const ARROWS: Record<Direction, string> = { out: "→", in: "←", within: "→", both: "↔" };
const WORDS: Record<Direction, string> = {
  out: "the selection looks at it",
  in: "it looks at the selection",
  within: "within the selection",
  both: "both directions",
};
const COLUMNS = ["partner", "weight", "distance", "contact", "direction"] as const;
type Column = (typeof COLUMNS)[number];

interface Row {
  query: number;
  key: number;
  partner: string;
  weight: number;
  distance: number;
  contact: string;
  direction: Direction;
}

export class Partners {
  readonly root: HTMLElement;
  private readonly body = element("tbody", {});
  private readonly box: HTMLElement;
  private readonly heads: HTMLElement[];
  /** Without a structure there are no distances. */
  private readonly columns: readonly Column[];
  private readonly title = element("summary", {});
  private readonly copied = element("textarea", { class: "pv-copied", readonly: true, hidden: true, rows: 4 });
  private readonly sorted = signal<{ column: Column; falling: boolean }>({ column: "weight", falling: true });
  private rows: Row[] = [];
  private lines: HTMLElement[] = [];
  private readonly frame = eachFrame(() => this.write());
  private readonly stops: (() => void)[];

  constructor(private readonly state: ExplorerState) {
    const copy = button("copy", "Copy the table, as tab-separated text");
    this.columns = COLUMNS.filter(
      (column) => state.scene.meta.has_structure || (column !== "distance" && column !== "contact"),
    );
    this.heads = this.columns.map((column) => element("th", { scope: "col" }, button(column, `Sort by ${column}`)));
    const table = element("table", {}, element("thead", {}, element("tr", {}, ...this.heads)), this.body);
    this.box = element("div", { class: "pv-partnerbox" }, table);
    this.root = element(
      "details",
      { class: "pv-panel pv-partners", "aria-label": "links of the selection", hidden: true, open: true },
      this.title,
      this.box,
      element("div", { class: "pv-bar" }, element("span", { class: "pv-space" }), copy),
      this.copied,
    );
    this.stops = [
      effect(() => {
        this.root.hidden = state.view.selected_residues.value.length === 0;
      }),
      effect(() => {
        void [state.shown.value, state.view.selected_residues.value, state.mapSet.value, this.sorted.value];
        this.frame.request();
      }),
      effect(() => this.mark(state.view.selected_link.value)),
      listen(copy, "click", () => this.copy()),
      ...this.columns.map((column, n) =>
        listen(this.heads[n], "click", () => {
          const { column: before, falling } = this.sorted.peek();
          // Numbers begin with the largest, names with the first.
          this.sorted.value = { column, falling: column === before ? !falling : column === "weight" };
        }),
      ),
      listen(this.body, "click", (event) => {
        const row = this.rowOf(event);
        if (row) state.selectLink([row.query, row.key]);
      }),
      listen(this.body, "pointerover", (event) => {
        const row = this.rowOf(event);
        state.setHover(row ? { kind: "link", query: row.query, key: row.key } : null);
      }),
      listen(this.body, "pointerleave", () => state.setHover(null)),
    ];
  }

  dispose(): void {
    this.frame.cancel();
    for (const stop of this.stops.splice(0)) stop();
  }

  private rowOf(event: Event): Row | undefined {
    const line = (event.target as Element).closest("tr");
    return line ? this.rows[this.lines.indexOf(line)] : undefined;
  }

  /** The rows as they are sorted; equal ones by weight. */
  private sortedRows(): Row[] {
    const { scene, shown, view } = this.state;
    const { query: queries, key: keys, weight, sign } = shown.value;
    const selected = view.selected_residues.value;
    const rows = Array.from(queries, (query, n) => {
      const key = keys[n];
      const direction = this.state.directionOf(query, key);
      const distance = scene.distance(query, key);
      const partner =
        selected.length === 1
          ? `${ARROWS[direction]} ${scene.name(query === selected[0] ? key : query)}`
          : `${scene.name(query)} ${direction === "both" ? "↔" : "→"} ${scene.name(key)}`;
      const contact = Number.isFinite(distance) ? RELATION_TEXT[scene.relation(query, key)] : "";
      return { query, key, partner, weight: weight[n] * sign[n], distance, contact, direction };
    });
    const { column, falling } = this.sorted.value;
    const rank = (row: Row) => {
      if (column === "partner") return selected.length === 1 && row.query === selected[0] ? row.key : row.query;
      const value = row[column];
      if (column === "weight") return Math.abs(value as number);
      return Number.isNaN(value) ? Number.POSITIVE_INFINITY : value;
    };
    const order = (a: Row, b: Row) => (rank(a) < rank(b) ? -1 : rank(a) > rank(b) ? 1 : 0);
    return rows.sort((a, b) => (falling ? order(b, a) : order(a, b)));
  }

  private write(): void {
    const { state } = this;
    if (state.view.selected_residues.value.length === 0) return;
    this.rows = this.sortedRows();
    const { column, falling } = this.sorted.value;
    this.columns.forEach((one, n) => {
      this.heads[n].setAttribute("aria-sort", one !== column ? "none" : falling ? "descending" : "ascending");
    });
    const selected = state.view.selected_residues.value;
    const block = state.view.selected_block.value;
    const whose = block
      ? "the block"
      : selected.length === 1
        ? state.scene.label(selected[0])
        : `${selected.length} residues`;
    const heads = state.heads.value;
    this.title.textContent = `Links of ${whose}${heads.length > 1 ? ` in ${heads[0].name}` : ""}`;
    this.lines = this.rows.map((row) =>
      element("tr", {}, ...this.columns.map((column) => element("td", {}, this.cell(row, column)))),
    );
    this.body.replaceChildren(...this.lines);
    this.mark(state.view.selected_link.peek());
  }

  private cell(row: Row, column: Column): Node | string {
    if (column === "partner") return button(row.partner, this.state.words.pair(row.query, row.key), "pv-partner");
    if (column === "weight") return formatWeight(row.weight);
    if (column === "distance") return Number.isFinite(row.distance) ? `${row.distance.toFixed(1)} Å` : "–";
    if (column === "direction") return element("span", { title: WORDS[row.direction] }, row.direction);
    return row.contact;
  }

  private mark(link: readonly [number, number] | null): void {
    this.rows.forEach(({ query, key }, n) => {
      const chosen = link !== null && query === link[0] && key === link[1];
      this.lines[n].classList.toggle("pv-chosen", chosen);
      if (chosen) revealIn(this.box, this.lines[n]);
    });
  }

  private async copy(): Promise<void> {
    const { scene } = this.state;
    const lines = this.rows.map(({ query, key, weight, distance, contact, direction }) =>
      [
        scene.label(query),
        scene.label(key),
        weight,
        Number.isFinite(distance) ? distance.toFixed(2) : "",
        contact,
        direction,
      ].join("\t"),
    );
    const text = [["query", "key", "weight", "distance", "contact", "direction"].join("\t"), ...lines].join("\n");
    try {
      await navigator.clipboard.writeText(text);
      this.copied.hidden = true;
      this.state.say(`${lines.length} links are on the clipboard`);
    } catch {
      this.copied.value = text;
      this.copied.hidden = false;
      this.copied.select();
      this.state.say("the browser does not let this page copy; the table is in the field below, to be copied by hand");
    }
  }
}
