"""Tracks: one value per residue of a chain, with a name, a kind and a source.

A track is what the explorer shows under the sequence and what heads are scored against. Each kind
is a class, which says what it can be asked for, and how it is counted, joined and sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from protvis.errors import AnnotationError, unknown_name

if TYPE_CHECKING:
    pass

__all__ = [
    "NumberTrack",
    "PairTrack",
    "RangeTrack",
    "SiteTrack",
    "StateTrack",
    "Track",
]


@dataclass(frozen=True, eq=False)
class Track:
    """One value per residue: a `SiteTrack`, `StateTrack`, `NumberTrack` or `RangeTrack`.

    ``Track(name, kind, values, source)`` creates one of the given kind.

    Attributes
    ----------
    name : str
        What is shown, such as ``"binding site"``.
    kind : str
        ``"state"``, ``"site"``, ``"number"`` or ``"range"``.
    values : (n_residues,) array
        Letters (``state``), bool (``site``), float32 (``number``, NaN where unknown) or int32
        (``range``, index into `names`, −1 for none).
    source : str
        Where the values come from: the file's records, a program, a database.
    legend : mapping of str to str
        For states: what each letter means. For ranges: empty; see `names`.
    names : tuple of str
        For ranges: the name of each stretch.
    unit : str
        For numbers: the unit, "" where there is none.
    notes : mapping of int to str
        Notes on individual residues, by index.

    Raises
    ------
    AnnotationError
        If the kind is none of these, or the values do not fit it.
    """

    name: str
    kind: str
    values: NDArray[Any]
    source: str
    legend: Mapping[str, str] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    unit: str = ""
    notes: Mapping[int, str] = field(default_factory=dict)

    dtype: ClassVar[np.dtype[Any]]
    """Type of the values."""
    none: ClassVar[Any]
    """The value of residues of which the track says nothing."""

    def __new__(cls, name: str = "", kind: str = "", *_: Any, **__: Any) -> Track:
        """Return a track of the class that `kind` names."""
        if cls is Track:
            if kind not in _CLASSES:
                message = unknown_name("kind", kind, _CLASSES)
                raise AnnotationError(f"track {name!r}: {message}")
            return super().__new__(_CLASSES[kind])
        return super().__new__(cls)

    def __post_init__(self) -> None:
        _check_name(self.name)
        if _CLASSES.get(self.kind) is not type(self):
            raise AnnotationError(
                f"track {self.name!r}: a {type(self).__name__} is not of kind {self.kind!r}"
            )
        raw = list(self.values) if isinstance(self.values, str) else self.values
        try:
            with np.errstate(over="ignore"):
                values = np.array(raw, dtype=self.dtype)
        except (TypeError, ValueError, OverflowError) as error:
            raise AnnotationError(
                f"track {self.name!r} is of kind {self.kind!r}, but its values are not: {error}"
            ) from error
        if values.ndim != 1:
            raise AnnotationError(
                f"track {self.name!r} needs one value per residue, got shape {values.shape}"
            )
        self._check_kept(np.asarray(raw, dtype=object), values)
        values.setflags(write=False)
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "legend", MappingProxyType(dict(self.legend)))
        object.__setattr__(self, "notes", MappingProxyType(dict(self.notes)))

    def _check_kept(self, given: NDArray[np.object_], kept: NDArray[Any]) -> None:
        """Refuse what NumPy would change: "False" to true, "HELIX" to "H", 1e39 to infinity."""
        changed = np.isinf(kept) if kept.dtype.kind == "f" else np.asarray(given != kept)
        if changed.any():
            place = int(np.argmax(changed))
            raise AnnotationError(
                f"track {self.name!r} is of kind {self.kind!r}, but its values are not: value "
                f"{place}, from 0, is {given[place]!r:.60}"
            )

    def __len__(self) -> int:
        return len(self.values)

    def __reduce__(self) -> tuple[Any, ...]:
        return Track, (self.name, self.kind, self.values, self.source, dict(self.legend),
                       self.names, self.unit, dict(self.notes))  # fmt: skip

    @property
    def questions(self) -> tuple[str | None, ...]:
        """What `mask` can be asked for, None for the property as such."""
        return (None,)

    @property
    def value_names(self) -> tuple[str, ...]:
        """The names of its values, in words; ``("",)`` for the property as such."""
        return ("",)

    def mask(self, state: str | None = None) -> NDArray[np.bool_]:
        """Return which residues have the property.

        Parameters
        ----------
        state : str, optional
            For states: which letter. For ranges: which name (all stretches of that name); any
            stretch by default.

        Returns
        -------
        (n_residues,) bool array

        Raises
        ------
        AnnotationError
            If the track is of numbers, or has no such state.
        """
        raise NotImplementedError

    def named(self, value: str) -> NDArray[np.bool_]:
        """Return which residues have a value, called as in `value_names`."""
        return self.mask(value or None)

    def pairs(self, state: str | None = None) -> NDArray[np.float64]:
        """Return the value of every (query, key) pair: the key's, 1 or 0 or for numbers the number.

        Returns
        -------
        (n_residues, n_residues) float64 array, read-only
        """
        values = self.mask(state).astype(np.float64)
        return np.broadcast_to(values, (len(self), len(self)))

    def codes(self) -> NDArray[Any]:
        """Return the values as numbers, as they cross to the browser."""
        return self.values

    @property
    def summary(self) -> str:
        """A note on the track as a whole, "" if there is none."""
        return ""

    def is_same(self, other: Track | PairTrack) -> bool:
        """Return whether another track says the same about the same residues."""
        return (
            isinstance(other, type(self))
            and self.names == other.names
            and np.array_equal(self.values, other.values, equal_nan=self.dtype.kind == "f")
        )


class SiteTrack(Track):
    """Whether each residue belongs to something: a binding site, a modification."""

    dtype, none = np.dtype(bool), False

    def mask(self, state: str | None = None) -> NDArray[np.bool_]:
        """Return the residues that belong to it."""
        return self.values.copy()

    def codes(self) -> NDArray[np.uint8]:
        """Return 1 or 0 for each residue."""
        return self.values.astype(np.uint8)

    @property
    def summary(self) -> str:
        """How many residues belong to it."""
        return f"{int(self.values.sum())} residues"


class StateTrack(Track):
    """One letter per residue out of a few, such as helix, strand or neither."""

    dtype, none = np.dtype("U1"), "-"

    @property
    def letters(self) -> list[str]:
        """The letters there are, in the values or the legend, sorted."""
        return sorted(set(self.values.tolist()) | set(self.legend))

    @property
    def questions(self) -> tuple[str | None, ...]:
        """Its letters."""
        return tuple(self.letters)

    @property
    def value_names(self) -> tuple[str, ...]:
        """What its letters mean, those of the legend first."""
        letters = [*self.legend, *sorted(set(self.values.tolist()) - set(self.legend))]
        return tuple(self.legend.get(letter, letter) for letter in letters)

    def mask(self, state: str | None = None) -> NDArray[np.bool_]:
        """Return which residues are in a state, called by its letter or its meaning (strand)."""
        known = [*self.letters, *self.legend.values()]
        if state is None or state not in known:
            raise AnnotationError(f"track {self.name!r}: {unknown_name('state', state, known)}")
        return self.values == state if state in self.letters else self.named(state)

    def named(self, value: str) -> NDArray[np.bool_]:
        """Return which residues have a letter of that meaning, or else that letter."""
        letters = [letter for letter, name in self.legend.items() if name == value] or [value]
        return np.isin(self.values, letters)

    def codes(self) -> NDArray[np.uint8]:
        """Return the place of each residue's letter among the `letters`."""
        return np.searchsorted(self.letters, self.values).astype(np.uint8)


class NumberTrack(Track):
    """A number per residue, NaN where unknown."""

    dtype, none = np.dtype(np.float32), np.nan

    def mask(self, state: str | None = None) -> NDArray[np.bool_]:
        """Refuse, since numbers have no yes or no."""
        raise AnnotationError(
            f"track {self.name!r} is of numbers; compare its `values` with a threshold"
        )

    def pairs(self, state: str | None = None) -> NDArray[np.float64]:
        """Return the number at the key of every pair."""
        return np.broadcast_to(self.values.astype(np.float64), (len(self), len(self)))

    @property
    def summary(self) -> str:
        """The smallest and the largest number, with the unit."""
        known = self.values[np.isfinite(self.values)]
        if not known.size:
            return ""
        return f"{known.min():.3g} to {known.max():.3g} {self.unit}".strip()


class RangeTrack(Track):
    """Which of several named stretches each residue lies in, such as domains; −1 for none."""

    dtype, none = np.dtype(np.int32), -1

    def __post_init__(self) -> None:
        super().__post_init__()
        values = self.values
        if values.size and not (values.min() >= -1 and values.max() < len(self.names)):
            raise AnnotationError(f"track {self.name!r} has ranges without a name")

    @property
    def questions(self) -> tuple[str | None, ...]:
        """None for any stretch, and the names."""
        return (None, *dict.fromkeys(self.names))

    @property
    def value_names(self) -> tuple[str, ...]:
        """The names of the stretches."""
        return tuple(dict.fromkeys(self.names))

    def mask(self, state: str | None = None) -> NDArray[np.bool_]:
        """Return which residues lie in stretches of a name, or in any."""
        if state is None:
            return self.values >= 0
        if state not in self.names:
            message = unknown_name("range", state, set(self.names))
            raise AnnotationError(f"track {self.name!r}: {message}")
        return self.named(state)

    def named(self, value: str) -> NDArray[np.bool_]:
        """Return which residues lie in stretches of a name."""
        wanted = [index for index, name in enumerate(self.names) if name == value]
        return np.isin(self.values, wanted)

    def texts(self) -> list[str]:
        """Return the name of each residue's stretch, "" outside."""
        return [self.names[index] if index >= 0 else "" for index in self.values.tolist()]


_CLASSES: dict[str, type[Track]] = {
    "state": StateTrack, "site": SiteTrack, "number": NumberTrack, "range": RangeTrack,
}  # fmt: skip


def _check_name(name: object) -> None:
    if not isinstance(name, str) or not name:
        raise AnnotationError(f"a track needs a name, which is a text, got {name!r:.60}")


@dataclass(frozen=True, eq=False)
class PairTrack:
    """A property of pairs of residues, such as a disulfide bond.

    Attributes
    ----------
    name : str
    values : (n_residues, n_residues) bool array
        Symmetric.
    source : str

    Raises
    ------
    AnnotationError
        If the matrix is not square, or not symmetric.
    """

    name: str
    values: NDArray[np.bool_]
    source: str

    def __post_init__(self) -> None:
        _check_name(self.name)
        values = np.array(self.values)
        if values.dtype != bool:
            raise AnnotationError(
                f"pair track {self.name!r} needs a boolean matrix, got {values.dtype}"
            )
        if values.ndim != 2 or values.shape[0] != values.shape[1]:
            raise AnnotationError(
                f"pair track {self.name!r} needs a square matrix, got shape {values.shape}"
            )
        if not (values == values.T).all():
            raise AnnotationError(f"pair track {self.name!r} must be symmetric")
        values.setflags(write=False)
        object.__setattr__(self, "values", values)

    def __len__(self) -> int:
        return len(self.values)

    @property
    def kind(self) -> str:
        """``"pair"``."""
        return "pair"

    @property
    def questions(self) -> tuple[str | None, ...]:
        """None: the property as such."""
        return (None,)

    @property
    def value_names(self) -> tuple[str, ...]:
        """``("pair",)``."""
        return ("pair",)

    def pairs(self, state: str | None = None) -> NDArray[np.float64]:
        """Return 1 for every pair that has the property, 0 for the others."""
        return self.values.astype(np.float64)

    def codes(self) -> NDArray[np.uint8]:
        """Return the rows as bits, eight pairs in a byte, as they cross to the browser."""
        return np.packbits(self.values, axis=1)

    def is_same(self, other: Track | PairTrack) -> bool:
        """Return whether another track says the same about the same pairs."""
        return isinstance(other, PairTrack) and np.array_equal(self.values, other.values)
