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
  private readonly back = element(
    "button",
    { type: "button", class: "pv-button", title: "The step before (Page Up)" },
    "← back",
  );
  private readonly next = element(
    "button",
    { type: "button", class: "pv-button", title: "The next step (Page Down)" },
    "next →",
  );
  private at = -1;
  private readonly stops: (() => void)[] = [];

  constructor(
    private readonly steps: readonly StoryStep[],
    private readonly show: (place: number) => void,
  ) {
    this.root = element(
      "nav",
      { class: "pv-story", "aria-label": "story" },
      this.back,
      this.count,
      this.next,
      this.caption,
    );
    this.stops.push(
      listen(this.back, "click", () => this.go(this.place - 1)),
      listen(this.next, "click", () => this.go(this.place + 1)),
    );
    if (steps.length === 0) return;
    // Of the whole page, which is the story's alone: presenters' clickers send these keys.
    document.addEventListener("keydown", this.keydown);
    this.stops.push(() => document.removeEventListener("keydown", this.keydown));
  }

  dispose(): void {
    for (const stop of this.stops.splice(0)) stop();
    this.root.remove();
  }

  private readonly keydown = (event: KeyboardEvent): void => {
    if (event.key === "PageDown") this.go(this.place + 1);
    else if (event.key === "PageUp") this.go(this.place - 1);
    else return;
    event.preventDefault();
  };

  /** The step that is shown, counting from 0; -1 before there is one. */
  get place(): number {
    return this.at;
  }

  /** Go to a step, to the present one only if asked to show it again; beyond the ends there is nothing. */
  go(place: number, { again = false } = {}): void {
    if (place < 0 || place >= this.steps.length || (place === this.at && !again)) return;
    this.at = place;
    this.caption.textContent = this.steps[place].caption;
    this.count.textContent = `${place + 1} of ${this.steps.length}`;
    this.back.disabled = place === 0;
    this.next.disabled = place === this.steps.length - 1;
    this.show(place);
  }
}
