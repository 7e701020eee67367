// The offline host: the same explorer on NGL's own stage, everything it shows inside the page.

import { element, listen } from "../dom";
import type { MapSource } from "../model/map-fetcher";
import { Scene } from "../model/scene";
import { ExplorerState } from "../model/state";
import { type EncodedTrack, Track } from "../model/tracks";
import type { Camera, View } from "../model/view";
import { applyView, writeView } from "../model/view-link";
import type { EncodedArray, EncodedMap, EncodedMapSet, EncodedScene, SmallMapArrays } from "../model/wire";
import type { Ngl, NglStage } from "../stage/ngl";
import { AttentionExplorer } from "../views/explorer";
import { StoryBar, type StoryStep } from "../views/story";
import { cameraOf, openStage } from "./own-stage";

/** An array whose bytes lie in the page's one binary block. */
type Placed<T extends EncodedArray> = Omit<T, "data"> & { offset: number; length: number };

/** A kind of map in the page. */
interface PagedMapSet {
  meta: EncodedMapSet["meta"];
  arrays: Record<string, Placed<EncodedArray>>;
  /** Dense maps by entry; null where the page has none. */
  maps: (Placed<EncodedMap> | null)[];
  maps_note: string;
  small: Record<keyof SmallMapArrays, Placed<EncodedArray>>;
}

interface PageContent {
  scene: Pick<EncodedScene, "meta" | "structure"> & { arrays: Record<string, Placed<EncodedArray>> };
  view: View;
  tracks: (Omit<EncodedTrack, "values"> & { values: Placed<EncodedArray> })[];
  map_sets: Record<string, PagedMapSet>;
  story: StoryStep[];
}

class PageMaps implements MapSource {
  readonly immediate = true;

  constructor(
    private readonly content: PageContent,
    private readonly bytes: Uint8Array,
  ) {}

  async requestMap(kind: string, entry: number): Promise<EncodedMap> {
    const { maps, maps_note } = this.content.map_sets[kind];
    const placed = maps[entry];
    if (!placed) throw new Error(maps_note);
    return locate<EncodedMap>(placed, this.bytes);
  }

  async requestSet(kind: string): Promise<EncodedMapSet> {
    if (!this.content.map_sets[kind]) throw new Error(`this page does not hold the map ${kind}`);
    return this.encodedSet(kind);
  }

  async requestSmallMaps(kind: string): Promise<SmallMapArrays> {
    return locateAll(this.content.map_sets[kind].small, this.bytes);
  }

  encodedSet(kind: string): EncodedMapSet {
    const { meta, arrays } = this.content.map_sets[kind];
    return { meta, arrays: locateAll(arrays, this.bytes) as EncodedMapSet["arrays"] };
  }
}

function locateAll<K extends string>(
  placed: Record<K, Placed<EncodedArray>>,
  bytes: Uint8Array,
): Record<K, EncodedArray> {
  const entries = Object.entries<Placed<EncodedArray>>(placed);
  return Object.fromEntries(entries.map(([name, array]) => [name, locate(array, bytes)])) as Record<K, EncodedArray>;
}

function locate<T extends EncodedArray>({ offset, length, ...rest }: Placed<T>, bytes: Uint8Array): T {
  return { ...rest, data: bytes.subarray(offset, offset + length) } as unknown as T;
}

/** Bytes of a block that holds gzipped data as base64 text. */
async function unpack(name: string): Promise<Uint8Array> {
  const text = document.querySelector(`script[data-protvis="${name}"]`)?.textContent ?? "";
  const packed = Uint8Array.from(atob(text.trim()), (character) => character.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** In the page before this; not in pages of sequences. */
declare const NGL: Ngl;

/** The stage, and the camera that looks at it. */
class OwnStage {
  private stage: NglStage | null = null;
  private straight: Camera | null = null;

  readonly provide = async (box: HTMLElement) => {
    const lease = openStage(NGL, box);
    this.stage = lease.stage;
    return lease;
  };

  get camera(): Camera | null {
    return this.stage && cameraOf(this.stage);
  }

  set camera(camera: Camera | null) {
    if (camera) this.stage?.viewerControls.orient(camera);
  }

  /** Keep how the stage stood when it was opened, and turn it to the camera that was asked for. */
  begin(camera: Camera | null): void {
    this.straight = this.camera;
    this.camera = camera;
  }

  /** Turn back to how the stage stood when it was opened; then `fit` finds the distance. */
  straighten(fit: () => void): void {
    if (!this.straight) return;
    this.camera = this.straight;
    fit();
  }
}

async function start(): Promise<void> {
  const content = JSON.parse(new TextDecoder().decode(await unpack("content"))) as PageContent;
  const bytes = await unpack("bytes");
  const arrays = locateAll(content.scene.arrays, bytes) as EncodedScene["arrays"];
  const maps = new PageMaps(content, bytes);
  const scene = new Scene({ ...content.scene, arrays, attention: maps.encodedSet("attention") });
  const state = new ExplorerState(scene, content.view, maps);
  state.tracks.value = content.tracks.map((track) => new Track({ ...track, values: locate(track.values, bytes) }));
  const explorer = new AttentionExplorer(state);
  const own = new OwnStage();
  const { camera } = state.view;
  const show = (fragment: string) => {
    const before = camera.value;
    applyView(state, fragment);
    if (camera.value !== before) own.camera = camera.value;
  };
  const { story } = content;
  const bar = new StoryBar(story, (place) => {
    // A step looks the same from wherever one comes: what says no camera looks straight at the whole chain.
    camera.value = null;
    show(story[place].view);
    if (!camera.value) own.straighten(() => explorer.fit());
    address(`step=${place + 1}`);
  });
  /** Follow the address: a step of the story, and a view, which may be one that began as that step. */
  const follow = () => {
    const hash = location.hash.slice(1);
    const asked = new URLSearchParams(hash);
    const step = asked.get("step");
    asked.delete("step");
    const missing = story.length > 0 && step !== null && !story[Number(step) - 1];
    if (missing || (step === null && (bar.place < 0 || !hash))) bar.go(0);
    else if (step !== null) bar.go(Number(step) - 1, { again: true });
    if (asked.toString()) {
      show(asked.toString());
      if (!missing) address(hash);
    }
    if (missing) {
      state.refused.value = `there is no step ${step}`;
      state.say(state.refused.value);
    }
  };
  const link = linkButton(state, own, bar);
  explorer.addAction(link.root);
  if (story.length > 0) explorer.root.prepend(bar.root);
  explorer.root.classList.add("pv-page");
  document.querySelector("main")?.replaceChildren(explorer.root);
  // Before the stage is there, so that nothing is shown that was not asked for; the camera waits for it.
  follow();
  window.addEventListener("hashchange", follow);
  // Of a frame, which may go while its page stays. What the browser keeps to come back to stays as it is.
  const leave = ({ persisted }: PageTransitionEvent) => {
    if (persisted) return;
    window.removeEventListener("hashchange", follow);
    window.removeEventListener("pagehide", leave);
    link.dispose();
    bar.dispose();
    explorer.dispose();
    state.dispose();
  };
  window.addEventListener("pagehide", leave);
  await explorer.open(own.provide);
  own.begin(camera.value);
}

/** Put a fragment into the address: written, not visited, so that "back" leaves the page. */
function address(fragment: string): void {
  try {
    history.replaceState(null, "", `#${fragment}`);
  } catch {
    // A page inside another one's text (srcdoc) has no address of its own.
  }
}

/**
 * The button that puts a link to what is shown into the address and on the clipboard.
 *
 * Where there is no leave to write to the clipboard, the link stands beside the button, to be copied by hand.
 */
function linkButton(state: ExplorerState, own: OwnStage, bar: StoryBar): { root: HTMLElement; dispose: () => void } {
  const button = element(
    "button",
    { type: "button", class: "pv-button", title: "Copy a link that opens this page on this view" },
    "copy link",
  );
  const field = element("input", { class: "pv-link", readonly: true, hidden: true, "aria-label": "link to this view" });
  const dispose = listen(button, "click", async () => {
    state.view.camera.value = own.camera;
    const view = writeView(state);
    address(bar.place < 0 ? view : `step=${bar.place + 1}&${view}`);
    try {
      await navigator.clipboard.writeText(location.href);
      field.hidden = true;
      state.say("the link to this view is on the clipboard");
    } catch {
      field.value = location.href;
      field.hidden = false;
      field.select();
      state.say("the browser does not let this page copy; the link to this view is in the field beside the button");
    }
  });
  // A page within the text of another (srcdoc) has no address that a link could lead to.
  const root = element(
    "span",
    { class: "pv-linking", hidden: !/^(https?|file):$/.test(location.protocol) },
    button,
    field,
  );
  return { root, dispose };
}

void start().catch((error: unknown) => {
  const main = document.querySelector("main");
  if (main)
    main.textContent = `This page could not be opened: ${error instanceof Error ? error.message : String(error)}`;
});
