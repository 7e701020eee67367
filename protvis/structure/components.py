"""Which one-letter code a chemical component stands for, and which components are caps.

The dictionary is gemmi's table of residues (drawn from the Chemical Component Dictionary of the
wwPDB: parent letters of the modified residues met most often). Components it does not know are
looked up in the full dictionary that biotite ships, obsolete ones by what replaced them (``CSE`` by
``SEC``), then in the file's own statement (``MODRES``, ``pdbx_struct_mod_residue``). Names of force
fields (`force_field_names`) come first where the atoms fit them. A component
without a parent is ``X``. D-residues take the letter of their L-parent; selenocysteine is ``U``,
pyrrolysine ``O``, and ``ASX``/``GLX`` stay ``B``/``Z``.

A component that stands for several residues (the chromophores, ``CRO`` = Thr-Tyr-Gly) is one
position and takes the first letter.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from typing import NamedTuple

import gemmi
import numpy as np
from numpy.typing import NDArray

from protvis.structure.force_field_names import IONS, RESIDUES, WATERS

__all__ = [
    "STANDARD",
    "UNKNOWN_LETTER",
    "has_cbeta",
    "is_amino_acid",
    "is_cap",
    "is_force_field_name",
    "is_water",
    "letter_name",
    "parent_letter",
    "pdb_ion",
]

UNKNOWN_LETTER = "X"
STANDARD = frozenset(
    gemmi.expand_one_letter(letter, gemmi.ResidueKind.AA) for letter in "ACDEFGHIKLMNPQRSTVWY"
)
"""Names of the twenty standard amino acids."""


@lru_cache(maxsize=4096)
def _dictionary_letter(name: str) -> str:
    """Return the upper-case letter of a component, "" where the dictionaries give none."""
    tabulated = gemmi.find_tabulated_residue(name)
    if tabulated.found() and tabulated.is_amino_acid():
        return tabulated.one_letter_code.strip().upper()
    if tabulated.found():
        return ""
    component = _ccd(name)
    if component.replaced_by and component.replaced_by != name:
        return _dictionary_letter(component.replaced_by)
    if component.letters and "PEPTIDE" in component.linking:
        return component.letters[0]
    return ""


class _Component(NamedTuple):
    letters: str = ""
    linking: str = ""
    replaced_by: str = ""


@lru_cache(maxsize=4096)
def _ccd(name: str) -> _Component:
    """Return what the full dictionary says of a component; loading it takes half a second."""
    from biotite.structure import info
    from biotite.structure.info.ccd import get_from_ccd

    replaced = get_from_ccd("chem_comp", name, "pdbx_replaced_by")
    replacement = "" if replaced is None else str(replaced.as_array(str)[0])
    return _Component(
        (info.one_letter_code(name) or "").upper(),
        (info.link_type(name) or "").upper(),
        "" if replacement in ("?", ".") else replacement,
    )


@lru_cache(maxsize=4096)
def is_amino_acid(name: str) -> bool:
    """Return whether the dictionaries know the component as an amino acid."""
    return bool(_dictionary_letter(name)) or name in RESIDUES


def is_force_field_name(name: str) -> bool:
    """Return whether force fields use the name, so that the atoms decide what it means."""
    return name in RESIDUES


def parent_letter(name: str, atom_names: Collection[str] = (), stated_parent: str = "") -> str:
    """Return the one-letter code of a component's parent residue, ``X`` where there is none.

    Parameters
    ----------
    name : str
        Component name, such as ``"MSE"``.
    atom_names : collection of str
        Names of the atoms present; they tell force-field names from components of that name.
    stated_parent : str
        The parent that the file itself states, used where no dictionary knows the component.
    """
    forced = RESIDUES.get(name)
    if forced is not None and forced[1].issubset(atom_names):
        return forced[0]
    letter = _dictionary_letter(name)
    if not letter and forced is not None:
        letter = forced[0]
    if not letter and stated_parent and stated_parent != name:
        letter = _dictionary_letter(stated_parent)
    return letter or UNKNOWN_LETTER


def letter_name(letter: str) -> str:
    """Return the component that a letter of a sequence stands for; ``UNK`` where there is none."""
    return gemmi.expand_one_letter(letter, gemmi.ResidueKind.AA) or "UNK"


def is_cap(name: str, atom_names: Collection[str] | None) -> bool:
    """Return whether a component in a polypeptide is a cap (``ACE``, ``NH2``, ``FOR``, …).

    A cap is not an amino acid and lacks N, Cα or C: atoms decide, whatever its name means
    elsewhere. For a residue without coordinates (`atom_names` None) the dictionary decides: a
    terminus, or not part of a polymer.
    """
    if is_amino_acid(name):
        return False
    if atom_names is not None:
        return not {"N", "CA", "C"}.issubset(atom_names)
    linking = _ccd(name).linking
    return linking == "NON-POLYMER" or "TERMIN" in linking


@lru_cache(maxsize=4096)
def has_cbeta(name: str) -> bool:
    """Return whether a component has an atom ``CB``; unknown ones are taken to have it."""
    from biotite.structure.info import residue

    try:
        return "CB" in residue(name).atom_name
    except KeyError:
        return True


def is_water(name: str, elements: NDArray[np.bytes_]) -> bool:
    """Return whether a residue is water: by its name, if it has one oxygen and at most 5 more.

    Parameters
    ----------
    name : str
    elements : (n_atoms,) bytes array
        Hydrogens and dummy sites (M, LP, EP) go with the oxygen, whatever element they are given.
    """
    return name.upper() in WATERS and len(elements) <= 6 and (elements == b"O").sum() <= 1


def pdb_ion(name: str, n_atoms: int) -> str:
    """Return the PDB's name for an ion of a force field (``NA`` for ``SOD``), else the name."""
    return IONS.get(name.upper(), name) if n_atoms == 1 else name
