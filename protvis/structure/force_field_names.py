"""Names that simulation programs give to residues, waters and ions, and what each stands for.

The dictionary of chemical components has one name for histidine; force fields have up to a dozen,
one for each protonation state, and several for water. No library that is kept up has them all in a
form that can be asked, so the tables here join what these have (looked at in the versions named):

==================  ================================================================================
MDAnalysis 2.11     ``core.selection``: names that count as protein and as water;
                    ``lib.util``: one-letter codes of alternative names
ParmEd 4.3          ``residue``: aliases of amino acids (Amber), names of waters and ions
OpenMM 8.6          ``app/data/residues.xml``, ``pdbNames.xml`` and the force-field files: names of
                    templates (Amber, CHARMM, AMOEBA)
GROMACS 2024        ``residuetypes.dat``: GROMOS and OPLS names
gemmi 0.7           ``find_tabulated_residue``: components of the PDB, and none of these
biotite 1.6         ``structure.info``: components of the PDB, and none of these
==================  ================================================================================

None of the first four is needed to run protvis. A name counts only where the atoms fit it, since
many are components of the PDB too (``HSE`` is homoserine there, ``ARN`` and ``CLA`` are ligands).
"""

from __future__ import annotations

__all__ = ["IONS", "RESIDUES", "WATERS"]

_BY_LETTER = {
    # Amber, CHARMM, OPLS and GROMOS (GROMACS), Maestro, AMOEBA (OpenMM, Tinker), in this order.
    "C": "CYX CYM CYN CYS1 CYS2 CYSH CYT CYD",
    "D": "ASH AS4 ASPP ASPH",
    "E": "GLH GL4 GLUP GLUH",
    "H": "HID HIE HIP HSD HSE HSP HISA HISB HISD HISE HISH HISP HIS1 HIS2 HSH HIH",
    "K": "LYN LSN LYSH LYD",
    "N": "ASN1",
    "Q": "QLN",
    "R": "ARN ARGN AR0",
    "Y": "TYM TYO TYD",
}
# Ends of chains carry an N or a C before the name in Amber's older files (NALA, CHIE).
_ENDS = {
    "ALA": "A", "ARG": "R", "ASN": "N", "ASP": "D", "CYS": "C", "CYX": "C", "GLN": "Q", "GLU": "E",
    "GLY": "G", "HID": "H", "HIE": "H", "HIP": "H", "HIS": "H", "ILE": "I", "LEU": "L", "LYS": "K",
    "MET": "M", "PHE": "F", "PRO": "P", "SER": "S", "THR": "T", "TRP": "W", "TYR": "Y", "VAL": "V",
}  # fmt: skip
_SIDE_CHAINS: dict[str, frozenset[str]] = {
    "C": frozenset({"SG"}),
    "D": frozenset({"CG", "OD1", "OD2"}),
    "E": frozenset({"CD", "OE1", "OE2"}),
    "H": frozenset({"ND1", "CD2", "CE1", "NE2"}),
    "K": frozenset({"CE", "NZ"}),
    "R": frozenset({"NE", "CZ", "NH1", "NH2"}),
    "Y": frozenset({"CZ", "OH"}),
}

RESIDUES: dict[str, tuple[str, frozenset[str]]] = {
    name: (letter, _SIDE_CHAINS.get(letter, frozenset()))
    for letter, names in _BY_LETTER.items()
    for name in names.split()
} | {
    end + name: (letter, _SIDE_CHAINS.get(letter, frozenset()))
    for name, letter in _ENDS.items()
    for end in "NC"
}
"""One-letter code of each residue name, and the side-chain atoms that tell it from others."""

_WATERS = (
    "HOH DOD WAT H2O OH2 HHO OHH SOL TIP TIP2 TIP3 TIP4 TIP5 TP3 TP4 TP5 T3P T4P T5P TIP3P TIP4P",
    "TIP5P T3H SPC SPCE OPC OPC3 SWM4 SWM6",
)
WATERS = frozenset(name for names in _WATERS for name in names.split())
"""Names of water; a residue counts when its atoms are one oxygen, hydrogens and dummies."""

IONS: dict[str, str] = {
    # CHARMM.
    "LIT": "LI", "SOD": "NA", "POT": "K", "RUB": "RB", "CES": "CS", "MG2": "MG", "CAL": "CA",
    "BAR": "BA", "ZN2": "ZN", "CAD": "CD", "CD2": "CD", "CLA": "CL",
    # Amber, whose older names are CIO (caesium) and IB (a large anion), and GROMACS.
    "LI+": "LI", "NA+": "NA", "K+": "K", "RB+": "RB", "CS+": "CS", "CIO": "CS", "IB": "BR",
    "MG+": "MG", "MG2+": "MG", "CA2+": "CA", "ZN2+": "ZN", "CU2+": "CU",
    "F-": "F", "CL-": "CL", "BR-": "BR", "I-": "IOD",
}  # fmt: skip
"""Component of the PDB for each ion name (in capitals); a residue counts when it is one atom."""
