"""Which chains of each structure: by a word, a table, a mapping or a function."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from protvis.datasets.fingerprints import hash_parts
from protvis.errors import DatasetError, OptionError, unknown_name
from protvis.input_file import is_there, text_lines, user_path
from protvis.structure import Structure

__all__ = ["WORDS", "ChainChoice"]

WORDS = ("distinct", "all", "first")
"""Of chains with the same sequence the first; every chain; the first one of the file."""

Chooser = Callable[[Structure], Iterable[str]]


class ChainChoice:
    """A choice of chains.

    Parameters
    ----------
    choice : str, path, mapping, DataFrame or callable
        One of `WORDS`; a mapping of file (name, path within the folder, or name without its
        ending) to chain ids, one id or several; a table of two columns, file and chain id, one row
        per chain (a DataFrame, or the path of a .csv, .tsv or blank-separated file, with or without
        a header); or a function that gets the `Structure` and returns chain ids.

    Raises
    ------
    OptionError
        If it is none of these.
    DatasetError
        If the table cannot be read.
    """

    def __init__(self, choice: Any) -> None:
        self.word = ""
        self._function: Chooser | None = None
        self._listed: dict[str, list[str]] = {}
        if isinstance(choice, str) and choice in WORDS:
            self.word = choice
        elif isinstance(choice, str | os.PathLike):
            if not is_there(choice):
                known = unknown_name("choice of chains", str(choice), WORDS)
                raise OptionError(f"{known}; or name the file of a table of files and chain ids")
            self._listed = _by_file(_read_table(user_path(choice)))
        elif hasattr(choice, "itertuples"):
            if choice.shape[1] != 2:
                raise DatasetError(
                    f"the table of chains has {choice.shape[1]} columns; expected two, file and "
                    "chain id"
                )
            self._listed = _by_file(choice.astype(str).itertuples(index=False))
        elif isinstance(choice, Mapping):
            self._listed = {str(name): _ids(given) for name, given in choice.items()}
        elif callable(choice):
            self._function = choice
        else:
            raise OptionError(
                f"expected one of {', '.join(WORDS)}, a mapping, table or function for the choice "
                f"of chains, got {type(choice).__name__}"
            )
        if not self.word and self._function is None and not self._listed:
            raise OptionError("the choice of chains names no file")

    def keys_of(self, keys: Sequence[str], stems: Sequence[str]) -> list[bool]:
        """Return which keys of a data set are to be read: those that a table or mapping names.

        Parameters
        ----------
        keys, stems : sequence of str
            Names of files, and what records are called by.

        Raises
        ------
        DatasetError
            If a file that is named is not there.
        """
        if not self._listed:
            return [True] * len(keys)
        names = {name for pair in zip(keys, stems, strict=True) for name in pair}
        names |= {Path(key).name for key in keys}
        for name in self._listed:
            if name not in names:
                unknown = unknown_name("file", name, sorted(names))
                raise DatasetError(f"chains are chosen of an {unknown}")
        return [self._named(key, stem) is not None for key, stem in zip(keys, stems, strict=True)]

    def _named(self, key: str, stem: str) -> list[str] | None:
        for name in (key, Path(key).name, stem):
            if name in self._listed:
                return self._listed[name]
        return None

    def of(self, structure: Structure, key: str, stem: str) -> list[str]:
        """Return the ids of the chains chosen of one structure; they need not exist.

        Raises
        ------
        DatasetError
            If the function does not return ids.
        """
        if self.word == "distinct":
            return [group[0] for group in structure.identical_chains]
        if self.word:
            listed = list(structure.chains)
            return listed[:1] if self.word == "first" else listed
        if self._function is None:
            return self._named(key, stem) or []
        try:
            return _ids(self._function(structure))
        except OptionError as error:
            raise DatasetError(f"the function that chooses chains failed: {error}") from error

    def fingerprint(self) -> str:
        """Return a hash of the choice; of a function, of its name and code."""
        code = getattr(self._function, "__code__", None)
        parts: list[bytes | str] = [self.word]
        if self._function is not None:
            parts.append(getattr(self._function, "__qualname__", repr(type(self._function))))
        if code is not None:
            parts += [code.co_code, repr(code.co_consts)]
        for name, chosen in sorted(self._listed.items()):
            parts += [name, *chosen]
        return self.word or hash_parts(parts)


def _ids(given: Any) -> list[str]:
    """Return chain ids: one, several, or several in a text separated by commas or blanks."""
    if isinstance(given, str):
        given = given.replace(",", " ").split() or [given]
    listed = list(given) if isinstance(given, Iterable) else [given]
    if not all(isinstance(one, str) for one in listed):
        raise OptionError(f"expected chain ids such as 'A' or ['H', 'L'], got {given!r}")
    return list(dict.fromkeys(listed))


def _read_table(path: Path) -> list[list[str]]:
    lines = [line for line in text_lines(path, DatasetError) if line.strip()]
    mark = next((mark for mark in "\t,;" if lines and mark in lines[0]), None)
    rows = [[cell.strip() for cell in line.split(mark, 1)] for line in lines]
    if rows and [cell.lower() for cell in rows[0]] in (["file", "chain"], ["file", "chains"]):
        rows = rows[1:]
    if not rows or any(len(row) != 2 for row in rows):
        raise DatasetError(f"{path} is not a table of two columns, file and chain id")
    return rows


def _by_file(rows: Iterable[Sequence[str]]) -> dict[str, list[str]]:
    listed: dict[str, list[str]] = {}
    for file, chain in rows:
        known = listed.setdefault(file, [])
        known += [one for one in _ids(chain) if one not in known]
    return listed
