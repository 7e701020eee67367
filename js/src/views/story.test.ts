import { afterEach, describe, expect, test } from "vitest";
import { StoryBar } from "./story";

const STEPS = ["one", "two <b>", "three"].map((caption) => ({ caption, view: caption }));

afterEach(() => document.body.replaceChildren());

function begin(): { bar: StoryBar; shown: number[]; press: (name: string) => void } {
  const shown: number[] = [];
  const bar = new StoryBar(STEPS, (place) => shown.push(place));
  document.body.append(bar.root);
  bar.go(0);
  const press = (name: string) =>
    [...bar.root.querySelectorAll("button")].find((button) => button.textContent!.includes(name))!.click();
  return { bar, shown, press };
}

describe("a story", () => {
  test("goes on and back, and no further than its ends", () => {
    const { bar, shown, press } = begin();
    press("next");
    press("next");
    press("next");
    press("back");
    expect(shown).toEqual([0, 1, 2, 1]);
    expect(bar.root.querySelector(".pv-count")!.textContent).toBe("2 of 3");
    bar.go(7);
    bar.go(-1);
    bar.go(1);
    expect(shown).toHaveLength(4);
    bar.go(1, { again: true });
    expect(shown).toEqual([0, 1, 2, 1, 1]);
    expect(bar.place).toBe(1);
  });

  test("shows captions as text", () => {
    const { bar } = begin();
    bar.go(1);
    expect(bar.root.querySelector(".pv-caption")!.textContent).toBe("two <b>");
    expect(bar.root.querySelector("b")).toBeNull();
  });

  test("ends with all its listeners", () => {
    const { bar, shown, press } = begin();
    const [, next] = bar.root.querySelectorAll("button");
    press("next");
    bar.dispose();
    document.dispatchEvent(new KeyboardEvent("keydown", { key: "PageDown" }));
    next.click();
    expect(shown).toEqual([0, 1]);
    expect(bar.root.isConnected).toBe(false);
  });

  test("follows a presenter's keys", () => {
    const { shown } = begin();
    document.dispatchEvent(new KeyboardEvent("keydown", { key: "PageDown" }));
    document.dispatchEvent(new KeyboardEvent("keydown", { key: "PageUp" }));
    document.dispatchEvent(new KeyboardEvent("keydown", { key: "x" }));
    expect(shown).toEqual([0, 1, 0]);
  });
});
