"""Which one-letter code a chemical component stands for, and which components are caps.

The dictionary is gemmi's table of residues (drawn from the Chemical Component Dictionary of the
wwPDB: parent letters of the modified residues met most often). Components it does not know are
looked up in the full dictionary that biotite ships, obsolete ones by what replaced them (``CSE`` by
``SEC``), then in the file's own statement (``MODRES``, ``pdbx_struct_mod_residue``). A component
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

__all__ = ["UNKNOWN_LETTER", "is_amino_acid", "is_cap", "is_force_field_name", "parent_letter"]

UNKNOWN_LETTER = "X"

# Protonation states have names of their own in force fields (CHARMM36 and Amber ff14SB manuals),
# and no dictionary of components holds them. Each name asks for atoms that tell it from the
# component of that name in the PDB, such as HSE, homoserine.
_IMIDAZOLE = frozenset({"ND1", "CD2", "CE1", "NE2"})
_FORCE_FIELD_NAMES: dict[str, tuple[str, frozenset[str]]] = {
    "HSD": ("H", _IMIDAZOLE),
    "HSE": ("H", _IMIDAZOLE),
    "HSP": ("H", _IMIDAZOLE),
    "HID": ("H", _IMIDAZOLE),
    "HIE": ("H", _IMIDAZOLE),
    "HIP": ("H", _IMIDAZOLE),
    "CYX": ("C", frozenset({"SG"})),
    "CYM": ("C", frozenset({"SG"})),
    "ASH": ("D", frozenset({"CG", "OD1", "OD2"})),
    "GLH": ("E", frozenset({"CD", "OE1", "OE2"})),
    "LYN": ("K", frozenset({"CE", "NZ"})),
}


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
    return bool(_dictionary_letter(name)) or name in _FORCE_FIELD_NAMES


def is_force_field_name(name: str) -> bool:
    """Return whether force fields use the name, so that the atoms decide what it means."""
    return name in _FORCE_FIELD_NAMES


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
    forced = _FORCE_FIELD_NAMES.get(name)
    if forced is not None and forced[1].issubset(atom_names):
        return forced[0]
    letter = _dictionary_letter(name)
    if not letter and stated_parent and stated_parent != name:
        letter = _dictionary_letter(stated_parent)
    return letter or UNKNOWN_LETTER


def is_cap(name: str, has_calpha: bool | None) -> bool:
    """Return whether a component in a polypeptide is a cap (``ACE``, ``NH2``, ``FOR``, …).

    A cap is no amino acid and has no Cα, or the dictionary calls it a terminus or no part of a
    polymer. Of a residue without coordinates (`has_calpha` None) only the dictionary speaks.
    """
    if is_amino_acid(name):
        return False
    if has_calpha is False:
        return True
    linking = _ccd(name).linking
    return linking == "NON-POLYMER" or "TERMIN" in linking
