// What an atlas says heads do: one chip per role under the head grid, which shows the heads that have it.

import { effect, signal } from "@preact/signals-core";
import { element, listen } from "../dom";
import type { HeadLabel } from "../model/labels";
import type { HeadRoles } from "../model/wire";

export class RoleChips {
  readonly root = element("div", { class: "pv-chips pv-roles", role: "group", "aria-label": "show heads that" });
  private readonly rolesOf = new Map<string, readonly string[]>();
  private readonly pressed = signal<ReadonlySet<string>>(new Set());
  private readonly stops: (() => void)[];

  constructor(roles: readonly HeadRoles[]) {
    const counts = new Map<string, number>();
    for (const { layer, head, labels } of roles) {
      this.rolesOf.set(`${layer}-${head}`, labels);
      for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
    }
    const chips = [...counts]
      .sort(([a, m], [b, n]) => n - m || a.localeCompare(b))
      .map(([label, count]) => {
        const title = `show the ${count === 1 ? "head" : `${count} heads`} with the role ${label}`;
        return element("button", { type: "button", class: "pv-chip", "data-role": label, title }, `${label} ${count}`);
      });
    this.root.append(...chips);
    this.root.hidden = chips.length === 0;
    this.stops = [
      listen(this.root, "click", (event) => {
        const label = (event.target as Element).closest<HTMLElement>("[data-role]")?.dataset.role;
        if (label === undefined) return;
        const after = new Set(this.pressed.value);
        if (!after.delete(label)) after.add(label);
        this.pressed.value = after;
      }),
      effect(() => {
        for (const chip of chips)
          chip.setAttribute("aria-pressed", String(this.pressed.value.has(chip.dataset.role ?? "")));
      }),
    ];
  }

  dispose(): void {
    for (const stop of this.stops.splice(0)) stop();
  }

  /** What a head does, in a few letters each. */
  of(layer: number, head: HeadLabel): readonly string[] {
    return this.rolesOf.get(`${layer}-${head}`) ?? [];
  }

  /** Whether a head has one of the chosen roles; all heads do where none is chosen. */
  shows(layer: number, head: HeadLabel): boolean {
    return this.pressed.value.size === 0 || this.of(layer, head).some((label) => this.pressed.value.has(label));
  }
}
