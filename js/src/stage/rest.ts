// Rest for a stage that nothing moves. NGL runs two endless loops per stage, one for animations and the sharper picture
// after a while, one for hovering; they keep the browser drawing frames that are all the same.

import { listen } from "../dom";
import type { NglStage } from "./ngl";

/** How often to look whether anything moves, in ms: that long a spin started elsewhere may take to show. */
const LOOK_MS = 400;
/** How long after the last touch of a stage its loops go on, in ms. */
const LINGER_MS = 1_000;

/** The `sampleLevel` of NGL's sharper picture. */
const SHARP = 3;

const TOUCHES = ["pointerenter", "pointermove", "pointerdown", "wheel", "touchstart", "keydown"] as const;

/** Stop a stage's loops while it is still, wherever it came from; they go on when it is touched or drawn anew. */
export function restWhenStill(stage: NglStage): () => void {
  const { viewer, viewerControls, mouseObserver, animationControls } = stage;
  let resting = false;
  let touched = performance.now();
  const wake = () => {
    touched = performance.now();
    if (!resting) return;
    resting = false;
    delete viewer.container.dataset.resting;
    viewer.animate();
    mouseObserver._listen();
  };
  const look = () => {
    const moving = !viewer.isStill || animationControls.animationList.some(({ paused }) => !paused);
    // On a busy machine frames come later than the last touch is ago.
    const { overElement, hovering, hoverTimeout } = mouseObserver;
    const unseen = overElement && !hovering && hoverTimeout !== -1;
    if (moving || unseen) wake();
    else if (!resting && performance.now() - touched > LINGER_MS) {
      resting = true;
      // For whoever wants the sharper picture of it.
      viewer.container.dataset.resting = "true";
      cancelAnimationFrame(viewer.frameRequest);
      cancelAnimationFrame(mouseObserver.frameRequest);
    }
  };
  const timer = setInterval(look, LOOK_MS);
  const { add } = animationControls;
  animationControls.add = (animation) => {
    wake();
    return add.call(animationControls, animation);
  };
  // What is drawn anew lies anew under a pointer that rests, which NGL's other loop looks at.
  const { requestRender } = viewer;
  viewer.requestRender = () => {
    wake();
    requestRender.call(viewer);
  };
  // Where a frame was late, NGL draws the sharper picture first, then the plain one over it, and takes it for sharp.
  const { render } = viewer;
  viewer.render = (...how) => {
    render.apply(viewer, how);
    if (!how[0] && viewer.sampleLevel < SHARP) viewer.isStill = false;
  };
  viewerControls.signals.changed.add(wake);
  const stops = TOUCHES.map((type) => listen(viewer.container, type, wake, { passive: true, capture: true }));
  return () => {
    clearInterval(timer);
    animationControls.add = add;
    viewer.requestRender = requestRender;
    viewer.render = render;
    viewerControls.signals.changed.remove(wake);
    for (const stop of stops) stop();
  };
}
