// NGL's code, which comes from Python when a panel needs it, and once for all explorers of a page.

import type { Ngl } from "../stage/ngl";

/** Explorers of one page know nothing of each other, and each runs its own copy of this file. */
const KEY = Symbol.for("protvis.ngl-2.4.0");

/** How long to wait for what another explorer asked for: its kernel may be gone. */
const PATIENCE_MS = 20_000;

type Page = { [KEY]?: Promise<Ngl> };

/** NGL, from the page if it is there already; else `ask` gets it as gzipped JavaScript. */
export async function sharedNgl(ask: () => Promise<DataView>): Promise<Ngl> {
  const page = globalThis as Page;
  const asked = page[KEY];
  if (asked) {
    try {
      return await within(PATIENCE_MS, asked);
    } catch {
      // Asked for by an explorer that has gone.
    }
  }
  const mine = ask().then(run);
  page[KEY] = mine;
  return mine;
}

async function run(packed: DataView): Promise<Ngl> {
  const bytes = new Uint8Array(packed.buffer, packed.byteOffset, packed.byteLength) as Uint8Array<ArrayBuffer>;
  const script = new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip")));
  const address = URL.createObjectURL(
    new Blob([await script.text(), "\nexport default NGL;"], { type: "text/javascript" }),
  );
  try {
    return ((await import(/* @vite-ignore */ address)) as { default: Ngl }).default;
  } finally {
    URL.revokeObjectURL(address);
  }
}

function within<T>(time: number, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("waited too long")), time);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
