"""Where files come in: what is read there, from which files it is changed, and what must hold."""

from __future__ import annotations

import gzip
import json
import pickle
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from protvis.data import TRYPSIN
from protvis.errors import ProtvisError

__all__ = ["Entrance", "entrances"]

ROOT = Path(__file__).resolve().parents[2]
REAL = ROOT / "tests" / "data" / "structures"


@dataclass(frozen=True)
class Entrance:
    """One way in.

    Attributes
    ----------
    name : str
    weight : int
        How many of a hundred inputs come in here.
    seeds : sequence of (str, bytes)
        Names and contents of files that are read as they are.
    read : callable
        Gets the path of a changed file, reads all of it and asserts what must hold; raises a
        `ProtvisError` for what cannot be read.
    """

    name: str
    weight: int
    seeds: Sequence[tuple[str, bytes]]
    read: Callable[[Path], object]


def entrances() -> list[Entrance]:
    """Return all of them."""
    structures = _structures()
    return [
        Entrance("structures", 16, structures, read_structure),
        Entrance("fasta", 10, _fasta(), read_dataset),
        Entrance("label tables", 8, _labels(), read_labels),
        Entrance("proteinnet", 8, [("set.txt", _PROTEINNET)], read_dataset),
        Entrance("lmdb", 9, [("data.mdb", _lmdb())], read_dataset),
        Entrance("pickles", 12, [("x.pkl", data) for data in _pickles()], read_pickle),
        Entrance("uniprot", 9, _uniprot(), read_uniprot_file),
        Entrance("sifts", 6, _sifts(), read_sifts),
        Entrance("own tracks", 5, [("own.csv", _own())], read_own_track),
        Entrance("reports", 6, [("report.protvis", _report())], read_report),
        Entrance("journals", 6, _journal(), read_journal),
        Entrance("combinations", 3, [("heads.json", _COMBINATION)], read_combination),
        Entrance("checkpoints", 2, _checkpoint(), read_checkpoint),
    ]


SEQUENCE = "ACDEFGHIKLMNPQRSTVWYACDEFGHIKL"


def _small_structure() -> bytes:
    from tests.structure.chain_files import THREE, Residue, pdb_text

    rows = [
        Residue(THREE[letter], number, observed=number not in (5, 6))
        for number, letter in enumerate(SEQUENCE, 1)
    ]
    return pdb_text(rows).encode()


def _structures() -> list[tuple[str, bytes]]:
    import gemmi

    pdb = _small_structure()
    made = gemmi.read_pdb_string(pdb.decode())
    made.setup_entities()
    cif = made.make_mmcif_document().as_string().encode()
    real = [(path.name, path.read_bytes()) for path in sorted(REAL.glob("*.gz"))]
    # The small ones are read a hundred times a second, the real ones say much more.
    return [("x.pdb", pdb), ("x.cif", cif), ("x.pdb.gz", gzip.compress(pdb, mtime=0))] * 3 + real


def _fasta() -> list[tuple[str, bytes]]:
    records = [f">sp|P{n:05d}|NAME_{n} A protein OS=Homo\n{SEQUENCE[n:]}\n" for n in range(6)]
    other = f">a\n{SEQUENCE}\n\n>b x\n{SEQUENCE}*\n"
    return [("set.fasta", "".join(records).encode()), ("set.fa", other.encode())]


_LABELS = (
    b"record,position,feature,value\na,1,active_site,\na,3-9,secondary_structure,H\nb,2,domain,SH3\n"
    b"b,4,domain,kringle\na,7,plddt,90.5\nb,,active_site,\n"
)


def _own() -> bytes:
    rows = [f"{label},{n / 2}" for n, label in enumerate(_chain().residue_labels)]
    return "\n".join(["residue,value", *rows[:9], "12,7.5"]).encode()


def _labels() -> list[tuple[str, bytes]]:
    return [("labels.csv", _LABELS), ("labels.tsv", _LABELS.replace(b",", b"\t"))]


def _proteinnet() -> bytes:
    n = len(SEQUENCE)
    rng = np.random.default_rng(0)
    records = []
    for name in ("1ABC_1_A", "TBM#T0366"):
        axes = "\n".join(" ".join(f"{x:.1f}" for x in rng.normal(0, 900, 3 * n)) for _ in range(3))
        mask = "+" * (n - 3) + "-" * 3
        records.append(
            f"[ID]\n{name}\n[PRIMARY]\n{SEQUENCE}\n[SECONDARY]\n{'LHE' * (n // 3)}\n"
            f"[TERTIARY]\n{axes}\n[MASK]\n{mask}\n\n"
        )
    return "".join(records).encode()


_PROTEINNET = _proteinnet()


def _fields() -> list[dict[str, Any]]:
    n = len(SEQUENCE)
    rng = np.random.default_rng(0)
    return [
        {
            "id": "1bvy.F",
            "primary": SEQUENCE,
            "positions": list(range(290, 290 + n)),
            "sites": [291, 300],
        },
        {
            "id": b"1A8O_1_A",
            "primary": SEQUENCE,
            "protein_length": n,
            "tertiary": rng.normal(0, 20, (n, 3)).astype("f4"),
            "valid_mask": rng.random(n) < 0.8,
        },
        {
            "id": "1abc-A",
            "primary": SEQUENCE,
            "ss3": rng.integers(0, 3, n),
            "ss8": rng.integers(0, 8, n),
            "valid_mask": np.ones(n, "f4"),
        },
    ]


def _pickles() -> list[bytes]:
    return [pickle.dumps(fields, protocol) for fields in _fields() for protocol in (3, 4, 5)]


def _lmdb() -> bytes:
    import lmdb

    with tempfile.TemporaryDirectory() as folder:
        with (
            lmdb.open(folder, map_size=2**24) as environment,
            environment.begin(write=True) as transaction,
        ):
            values = _fields() * 12
            for number, fields in enumerate(values):
                transaction.put(str(number).encode(), pickle.dumps(fields))
            transaction.put(b"num_examples", pickle.dumps(len(values)))
        return (Path(folder) / "data.mdb").read_bytes()


def _uniprot() -> list[tuple[str, bytes]]:
    from tests.annotations.test_uniprot import GFF, JSON, TEXT, XML

    texts = {"x.txt": TEXT, "x.gff": GFF, "x.xml": XML, "x.json": JSON}
    return [(name, text.encode()) for name, text in texts.items()]


def _sifts() -> list[tuple[str, bytes]]:
    from tests.annotations.test_uniprot import sifts_xml

    table = (
        "# SIFTS\nPDB\tCHAIN\tSP_PRIMARY\tRES_BEG\tRES_END\tPDB_BEG\tPDB_END\tSP_BEG\tSP_END\n"
        "9tst\tA\tP99999\t3\t20\t1\t18\t1\t18\n9tst\tA\tP99999\t21\t30\t19\tNone\t19\t28\n"
    )
    return [("x.xml", sifts_xml(_chain())), ("x.tsv", table.encode())]


_MADE: dict[str, Any] = {}


def _once(name: str, make: Callable[[], Any]) -> Any:
    if name not in _MADE:
        _MADE[name] = make()
    return _MADE[name]


def _chain() -> Any:
    from tests.annotations.test_uniprot import chain_of

    return _once("chain", chain_of)


def _run() -> tuple[Any, Any, bytes, bytes]:
    from protvis.analysis.runs.journal import IDENTITY, STATE
    from tests.analysis.test_running import make_world, run

    def make() -> tuple[Any, Any, bytes, bytes]:
        with tempfile.TemporaryDirectory() as folder:
            data, model, plan = make_world(20)
            data.broken = {"bad": "no such thing"}
            result = run(data, model, plan, resume=folder)
            files = [(Path(folder) / name).read_bytes() for name in (STATE, IDENTITY)]
        return result.plan, result, files[0], files[1]

    made: tuple[Any, Any, bytes, bytes] = _once("run", make)
    return made


def _journal() -> list[tuple[str, bytes]]:
    return [("progress.npz", _run()[2]), ("run.json", _run()[3])]


def _report() -> bytes:
    from protvis.analysis.runs.result_file import save_tables
    from protvis.analysis.statistics.result_tables import HeadTables

    with tempfile.TemporaryDirectory() as folder:
        return save_tables(HeadTables(_run()[1]), Path(folder) / "report.protvis").read_bytes()


_COMBINATION = json.dumps({
    "format": "protvis head combination", "version": 1, "weights": [[0.5, -1.0], [0.0, 2.0]],
    "intercept": -3.0, "cutoff": 8.0, "min_separation": 6,
    "fitted_on": [{"id": "1abc", "sequence": SEQUENCE}], "provenance": {"model": "mini"},
}).encode()  # fmt: skip

MINI = TRYPSIN.parent / "mini"
_SMALL = ("config.json", "vocab.txt", "tokenizer_config.json")


def _checkpoint() -> list[tuple[str, bytes]]:
    index = {"metadata": {}, "weight_map": {"a": "model.safetensors"}}
    files = [(name, (MINI / name).read_bytes()) for name in _SMALL]
    return [*files, ("model.safetensors.index.json", json.dumps(index).encode())]


def read_structure(path: Path) -> None:
    """Read a structure and what is made of every chain."""
    from protvis.structure import load_structure

    structure = load_structure(path)
    for chain_id, chain in structure.chains.items():
        assert chain.n_residues == len(chain.sequence) > 0, chain_id
        for atom in ("CA", "CB"):
            xyz = chain.coordinates(atom)
            assert xyz.shape == (chain.n_residues, 3)
            assert not np.isinf(xyz).any(), "infinite coordinates"
        if chain.n_residues <= 500:
            assert chain.contact_map().shape == (chain.n_residues,) * 2


def read_dataset(path: Path) -> None:
    """Read every record of a data set."""
    from protvis.datasets import open_dataset

    dataset = open_dataset(path)
    assert len(set(dataset.keys)) == len(dataset.keys)
    dataset.features()
    for key in list(dataset.keys)[:200]:
        try:
            records = dataset.read(key).records
        except ProtvisError:
            continue
        for record in records:
            assert record.sequence
            if record.coordinates is not None:
                known = record.coordinates[np.isfinite(record.coordinates).all(axis=1)]
                assert np.abs(known).max(initial=0) <= 1e5, "a coordinate far away"
                assert not np.isinf(record.coordinates).any(), "infinite coordinates"


def read_labels(path: Path) -> None:
    """Read a table of labels, beside a FASTA file."""
    from protvis.datasets import open_dataset

    fasta = path.with_name("two.fasta")
    fasta.write_text(f">a\n{SEQUENCE}\n>b\n{SEQUENCE}\n")
    named = path.with_name("labels.tsv" if b"\t" in path.read_bytes()[:80] else "labels.csv")
    path.rename(named)
    dataset = open_dataset([fasta, named])
    for key in dataset.keys:
        for record in dataset.read(key).records:
            plddt = record.tracks.get("plddt")
            if plddt is not None:
                known = plddt.values[np.isfinite(plddt.values)]
                assert ((known >= 0) & (known <= 100)).all()


def read_pickle(path: Path) -> None:
    """Read one value, and the record that it is."""
    from protvis.datasets.lmdb_records import features_of, id_of, record_of
    from protvis.datasets.safe_pickle import load_plain

    fields = load_plain(path.read_bytes())
    record_of(fields, id_of(fields) or "0", "x")
    features_of(fields)


def read_uniprot_file(path: Path) -> None:
    """Read entries, and put their features onto a chain."""
    from protvis.annotations import feature_tracks, map_by_alignment, read_uniprot

    chain = _chain()
    for entry in read_uniprot(path)[:3]:
        assert all(isinstance(feature.kind, str) for feature in entry.features)
        if entry.sequence:
            mapping = map_by_alignment(chain, entry.sequence, accession=entry.accession)
            feature_tracks(entry, chain, mapping)


def read_sifts(path: Path) -> None:
    """Map a chain."""
    from protvis.annotations import map_by_sifts

    mapping = map_by_sifts(path, _chain(), entry="9tst")
    assert len(mapping.positions) == _chain().n_residues
    assert (mapping.positions >= 0).all()


def read_own_track(path: Path) -> None:
    """Put a table of one's own onto a chain."""
    from protvis.annotations import track

    assert len(track(_chain(), path)) == _chain().n_residues


def read_report(path: Path) -> None:
    """Read a report; without its digest made again it is the same, or refused."""
    from protvis.analysis.runs.result_file import load_tables

    tables = load_tables(path)
    arrays = tables.result.counters.arrays
    assert all(values.dtype == np.int64 for values in arrays.values())
    if len(tables.result.plan.columns) < 40:
        tables.heads()


def read_journal(path: Path) -> None:
    """Go on from a journal of which one file was changed."""
    from protvis.analysis.runs.journal import IDENTITY, STATE, Journal

    plan, result, state, identity = _run()
    for name, content in ((STATE, state), (IDENTITY, identity)):
        if path.name != name:
            path.with_name(name).write_bytes(content)
    meant = json.loads(identity)
    begun = meant.pop("begun")
    del meant["sha256"]
    journal = Journal(path.parent, meant)
    counters, _, skipped, _ = journal.load(plan, 2)
    assert journal.begun == begun
    assert set(counters.arrays) == set(result.counters.arrays)
    assert all(isinstance(skip.record, str) for skips in skipped.values() for skip in skips)


def read_combination(path: Path) -> None:
    """Read a head combination."""
    from protvis.analysis.contacts.combination import load_combination

    combination = load_combination(path)
    assert np.isfinite(combination.weights).all()


def read_checkpoint(path: Path) -> None:
    """Load a checkpoint of which one small file was changed, and run it."""
    from protvis.models import load_model

    for file in MINI.iterdir():
        target = path.with_name(file.name)
        if not target.exists() and file.name != "CARD.md":
            shutil.copyfile(file, target)
    model = load_model(path.parent)
    assert model.n_layers > 0
    model.capture(SEQUENCE, lambda *_: None)
