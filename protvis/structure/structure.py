"""A structure: the protein chains of one model of one entry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from protvis.errors import LabelError, OptionError, unknown_name
from protvis.keywords import check_keywords
from protvis.labels import parse_residue
from protvis.structure import contacts
from protvis.structure.browser_cif import browser_mmcif
from protvis.structure.chain import Chain
from protvis.structure.contacts import CUTOFF

if TYPE_CHECKING:
    from protvis.structure.files.header import SecondaryRange
    from protvis.structure.files.residue_records import FileRecords
    from protvis.structure.molecules import Molecule, Surroundings

__all__ = ["Structure"]


class Structure:
    """The protein chains of one model of a structure, created by `protvis.load_structure`.

    Attributes
    ----------
    name : str
        The entry's id as given in the file (``"4CPA"``), else the name of the file.
    title : str
        "" where the file has none.
    method : str
        The experimental method, such as ``"X-RAY DIFFRACTION"``; "" where the file names none.
    source : str
        Where the structure was read from, for messages and provenance.
    is_predicted : bool
        Whether the file itself says that it is a predicted model.
    has_plddt : bool
        Whether the file itself says that its B-factor column holds pLDDT.
    records : FileRecords
        Sites, bonds and modified residues recorded in the file.
    model : int
        Which model of the file this is, from 1.
    n_models : int
        How many models the file has.
    assembly : str or None
        Name of the biological assembly, None for the chains of the file.
    chains : dict of str to Chain
        By author chain id, in the order of the file.

    Examples
    --------
    >>> import protvis
    >>> from protvis.data import TRYPSIN
    >>> structure = protvis.load_structure(TRYPSIN)
    >>> structure
    <Structure 1GBT: A (223)>
    >>> structure.chain("A").sequence[:10]
    'IVGGYTCGAN'
    """

    def __init__(
        self,
        *,
        name: str,
        title: str,
        method: str,
        source: str,
        is_predicted: bool,
        has_plddt: bool,
        records: FileRecords,
        model: int,
        n_models: int,
        assembly: str | None,
        chains: dict[str, Chain],
        secondary_ranges: Sequence[SecondaryRange],
        surroundings: Surroundings,
    ) -> None:
        self.name = name
        self.title = title
        self.method = method
        self.source = source
        self.is_predicted = is_predicted
        self.has_plddt = has_plddt
        self.records = records
        self.model = model
        self.n_models = n_models
        self.assembly = assembly
        self.chains = dict(chains)
        self._secondary_ranges = tuple(secondary_ranges)
        self._surroundings = surroundings

    def __repr__(self) -> str:
        listed = ", ".join(f"{chain.chain_id} ({len(chain)})" for chain in self.chains.values())
        return f"<Structure {self.name}: {listed}>"

    def chain(self, chain_id: str) -> Chain:
        """Return a chain by its author id.

        Raises
        ------
        LabelError
            If there is no such chain; the message lists the existing ones.
        """
        try:
            return self.chains[chain_id]
        except KeyError:
            message = unknown_name("protein chain", chain_id, self.chains)
            raise LabelError(f"{self.name}: {message}") from None

    @property
    def has_coordinates(self) -> bool:
        """Whether any residue has coordinates; False if only a sequence is known."""
        return any(chain.observed.any() for chain in self.chains.values())

    def with_chains(self, chains: Mapping[str, Chain]) -> Structure:
        """Return the same structure with some of its chains replaced, by id."""
        other = copy(self)
        other.chains = {**self.chains, **chains}
        vars(other).pop("identical_chains", None)
        return other

    def original_id(self, chain_id: str) -> str:
        """Return the id that a chain has in the file: ``"A"`` for the copy ``"A-2"``."""
        original, _, copy = chain_id.rpartition("-")
        is_copy = self.assembly is not None and copy.isdigit() and original in self.chains
        return original if is_copy else chain_id

    def find(self, label: str) -> int:
        """Return the index of a residue, such as ``"H:GLY82A"``, in the chain that it names.

        The name may be left out (``"H:82A"``), and the chain where there is only one.

        Raises
        ------
        LabelError
            If there is no such residue; the message suggests similar labels.
        """
        wanted = parse_residue(label)
        if wanted.chain_id is not None:
            chain = self.chain(wanted.chain_id)
        elif len(self.chains) == 1:
            chain = next(iter(self.chains.values()))
        else:
            listed = ", ".join(self.chains)
            raise LabelError(
                f"{label!r} does not say which chain; {self.name} has chains {listed}: "
                f"write for instance '{next(iter(self.chains))}:{label}'"
            )
        return chain.find(label)

    @cached_property
    def identical_chains(self) -> tuple[tuple[str, ...], ...]:
        """Groups of chain ids: chains in one group have exactly the same sequence.

        What depends only on the sequence needs to be computed only once per group. Groups are in
        the order of their first chain.
        """
        groups: dict[str, list[str]] = {}
        for chain in self.chains.values():
            groups.setdefault(chain.sequence, []).append(chain.chain_id)
        return tuple(tuple(group) for group in groups.values())

    @check_keywords
    def distance_map(self, first: str, second: str, atom: str = "CB") -> NDArray[np.float32]:
        """Return the distances between the residues of two chains.

        Parameters
        ----------
        first, second : str
            Chain ids.
        atom : str
            As in `Chain.coordinates`.

        Returns
        -------
        (n_first, n_second) float32 array, Å
            NaN where either residue has no such atom.

        Raises
        ------
        LabelError
            If there is no such chain.
        """
        return contacts.distance_map(
            self.chain(first).positions(atom), self.chain(second).positions(atom)
        )

    @check_keywords
    def contact_map(
        self, first: str, second: str, cutoff: float = CUTOFF, atom: str = "CB"
    ) -> NDArray[np.bool_]:
        """Return which residues of two different chains are in contact.

        Separation has no meaning between chains; all pairs closer than the cutoff count.

        Parameters
        ----------
        first, second : str
            Chain ids.
        cutoff : float, Å
            Distances strictly below it are contacts.
        atom : str
            As in `Chain.coordinates`.

        Returns
        -------
        (n_first, n_second) bool array

        Raises
        ------
        LabelError
            If there is no such chain.
        OptionError
            If `cutoff` is not a finite number above 0, or both chains are the same one.
        """
        if first == second:
            raise OptionError(f"for contacts within chain {first!r} use its own `contact_map`")
        return contacts.contacts_between(
            self.chain(first).positions(atom), self.chain(second).positions(atom), cutoff
        )

    @property
    def molecules(self) -> tuple[Molecule, ...]:
        """Ligands, ions, glycans, nucleic acids and caps of the model, without waters."""
        return self._surroundings.molecules

    @check_keywords
    def to_mmcif(self, chains: Iterable[str] | str | None = None) -> str:
        """Return the model as compact mmCIF text for the browser's viewer.

        It contains the requested protein chains, with one alternate location per residue, and
        ligands, ions, glycans and nucleic acids, but no waters. Author numbering is kept, so that
        (``auth_asym_id``, ``auth_seq_id``, ``pdbx_PDB_ins_code``) names a residue as its label
        does, and ``label_seq_id`` of a protein residue is its index in the chain, plus 1.

        Parameters
        ----------
        chains : iterable of str, or str, optional
            The protein chains to write; by default all that were loaded. If these are fewer than
            the file has, other molecules are included only if they carry the id of one of them or
            come within 5 Å.

        Raises
        ------
        LabelError
            If a chain does not exist.
        """
        if chains is None:
            wanted = list(self.chains)
        else:
            wanted = [chains] if isinstance(chains, str) else list(chains)
        chosen = [self.chain(chain_id) for chain_id in wanted]
        molecules = self._surroundings.of(chosen)
        return browser_mmcif(self.name, chosen, molecules, self._secondary_ranges)
