import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts"],
    // For all: with two kinds a worker makes its environment anew for each file, half of all the time.
    environment: "jsdom",
    // A machine shared with browsers and kernels: two workers are enough and waiting is no failure.
    maxWorkers: 2,
    isolate: false,
    testTimeout: 30_000,
    restoreMocks: true,
    unstubGlobals: true,
  },
});
