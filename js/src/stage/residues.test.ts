import { describe, expect, test } from "vitest";
import { testScene } from "../testing/scenes";
import type { NglResidue, NglStructure } from "./ngl";
import { residueAtoms } from "./residues";

type Listed = { resno: number; inscode?: string; chainname?: string; atoms?: number };

/** What NGL hands out residue by residue. */
function structureOf(residues: Listed[]): NglStructure {
  let atomOffset = 0;
  const made = residues.map(({ resno, inscode = "", chainname = "A", atoms = 2 }, index): NglResidue => {
    const residue = {
      index,
      atomOffset,
      atomCount: atoms,
      resno,
      inscode,
      chainname,
      isProtein: () => true,
      isWater: () => false,
    };
    atomOffset += atoms;
    return residue;
  });
  return {
    getAtomSetWithinSelection: () => ({ toSeleString: () => "none" }),
    atomCount: atomOffset,
    eachResidue: (callback) => made.forEach(callback),
    eachAtom: () => {},
  };
}

function sceneOf(numbers: number[], { codes = numbers.map(() => ""), unobserved = [] as number[] } = {}) {
  return testScene({
    nResidues: numbers.length,
    unobserved,
    meta: { residue_numbers: numbers, insertion_codes: codes },
  });
}

describe("which residue is which", () => {
  test("by author number", () => {
    const { residueOfNgl, atomsOf, ownAtomsOf } = residueAtoms(
      structureOf([{ resno: 5 }, { resno: 7, atoms: 3 }]),
      sceneOf([5, 7]),
    );
    expect([...residueOfNgl]).toEqual([0, 1]);
    expect([...atomsOf]).toEqual([
      [0, "0,1"],
      [1, "2,3,4"],
    ]);
    expect([...ownAtomsOf]).toEqual([...atomsOf]);
  });

  test("other chains, ligands and waters are none of ours", () => {
    const structure = structureOf([
      { resno: 5, chainname: "B" },
      { resno: 5 },
      { resno: 301 },
      { resno: 5, chainname: "a" },
    ]);
    const { residueOfNgl, atomsOf } = residueAtoms(structure, sceneOf([5]));
    expect([...residueOfNgl]).toEqual([-1, 0, -1, -1]);
    expect([...atomsOf.keys()]).toEqual([0]);
  });

  test("insertion codes tell residues apart, however NGL pads them", () => {
    const structure = structureOf([{ resno: 184, inscode: "A" }, { resno: 184, inscode: " " }, { resno: 185 }]);
    const scene = sceneOf([184, 184, 185], { codes: ["", "A", ""] });
    expect([...residueAtoms(structure, scene).residueOfNgl]).toEqual([1, 0, 2]);
  });

  test("an insertion code NGL leaves out altogether", () => {
    const structure = structureOf([{ resno: 5 }]);
    structure.eachResidue((residue) => {
      (residue as { inscode?: string }).inscode = undefined;
    });
    expect([...residueAtoms(structure, sceneOf([5])).residueOfNgl]).toEqual([0]);
  });

  test("repeated numbers go by order", () => {
    const structure = structureOf([{ resno: 9 }, { resno: 9 }, { resno: 9 }, { resno: 10 }]);
    expect([...residueAtoms(structure, sceneOf([9, 9, 9, 10])).residueOfNgl]).toEqual([0, 1, 2, 3]);
  });

  test("one more of a number than the chain has is not ours", () => {
    const structure = structureOf([{ resno: 9 }, { resno: 9 }]);
    expect([...residueAtoms(structure, sceneOf([9])).residueOfNgl]).toEqual([0, -1]);
  });

  test("unobserved residues take no atoms, even where numbers repeat", () => {
    const structure = structureOf([{ resno: 9 }, { resno: 11 }]);
    const { residueOfNgl, atomsOf } = residueAtoms(structure, sceneOf([9, 9, 10, 11], { unobserved: [0, 2] }));
    expect([...residueOfNgl]).toEqual([1, 3]);
    expect(atomsOf.has(0)).toBe(false);
    expect(atomsOf.has(2)).toBe(false);
  });

  test("negative numbers", () => {
    expect([...residueAtoms(structureOf([{ resno: -2 }, { resno: -1 }]), sceneOf([-2, -1])).residueOfNgl]).toEqual([
      0, 1,
    ]);
  });

  test("a structure that names none of them", () => {
    const { residueOfNgl, atomsOf } = residueAtoms(structureOf([]), sceneOf([1, 2]));
    expect(residueOfNgl.length).toBe(0);
    expect(atomsOf.size).toBe(0);
  });
});
