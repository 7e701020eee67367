import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts"],
    // Files that need a document say so in their first line.
    environment: "node",
    // A machine shared with browsers and kernels: two workers are enough and waiting is no failure.
    maxWorkers: 2,
    // One environment a worker: making it anew for each file took half of the time.
    isolate: false,
    testTimeout: 30_000,
    restoreMocks: true,
    unstubGlobals: true,
  },
});
