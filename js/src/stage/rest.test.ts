import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { NglStage } from "./ngl";
import { restWhenStill } from "./rest";

const changed = new Set<() => void>();
let stage: ReturnType<typeof fakeStage>;
let stop: () => void;

/** Loops as NGL's are: each round asks for the next. */
function fakeStage() {
  const rounds = { animate: 0, listen: 0 };
  const viewer = {
    container: document.createElement("div"),
    isStill: false,
    frameRequest: 0,
    sampleLevel: 0,
    render: (_picking?: boolean) => undefined,
    requestRender: vi.fn(),
    animate: () => {
      rounds.animate++;
      viewer.frameRequest = requestAnimationFrame(viewer.animate);
    },
  };
  const mouseObserver = {
    frameRequest: 0,
    hovering: false,
    overElement: false,
    hoverTimeout: 50,
    _listen: () => {
      rounds.listen++;
      mouseObserver.frameRequest = requestAnimationFrame(mouseObserver._listen);
    },
  };
  const animationControls = {
    animationList: [{ paused: true }],
    add: (animation: { paused: boolean }) => {
      animationControls.animationList.push(animation);
      return animation;
    },
  };
  const signals = {
    changed: { add: (back: () => void) => changed.add(back), remove: (back: () => void) => changed.delete(back) },
  };
  viewer.animate();
  mouseObserver._listen();
  return { rounds, viewer, viewerControls: { signals }, mouseObserver, animationControls };
}

/** Rounds of the two loops within a second. */
function roundsOf(): [number, number] {
  const before = { ...stage.rounds };
  vi.advanceTimersByTime(1000);
  return [stage.rounds.animate - before.animate, stage.rounds.listen - before.listen];
}

beforeEach(() => {
  vi.useFakeTimers();
  stage = fakeStage();
  stop = restWhenStill(stage as unknown as NglStage);
});
afterEach(() => {
  stop();
  vi.useRealTimers();
});

function comeToRest(): void {
  stage.viewer.isStill = true;
  vi.advanceTimersByTime(2000);
  expect(roundsOf()).toEqual([0, 0]);
  expect(stage.viewer.container.dataset.resting).toBe("true");
}

test("both loops go on until the sharper picture is drawn, and a while longer", () => {
  vi.advanceTimersByTime(5000);
  expect(roundsOf()[0]).toBeGreaterThan(10);
  comeToRest();
});

test.each(["pointermove", "pointerdown", "wheel", "touchstart"])("%s wakes both, each once", (type) => {
  comeToRest();
  stage.viewer.container.dispatchEvent(new Event(type));
  stage.viewer.container.dispatchEvent(new Event(type));
  const [animate, listen] = roundsOf();
  expect(animate).toBeGreaterThan(10);
  // One loop and not two.
  expect(animate).toBeLessThan(70);
  expect(listen).toBe(animate);
  comeToRest();
});

test("so do a camera that moves, an animation, a spin, and a picture that is drawn anew", () => {
  const wakings = [
    () => changed.forEach((back) => void back()),
    () => {
      stage.animationControls.add({ paused: false });
    },
    () => {
      stage.animationControls.animationList[0].paused = false;
    },
    () => {
      stage.viewer.isStill = false;
    },
  ];
  for (const waking of wakings) {
    comeToRest();
    waking();
    expect(roundsOf()[0]).toBeGreaterThan(10);
    expect(stage.viewer.container.dataset.resting).toBeUndefined();
    for (const animation of stage.animationControls.animationList) animation.paused = true;
  }
});

test("a picture that is asked for wakes both at once, so that what lies under a resting pointer is looked at", () => {
  comeToRest();
  stage.viewer.requestRender();
  expect(roundsOf()[1]).toBeGreaterThan(10);
  comeToRest();
});

test("nothing rests before what lies under the pointer was looked at, however late the frames", () => {
  comeToRest();
  stage.mouseObserver.overElement = true;
  expect(roundsOf()[1]).toBeGreaterThan(10);
  vi.advanceTimersByTime(5000);
  expect(roundsOf()[1]).toBeGreaterThan(10);
  stage.mouseObserver.hovering = true;
  comeToRest();
  // Where nothing is ever looked at.
  Object.assign(stage.mouseObserver, { hovering: false, hoverTimeout: -1 });
  expect(roundsOf()).toEqual([0, 0]);
});

test("the end takes everything back", () => {
  comeToRest();
  stop();
  expect(changed.size).toBe(0);
  stage.viewer.isStill = false;
  stage.viewer.container.dispatchEvent(new Event("pointermove"));
  stage.viewer.requestRender();
  expect(roundsOf()).toEqual([0, 0]);
});

test("a plain picture drawn over the sharper one is not taken for it; what is only picked from is no picture", () => {
  comeToRest();
  stage.viewer.render(true);
  expect(stage.viewer.isStill).toBe(true);
  stage.viewer.sampleLevel = 3;
  stage.viewer.render();
  expect(stage.viewer.isStill).toBe(true);
  stage.viewer.sampleLevel = 0;
  stage.viewer.render();
  expect(stage.viewer.isStill).toBe(false);
});
