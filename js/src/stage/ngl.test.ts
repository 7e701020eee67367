import { beforeEach, describe, expect, test, vi } from "vitest";

beforeEach(() => void vi.resetModules());

/** The module anew, which remembers nothing. */
async function fresh(context: unknown): Promise<{ require: () => void; asked: string[] }> {
  const asked: string[] = [];
  vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockImplementation(((kind: string) => {
    asked.push(kind);
    return context;
  }) as never);
  const { requireWebGL } = await import("./ngl");
  return { require: requireWebGL, asked };
}

describe("WebGL", () => {
  test("that is missing is said in words a person can act on", async () => {
    const { require, asked } = await fresh(null);
    expect(require).toThrow(/no WebGL.*acceleration.*settings/);
    expect(asked).toEqual(["webgl2", "webgl"]);
  });

  test("that works is tried once and leaves no context behind", async () => {
    const loseContext = vi.fn();
    const { require, asked } = await fresh({ getExtension: () => ({ loseContext }) });
    require();
    require();
    expect(asked).toEqual(["webgl2"]);
    expect(loseContext).toHaveBeenCalledTimes(1);
  });
});
