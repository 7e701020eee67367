"""Where the values of an LMDB file lie, from its pages.

LMDB's own library maps a file into memory and trusts every offset in it: a few damaged bytes end
the process (SIGSEGV, SIGBUS, or SIGABRT from its assertions). Here the pages are read as data.
Every offset, length and page number is checked before it is followed, no page is read twice, and
what the file says of itself must agree: its page numbers, the order of its keys, the depth of the
tree and how many values there are.

The format is that of ``mdb.c`` in LMDB 0.9 (data version 1, 64-bit, little-endian): a B+ tree of
pages, with values that are too long for a page in consecutive overflow pages.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from protvis.errors import DatasetError

__all__ = ["is_lmdb", "value_places"]

_MAGIC = b"\xde\xc0\xef\xbe"
_MAGIC_AT = 16
_VERSION = 1
_HEADER = 16
_NODE = 8
_BRANCH, _LEAF, _OVERFLOW, _META = 1, 2, 4, 8
_KINDS = _BRANCH | _LEAF | _OVERFLOW | _META | 0x20 | 0x40
_BIG, _SUBDATABASE, _DUPLICATES = 1, 2, 4
_NO_PAGE = 2**64 - 1
_PAGE = struct.Struct("<Q2xHHH")
"""Number, flags, and where the free room begins and ends."""
_OVERFLOW_PAGE = struct.Struct("<Q2xHI")
"""Number, flags, and how many pages."""
_NODE_HEAD = struct.Struct("<IHH")
"""In a leaf the value's length, flags, and the key's length; in a branch a number of six bytes."""
_MAX_DEPTH = 32


def is_lmdb(start: bytes) -> bool:
    """Return whether a file that begins so is LMDB's."""
    return start[_MAGIC_AT : _MAGIC_AT + 4] in (_MAGIC, _MAGIC[::-1])


def value_places(file: BinaryIO) -> dict[bytes, tuple[int, int]]:
    """Return where each value of the main database lies: its offset in the file, and its length.

    Parameters
    ----------
    file : binary file
        Open for reading, not compressed.

    Raises
    ------
    DatasetError
        If it is no LMDB file, was cut off, or contradicts itself.
    """
    tree = _Tree(file)
    places: dict[bytes, tuple[int, int]] = {}
    last = None
    for key, offset, length in tree.values():
        if last is not None and key <= last:
            raise _damaged("its keys are out of order")
        last = key
        places[key] = offset, length
    if tree.n_values != tree.meta.n_values:
        raise _damaged(f"it says that it has {tree.meta.n_values} values, and has {tree.n_values}")
    return places


@dataclass(frozen=True)
class _Meta:
    """One of the two pages that say where the tree begins."""

    page_size: int
    depth: int
    n_values: int
    root: int
    last_page: int
    transaction: int

    @classmethod
    def read(cls, file: BinaryIO, at: int) -> _Meta:
        file.seek(at)
        page = file.read(152)
        if len(page) < 152 or not is_lmdb(page):
            raise _damaged("a page that describes it is not one of LMDB's")
        if page[_MAGIC_AT : _MAGIC_AT + 4] != _MAGIC:
            raise _damaged("it was written on a big-endian machine")
        flags, version = struct.unpack_from("<H8xI", page, 10)
        if not flags & _META or version != _VERSION:
            raise _damaged(f"it is of LMDB's form {version}, expected {_VERSION}")
        (page_size,) = struct.unpack_from("<I", page, 40)
        database, depth, n_values, root = struct.unpack_from("<4xHH24xQQ", page, 88)
        if database:
            raise _damaged("its keys are of another kind than text")
        last_page, transaction = struct.unpack_from("<QQ", page, 136)
        if page_size & (page_size - 1) or not 512 <= page_size <= 65536:
            raise _damaged(f"its pages cannot have {page_size} bytes")
        return cls(page_size, depth, n_values, root, last_page, transaction)


class _Tree:
    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        first = _Meta.read(file, 0)
        second = _Meta.read(file, first.page_size)
        if first.page_size != second.page_size:
            raise _damaged("the two pages that describe it disagree")
        self.meta = first if first.transaction > second.transaction else second
        self.page_size = self.meta.page_size
        self.size = file.seek(0, os.SEEK_END)
        if self.size % self.page_size:
            raise self._cut_off()
        if self.meta.last_page < 1 or self.meta.depth > _MAX_DEPTH:
            raise _damaged("what describes it is impossible")
        self._seen: set[int] = set()
        self._n_value_bytes = 0
        self.n_values = 0

    def values(self) -> Iterator[tuple[bytes, int, int]]:
        """Yield key, offset and length of every value, in the order of the keys."""
        if self.meta.root == _NO_PAGE:
            return
        waiting = [(self.meta.root, 1)]
        while waiting:
            number, depth = waiting.pop()
            page, flags, nodes = self._read(number)
            is_leaf = depth == self.meta.depth
            if flags != (_LEAF if is_leaf else _BRANCH):
                raise _damaged(f"page {number} is not of the kind it should be")
            if is_leaf:
                yield from self._leaf(number, page, nodes)
            else:
                for at in reversed(nodes):
                    low, high, _ = _NODE_HEAD.unpack_from(page, at)
                    waiting.append((low | high << 32, depth + 1))

    def _visit(self, number: int) -> None:
        """Go to a page, for the first and only time."""
        if not 2 <= number <= self.meta.last_page or number in self._seen:
            raise _damaged(f"it points to page {number}, where none of its pages can be")
        self._seen.add(number)
        self.file.seek(number * self.page_size)

    def _cut_off(self) -> DatasetError:
        # Pages at the end that were freed before they were written need not be there.
        n_bytes = (self.meta.last_page + 1) * self.page_size
        return DatasetError(
            f"it was cut off: it has {self.size:,} of {n_bytes:,} bytes; copy or fetch it again"
        )

    def _read(self, number: int) -> tuple[bytes, int, tuple[int, ...]]:
        """Return a page, its kind, and where its nodes begin."""
        self._visit(number)
        page = self.file.read(self.page_size)
        if len(page) < self.page_size:
            raise self._cut_off()
        own, flags, lower, upper = _PAGE.unpack_from(page)
        # What page 10 of a million is called tells whether it is the page that was meant.
        if own != number or not _HEADER <= lower <= upper <= self.page_size or lower % 2:
            raise _damaged(f"page {number} contradicts itself")
        nodes = struct.unpack_from(f"<{(lower - _HEADER) // 2}H", page, _HEADER)
        if any(not upper <= at <= self.page_size - _NODE for at in nodes):
            raise _damaged(f"page {number} points outside itself")
        return page, flags & _KINDS, nodes

    def _leaf(
        self, number: int, page: bytes, nodes: tuple[int, ...]
    ) -> Iterator[tuple[bytes, int, int]]:
        for at in nodes:
            length, flags, key_size = _NODE_HEAD.unpack_from(page, at)
            begin = at + _NODE + key_size
            end = begin + (8 if flags & _BIG else length)
            if end > self.page_size or flags & _DUPLICATES:
                raise _damaged(f"page {number} points outside itself")
            self.n_values += 1
            if flags & _SUBDATABASE:
                continue
            offset = number * self.page_size + begin
            if flags & _BIG:
                offset = self._overflow_offset(page, begin, length)
            self._n_value_bytes += length
            if self._n_value_bytes > self.size:
                raise _damaged("its values overlap")
            yield page[at + _NODE : begin], offset, length

    def _overflow_offset(self, page: bytes, at: int, length: int) -> int:
        """Return where a value in pages of its own begins, of which a leaf has the number."""
        (number,) = struct.unpack_from("<Q", page, at)
        self._visit(number)
        start = number * self.page_size
        header = self.file.read(_HEADER)
        if len(header) < _HEADER:
            raise self._cut_off()
        own, flags, n_pages = _OVERFLOW_PAGE.unpack(header)
        if start + n_pages * self.page_size > self.size:
            raise self._cut_off()
        if (
            own != number
            or flags & _KINDS != _OVERFLOW
            or number + n_pages > self.meta.last_page + 1
            or _HEADER + length > n_pages * self.page_size
        ):
            raise _damaged(f"page {number} contradicts itself")
        return start + _HEADER


def _damaged(what: str) -> DatasetError:
    return DatasetError(f"it cannot be read as LMDB: {what}")
