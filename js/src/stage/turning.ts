// The camera by keyboard, through what NGL's own mouse controls do.

import type { NglStage } from "./ngl";

interface Turned extends NglStage {
  trackballControls: {
    /** By as many pixels as the pointer would have been dragged, left and up being positive. */
    rotate(x: number, y: number): void;
    /** Nearer where positive. */
    zoom(delta: number): void;
  };
}

const STEP = 12;
const ZOOM = 4;
/** By pixel of the wheel, as NGL has it. */
const ZOOM_BY_WHEEL = 0.025;

/** Zoom by the wheel with Ctrl held, which NGL takes for something else. */
export function zoomByWheel(stage: NglStage, { deltaY }: WheelEvent): void {
  (stage as Turned).trackballControls.zoom(-deltaY * ZOOM_BY_WHEEL);
}

/** What a key does to the camera; returns whether it does anything. */
export function turnByKey(stage: NglStage, key: string): boolean {
  const { trackballControls } = stage as Turned;
  const turns: Record<string, [number, number]> = {
    ArrowLeft: [STEP, 0],
    ArrowRight: [-STEP, 0],
    ArrowUp: [0, STEP],
    ArrowDown: [0, -STEP],
  };
  if (key in turns) trackballControls.rotate(...turns[key]);
  else if (key === "+" || key === "=") trackballControls.zoom(ZOOM);
  else if (key === "-") trackballControls.zoom(-ZOOM);
  else return false;
  return true;
}
