"""What the comparisons of the two languages share."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[3]
JS = ROOT / "js"

Browser = Callable[[str, Any], Any]
"""Runs a piece of JavaScript on the browser's code and on an input, and returns what it gives."""


def as_text(encoded: dict[str, Any]) -> dict[str, Any]:
    """Return an encoded array with its bytes as text."""
    return {**encoded, "data": base64.b64encode(encoded["data"]).decode()}


def numbers(values: Any) -> np.ndarray:
    """Return numbers of JSON as an array; null is NaN."""
    return np.array(values, dtype=float)
