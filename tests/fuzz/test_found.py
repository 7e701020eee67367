"""What the long run found, in small: each was another error than the one that is promised."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from protvis.errors import ProtvisError
from tests.fuzz import entrances
from tests.fuzz.entrances import MINI

_ATOM_SITE = b"data_x\nloop_\n_atom_site.id\n_atom_ite.occupancy\n_atom_site.type_symbol\n1 1.0 C\n"


_SIFTS = (
    b"PDB\tCHAIN\tSP_PRIMARY\tRES_BEG\tRES_END\tPDB_BEG\tPDB_END\tSP_BEG\tSP_END\n"
    b"9tst\tA\tP99999\t3\t20\t1\t18\tSP_BEG_1\t18\n"
)


def own_value(value: bytes) -> bytes:
    return entrances._own().replace(b",0.5\n", b"," + value + b"\n")


def short_vocabulary() -> bytes:
    return b"\n".join(
        line for line in (MINI / "vocab.txt").read_bytes().split() if line not in (b"A", b"<unk>")
    )


def far_token() -> bytes:
    return (MINI / "tokenizer_config.json").read_bytes().replace(b'"2": {', b'"%d": {' % 10**25)


def nested_combination() -> bytes:
    content = json.loads(entrances._COMBINATION)
    return json.dumps({**content, "weights": 0}).replace("0", "[" * 5000, 1).encode()


FOUND: list[tuple[str, Callable[[], bytes], Callable[[Path], object]]] = [
    ("x.cif", lambda: _ATOM_SITE, entrances.read_structure),
    ("tokenizer_config.json", far_token, entrances.read_checkpoint),
    ("own.csv", lambda: own_value(b"1e306"), entrances.read_own_track),
    ("own.csv", lambda: own_value(b"-1e999"), entrances.read_own_track),
    ("own.csv", lambda: entrances._own() + b"\n" + b"9" * 5000 + b",1", entrances.read_own_track),
    (
        "own.csv",
        lambda: entrances._own() + b"\n" + b"A:" * 60_000 + b",1",
        entrances.read_own_track,
    ),
    ("own.csv", lambda: entrances._own() + "\n²,1".encode(), entrances.read_own_track),
    ("x.tsv", lambda: _SIFTS.replace(b"SP_BEG_1", b"9" * 12), entrances.read_sifts),
    ("x.tsv", lambda: _SIFTS.replace(b"SP_BEG_1", b"-7"), entrances.read_sifts),
    # A search that ran past its lines took five minutes for a megabyte.
    ("x.txt", lambda: b"OX   NCBI_TaxID=9606;\n" * 40_000, entrances.read_uniprot_file),
    ("vocab.txt", short_vocabulary, entrances.read_checkpoint),
    ("heads.json", nested_combination, entrances.read_combination),
]


@pytest.mark.parametrize(("name", "make", "read"), FOUND)
def test_found_and_mended(
    tmp_path: Path, name: str, make: Callable[[], bytes], read: Callable[[Path], object]
) -> None:
    (tmp_path / name).write_bytes(make())
    with pytest.raises(ProtvisError) as caught:
        read(tmp_path / name)
    assert 0 < len(str(caught.value)) < 2000
