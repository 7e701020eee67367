"""Entries of the PDB and of AlphaFold DB by their ids: fetched once, then kept in a cache.

Environment variables: ``PROTVIS_OFFLINE=1`` forbids the network; ``PROTVIS_CACHE`` names the folder
of the cache (default ``~/.cache/protvis``); ``PROTVIS_PDB_URL`` and ``PROTVIS_ALPHAFOLD_URL`` name
mirrors.
"""

from __future__ import annotations

import gzip
import json
import logging
import os
import re
import time
import urllib.error
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path

from protvis.checks import check_number, check_whole_number
from protvis.errors import StructureError, StructureUnavailableError
from protvis.input_file import user_path, whole_number
from protvis.keywords import check_keywords
from protvis.output_file import write_whole
from protvis.structure.files.sources import read_bytes
from protvis.structure.patient_download import open_url

__all__ = ["fetch_structure", "is_entry_id"]

_LOG = logging.getLogger(__name__)
_PDB_URL = "https://files.rcsb.org/download"
_ALPHAFOLD_URL = "https://alphafold.ebi.ac.uk"
_PDB_ID = re.compile(r"(?:pdb_0000)?([0-9][a-z0-9]{3})", re.IGNORECASE)
# The form that UniProt states for its accessions.
_ACCESSION = r"[OPQ][0-9][A-Z0-9]{3}[0-9]|[A-NR-Z][0-9](?:[A-Z][A-Z0-9]{2}[0-9]){1,2}"
_UNIPROT_ID = re.compile(rf"({_ACCESSION})", re.IGNORECASE)
_ALPHAFOLD_ID = re.compile(rf"AF-({_ACCESSION})-F(\d+)(?:-model_v\d+)?", re.IGNORECASE)
_MAX_DOWNLOAD = 256 * 2**20
_RETRIED = (429, 500, 502, 503, 504)


def is_entry_id(text: str) -> bool:
    """Return whether a text has the form of a PDB id, an AlphaFold id or a UniProt accession."""
    return any(form.fullmatch(text) for form in (_PDB_ID, _ALPHAFOLD_ID, _UNIPROT_ID))


@check_keywords
def fetch_structure(
    entry_id: str,
    *,
    cache: str | os.PathLike[str] | None = None,
    timeout: float = 30.0,
    attempts: int = 3,
) -> Path:
    """Return the path of an entry's mmCIF file in the cache, fetching it first if needed.

    Files appear by atomic rename, only once they are complete, so several processes may fetch the
    same entry at the same time.

    Parameters
    ----------
    entry_id : str
        PDB id (``"1GBT"``), AlphaFold id (``"AF-P00760-F1"``) or UniProt accession, which stands
        for its AlphaFold model.
    cache : path, optional
        Folder for the files; by default ``PROTVIS_CACHE`` or ``~/.cache/protvis``.
    timeout : float, seconds
        Longest wait for an answer, for each attempt; a transfer that takes longer must deliver at
        least 1 KiB per second.
    attempts : int
        How many times to try when the server fails or does not answer.

    Raises
    ------
    StructureError
        If the id is not in a known format, or there is no such entry.
    StructureUnavailableError
        If the entry is not in the cache and cannot be fetched.
    """
    timeout = check_number("timeout", timeout, above=0, unit="seconds")
    attempts = check_whole_number("attempts", attempts, 1)
    if not isinstance(entry_id, str):
        raise StructureError(f"expected the id of an entry such as '1GBT', got {entry_id!r:.80}")
    if match := _PDB_ID.fullmatch(entry_id):
        name, fetch = match[1].upper(), _fetch_pdb
    elif match := _ALPHAFOLD_ID.fullmatch(entry_id):
        name, fetch = f"AF-{match[1].upper()}-F{match[2]}", _fetch_alphafold
    elif match := _UNIPROT_ID.fullmatch(entry_id):
        name, fetch = f"AF-{match[1].upper()}-F1", _fetch_alphafold
    else:
        raise StructureError(
            f"{entry_id!r} is not an id of the PDB ('1GBT'), of AlphaFold DB ('AF-P00760-F1') or "
            "of UniProt ('P00760')"
        )
    folder = Path(cache) if cache is not None else _cache_folder()
    path = folder / f"{name}.cif.gz"
    if path.is_file() and _is_whole(path, name):
        return path
    if os.environ.get("PROTVIS_OFFLINE", "").strip().lower() not in ("", "0", "false", "no"):
        raise StructureUnavailableError(
            f"{name} is not in the cache ({folder}) and PROTVIS_OFFLINE forbids the network; "
            "give the path of a file, or unset PROTVIS_OFFLINE"
        )

    def get(url: str) -> bytes:
        return _get(url, name, timeout, attempts)

    content = _checked(fetch(name, get), name)
    _write(path, content)
    return path


def _cache_folder() -> Path:
    named = os.environ.get("PROTVIS_CACHE")
    if named:
        return user_path(named) / "structures"
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "protvis" / "structures"


def _fetch_pdb(name: str, get: Callable[[str], bytes]) -> bytes:
    base = os.environ.get("PROTVIS_PDB_URL", _PDB_URL).rstrip("/")
    return get(f"{base}/{name}.cif.gz")


def _fetch_alphafold(name: str, get: Callable[[str], bytes]) -> bytes:
    base = os.environ.get("PROTVIS_ALPHAFOLD_URL", _ALPHAFOLD_URL).rstrip("/")
    accession = name.split("-")[1]
    # The file names carry a version that only the service knows.
    answer = get(f"{base}/api/prediction/{accession}")
    try:
        models = {model["entryId"]: model["cifUrl"] for model in json.loads(answer)}
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise StructureUnavailableError(
            f"AlphaFold DB answered something unexpected about {accession} ({error!r}); try later"
        ) from error
    if name not in models:
        raise StructureError(
            f"AlphaFold DB has no {name}; of {accession} it has {', '.join(models) or 'nothing'}"
        )
    url = models[name]
    if not isinstance(url, str) or not url.startswith(("https://", f"{base}/")):
        raise StructureUnavailableError(f"AlphaFold DB gave an odd address for {name}: {url!r}")
    return get(url)


def _get(url: str, name: str, timeout: float, attempts: int) -> bytes:
    problem: object = "no attempt was made"
    for attempt in range(max(1, attempts)):
        if attempt:
            # Waits 0.5 s, 1 s, 2 s, … between attempts.
            time.sleep(0.5 * 2 ** (attempt - 1))
        try:
            with open_url(url, timeout) as response:
                content = response.read(_MAX_DOWNLOAD + 1)
                stated = response.headers.get("Content-Length")
        except urllib.error.HTTPError as error:
            error.close()
            if error.code in (400, 404, 410):
                raise StructureError(
                    f"there is no entry {name} at {url} (the server says {error.code}); "
                    "check the id, or whether the entry was replaced"
                ) from error
            problem = f"the server says {error.code}"
            if error.code not in _RETRIED:
                break
            continue
        except (OSError, HTTPException) as error:
            problem = getattr(error, "reason", None) or error
            _LOG.info("attempt %d at %s failed: %s", attempt + 1, url, problem)
            continue
        if len(content) > _MAX_DOWNLOAD:
            raise StructureUnavailableError(f"{url} is larger than {_MAX_DOWNLOAD // 2**20} MiB")
        if len(content) < (whole_number(stated or "") or 0):
            problem = f"the answer broke off after {len(content)} of {stated} bytes"
            continue
        return content
    raise StructureUnavailableError(
        f"cannot fetch {name} from {url} ({problem}); check the network and try again, or give the "
        "path of a file"
    )


def _is_whole(path: Path, name: str) -> bool:
    """Return whether a file in the cache is undamaged; a process may have been ended in writing."""
    try:
        _checked(path.read_bytes(), name)
    except (OSError, StructureUnavailableError) as error:
        _LOG.warning("%s is damaged and is fetched again: %s", path, error)
        return False
    return True


def _checked(content: bytes, name: str) -> bytes:
    """Return the content gzipped, sure that it is a whole mmCIF file."""
    try:
        plain = read_bytes(content).data
    except StructureError as error:
        raise StructureUnavailableError(
            f"the file fetched for {name} is damaged ({error}); try again"
        ) from error
    if not plain.lstrip().lower().startswith(b"data_"):
        raise StructureUnavailableError(
            f"what was fetched for {name} is not an mmCIF file (it starts with {plain[:30]!r}); "
            "try again later"
        )
    return content if content.startswith(b"\x1f\x8b") else gzip.compress(plain, mtime=0)


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content)
    except OSError as error:
        raise StructureUnavailableError(
            f"cannot write to the cache {path.parent} ({error.strerror or error}); "
            "name another folder in PROTVIS_CACHE"
        ) from error
