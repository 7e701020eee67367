// Small makers of DOM elements. Text always goes in as text, never as markup.

type Attributes = Record<string, string | number | boolean | undefined>;
type Child = Node | string;

/** Make an element; attributes that are undefined or false are left out. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children);
  return made;
}

export function button(text: string, title?: string, more = ""): HTMLButtonElement {
  return element("button", { type: "button", class: `pv-button ${more}`, title }, text);
}

/** Listen until the returned function is called. */
export function listen<K extends keyof HTMLElementEventMap>(
  target: HTMLElement,
  type: K,
  callback: (event: HTMLElementEventMap[K]) => void,
  options?: AddEventListenerOptions,
): () => void {
  target.addEventListener(type, callback, options);
  return () => target.removeEventListener(type, callback, options);
}

/** Call `resized` with the element's width and height whenever they change. */
export function observeSize(target: HTMLElement, resized: (width: number, height: number) => void): () => void {
  const observer = new ResizeObserver((entries) => {
    const { width, height } = entries[entries.length - 1].contentRect;
    if (width > 0) resized(width, height);
  });
  observer.observe(target);
  return () => observer.disconnect();
}

/** Scroll a box, and nothing around it, just far enough that something in it is in view, beside what sticks there. */
export function revealIn(box: HTMLElement, inside: HTMLElement, stuck = { top: 0, left: 0 }): void {
  const [frame, found] = [box.getBoundingClientRect(), inside.getBoundingClientRect()];
  const [top, left] = [found.top - frame.top, found.left - frame.left];
  box.scrollTop += Math.min(top - stuck.top, 0) + Math.max(found.bottom - frame.top - box.clientHeight, 0);
  box.scrollLeft += Math.min(left - stuck.left, 0) + Math.max(found.right - frame.left - box.clientWidth, 0);
}

/** Size a canvas in CSS pixels for a sharp picture, and return its context, scaled to CSS pixels. */
export function sizedContext(
  canvas: HTMLCanvasElement,
  width: number,
  height: number,
): CanvasRenderingContext2D | null {
  const ratio = window.devicePixelRatio || 1;
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== h) {
    canvas.width = w;
    canvas.height = h;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
  const context = canvas.getContext("2d");
  context?.setTransform(ratio, 0, 0, ratio, 0, 0);
  return context;
}

/** Run `draw` once before the next frame, however often the returned function is called. */
export function eachFrame(draw: () => void): { request: () => void; cancel: () => void } {
  let handle = 0;
  return {
    request: () => {
      if (handle !== 0) return;
      handle = requestAnimationFrame(() => {
        handle = 0;
        draw();
      });
    },
    cancel: () => {
      cancelAnimationFrame(handle);
      handle = 0;
    },
  };
}
