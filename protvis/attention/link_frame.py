"""Links as a table: the columns every list of links has, wherever it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

    from protvis.structure import Chain

__all__ = ["link_frame"]


def link_frame(
    query: NDArray[Any],
    key: NDArray[Any],
    weight: NDArray[Any],
    labels: Sequence[str],
    chain: Chain | None = None,
) -> pd.DataFrame:
    """Return links as a DataFrame, one row each, in the order given.

    Parameters
    ----------
    query, key : int arrays (n_links,)
        Residue indices.
    weight : float array (n_links,)
    labels : sequence of str
        One per residue.
    chain : Chain, optional

    Returns
    -------
    DataFrame
        Columns ``query, key, query_label, key_label, weight``; with a chain also ``distance``
        (Cβ–Cβ, Å, NaN where a residue has no coordinates) and ``contact`` (closer than 8 Å and at
        least 6 residues apart; nullable, unknown where a residue has no coordinates).
    """
    import pandas as pd

    names = np.asarray(labels, dtype=object)
    columns = {
        "query": query,
        "key": key,
        "query_label": names[query],
        "key_label": names[key],
        "weight": weight,
    }
    if chain is not None:
        distance = np.asarray(chain.distance_map())[query, key]
        columns["distance"] = distance
        columns["contact"] = pd.arrays.BooleanArray(
            np.asarray(chain.contact_map())[query, key], np.isnan(distance)
        )
    return pd.DataFrame(columns)
