import { expect, test } from "vitest";
import { freshPages } from "../testing/page";

const page = freshPages();

const roles = [
  { layer: 1, head: 2, labels: ["contact", "C–C"] },
  { layer: 2, head: 1, labels: ["contact"] },
  { layer: 2, head: 3, labels: ["prev"] },
];

test("chips count the heads of a role and show these heads alone", () => {
  page.open({ meta: { roles } });
  const { all, find, state } = page.mounted;
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
  page.open();
  expect(page.mounted.find(".pv-roles").hidden).toBe(true);
});
