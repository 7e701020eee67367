"""Helices and strands from backbone hydrogen bonds, as DSSP finds them.

The method of Kabsch and Sander (Biopolymers 22, 2577, 1983) as DSSP 4 has it, cut down to α-helices
(H) and strands of ladders (E); turns, bends, bridges alone, 3₁₀- and π-helices are neither.

It is done here because no library does it so: biotite and gemmi have no ladders, pydssp 0.9.1 asks
for PyTorch and differs from DSSP in up to 15 of 100 residues, and DSSP itself is a program of its
own. Tests hold it against DSSP's output.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from protvis.structure import Chain

__all__ = ["BACKBONE", "helices_and_strands"]

BACKBONE = ("N", "CA", "C", "O")
# kcal/mol · Å: 332 × 0.42 e × 0.20 e, the charges of CO and NH.
_COUPLING = 27.888
_BOND = -0.5
"""kcal/mol; a hydrogen bond is below it."""
_CALPHAS = 9.0
"""Å; residues with Cα further apart have no bond."""
_PEPTIDE_BOND = 2.5
"""Å; the chain is broken where C and the next N are further apart."""
_BLOCK = 512
Bonds = set[tuple[int, int]]


def helices_and_strands(chain: Chain, others: Sequence[Chain] = ()) -> NDArray[np.str_]:
    """Return ``H``, ``E`` or ``-`` for each residue of a chain.

    Parameters
    ----------
    chain : Chain
    others : sequence of Chain
        Chains whose strands may pair with those of `chain`.

    Returns
    -------
    (n_residues,) array of str
        ``-`` for residues without a whole backbone.
    """
    backbone = _Backbone.of([chain, *(other for other in others if _is_near(chain, other))])
    bonds = _hydrogen_bonds(backbone)
    states = np.full(len(backbone.calphas), "-", dtype="U1")
    for first, last in _strands(backbone, bonds):
        states[first : last + 1] = "E"
    for first in _turns(backbone, bonds, 4):
        states[first : first + 4] = "H"
    # A 3₁₀-helix gives way to all else, and an α-helix to a π-helix.
    for step, letter, gives_way in ((3, "G", "-G"), (5, "I", "-IH")):
        for first in _turns(backbone, bonds, step):
            if set(states[first : first + step].tolist()) <= set(gives_way):
                states[first : first + step] = letter
    states[(states == "G") | (states == "I")] = "-"
    letters = np.full(chain.n_residues, "-", dtype="U1")
    own = backbone.residues < chain.n_residues
    letters[backbone.residues[own]] = states[own]
    return letters


def _is_near(chain: Chain, other: Chain) -> bool:
    """Return whether the boxes around two chains come as near as residues with a bond do."""
    one, two = chain.atoms.xyz, other.atoms.xyz
    return bool(
        (one.min(axis=0) - _CALPHAS < two.max(axis=0)).all()
        and (two.min(axis=0) - _CALPHAS < one.max(axis=0)).all()
    )


@dataclass(frozen=True)
class _Backbone:
    """The residues with a whole backbone, those of all chains in order.

    `residues` counts through all residues of all chains; `stretches` has the same number for
    residues without a break between them.
    """

    residues: NDArray[np.intp]
    nitrogens: NDArray[np.float64]
    calphas: NDArray[np.float64]
    carbons: NDArray[np.float64]
    oxygens: NDArray[np.float64]
    is_proline: NDArray[np.bool_]
    stretches: NDArray[np.intp]

    @classmethod
    def of(cls, chains: Sequence[Chain]) -> _Backbone:
        atoms = [np.concatenate([chain.positions(name) for chain in chains]) for name in BACKBONE]
        whole = np.flatnonzero(~np.isnan(np.concatenate(atoms, axis=1)).any(axis=1))
        n, ca, c, o = (positions[whole] for positions in atoms)
        chain_of = np.repeat(np.arange(len(chains)), [chain.n_residues for chain in chains])[whole]
        apart = np.linalg.norm(n[1:] - c[:-1], axis=1) > _PEPTIDE_BOND
        breaks = apart | (chain_of[1:] != chain_of[:-1])
        names = np.array([name for chain in chains for name in chain.residue_names])[whole]
        stretches = np.concatenate([[0], np.cumsum(breaks)])[: len(whole)]
        return cls(whole, n, ca, c, o, names == "PRO", stretches)

    def is_whole(self, first: int, last: int) -> bool:
        """Return whether there is such a stretch of residues, without a break in it."""
        there = first >= 0 and last < len(self.stretches)
        return there and bool(self.stretches[first] == self.stretches[last])


def _hydrogen_bonds(backbone: _Backbone) -> Bonds:
    """Return (donor of NH, acceptor with CO), the two best of each donor."""
    n_residues = len(backbone.calphas)
    hydrogens = backbone.nitrogens.copy()
    follows = np.flatnonzero(backbone.stretches[1:] == backbone.stretches[:-1]) + 1
    carbonyls = backbone.carbons[follows - 1] - backbone.oxygens[follows - 1]
    lengths = np.linalg.norm(carbonyls, axis=1)
    # Atoms on top of each other have no direction.
    follows, carbonyls, lengths = (part[lengths > 0] for part in (follows, carbonyls, lengths))
    hydrogens[follows] += carbonyls / lengths[:, None]
    has_hydrogen = np.zeros(n_residues, dtype=bool)
    has_hydrogen[follows] = True
    has_hydrogen &= ~backbone.is_proline
    bonds: Bonds = set()
    for start in range(0, n_residues, _BLOCK):
        rows = np.arange(start, min(start + _BLOCK, n_residues))
        donors, acceptors = np.nonzero(
            _distances(backbone.calphas[rows], backbone.calphas) < _CALPHAS
        )
        donors = rows[donors]
        # No residue bonds to itself, nor NH to the CO that it is joined to.
        possible = has_hydrogen[donors] & (acceptors != donors) & (acceptors != donors - 1)
        donors, acceptors = donors[possible], acceptors[possible]
        energies = _energies(
            backbone.nitrogens[donors], hydrogens[donors],
            backbone.carbons[acceptors], backbone.oxygens[acceptors],
        )  # fmt: skip
        bonded = energies < _BOND
        donors, acceptors, energies = donors[bonded], acceptors[bonded], energies[bonded]
        order = np.lexsort((energies, donors))
        donors, acceptors = donors[order].tolist(), acceptors[order].tolist()
        bonds.update(
            pair
            for at, pair in enumerate(zip(donors, acceptors, strict=True))
            if at < 2 or donors[at - 2] != pair[0]
        )
    return bonds


def _distances(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    squared = np.zeros((len(first), len(second)))
    for axis in range(3):
        squared += (first[:, None, axis] - second[None, :, axis]) ** 2
    return np.sqrt(squared)


def _energies(
    nitrogens: NDArray[np.float64],
    hydrogens: NDArray[np.float64],
    carbons: NDArray[np.float64],
    oxygens: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the electrostatic energies of NH with CO, in kcal/mol."""

    def inverse(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
        # Atoms nearer than 0.5 Å are an error of the model; they count as bonded.
        return 1.0 / np.maximum(np.linalg.norm(first - second, axis=1), 0.5)

    energies = _COUPLING * (
        inverse(oxygens, nitrogens) + inverse(carbons, hydrogens)
        - inverse(oxygens, hydrogens) - inverse(carbons, nitrogens)
    )  # fmt: skip
    return np.round(energies, 3)


def _turns(backbone: _Backbone, bonds: Bonds, step: int) -> list[int]:
    """Return the residues that open the second of two turns in a row, where a helix starts."""
    opens = {
        acceptor
        for donor, acceptor in bonds
        if donor - acceptor == step and backbone.is_whole(acceptor, donor)
    }
    return sorted(index for index in opens if index - 1 in opens)


@dataclass
class _Ladder:
    """Bridges in a row between two strands, in order of the first."""

    is_parallel: bool
    firsts: list[int]
    seconds: list[int]


def _strands(backbone: _Backbone, bonds: Bonds) -> list[tuple[int, int]]:
    """Return first and last residue of the strands that pair over two bridges or more."""
    ladders = _with_bulges(_ladders(_bridges(backbone, bonds)), backbone)
    return [
        (min(side), max(side))
        for ladder in ladders
        if len(ladder.firsts) > 1
        for side in (ladder.firsts, ladder.seconds)
    ]


def _bridges(backbone: _Backbone, bonds: Bonds) -> list[tuple[int, int, bool]]:
    """Return (residue, later residue, whether parallel) of every bridge, in order."""
    candidates = {
        (min(pair), max(pair))
        for donor, acceptor in bonds
        for pair in ((donor - 1, acceptor), (donor - 1, acceptor + 1), (donor, acceptor))
    }
    found = []
    for i, j in sorted(candidates):
        if j - i < 3 or not (backbone.is_whole(i - 1, i + 1) and backbone.is_whole(j - 1, j + 1)):
            continue
        if {(i + 1, j), (j, i - 1)} <= bonds or {(j + 1, i), (i, j - 1)} <= bonds:
            found.append((i, j, True))
        elif {(i + 1, j - 1), (j + 1, i - 1)} <= bonds or {(j, i), (i, j)} <= bonds:
            found.append((i, j, False))
    return found


def _ladders(bridges: Sequence[tuple[int, int, bool]]) -> list[_Ladder]:
    ladders: list[_Ladder] = []
    for i, j, is_parallel in bridges:
        for ladder in ladders:
            follows = j == ladder.seconds[-1] + (1 if is_parallel else -1)
            if ladder.is_parallel == is_parallel and ladder.firsts[-1] == i - 1 and follows:
                ladder.firsts.append(i)
                ladder.seconds.append(j)
                break
        else:
            ladders.append(_Ladder(is_parallel, [i], [j]))
    return sorted(ladders, key=lambda ladder: ladder.firsts[0])


def _with_bulges(ladders: list[_Ladder], backbone: _Backbone) -> list[_Ladder]:
    """Join ladders with a bulge between them: up to one residue on one side, four on the other."""
    joined: list[_Ladder] = []
    rest = list(ladders)
    while rest:
        ladder = rest.pop(0)
        at = 0
        while at < len(rest):
            if _is_bulge(ladder, rest[at], backbone):
                ladder.firsts += rest[at].firsts
                ladder.seconds += rest[at].seconds
                del rest[at]
            else:
                at += 1
        joined.append(ladder)
    return joined


def _is_bulge(ladder: _Ladder, other: _Ladder, backbone: _Backbone) -> bool:
    if ladder.is_parallel != other.is_parallel:
        return False
    gap = other.firsts[0] - ladder.firsts[-1]
    gap_beside = (
        other.seconds[0] - ladder.seconds[-1]
        if ladder.is_parallel
        else ladder.seconds[-1] - other.seconds[0]
    )
    if not (0 < gap < 6 and 0 <= gap_beside < 6 and min(gap, gap_beside) < 3):
        return False
    both = [*ladder.seconds, *other.seconds]
    return backbone.is_whole(ladder.firsts[0], other.firsts[-1]) and backbone.is_whole(
        min(both), max(both)
    )
