// The search box: residues by number, name, range or motif.

import { element, listen } from "../dom";
import { findResidues } from "../model/residue-search";
import type { ExplorerState } from "../model/state";

const HELP =
  "Find residues: 57, HIS57, H:57A, 50-60 or a motif such as C..C, several with commas. Enter selects them, Ctrl+Enter " +
  "adds them. Ctrl-click in the sequence or in 3D adds one residue or takes it away; Shift-click selects up to it.";

export class ResidueSearch {
  readonly root = element("input", {
    type: "search",
    class: "pv-search",
    placeholder: "find 57, HIS57, C..C",
    "aria-label": "find residues",
    title: HELP,
    spellcheck: "false",
    autocomplete: "off",
  });
  private readonly stops: (() => void)[];

  constructor(private readonly state: ExplorerState) {
    const { root } = this;
    this.stops = [
      listen(root, "keydown", (event) => {
        if (event.key === "Enter") this.find(event.ctrlKey || event.metaKey);
        else if (event.key === "Escape" && root.value !== "") root.value = "";
        else return;
        event.stopPropagation();
        event.preventDefault();
      }),
      listen(root, "input", () => root.removeAttribute("aria-invalid")),
    ];
  }

  dispose(): void {
    for (const stop of this.stops.splice(0)) stop();
  }

  private find(extend: boolean): void {
    const { state, root } = this;
    const text = root.value.trim();
    if (text === "") return;
    const found = findResidues(state.scene, text);
    root.setAttribute("aria-invalid", String(found.length === 0));
    if (found.length === 0) {
      state.refused.value = `${text} names no residue here; write a number (57), a name (HIS57), a range or a motif (C..C)`;
      state.say(state.refused.value);
      return;
    }
    state.refused.value = "";
    const before = extend ? state.view.selected_residues.peek() : [];
    state.select([...before, ...found]);
  }
}
