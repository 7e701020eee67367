// The offline host: the same explorer on NGL's own stage, everything it shows inside the page.

import * as NGL from "ngl";
import { Scene } from "../model/scene";
import { ExplorerState, type MapSource, type Pair, type View } from "../model/state";
import { Track, type EncodedTrack } from "../model/tracks";
import type { EncodedArray, EncodedMap, EncodedMapSet, EncodedScene } from "../model/wire";
import { releaseStage, type Ngl } from "../stage/ngl";
import { AttentionExplorer, type StageProvider } from "../views/explorer";

/** An array whose bytes lie in the page's one binary block. */
type Placed<T extends EncodedArray> = Omit<T, "data"> & { offset: number; length: number };

/** A kind of map in the page; raw attention has its arrays in the scene. */
interface PagedMapSet {
  meta: EncodedMapSet["meta"] | null;
  arrays: Record<string, Placed<EncodedArray>>;
  /** Dense maps by entry; null where the page has none. */
  maps: (Placed<EncodedMap> | null)[];
  maps_note: string;
}

interface PageContent {
  scene: Omit<EncodedScene, "arrays"> & { arrays: Record<string, Placed<EncodedArray>> };
  view: View;
  tracks: (Omit<EncodedTrack, "values"> & { values: Placed<EncodedArray> })[];
  shown_tracks: string[];
  cartoon_by: string;
  show_copies: boolean;
  selection: number[];
  selected_link: Pair | null;
  map_sets: Record<string, PagedMapSet>;
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
    const found = this.content.map_sets[kind];
    if (!found?.meta) throw new Error(`this page does not hold the map ${kind}`);
    return { meta: found.meta, arrays: locateAll(found.arrays, this.bytes) as EncodedMapSet["arrays"] };
  }
}

function locateAll(placed: Record<string, Placed<EncodedArray>>, bytes: Uint8Array): Record<string, EncodedArray> {
  return Object.fromEntries(Object.entries(placed).map(([name, array]) => [name, locate(array, bytes)]));
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

const ownStage: StageProvider = async (box) => {
  const namespace = NGL as unknown as Ngl;
  const stage = new namespace.Stage(box, {});
  return {
    stage,
    ngl: namespace,
    keepCamera: false,
    release: () => releaseStage(stage),
  };
};

async function start(): Promise<void> {
  const content = JSON.parse(new TextDecoder().decode(await unpack("content"))) as PageContent;
  const bytes = await unpack("bytes");
  const arrays = locateAll(content.scene.arrays, bytes) as EncodedScene["arrays"];
  const state = new ExplorerState(new Scene({ ...content.scene, arrays }), content.view, new PageMaps(content, bytes));
  state.tracks.value = content.tracks.map((track) => new Track({ ...track, values: locate(track.values, bytes) }));
  state.shownTracks.value = content.shown_tracks;
  state.cartoonBy.value = content.cartoon_by;
  state.showCopies.value = content.show_copies;
  state.selection.value = content.selection;
  state.selectedLink.value = content.selected_link;
  const explorer = new AttentionExplorer(state);
  document.querySelector("main")?.replaceChildren(explorer.root);
  await explorer.open(ownStage);
}

void start().catch((error: unknown) => {
  const main = document.querySelector("main");
  if (main) main.textContent = `This page could not be opened: ${error instanceof Error ? error.message : String(error)}`;
});
