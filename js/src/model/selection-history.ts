// The selections that one can go back to.

import { batch, effect, type ReadonlySignal, type Signal, signal } from "@preact/signals-core";
import type { View } from "./view";

/** So many selections are kept. */
const MOST = 100;

const FIELDS = ["selected_residues", "selected_link", "selected_block"] as const;
type Selected = Pick<View, (typeof FIELDS)[number]>;

export class SelectionHistory {
  private readonly past: Selected[] = [];
  private readonly any = signal(false);
  private ongoing = false;
  /** Whether there is a selection to go back to. */
  readonly canUndo: ReadonlySignal<boolean> = this.any;

  constructor(private readonly view: { readonly [K in keyof Selected]: Signal<Selected[K]> }) {}

  /** Keep what was selected before every change, until the returned function is called. */
  follow(): () => void {
    let now: Selected | null = null;
    return effect(() => {
      const next = {
        selected_residues: this.view.selected_residues.value,
        selected_link: this.view.selected_link.value,
        selected_block: this.view.selected_block.value,
      };
      if (now && !this.ongoing && !same(next, now)) {
        this.past.push(now);
        if (this.past.length > MOST) this.past.shift();
        this.any.value = true;
      }
      now = next;
    });
  }

  /** Change the selection by no step of its own: a drag, of which each position is a change. */
  unrecorded(change: () => void): void {
    this.ongoing = true;
    batch(change);
    this.ongoing = false;
  }

  /** Go back to the selection before the last change; whether there was one. */
  undo(): boolean {
    const before = this.past.pop();
    this.any.value = this.past.length > 0;
    if (!before) return false;
    this.unrecorded(() => {
      this.view.selected_residues.value = before.selected_residues;
      this.view.selected_link.value = before.selected_link;
      this.view.selected_block.value = before.selected_block;
    });
    return true;
  }
}

/** A link that is stepped through within one selection is no step. */
function same(a: Selected, b: Selected): boolean {
  const [one, other] = [a.selected_residues, b.selected_residues];
  return (
    a.selected_block === b.selected_block &&
    one.length === other.length &&
    one.every((residue, n) => residue === other[n])
  );
}
