// The 3D panel of a notebook's widget: NGLview's stage where the host has NGLview's browser part, else our own.

import type { AnyModel } from "@anywidget/types";
import type { Signal } from "@preact/signals-core";
import { element } from "../dom";
import type { Camera } from "../model/view";
import { type Ngl, requireWebGL } from "../stage/ngl";
import type { StageLease } from "../views/explorer";
import { nglviewStage } from "./nglview";
import { GONE, onPage } from "./on-page";
import { followCamera, openStage } from "./own-stage";

const WAITING = "3D waits for its code from Python: it appears once the kernel is free.";

/** A stage for one view of an explorer; `ended` says that this view is gone, with or without its stage. */
export class WidgetStage {
  private lease: StageLease | null = null;
  private unfollow = () => {};

  constructor(
    private readonly model: AnyModel,
    private readonly fetchNgl: () => Promise<Ngl>,
    private readonly camera: Signal<Camera | null>,
    private readonly ended: AbortSignal,
  ) {}

  readonly provide = async (box: HTMLElement): Promise<StageLease> => {
    requireWebGL();
    const { model, ended } = this;
    if (model.get("_view")) {
      try {
        const lease = await nglviewStage(model, ended)(box);
        this.report("");
        return lease;
      } catch (error) {
        if (ended.aborted) throw error;
        this.report(
          `NGLview's browser part is missing here (${error instanceof Error ? error.message : String(error)})`,
        );
      }
    }
    await onPage(box, ended);
    // Python answers between two cells, and never where a saved notebook is read without it.
    const waiting = element("p", { class: "pv-waiting", role: "status" }, WAITING);
    box.append(waiting);
    const ngl = await this.fetchNgl().finally(() => waiting.remove());
    if (ended.aborted) throw new Error(GONE);
    const lease = openStage(ngl, box);
    this.lease = {
      ...lease,
      keepCamera: this.camera.peek() !== null,
      release: () => {
        this.unfollow();
        lease.release();
      },
    };
    return this.lease;
  };

  /** Once the structure is drawn: share how it is turned with Python and with the other views. */
  follow(): void {
    if (this.lease && !this.ended.aborted) this.unfollow = followCamera(this.lease.stage, this.camera);
  }

  /** Tell Python what draws, which then says why NGLview's commands reach nothing. */
  private report(reason: string): void {
    if (this.model.get("_own_stage") === reason) return;
    this.model.set("_own_stage", reason);
    this.model.save_changes();
  }
}
