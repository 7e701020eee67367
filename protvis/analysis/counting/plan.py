"""What a run counts: everything that decides its numbers, and nothing else."""

from __future__ import annotations

from dataclasses import asdict, astuple, dataclass
from typing import Any

from protvis.analysis.counting.features import Column
from protvis.analysis.options import MODES, AnalysisOptions
from protvis.checks import check_share, check_whole_number
from protvis.errors import DatasetError, OptionError, unknown_name
from protvis.structure.contacts import CUTOFF, MIN_SEPARATION

__all__ = ["BIN_EDGES", "FORM_OF_COUNTS", "LEVELS", "PAPER_MAX_RESIDUES", "Plan"]

FORM_OF_COUNTS = 5
"""Grows whenever other things are counted, or the same ones otherwise: reports and journals with
counts of another form are refused."""

PAPER_MAX_RESIDUES = 510
"""512 tokens, two of them special."""

BIN_EDGES = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""Edges of the attention weights' bins in the calibration; the last bin holds 1 itself."""

LEVELS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5)
"""Thresholds that every run counts besides its own; see `protvis.analysis.counting.levels`."""

# What files may say; far more than any model has, and little enough to multiply.
_RANGES = (
    ("n_layers", 1, 1000),
    ("n_heads", 1, 1000),
    ("n_bootstrap", 0, 100_000),
    ("min_separation", 0, 10**6),
    ("seed", 0, 2**64),
)
_MAX_CUTOFF = 1000.0
_MOST_ALIGNED = 1000


@dataclass(frozen=True)
class Plan:
    """What a run counts, and how.

    Attributes
    ----------
    columns : tuple of Column
    n_layers, n_heads : int
    threshold : float
        A link is a weight of at least this.
    mode : {"paper", "eligible", "separation-matched"}
        Which links count and what they are compared with. ``paper``: all links of a head, and the
        base rate over eligible residues or pairs of all proteins together. ``eligible``: eligible
        links, and what they would hit anywhere in their proteins. ``separation-matched``: for
        pairs, what they would hit with the same ``|i - j|`` in their proteins.
    max_residues : int or None
        Sequences are cut to this many residues.
    cutoff : float, Å
    min_separation : int
        The definition of a contact.
    n_groups : int
        Number of groups in which families are counted.
    aligned : tuple of int
        Number of members of each aligned family; empty if there is none. See
        `protvis.analysis.counting.aligned_members`.
    n_bootstrap : int
        How many replicates of the bootstrap over families are drawn.
    seed : int
        Seed of the bootstrap.

    Raises
    ------
    OptionError
        If an option has an invalid value.
    """

    columns: tuple[Column, ...]
    n_layers: int
    n_heads: int
    threshold: float = AnalysisOptions.threshold
    mode: str = AnalysisOptions.mode
    max_residues: int | None = None
    cutoff: float = CUTOFF
    min_separation: int = MIN_SEPARATION
    n_groups: int = 1
    aligned: tuple[int, ...] = ()
    n_bootstrap: int = AnalysisOptions.n_bootstrap
    seed: int = 0

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise OptionError(unknown_name("mode", self.mode, MODES))
        checked = {
            "threshold": check_share("threshold", self.threshold, positive=True),
            "n_groups": check_whole_number("n_groups", self.n_groups, 1),
            "n_bootstrap": check_whole_number("n_bootstrap", self.n_bootstrap),
        }
        if self.max_residues is not None:
            checked["max_residues"] = check_whole_number("max_residues", self.max_residues, 1)
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    @property
    def has_contacts(self) -> bool:
        """Whether contacts are counted, and with them the calibration."""
        return any(column.feature == "contact" for column in self.columns)

    @property
    def contact_column(self) -> int | None:
        """The place of contacts among the columns."""
        places = [i for i, column in enumerate(self.columns) if column.feature == "contact"]
        return places[0] if places else None

    @property
    def level_columns(self) -> list[int]:
        """The places of the columns that are counted at every level: all but amino acids."""
        return [i for i, column in enumerate(self.columns) if column.feature != "amino_acid"]

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as plain values, ready for JSON, with the form of what it counts."""
        return {**asdict(self), "form_of_counts": FORM_OF_COUNTS}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Plan:
        """Return the plan from the output of `to_dict`.

        Raises
        ------
        DatasetError
            If what it counted is of another form than this version of protvis counts, or a value
            is missing, unknown or out of range.
        """
        if not isinstance(values, dict):
            raise DatasetError(f"its plan is a {type(values).__name__}, expected names and values")
        values = dict(values)
        form = values.pop("form_of_counts", 1)
        if form != FORM_OF_COUNTS:
            raise DatasetError(
                f"its counts are of form {form}, made by another version of protvis; this one "
                f"reads form {FORM_OF_COUNTS}: analyze the data again"
            )
        try:
            columns = tuple(Column(**column) for column in values["columns"])
            if not all(isinstance(text, str) for column in columns for text in astuple(column)):
                raise DatasetError("its plan names a column by something else than text")
            for name, least, most in _RANGES:
                check_whole_number(name, values[name], least, most)
            if not 0 < float(values["cutoff"]) < _MAX_CUTOFF:
                raise DatasetError(f"its plan has a cutoff of {values['cutoff']!r:.40} Å")
            sizes = values["aligned"]
            if len(sizes) > _MOST_ALIGNED:
                raise DatasetError(f"its plan has {len(sizes)} aligned families")
            aligned = tuple(check_whole_number("aligned", n, 1, _MOST_ALIGNED) for n in sizes)
            return cls(**{**values, "columns": columns, "aligned": aligned})
        except (OptionError, KeyError, TypeError, ValueError) as error:
            raise DatasetError(f"its plan has a value that cannot be ({error!s:.200})") from None
