"""See, measure and trust what protein language models attend to.

The public names load on first use, so that ``import protvis`` itself costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from protvis.attention import (
        AttentionMaps,
        ablate_heads,
        attention_flow,
        categorical_jacobian,
        compare,
        compute_attention,
        compute_complex_attention,
        coupling_agreement,
        estimate_ablation,
        estimate_categorical_jacobian,
        find_link_heads,
        masked_marginals,
        scan_mutations,
    )
    from protvis.models import ProteinModel, load_model
    from protvis.reports import HeadReport, analyze, load_report
    from protvis.scene import OwnMap
    from protvis.structure import Chain, Structure, load_structure
    from protvis.widgets import AttentionExplorer, explore, explore_comparison, explore_flow

__version__ = "0.1.0"

_HOME = {
    "AttentionExplorer": "protvis.widgets",
    "AttentionMaps": "protvis.attention",
    "Chain": "protvis.structure",
    "HeadReport": "protvis.reports",
    "OwnMap": "protvis.scene",
    "ProteinModel": "protvis.models",
    "Structure": "protvis.structure",
    "ablate_heads": "protvis.attention",
    "analyze": "protvis.reports",
    "attention_flow": "protvis.attention",
    "categorical_jacobian": "protvis.attention",
    "compare": "protvis.attention",
    "compute_attention": "protvis.attention",
    "compute_complex_attention": "protvis.attention",
    "coupling_agreement": "protvis.attention",
    "estimate_ablation": "protvis.attention",
    "estimate_categorical_jacobian": "protvis.attention",
    "explore": "protvis.widgets",
    "explore_comparison": "protvis.widgets",
    "explore_flow": "protvis.widgets",
    "find_link_heads": "protvis.attention",
    "load_model": "protvis.models",
    "load_report": "protvis.reports",
    "load_structure": "protvis.structure",
    "masked_marginals": "protvis.attention",
    "scan_mutations": "protvis.attention",
}

__all__ = [
    "AttentionExplorer",
    "AttentionMaps",
    "Chain",
    "HeadReport",
    "OwnMap",
    "ProteinModel",
    "Structure",
    "ablate_heads",
    "analyze",
    "attention_flow",
    "categorical_jacobian",
    "compare",
    "compute_attention",
    "compute_complex_attention",
    "coupling_agreement",
    "estimate_ablation",
    "estimate_categorical_jacobian",
    "explore",
    "explore_comparison",
    "explore_flow",
    "find_link_heads",
    "load_model",
    "load_report",
    "load_structure",
    "masked_marginals",
    "scan_mutations",
]


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'protvis' has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
