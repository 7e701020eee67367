"""Compact mmCIF text of one model for the browser: what NGL 2.4 reads, and nothing else.

NGL takes a residue's chain name from ``auth_asym_id``, its number from ``auth_seq_id`` and its
insertion code from ``pdbx_PDB_ins_code``. Secondary structure is looked up by
``beg_label_asym_id``, which NGL turns into the author's chain, with author numbers, and it asks for
``pdbx_PDB_helix_class``. It also expects a ``chem_comp`` table.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

import gemmi

from protvis.structure.atoms import Atoms
from protvis.structure.chain import Chain
from protvis.structure.files.header import SecondaryRange
from protvis.structure.molecules import Molecule

__all__ = ["browser_mmcif"]

_ATOM_COLUMNS = (
    "group_PDB", "id", "type_symbol", "label_atom_id", "label_alt_id", "label_comp_id",
    "label_asym_id", "label_entity_id", "label_seq_id", "pdbx_PDB_ins_code", "Cartn_x", "Cartn_y",
    "Cartn_z", "occupancy", "B_iso_or_equiv", "auth_seq_id", "auth_asym_id", "pdbx_PDB_model_num",
)  # fmt: skip
_ENDS = (
    "beg_label_comp_id", "beg_label_asym_id", "beg_label_seq_id", "pdbx_beg_PDB_ins_code",
    "end_label_comp_id", "end_label_asym_id", "end_label_seq_id", "pdbx_end_PDB_ins_code",
    "beg_auth_asym_id", "beg_auth_seq_id", "end_auth_asym_id", "end_auth_seq_id",
)  # fmt: skip
_NUCLEIC = {gemmi.ResidueKind.RNA: "RNA LINKING", gemmi.ResidueKind.DNA: "DNA LINKING"}
_SUGARS = {gemmi.ResidueKind.PYR, gemmi.ResidueKind.KET}
_D_PEPTIDE = gemmi.ResidueKind.AAD
_AMINO = {gemmi.ResidueKind.AA, gemmi.ResidueKind.PAA, gemmi.ResidueKind.MAA}


def browser_mmcif(
    name: str,
    chains: Sequence[Chain],
    molecules: Sequence[Molecule],
    ranges: Sequence[SecondaryRange],
) -> str:
    """Return the mmCIF text of protein chains and the molecules around them.

    Parameters
    ----------
    name : str
        Entry name.
    chains : sequence of Chain
    molecules : sequence of Molecule
        Ligands, ions, glycans, nucleic acids.
    ranges : sequence of SecondaryRange
        Those of other chains are left out.
    """
    lines = [f"data_{_block_name(name)}", "#", f"_entry.id {_word(name)}", "#"]
    lines += _loop("_chem_comp.", ("id", "type"), _components(chains, molecules))
    lines += _secondary_structure(chains, ranges)
    lines += _loop("_atom_site.", _ATOM_COLUMNS, _atom_lines(chains, molecules))
    return "\n".join(lines) + "\n"


def _word(value: str) -> str:
    """Return a value as one word of a line; what only a text field could hold is simplified."""
    # The name of a file that is no UTF-8 comes with halves of surrogate pairs.
    value = value.encode("utf-8", "replace").decode()
    written = gemmi.cif.quote(value)
    if "\n" in written:
        written = gemmi.cif.quote(" ".join(value.replace('"', "'").split()))
    return written


def _code(code: str) -> str:
    return _word(code) if code else "?"


def _block_name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "_", name) or "x"


def _loop(category: str, columns: Sequence[str], rows: Iterable[str]) -> list[str]:
    lines = list(rows)
    if not lines:
        return []
    return ["loop_", *(category + column for column in columns), *lines, "#"]


def _components(chains: Sequence[Chain], molecules: Sequence[Molecule]) -> Iterator[str]:
    names = {name: True for chain in chains for name in chain.residue_names}
    for molecule in molecules:
        for residue in molecule.residues:
            names.setdefault(residue.name, False)
    for name, in_protein in names.items():
        yield f"{_word(name)} '{_component_type(name, in_protein)}'"


def _component_type(name: str, in_protein: bool) -> str:
    kind = gemmi.find_tabulated_residue(name).kind
    if name == "GLY":
        return "PEPTIDE LINKING"
    if kind == _D_PEPTIDE:
        return "D-PEPTIDE LINKING"
    if in_protein or kind in _AMINO:
        return "L-PEPTIDE LINKING"
    if kind in _NUCLEIC:
        return _NUCLEIC[kind]
    return "SACCHARIDE" if kind in _SUGARS else "NON-POLYMER"


def _atom_lines(chains: Sequence[Chain], molecules: Sequence[Molecule]) -> Iterator[str]:
    serial = 0
    for chain in chains:
        chain_id = _word(chain.chain_id)
        heads = [
            (
                "ATOM" if gemmi.find_tabulated_residue(name).is_standard() else "HETATM",
                f"{_word(name)} {chain_id} 1 {index + 1} {_code(code)}",
                f"{number} {chain_id} 1",
            )
            for index, (name, number, code) in enumerate(
                zip(chain.residue_names, chain.residue_numbers, chain.insertion_codes, strict=True)
            )
        ]
        for residue, rest in _atom_columns(chain.atoms):
            serial += 1
            group, head, tail = heads[residue]
            yield f"{group} {serial} {rest[0]} . {head} {rest[1]} {tail}"
    taken = {chain.chain_id for chain in chains}
    for count, molecule in enumerate(molecules, start=1):
        # A label of its own for each, so that the viewer does not take it for the protein chain.
        label = f"x{count}"
        while label in taken:
            label += "x"
        author = _word(molecule.chain_id)
        for residue, rest in _atom_columns(molecule.atoms):
            serial += 1
            which = molecule.residues[residue]
            yield (
                f"HETATM {serial} {rest[0]} . {_word(which.name)} {label} 2 . "
                f"{_code(which.insertion_code)} {rest[1]} {which.number} {author} 1"
            )


def _atom_columns(atoms: Atoms) -> Iterator[tuple[int, tuple[str, str]]]:
    quoted: dict[bytes, str] = {}
    for residue, name, element, (x, y, z), occupancy, b_factor in zip(
        atoms.residues.tolist(),
        atoms.names.tolist(),
        atoms.elements.tolist(),
        atoms.xyz.tolist(),
        atoms.occupancy.tolist(),
        atoms.b_factors.tolist(),
        strict=True,
    ):
        text = quoted.get(name)
        if text is None:
            text = quoted[name] = _word(name.decode("ascii", "replace"))
        yield (
            residue,
            (
                f"{element.decode() or 'X'} {text}",
                f"{x:.3f} {y:.3f} {z:.3f} {occupancy:.2f} {b_factor:.2f}",
            ),
        )


def _secondary_structure(chains: Sequence[Chain], ranges: Sequence[SecondaryRange]) -> list[str]:
    by_id = {chain.chain_id: chain for chain in chains}
    helices: list[str] = []
    strands: list[str] = []
    for record in ranges:
        chain = by_id.get(record.chain_id)
        ends = _ends(chain, record) if chain is not None else None
        if ends is None:
            continue
        if record.kind == "H":
            helices.append(f"HELX_P h{len(helices) + 1} {record.helix_class} {ends}")
        else:
            strands.append(f"s {len(strands) + 1} {ends}")
    return [
        *_loop("_struct_conf.", ("conf_type_id", "id", "pdbx_PDB_helix_class", *_ENDS), helices),
        *_loop("_struct_sheet_range.", ("sheet_id", "id", *_ENDS), strands),
    ]


def _ends(chain: Chain, record: SecondaryRange) -> str | None:
    first, last = chain.position_of(*record.first), chain.position_of(*record.last)
    if first is None or last is None:
        return None
    chain_id = _word(chain.chain_id)
    labels = " ".join(
        f"{_word(chain.residue_names[index])} {chain_id} {index + 1} "
        f"{_code(chain.insertion_codes[index])}"
        for index in (first, last)
    )
    authors = " ".join(f"{chain_id} {chain.residue_numbers[index]}" for index in (first, last))
    return f"{labels} {authors}"
