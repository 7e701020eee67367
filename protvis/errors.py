"""The errors of protvis: each is a `ProtvisError` and the fitting built-in exception.

A message says what was expected, what came, where, and what to do next.
"""

from __future__ import annotations

import difflib
import sys
import warnings
from collections.abc import Iterable

__all__ = [
    "AnnotationError",
    "AttentionMemoryError",
    "DatasetError",
    "LabelError",
    "ModelError",
    "ModelUnavailableError",
    "ModelWarning",
    "OptionError",
    "OutputError",
    "ProtvisError",
    "ProtvisWarning",
    "ResumeError",
    "SequenceError",
    "StageError",
    "StructureError",
    "StructureTypeError",
    "StructureUnavailableError",
    "StructureWarning",
    "near_names",
    "unknown_name",
    "warn_caller",
]

_PACKAGE = __file__.removesuffix("errors.py")


_MAX_LETTERS = 1500


class ProtvisError(Exception):
    """Base class of all errors that protvis raises deliberately.

    Messages quote names and values from files; one that quotes too much is cut in the middle.
    """

    def __str__(self) -> str:
        text = super().__str__()
        if len(text) <= _MAX_LETTERS:
            return text
        return f"{text[: _MAX_LETTERS - 500]} … {text[-490:]}"


class StructureError(ProtvisError, ValueError):
    """A structure file or object does not yield protein chains."""


class StructureTypeError(StructureError, TypeError):
    """What was given is of no type that structures are read from."""


class StructureUnavailableError(StructureError, OSError):
    """A structure id is neither cached nor reachable over the network."""


class ProtvisWarning(UserWarning):
    """Base of every warning about what protvis was given; one category to catch them by."""


class StructureWarning(ProtvisWarning):
    """A structure was read, but has something the user should know about."""


class AnnotationError(ProtvisError, ValueError):
    """An annotation of residues cannot be read, or does not fit the chain."""


class DatasetError(ProtvisError, ValueError):
    """A data set or one of its records cannot be read, or lacks what was requested."""


class LabelError(ProtvisError, LookupError, ValueError):
    """A layer, head, chain or residue label matches nothing."""


class OptionError(ProtvisError, ValueError):
    """An option has an invalid value."""


class OutputError(ProtvisError, OSError):
    """A file cannot be written to the requested place."""


class ResumeError(ProtvisError, ValueError):
    """A journal belongs to a run with other arguments, another model or other data."""


class SequenceError(ProtvisError, ValueError):
    """A sequence has letters a model cannot read, or is too long for it."""


class StageError(ProtvisError, RuntimeError):
    """The 3D panel cannot do what was asked of it in this host."""


class ModelError(ProtvisError, ValueError):
    """A checkpoint is not a usable protein language model with attention."""


class ModelUnavailableError(ModelError, OSError):
    """A model is neither on this machine nor reachable over the network."""


class ModelWarning(ProtvisWarning):
    """A model is used on something other than what it was trained on."""


class AttentionMemoryError(ProtvisError, MemoryError):
    """The requested attention would not fit into memory."""


def near_names(name: str, known: Iterable[str], n: int = 3) -> list[str]:
    """Return up to `n` of the `known` names that resemble `name`, best first (case is ignored)."""
    by_folded = {candidate.casefold(): candidate for candidate in known}
    close = difflib.get_close_matches(str(name).casefold(), by_folded, n=n, cutoff=0.5)
    return [by_folded[match] for match in close]


def unknown_name(what: str, name: object, known: Iterable[str], *, limit: int = 12) -> str:
    """Return the message for a name that is not among those known.

    The message suggests near names or, if there are none, lists up to `limit` known names.
    """
    names = [str(candidate) for candidate in known]
    message = f"unknown {what} {str(name)!r}"
    near = near_names(str(name), names)
    if near:
        return f"{message}; did you mean {' or '.join(repr(match) for match in near)}?"
    if not names:
        return f"{message}; there are none"
    shown = ", ".join(names[:limit])
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return f"{message}; there are {shown}{more}"


def warn_caller(message: str, category: type[Warning]) -> None:
    """Warn at the line that called protvis, however deep within it the reason was found."""
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)
