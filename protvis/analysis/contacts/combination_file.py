"""A head combination on disk: one JSON file, read without running anything that is in it."""

from __future__ import annotations

import json
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from protvis.analysis.contacts.combination import HeadCombination
from protvis.errors import ModelError
from protvis.output_file import write_whole

__all__ = ["load_combination", "write_combination"]

_FORMAT = "protvis head combination"
_VERSION = 1


def write_combination(combination: HeadCombination, path: str | PathLike[str]) -> None:
    """Write a combination; see `HeadCombination.save`."""
    content = {
        "format": _FORMAT,
        "version": _VERSION,
        "weights": combination.weights.tolist(),
        "intercept": combination.intercept,
        "cutoff": combination.cutoff,
        "min_separation": combination.min_separation,
        "fitted_on": [{"id": name, "sequence": text} for name, text in combination.fitted_on],
        "provenance": dict(combination.provenance),
    }
    write_whole(path, json.dumps(content, indent=1))


def load_combination(path: str | PathLike[str]) -> HeadCombination:
    """Read a combination that `HeadCombination.save` wrote.

    Parameters
    ----------
    path : path

    Returns
    -------
    HeadCombination
        It gives the very same probabilities.

    Raises
    ------
    ModelError
        If the file cannot be read, or is no such file.
    """
    path = Path(path).expanduser()
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read as a head combination: {error}") from error
    if not isinstance(content, dict) or content.get("format") != _FORMAT:
        raise ModelError(f"{path} is no head combination as HeadCombination.save writes it")
    if content.get("version") != _VERSION:
        raise ModelError(
            f"{path} is of version {content.get('version')!r}, this protvis reads {_VERSION}: "
            "update protvis"
        )
    try:
        return _combination(content)
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{path} is damaged: {error!r}") from error


def _combination(content: dict[str, Any]) -> HeadCombination:
    weights = np.array(content["weights"], dtype=np.float64)
    intercept = float(content["intercept"])
    if weights.ndim != 2 or not np.isfinite(weights).all() or not np.isfinite(intercept):
        raise ValueError("weights must be finite numbers (layer, head)")
    return HeadCombination(
        weights,
        intercept,
        tuple((str(one["id"]), str(one["sequence"])) for one in content["fitted_on"]),
        float(content["cutoff"]),
        int(content["min_separation"]),
        dict(content["provenance"]),
    )
