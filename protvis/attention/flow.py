"""How much can pass from one residue to another through the layers, and along which path."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from protvis.attention.layer_mixing import mixing_steps
from protvis.attention.maps import AttentionMaps
from protvis.keywords import check_keywords
from protvis.labels import find_residue
from protvis.memory import check_memory

if TYPE_CHECKING:
    import pandas as pd
    from scipy.sparse import csr_array

__all__ = ["AttentionFlow", "attention_flow"]

BYTES_PER_EDGE = 80
"""Memory that the network takes at most, measured from 5 to 24 layers and 200 to 400 residues."""


UNITS = 10**9
"""Capacities are whole numbers of so many parts of 1; a residue's flow still fits 32 bits."""


@dataclass(frozen=True)
class AttentionFlow:
    """The attention flow from a residue at the last layer down to a residue of the input.

    Attributes
    ----------
    maps : AttentionMaps
    query, key : int
        Residue indices, at the last layer and at the input.
    value : float
        The largest flow, at most 1.
    rollout : float
        The input residue's share in attention rollout: the sum over all paths of the product of
        their weights, whereas `value` is how much fits through all of them at once.
    steps : tuple of float64 array (query, key)
        The mixing matrix of each layer, from the first.
    """

    maps: AttentionMaps
    query: int
    key: int
    value: float
    rollout: float
    steps: tuple[NDArray[Any], ...]
    _flows: csr_array

    def __repr__(self) -> str:
        labels = self.maps.residue_labels
        return f"<AttentionFlow {labels[self.query]} → {labels[self.key]}: {self.value:.3g}>"

    def links(self) -> pd.DataFrame:
        """Return the flow between residues in each layer, the last layer first.

        This is one flow of this value; there may be others.

        Returns
        -------
        DataFrame
            Columns ``layer, query, key, query_label, key_label, flow``; within a layer the largest
            flow first. Where query and key are the same, it is what stays at that residue.
        """
        import pandas as pd

        n, labels = self.maps.n_residues, self.maps.residue_labels
        flows = self._flows.tocoo()
        forward = flows.data > 0
        source, target = flows.row[forward], flows.col[forward]
        frame = pd.DataFrame(
            {
                "layer": source // n,
                "query": source % n,
                "key": target % n,
                "query_label": [labels[index] for index in source % n],
                "key_label": [labels[index] for index in target % n],
                "flow": flows.data[forward] / UNITS,
            }
        )
        return frame.sort_values(
            ["layer", "flow", "query", "key"],
            ascending=[False, False, True, True],
            ignore_index=True,
        )

    def matrix(self) -> NDArray[Any]:
        """Return the flow between different residues, summed over layers, ready for ``maps=``.

        Returns
        -------
        float32 array (query, key)
            The same flow as in `links`.
        """
        found = np.zeros((self.maps.n_residues,) * 2, dtype=np.float32)
        links = self.links()
        moving = links[links["query"] != links["key"]]
        np.add.at(found, (moving["query"], moving["key"]), moving["flow"])
        return found

    def path_matrix(self) -> NDArray[Any]:
        """Return the weights of the strongest path's steps between residues, ready for ``maps=``.

        Returns
        -------
        float32 array (query, key)
            0 off the path; the largest weight where the path goes between two residues more than
            once.
        """
        found = np.zeros((self.maps.n_residues,) * 2, dtype=np.float32)
        path = self.path()
        moving = path[path["query"] != path["key"]]
        np.maximum.at(found, (moving["query"], moving["key"]), moving["weight"])
        return found

    @cached_property
    def _best(self) -> list[NDArray[Any]]:
        """The largest product from each residue of each level down to the input residue."""
        best = [np.where(np.arange(self.maps.n_residues) == self.key, 1.0, 0.0)]
        for step in self.steps:
            best.append((step * best[-1]).max(axis=1))
        return best

    @property
    def path_share(self) -> float:
        """Product of the weights along the strongest path, its contribution to `rollout`."""
        return float(self._best[-1][self.query])

    def path(self) -> pd.DataFrame:
        """Return the strongest path, the one whose weights have the largest product.

        Returns
        -------
        DataFrame
            One row for each layer, the last first: ``layer, query, key, query_label, key_label``,
            ``weight`` (of the layer's mean with the residual connection, rows scaled to 1), and
            ``head``, the head that attends most from query to key, with its ``attention``. Where
            query and key are the same, most of the weight is the residual connection.
        """
        import pandas as pd

        labels, here = self.maps.residue_labels, self.query
        rows = []
        for level in range(len(self.steps), 0, -1):
            step = self.steps[level - 1]
            there = int(np.argmax(step[here] * self._best[level - 1]))
            attention = self.maps.values[level - 1, :, here, there]
            head = int(np.argmax(attention))
            rows.append(
                (
                    level,
                    here,
                    there,
                    labels[here],
                    labels[there],
                    step[here, there],
                    self.maps.heads[head],
                    float(attention[head]),
                )
            )
            here = there
        names = ["layer", "query", "key", "query_label", "key_label", "weight", "head", "attention"]
        return pd.DataFrame(rows, columns=names)


@check_keywords
def attention_flow(maps: AttentionMaps, query: str, key: str) -> AttentionFlow:
    """Compute the maximum flow of attention between two residues.

    Each layer's mean over heads plus the identity, rows scaled to 1, is a network from the
    residues of one level to those of the level below, whose weights are capacities; the flow is the
    maximum flow through it from `query` at the last layer to `key` at the input (Abnar & Zuidema,
    ACL 2020). As in `protvis.attention.rollout`, special tokens are left out before rows are
    scaled, so nothing flows through them. Capacities are rounded to 1e-9.

    The network has n_layers × n_residues² edges of about 80 bytes each: 33 layers and 500 residues
    take seconds and 0.7 GB.

    Parameters
    ----------
    maps : AttentionMaps
        Maps of all layers from the first on, and all heads.
    query, key : str
        Residue labels, such as ``"A:SER195"``.

    Returns
    -------
    AttentionFlow

    Raises
    ------
    LabelError
        If there is no such residue, or layers or heads are missing.
    AttentionMemoryError
        Before the network is built, if it would not fit into memory.

    Examples
    --------
    >>> import protvis
    >>> from protvis.data import TRYPSIN
    >>> chain = protvis.load_structure(TRYPSIN).chain("A")
    >>> maps = protvis.compute_attention("mini", chain)
    >>> protvis.attention_flow(maps, "A:HIS57", "A:SER195")
    <AttentionFlow A:HIS57 → A:SER195: 0.431>
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import maximum_flow

    i, j = (find_residue(label, maps.residue_labels, maps.chain) for label in (query, key))
    check_memory(
        BYTES_PER_EDGE * len(maps.layers) * maps.n_residues**2,
        f"the network of {len(maps.layers)} layers and {maps.n_residues} residues",
        "cut the sequence to a domain, or look at rollout, which needs no network",
    )
    steps = tuple(mixing_steps(maps))
    n, top = maps.n_residues, len(steps)
    sources, targets, capacities = [], [], []
    for level, step in enumerate(steps, 1):
        units = np.rint(step * UNITS).astype(np.int32)
        # Only what the top residue sees, and what reaches the bottom one, can carry anything.
        if level == top:
            units[np.arange(n) != i] = 0
        if level == 1:
            units[:, np.arange(n) != j] = 0
        source, target = np.nonzero(units)
        sources.append(level * n + source)
        targets.append((level - 1) * n + target)
        capacities.append(units[source, target])
    shape = ((top + 1) * n, (top + 1) * n)
    places = (np.concatenate(sources), np.concatenate(targets))
    graph = coo_array((np.concatenate(capacities), places), shape=shape).tocsr()
    found = maximum_flow(graph, top * n + i, j)
    reach = np.zeros(n)
    reach[i] = 1.0
    for step in reversed(steps):
        reach = reach @ step
    return AttentionFlow(maps, i, j, found.flow_value / UNITS, float(reach[j]), steps, found.flow)
