"""Weights inside installed Python packages, which are found and never imported."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Wheel", "find_wheel", "wheel_version"]


@dataclass(frozen=True)
class Wheel:
    """A Python package that holds a checkpoint's weights.

    Attributes
    ----------
    package : str
        The package's import name.
    weights : str
        The file with the weights, relative to the package.
    install : str
        How to install it.
    """

    package: str
    weights: str
    install: str


def find_wheel(wheel: Wheel) -> Path | None:
    """Return the file with the weights, or None if the package is not installed or has none."""
    try:
        found = importlib.util.find_spec(wheel.package)
    except (ImportError, ValueError):
        return None
    for folder in (found.submodule_search_locations or ()) if found else ():
        weights = Path(folder) / wheel.weights
        if weights.is_file():
            return weights
    return None


def wheel_version(wheel: Wheel) -> str:
    """Return the version of an installed package."""
    try:
        return importlib.metadata.version(wheel.package)
    except importlib.metadata.PackageNotFoundError:
        return "of unknown version"
