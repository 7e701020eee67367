import { describe, expect, test } from "vitest";
import { testScene } from "../testing/scenes";
import { findResidues } from "./residue-search";
import type { Scene } from "./scene";

// Two chains of one sequence, with the numbers of an antibody: 52, 52A, 52B, 53, and below 0.
const NUMBERS = [-1, 0, 1, 2, 52, 52, 52, 53, 54, 55];
const CODES = ["", "", "", "", "", "A", "B", "", "", ""];
const SEQUENCE = "MCHGCACDEF";
const NAMES: Record<string, string> = {
  M: "MET",
  C: "CYS",
  H: "HIS",
  G: "GLY",
  A: "ALA",
  D: "ASP",
  E: "GLU",
  F: "PHE",
};

function antibody(): Scene {
  const both = <T>(values: readonly T[]) => [...values, ...values];
  return testScene({
    nResidues: 20,
    meta: {
      sequence: SEQUENCE + SEQUENCE,
      residue_numbers: both(NUMBERS),
      insertion_codes: both(CODES),
      residue_labels: ["H", "L"].flatMap((chain) =>
        NUMBERS.map((number, n) => `${chain}:${NAMES[SEQUENCE[n]]}${number}${CODES[n]}`),
      ),
      segments: [
        { chain_id: "H", start: 0, stop: 10 },
        { chain_id: "L", start: 10, stop: 20 },
      ],
    },
  });
}

describe("a text names residues", () => {
  test.each([
    ["52", [4, 14]],
    ["H:52", [4]],
    ["h:52", []],
    ["52A", [5, 15]],
    ["L:52a", [15]],
    ["H:ALA52A", [5]],
    ["ALA52A", [5, 15]],
    ["cys52", [4, 14]],
    ["C52", [4, 14]],
    ["GLY52", []],
    ["U55", []],
    ["E55", []],
    ["S52", []],
    ["S2", []],
    ["-1", [0, 10]],
    ["MET-1", [0, 10]],
    ["H:52-53", [4, 5, 6, 7]],
    ["52A-53", [5, 6, 7, 15, 16, 17]],
    ["H:-1-1", [0, 1, 2]],
    ["53-52", []],
    ["C..C", [1, 4, 11, 14]],
    ["cxxc", [1, 4, 11, 14]],
    ["HGC", [2, 3, 4, 12, 13, 14]],
    ["C[AH]", [1, 2, 4, 5, 11, 12, 14, 15]],
    ["C[^A]", [1, 2, 6, 7, 11, 12, 16, 17]],
    ["FM", []],
    ["H:MET-1, L:53", [0, 17]],
    ["52A 53", [5, 7, 15, 17]],
    ["53, 999", []],
    ["", []],
    ["(", []],
    ["[", []],
    ["C[", []],
  ])("%s", (text, expected) => {
    expect(findResidues(antibody(), text)).toEqual(expected);
  });

  test("no letter is read as the end of another name", () => {
    const scene = antibody();
    scene.meta.residue_labels = scene.meta.residue_labels.map((label) => label.replace("PHE", "LEU"));
    for (const text of ["U55", "EU55", "H:U55"]) expect(findResidues(scene, text)).toEqual([]);
    expect(findResidues(scene, "LEU55")).toEqual([9, 19]);
  });

  test("chains whose ids differ in case alone", () => {
    const scene = antibody();
    scene.meta.residue_labels = scene.meta.residue_labels.map((label) => label.replace("L:", "h:"));
    expect(findResidues(scene, "h:HIS1")).toEqual([12]);
    expect(findResidues(scene, "H:HIS1")).toEqual([2]);
    expect(findResidues(scene, "H:his1")).toEqual([2]);
  });

  test("every label names its residue", () => {
    const scene = antibody();
    scene.meta.residue_labels.forEach((label, residue) => {
      expect(findResidues(scene, label)).toEqual([residue]);
      expect(findResidues(scene, label.toLowerCase())).toEqual([residue]);
    });
  });
});
