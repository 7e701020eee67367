// One switch per track: whether it is under the sequence, in its colour.

import { effect, type Signal } from "@preact/signals-core";
import { element, listen } from "../dom";
import type { ExplorerState } from "../model/state";
import type { Track } from "../model/tracks";
import { type Theme, trackColor } from "../stage/theme";

export class TrackChips {
  readonly root = element("div", { class: "pv-chips", role: "group", "aria-label": "tracks" });
  private readonly chipOf = new Map<string, HTMLElement>();
  private readonly stops: (() => void)[];

  constructor(state: ExplorerState, theme: Signal<Theme>) {
    this.stops = [
      listen(this.root, "click", (event) => {
        const chip = (event.target as Element).closest<HTMLElement>("[data-track]");
        if (chip?.dataset.track !== undefined) state.toggleTrack(chip.dataset.track);
      }),
      effect(() => this.make(state, theme.value.dark)),
      effect(() => this.press(state.view.shown_tracks.value)),
    ];
  }

  dispose(): void {
    for (const stop of this.stops.splice(0)) stop();
  }

  private make({ scene, tracks, view }: ExplorerState, dark: boolean): void {
    this.chipOf.clear();
    tracks.value.forEach((track, place) => {
      if (track.kind === "pair") return;
      let marked = 0;
      while (marked < scene.nResidues && !(track.level(marked) >= 0)) marked++;
      const chip = element(
        "button",
        { type: "button", class: "pv-chip", "data-track": track.name, title: aboutTrack(track) },
        track.name,
      );
      const color = marked < scene.nResidues ? trackColor(track, marked, scene.colormaps.weight, dark, place) : null;
      chip.style.setProperty("--swatch", color ?? "transparent");
      this.chipOf.set(track.name, chip);
    });
    this.root.replaceChildren(...this.chipOf.values());
    // Read without following, so that a switch changes its own chip and keeps the focus there.
    this.press(view.shown_tracks.peek());
  }

  private press(shown: readonly string[]): void {
    for (const [name, chip] of this.chipOf) chip.setAttribute("aria-pressed", String(shown.includes(name)));
  }
}

/** Where a track comes from, and of numbers what they range over. */
function aboutTrack(track: Track): string {
  const [low, high] = track.bounds;
  if (track.kind !== "number" || !Number.isFinite(low)) return track.source;
  const [from, to] = [low, high].map((value) => Number(value.toPrecision(3)));
  return [track.source, `${from} to ${to}${track.unit && ` ${track.unit}`}, bars begin at 0`]
    .filter(Boolean)
    .join("; ");
}
