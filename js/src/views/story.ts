// A story: captions in order, each with its view of the explorer above them.

import { element, listen } from "../dom";

export interface StoryStep {
  caption: string;
  /** What the step shows, as in `view-link`. */
  view: string;
}

export class StoryBar {
  readonly root: HTMLElement;
  private readonly caption = element("p", { class: "pv-caption", "aria-live": "polite" });
  private readonly count = element("span", { class: "pv-count" });
  private readonly back = element("button", { type: "button", class: "pv-button", title: "The step before (Page Up)" }, "← back");
  private readonly next = element("button", { type: "button", class: "pv-button", title: "The next step (Page Down)" }, "next →");
  private place = -1;

  constructor(
    private readonly steps: readonly StoryStep[],
    private readonly show: (place: number) => void,
  ) {
    this.root = element("nav", { class: "pv-story", "aria-label": "story" }, this.back, this.count, this.next, this.caption);
    listen(this.back, "click", () => this.go(this.place - 1));
    listen(this.next, "click", () => this.go(this.place + 1));
    if (steps.length === 0) return;
    // Of the whole page, which is the story's alone: presenters' clickers send these keys.
    document.addEventListener("keydown", (event) => {
      if (event.key === "PageDown") this.go(this.place + 1);
      else if (event.key === "PageUp") this.go(this.place - 1);
      else return;
      event.preventDefault();
    });
  }

  /** Go to a step, counting from 0; beyond the ends there is nothing. */
  go(place: number): void {
    if (place < 0 || place >= this.steps.length || place === this.place) return;
    this.place = place;
    this.caption.textContent = this.steps[place].caption;
    this.count.textContent = `${place + 1} of ${this.steps.length}`;
    this.back.disabled = place === 0;
    this.next.disabled = place === this.steps.length - 1;
    this.show(place);
  }
}
