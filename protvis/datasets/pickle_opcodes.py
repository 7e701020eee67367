"""The opcodes of pickles that build plain values; any other is refused.

This is no interpreter of pickles: nothing is imported or called, keys are never containers, and
what opcodes can make grow is bounded. Sharing is not: see `protvis.datasets.safe_pickle`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from protvis.datasets.pickled_arrays import ArrayName, ArrayNote, array_name
from protvis.errors import DatasetError

__all__ = ["SCALARS", "read_opcodes"]

_MAX_CONTAINERS = 50_000
_MAX_NUMERIC_KEYS = 1000
"""Numbers can be chosen so that they hash alike, which makes a dictionary slow; text cannot."""
_MAX_DIGITS = 700
"""Of a number written as text; as bytes a number has up to 255, which are 614 digits."""

SCALARS = frozenset({str, bytes, bytearray, int, float, bool, type(None)})
_KEYS = SCALARS - {bytearray}

_WHOLE = re.compile(rb"[+-]?[0-9]{1,%d}" % _MAX_DIGITS)
# Most of a record is numbers, one opcode each: whole runs of them are read at a time.
_RUNS = {
    ord(code): (re.compile(b"(?s:%s.{%d}){1,4096}" % (code, dtype.itemsize - 1)), dtype)
    for code, dtype in (
        (b"K", np.dtype([("code", "u1"), ("value", "u1")])),
        (b"M", np.dtype([("code", "u1"), ("value", "<u2")])),
        (b"J", np.dtype([("code", "u1"), ("value", "<i4")])),
        (b"G", np.dtype([("code", "u1"), ("value", ">f8")])),
    )
}


def read_opcodes(data: bytes) -> Any:
    """Return the value that a pickle's opcodes build, with notes in the place of arrays.

    Raises
    ------
    DatasetError
        If an opcode would do more than build a plain value, or too many are built.
    Exception
        Of any kind, if the pickle is damaged.
    """
    return _Reader(data).read()


class _Reader:
    """A pickle's opcodes, the stack they work on, and what they remember."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0
        self.stack: list[Any] = []
        self.below: list[list[Any]] = []
        self.memo: dict[int, Any] = {}
        self.n_containers = 0
        self.n_numeric_keys = 0

    def read(self) -> Any:
        data = self.data
        while True:
            code = data[self.at]
            run = _RUNS.get(code)
            if run is not None:
                self.numbers(*run)
                continue
            self.at += 1
            if code == _STOP:
                return self.stack.pop()
            step = _STEPS.get(code)
            if step is None:
                raise ValueError(f"opcode {code:#x} builds no plain value")
            step(self)

    def numbers(self, pattern: re.Pattern[bytes], dtype: np.dtype[Any]) -> None:
        match = pattern.match(self.data, self.at)
        if match is None:
            raise EOFError("it ends within a number")
        self.at = match.end()
        self.stack += np.frombuffer(match[0], dtype)["value"].tolist()

    def take(self, size: int) -> bytes:
        start, self.at = self.at, self.at + size
        if self.at > len(self.data):
            raise EOFError("it ends too early")
        return self.data[start : self.at]

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "little")

    def line(self) -> bytes:
        end = self.data.index(b"\n", self.at)
        text = self.take(end - self.at)
        self.at += 1
        return text

    def whole(self) -> int:
        text = self.line()
        if _WHOLE.fullmatch(text) is None:
            raise ValueError("a number is not written as one, or has too many digits")
        return int(text)

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def contain(self, value: Any) -> None:
        self.n_containers += 1
        if self.n_containers > _MAX_CONTAINERS:
            raise DatasetError("a pickled value has more parts than any protein's record")
        self.stack.append(value)

    def mark(self) -> None:
        self.contain([])
        self.stack.pop()
        self.below.append(self.stack)
        self.stack = []

    def unmark(self) -> list[Any]:
        items, self.stack = self.stack, self.below.pop()
        return items

    def pop_mark(self) -> None:
        self.unmark()

    def pop(self) -> None:
        # Where nothing lies above a mark, this takes the mark itself away.
        if self.stack:
            self.stack.pop()
        else:
            self.unmark()

    def remember(self, place: int) -> None:
        self.memo[place] = self.stack[-1]

    def memoize(self) -> None:
        self.remember(len(self.memo))

    def tuple_of(self, size: int) -> None:
        if len(self.stack) < size:
            raise IndexError("the stack is empty")
        items = tuple(self.stack[-size:])
        del self.stack[-size:]
        self.contain(items)

    def append(self, items: list[Any]) -> None:
        onto = self.stack[-1]
        if type(onto) is not list:
            raise TypeError("something is appended to what is not a list")
        onto += items

    def set_items(self, items: list[Any]) -> None:
        onto = self.stack[-1]
        if type(onto) is not dict or len(items) % 2:
            raise TypeError("items are not set in pairs, or not in a dictionary")
        keys = items[::2]
        self.check_keys(keys)
        onto.update(zip(keys, items[1::2], strict=True))

    def add_items(self, items: list[Any]) -> None:
        onto = self.stack[-1]
        if type(onto) is not set:
            raise TypeError("something is added to what is not a set")
        self.check_keys(items)
        onto.update(items)

    def frozen(self) -> None:
        items = self.unmark()
        self.check_keys(items)
        self.contain(frozenset(items))

    def dictionary(self) -> None:
        items = self.unmark()
        self.contain({})
        self.set_items(items)

    def check_keys(self, keys: list[Any]) -> None:
        kinds = set(map(type, keys))
        if not kinds <= _KEYS:
            raise DatasetError(
                "a pickled value has a container, an array or a name for a key; only text, bytes "
                "and numbers are read as keys"
            )
        if not kinds <= {str, bytes}:
            self.n_numeric_keys += len(keys)
            if self.n_numeric_keys > _MAX_NUMERIC_KEYS:
                raise DatasetError(
                    f"a pickled value has more than {_MAX_NUMERIC_KEYS} numbers for keys"
                )

    def integer_line(self) -> None:
        # Protocol 0 writes booleans as numbers of two digits.
        start = self.at
        value = self.whole()
        text = self.data[start : self.at - 1]
        self.push({b"00": False, b"01": True}.get(text, value))

    def long_line(self) -> None:
        if self.data[self.data.index(b"\n", self.at) - 1 :][:1] != b"L":
            self.push(self.whole())
            return
        text = self.line()[:-1]
        if _WHOLE.fullmatch(text) is None:
            raise ValueError("a number is not written as one, or has too many digits")
        self.push(int(text))

    def float_line(self) -> None:
        text = self.line()
        if len(text) > _MAX_DIGITS:
            raise ValueError("a number has too many digits")
        self.push(float(text))

    def name(self, module: str, name: str) -> None:
        self.push(array_name(module, name))

    def name_lines(self) -> None:
        module = self.line().decode()
        self.name(module, self.line().decode())

    def name_of_stack(self) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        if type(name) is not str or type(module) is not str:
            raise TypeError("a name is not text")
        self.name(module, name)

    def call(self) -> None:
        arguments, name = self.stack.pop(), self.stack.pop()
        if not isinstance(name, ArrayName) or type(arguments) is not tuple:
            raise TypeError("it calls what is not a function")
        self.contain(ArrayNote(name.name, arguments))

    def build(self) -> None:
        state, note = self.stack.pop(), self.stack[-1]
        if isinstance(note, ArrayName):
            raise DatasetError(f"a pickled value tries to change numpy.{note.name}")
        if not isinstance(note, ArrayNote) or note.state is not None:
            raise TypeError("it sets the state of what has none")
        note.state = state

    def protocol(self) -> None:
        if self.number(1) > 5:
            raise ValueError("it is of a later protocol than 5")

    def frame(self) -> None:
        if self.number(8) > len(self.data) - self.at:
            raise EOFError("it ends too early")

    def outside(self, reference: Any) -> None:
        shown = f" ({reference[:60]!r})" if type(reference) is str else ""
        raise DatasetError(f"a pickled value refers to something outside it{shown}")


def _text(data: bytes) -> str:
    # Python's unpickler lets lone surrogates through, which no file and no page can hold.
    return data.decode("utf-8")


def _quoted(line: bytes) -> str:
    value = ast.literal_eval(line.decode("ascii"))
    if type(value) is not str:
        raise ValueError("a text is not in quotes")
    return value


_STOP = ord(".")
_Step = Callable[[_Reader], None]


def _sized(size: int, make: Callable[[bytes], Any]) -> _Step:
    """Return the step that pushes what is made of as many bytes as the next `size` bytes say."""
    return lambda reader: reader.push(make(reader.take(reader.number(size))))


def _escaped(line: bytes) -> str:
    text = line.decode("raw-unicode-escape")
    text.encode("utf-8")
    return text


# Names of the opcodes are those of the module `pickletools`.
_STEPS: dict[int, _Step] = {
    ord(code): step
    for code, step in {
        # NONE, NEWTRUE, NEWFALSE
        b"N": lambda r: r.push(None),
        b"\x88": lambda r: r.push(True),
        b"\x89": lambda r: r.push(False),
        # INT, LONG, LONG1, FLOAT
        b"I": _Reader.integer_line,
        b"L": _Reader.long_line,
        b"\x8a": lambda r: r.push(int.from_bytes(r.take(r.number(1)), "little", signed=True)),
        b"F": _Reader.float_line,
        # STRING, SHORT_BINSTRING, BINSTRING
        b"S": lambda r: r.push(_quoted(r.line())),
        b"U": _sized(1, lambda text: text.decode("ascii")),
        b"T": _sized(4, lambda text: text.decode("ascii")),
        # UNICODE, SHORT_BINUNICODE, BINUNICODE, BINUNICODE8
        b"V": lambda r: r.push(_escaped(r.line())),
        b"\x8c": _sized(1, _text),
        b"X": _sized(4, _text),
        b"\x8d": _sized(8, _text),
        # SHORT_BINBYTES, BINBYTES, BINBYTES8, BYTEARRAY8
        b"C": _sized(1, bytes),
        b"B": _sized(4, bytes),
        b"\x8e": _sized(8, bytes),
        b"\x96": _sized(8, bytearray),
        # EMPTY_LIST, APPEND, APPENDS, LIST
        b"]": lambda r: r.contain([]),
        b"a": lambda r: r.append([r.stack.pop()]),
        b"e": lambda r: r.append(r.unmark()),
        b"l": lambda r: r.contain(r.unmark()),
        # EMPTY_TUPLE, TUPLE, TUPLE1, TUPLE2, TUPLE3
        b")": lambda r: r.push(()),
        b"t": lambda r: r.contain(tuple(r.unmark())),
        b"\x85": lambda r: r.tuple_of(1),
        b"\x86": lambda r: r.tuple_of(2),
        b"\x87": lambda r: r.tuple_of(3),
        # EMPTY_DICT, DICT, SETITEM, SETITEMS
        b"}": lambda r: r.contain({}),
        b"d": _Reader.dictionary,
        b"s": lambda r: r.set_items([r.stack.pop(), r.stack.pop()][::-1]),
        b"u": lambda r: r.set_items(r.unmark()),
        # EMPTY_SET, ADDITEMS, FROZENSET
        b"\x8f": lambda r: r.contain(set()),
        b"\x90": lambda r: r.add_items(r.unmark()),
        b"\x91": _Reader.frozen,
        # MARK, POP, POP_MARK, DUP
        b"(": _Reader.mark,
        b"0": _Reader.pop,
        b"1": _Reader.pop_mark,
        b"2": lambda r: r.push(r.stack[-1]),
        # PUT, BINPUT, LONG_BINPUT, MEMOIZE, GET, BINGET, LONG_BINGET
        b"p": lambda r: r.remember(r.whole()),
        b"q": lambda r: r.remember(r.number(1)),
        b"r": lambda r: r.remember(r.number(4)),
        b"\x94": _Reader.memoize,
        b"g": lambda r: r.push(r.memo[r.whole()]),
        b"h": lambda r: r.push(r.memo[r.number(1)]),
        b"j": lambda r: r.push(r.memo[r.number(4)]),
        # GLOBAL, STACK_GLOBAL, REDUCE, BUILD
        b"c": _Reader.name_lines,
        b"\x93": _Reader.name_of_stack,
        b"R": _Reader.call,
        b"b": _Reader.build,
        # PROTO, FRAME, PERSID, BINPERSID
        b"\x80": _Reader.protocol,
        b"\x95": _Reader.frame,
        b"P": lambda r: r.outside(r.line().decode("ascii", "replace")),
        b"Q": lambda r: r.outside(r.stack.pop()),
    }.items()
}
