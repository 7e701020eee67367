"""Entries by id: fetched from a server on this machine, kept, refused in words."""

from __future__ import annotations

import gzip
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from protvis.errors import StructureError, StructureUnavailableError
from protvis.structure import fetch_structure, load_structure
from tests.structure.collected import TEST_FILES

ENTRY = (TEST_FILES / "1a8o.cif.gz").read_bytes()


class Server:
    """A stand-in for the PDB and AlphaFold DB that answers what a test tells it to."""

    def __init__(self) -> None:
        self.answers: dict[str, list[tuple[int, bytes]]] = {}
        self.asked: list[str] = []
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                owner.asked.append(self.path)
                queue = owner.answers.get(self.path, [(404, b"no such entry")])
                status, body = queue.pop(0) if len(queue) > 1 else queue[0]
                self.send_response(status)
                claimed = len(body) + (1000 if status == 299 else 0)
                self.send_header("Content-Length", str(claimed))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Keep the tests' output clean."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def server(monkeypatch, tmp_path):
    made = Server()
    monkeypatch.setenv("PROTVIS_OFFLINE", "0")
    monkeypatch.setenv("PROTVIS_PDB_URL", made.url)
    monkeypatch.setenv("PROTVIS_ALPHAFOLD_URL", made.url)
    monkeypatch.setenv("PROTVIS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("time.sleep", lambda _: None)
    yield made
    made.close()


def test_an_entry_is_fetched_once_and_kept(server, monkeypatch):
    server.answers["/1A8O.cif.gz"] = [(200, ENTRY)]
    for entry_id in ("1A8O", "1a8o", "pdb_00001a8o"):
        assert load_structure(entry_id).chains["A"].n_residues == 70
    assert server.asked == ["/1A8O.cif.gz"]
    monkeypatch.setenv("PROTVIS_OFFLINE", "1")
    assert load_structure("1A8O").name == "1A8O"


def test_offline_names_the_setting(monkeypatch, tmp_path):
    monkeypatch.setenv("PROTVIS_CACHE", str(tmp_path))
    monkeypatch.setenv("PROTVIS_OFFLINE", "1")
    with pytest.raises(StructureUnavailableError, match=r"1GBT .* PROTVIS_OFFLINE"):
        load_structure("1GBT")


def test_no_network_says_so(monkeypatch, tmp_path):
    monkeypatch.setenv("PROTVIS_OFFLINE", "0")
    with pytest.raises(StructureUnavailableError, match="check the network"):
        fetch_structure("1GBT", cache=tmp_path, attempts=1)
    assert list(tmp_path.iterdir()) == []


def test_a_failing_server_is_asked_again(server):
    server.answers["/1A8O.cif.gz"] = [(503, b""), (500, b""), (200, ENTRY)]
    assert fetch_structure("1A8O").read_bytes() == ENTRY
    assert len(server.asked) == 3


def test_a_server_that_keeps_failing_is_given_up(server):
    server.answers["/1A8O.cif.gz"] = [(503, b"")]
    with pytest.raises(StructureUnavailableError, match="the server says 503"):
        fetch_structure("1A8O", attempts=2)
    assert len(server.asked) == 2


def test_an_unknown_entry_is_not_asked_again(server):
    with pytest.raises(StructureError, match=r"no entry 9ZZZ .* 404.*check the id"):
        fetch_structure("9zzz")
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"<html>busy</html>",
        ENTRY[: len(ENTRY) // 2],
        gzip.compress(b"nothing"),
        gzip.compress(bytes(2**26)),
    ],
    ids=["html", "cut off", "not mmCIF", "bomb"],
)
def test_what_is_no_whole_entry_is_never_kept(server, tmp_path, body):
    server.answers["/1A8O.cif.gz"] = [(200, body)]
    with pytest.raises(StructureUnavailableError, match="1A8O"):
        fetch_structure("1A8O")
    assert list(tmp_path.rglob("*.gz*")) == []


def test_an_answer_that_breaks_off_is_asked_for_again(server):
    server.answers["/1A8O.cif.gz"] = [(299, ENTRY), (200, ENTRY)]
    assert fetch_structure("1A8O", timeout=5).read_bytes() == ENTRY


def test_alphafold_models_by_id_and_by_accession(server):
    server.answers["/api/prediction/P00760"] = [
        (200, json.dumps([{"entryId": "AF-P00760-F1", "cifUrl": f"{server.url}/m.cif"}]).encode())
    ]
    server.answers["/m.cif"] = [(200, gzip.decompress(ENTRY))]
    path = fetch_structure("AF-P00760-F1")
    assert path.name == "AF-P00760-F1.cif.gz"
    assert gzip.decompress(path.read_bytes()) == gzip.decompress(ENTRY)
    assert fetch_structure("p00760") == path
    with pytest.raises(StructureError, match="no AF-P00760-F2; of P00760 it has AF-P00760-F1"):
        fetch_structure("AF-P00760-F2")


@pytest.mark.parametrize("answer", [b"[]", b"{}", b"not json", b'[{"entryId": 3}]'])
def test_odd_answers_of_alphafold_are_an_error_in_words(server, answer):
    server.answers["/api/prediction/P00760"] = [(200, answer)]
    with pytest.raises(StructureError, match="AlphaFold DB"):
        fetch_structure("P00760")


def test_many_at_once_leave_one_whole_file(server, tmp_path):
    server.answers["/1A8O.cif.gz"] = [(200, ENTRY)]
    with ThreadPoolExecutor(8) as pool:
        paths = set(pool.map(fetch_structure, ["1A8O"] * 16))
    assert len(paths) == 1
    assert [path.name for path in tmp_path.rglob("*1A8O*")] == ["1A8O.cif.gz"]
    assert paths.pop().read_bytes() == ENTRY


def test_a_file_of_that_name_comes_before_the_id(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "1abc").write_bytes(ENTRY)
    assert load_structure("1abc").name == "1A8O"


def test_what_is_no_id_is_refused():
    with pytest.raises(StructureError, match="'hello' is not an id"):
        fetch_structure("hello")
