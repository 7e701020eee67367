// Small marks that show a colour, or a range of colours, beside the word for it.

import { element } from "../dom";
import type { Colormap } from "../model/scene";

export function swatch(color: string, title: string): HTMLElement {
  const mark = element("span", { class: "pv-swatch", title });
  mark.style.setProperty("--swatch", color);
  return mark;
}

export function ramp(colormap: Colormap): HTMLElement {
  const stops = Array.from({ length: 9 }, (_, n) => {
    const at = 3 * Math.round((255 * n) / 8);
    return `rgb(${colormap[at]} ${colormap[at + 1]} ${colormap[at + 2]})`;
  });
  const mark = element("span", { class: "pv-ramp" });
  mark.style.background = `linear-gradient(90deg, ${stops.join(", ")})`;
  return mark;
}
