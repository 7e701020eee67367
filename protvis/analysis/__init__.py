"""The statistics of heads: features, counting, significance, calibration, probes.

The names load on first use. `protvis.analyze` runs it all and gives a report.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from protvis.analysis.amino_acids import amino_acid_similarity, compare_substitution
    from protvis.analysis.combination import HeadCombination
    from protvis.analysis.combination_file import load_combination
    from protvis.analysis.combination_fit import fit_combination
    from protvis.analysis.counters import Counters
    from protvis.analysis.features import columns_of
    from protvis.analysis.layers import center_of_gravity
    from protvis.analysis.plan import Plan
    from protvis.analysis.precision import contact_precision, evaluate_contact_precision
    from protvis.analysis.probes import probe
    from protvis.analysis.result import Result
    from protvis.analysis.running import count_dataset

_HOME = {
    "Counters": "protvis.analysis.counters",
    "HeadCombination": "protvis.analysis.combination",
    "Plan": "protvis.analysis.plan",
    "Result": "protvis.analysis.result",
    "amino_acid_similarity": "protvis.analysis.amino_acids",
    "center_of_gravity": "protvis.analysis.layers",
    "columns_of": "protvis.analysis.features",
    "compare_substitution": "protvis.analysis.amino_acids",
    "contact_precision": "protvis.analysis.precision",
    "count_dataset": "protvis.analysis.running",
    "evaluate_contact_precision": "protvis.analysis.precision",
    "fit_combination": "protvis.analysis.combination_fit",
    "load_combination": "protvis.analysis.combination_file",
    "probe": "protvis.analysis.probes",
}

__all__ = [
    "Counters",
    "HeadCombination",
    "Plan",
    "Result",
    "amino_acid_similarity",
    "center_of_gravity",
    "columns_of",
    "compare_substitution",
    "contact_precision",
    "count_dataset",
    "evaluate_contact_precision",
    "fit_combination",
    "load_combination",
    "probe",
]


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'protvis.analysis' has no attribute {name!r}")
    # A module of the same name as what it holds is set here by its own import.
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
