"""The files of one checkpoint: its configuration, tokenizer and weights, checked, not assumed.

The weights that are hashed are the ones that are loaded: protvis reads the files itself and hands
the tensors to transformers, which never sees the directory.
"""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers.utils import logging as transformers_logging

from protvis.errors import ModelError, ProtvisError
from protvis.models.configuration import check_sizes, read_config
from protvis.models.contact_head import ContactHead
from protvis.models.fairseq import read_fairseq_roberta
from protvis.models.family_table import Family
from protvis.models.tokenizers import family_vocabulary, load_tokenizer, tape_vocabulary
from protvis.models.weights import (
    check_files,
    check_finite,
    find_weights,
    hash_weights,
    is_pickled,
    read_tensors,
)

__all__ = ["CheckpointFiles", "explained", "find_contact_head", "open_checkpoint"]

_TAPE = (
    "vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size",
    "hidden_act", "max_position_embeddings", "type_vocab_size", "layer_norm_eps",
)  # fmt: skip


@dataclass(frozen=True)
class CheckpointFiles:
    """What lies on disk of a checkpoint.

    Attributes
    ----------
    directory : Path
    config : dict
        What its configuration says, without what would load other things.
    weights : list of Path
    trust_remote_code : bool
        Whether code that lies beside the weights may run.
    """

    directory: Path
    config: dict[str, Any]
    weights: list[Path]
    trust_remote_code: bool = False
    _stamps: list[object] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_stamps", self._stamped())

    def _stamped(self) -> list[object]:
        found = [path.stat() if path.exists() else None for path in self.weights]
        return [about and (about.st_ino, about.st_size, about.st_mtime_ns) for about in found]

    def hash_weights(self) -> str:
        """Return the SHA-256 of the weights that were loaded, as hex.

        Raises
        ------
        ModelError
            If the files have changed since.
        """
        self._check_unchanged()
        return hash_weights(self.weights)

    def _check_unchanged(self) -> None:
        if self._stamped() != self._stamps:
            raise ModelError(
                f"the weights in {self.directory} have changed since they were loaded: load the "
                "model again"
            )

    @property
    def model_type(self) -> str:
        """The architecture, as the configuration names it."""
        return str(self.config["model_type"])

    def tensors(self) -> dict[str, torch.Tensor]:
        """Return the weights by name."""
        if self.weights[0].suffix == ".pt":
            return read_fairseq_roberta(self.weights[0])[1]
        return read_tensors(self.weights)

    def tokenizer(self, vocabulary_of: Family | None = None) -> Any:
        """Return the tokenizer: from its files, or from the family if it has none.

        Raises
        ------
        ModelError
            If its files cannot be read, or there are no files and the family has no vocabulary.
        """
        if vocabulary_of is not None and vocabulary_of.vocabulary:
            n_tokens = len(vocabulary_of.vocabulary)
            if self.config.get("vocab_size") != n_tokens:
                raise ModelError(
                    f"{self.directory} has a vocabulary of {self.config.get('vocab_size')} tokens, "
                    f"{vocabulary_of.name} one of {n_tokens}: it belongs to another family"
                )
            return family_vocabulary(vocabulary_of)
        if self.model_type == "tape":
            return tape_vocabulary()
        with explained(self.directory, "tokenizer"), _quiet():
            return load_tokenizer(
                self.directory, self.model_type, trust_remote_code=self.trust_remote_code
            )

    def network(self, family: Family, dtype: torch.dtype) -> tuple[Any, set[str]]:
        """Return the network in evaluation mode and the parameters that the checkpoint lacks.

        Raises
        ------
        ModelError
            If files are broken or run code, weights are not finite, or parameters that attention
            needs are missing.
        """
        check_files(self.weights)
        with explained(self.directory, "checkpoint"), _quiet():
            network, report = self._load(family.model_class, family, dtype, family.class_options)
        _check_weights(report, network, family, self.directory)
        check_finite(network.named_parameters(), str(self.directory))
        return network.eval(), set(report.get("missing_keys", ()))

    def predictor(self, family: Family, base: Any) -> Any:
        """Return the network with its prediction head, around a base that is loaded already.

        Raises
        ------
        ModelError
            If the checkpoint has no such head.
        """
        self._check_unchanged()
        with explained(self.directory, "prediction head"), _quiet():
            network, report = self._load(family.head_class, family, base.dtype, {})
        prefix = f"{network.base_model_prefix}."
        _check_weights(report, network, family, self.directory, base_prefix=prefix)
        check_finite(network.named_parameters(), str(self.directory))
        # One copy of the weights: what was loaded a second time is dropped.
        setattr(network, network.base_model_prefix, base)
        return network.to(base.device).eval()

    def _load(
        self, class_name: str, family: Family, dtype: torch.dtype, options: Any
    ) -> tuple[Any, dict[str, Any]]:
        common = {
            **options,
            "attn_implementation": "eager" if family.eager_only else "sdpa",
            "dtype": dtype,
            "local_files_only": True,
            "output_loading_info": True,
        }
        known = self.model_type in transformers.CONFIG_MAPPING or self.model_type == "tape"
        if not known or (self.trust_remote_code and self.config.get("auto_map")):
            # Its own code loads it, which it may do with your permissions.
            config = transformers.AutoConfig.from_pretrained(
                self.directory, local_files_only=True, trust_remote_code=self.trust_remote_code
            )
            config.transformers_weights = None
            return getattr(transformers, class_name).from_pretrained(
                self.directory,
                config=config,
                trust_remote_code=self.trust_remote_code,
                use_safetensors=not is_pickled(self.weights),
                weights_only=True,
                **common,
            )
        tensors = self.tensors()
        check_sizes(self.config, tensors, self.directory)
        config = self._transformers_config()
        return _class_of(class_name, config).from_pretrained(
            None, config=config, state_dict=tensors, **common
        )

    def _transformers_config(self) -> Any:
        settings = {
            name: one for name, one in self.config.items() if name != "transformers_weights"
        }
        if self.model_type == "tape":
            missing = [name for name in _TAPE if name not in settings]
            if missing:
                raise ModelError(f"the TAPE configuration lacks {', '.join(missing)}")
            settings = {name: settings[name] for name in _TAPE}
            settings |= {"model_type": "bert", "pad_token_id": 0}
        return transformers.CONFIG_MAPPING[settings["model_type"]].from_dict(settings)


def _class_of(name: str, config: Any) -> Any:
    """Return transformers' class of a name; an automatic one as it is for a configuration."""
    found = getattr(transformers, name)
    mapping = getattr(found, "_model_mapping", None)
    if mapping is None:
        return found
    try:
        chosen = mapping[type(config)]
    except KeyError as error:
        raise ModelError(f"transformers has no {name} for {config.model_type!r}") from error
    return chosen[0] if isinstance(chosen, tuple) else chosen


def open_checkpoint(
    directory: Path, *, weights: Path | None = None, trust_remote_code: bool = False
) -> CheckpointFiles:
    """Return the files of a checkpoint whose configuration names attention heads.

    Parameters
    ----------
    directory : Path
    weights : Path, optional
        A fairseq checkpoint, which holds its configuration as well.
    trust_remote_code : bool, default False

    Raises
    ------
    ModelError
        If there is no configuration or there are no weights, it names no heads, or the checkpoint
        needs code of its own that is not trusted.
    """
    if weights is not None and weights.suffix == ".pt":
        with explained(directory, "checkpoint"):
            config, _ = read_fairseq_roberta(weights)
        return CheckpointFiles(directory, config, [weights])
    config = read_config(directory)
    files = find_weights(directory, config.get("transformers_weights"))
    _check_code(directory, config, trust_remote_code)
    if not any("heads" in key or key == "n_head" for key in config):
        raise ModelError(
            f"{directory} is a {config['model_type']!r} checkpoint whose configuration names no "
            "attention heads: there is no attention to show"
        )
    return CheckpointFiles(directory, config, files, trust_remote_code)


def _check_code(directory: Path, config: dict[str, Any], trusted: bool) -> None:
    """Refuse a checkpoint that brings its own code, unless that was asked for by name."""
    known = config["model_type"] in transformers.CONFIG_MAPPING or config["model_type"] == "tape"
    if trusted or known:
        return
    if not config.get("auto_map"):
        raise ModelError(
            f"{directory} is a {config['model_type']!r} checkpoint, which transformers does not "
            "know, and it brings no code of its own: there is nothing to read it with"
        )
    code = sorted(path.name for path in directory.glob("*.py")) or ["on the hub"]
    raise ModelError(
        f"{directory} is a {config['model_type']!r} checkpoint that transformers does not know and "
        f"that brings code of its own ({', '.join(code)}), which would run with your permissions. "
        "Read it, and if you trust it say load_model(…, trust_remote_code=True)"
    )


def find_contact_head(network: Any, missing: set[str]) -> ContactHead | None:
    """Return the contact head whose weights were in the checkpoint, or None."""
    head = getattr(network, "contact_head", None)
    if head is None or any(name.startswith("contact_head.") for name in missing):
        return None
    config = network.config
    return ContactHead(head.regression, config.num_hidden_layers, config.num_attention_heads)


@contextmanager
def explained(directory: Path, what: str) -> Iterator[None]:
    """Turn what goes wrong while reading files into one error that names them."""
    try:
        yield
    except ProtvisError:
        raise
    except pickle.UnpicklingError as error:
        if "Unsupported operand" in str(error):
            raise ModelError(
                f"the {what} in {directory} cannot be loaded: the pickled weights are damaged or "
                "were never weights. Fetch or copy them again"
            ) from error
        raise ModelError(
            f"the weights in {directory} are pickled and hold more than numbers; they are refused, "
            "since unpickling runs code. Convert them to safetensors where they come from"
        ) from error
    except Exception as error:
        # Bytes that were cut or overwritten end anywhere in the readers' code, in any error.
        lines = str(error).strip().splitlines()
        reason = lines[0].rstrip(".") if lines else "it ends too early"
        if "ignore_mismatched_sizes" in reason:
            reason = "config.json gives other sizes or layer counts than its weights have"
        elif type(error).__name__.startswith("StrictDataclass"):
            what, reason = "configuration", " ".join(map(str.strip, lines))
        elif not isinstance(error, OSError | ValueError | RuntimeError | ImportError):
            reason = f"{type(error).__name__}: {reason}"
        if not isinstance(error, ImportError):
            reason += ". If its files are damaged or incomplete, fetch or copy them again"
        raise ModelError(f"the {what} in {directory} cannot be loaded: {reason}") from error


def _check_weights(
    report: dict[str, Any],
    network: Any,
    family: Family,
    directory: Path,
    *,
    base_prefix: str = "",
) -> None:
    """Refuse what transformers fills with random numbers and a warning."""
    # Buffers (rotary frequencies) are computed from the configuration, not learned.
    learned = {name for name, _ in network.named_parameters()}
    missing = [
        name
        for name in sorted(learned.intersection(report.get("missing_keys", ())))
        if not name.removeprefix(base_prefix).startswith(family.optional_weights)
    ]
    mismatched = sorted(str(item[0]) for item in report.get("mismatched_keys", ()))
    if missing or mismatched:
        wrong = missing or mismatched
        what = "lacks" if missing else "has other shapes for"
        raise ModelError(
            f"the checkpoint in {directory} {what} {len(wrong)} of the parameters its "
            f"configuration needs ({', '.join(wrong[:3])}{', …' if len(wrong) > 3 else ''}): "
            "what comes from it would be random"
        )


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep transformers from drawing bars and warning about what we check ourselves."""
    level = transformers_logging.get_verbosity()
    bars = transformers_logging.is_progress_bar_enabled()
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        transformers_logging.set_verbosity(level)
        if bars:
            transformers_logging.enable_progress_bar()
