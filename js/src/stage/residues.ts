// Which of NGL's residues is which of ours: by chain, author number and insertion code, in file order.

import type { Scene } from "../model/scene";
import type { NglStructure } from "./ngl";

export interface ResidueAtoms {
  /** Our residue for each of NGL's, -1 for ligands and other chains. */
  residueOfNgl: Int32Array;
  /** Which of the scene's places each of NGL's residues belongs to. */
  placeOfNgl: Uint8Array;
  /** Atom indices of each of our residues that has any, as NGL's selection language lists them; copies included. */
  atomsOf: Map<number, string>;
  /** Of them, those of the chain itself. */
  ownAtomsOf: Map<number, string>;
}

export function residueAtoms(structure: NglStructure, scene: Scene): ResidueAtoms {
  // Numbers may repeat where a file dropped its insertion codes; then order decides.
  const waiting = new Map<string, { residue: number; place: number }[]>();
  scene.places.forEach((place, number) => {
    place.meta.residue_numbers.forEach((resno, residue) => {
      if (!place.observed[residue]) return;
      const name = nameOf(place.chainOf(residue), resno, place.meta.insertion_codes[residue]);
      const there = waiting.get(name);
      if (there) there.push({ residue, place: number });
      else waiting.set(name, [{ residue, place: number }]);
    });
  });
  const found: number[] = [];
  const places: number[] = [];
  const atomsOf = new Map<number, string>();
  const ownAtomsOf = new Map<number, string>();
  structure.eachResidue((other) => {
    found[other.index] = -1;
    places[other.index] = 0;
    const ours = waiting.get(nameOf(other.chainname, other.resno, (other.inscode ?? "").trim()))?.shift();
    if (ours === undefined) return;
    found[other.index] = ours.residue;
    places[other.index] = ours.place;
    const atoms = Array.from({ length: other.atomCount }, (_, n) => other.atomOffset + n).join(",");
    if (ours.place === 0) ownAtomsOf.set(ours.residue, atoms);
    const before = atomsOf.get(ours.residue);
    atomsOf.set(ours.residue, before ? `${before},${atoms}` : atoms);
  });
  return { residueOfNgl: Int32Array.from(found), placeOfNgl: Uint8Array.from(places), atomsOf, ownAtomsOf };
}

function nameOf(chain: string, number: number, insertionCode: string): string {
  return `${chain} ${number} ${insertionCode}`;
}
