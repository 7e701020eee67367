// A panel's menu: its picture, its table and the Python that shows the same.

import { button, element, listen } from "../dom";
import { headLabel } from "../model/labels";
import { RELATION_TEXT } from "../model/placement";
import type { ExplorerState } from "../model/state";
import { blockResidues, endsOf, VIEW_FIELDS } from "../model/view";
import { asPng, panelPicture } from "./panel-picture";

export type PanelName = "structure" | "heads" | "map" | "sequence";

/** What can only be clicked, and what lies over the panel for a moment, is no part of its picture. */
const SKIPPED =
  ".pv-menu, .pv-partners, .pv-tooltip, .pv-linecue, .pv-whole, .pv-space, button:not(.pv-cell, .pv-chip), input";
const SCALE = 2;

/** What Python makes of a panel. */
const FIGURES: Record<PanelName, string> = {
  structure: 'explorer.snapshot("structure.png")',
  heads: 'explorer.figure("heads").savefig("heads.svg")',
  map: 'explorer.figure("heatmap").savefig("map.svg")',
  sequence: 'explorer.figure("arcs").savefig("sequence.svg")',
};

/** The menu of one panel, put into its bar. */
export function panelMenu(name: PanelName, panel: HTMLElement, state: ExplorerState) {
  const text = element("textarea", { class: "pv-copied", readonly: true, hidden: true, rows: 4 });
  const [png, svg, table, code] = ["save PNG", "save SVG", "copy table", "copy as Python"].map((one) => button(one));
  const root = element(
    "details",
    { class: "pv-menu" },
    element("summary", { title: "Save or copy this view", "aria-label": `save or copy: ${name}` }, "⋯"),
    element("div", {}, png, svg, table, code, text),
  );
  const file = (suffix: string) => `${state.scene.meta.structure_name}-${name}.${suffix}`;
  const copy = async (copied: string, what: string) => {
    try {
      await navigator.clipboard.writeText(copied);
      state.say(`${what} is on the clipboard`);
      root.open = false;
    } catch {
      // Where a page may not write to the clipboard, a person can.
      text.value = copied;
      text.hidden = false;
      text.select();
    }
  };
  const stops = [
    listen(png, "click", async () => save(await asPng(panelPicture(panel, SKIPPED), SCALE), file("png"))),
    listen(svg, "click", () => {
      const drawn = new XMLSerializer().serializeToString(panelPicture(panel, SKIPPED));
      save(new Blob([drawn], { type: "image/svg+xml" }), file("svg"));
    }),
    listen(table, "click", () => copy(panelTable(name, state), "the table")),
    listen(code, "click", () => copy(`${viewAsPython(state)}\n${FIGURES[name]}\n`, "the Python of this view")),
    listen(root, "keydown", (event) => {
      if (event.key !== "Escape" || !root.open) return;
      root.open = false;
      event.stopPropagation();
    }),
    listen(root, "focusout", (event) => {
      if (!root.contains(event.relatedTarget as Node | null)) root.open = false;
    }),
  ];
  const dispose = () => stops.splice(0).forEach((stop) => stop());
  return { root, dispose };
}

function save(blob: Blob, name: string): void {
  const href = URL.createObjectURL(blob);
  element("a", { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), 10_000);
}

/** What a panel shows as tab-separated text with a heading. */
export function panelTable(name: PanelName, state: ExplorerState): string {
  const { scene } = state;
  const residues = Array.from({ length: scene.nResidues }, (_, residue) => residue);
  let rows: (string | number)[][];
  if (name === "heads") {
    const { columns } = state.mapSet.peek();
    const values = state.scores.values.peek();
    rows = [["layer", "head", state.scores.chosen.name]];
    values.forEach((value, n) => {
      const head = columns > 1 ? headLabel(n % columns, columns - 1) : "";
      rows.push([Math.floor(n / columns) + 1, head, value]);
    });
  } else if (name === "sequence") {
    const tracks = state.tracks.peek().filter(({ kind }) => kind !== "pair");
    rows = [["residue", "received", ...tracks.map((track) => track.name)]];
    for (const residue of residues)
      rows.push([
        scene.label(residue),
        state.received.peek()[residue],
        ...tracks.map((track) => track.describe(residue)),
      ]);
  } else if (name === "map" && state.map.peek().status === "ready") {
    rows = [["query", ...residues.map((residue) => scene.label(residue))]];
    for (const query of residues) rows.push([scene.label(query), ...residues.map((key) => state.cell(query, key))]);
  } else {
    const { query, key, weight, sign } = state.shown.peek();
    rows = [["query", "key", "weight", "distance", "relation"]];
    query.forEach((from, n) => {
      const placed = scene.hasCoordinates(from) && scene.hasCoordinates(key[n]);
      const relation = placed ? RELATION_TEXT[scene.relation(from, key[n])] : "";
      rows.push([scene.label(from), scene.label(key[n]), weight[n] * sign[n], scene.distance(from, key[n]), relation]);
    });
  }
  return rows.map((row) => `${row.map(cell).join("\t")}\n`).join("");
}

function cell(value: string | number): string {
  if (typeof value === "string") return value.replaceAll("\t", " ");
  return Number.isFinite(value) ? String(Number(value.toPrecision(6))) : "";
}

/** Python that opens an explorer on what is looked at. */
export function viewAsPython({ scene, view }: ExplorerState): string {
  const { meta } = scene;
  const [link, block] = [view.selected_link.peek(), view.selected_block.peek()];
  // The residues that are selected without being named.
  const selects = block ? blockResidues(block) : link ? endsOf(link) : [];
  const said = VIEW_FIELDS.flatMap((field) => {
    const value = view[field].peek();
    if (field === "camera" || value === null || value === "" || value === false) return [];
    if (field === "selected_residues")
      return String(value) === String(selects)
        ? []
        : [`${field}=${python((value as number[]).map((n) => scene.label(n)))}`];
    if (field === "selected_link" || field === "selected_block")
      return [`${field}=(${(value as number[]).map((n) => python(scene.label(n))).join(", ")})`];
    if (field === "overlay_heads" && (value as unknown[]).length === 0) return [];
    return [`${field}=${python(value)}`];
  });
  const source = scene.hasStructure ? meta.structure_name : meta.sequence;
  const chain = scene.hasStructure ? [`chain=${python(meta.chain_id)}`] : [];
  const model = `model=${python(meta.model_name)}`;
  return [
    "import protvis as pv",
    "",
    "explorer = pv.explore(",
    ...[python(source), model, ...chain, ...said].map((one) => `    ${one},`),
    ")",
  ].join("\n");
}

function python(value: unknown): string {
  if (typeof value === "boolean") return value ? "True" : "False";
  return JSON.stringify(value);
}
