// How an explorer fills its room: as a page that one scrolls, all of it at a glance, or the whole screen.

import { computed, effect, type Signal, signal } from "@preact/signals-core";
import { button, element, listen, observeSize } from "../dom";

/** A window this high has room for the explorer as a page; below, all of it is fitted in. */
const ROOMY = 960;
/** Narrower than this the panels lie below each other, as on a phone, and nothing is fitted in. */
const LEAST_WIDTH = 700;

const TABS = ["map", "heads", "controls"] as const;

/** Puts an explorer into its layout, and has the buttons that choose another. */
export class Layout {
  /** All four views at once, in a height that a laptop, an iframe or a projector has. */
  readonly compact = signal(false);
  readonly buttons: HTMLElement;
  /** Which of three panels is seen, where a compact explorer is too narrow for all. */
  readonly tabs = element("div", { class: "pv-tabs", role: "group", "aria-label": "panel" });
  private readonly tab: Signal<(typeof TABS)[number]> = signal("map");
  /** What a person chose; null for what fits. */
  private readonly chosen = signal<boolean | null>(null);
  private readonly size = signal({ width: 0, height: window.innerHeight });
  private readonly fits = computed(() => this.size.value.width >= LEAST_WIDTH && this.size.value.height < ROOMY);
  private readonly whole = signal(false);
  private readonly stops: (() => void)[] = [];

  constructor(root: () => HTMLElement) {
    const fold = button("", "All panels at once, or larger and one below the other");
    const screen = button("full screen", "The whole explorer, not the 3D view alone");
    this.buttons = element("span", { class: "pv-linking" }, fold, screen);
    const tabs = TABS.map((name) => button(name));
    this.tabs.append(...tabs);
    const resized = () => {
      this.size.value = { width: root().clientWidth, height: window.innerHeight };
    };
    const screened = () => {
      this.whole.value = document.fullscreenElement === root();
      resized();
    };
    window.addEventListener("resize", resized);
    document.addEventListener("fullscreenchange", screened);
    this.stops.push(
      () => window.removeEventListener("resize", resized),
      () => document.removeEventListener("fullscreenchange", screened),
      ...tabs.map((one, n) =>
        listen(one, "click", () => {
          this.tab.value = TABS[n];
        }),
      ),
      listen(fold, "click", () => {
        const wanted = !this.compact.value;
        // Back to what fits, and a window of another size decides anew.
        this.chosen.value = wanted === this.fits.value ? null : wanted;
      }),
      listen(screen, "click", () => {
        if (this.whole.value) void document.exitFullscreen();
        else void root().requestFullscreen?.();
      }),
      effect(() => {
        this.compact.value = this.whole.value || (this.chosen.value ?? this.fits.value);
      }),
      effect(() => {
        fold.textContent = this.compact.value ? "larger" : "compact";
        fold.hidden = this.whole.value || this.size.value.width < LEAST_WIDTH;
        screen.textContent = this.whole.value ? "leave full screen" : "full screen";
        screen.hidden = !document.fullscreenEnabled;
      }),
      effect(() => {
        tabs.forEach((one, n) => one.setAttribute("aria-pressed", String(TABS[n] === this.tab.value)));
      }),
    );
  }

  /** Follow the root, once it is made. */
  follow(root: HTMLElement): void {
    this.stops.push(
      observeSize(root, () => {
        this.size.value = { width: root.clientWidth, height: window.innerHeight };
      }),
      effect(() => {
        root.classList.toggle("pv-compact", this.compact.value);
      }),
      effect(() => {
        root.dataset.tab = this.tab.value;
      }),
    );
  }

  dispose(): void {
    for (const stop of this.stops.splice(0)) stop();
  }
}
