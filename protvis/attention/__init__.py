"""Named attention arrays, transforms and links; NumPy only.

The names load on first use; none of them brings in torch until a model is loaded.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from protvis.attention.ablation import AblationResult, ablate_heads, estimate_ablation
    from protvis.attention.agreement import CouplingAgreement, coupling_agreement
    from protvis.attention.carriers import find_link_heads
    from protvis.attention.collecting import compute_attention
    from protvis.attention.comparing import compare
    from protvis.attention.comparison import Comparison
    from protvis.attention.complexes import compute_complex_attention
    from protvis.attention.estimates import PassEstimate
    from protvis.attention.flow import AttentionFlow, attention_flow
    from protvis.attention.jacobian import (
        JacobianEstimate,
        categorical_jacobian,
        estimate_categorical_jacobian,
    )
    from protvis.attention.maps import AttentionMaps
    from protvis.attention.marginals import MaskedMarginals, masked_marginals
    from protvis.attention.mutation_scan import MutationScan, scan_mutations
    from protvis.attention.noise import NoiseLevel
    from protvis.attention.scores import score_head_block
    from protvis.attention.selection import SelectedLinks, select_links
    from protvis.attention.transforms import apc, best_heads, mean_of_heads, rollout, symmetrize

_HOME = {
    "AblationResult": "protvis.attention.ablation",
    "AttentionFlow": "protvis.attention.flow",
    "AttentionMaps": "protvis.attention.maps",
    "Comparison": "protvis.attention.comparison",
    "CouplingAgreement": "protvis.attention.agreement",
    "JacobianEstimate": "protvis.attention.jacobian",
    "MaskedMarginals": "protvis.attention.marginals",
    "MutationScan": "protvis.attention.mutation_scan",
    "NoiseLevel": "protvis.attention.noise",
    "PassEstimate": "protvis.attention.estimates",
    "SelectedLinks": "protvis.attention.selection",
    "ablate_heads": "protvis.attention.ablation",
    "apc": "protvis.attention.transforms",
    "attention_flow": "protvis.attention.flow",
    "best_heads": "protvis.attention.transforms",
    "categorical_jacobian": "protvis.attention.jacobian",
    "compare": "protvis.attention.comparing",
    "compute_attention": "protvis.attention.collecting",
    "compute_complex_attention": "protvis.attention.complexes",
    "coupling_agreement": "protvis.attention.agreement",
    "estimate_ablation": "protvis.attention.ablation",
    "estimate_categorical_jacobian": "protvis.attention.jacobian",
    "find_link_heads": "protvis.attention.carriers",
    "masked_marginals": "protvis.attention.marginals",
    "mean_of_heads": "protvis.attention.transforms",
    "rollout": "protvis.attention.transforms",
    "scan_mutations": "protvis.attention.mutation_scan",
    "score_head_block": "protvis.attention.scores",
    "select_links": "protvis.attention.selection",
    "symmetrize": "protvis.attention.transforms",
}

__all__ = [
    "AblationResult",
    "AttentionFlow",
    "AttentionMaps",
    "Comparison",
    "CouplingAgreement",
    "JacobianEstimate",
    "MaskedMarginals",
    "MutationScan",
    "NoiseLevel",
    "PassEstimate",
    "SelectedLinks",
    "ablate_heads",
    "apc",
    "attention_flow",
    "best_heads",
    "categorical_jacobian",
    "compare",
    "compute_attention",
    "compute_complex_attention",
    "coupling_agreement",
    "estimate_ablation",
    "estimate_categorical_jacobian",
    "find_link_heads",
    "masked_marginals",
    "mean_of_heads",
    "rollout",
    "scan_mutations",
    "score_head_block",
    "select_links",
    "symmetrize",
]


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'protvis.attention' has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
