"""From a structure and a model, named or at hand, to a scene and where to open it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any

from protvis.annotations import TrackSet, annotate_chains
from protvis.errors import OptionError
from protvis.labels import head_position, layer_position
from protvis.models import load_model
from protvis.scene.scene import Scene
from protvis.scene.sequence_source import read_sequence
from protvis.scene.track_wire import as_tracks
from protvis.scene.view_state import ViewState, check_names
from protvis.structure import Chain, Structure, join_chains, load_structure
from protvis.structure.structure_loader import read_structure, warn_of

if TYPE_CHECKING:
    from protvis.models import ProteinModel
    from protvis.structure.chain_builder import Remark

__all__ = ["DEFAULT_MODEL", "chain_structure", "open_scene"]

DEFAULT_MODEL = "esm2-35m"


def open_scene(
    source: object,
    model: object = DEFAULT_MODEL,
    *,
    chain: str | Sequence[str] | None = None,
    record: str | None = None,
    maps: Mapping[str, Any] | None = None,
    tracks: Mapping[str, Any] | Iterable[Any] = (),
    atlas: Any = None,
    **view: Any,
) -> tuple[Scene, ViewState]:
    """Load a structure or a sequence and a model, run it, and choose the opening view.

    Errors in the arguments are found before the model runs.

    Parameters
    ----------
    source : path, Structure, or whatever `load_structure` reads; or a sequence
        A sequence is text in one-letter code, a FASTA file or a Biopython ``SeqRecord``.
    model : str, path or ProteinModel
        As for `load_model`.
    chain : str or sequence of str, optional
        The chain to show; by default the longest, or the first of equally long ones. Several
        chains, as a sequence or as ``"A+B"``, are read as one, joined by a linker.
    record : str, optional
        Which record of a FASTA file with several.
    maps : mapping of str to array (n_residues, n_residues) or OwnMap, optional
        Maps of the user's own.
    tracks : mapping of str to values, or iterable of Track or PairTrack, optional
        Tracks of the user's own, in addition to those from the file and the structure.
    atlas : HeadTables or mapping of (layer, head) to list of str, optional
        What each head does: a report on the same model, or short labels.
    **view
        Fields of `ViewState`.

    Returns
    -------
    scene : Scene
    view : ViewState

    Raises
    ------
    ProtvisError
        If the structure, the chain, the model or a value cannot be used.
    TypeError
        If a keyword is not a field of `ViewState`.
    """
    check_names(view)
    if isinstance(source, Chain):
        raise OptionError(
            f"expected a structure, got its chain {source.chain_id}: a chain does not know what is "
            f"around it. Hand in the structure, and chain={source.chain_id!r} beside it"
        )
    remarks: Iterable[Remark] = ()
    structure = source if isinstance(source, Structure) else read_sequence(source, record)
    if structure is None:
        structure, remarks = read_structure(source)
    chosen = _chosen_chain(structure, chain)
    shown = {"", *(chain_id for chain_id, _, _ in chosen.segments)}
    warn_of((remark for remark in remarks if remark.chain_id in shown), structure)
    loaded = _loaded(model)
    known = (
        annotate_chains(structure, [chain_id for chain_id, _, _ in chosen.segments])
        if structure.has_coordinates
        else TrackSet(chosen)
    )
    for track in as_tracks(chosen, tracks):
        known = known.with_track(track)
    scene = Scene(structure, chosen, loaded, known, roles=_roles(atlas, loaded))
    for name, matrix in dict(maps or {}).items():
        scene.add_matrix(name, matrix)
    opened = ViewState.open(scene, **view)
    _ = scene.attention
    return scene, opened


def chain_structure(source: object, chain_id: str, sequence: str, which: str) -> Structure:
    """Return the structure that holds a chain of this sequence; `which` says what chain it is.

    Raises
    ------
    OptionError
        If its chain of that name has another sequence.
    """
    structure = source if isinstance(source, Structure) else load_structure(source)
    if structure.chain(chain_id).sequence != sequence:
        raise OptionError(
            f"chain {chain_id} of {structure.name} is not the chain {which}: its sequence is "
            "another"
        )
    return structure


def _roles(atlas: Any, model: ProteinModel) -> dict[tuple[int, int], list[str]]:
    if atlas is None:
        return {}
    try:
        found = dict(atlas.roles() if hasattr(atlas, "roles") else atlas)
        roles = {(int(layer), int(head)): list(labels) for (layer, head), labels in found.items()}
    except (TypeError, ValueError) as error:
        raise OptionError(
            "expected atlas to be a report, or a mapping of (layer, head) to a list of short "
            f"labels, got {type(atlas).__name__}"
        ) from error
    for layer, head in roles:
        layer_position(layer, model.n_layers)
        head_position(head, model.n_heads)
    _check_same_model(getattr(atlas, "provenance", {}).get("model", {}), model.provenance)
    return roles


def _check_same_model(analysed: Mapping[str, Any], shown: Mapping[str, Any]) -> None:
    """Refuse roles of other weights, where both were hashed in the same way."""
    same_way = analysed.get("weights_hashed") == shown.get("weights_hashed")
    if same_way and analysed.get("weights_sha256") != shown.get("weights_sha256"):
        raise OptionError(
            f"the report given as atlas is of {analysed.get('model')!r}, whose weights are not "
            f"those of {shown.get('model')!r}: analyse this model, or show them all the same with "
            "atlas=report.roles()"
        )


def _loaded(model: object) -> ProteinModel:
    if isinstance(model, str | PathLike):
        return load_model(model)
    # Asked for by what it does, since importing the class would bring in torch.
    if hasattr(model, "n_layers"):
        return model  # type: ignore[return-value]
    raise OptionError(
        "expected a model: a name such as 'esm2-35m', a folder, or what load_model or wrap_model "
        f"returned; got {type(model).__name__}"
    )


def _chosen_chain(structure: Structure, chain: str | Sequence[str] | None) -> Chain:
    if chain is None:
        return max(structure.chains.values(), key=lambda candidate: candidate.n_residues)
    if isinstance(chain, str):
        names = [chain] if chain in structure.chains else chain.split("+")
    elif isinstance(chain, Iterable):
        names = list(chain)
    else:
        raise OptionError(
            f"expected a chain's id such as 'A', or several as 'A+B' or ['A', 'B'], got {chain!r}"
        )
    if len(names) == 1:
        return structure.chain(names[0])
    return join_chains([structure.chain(name) for name in names])
