// An explorer on paper: as it is on screen, made small enough for a page.

/** Width and height of a landscape page within its margins, A4 or Letter, in CSS pixels. */
const PAGE = { width: 960, height: 690 };

/** Fit an explorer to the page whenever it is printed. Canvases keep their pixels, so nothing is laid out anew. */
export function fitOnPaper(root: HTMLElement): () => void {
  const before = () => {
    const { width, top } = root.getBoundingClientRect();
    const body = root.querySelector<HTMLElement>(".pv-body") ?? root;
    const { bottom, height: ofBody } = body.getBoundingClientRect();
    const height = bottom - top;
    // What fits into the window's height on screen keeps it, and the sequence below takes what it needs.
    root.style.setProperty("--pv-body", `${ofBody}px`);
    root.style.width = `${width}px`;
    root.style.setProperty("zoom", String(Math.min(1, PAGE.width / width, PAGE.height / height)));
  };
  const after = () => {
    root.style.width = "";
    root.style.removeProperty("zoom");
    root.style.removeProperty("--pv-body");
  };
  window.addEventListener("beforeprint", before);
  window.addEventListener("afterprint", after);
  return () => {
    window.removeEventListener("beforeprint", before);
    window.removeEventListener("afterprint", after);
  };
}
