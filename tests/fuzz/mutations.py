"""Changes to files: bits, bytes, words, lines and lengths; inside what is packed, too."""

from __future__ import annotations

import gzip
import io
import re
import zipfile
from collections.abc import Sequence

import numpy as np

__all__ = ["MAX_BYTES", "mutate"]

MAX_BYTES = 2**20
"""Inputs grow no larger than this, which is enough for what is not linear to show."""

WORDS = [
    b"", b"0", b"-1", b"1", b"007", b"1e306", b"-1e999", b"nan", b"inf", b"9" * 25, b"9" * 5000,
    b"4294967296", b"2147483648", b"0x10", b"1_000", b"\xc2\xb2", b"\xd9\xa3", b"true", b"null",
    b"[]", b"{}", b"[" * 2000, b'{"a":' * 200, b'"', b"'", b";", b",", b"\t", b"\n", b"\r",
    b"\r\n", b"\x0b", b"\x0c", b"\x85", b"\xc2\x85", b"\xe2\x80\xa8", b"\x00", b"\xff\xfe",
    b"\xef\xbb\xbf", b"\xf0\x9f\xa7\xac", b"\xc3\x28", b"\xed\xa0\x80", b"\\ud800", b"\x1b[2J",
    b"=1+1", b"@x", b"../", b"/etc/passwd", b"<!DOCTYPE x [<!ENTITY y 'z'>]>", b"&y;",
    b"<a>" * 500, b"loop_\n", b"data_x\n", b"#", b">", b"END\n", b"[ID]\n", b"TER\n", b"X",
    b"x" * 3000, b"N.", b"K\x01", b"h\x00", b"(", b".",
]  # fmt: skip
_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")


def mutate(data: bytes, rng: np.random.Generator, others: Sequence[bytes] = ()) -> bytes:
    """Return a changed copy; what is packed is mostly changed inside and packed again."""
    if data.startswith(b"\x1f\x8b") and rng.random() < 0.8:
        plain = _unpacked(data)
        return gzip.compress(mutate(plain, rng), 1, mtime=0)
    if data.startswith(b"PK\x03\x04") and rng.random() < 0.8:
        return _mutated_zip(data, rng)
    changed = bytearray(data)
    for _ in range(int(rng.choice([1, 1, 1, 2, 3, 8]))):
        changed = _changed(changed, rng, others)
    return bytes(changed[:MAX_BYTES])


def _unpacked(data: bytes) -> bytes:
    return gzip.decompress(data)


def _mutated_zip(data: bytes, rng: np.random.Generator) -> bytes:
    """Change one member, and make the digest of the whole again, as who means harm would."""
    from protvis.sealed_archive import sealed

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = str(rng.choice(list(members)))
    members[name] = mutate(members[name], rng)
    return bytes(sealed(members))


def _changed(data: bytearray, rng: np.random.Generator, others: Sequence[bytes]) -> bytearray:
    n = len(data)
    at = int(rng.integers(n + 1))
    length = int(min(rng.geometric(0.05), max(n - at, 1)))
    match int(rng.integers(10)):
        case 0 if n:
            for place in rng.integers(0, n, int(rng.integers(1, 17))):
                data[place] ^= 1 << int(rng.integers(8))
        case 1 if n:
            for place in rng.integers(0, n, int(rng.integers(1, 9))):
                data[place] = int(rng.choice([0, 1, 10, 32, 127, 128, 254, 255, rng.integers(256)]))
        case 2:
            del data[at : at + length]
        case 3:
            data[at:at] = data[at : at + length]
        case 4:
            data[at:at] = WORDS[rng.integers(len(WORDS))]
        case 5:
            data[at : at + length] = WORDS[rng.integers(len(WORDS))]
        case 6:
            numbers = list(_NUMBER.finditer(data[max(at - 200, 0) : at + 200]))
            if numbers:
                start, end = numbers[rng.integers(len(numbers))].span()
                start, end = start + max(at - 200, 0), end + max(at - 200, 0)
                data[start:end] = WORDS[rng.integers(len(WORDS))]
        case 7:
            lines = data.split(b"\n")
            first, second = rng.integers(0, len(lines), 2)
            lines[first], lines[second] = lines[second], lines[first]
            data = bytearray(b"\n").join(lines)
        case 8:
            piece = data[at : at + int(rng.integers(1, 2000))]
            times = int(rng.choice([2, 10, 300, 5000]))
            data[at:at] = (piece * times)[: MAX_BYTES - n]
        case _:
            if others and rng.random() < 0.5:
                other = others[rng.integers(len(others))]
                start = int(rng.integers(len(other) + 1))
                data[at:] = other[start:]
            else:
                del data[at:]
    return data
