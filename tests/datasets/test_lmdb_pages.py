"""LMDB pages: read as the library reads them, and refused where it would end the process."""

from __future__ import annotations

import contextlib
import gzip
import io
import pickle
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protvis.datasets import LmdbDataset
from protvis.datasets.lmdb_pages import value_places
from protvis.errors import DatasetError
from tests.bounds import bounds

GOOD = {"id": "good", "primary": "ACDE"}


def stored(path):
    """The values by key, as LMDB's own library reads them."""
    import lmdb

    with lmdb.open(str(path), readonly=True, lock=False) as environment, environment.begin() as one:
        return {bytes(key): bytes(value) for key, value in one.cursor()}


def placed(path):
    """The values by key, from where the pages say they lie."""
    with (path / "data.mdb").open("rb") as file:
        places = value_places(file)
        found = {}
        for key, (offset, length) in places.items():
            file.seek(offset)
            found[key] = file.read(length)
    return found


@settings(max_examples=20)
@given(st.data())
def test_pages_are_read_as_the_library_reads_them(tmp_path_factory, data):
    """Written in several transactions, with values that come, go and grow past a page."""
    import lmdb

    path = tmp_path_factory.mktemp("pages")
    keys = st.binary(min_size=1, max_size=511) | st.integers(0, 300).map(lambda n: str(n).encode())
    sizes = st.integers(0, 20) | st.integers(0, 3000) | st.integers(0, 40_000)
    with lmdb.open(str(path), map_size=2**26) as environment:
        for _ in range(data.draw(st.integers(0, 4))):
            with environment.begin(write=True) as transaction:
                written = data.draw(st.dictionaries(keys, sizes, max_size=40))
                for number, (key, size) in enumerate(written.items()):
                    transaction.put(key, bytes([number]) * size)
                for key in list(written)[::3]:
                    transaction.delete(key)
    assert placed(path) == stored(path)


def test_many_values_make_deep_trees(tmp_path):
    import lmdb

    rng = np.random.default_rng(3)
    with lmdb.open(str(tmp_path), map_size=2**27) as environment:
        with environment.begin(write=True) as transaction:
            for number in rng.permutation(6000):
                transaction.put(b"%d" % number, rng.bytes(int(rng.integers(0, 900))))
        assert environment.stat()["depth"] >= 3
    assert placed(tmp_path) == stored(tmp_path)


def test_named_databases_are_passed_over(tmp_path):
    import lmdb

    with lmdb.open(str(tmp_path), map_size=2**24, max_dbs=2) as environment:
        inner = environment.open_db(b"inner", dupsort=True)
        with environment.begin(write=True) as transaction:
            transaction.put(b"0", pickle.dumps(GOOD))
            transaction.put(b"1", b"x", db=inner)
    assert list(placed(tmp_path)) == [b"0"]
    assert LmdbDataset(tmp_path).keys == ("good",)


def read_all(path):
    """Read every record of a file that may be damaged; returns what could be read."""
    try:
        dataset = LmdbDataset(path)
    except DatasetError:
        return None
    found = {}
    for key in dataset.keys:
        with contextlib.suppress(DatasetError):
            found[key] = dataset.read(key).records[0].sequence
    return found


@pytest.mark.slow
def test_damaged_files_end_nothing(shared_data, tmp_path):
    """600 copies with 1 to 16 changed bytes; three of them ended a process by SIGABRT before."""
    whole = (shared_data / "annotations/provis/binding_site_valid.lmdb/data.mdb").read_bytes()
    # The first leaves and their values, and the pages above them.
    rng = np.random.default_rng(16)
    refused = 0
    for number in range(600):
        damaged = bytearray(whole)
        # Heads of pages are where it hurts.
        n_changed = int(rng.integers(1, 17))
        places = rng.integers(0, len(damaged), n_changed)
        if number % 2:
            places = places // 4096 * 4096 + rng.integers(0, 64, n_changed)
        for place in places:
            damaged[place] = int(rng.integers(256))
        try:
            places = value_places(io.BytesIO(damaged))
        except DatasetError:
            refused += 1
            continue
        assert all(at > 0 and at + length <= len(damaged) for at, length in places.values())
    assert 100 < refused < 600


def test_damaged_files_are_read_as_far_as_they_go(write_lmdb):
    values = [{"id": f"p{n}", "primary": "ACDEFGHIKLMNPQRSTVWY" * 3} for n in range(60)]
    path = write_lmdb(values) / "data.mdb"
    whole = path.read_bytes()
    rng = np.random.default_rng(17)
    n_read = 0
    for _ in range(100):
        damaged = bytearray(whole)
        for place in rng.integers(0, len(whole), int(rng.integers(1, 17))):
            damaged[place] = int(rng.integers(256))
        path.write_bytes(damaged)
        n_read += bool(read_all(path))
    assert 10 < n_read < 100


def test_the_file_that_ended_a_process(shared_data, tmp_path):
    packed = shared_data / "hostile" / "lmdb_sigabrt.mdb.gz"
    path = tmp_path / "data.mdb"
    path.write_bytes(gzip.decompress(packed.read_bytes()))
    with (
        bounds(lines=2_000_000, megabytes=50),
        pytest.raises(DatasetError, match="points outside itself"),
    ):
        LmdbDataset(path)


def page_of(data, kind):
    """The number of the first page of a kind beyond those that describe the file."""
    return next(
        at // 4096
        for at in range(2 * 4096, len(data), 4096)
        if struct.unpack_from("<H", data, at + 10)[0] == kind
    )


BRANCH, LEAF = 1, 2


def loop(data):
    """Let the first branch point at itself."""
    at = page_of(data, BRANCH) * 4096
    (node,) = struct.unpack_from("<H", data, at + 16)
    struct.pack_into("<I", data, at + node, at // 4096)


def twice(data):
    """Let two nodes of a branch point at one leaf."""
    at = page_of(data, BRANCH) * 4096
    first, second = struct.unpack_from("<HH", data, at + 16)
    data[at + second : at + second + 4] = data[at + first : at + first + 4]


def far(data):
    """Let a branch point past the end."""
    at = page_of(data, BRANCH) * 4096
    (node,) = struct.unpack_from("<H", data, at + 16)
    struct.pack_into("<I", data, at + node, 10**6)


def outside(data):
    """Let a node of a leaf lie outside its page."""
    struct.pack_into("<H", data, page_of(data, LEAF) * 4096 + 16, 4095)


def immense(data):
    """Let a value be longer than its page."""
    at = page_of(data, LEAF) * 4096
    (node,) = struct.unpack_from("<H", data, at + 16)
    struct.pack_into("<I", data, at + node, 2**31)


def one_value(data):
    """Let all nodes of a leaf be one."""
    at = page_of(data, LEAF) * 4096
    (n_bytes,) = struct.unpack_from("<H", data, at + 12)
    node = data[at + 16 : at + 18]
    data[at + 16 : at + n_bytes] = node * ((n_bytes - 16) // 2)


def more(data):
    """Let the file say that it has more values."""
    for at in (0, 4096):
        struct.pack_into("<Q", data, at + 120, 10**9)


def kinds(data):
    """Let the keys have several values each."""
    for at in (0, 4096):
        struct.pack_into("<H", data, at + 92, 4)


def pages(data):
    """Let the file have pages of three bytes."""
    struct.pack_into("<I", data, 40, 3)


@pytest.mark.parametrize(
    "damage", [loop, twice, far, outside, immense, one_value, more, kinds, pages]
)
def test_files_that_contradict_themselves_are_refused(write_lmdb, damage):
    values = [{"id": f"p{n}", "primary": "ACDEFGHIKLMNPQRSTVWY" * 3} for n in range(300)]
    path = write_lmdb(values) / "data.mdb"
    data = bytearray(path.read_bytes())
    damage(data)
    path.write_bytes(data)
    with (
        bounds(lines=200_000, megabytes=10),
        pytest.raises(DatasetError, match="cannot be read as LMDB"),
    ):
        LmdbDataset(path)
