// @vitest-environment jsdom
import { afterEach, beforeEach, expect, test } from "vitest";
import { furnish, type Mounted, mount } from "../testing/page";

let mounted: Mounted | null = null;

beforeEach(() => {
  furnish();
});
afterEach(() => {
  mounted?.explorer.dispose();
  mounted?.state.dispose();
  mounted = null;
});

const roles = [
  { layer: 1, head: 2, labels: ["contact", "C–C"] },
  { layer: 2, head: 1, labels: ["contact"] },
  { layer: 2, head: 3, labels: ["prev"] },
];

test("chips count the heads of a role and show these heads alone", () => {
  mounted = mount({ meta: { roles } });
  const { all, find, state } = mounted;
  const chips = all(".pv-roles .pv-chip");
  expect(chips.map((chip) => chip.textContent)).toEqual(["contact 2", "C–C 1", "prev 1"]);
  const dimmed = () => all(".pv-cell.pv-otherhead").map((cell) => cell.dataset.head);
  expect(dimmed()).toEqual([]);
  chips[0].click();
  expect(chips[0].getAttribute("aria-pressed")).toBe("true");
  expect(dimmed()).toEqual(["1-1", "1-3", "1-mean", "2-2", "2-3", "2-mean"]);
  // With several roles, heads that have any of them.
  chips[2].click();
  expect(dimmed()).toEqual(["1-1", "1-3", "1-mean", "2-2", "2-mean"]);
  state.view.map.value = "attention";
  chips[0].click();
  chips[2].click();
  expect(dimmed()).toEqual([]);
  expect(find("[data-head='1-2']").getAttribute("aria-label")).toContain("contact, C–C");
});

test("without an atlas there are none", () => {
  mounted = mount();
  expect(mounted.find(".pv-roles").hidden).toBe(true);
});
