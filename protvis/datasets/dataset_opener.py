"""`open_dataset`: from what a person names to a `Dataset`; `draw`: which of its keys to take."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from protvis.checks import check_whole_number
from protvis.datasets.fasta import FastaDataset, is_fasta
from protvis.datasets.joined_dataset import JoinedDataset
from protvis.datasets.lmdb_files import LmdbDataset, is_lmdb
from protvis.datasets.proteinnet import ProteinNetDataset, is_proteinnet
from protvis.datasets.records import Dataset
from protvis.datasets.structures import StructureDataset, structure_files
from protvis.errors import DatasetError, OptionError, near_names
from protvis.input_file import is_there, open_file, user_path
from protvis.structure import Structure, load_structure
from protvis.structure.fetching import is_entry_id
from protvis.structure.files.from_objects import is_biopython, is_biotite
from protvis.structure.files.sources import COMPRESSED, SUFFIXES

__all__ = ["draw", "open_dataset"]

_TABLES = (".csv", ".tsv")
_SNIFFED = 4096
_UNDERSTOOD = (
    "a folder or files of structures, ids of entries ('1GBT'), structures loaded before, an LMDB "
    "of ProVis or TAPE, ProteinNet text, or FASTA (with a .csv or .tsv table of labels beside it "
    "in a list)"
)


def open_dataset(data: Any, *, chains: Any = None, partners: Any = None) -> Dataset:
    """Return the data set that a path, id, structure or list stands for.

    Parameters
    ----------
    data : path, id, structure, Dataset, or list of these
        A `Dataset` is returned unchanged. A folder holds structures, or is an LMDB if it has
        ``data.mdb``. Files are recognised by their content: LMDB (`LmdbDataset`), ProteinNet text
        (`ProteinNetDataset`), FASTA (`FastaDataset`), else a structure (`StructureDataset`). A
        string that names no file may be the id of an entry. Structures are a `Structure`, or a
        Biopython or biotite object.

        In a list, structures together form one data set; other data sets are joined by the ids of
        their records (`JoinedDataset`); a table (``.csv``, ``.tsv``) holds the labels of the one
        FASTA file in the list (`protvis.datasets.LabelTable`).
    chains, partners : optional
        Which chains of structures to read, and which form interfaces; as for `StructureDataset`.

    Raises
    ------
    DatasetError
        If it is none of these, or cannot be read.
    OptionError
        If `chains` or `partners` is given for data that are not structures, or is invalid.
    """
    if chains is not None or partners is not None:
        dataset = open_dataset(data)
        if not isinstance(dataset, StructureDataset) or dataset is data:
            raise OptionError(
                f"{dataset.name} is not a folder, file or list of structures: chains and partners "
                "cannot be chosen of it"
            )
        return dataset.with_chains("distinct" if chains is None else chains, partners)
    if isinstance(data, Dataset):
        return data
    if _is_structure(data):
        return StructureDataset([_structure(data)])
    if isinstance(data, str | os.PathLike):
        return _open_path(data)
    if isinstance(data, Iterable) and not isinstance(data, bytes | bytearray | dict):
        return _open_several(list(data))
    raise DatasetError(
        f"expected {_UNDERSTOOD}, or a list of these; got {type(data).__name__} ({data!r:.60})"
    )


def draw(keys: Sequence[str], limit: int | None, seed: int | None) -> Sequence[str]:
    """Return the keys to take, in the order of the data set.

    Parameters
    ----------
    keys : sequence of str
    limit : int or None
        How many to take; None, or more than there are, takes all.
    seed : int or None
        None takes the first. With a seed, keys are drawn reproducibly, without replacement, by
        NumPy's default generator. This is not the draw of Vig et al., whose 5,000 proteins came
        from a different generator with seed 123.

    Raises
    ------
    OptionError
        If `limit` is not a whole number from 1, or `seed` not one from 0.
    """
    for name, value, least in (("limit", limit, 1), ("seed", seed, 0)):
        if value is not None:
            check_whole_number(name, value, least)
    if limit is None or limit >= len(keys):
        return keys
    if seed is None:
        return keys[:limit]
    places = np.random.default_rng(seed).choice(len(keys), size=limit, replace=False)
    return tuple(keys[place] for place in np.sort(places))


def _is_structure(data: Any) -> bool:
    return isinstance(data, Structure) or is_biopython(data) or is_biotite(data)


def _structure(data: Any) -> Structure:
    return data if isinstance(data, Structure) else load_structure(data)


def _open_several(items: list[Any]) -> Dataset:
    if not items:
        raise DatasetError(f"the list is empty; give {_UNDERSTOOD}")
    tables = [item for item in items if _is_table(item)]
    others = [item for item in items if not _is_table(item)]
    if tables:
        if len(tables) != 1 or len(others) != 1 or not _holds(others[0], is_fasta):
            raise DatasetError(
                f"{tables[0]} looks like a table of labels; give it in a list with the one FASTA "
                "file that it is about, and join several such pairs as data sets"
            )
        return FastaDataset(others[0], tables[0])
    if all(_means_structures(item) for item in others):
        return StructureDataset(
            [_structure(item) if _is_structure(item) else item for item in others]
        )
    datasets = [open_dataset(item) for item in others]
    return datasets[0] if len(datasets) == 1 else JoinedDataset(datasets)


def _is_table(item: Any) -> bool:
    return isinstance(item, str | os.PathLike) and Path(item).suffix.lower() in _TABLES


def _means_structures(item: Any) -> bool:
    """Return whether an item is read as structures, being no known file of records."""
    if _is_structure(item):
        return True
    if not isinstance(item, str | os.PathLike):
        return False
    path = user_path(item)
    if not is_there(path):
        return is_entry_id(str(item))
    if path.is_dir():
        return not (path / "data.mdb").exists()
    return path.is_file() and _kind_of(path) is StructureDataset


def _holds(item: Any, test: Callable[[bytes], bool]) -> bool:
    if not isinstance(item, str | os.PathLike):
        return False
    path = user_path(item)
    return is_there(path) and path.is_file() and test(_start(path))


def _open_path(given: str | os.PathLike[str]) -> Dataset:
    path = user_path(given)
    if is_there(path):
        if path.is_dir():
            return _open_folder(path)
        kind = _kind_of(path)
        return _checked(path) if kind is StructureDataset else kind(path)
    if is_entry_id(str(given)):
        return StructureDataset([given])
    near = near_names(path.name, _names_in(path.parent))
    hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
    raise DatasetError(f"there is no file or folder {path}{hint or ';'} data can be {_UNDERSTOOD}")


def _checked(path: Path) -> StructureDataset:
    """Return the data set of one structure, after reading it once: any other file is refused."""
    dataset = StructureDataset(path)
    try:
        dataset.read(dataset.keys[0])
    except DatasetError as error:
        raise DatasetError(f"{error}. Data can also be {_UNDERSTOOD}") from error
    return dataset


def _open_folder(path: Path) -> Dataset:
    if (path / "data.mdb").exists():
        return LmdbDataset(path)
    if structure_files(path):
        return StructureDataset(path)
    names = _names_in(path)
    listed = ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
    raise DatasetError(
        f"the folder {path} holds no structures (names ending in {', '.join(SUFFIXES)}, also "
        f"with {', '.join(COMPRESSED)}) and no data.mdb; it holds {listed or 'nothing'}. Name one "
        "of them, or several in a list"
    )


def _kind_of(path: Path) -> Callable[[Path], Dataset]:
    """Return the class of data set that reads a file."""
    start = _start(path)
    plain = _unpacked(start) if start.startswith(b"\x1f\x8b") else start
    kind: Callable[[Path], Dataset] = StructureDataset
    if is_lmdb(plain):
        kind = LmdbDataset
    elif is_proteinnet(plain):
        kind = ProteinNetDataset
    elif is_fasta(plain):
        kind = FastaDataset
    if kind is not StructureDataset and plain is not start:
        raise DatasetError(
            f"{path} is gzipped, and its records are read from the middle of the file: unpack it "
            f"first (gunzip -k {path.name})"
        )
    if _is_tfrecord(path, start):
        raise DatasetError(
            f"{path} is a TFRecord file, which is not read; take ProteinNet's text edition, or "
            "TAPE's LMDB"
        )
    if path.suffix.lower() in _TABLES:
        raise DatasetError(
            f"{path} looks like a table of labels; give it in a list with its FASTA file: "
            f"['proteins.fasta', '{path.name}']"
        )
    return kind


def _is_tfrecord(path: Path, start: bytes) -> bool:
    """Return whether a file is a TFRecord's: by its name, or as ProteinNet's begin."""
    # A length in eight bytes, its checksum in four, and then the feature "id".
    is_example = start[4:8] == bytes(4) and b"\n\x02id\x12" in start[12:64]
    return is_example or ".tfrecord" in path.name.lower()


def _start(path: Path) -> bytes:
    with open_file(path, DatasetError) as file:
        return file.read(_SNIFFED)


def _unpacked(start: bytes) -> bytes:
    try:
        return zlib.decompressobj(wbits=zlib.MAX_WBITS | 16).decompress(start, _SNIFFED)
    except zlib.error:
        return b""


def _names_in(folder: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in folder.iterdir())
    except OSError:
        return []
