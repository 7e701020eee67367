"""From a name, a folder or a network in memory to a `ProteinModel`."""

from __future__ import annotations

from os import PathLike
from typing import Any

import torch

from protvis.errors import ModelError
from protvis.keywords import check_keywords
from protvis.models.checkpoint import CheckpointFiles, explained, find_contact_head, open_checkpoint
from protvis.models.family_table import FAMILIES, Family, find_family
from protvis.models.infer_family import PROBE, family_of, read_letters
from protvis.models.model import ProteinModel
from protvis.models.model_sources import Source, find_source
from protvis.models.tokens import encode
from protvis.models.weights import check_finite, hash_settings, hash_tensors, read_card

__all__ = ["load_model", "wrap_model"]


@check_keywords
def load_model(
    name_or_path: str | PathLike[str],
    *,
    device: str = "auto",
    dtype: Any = None,
    trust_remote_code: bool = False,
    revision: str | None = None,
    name: str | None = None,
    family: str | Family | None = None,
) -> ProteinModel:
    """Load a protein language model.

    Parameters
    ----------
    name_or_path : str or path
        A name from the table that `protvis models` prints (``"mini"``, ``"esm2-35m"``,
        ``"antiberty"``), a hub id (``"facebook/esm2_t6_8M_UR50D"``, downloaded unless cached), or a
        directory with a checkpoint. Weights of AntiBERTy and Sapiens can also be read from their
        installed Python packages, which are not imported.
    device : str, default "auto"
        A torch device; ``"auto"`` selects cuda, else mps, else cpu.
    dtype : torch.dtype or str, optional
        Number format of the weights; float32 by default.
    trust_remote_code : bool, default False
        Whether code that comes with a checkpoint may run, with your permissions. If False, such a
        checkpoint is refused. If True, its attention must still go through transformers' attention
        interface and its tokens must stand for residues, as for any other.
    revision : str, optional
        A branch, tag or commit on the hub. The commit is recorded in the provenance of results.
    name : str, optional
        What to call the model; `name_or_path` by default.
    family : str or Family, optional
        How the model reads sequences, for a checkpoint not in the table; inferred by default.

    Returns
    -------
    ProteinModel

    Raises
    ------
    ModelUnavailableError
        If the model is not on this machine and the hub cannot be reached or does not have it.
    ModelError
        If the name is unknown (the message lists the nearest), or the checkpoint cannot be used: no
        attention, no weights, or weights that do not match its configuration or are not finite.
    OptionError
        If `revision` is given for something that does not come from the hub.

    Examples
    --------
    >>> import protvis as pv
    >>> model = pv.load_model("mini")
    >>> model.n_layers, model.n_heads
    (5, 8)
    """
    where, number_format = _device(device), _dtype(dtype)
    source = find_source(name_or_path, revision=revision, code=trust_remote_code)
    files = open_checkpoint(
        source.directory, weights=source.weights, trust_remote_code=trust_remote_code
    )
    with explained(source.directory, "tokenizer"):
        family_of_files, tokenizer = _family_of_files(files, source, family)
        # A tokenizer that does not fit is found here, not after the first long protein.
        tokens = encode(PROBE, family_of_files, tokenizer)
    if family_of_files.eager_only and number_format != torch.float32:
        raise ModelError(f"{family_of_files.name} runs in float32 only: leave dtype out")
    network, missing = files.network(family_of_files, number_format)
    network = network.to(where)
    model = ProteinModel(
        network,
        family_of_files,
        tokenizer,
        name=name or str(name_or_path),
        notice=source.notice,
        card=read_card(source.directory),
        identity=source.identity,
        revision=source.revision,
        hash_weights=files.hash_weights,
        settings_hash=hash_settings(files.config, tokens.ids),
        contact_head=find_contact_head(network, missing) if source.has_contact_head else None,
        with_head=lambda: files.predictor(family_of_files, network),
        recipe=_recipe(name_or_path, source, number_format, trust_remote_code, name, family),
    )
    if source.family is None or trust_remote_code or family_of_files.name not in FAMILIES:
        # Of a checkpoint that nobody knows, what its configuration breaks is found now.
        with explained(source.directory, "checkpoint"):
            model.capture(PROBE[: model.max_residues], lambda *_: None)
    return model


def _recipe(
    name_or_path: str | PathLike[str],
    source: Source,
    dtype: torch.dtype,
    trust_remote_code: bool,
    name: str | None,
    family: str | Family | None,
) -> dict[str, Any] | None:
    """Return the arguments that load the same model in another process."""
    if isinstance(family, Family):
        if family.name not in FAMILIES:
            return None
        family = family.name
    # A folder by its full path: another process may stand elsewhere.
    is_folder = source.family is None and source.revision is None
    options = {"revision": source.revision, "name": name, "family": family}
    return {
        "name_or_path": str(source.directory.resolve()) if is_folder else str(name_or_path),
        "dtype": str(dtype).removeprefix("torch."),
        "trust_remote_code": trust_remote_code,
        **{option: value for option, value in options.items() if value is not None},
    }


def _family_of_files(
    files: CheckpointFiles, source: Source, asked: str | Family | None
) -> tuple[Family, Any]:
    """Return the family of a checkpoint and its tokenizer."""
    family = find_family(asked) if isinstance(asked, str) else asked
    if family is not None and source.family not in (None, family.name):
        raise ModelError(
            f"{source.identity} belongs to the family {source.family!r}, got "
            f"family={family.name!r}: leave it out"
        )
    if family is None and source.family is not None:
        family = FAMILIES[source.family]
    if family is not None and family.model_type != files.model_type:
        raise ModelError(
            f"{source.directory} is a {files.model_type!r} checkpoint, and {family.name} models "
            f"are {family.model_type!r}: it belongs to another family"
        )
    tokenizer = files.tokenizer(family)
    n_tokens = int(files.config.get("vocab_size") or len(tokenizer.get_vocab()))
    if family is None or (family.is_form and isinstance(asked, str | None)):
        return family_of(files.model_type, tokenizer, n_tokens), tokenizer
    return read_letters(family, tokenizer, n_tokens), tokenizer


@check_keywords
def wrap_model(
    network: Any, tokenizer: Any, *, name: str = "in memory", family: Family | str | None = None
) -> ProteinModel:
    """Return a ProteinModel for a transformers network and tokenizer that are already loaded.

    The network is put into evaluation mode and its attention goes through protvis from then on,
    which does not change its output; it stays on its device and in its number format.

    Parameters
    ----------
    network : transformers.PreTrainedModel
        With or without a head; the part that computes attention is used.
    tokenizer : transformers tokenizer
    name : str, default "in memory"
    family : Family or str, optional
        How the model reads sequences; inferred when None.

    Raises
    ------
    ModelError
        If the model's tokens do not stand for residues, its attention cannot be read, or its
        weights are not finite.
    """
    base = getattr(network, "base_model", network)
    # Of an encoder and a decoder the encoder reads the protein.
    if getattr(base.config, "is_encoder_decoder", False):
        base = base.get_encoder()
    n_tokens = int(base.config.vocab_size)
    if family is None:
        family = family_of(base.config.model_type, tokenizer, n_tokens)
    elif isinstance(family, str):
        family = read_letters(find_family(family), tokenizer, n_tokens)
    tokens = encode(PROBE, family, tokenizer)
    check_finite(base.named_parameters(), name)
    has_head = base is not network and "MaskedLM" in type(network).__name__
    model = ProteinModel(
        base.eval(),
        family,
        tokenizer,
        name=name,
        identity=name,
        hash_weights=lambda: hash_tensors(dict(base.named_parameters())),
        hashed="parameters",
        settings_hash=hash_settings(base.config.to_dict(), tokens.ids),
        with_head=(lambda: network.eval()) if has_head else None,
    )
    model.capture(PROBE, lambda *_: None)
    return model


def _device(device: str) -> torch.device:
    if device == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        return torch.empty(0, device=device).device
    except (RuntimeError, AssertionError, TypeError) as error:
        raise ModelError(
            f"device {device!r} cannot be used here ({str(error).splitlines()[0]}); expected "
            "'auto', 'cpu', 'cuda', 'cuda:1' or 'mps'"
        ) from error


def _dtype(dtype: Any) -> torch.dtype:
    if dtype is None:
        return torch.float32
    found = getattr(torch, dtype, None) if isinstance(dtype, str) else dtype
    if not isinstance(found, torch.dtype) or not found.is_floating_point:
        raise ModelError(
            f"dtype must be 'float32', 'bfloat16', 'float16' or such a torch.dtype, got {dtype!r}"
        )
    return found
