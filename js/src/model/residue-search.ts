// Which residues a person means: numbers, names, ranges and motifs.

import type { Scene } from "./scene";

const THREE_LETTERS: Record<string, string> = {
  ...{ A: "ALA", R: "ARG", N: "ASN", D: "ASP", C: "CYS", Q: "GLN", E: "GLU", G: "GLY", H: "HIS", I: "ILE" },
  ...{ L: "LEU", K: "LYS", M: "MET", F: "PHE", P: "PRO", S: "SER", T: "THR", W: "TRP", Y: "TYR", V: "VAL" },
};

/** `A:HIS57A`: a chain, a name of one or three letters, a number and an insertion code; only the number must be there. */
const RESIDUE = /^(?:([^:\s]+):)?([A-Z]{3}|[A-Z])?(-?\d+)([A-Z])?$/i;
const RANGE = /^(?:([^:\s]+):)?(-?\d+[A-Z]?)\s*(?:-|–|\.\.)\s*(-?\d+[A-Z]?)$/i;
const MOTIF = /^(?:[A-Z.]|\[\^?[A-Z]+\])+$/i;

/**
 * The residues that a text names, ascending: `57`, `HIS57`, `H57`, `H:57A`, `50-60`, `C..C`, several with commas or
 * spaces. Of a motif they are those it names: in `C..C` the two cysteines. None, if any part names nothing.
 */
export function findResidues(scene: Scene, text: string): number[] {
  const parts = text.split(/[\s,;]+/).filter(Boolean);
  const found = parts.map((part) => findPart(scene, part));
  if (found.some((residues) => residues.length === 0)) return [];
  return [...new Set(found.flat())].sort((a, b) => a - b);
}

function findPart(scene: Scene, text: string): number[] {
  // As it is written first: chains "a" and "A" are two.
  const labels = scene.meta.residue_labels;
  const exact = labels.indexOf(text);
  const near = exact >= 0 ? exact : labels.findIndex((label) => label.toUpperCase() === text.toUpperCase());
  if (near >= 0) return [near];
  const range = RANGE.exec(text);
  if (range) return findRange(scene, range[1], range[2], range[3]);
  const residue = RESIDUE.exec(text);
  if (residue) return findResidue(scene, residue[1], residue[3], residue[4] ?? "", residue[2] ?? "");
  return MOTIF.test(text) ? findMotif(scene, text) : [];
}

/** Residues of a chain, or of all, by number and insertion code. */
function findResidue(scene: Scene, chain: string | undefined, number: string, code: string, name: string): number[] {
  const { residue_numbers, insertion_codes, sequence } = scene.meta;
  const letter = (THREE_LETTERS[name.toUpperCase()] ?? name).toUpperCase();
  return all(scene, chain).filter(
    (residue) =>
      residue_numbers[residue] === Number(number) &&
      insertion_codes[residue].trim().toUpperCase() === code.toUpperCase() &&
      (letter === "" ||
        THREE_LETTERS[sequence[residue]] === letter ||
        scene.label(residue).toUpperCase().endsWith(`:${letter}${number}${code.toUpperCase()}`)),
  );
}

function findRange(scene: Scene, chain: string | undefined, from: string, to: string): number[] {
  const [first, last] = [from, to].map((end) => findResidue(scene, chain, ...numberOf(end), ""));
  const runs = first.map((start) => {
    // Of several chains each has its own.
    const stop = last.find((end) => end >= start && scene.separation(start, end) !== Number.POSITIVE_INFINITY);
    return stop === undefined ? [] : Array.from({ length: stop - start + 1 }, (_, n) => start + n);
  });
  return runs.flat();
}

function numberOf(end: string): [number: string, code: string] {
  const code = /[A-Z]$/i.exec(end)?.[0] ?? "";
  return [end.slice(0, end.length - code.length), code];
}

function findMotif(scene: Scene, text: string): number[] {
  const places = (text.toUpperCase().match(/\[\^?[A-Z]+\]|[A-Z.]/g) ?? []).map((one) => (one === "X" ? "." : one));
  const tests = places.map((one) => new RegExp(`^${one}$`));
  const named = places.flatMap((one, n) => (one === "." ? [] : [n]));
  return scene.meta.segments.flatMap(({ start, stop }) => {
    const letters = scene.meta.sequence.slice(start, stop);
    const begins = Array.from({ length: Math.max(letters.length - places.length + 1, 0) }, (_, n) => n);
    return begins
      .filter((begin) => tests.every((test, n) => test.test(letters[begin + n])))
      .flatMap((begin) => named.map((n) => start + begin + n));
  });
}

function all(scene: Scene, chain: string | undefined): number[] {
  const segments = scene.meta.segments.filter(({ chain_id }) => chain === undefined || chain_id === chain);
  return segments.flatMap(({ start, stop }) => Array.from({ length: stop - start }, (_, n) => start + n));
}
