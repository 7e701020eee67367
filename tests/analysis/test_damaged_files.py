"""Reports and journals, damaged or made to harm: refused, or read as they were written."""

from __future__ import annotations

import io
import json
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lmdb
import numpy as np
import pandas as pd
import pytest

import protvis as pv
from protvis.analysis.counting.counters import Counters
from protvis.analysis.counting.plan import Plan
from protvis.analysis.counting.result import Result
from protvis.analysis.counting.stored_counters import (
    array_bytes,
    counters_from_npz,
    counters_to_npz,
)
from protvis.analysis.runs.journal import IDENTITY, STATE, Journal
from protvis.analysis.runs.result_file import load_tables, save_tables
from protvis.analysis.statistics.result_tables import HeadTables
from protvis.errors import DatasetError, ResumeError
from protvis.json_text import parse_json
from protvis.sealed_archive import read_archive, write_archive
from tests.analysis.test_running import make_world, run
from tests.bounds import bounds

Members = dict[str, bytes]


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Plan, Result]:
    """A finished run's journal, its plan, and what it counted."""
    folder = tmp_path_factory.mktemp("journal")
    data, model, plan = make_world()
    data.broken = {"bad": "no such thing"}
    result = run(data, model, plan, resume=folder)
    return folder, result.plan, result


@pytest.fixture
def report(journal: tuple[Path, Plan, Result], tmp_path: Path) -> Path:
    return save_tables(HeadTables(journal[2]), tmp_path / "report.protvis")


def read_members(path: Path) -> Members:
    members = read_archive(path, "report", DatasetError)
    return {name: bytes(content) for name, content in members.items()}


def damaged(data: bytes, rng: np.random.Generator) -> bytes:
    """Return bytes with one bit turned, some bytes changed, some left out, or the end cut off."""
    changed = bytearray(data)
    place = int(rng.integers(len(data)))
    kind = rng.integers(4)
    if kind == 0:
        changed[place] ^= 1 << int(rng.integers(8))
    elif kind == 1:
        for place in rng.integers(0, len(data), int(rng.integers(1, 9))):
            changed[place] = int(rng.integers(256))
    elif kind == 2:
        del changed[place : place + int(rng.integers(1, 50))]
    else:
        del changed[place:]
    return bytes(changed)


def test_2000_damages_of_a_journal(journal: tuple[Path, Plan, Result], tmp_path: Path) -> None:
    """Refused, or harmless as space between words is; never other numbers, dates or skips."""
    folder, plan, result = journal
    identity = json.loads((folder / IDENTITY).read_text())
    begun = identity.pop("begun")
    del identity["sha256"]
    expected = Journal(folder, identity).load(plan, 4)
    assert expected[0] == result.counters
    rng = np.random.default_rng(0)
    files = {name: (folder / name).read_bytes() for name in (STATE, IDENTITY)}
    refused = 0
    for number in range(2000):
        name = (STATE, IDENTITY)[number % 2]
        for one, content in files.items():
            (tmp_path / one).write_bytes(damaged(content, rng) if one == name else content)
        try:
            again = Journal(tmp_path, identity)
            counters, done, skipped, counted = again.load(plan, 4)
        except ResumeError:
            refused += 1
            continue
        assert (again.begun, counters, skipped, counted) == (begun, expected[0], *expected[2:])
        assert np.array_equal(done, expected[1])
    assert 1900 < refused <= 2000


def test_2000_damages_of_a_report(report: Path) -> None:
    whole = report.read_bytes()
    expected = load_tables(report)
    rng = np.random.default_rng(1)
    refused = 0
    for _ in range(2000):
        changed = damaged(whole, rng)
        report.write_bytes(changed)
        try:
            again = load_tables(report)
        except DatasetError:
            refused += 1
            continue
        # A byte was written over by itself.
        assert changed == whole
        assert again.result.counters == expected.result.counters
    assert refused > 1900


@pytest.mark.parametrize("member", ["family_hits.npy", "links.npy", "done.npy", "about.json"])
@pytest.mark.parametrize("bit", [0, 1, 7])
def test_one_bit_of_a_journal(
    journal: tuple[Path, Plan, Result], tmp_path: Path, member: str, bit: int
) -> None:
    """As the length of an array's header, which NumPy and zip do not notice."""
    folder, plan, _ = journal
    data = bytearray((folder / STATE).read_bytes())
    with zipfile.ZipFile(folder / STATE) as archive:
        at = archive.getinfo(member).header_offset
    places = [data.index(member.encode(), at) + len(member) + more for more in (0, 8, 9, 40)]
    for place in places:
        changed = bytearray(data)
        changed[place] ^= 1 << bit
        (tmp_path / STATE).write_bytes(changed)
        (tmp_path / IDENTITY).write_bytes((folder / IDENTITY).read_bytes())
        world, model, plan = make_world()
        world.broken = {"bad": "no such thing"}
        with pytest.raises(ResumeError, match=r"progress\.npz is damaged"):
            run(world, model, plan, resume=tmp_path)


def test_a_journal_of_another_size_is_refused(
    journal: tuple[Path, Plan, Result], tmp_path: Path
) -> None:
    folder, plan, _ = journal
    identity = json.loads((folder / IDENTITY).read_text())
    for name in ("begun", "sha256"):
        del identity[name]
    members = read_members(folder / STATE)
    about = json.loads(members["about.json"])
    for changed in (
        {"links.npy": array_bytes(np.zeros((10**3, 10**3), dtype=np.int64))},
        {"links.npy": members["links.npy"].replace(b"(2, 3", b"(9**9, 3")},
        {"links.npy": members["links.npy"].replace(b"<i8", b"<f8")},
        {"done.npy": members["done.npy"] + b"\1"},
        {"about.json": json.dumps({**about, "ledger": {"0": [["a"]]}}).encode()},
        {"about.json": json.dumps({**about, "ledger": {"x": []}}).encode()},
        *(
            {
                "about.json": json.dumps({**about, name: number})
                .replace("Infinity", "1e999")
                .encode()
            }
            for name in ("n_records", "n_residues")
            for number in (None, float("inf"), -1, 2.5, True, "3")
        ),
        {"about.json": b"[" * 10**5},
        {"about.json": b"[]"},
        {"hits.npy": members["family_hits.npy"]},
    ):
        (tmp_path / IDENTITY).write_bytes((folder / IDENTITY).read_bytes())
        write_archive(tmp_path / STATE, members | changed)
        with bounds(lines=10**6, megabytes=60), pytest.raises(ResumeError, match="is damaged"):
            Journal(tmp_path, identity).load(plan, 4)


def plan_with(**values: Any) -> Callable[[Members], Members]:
    return _with("plan.json", values)


def about_with(**values: Any) -> Callable[[Members], Members]:
    return _with("provenance.json", values)


def _with(name: str, values: dict[str, Any]) -> Callable[[Members], Members]:
    def change(members: Members) -> Members:
        content = json.loads(members[name])
        for key, value in values.items():
            if value is ...:
                del content[key]
            else:
                content[key] = value
        return members | {name: json.dumps(content).encode()}

    return change


def member(name: str, content: bytes | None) -> Callable[[Members], Members]:
    def change(members: Members) -> Members:
        kept = {key: value for key, value in members.items() if key != name}
        return kept if content is None else kept | {name: content}

    return change


def npz(**arrays: Any) -> Callable[[Members], Members]:
    """Change arrays of the counts, or their bytes."""

    def change(members: Members) -> Members:
        with np.load(io.BytesIO(members["counts.npz"])) as old:
            made = {name: old[name] for name in old.files}
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, value in {**made, **arrays}.items():
                if value is not None:
                    content = array_bytes(value) if isinstance(value, np.ndarray) else value
                    archive.writestr(f"{name}.npy", content)
        return members | {"counts.npz": stream.getvalue()}

    return change


def cut_deflate(members: Members) -> Members:
    counts = bytearray(members["counts.npz"])
    counts[200:260] = bytes(60)
    return members | {"counts.npz": bytes(counts)}


def encrypted(members: Members) -> Members:
    counts = bytearray(members["counts.npz"])
    with zipfile.ZipFile(io.BytesIO(counts)) as archive:
        start = archive.start_dir
    counts[start + 8] |= 1
    return members | {"counts.npz": bytes(counts)}


def swollen(members: Members) -> Members:
    """Counts of 1.6 MB that unpack to 3.2 GB, for a plan that says so."""
    made = plan_with(n_layers=1000, n_heads=1000, n_bootstrap=30)(members)
    plan = Plan.from_dict(json.loads(made["plan.json"]))
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in Counters.shapes(plan):
            archive.writestr(f"{name}.npy", bytes(10**6))
    return made | {"counts.npz": stream.getvalue()}


HEADER = b"\x93NUMPY\x01\x00\x76\x00"


def header(text: str) -> bytes:
    return HEADER + text.encode().ljust(0x76 - 1) + b"\n"


HOSTILE: dict[str, Callable[[Members], Members]] = {
    "no plan": member("plan.json", None),
    "no counts": member("counts.npz", None),
    "no provenance": member("provenance.json", None),
    "no ledger": member("ledger.json", None),
    "no layers in the plan": plan_with(n_layers=...),
    "no columns in the plan": plan_with(columns=...),
    "something more in the plan": plan_with(n_tails=3),
    "10**9 layers": plan_with(n_layers=10**9),
    "10**300 layers": plan_with(n_layers=10**300),
    "10**9 replicates": plan_with(n_bootstrap=10**9),
    "layers as text": plan_with(n_layers="2"),
    "half a layer": plan_with(n_layers=2.5),
    "true layers": plan_with(n_layers=True),
    "no such mode": plan_with(mode="evil"),
    "a threshold of nothing": plan_with(threshold=None),
    "a cutoff in words": plan_with(cutoff="far"),
    "columns that are numbers": plan_with(columns=[1, 2]),
    "a column named by a list": plan_with(columns=[{"feature": [], "value": "", "kind": "pair"}]),
    "a plan that is a list": member("plan.json", b"[]"),
    "a nested plan": member("plan.json", b"[" * 10**6),
    "a nested plan that ends": member("plan.json", b"[" * 900 + b"]" * 900),
    "a plan of 5,000 digits": member("plan.json", b'{"n_layers": ' + b"1" * 5000 + b"}"),
    "a plan of NaN": member("plan.json", b'{"form_of_counts": NaN}'),
    "a plan that is no text": member("plan.json", b"\xff\xfe{}"),
    "no version": about_with(version=...),
    "another version": about_with(version=1),
    "no model": about_with(model=...),
    "a model that is a list": about_with(model=[]),
    "a model without a name": about_with(model={}),
    "data without a name": about_with(data={"n_records": 1}),
    "records as text": about_with(n_records="many"),
    "a negative number of records": about_with(n_records=-1),
    "complete as text": about_with(complete="no"),
    "links as a list": about_with(min_links=[100]),
    "a date that is a number": about_with(date=3),
    "versions that are text": about_with(versions="1"),
    "provenance that is a number": member("provenance.json", b"1"),
    "a ledger that is a number": member("ledger.json", b"1"),
    "a ledger of single names": member("ledger.json", b'[["a"]]'),
    "a ledger of numbers": member("ledger.json", b"[[1, 2]]"),
    "counts that are no archive": member("counts.npz", b"PK\x03\x04"),
    "damaged deflate": cut_deflate,
    "encrypted counts": encrypted,
    "counts of other plans": npz(links=None),
    "more counts": npz(more=np.zeros(3)),
    "counts of floats": npz(links=np.zeros((2, 3, 22))),
    "counts of objects": npz(links=header("{'descr': '|O', 'fortran_order': 0, 'shape': (1,), }")),
    "counts of 10**12": npz(
        links=header("{'descr': '<i8', 'fortran_order': False, 'shape': (1000000000000,), }")
    ),
    "a header that is code": npz(links=header("__import__('os').system('true')")),
    "an endless header": npz(links=b"\x93NUMPY\x02\x00\xff\xff\xff\x7f" + b" " * 1000),
    "counts of zeros without end": npz(links=bytes(50_000_000)),
    "swollen counts": swollen,
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_reports_made_to_harm_are_refused(report: Path, name: str) -> None:
    write_archive(report, HOSTILE[name](read_members(report)))
    with (
        bounds(lines=3_000_000, megabytes=120),
        pytest.raises(DatasetError, match=r"report\.protvis") as caught,
    ):
        load_tables(report)
    assert len(str(caught.value)) < 600


def test_what_is_not_read_does_not_matter(report: Path) -> None:
    """The table for other readers may be a bomb: a billion rows in a few kilobytes."""
    before = load_tables(report)
    stream = io.BytesIO()
    pd.DataFrame({"feature": ["x"]}).to_parquet(stream)
    write_archive(report, read_members(report) | {"heads.parquet": stream.getvalue()[:-9]})
    assert load_tables(report).result.counters == before.result.counters


def test_packed_members_are_refused(report: Path, tmp_path: Path) -> None:
    members = read_members(report)
    with zipfile.ZipFile(report, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    with pytest.raises(DatasetError, match="older version"):
        load_tables(report)


def test_pipes_devices_and_folders_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, said in (
        (tmp_path / "pipe", "not a regular file"),
        (Path("/dev/zero"), "not a regular file"),
        (tmp_path, "there is no report"),
        (tmp_path / "a\0b", "no report"),
        (tmp_path / ("x" * 5000), "no report"),
    ):
        with pytest.raises(DatasetError, match=said):
            load_tables(path)


@pytest.mark.parametrize("name", [IDENTITY, STATE])
def test_a_journal_of_pipes_is_not_waited_for(
    journal: tuple[Path, Plan, Result], tmp_path: Path, name: str
) -> None:
    for one in (IDENTITY, STATE):
        (tmp_path / one).write_bytes((journal[0] / one).read_bytes())
    (tmp_path / name).unlink()
    os.mkfifo(tmp_path / name)
    world, model, plan = make_world()
    world.broken = {"bad": "no such thing"}
    with pytest.raises(ResumeError, match="a pipe or a device"):
        run(world, model, plan, resume=tmp_path)


def test_ids_that_are_no_text_are_kept(journal: tuple[Path, Plan, Result], tmp_path: Path) -> None:
    """Names of files can hold bytes that are no text; a journal must not fail on them."""
    data, model, plan = make_world()
    data.broken = {"caf\udce9": "no \udce9", "=1+1": "…"}
    first = run(data, model, plan, resume=tmp_path / "journal")
    again = run(data, model, plan, resume=tmp_path / "journal")
    assert again.skipped == first.skipped
    assert {skip.record for skip in again.skipped} == {"caf\udce9", "=1+1"}
    path = save_tables(HeadTables(first), tmp_path / "report.protvis")
    assert load_tables(path).result.skipped == first.skipped


@pytest.mark.parametrize(
    "text",
    [b"[" * 10**6, b"[" * 40 + b"]" * 40, b'{"a":' * 40 + b"1" + b"}" * 40, b"NaN", b"-Infinity",
     b"1" * 5000, b"\xff", b"", b"{'a': 1}"],
)  # fmt: skip
def test_json_that_is_not_read(text: bytes) -> None:
    with bounds(lines=100_000, megabytes=20), pytest.raises(ValueError, match=r"."):
        parse_json(text)


def test_counters_come_back(journal: tuple[Path, Plan, Result]) -> None:
    _, plan, result = journal
    assert counters_from_npz(counters_to_npz(result.counters), plan) == result.counters


def test_bad_records_are_in_the_ledger_and_the_run_goes_on(tmp_path: Path) -> None:
    """Numbers of 5,000 digits, ids that are no text, values that would never end, far atoms."""
    sequence = "ACDEFGHIKLMNPQRSTVWY"
    good = {"primary": sequence, "positions": list(range(20)), "sites": [3, 4]}
    pairs = b"".join(b"h%c" % n * 2 + b"\x86q%c" % (n + 1) for n in range(59))
    far = np.full((20, 3), 1e306)
    values = [pickle.dumps({**good, "id": f"p{n}"}) for n in range(12)]
    values[2] = pickle.dumps({**good, "id": "long", "protein_length": 10**5000})
    values[4] = pickle.dumps({**good, "id": "a\ud800b"}, 2)
    values[6] = b"\x80\x02}K\x01K\x01\x86q\x00" + pairs + b"K\x01s."
    values[8] = pickle.dumps({**good, "id": "far", "tertiary": far})
    values[9] = pickle.dumps({**good, "id": "odd", "primary": "ACD\ud800F"}, 2)
    with (
        lmdb.open(str(tmp_path / "set"), map_size=2**24) as environment,
        environment.begin(write=True) as transaction,
    ):
        for number, value in enumerate(values):
            transaction.put(str(number).encode(), value)
    report = pv.analyze(
        tmp_path / "set",
        "mini",
        features="binding_site",
        progress=False,
        max_skipped=0.5,
        resume=tmp_path / "journal",
    )
    assert report.result.n_records == 7
    assert {skip.record for skip in report.result.skipped} == {"2", "4", "6", "far", "9"}
    assert all(len(skip.reason) < 300 for skip in report.result.skipped)
    again = pv.load_report(report.save(tmp_path / "report.protvis"))
    assert again.result.skipped == report.result.skipped
