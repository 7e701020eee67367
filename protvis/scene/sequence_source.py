"""Scenes of a sequence alone: what counts as one, and the structure it may be given later."""

from __future__ import annotations

import warnings
from os import PathLike
from pathlib import Path
from typing import Any

from protvis.annotations import annotate_chains, map_by_alignment
from protvis.annotations.mapping import MIN_IDENTITY
from protvis.datasets.fasta import FastaDataset, is_fasta
from protvis.errors import (
    AnnotationError,
    OptionError,
    StructureError,
    StructureWarning,
    unknown_name,
)
from protvis.input_file import is_there, open_file, user_path
from protvis.scene.scene import Scene
from protvis.structure import Chain, Structure, load_structure
from protvis.structure.bare_sequence import chain_on_sequence, sequence_in, sequence_structure

__all__ = ["read_sequence", "with_structure"]

_NAMED = 5
"""Records that a message lists."""


def read_sequence(source: Any, record: str | None = None) -> Structure | None:
    """Return a sequence as a structure without coordinates; None if the source is something else.

    Parameters
    ----------
    source : str, path or Biopython SeqRecord
        A sequence in one-letter code, the path of a FASTA file, or a record with ``id`` and
        ``seq``. A name that is a file is never taken for a sequence.
    record : str, optional
        Which record of a FASTA file; needed where it holds several.

    Raises
    ------
    OptionError
        If a file of several records does not say which, or `record` has no file.
    DatasetError
        If a record cannot be read.
    """
    if hasattr(source, "seq") and hasattr(source, "id"):
        found: Structure | None = _of_record(source)
    elif isinstance(source, str | PathLike) and is_there(source):
        return _of_file(user_path(source), record)
    else:
        found = _of_text(source) if isinstance(source, str) else None
    if record is not None:
        raise OptionError(f"record={record!r} is for FASTA files, and this is not one")
    return found


def _of_record(source: Any) -> Structure:
    name = str(source.id or "sequence")
    title = str(getattr(source, "description", "") or "")
    title = "" if title.startswith("<unknown") else title.removeprefix(name).strip()
    return sequence_structure(
        _letters(source.seq).upper().removesuffix("*"),
        name.removeprefix("<unknown id>") or "sequence",
        title=title,
        source=name,
    )


def _letters(seq: Any) -> str:
    """Return the text of a `Bio.Seq.Seq`, which may have a length and no letters."""
    try:
        # `str` would make sequences of None and NaN, `bytes` one of a number.
        return seq if isinstance(seq, str) else bytes(seq[:]).decode("ascii")
    except (TypeError, ValueError) as error:
        raise StructureError(
            f"expected a record whose seq is a protein sequence in one-letter code, got "
            f"{type(seq).__name__} ({error})"
        ) from error


def _of_text(text: str) -> Structure | None:
    sequence = sequence_in(text)
    return sequence_structure(sequence, source="a sequence") if sequence else None


def _of_file(path: Path, record: str | None) -> Structure | None:
    if not path.is_file():
        return None
    with open_file(path, StructureError) as file:
        if not is_fasta(file.read(4096)):
            if record is None:
                return None
            raise OptionError(f"record={record!r} is for FASTA files, and {path.name} is not one")
    dataset = FastaDataset(path)
    keys = list(dataset.keys)
    if record is None and len(keys) > 1:
        listed = ", ".join(keys[:_NAMED]) + (", …" if len(keys) > _NAMED else "")
        raise OptionError(
            f"{path.name} holds {len(keys):,} sequences: say which one, record={keys[0]!r}; there "
            f"are {listed}"
        )
    key = keys[0] if record is None else dataset.key_of(record)
    if key is None:
        raise OptionError(f"{path.name}: {unknown_name('record', str(record), keys)}")
    records = {one.record_id: one for one in dataset.read(key).records}
    chosen = next(iter(records)) if len(records) == 1 else record
    if chosen not in records:
        raise OptionError(
            f"{path.name}: {key} holds several chains: say which one, "
            f"record={next(iter(records))!r}; there are {', '.join(records)}"
        )
    return sequence_structure(records[chosen].sequence, chosen, source=str(path))


def with_structure(
    scene: Scene, source: object, chain: str | None = None, *, min_identity: float = MIN_IDENTITY
) -> Scene:
    """Return the scene of a sequence with coordinates from a structure.

    Chains of the structure are laid on the sequence by alignment (`map_by_alignment`). Residues
    take their names and numbers from there; the sequence, and so the model's input, stays as it
    is. Tracks and maps of the user's own stay, too.

    Parameters
    ----------
    scene : Scene
    source : path, Structure, or whatever `load_structure` reads
    chain : str, optional
        Which chain it is; by default the one with most residues of the sequence's letter.
    min_identity : float, fraction
        Refuse a chain with a smaller share of identical residues among those aligned.

    Raises
    ------
    OptionError
        If the scene has a structure already, or no chain is the sequence's.
    LabelError
        If there is no such chain.
    """
    if scene.has_structure:
        raise OptionError(
            f"this explorer has a structure already, {scene.structure.name}: open another with "
            "pv.explore"
        )
    structure = source if isinstance(source, Structure) else load_structure(source)
    sequence = scene.chain.sequence
    wanted = list(structure.chains.values()) if chain is None else [structure.chain(chain)]
    placed: dict[str, Chain] = {}
    shares: dict[str, int] = {}
    reasons = []
    for one in wanted:
        try:
            found = map_by_alignment(
                one, sequence, accession="the sequence", min_identity=min_identity
            )
        except AnnotationError as error:
            reasons.append(str(error))
            continue
        placed[one.chain_id] = chain_on_sequence(one, sequence, found.positions)
        shares[one.chain_id] = int((found.positions > 0).sum() * (found.identity or 0.0))
    if not placed:
        raise OptionError(f"{structure.name} does not fit the sequence: {reasons[0]}")
    chosen = max(shares, key=lambda chain_id: shares[chain_id])
    lost = int(structure.chain(chosen).observed.sum() - placed[chosen].observed.sum())
    if lost:
        warnings.warn(
            f"{structure.name}: {lost} residues of chain {chosen} are not in the sequence and are "
            "not shown",
            StructureWarning,
            stacklevel=3,
        )
    whole = structure.with_chains(placed)
    tracks = annotate_chains(whole, [chosen])
    for track in scene.tracks.values():
        tracks = tracks.with_track(track)
    own = scene.matrices, scene.own_kinds, scene.roles
    return Scene(whole, whole.chain(chosen), scene.model, tracks, *own)
