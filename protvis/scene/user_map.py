"""A map supplied by the user, with what has to be known to show it correctly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from protvis.checks import check_number
from protvis.errors import OptionError
from protvis.scene.map_kind import MapKind

__all__ = ["OwnMap", "check_matrix", "matrix_kind"]


@dataclass(frozen=True)
class OwnMap:
    """A map of your own, for ``maps=`` of `protvis.explore`, where a bare matrix is not enough.

    Attributes
    ----------
    values : array (n_residues, n_residues)
        From query to key; NaN where nothing is known, such as for a residue without a partner.
    difference : bool
        Whether its values are gains and losses: links are then the strongest of either sign, and no
        contact precision is computed.
    noise : float, optional
        For differences: absolute values up to this are noise, and their links are grey.
    unit : str, optional
        What its values are called; by default the map's name, or ``"|Δ|"`` for differences.
    formula : str
        How it was computed, in one line.

    Examples
    --------
    >>> import protvis
    >>> from protvis.data import TRYPSIN
    >>> chain = protvis.load_structure(TRYPSIN).chain("A")
    >>> closeness = 1 / (1 + chain.distance_map())
    >>> own = protvis.OwnMap(closeness, unit="1/Å")
    >>> own.difference
    False
    """

    values: Any
    difference: bool = False
    noise: float | None = None
    unit: str | None = None
    formula: str = "given by the user"


def matrix_kind(name: str, given: Any = None) -> MapKind:
    """Return the kind of a map supplied by the user, a bare matrix or an `OwnMap`.

    Raises
    ------
    OptionError
        If its noise is invalid.
    """
    own = given if isinstance(given, OwnMap) else OwnMap(None)
    noise = None
    if own.noise is not None:
        noise = check_number(f"map {name!r}: noise", own.noise, 0)
        if not own.difference:
            raise OptionError(f"map {name!r}: only a difference has noise; set difference=True")
    return MapKind(
        name,
        name,
        own.unit or ("|Δ|" if own.difference else name),
        own.formula,
        layout="one",
        signed=True,
        difference=own.difference,
        noise=noise,
    )


def check_matrix(name: str, matrix: Any, n_residues: int) -> NDArray[np.float32]:
    """Return the values of a map supplied by the user as float32 (residue, residue).

    Raises
    ------
    OptionError
        If its shape or a value does not fit.
    """
    try:
        given = matrix.values if isinstance(matrix, OwnMap) else matrix
        if np.iscomplexobj(given):
            raise TypeError
        values = np.asarray(given, dtype=np.float32)
    except (TypeError, ValueError):
        raise OptionError(f"map {name!r} must be a matrix of numbers") from None
    if values.shape != (n_residues, n_residues):
        raise OptionError(
            f"map {name!r} must be ({n_residues}, {n_residues}), one row and column per residue, "
            f"got {values.shape}"
        )
    if np.isinf(values).any():
        raise OptionError(f"map {name!r} holds infinite values")
    return values
