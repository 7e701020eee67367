// An explorer on paper: as it is on screen, made small enough for a page.

/** Width and height of a landscape page within its margins, A4 or Letter, in CSS pixels. */
const PAGE = { width: 960, height: 690 };

/** Fit an explorer to the page whenever it is printed. Canvases keep their pixels, so nothing is laid out anew. */
export function fitOnPaper(root: HTMLElement): () => void {
  const before = () => {
    const { width, top } = root.getBoundingClientRect();
    const height = (root.querySelector(".pv-body") ?? root).getBoundingClientRect().bottom - top;
    root.style.width = `${width}px`;
    root.style.setProperty("zoom", String(Math.min(1, PAGE.width / width, PAGE.height / height)));
  };
  const after = () => {
    root.style.width = "";
    root.style.removeProperty("zoom");
  };
  window.addEventListener("beforeprint", before);
  window.addEventListener("afterprint", after);
  return () => {
    window.removeEventListener("beforeprint", before);
    window.removeEventListener("afterprint", after);
  };
}
