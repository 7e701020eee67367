// What the colours in 3D mean, how many arcs there are, and which could not be drawn.

import { effect, type Signal } from "@preact/signals-core";
import { element } from "../dom";
import { formatWeight } from "../model/labels";
import type { ExplorerState } from "../model/state";
import type { Theme } from "../stage/theme";
import { CartoonLegend } from "./cartoon-legend";
import { ramp, swatch } from "./color-marks";

export class Legend {
  readonly root: HTMLElement;
  readonly status = element("div", { class: "pv-status", role: "status" });
  private readonly texts = [document.createTextNode(""), document.createTextNode("")] as const;
  private readonly stops: (() => void)[] = [];

  constructor(state: ExplorerState, theme: Signal<Theme>) {
    const arcs = element("div", {});
    const cartoon = new CartoonLegend(state, theme);
    this.root = element("div", { class: "pv-legend" }, cartoon.root, arcs);
    this.stops.push(
      () => cartoon.dispose(),
      // The marks change with what colour means, the texts with every step.
      effect(() => {
        const { contact, noContact } = theme.value;
        const { weight, separation } = state.scene.colormaps;
        const [one, other] = this.texts;
        if (state.colorBy.value === "contact") {
          arcs.replaceChildren(swatch(contact, "contact"), one, swatch(noContact, "no contact"), other);
        } else {
          arcs.replaceChildren("0 ", ramp(state.colorBy.value === "weight" ? weight : separation), one);
        }
      }),
      effect(() => {
        const { weight } = state.shown.value;
        const contacts = countContacts(state);
        const said = {
          contact: ` ${contacts} contacts `,
          weight: ` ${formatWeight(weight.length > 0 ? weight[0] : 0)} attention`,
          separation: ` ${state.scene.nResidues - 1} residues apart`,
        };
        this.texts[0].data = said[state.colorBy.value];
        this.texts[1].data = ` ${weight.length - contacts} others`;
      }),
      effect(() => {
        this.status.textContent = statusText(state);
      }),
    );
  }

  dispose(): void {
    for (const stop of this.stops.splice(0)) stop();
  }
}

/** The line under the picture: what is drawn, and every reason why something is not. */
export function statusText(state: ExplorerState): string {
  const all = state.links.value;
  const shown = state.shown.value;
  const undrawn = state.undrawn.value;
  const weakest = shown.weight.length > 0 ? shown.weight[shown.weight.length - 1] : Number.NaN;
  const parts: string[] = [];
  if (state.selection.value.length > 0) {
    parts.push(`${shown.query.length} of ${all.query.length} links touch the selection`);
    if (shown.query.length === 0) parts.push("raise the number of links to see its own");
  } else {
    parts.push(`${shown.query.length} links`);
  }
  if (Number.isFinite(weakest)) parts.push(`attention ${formatWeight(weakest)} to ${formatWeight(shown.weight[0])}`);
  const between = countBetween(state);
  if (between > 0) parts.push(`${between} between chains`);
  if (undrawn > 0) parts.push(`${undrawn} not drawn: they end on residues without coordinates`);
  if (!all.complete) parts.push(`links below ${formatWeight(all.floor)} are not stored`);
  return parts.join(" · ");
}

function countContacts(state: ExplorerState): number {
  const { query, key } = state.shown.value;
  let count = 0;
  for (let n = 0; n < query.length; n++) if (state.scene.isContact(query[n], key[n])) count++;
  return count;
}

function countBetween({ scene, shown }: ExplorerState): number {
  if (scene.meta.segments.length < 2) return 0;
  const { query, key } = shown.value;
  let count = 0;
  for (let n = 0; n < query.length; n++) if (scene.separation(query[n], key[n]) === Number.POSITIVE_INFINITY) count++;
  return count;
}
