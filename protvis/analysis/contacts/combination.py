"""A logistic combination of all heads: attention as a prediction of contacts (Rao et al., 2021)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from protvis.analysis.contacts.precision import precision_over_proteins
from protvis.analysis.splits.families import Relatives
from protvis.attention.maps import AttentionMaps
from protvis.attention.transforms import apc
from protvis.datasets import Record, open_dataset
from protvis.errors import ModelError, OptionError
from protvis.inference.protein import read_protein
from protvis.input_file import read_file, user_path
from protvis.json_text import parse_json
from protvis.models.model_argument import as_model
from protvis.output_file import write_whole
from protvis.structure.contacts import CUTOFF, MIN_SEPARATION

if TYPE_CHECKING:
    import pandas as pd

    from protvis.models import ProteinModel

__all__ = ["HeadCombination", "load_combination"]

_FORMAT = "protvis head combination"
_VERSION = 1


@dataclass(frozen=True, eq=False)
class HeadCombination:
    """A fitted P(contact) = σ(b + Σ w_lh · APC(A_lh + A_lhᵀ)) for each pair of residues.

    Attributes
    ----------
    weights : float64 array (layer, head)
    intercept : float
    fitted_on : tuple of (str, str)
        Ids and sequences of the proteins it was fitted on.
    cutoff : float, Å
    min_separation : int
        The definition of a contact used in the fit. Pairs closer along the chain were not part of
        the fit.
    provenance : mapping of str to Any
        ``model``, ``data``, ``arguments``, ``versions``, ``date``; plain values.
    """

    weights: NDArray[np.float64]
    intercept: float
    fitted_on: tuple[tuple[str, str], ...]
    cutoff: float = CUTOFF
    min_separation: int = MIN_SEPARATION
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        weights = np.array(self.weights, dtype=np.float64)
        weights.setflags(write=False)
        object.__setattr__(self, "weights", weights)

    def __repr__(self) -> str:
        n_layers, n_heads = self.weights.shape
        return (
            f"<HeadCombination: {np.count_nonzero(self.weights)} of {n_layers} × {n_heads} heads "
            f"of {self.provenance.get('model', {}).get('model')!r}, fitted on "
            f"{len(self.fitted_on)} proteins>"
        )

    def predict(
        self,
        source: ProteinModel | str | PathLike[str] | AttentionMaps,
        sequence_or_chain: Any = None,
    ) -> NDArray[np.float32]:
        """Return the probability that each pair of residues is in contact.

        Parameters
        ----------
        source : ProteinModel, its name or path, or AttentionMaps
            The model it was fitted for, or raw attention of all its layers and heads.
        sequence_or_chain : str or protvis.structure.Chain
            What the model reads; leave it out if `source` is maps.

        Returns
        -------
        float32 array (residue, residue)
            Symmetric. Only one layer's attention is in memory at a time.

        Raises
        ------
        ModelError
            If it is a different model.
        OptionError
            If the maps are transformed, incomplete, or contain NaN.
        SequenceError
            If the model cannot read the sequence.
        """
        if isinstance(source, AttentionMaps):
            if sequence_or_chain is not None:
                raise OptionError("maps already belong to one protein: leave the sequence out")
            self._check_maps(source)
            return self._combine(source.n_residues, lambda add: _each_layer(source, add))
        if sequence_or_chain is None:
            raise OptionError("pass the sequence or chain that the model should read")
        protein = read_protein(source, sequence_or_chain)
        self._check_model(protein.model.provenance, (protein.model.n_layers, protein.model.n_heads))
        layers = [int(layer) + 1 for layer in np.flatnonzero(self.weights.any(axis=1))]

        def run(add: Callable[..., None]) -> None:
            if layers:
                protein.model.capture(protein.text, add, layers=layers)

        return self._combine(len(protein.sequence), run)

    def copy_of(self, sequence: str) -> str | None:
        """Return the protein of the fit that this one is related to, or None.

        On such a protein the combination looks better than it is.
        """
        return self._known.find(sequence)

    def evaluate(
        self,
        data: Any,
        model: ProteinModel | str | PathLike[str],
        *,
        limit: int | None = None,
        seed: int | None = None,
        max_residues: int | None = None,
        progress: bool = True,
    ) -> pd.DataFrame:
        """Return the contact precision on proteins that were not part of the fit.

        Proteins of the fit and their relatives are left out and listed in the ledger.

        Parameters
        ----------
        data : Dataset, or what `protvis.datasets.open_dataset` takes
        model : ProteinModel, str or path
            The model it was fitted for.
        limit, seed, max_residues, progress
            As for `protvis.analysis.evaluate_contact_precision`.

        Returns
        -------
        DataFrame
            ``range, top, precision, ci_low, ci_high, n_proteins, background``, as there;
            ``attrs["skipped"]`` lists (record, reason).

        Raises
        ------
        DatasetError
            If no protein is left.
        ModelError
            If it is a different model.
        """
        model = as_model(model)
        self._check_model(model.provenance, (model.n_layers, model.n_heads))
        fitted = {record_id for record_id, _ in self.fitted_on}

        def seen(record: Record) -> str | None:
            if record.record_id in fitted:
                return "it was fitted on"
            copy = self.copy_of(record.sequence)
            return None if copy is None else f"it is related to {copy}, which was fitted on"

        return precision_over_proteins(
            open_dataset(data),
            model,
            lambda record, pairs: pairs.score(self.predict(model, record.sequence)).precision,
            {},
            unfit=seen,
            cutoff=self.cutoff,
            limit=limit,
            seed=seed,
            max_residues=max_residues,
            progress=progress,
        )

    def save(self, path: str | PathLike[str]) -> None:
        """Write the combination to a JSON file; `load_combination` reads it.

        Parameters
        ----------
        path : path

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        content = {
            "format": _FORMAT,
            "version": _VERSION,
            "weights": self.weights.tolist(),
            "intercept": self.intercept,
            "cutoff": self.cutoff,
            "min_separation": self.min_separation,
            "fitted_on": [{"id": name, "sequence": text} for name, text in self.fitted_on],
            "provenance": dict(self.provenance),
        }
        write_whole(path, json.dumps(content, indent=1, ensure_ascii=False))

    @cached_property
    def _known(self) -> Relatives:
        return Relatives(*zip(*self.fitted_on, strict=True)) if self.fitted_on else Relatives()

    def _combine(
        self, n_residues: int, run: Callable[[Callable[..., None]], None]
    ) -> NDArray[np.float32]:
        logits = np.full((n_residues, n_residues), self.intercept)

        def add(layer: int, block: NDArray[np.float32], _: Any = None) -> None:
            for head in np.flatnonzero(self.weights[layer]):
                np.add(logits, self.weights[layer, head] * apc(block[head]), out=logits)

        run(add)
        if np.isnan(logits).any():
            raise OptionError(
                "these maps hold NaN (pairs that no window covers): a combination needs whole maps"
            )
        # Sums over rows and over columns round differently.
        logits = (logits + logits.T) / 2
        return (1 / (1 + np.exp(-logits))).astype(np.float32)

    def _check_maps(self, maps: AttentionMaps) -> None:
        n_layers, n_heads = self.weights.shape
        if "transform" in maps.provenance:
            raise OptionError(
                f"these maps are {maps.provenance['transform']!r}: a combination corrects raw "
                "attention itself"
            )
        complete = tuple(range(1, n_layers + 1)), tuple(range(1, n_heads + 1))
        if (maps.layers, maps.heads) != complete:
            raise OptionError(
                f"a combination of {n_layers} layers × {n_heads} heads needs maps of all of them "
                f"in order, got {maps!r}"
            )
        if maps.provenance:
            self._check_model(maps.provenance, (n_layers, n_heads))

    def _check_model(self, about: Mapping[str, Any], shape: tuple[int, int]) -> None:
        if shape != self.weights.shape:
            raise ModelError(
                f"this combination is for {_times(self.weights.shape)} heads, "
                f"{about.get('model')} has {_times(shape)}"
            )
        fitted = self.provenance.get("model", {})
        for key, what in (("weights_sha256", "weights"), ("id", "id")):
            ours, theirs = fitted.get(key), about.get(key)
            if ours is not None and theirs is not None:
                if ours != theirs:
                    raise ModelError(
                        f"this combination was fitted on {fitted.get('model')!r} ({what} "
                        f"{str(ours)[:12]}…), not on {about.get('model')!r} ({str(theirs)[:12]}…): "
                        "fit one for this model"
                    )
                # The same weights under another name are the same model.
                return


def _each_layer(maps: AttentionMaps, add: Callable[..., None]) -> None:
    for layer, block in enumerate(maps.values):
        add(layer, block)


def _times(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape))


def load_combination(path: str | PathLike[str]) -> HeadCombination:
    """Read a combination that `HeadCombination.save` wrote.

    Parameters
    ----------
    path : path

    Returns
    -------
    HeadCombination
        It gives exactly the same probabilities.

    Raises
    ------
    ModelError
        If the file cannot be read, or is not a head combination.
    """
    path = user_path(path)
    try:
        content = parse_json(read_file(path, ModelError))
    except ModelError:
        raise
    except ValueError as error:
        raise ModelError(f"{path} cannot be read as a head combination: {error}") from error
    if not isinstance(content, dict) or content.get("format") != _FORMAT:
        raise ModelError(f"{path} is not a head combination as HeadCombination.save writes it")
    if content.get("version") != _VERSION:
        raise ModelError(
            f"{path} is of version {content.get('version')!r}, this protvis reads {_VERSION}: "
            "update protvis"
        )
    try:
        return _combination(content)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise ModelError(f"{path} is damaged: {error!r:.200}") from error


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
