import { describe, expect, test } from "vitest";
import { ReadyMaps, testScene, testView } from "../testing/scenes";
import { ExplorerState } from "./state";
import { applyView, readCamera, writeView } from "./view-link";

function testState(): ExplorerState {
  const scene = testScene();
  return new ExplorerState(scene, testView(), new ReadyMaps(scene.nResidues));
}

const CAMERA = Array.from({ length: 16 }, (_, n) => n / 3);

describe("a link to a view", () => {
  test("is read back as what was written", () => {
    const [one, other] = [testState(), testState()];
    one.chooseHead(2, 3);
    one.topK.value = 17;
    // Weights of other maps than attention are no shares.
    one.threshold.value = 35.5;
    one.minSeparation.value = 3;
    one.combine.value = "directed";
    one.colorBy.value = "weight";
    one.selectLink([9, 3]);
    const fragment = writeView(one, CAMERA);
    expect(applyView(other, `#${fragment}`)).toEqual([]);
    expect(writeView(other, CAMERA)).toBe(fragment);
    expect(other.selection.value).toEqual([3, 9]);
    expect(other.selectedLink.value).toEqual([9, 3]);
    expect(readCamera(fragment)!.map((value) => value.toFixed(3))).toEqual(CAMERA.map((value) => value.toFixed(3)));
  });

  test("names residues by labels a person can read", () => {
    const state = testState();
    state.select([2, 5]);
    expect(writeView(state)).toContain(`residues=${state.scene.label(2)},${state.scene.label(5)}`);
    expect(readCamera(writeView(state))).toBeNull();
  });

  test("changes only what it says", () => {
    const state = testState();
    state.select([4]);
    state.topK.value = 9;
    expect(applyView(state, "head=mean")).toEqual([]);
    expect([state.head.value, state.topK.value]).toEqual(["mean", 9]);
    expect(state.selection.value).toEqual([4]);
    applyView(state, "residues=");
    expect(state.selection.value).toEqual([]);
    state.selectLink([9, 3]);
    applyView(state, "head=1");
    expect(state.selectedLink.value).toEqual([9, 3]);
    applyView(state, "link=");
    expect([state.selectedLink.value, state.selection.value]).toEqual([null, [3, 9]]);
  });

  test("says what it cannot show and leaves that as it is", () => {
    const state = testState();
    const before = writeView(state);
    const said = applyView(
      state,
      "layer=99&top_k=-3&threshold=-2&combine=sum&map=magic&color_by=red&residues=A:XXX1&min_separation=x",
    );
    expect(said).toHaveLength(8);
    expect(state.spoken.value).toContain("there is no layer 99");
    expect(state.spoken.value).toContain("there is no residue A:XXX1");
    expect(state.refused.value).toBe(said.join("; "));
    expect(writeView(state)).toBe(before);
    applyView(state, "layer=1");
    expect(state.refused.value).toBe("");
  });

  test("is not moved by a camera of another form", () => {
    for (const camera of ["1,2,3", CAMERA.map(() => "x").join(","), ""])
      expect(readCamera(`camera=${camera}`)).toBeNull();
  });
});
