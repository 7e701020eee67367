import { describe, expect, test } from "vitest";
import { random } from "../testing/random";
import { ReadyMaps, testScene, testTrack, testView } from "../testing/scenes";
import { ExplorerState } from "./state";
import { COLOR_BY, VIEW_FIELDS, type View } from "./view";
import { applyView, MOST_LINKS, writeView } from "./view-link";

const TRACKS = ["binding site", "one, two", "50%2C & =", "ümlaut/#"];

const scene = testScene();

function testState(): ExplorerState {
  const state = new ExplorerState(scene, testView(), new ReadyMaps(scene.nResidues));
  state.tracks.value = TRACKS.map((name) => testTrack(name, scene.nResidues));
  return state;
}

/** Everything a state looks at. */
function viewOf({ view }: ExplorerState): View {
  return Object.fromEntries(VIEW_FIELDS.map((name) => [name, view[name].value])) as unknown as View;
}

const CAMERA = Array.from({ length: 16 }, (_, n) => n / 4);

describe("a link to a view", () => {
  test("is read back as what was written, whatever is looked at", () => {
    const source = random(7);
    const some = <T>(values: readonly T[]) => values.filter(() => source.real() < 0.3);
    for (let round = 0; round < 200; round++) {
      const [one, other] = [testState(), testState()];
      const { meta, nResidues } = one.scene;
      const residues = Array.from({ length: nResidues }, (_, residue) => residue);
      const changes: View = {
        layer: source.whole(1, meta.n_layers),
        head: source.choice([1, meta.n_heads, "mean"] as const),
        top_k: source.whole(1, MOST_LINKS),
        threshold: source.real(),
        min_separation: source.whole(0, nResidues),
        combine: source.choice(["max", "mean", "directed"] as const),
        color_by: source.choice(COLOR_BY),
        map: source.choice(meta.map_kinds).name,
        selected_residues: some(residues),
        selected_link: source.choice([null, [source.choice(residues), source.choice(residues)]] as const),
        selected_block: null,
        partners: source.whole(1, 5000),
        overlay_heads: source.choice([
          [],
          [[2, "mean"]],
          [
            [1, 3],
            [2, 1],
          ],
        ] as View["overlay_heads"][]),
        shown_tracks: some(TRACKS),
        cartoon_by: source.choice(["", ...TRACKS]),
        show_copies: source.choice([true, false]),
        camera: source.choice([null, CAMERA]),
      };
      one.show(changes);
      expect(Object.keys(changes).sort()).toEqual([...VIEW_FIELDS].sort());
      const fragment = writeView(one);
      expect(applyView(other, `#${fragment}`)).toEqual([]);
      expect(viewOf(other)).toEqual(viewOf(one));
      expect(writeView(other)).toBe(fragment);
    }
  });

  test("names residues by labels a person can read", () => {
    const state = testState();
    state.select([2, 5]);
    expect(writeView(state)).toContain(`residues=${state.scene.label(2)},${state.scene.label(5)}`);
    expect(writeView(state)).not.toContain("camera");
  });

  test("has thresholds in the unit of the map it shows", () => {
    const state = testState();
    expect(applyView(state, "threshold=2")).toEqual(["threshold cannot be 2"]);
    expect(applyView(state, "threshold=35.5&map=couplings")).toEqual([]);
    expect(state.view.threshold.value).toBe(35.5);
    // What no attention can reach would leave nothing to see.
    applyView(state, "map=attention");
    expect(state.view.threshold.value).toBe(0);
    state.view.threshold.value = 0.5;
    applyView(state, "map=couplings");
    applyView(state, "map=attention");
    expect(state.view.threshold.value).toBe(0.5);
  });

  test("changes only what it says", () => {
    const state = testState();
    state.select([4]);
    state.view.top_k.value = 9;
    expect(applyView(state, "head=mean")).toEqual([]);
    expect([state.view.head.value, state.view.top_k.value]).toEqual(["mean", 9]);
    expect(state.view.selected_residues.value).toEqual([4]);
    applyView(state, "residues=");
    expect(state.view.selected_residues.value).toEqual([]);
    state.selectLink([9, 3]);
    applyView(state, "head=1");
    expect(state.view.selected_link.value).toEqual([9, 3]);
    applyView(state, "link=");
    expect([state.view.selected_link.value, state.view.selected_residues.value]).toEqual([null, [3, 9]]);
  });

  test("says what it cannot show and leaves that as it is", () => {
    const state = testState();
    const before = writeView(state);
    const said = applyView(
      state,
      "layer=99&top_k=100000&threshold=-2&combine=sum&map=magic&color_by=red&residues=A:XXX1&min_separation=x" +
        "&link=A:ALA10&shown_tracks=no&cartoon_by=no&show_copies=maybe&camera=1,2,3",
    );
    expect(said).toHaveLength(13);
    expect(state.spoken.value).toContain("there is no layer 99");
    expect(state.spoken.value).toContain("there is no residue A:XXX1");
    expect(state.refused.value).toBe(said.join("; "));
    expect(writeView(state)).toBe(before);
    applyView(state, "layer=1");
    expect(state.refused.value).toBe("");
  });

  test("is not moved by a camera of another form", () => {
    for (const camera of ["1,2,3", CAMERA.map(() => "x").join(","), ""]) {
      const state = testState();
      applyView(state, `camera=${camera}`);
      expect(state.view.camera.value).toBeNull();
    }
  });
});
