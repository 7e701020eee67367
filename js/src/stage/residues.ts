// Which of NGL's residues is which of ours: by chain, author number and insertion code, in file order.

import type { Scene } from "../model/scene";
import type { NglStructure } from "./ngl";

export interface ResidueAtoms {
  /** Our residue for each of NGL's, -1 for ligands and other chains. */
  residueOfNgl: Int32Array;
  /** Atom indices of each of our residues that has any, as NGL's selection language lists them. */
  atomsOf: Map<number, string>;
}

export function residueAtoms(structure: NglStructure, scene: Scene): ResidueAtoms {
  const { chain_id, residue_numbers, insertion_codes } = scene.meta;
  // Numbers may repeat where a file dropped its insertion codes; then order decides.
  const waiting = new Map<string, number[]>();
  residue_numbers.forEach((number, residue) => {
    if (!scene.observed[residue]) return;
    const name = `${number}${insertion_codes[residue]}`;
    waiting.set(name, [...(waiting.get(name) ?? []), residue]);
  });
  const found: number[] = [];
  const atomsOf = new Map<number, string>();
  structure.eachResidue((other) => {
    found[other.index] = -1;
    if (other.chainname !== chain_id) return;
    const residue = waiting.get(`${other.resno}${(other.inscode ?? "").trim()}`)?.shift();
    if (residue === undefined) return;
    found[other.index] = residue;
    const atoms = Array.from({ length: other.atomCount }, (_, n) => other.atomOffset + n);
    atomsOf.set(residue, atoms.join(","));
  });
  return { residueOfNgl: Int32Array.from(found), atomsOf };
}
