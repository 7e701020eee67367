"""Where the data set tests find their files, and how they write LMDBs."""

from __future__ import annotations

import gzip
import pickle
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def provis_sites(shared_data: Path) -> Path:
    """ProVis' validation set of binding sites."""
    return shared_data / "annotations" / "provis" / "binding_site_valid.lmdb"


@pytest.fixture(scope="session")
def provis_modifications(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ProVis' validation set of modifications, unpacked."""
    packed = shared_data / "annotations/provis/protein_modification_valid.lmdb.data.mdb.gz"
    folder = tmp_path_factory.mktemp("provis") / "protein_modification_valid.lmdb"
    folder.mkdir()
    with gzip.open(packed) as source, (folder / "data.mdb").open("wb") as target:
        shutil.copyfileobj(source, target)
    return folder


@pytest.fixture
def write_lmdb(tmp_path: Path) -> Callable[..., Path]:
    """Write values as an LMDB as TAPE does; bytes are stored as they are."""
    import lmdb

    def write(
        values: Sequence[Any],
        name: str = "made.lmdb",
        *,
        protocol: int = 4,
        extra: Mapping[bytes, bytes] | None = None,
    ) -> Path:
        stored = {
            str(number).encode(): value
            if isinstance(value, bytes)
            else pickle.dumps(value, protocol)
            for number, value in enumerate(values)
        }
        stored[b"num_examples"] = pickle.dumps(len(values), protocol)
        stored.update(extra or {})
        with (
            lmdb.open(str(tmp_path / name), map_size=2**24) as environment,
            environment.begin(write=True) as transaction,
        ):
            for key, value in stored.items():
                transaction.put(key, value)
        return tmp_path / name

    return write
