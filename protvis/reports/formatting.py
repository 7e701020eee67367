"""Numbers as tables for people have them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

__all__ = ["count", "interval", "model_name", "percent", "probability", "proteins", "ratio"]

NOTHING = "–"
"""Where there is no number."""


def count(number: int) -> str:
    """Return a whole number: 12,345."""
    return f"{number:,}"


def proteins(number: int) -> str:
    """Return a number of proteins: 1 protein, 1,418 proteins."""
    return f"{number:,} {'protein' if number == 1 else 'proteins'}"


def percent(fraction: float) -> str:
    """Return a fraction in percent, without the sign: 44.67."""
    return NOTHING if math.isnan(fraction) else f"{100 * fraction:.2f}"


def interval(low: float, high: float) -> str:
    """Return an interval of fractions in percent: 43.00 to 46.33."""
    return NOTHING if math.isnan(low) or math.isnan(high) else f"{percent(low)} to {percent(high)}"


def ratio(number: float) -> str:
    """Return a quotient, such as an enrichment: 35.28."""
    return NOTHING if math.isnan(number) else f"{number:.2f}"


def probability(p: float) -> str:
    """Return a p- or q-value: 0.012, <0.001; what is smaller leans on the tails of a model."""
    if math.isnan(p):
        return NOTHING
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def model_name(provenance: Mapping[str, Any]) -> str:
    """Return what to call a run's model: a folder by its name, not by where it lies."""
    model = provenance["model"]
    identity = str(model.get("id") or model["model"])
    named = model.get("revision") or identity.startswith("protvis/") or "/" not in model["model"]
    return str(model["model"]) if named else identity
