// A panel as an SVG picture: its boxes, its text and what its canvases hold, as they are on screen.

const SVG = "http://www.w3.org/2000/svg";

/** Draw what is seen of a panel, without what can only be clicked (`skipped`). */
export function panelPicture(panel: HTMLElement, skipped: string): SVGSVGElement {
  const frame = panel.getBoundingClientRect();
  const svg = make("svg", { xmlns: SVG, width: frame.width, height: frame.height });
  const place = ({ left, top, width, height }: DOMRect) => ({
    x: left - frame.left,
    y: top - frame.top,
    width,
    height,
  });
  const draw = (node: HTMLElement) => {
    const style = getComputedStyle(node);
    const box = node.getBoundingClientRect();
    if (style.display === "none" || style.visibility === "hidden" || node.matches(skipped)) return;
    if (box.width > 0 && box.height > 0) {
      const shades = style.backgroundImage.startsWith("linear-gradient") ? colorsOf(style.backgroundImage) : [];
      const filled = style.backgroundColor !== "rgba(0, 0, 0, 0)";
      const edged = Number.parseFloat(style.borderTopWidth) > 0;
      if (filled || edged || node === panel) {
        const rect = {
          ...place(box),
          rx: Number.parseFloat(style.borderTopLeftRadius) || 0,
          fill: filled ? style.backgroundColor : "none",
        };
        svg.append(make("rect", edged ? { ...rect, stroke: style.borderTopColor } : rect));
      }
      // A ramp of colours, as bands of one colour each.
      shades.forEach((fill, n) => {
        const { x, width, ...rest } = place(box);
        svg.append(make("rect", { ...rest, x: x + (n * width) / shades.length, width: width / shades.length, fill }));
      });
      if (node instanceof HTMLSelectElement) write(node.selectedOptions[0]?.text ?? "", box, style, 6);
      if (node instanceof HTMLCanvasElement)
        svg.append(make("image", { ...place(box), href: node.toDataURL("image/png") }));
    }
    if (node instanceof HTMLSelectElement) return;
    for (const child of node.childNodes) {
      if (child instanceof HTMLElement) draw(child);
      else if (child.nodeType === Node.TEXT_NODE && child.textContent?.trim()) {
        const range = document.createRange();
        range.selectNodeContents(child);
        write(child.textContent, range.getBoundingClientRect(), style);
      }
    }
  };
  const write = (text: string, box: DOMRect, style: CSSStyleDeclaration, indent = 0) => {
    const { x, y, width, height } = place(box);
    if (width === 0) return;
    const size = Number.parseFloat(style.fontSize);
    const font = { "font-size": size, "font-family": style.fontFamily, "font-weight": style.fontWeight };
    const line = make("text", { x: x + indent, y: y + height / 2 + 0.35 * size, fill: style.color, ...font });
    line.textContent = text.replace(/\s+/g, " ");
    svg.append(line);
  };
  draw(panel);
  return svg;
}

function colorsOf(gradient: string): string[] {
  return gradient.match(/rgba?\([^)]*\)/g) ?? [];
}

function make<K extends keyof SVGElementTagNameMap>(tag: K, attributes: Record<string, string | number>) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  return made;
}

/** The same as a PNG, with so many pixels for each of CSS. */
export async function asPng(svg: SVGSVGElement, scale: number): Promise<Blob> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(new XMLSerializer().serializeToString(svg))}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(scale * svg.width.baseVal.value);
  canvas.height = Math.round(scale * svg.height.baseVal.value);
  canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("the picture could not be made"))), "image/png");
  });
}
