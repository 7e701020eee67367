// What the colours of the cartoon mean while a track sets them.

import { effect, type Signal } from "@preact/signals-core";
import { element } from "../dom";
import type { ExplorerState } from "../model/state";
import type { Track } from "../model/tracks";
import { type Theme, trackColor } from "../stage/theme";
import { ramp, swatch } from "./color-marks";

/** As many names as are listed; domains can be many more. */
const MOST = 6;

export class CartoonLegend {
  readonly root = element("div", { class: "pv-cartoonlegend" });
  readonly dispose: () => void;

  constructor(state: ExplorerState, theme: Signal<Theme>) {
    this.dispose = effect(() => {
      const tracks = state.tracks.value;
      const place = tracks.findIndex(({ name, kind }) => name === state.view.cartoon_by.value && kind !== "pair");
      this.root.hidden = place < 0;
      this.root.replaceChildren(...(place < 0 ? [] : this.marks(state, tracks[place], place, theme.value)));
    });
  }

  private marks(state: ExplorerState, track: Track, place: number, { cartoon, dark }: Theme): (HTMLElement | string)[] {
    const { colormaps, nResidues } = state.scene;
    if (track.kind === "number") {
      const [low, high] = track.bounds.map((value) => String(Number(value.toPrecision(2))));
      if (!track.bounds.every(Number.isFinite)) return [`${track.name}: not known`];
      return [`${track.name} ${low} `, ramp(colormaps.weight), ` ${high}${track.unit && ` ${track.unit}`}`];
    }
    const examples = track.examples(nResidues);
    const marks = examples.slice(0, MOST).flatMap(({ title, residue }) => {
      const color = trackColor(track, residue, colormaps.weight, dark, place);
      return [swatch(color ?? cartoon, title), title];
    });
    if (examples.length > MOST) marks.push(` … ${examples.length - MOST} more`);
    return examples.length === 0 ? [`${track.name}: none`] : [...marks, swatch(cartoon, "other"), "other"];
  }
}
