"""Attention of one protein with its names: which layer, which head, which residue."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from protvis.attention.link_frame import link_frame
from protvis.attention.selection import select_links
from protvis.attention.transforms import TRANSFORMS
from protvis.errors import LabelError, unknown_name
from protvis.keywords import check_keywords
from protvis.labels import MEAN
from protvis.structure.contacts import MIN_SEPARATION

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["AttentionMaps"]


class AttentionMaps:
    """Attention between the residues of one sequence.

    Parameters
    ----------
    values : float32 array (layer, head, query, key)
        ``values[l, h, i, j]`` is attention from residue i to residue j, residues only, rows not
        renormalised.
    special_mass : float32 array (layer, head, query)
        Attention each residue spends on special tokens.
    layers, heads : sequence of int
        The labels (counting from 1) along the first two axes.
    sequence : str
        One letter for each residue.
    residue_labels : sequence of str, optional
        A label for each residue; letter and number from 1 (``"M1"``) when None.
    chain : protvis.structure.Chain, optional
        The chain that gives the residues' positions in space.
    n_heads : int, optional
        How many heads each layer of the model has; the number in `values` when None.
    provenance : mapping, optional
        Where the numbers come from.
    notice : str, optional
        A notice to show wherever these maps are shown.
    offsets : sequence of int, default (0,)
        Index of the first residue of each chain, if the residues belong to several chains.

    Attributes
    ----------
    values, special_mass, sequence, chain, provenance, notice
        As given.
    layers, heads, offsets : tuple of int
    residue_labels : tuple of str

    Examples
    --------
    >>> import protvis
    >>> from protvis.data import TRYPSIN
    >>> chain = protvis.load_structure(TRYPSIN).chain("A")
    >>> maps = protvis.compute_attention("mini", chain)
    >>> maps.values.shape
    (5, 8, 223, 223)
    >>> maps.links(5, 3, top_k=2)[["query_label", "key_label", "contact"]]
      query_label key_label  contact
    0     A:ASN25   A:GLY19    False
    1     A:SER32   A:HIS40     True
    """

    def __init__(
        self,
        values: NDArray[Any],
        special_mass: NDArray[Any],
        *,
        layers: Sequence[int],
        heads: Sequence[int],
        sequence: str,
        residue_labels: Sequence[str] | None = None,
        chain: Any = None,
        n_heads: int | None = None,
        provenance: Mapping[str, Any] | None = None,
        notice: str | None = None,
        offsets: Sequence[int] = (0,),
    ) -> None:
        self.layers = tuple(int(layer) for layer in layers)
        self.heads = tuple(int(head) for head in heads)
        self.sequence = sequence
        self.residue_labels = (
            tuple(f"{letter}{number}" for number, letter in enumerate(sequence, 1))
            if residue_labels is None
            else tuple(residue_labels)
        )
        n = len(sequence)
        expected = (len(self.layers), len(self.heads), n, n)
        if np.shape(values) != expected or np.shape(special_mass) != expected[:3]:
            raise LabelError(
                f"values and special_mass must be {expected} and {expected[:3]} for "
                f"{len(self.layers)} layers, {len(self.heads)} heads and {n} residues, got "
                f"{np.shape(values)} and {np.shape(special_mass)}"
            )
        if len(self.residue_labels) != n:
            raise LabelError(f"{n} residues need {n} labels, got {len(self.residue_labels)}")
        self.offsets = tuple(int(offset) for offset in offsets)
        rising = all(a < b for a, b in itertools.pairwise((*self.offsets, max(n, 1))))
        if self.offsets[:1] != (0,) or not rising:
            raise LabelError(
                f"offsets must rise from 0 and stay below {n} residues, got {self.offsets}"
            )
        self.values = values
        self.special_mass = special_mass
        self.chain = chain
        self.provenance = dict(provenance or {})
        self.notice = notice
        self._n_heads = len(self.heads) if n_heads is None else n_heads

    def __repr__(self) -> str:
        return (
            f"<AttentionMaps: {len(self.layers)} layers × {len(self.heads)} heads over "
            f"{self.n_residues} residues>"
        )

    @property
    def n_residues(self) -> int:
        """The number of residues."""
        return len(self.sequence)

    @property
    def chain_of(self) -> NDArray[np.int64]:
        """Index of each residue's chain: 0 for all residues of the first chain."""
        return np.searchsorted(self.offsets, np.arange(self.n_residues), side="right") - 1

    @check_keywords
    def head(self, layer: int, head: int | str) -> NDArray[Any]:
        """Return the map (query, key) of one head, or a layer's mean map.

        Parameters
        ----------
        layer : int
            Label, counting from 1.
        head : int or "mean"
            Label, counting from 1, or the mean over all heads of the layer.

        Returns
        -------
        float32 array (query, key)
            A view of `values`, or a new array for ``"mean"``.

        Raises
        ------
        LabelError
            If these maps do not contain it; also for ``"mean"`` if heads are missing.
        """
        place = self._place(layer, self.layers, "layer")
        if isinstance(head, str) and head == MEAN:
            if len(self.heads) != self._n_heads:
                raise LabelError(
                    f"the mean over a layer's heads needs all {self._n_heads}, these maps hold "
                    f"{len(self.heads)}: compute them with heads=None"
                )
            return self.values[place].mean(axis=0, dtype=np.float64).astype(np.float32)
        return self.values[place, self._place(head, self.heads, "head")]

    @staticmethod
    def _place(label: object, labels: tuple[int, ...], what: str) -> int:
        if isinstance(label, int | np.integer) and not isinstance(label, bool) and label in labels:
            return labels.index(int(label))
        also = f" and {MEAN!r}" if what == "head" else ""
        raise LabelError(
            f"{what} {label!r} does not exist: these maps hold {what}s {_listed(labels)}{also} "
            "(labels count from 1)"
        )

    @check_keywords
    def transformed(self, name: str) -> AttentionMaps:
        """Return these maps after applying a transform: ``"symmetrized"`` or ``"apc"``.

        See `protvis.attention.transforms.TRANSFORMS` for formulas and sources. The mean over heads
        is then the mean of the transformed maps. The result is as large as the original.

        Raises
        ------
        LabelError
            If there is no such transform.
        """
        if name not in TRANSFORMS:
            raise LabelError(unknown_name("transform", name, TRANSFORMS))
        values = np.empty_like(self.values)
        for layer, head in np.ndindex(values.shape[:2]):
            values[layer, head] = TRANSFORMS[name].compute(self.values[layer, head])
        return self.with_values(values, provenance={**self.provenance, "transform": name})

    def with_values(
        self, values: NDArray[Any], special_mass: NDArray[Any] | None = None, **changes: Any
    ) -> AttentionMaps:
        """Return these maps with other values and everything else unchanged.

        Parameters
        ----------
        values : float32 array (layer, head, query, key)
            Of the same shape as the present values.
        special_mass : float32 array (layer, head, query), optional
            Unchanged when None.
        **changes
            Other arguments of `AttentionMaps` to change.

        Raises
        ------
        LabelError
            If shapes and labels disagree.
        """
        named: dict[str, Any] = {
            "layers": self.layers,
            "heads": self.heads,
            "sequence": self.sequence,
            "residue_labels": self.residue_labels,
            "chain": self.chain,
            "n_heads": self._n_heads,
            "provenance": self.provenance,
            "notice": self.notice,
            "offsets": self.offsets,
        }
        if special_mass is None:
            special_mass = self.special_mass
        return AttentionMaps(values, special_mass, **{**named, **changes})

    @check_keywords
    def links(
        self,
        layer: int,
        head: int | str,
        *,
        top_k: int | None = None,
        threshold: float | None = None,
        min_separation: int = MIN_SEPARATION,
        combine: str = "max",
    ) -> pd.DataFrame:
        """Return the links of one head, heaviest first.

        Parameters
        ----------
        layer : int
            Label, counting from 1.
        head : int or "mean"
            Label, or the mean over the layer's heads.
        top_k, threshold, min_separation, combine
            See `protvis.attention.select_links`. Separation has no meaning between chains, so
            `min_separation` does not apply to pairs of different chains.

        Returns
        -------
        DataFrame
            Columns ``query``, ``key`` (residue indices), ``query_label``, ``key_label``,
            ``weight``; with a chain also ``distance`` (Cβ–Cβ, Å, NaN where a residue has no
            coordinates) and ``contact`` (closer than 8 Å and at least 6 residues apart).

        Raises
        ------
        LabelError
            If these maps do not contain the head.
        OptionError
            If an option of the selection has an invalid value.
        """
        found = select_links(
            self.head(layer, head),
            top_k=top_k,
            threshold=threshold,
            min_separation=min_separation,
            combine=combine,
            offsets=self.offsets if len(self.offsets) > 1 else (),
        )
        return link_frame(*found, self.residue_labels, self.chain)


def _listed(labels: tuple[int, ...]) -> str:
    if len(labels) > 1 and labels == tuple(range(labels[0], labels[-1] + 1)):
        return f"{labels[0]} to {labels[-1]}"
    return ", ".join(map(str, labels))
