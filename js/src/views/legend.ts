// What the colours in 3D mean, how many arcs there are, and which could not be drawn.

import { computed, effect, type Signal } from "@preact/signals-core";
import { button, element, listen } from "../dom";
import { CHANGE_TEXT } from "../model/change";
import { formatWeight } from "../model/labels";
import { RELATION_TEXT } from "../model/placement";
import type { ExplorerState } from "../model/state";
import { HEAD_COLORS, type Theme } from "../stage/theme";
import { CartoonLegend } from "./cartoon-legend";
import { ramp, swatch } from "./color-marks";

const THICKNESS = " · thicker = stronger";

export class Legend {
  readonly root: HTMLElement;
  /** Seen, not announced: the live region already says what was changed, at every step of a slider. */
  readonly status = element("div", { class: "pv-status" });
  private readonly texts = [
    document.createTextNode(""),
    document.createTextNode(""),
    document.createTextNode(""),
  ] as const;
  private readonly stops: (() => void)[] = [];

  constructor(state: ExplorerState, theme: Signal<Theme>) {
    const arcs = element("div", {});
    const alone = button("×", "Draw the chosen head alone (Esc)", "pv-alone");
    const cartoon = new CartoonLegend(state, theme);
    const anyNear = computed(() => state.drawn.value.near > 0);
    const anyNoise = computed(() => state.changes.value.noise > 0);
    this.root = element("div", { class: "pv-legend" }, cartoon.root, arcs);
    this.stops.push(
      () => cartoon.dispose(),
      listen(alone, "click", () => state.endOverlay()),
      // The marks change with what colour means, the texts with every step.
      effect(() => {
        const { contact, noContact, near, gain, loss } = theme.value;
        const { weight, separation } = state.scene.colormaps;
        const [one, other, third] = this.texts;
        const meaning = state.arcColorBy.value;
        const heads = state.heads.value;
        if (heads.length > 1) {
          const named = heads.map(({ place, name, links }) => {
            const said = ` ${name} · ${links.query.length}`;
            return element("span", { class: "pv-drawnhead" }, swatch(HEAD_COLORS[place], `head ${name}`), said);
          });
          arcs.replaceChildren(...named, " · thicker = stronger in its head ", alone);
        } else if (meaning === "sign") {
          const marks = [swatch(gain, CHANGE_TEXT.gain), one, swatch(loss, CHANGE_TEXT.loss), other];
          if (anyNoise.value) marks.push(swatch(near, CHANGE_TEXT.noise), third);
          arcs.replaceChildren(...marks, THICKNESS);
        } else if (meaning === "contact") {
          const marks = [swatch(contact, RELATION_TEXT.contact), one, swatch(noContact, RELATION_TEXT.apart), other];
          if (anyNear.value) marks.push(swatch(near, RELATION_TEXT.near), third);
          arcs.replaceChildren(...marks, THICKNESS);
        } else {
          arcs.replaceChildren("0 ", ramp(meaning === "weight" ? weight : separation), one, THICKNESS);
        }
      }),
      effect(() => {
        const { contact, near, apart } = state.drawn.value;
        const { gain, loss, noise } = state.changes.value;
        const { weight } = state.links.value;
        const said = {
          sign: ` ${gain} ${gain === 1 ? "gain" : CHANGE_TEXT.gain} `,
          contact: ` ${contact} ${contact === 1 ? "contact" : "contacts"} `,
          weight: ` ${formatWeight(weight.length > 0 ? weight[0] : 0)} ${state.mapSet.value.meta.unit}`,
          separation: ` ${state.scene.nResidues - 1} residues apart`,
        };
        const meaning = state.arcColorBy.value;
        this.texts[0].data = said[meaning];
        if (meaning === "sign") {
          this.texts[1].data = ` ${loss} ${loss === 1 ? "loss" : CHANGE_TEXT.loss} `;
          this.texts[2].data = ` ${noise} ${CHANGE_TEXT.noise}`;
        } else {
          this.texts[1].data = ` ${apart} ${RELATION_TEXT.apart}`;
          this.texts[2].data = ` ${near} ${RELATION_TEXT.near}`;
        }
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
  const shown = state.shown.value;
  const undrawn = state.undrawn.value;
  const { unit } = state.mapSet.value.meta;
  const threshold = state.view.threshold.value;
  const drawable = shown.query.length;
  // Cut by their number although they reach the threshold that was asked for.
  const cut = shown.reaching > drawable;
  // Down to its floor the table of links knows all of them.
  const least = shown.floor === 0 || shown.floor < threshold ? "" : "at least ";
  const reaching = `${least}${shown.reaching.toLocaleString("en")}`;
  const weakest = shown.weight.length > 0 ? shown.weight[shown.weight.length - 1] : Number.NaN;
  const heads = state.heads.value;
  const parts: string[] = heads.length > 1 ? [heads[0].name] : [];
  if (state.view.selected_residues.value.length > 0) {
    const which = threshold > 0 ? "links that reach the threshold" : "links";
    if (cut) parts.push(`${drawable} of the selection's ${reaching} ${which}`);
    else parts.push(`${drawable} ${drawable === 1 ? "link" : "links"} of the selection`);
    if (drawable === 0 && threshold > 0) parts.push(`none reaches ${formatWeight(threshold)}`);
    const { map, allTouching } = state;
    if (!allTouching.value && map.value.status !== "ready") parts.push(`${map.value.reason}: only some of its links`);
  } else if (cut && threshold > 0) {
    parts.push(`${drawable} of ${reaching} links that reach the threshold`, "limited by number");
  } else {
    parts.push(`${drawable} ${drawable === 1 ? "link" : "links"}`);
    if (drawable === 0 && threshold > 0) parts.push(`none reaches ${formatWeight(threshold)}`);
  }
  if (Number.isFinite(weakest)) parts.push(`${unit} ${formatWeight(weakest)} to ${formatWeight(shown.weight[0])}`);
  const { difference, noise } = state.mapSet.value.meta;
  if (difference) parts.push(noise === null ? "no noise level" : `noise reaches ${formatWeight(noise)}`);
  const between = countBetween(state);
  if (between > 0) parts.push(`${between} between chains`);
  if (undrawn > 0) parts.push(`${undrawn} not drawn: they end on residues without coordinates`);
  if (!shown.complete) parts.push(`links below ${formatWeight(shown.floor)} are not stored`);
  return parts.join(" · ");
}

function countBetween({ scene, shown }: ExplorerState): number {
  if (scene.meta.segments.length < 2) return 0;
  const { query, key } = shown.value;
  let count = 0;
  for (let n = 0; n < query.length; n++) if (scene.separation(query[n], key[n]) === Number.POSITIVE_INFINITY) count++;
  return count;
}
