"""What protvis raises: every error is a `ProtvisError` and also the fitting builtin.

A message says what was expected, what came, where, and what to do next.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = [
    "AnnotationError",
    "AttentionMemoryError",
    "DatasetError",
    "LabelError",
    "ModelError",
    "ModelUnavailableError",
    "OptionError",
    "OutputError",
    "ProtvisError",
    "ResumeError",
    "SequenceError",
    "StructureError",
    "StructureUnavailableError",
    "StructureWarning",
    "near_names",
    "unknown_name",
]


class ProtvisError(Exception):
    """Base of every error protvis raises on purpose."""


class StructureError(ProtvisError, ValueError):
    """A structure file or object cannot be read as protein chains."""


class StructureUnavailableError(StructureError, OSError):
    """A structure named by its id is neither in the cache nor within reach of the network."""


class StructureWarning(UserWarning):
    """A structure could be read, but something about it is worth knowing."""


class AnnotationError(ProtvisError, ValueError):
    """Something known about residues cannot be read, or does not fit the chain."""


class DatasetError(ProtvisError, ValueError):
    """A data set, or one record of it, cannot be read or lacks what was asked for."""


class LabelError(ProtvisError, LookupError, ValueError):
    """A layer, head, chain or residue label names nothing that is there."""


class OptionError(ProtvisError, ValueError):
    """The value of an option is out of its range or of the wrong kind."""


class OutputError(ProtvisError, OSError):
    """A file cannot be written where it was asked for."""


class ResumeError(ProtvisError, ValueError):
    """A run cannot go on from a journal: it was written for other arguments, model or data."""


class SequenceError(ProtvisError, ValueError):
    """A sequence holds letters a model cannot read, or is longer than it reads."""


class ModelError(ProtvisError, ValueError):
    """A checkpoint cannot be used as a protein language model with attention."""


class ModelUnavailableError(ModelError, OSError):
    """A model is neither on this machine nor within reach of the network."""


class AttentionMemoryError(ProtvisError, MemoryError):
    """The attention asked for would not fit into memory."""


def near_names(name: str, known: Iterable[str], n: int = 3) -> list[str]:
    """Return up to `n` of the `known` names that resemble `name`, best first (case is ignored)."""
    by_folded = {candidate.casefold(): candidate for candidate in known}
    close = difflib.get_close_matches(str(name).casefold(), by_folded, n=n, cutoff=0.5)
    return [by_folded[match] for match in close]


def unknown_name(what: str, name: object, known: Iterable[str], *, limit: int = 12) -> str:
    """Return the message for a name that is not among those known.

    Near names come first; where none is near, the names there are (at most `limit`) are listed.
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
