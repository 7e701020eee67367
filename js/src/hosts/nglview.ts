// A stage from nglview: its widget's view is created inside our own 3D panel, one per explorer on the page.

import type { AnyModel } from "@anywidget/types";
import { type Ngl, type NglStage, releaseStage, requireWebGL } from "../stage/ngl";
import type { StageProvider } from "../views/explorer";
import { GONE, onPage } from "./on-page";

interface WidgetModel {
  get(name: string): unknown;
}

interface NglView {
  el: HTMLElement;
  stage?: NglStage;
  $container?: { resizable(method: string): void };
  $pickingInfo?: { hide(): void };
  trigger(event: string): void;
  remove(): void;
}

interface WidgetManager {
  get_model(id: string): Promise<WidgetModel>;
  create_view(model: WidgetModel): Promise<NglView>;
  loadClass?(name: string, module: string, version: string): Promise<Ngl>;
}

const MODULE = "nglview-js-widgets";
const STAGE_WAIT_MS = 15_000;

/** A stage for one view of an explorer; `ended` says that this view is gone, with or without its stage. */
export function nglviewStage(model: AnyModel, ended: AbortSignal): StageProvider {
  return async (box) => {
    requireWebGL();
    const manager = (model as unknown as { widget_manager: WidgetManager }).widget_manager;
    const ngl = await manager.get_model(String(model.get("_view")).replace("IPY_MODEL_", ""));
    // Some hosts put a widget of their own in the place of one whose code they cannot load.
    const module = String(ngl.get("_view_module"));
    if (module !== MODULE) throw new Error(`the notebook did not load ${MODULE}`);
    // A camera left by an earlier view of the same explorer is where the user put it.
    const camera = [...((ngl.get("_camera_orientation") as number[] | null) ?? [])];
    const namespace = await manager.loadClass!("NGL", module, String(ngl.get("_view_module_version")));
    const view = await manager.create_view(ngl);
    try {
      box.append(view.el);
      await onPage(box, ended);
      // nglview makes its stage once it is told that it is on the page.
      view.trigger("displayed");
      const stage = await stageOf(view, ended);
      settle(view, stage, camera);
      return {
        stage,
        ngl: namespace,
        keepCamera: camera.length > 0,
        release: () => {
          releaseStage(stage);
          view.remove();
        },
      };
    } catch (error) {
      if (view.stage) releaseStage(view.stage);
      view.remove();
      throw error;
    }
  };
}

/** Make nglview's view fill the panel, without its own extras, and turn it to the camera that was kept. */
function settle(view: NglView, stage: NglStage, camera: readonly number[]): void {
  view.$pickingInfo?.hide();
  view.$container?.resizable("disable");
  // As large as the panel, whatever size nglview or Python's `view` later gives the elements.
  for (const style of [view.el.style, stage.viewer.container.style]) {
    style.minWidth = style.maxWidth = style.minHeight = style.maxHeight = "100%";
    style.margin = "0";
  }
  view.el.style.width = view.el.style.height = "100%";
  stage.handleResize();
  if (camera.length > 0) {
    // nglview does so too, but writes down the orientation before its matrix is up to date and then takes that up.
    stage.viewerControls.orient(camera);
    stage.viewer.rotationGroup.updateMatrix();
  }
}

async function stageOf(view: NglView, ended: AbortSignal): Promise<NglStage> {
  const deadline = performance.now() + STAGE_WAIT_MS;
  while (!view.stage) {
    if (ended.aborted) throw new Error(GONE);
    if (performance.now() > deadline)
      throw new Error("NGLview did not open a 3D stage; reload the page and run the cell again");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return view.stage;
}
