// The picture that a saved notebook keeps of the 3D panel: taken here, put into the notebook by Python.

import type { AnyModel } from "@anywidget/types";
import { effect } from "@preact/signals-core";
import { element } from "../dom";
import type { ExplorerState } from "../model/state";
import { VIEW_FIELDS } from "../model/view";
import type { NglStage } from "../stage/ngl";
import { onPage } from "./on-page";

/** How long all stands still before a picture is taken, in ms. */
const REST_MS = 4_000;
/** The picture's width, in pixels. */
const WIDTH = 640;
/** An output of JupyterLab and its kind, which show the picture only where the explorer is missing. */
const OUTPUT = ".jp-OutputArea-child";

export interface PictureTraits {
  /** WebP or PNG; null where nobody wants it. */
  _picture: DataView | null;
}

/** Tell Python if this host would show explorer and picture both. */
export async function refusePicture(model: AnyModel<PictureTraits>, el: HTMLElement, ended: AbortSignal) {
  if (model.get("_picture") === null) return;
  await onPage(el, ended);
  if (el.closest(OUTPUT)) return;
  model.set("_picture", null);
  model.save_changes();
}

/** Take a picture of a stage when it is drawn, and again after each change once all stands still. */
export function keepPicture(
  model: AnyModel<PictureTraits>,
  { view, tracks }: ExplorerState,
  stage: NglStage,
  ended: AbortSignal,
): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(take, REST_MS);
  };
  const take = async () => {
    if (model.get("_picture") === null) return;
    const { domElement } = stage.viewer.renderer;
    const width = Math.min(WIDTH, domElement.width);
    if (width === 0) return;
    const height = Math.round((width * domElement.height) / domElement.width);
    const canvas = element("canvas", { width, height }) as HTMLCanvasElement;
    const context = canvas.getContext("2d");
    if (!context) return;
    // NGL's own background is the canvas's style.
    context.fillStyle = getComputedStyle(domElement).backgroundColor;
    context.fillRect(0, 0, width, height);
    context.drawImage(domElement, 0, 0, width, height);
    const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/webp", 0.9));
    if (!blob || ended.aborted) return;
    model.set("_picture", new DataView(await blob.arrayBuffer()));
    model.save_changes();
  };
  const { changed } = stage.viewerControls.signals;
  changed.add(later);
  const stop = effect(() => {
    for (const field of VIEW_FIELDS) void view[field].value;
    void tracks.value;
    later();
  });
  ended.addEventListener("abort", () => {
    clearTimeout(timer);
    changed.remove(later);
    stop();
  });
}
