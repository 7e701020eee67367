// The protein on a stage: cartoons of all chains, bound molecules, and the colours of a track.

import type { ExplorerState } from "../model/state";
import type { Track } from "../model/tracks";
import type { Ngl, NglAtom, NglComponent, NglRepresentationElement } from "./ngl";
import { type Theme, trackColor } from "./theme";

/** Other chains of at most so many residues are drawn as ligands are. */
const PEPTIDE = 20;
/** Radius in Å at which ions and other single atoms are drawn. */
const SINGLE_ATOM = 0.7;

export class Protein {
  private readonly own: NglRepresentationElement;
  private readonly others: NglRepresentationElement[];
  /** NGL's name of the present colour scheme of the cartoon. */
  private scheme = "";
  /** The colour of all other chains. */
  private around = "";

  constructor(
    private readonly component: NglComponent,
    private readonly ngl: Ngl,
    private readonly state: ExplorerState,
    private readonly residueOfNgl: Int32Array,
  ) {
    const { places } = state.scene;
    const copies = places.slice(1).flatMap((place) => place.chainIds);
    const others = `polymer and not (${chainsOf(places.flatMap((place) => place.chainIds))})`;
    const add = (type: string, sele: string, parameters: Record<string, unknown>) =>
      component.addRepresentation(type, { sele, ...parameters });
    this.own = add("cartoon", polymerOf(places[0].chainIds), { aspectRatio: 4, subdiv: 6 });
    this.others = copies.length > 0 ? [add("cartoon", polymerOf(copies), { aspectRatio: 4 })] : [];
    this.others.push(add("tube", others, { radiusScale: 0.5 }));
    const sticks = { colorScheme: "element", radius: 0.18 };
    const peptides = this.shortChains();
    if (peptides !== "") add("licorice", peptides, sticks);
    const ligands = "hetero and not polymer and not water";
    add("licorice", ligands, sticks);
    const single = this.singleAtoms();
    if (single !== "") {
      // Sticks without bonds are mere dots.
      const ball = { colorScheme: "element", radiusType: "size", radiusSize: SINGLE_ATOM };
      add("spacefill", `(${ligands}) and (${single})`, ball);
    }
  }

  /** Colour the chain by a track, or plainly, and all others as the theme has them; returns the track's name. */
  paint(name: string, tracks: readonly Track[], theme: Theme): string {
    const before = this.scheme;
    const track = tracks.find((one) => one.name === name && one.kind !== "pair");
    this.scheme = track ? this.makeScheme(track, tracks.indexOf(track), theme) : "";
    this.own.setColor(this.scheme || theme.cartoon);
    if (theme.otherChains !== this.around) {
      for (const element of this.others) element.setColor(theme.otherChains);
      this.around = theme.otherChains;
    }
    if (before) this.ngl.ColormakerRegistry.removeScheme(before);
    return track ? track.name : "";
  }

  dispose(): void {
    if (this.scheme) this.ngl.ColormakerRegistry.removeScheme(this.scheme);
  }

  /** The track's colours as under the sequence, where its place among all tracks sets them. */
  private makeScheme(track: Track, place: number, theme: Theme): string {
    const { residueOfNgl, state } = this;
    const plain = Number.parseInt(theme.cartoon.slice(1), 16);
    return this.ngl.ColormakerRegistry.addScheme(function (this: { atomColor: (atom: NglAtom) => number }) {
      this.atomColor = (atom) => {
        const residue = residueOfNgl[atom.residueIndex];
        const color = residue >= 0 ? trackColor(track, residue, state.scene.colormaps.weight, theme.dark, place) : null;
        return color ? Number.parseInt(color.slice(1), 16) : plain;
      };
    }, `protvis ${track.name}`);
  }

  /** Peptides bound as ligands are: other chains too short to fold, as NGL's selection lists them. */
  private shortChains(): string {
    const lengths = new Map<string, number>();
    this.component.structure.eachResidue((residue) => {
      const { chainname } = residue;
      if (residue.isProtein()) lengths.set(chainname, (lengths.get(chainname) ?? 0) + 1);
    });
    for (const chain of this.state.scene.places.flatMap((place) => place.chainIds)) lengths.delete(chain);
    return [...lengths].flatMap(([chain, length]) => (length <= PEPTIDE ? [`:${chain}`] : [])).join(" or ");
  }

  /** Atoms that are a residue of their own: ions, mostly. */
  private singleAtoms(): string {
    const atoms: number[] = [];
    this.component.structure.eachResidue((residue) => {
      if (residue.atomCount === 1 && !residue.isWater()) atoms.push(residue.atomOffset);
    });
    return atoms.length > 0 ? `@${atoms.join(",")}` : "";
  }
}

/** Chains in NGL's selection language. */
function chainsOf(chainIds: readonly string[]): string {
  return chainIds.map((chain) => `:${chain}`).join(" or ");
}

export function polymerOf(chainIds: readonly string[]): string {
  return `polymer and (${chainsOf(chainIds)})`;
}
