// Bundles into the Python package: the Jupyter widget, what stands there before it, the offline page, NGL.

import { readFileSync, statSync } from "node:fs";
import { build } from "esbuild";

const out = new URL("../protvis/static/", import.meta.url).pathname;
const shared = {
  bundle: true,
  minify: true,
  target: "es2022",
  charset: "utf8",
  legalComments: "none",
  logLevel: "warning",
};
const nglNotice = readFileSync(new URL("./node_modules/ngl/LICENSE", import.meta.url), "utf8");

// NGL's own distribution file is complete; its module builds leave out three.js. In pages, and sent to widgets whose host
// has no NGLview.
await build({
  ...shared,
  alias: { ngl: "ngl/dist/ngl.js" },
  entryPoints: ["ngl"],
  format: "iife",
  globalName: "NGL",
  outfile: `${out}ngl.js`,
  banner: { js: `/* NGL:\n${nglNotice.replaceAll("*/", "* /")}*/` },
});
for (const name of ["widget", "opening"]) {
  await build({ ...shared, entryPoints: [`src/hosts/${name}.ts`], format: "esm", outfile: `${out}${name}.js` });
}
await build({ ...shared, entryPoints: ["src/hosts/page.ts"], format: "iife", outfile: `${out}page.js` });
await build({ ...shared, entryPoints: ["src/explorer.css"], outfile: `${out}explorer.css` });

// Every widget instance carries its bundle in its state: keep it small. Compressed, as most hosts send it, widget.js is a
// third of this; NGL, ten times as large, must never be in it. The limits are the size and about 3 %. widget.js and page.js
// grew from 90 kB by the links of a selection, the partners table, the search box, the small maps of the head grid, the
// stage for hosts without NGLview, the panels' menus, the arc diagram of sequences and several heads at once. All of it
// answers the first click, so none is loaded on demand.
const limits = {
  "widget.js": 144_000,
  "opening.js": 4_000,
  "explorer.css": 18_800,
  "page.js": 144_000,
  "ngl.js": 1_400_000,
};
for (const [name, limit] of Object.entries(limits)) {
  const { size } = statSync(out + name);
  console.log(`${name.padEnd(14)} ${(size / 1000).toFixed(1).padStart(7)} kB (limit ${limit / 1000} kB)`);
  if (size > limit) throw new Error(`${name} is larger than its limit`);
}
