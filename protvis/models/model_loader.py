"""From a name to a model: bundled, in the hub's cache, on the hub, or in a directory."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

import torch

from protvis.errors import ModelError, unknown_name
from protvis.keywords import check_keywords
from protvis.models.checkpoint import (
    find_contact_head,
    read_config,
    read_network,
    read_predictor,
    read_tokenizer,
)
from protvis.models.hub import hub_directory, looks_like_hub_id
from protvis.models.infer_family import PROBE, family_of
from protvis.models.model import ProteinModel
from protvis.models.registry import (
    FAMILIES,
    Family,
    find_bundled,
    find_checkpoint,
    known_names,
)
from protvis.models.tokens import encode
from protvis.models.weights import find_weights, read_card

__all__ = ["load_model", "wrap_model"]

_DATA = Path(__file__).resolve().parent.parent / "data"
_OTHER_WAYS = "(a hub id, owner/name, or a directory with config.json and weights works too)"


@check_keywords
def load_model(
    name_or_path: str | PathLike[str],
    *,
    device: str = "auto",
    dtype: Any = None,
    trust_remote_code: bool = False,
) -> ProteinModel:
    """Load a protein language model that can tell where it attends.

    Parameters
    ----------
    name_or_path : str or path
        ``"mini"`` or ``"mini-positions"`` (bundled), an alias such as ``"esm2-35m"``, a hub id
        such as ``"facebook/esm2_t12_35M_UR50D"`` (through the hub's cache; the network is used
        only for what is not cached), or a directory with a checkpoint.
    device : str, default "auto"
        A torch device; ``"auto"`` takes cuda, else mps, else cpu.
    dtype : torch.dtype or str, optional
        Number format of the weights; float32 unless said otherwise.
    trust_remote_code : bool, default False
        Whether code that a checkpoint brings may run, with your rights. Without it such a
        checkpoint is refused; with it, its attention must go through transformers' attention
        interface, and its tokens must stand for residues, like those of any other.

    Returns
    -------
    ProteinModel

    Raises
    ------
    ModelUnavailableError
        If the model is not cached and the hub cannot be reached or does not have it.
    ModelError
        If the name is unknown (the nearest are listed), or the checkpoint cannot be used: no
        attention, no weights, weights that do not belong to its configuration.
    """
    if not isinstance(name_or_path, str | PathLike) or not str(name_or_path).strip():
        raise ModelError(f"expected the name of a model or a folder, got {name_or_path!r}")
    name = str(name_or_path)
    where, number_format = _device(device), _dtype(dtype)
    notice, revision = None, None
    bundled = find_bundled(name) if isinstance(name_or_path, str) else None
    if bundled is not None:
        directory, notice = _DATA / bundled.name, bundled.notice
        identity, family_name = f"protvis/{bundled.name}", "ESM form"
    elif isinstance(name_or_path, str) and (checkpoint := find_checkpoint(name)) is not None:
        identity, family_name = checkpoint.hub_id, checkpoint.family
        directory = hub_directory(identity, asked=name, code=trust_remote_code)
        revision = directory.name
    elif Path(name).expanduser().is_dir():
        directory = Path(name).expanduser()
        identity, family_name = directory.resolve().name, None
    elif Path(name).expanduser().exists():
        raise ModelError(
            f"{name} is a file: expected the directory that holds config.json and model.safetensors"
        )
    elif isinstance(name_or_path, str) and looks_like_hub_id(name):
        identity, family_name = name, None
        directory = hub_directory(identity, asked=name, code=trust_remote_code)
        revision = directory.name
    elif not isinstance(name_or_path, str) or "/" in name or name.startswith((".", "~")):
        raise ModelError(f"there is no directory {name}")
    else:
        raise ModelError(f"{unknown_name('model', name, known_names())} {_OTHER_WAYS}")

    config = read_config(directory)
    files = find_weights(directory)
    tokenizer = read_tokenizer(directory, config, trust_remote_code=trust_remote_code)
    family = FAMILIES[family_name] if family_name else family_of(config["model_type"], tokenizer)
    if family.eager_only and number_format != torch.float32:
        raise ModelError(f"{family.name} runs in float32 only: leave dtype out")
    # A tokenizer that does not fit is found here, not after the first long protein.
    encode(PROBE, family, tokenizer)
    network, missing = read_network(
        directory, config, family, files, number_format, trust_remote_code=trust_remote_code
    )
    network = network.to(where)
    model = ProteinModel(
        network,
        family,
        tokenizer,
        name=name,
        notice=notice,
        card=read_card(directory),
        identity=identity,
        revision=revision,
        weight_files=files,
        contact_head=None
        if bundled is not None and not bundled.has_contact_head
        else find_contact_head(network, missing),
        with_head=lambda: read_predictor(
            directory, family, files, network, trust_remote_code=trust_remote_code
        ),
        recipe={
            # A folder by its full path: another process may stand elsewhere.
            "name_or_path": str(directory.resolve())
            if identity == directory.resolve().name
            else name,
            "dtype": str(number_format).removeprefix("torch."),
            "trust_remote_code": trust_remote_code,
        },
    )
    if trust_remote_code or family.name not in FAMILIES:
        model.capture(PROBE, lambda *_: None)
    return model


@check_keywords
def wrap_model(
    network: Any, tokenizer: Any, *, name: str = "in memory", family: Family | None = None
) -> ProteinModel:
    """Return a ProteinModel of a transformers network and tokenizer that are already loaded.

    The network is put into evaluation mode and its attention goes through protvis from then on,
    which changes no output; it stays on its device and in its number format.

    Parameters
    ----------
    network : transformers.PreTrainedModel
        With or without a head; the part that computes attention is used.
    tokenizer : transformers tokenizer
    name : str, default "in memory"
    family : Family, optional
        How it reads sequences; found out when None.

    Raises
    ------
    ModelError
        If its tokens do not stand for residues, or its attention cannot be read.
    """
    base = getattr(network, "base_model", network)
    # Of an encoder and a decoder the encoder reads the protein.
    if getattr(base.config, "is_encoder_decoder", False):
        base = base.get_encoder()
    if family is None:
        family = family_of(base.config.model_type, tokenizer)
    encode(PROBE, family, tokenizer)
    has_head = base is not network and "MaskedLM" in type(network).__name__
    model = ProteinModel(
        base.eval(),
        family,
        tokenizer,
        name=name,
        identity=name,
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
