"""The list of models: complete, cheap, and right about what is on this machine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from safetensors.torch import load_file

from protvis.models import list_models, load_model
from protvis.models.registry import CHECKPOINTS
from tests.conftest import ROOT


def test_the_list_is_the_table_and_the_bundled_model() -> None:
    entries = list_models()
    bundled = ["mini", "mini-positions"]
    assert [entry.name for entry in entries] == [*bundled, *(c.aliases[0] for c in CHECKPOINTS)]
    mini, model = entries[1], load_model("mini-positions")
    assert (mini.n_layers, mini.n_heads) == (model.n_layers, model.n_heads)
    assert mini.note == model.notice
    assert mini.cached
    assert mini.max_residues == model.max_residues
    weights = ROOT / "protvis" / "data" / "mini-positions" / "model.safetensors"
    assert mini.size == weights.stat().st_size
    assert mini.n_parameters == sum(values.numel() for values in load_file(weights).values())
    esm1b = next(entry for entry in entries if entry.name == "esm1b")
    assert (esm1b.max_residues, esm1b.trained_residues) == (1022, None)
    esm2 = next(entry for entry in entries if entry.name == "esm2-650m")
    assert (esm2.max_residues, esm2.trained_residues) == (None, 1022)


def test_what_is_cached_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    revision = "0123456789abcdef0123456789abcdef01234567"
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))

    def cache(hub_id: str, *names: str) -> None:
        repository = tmp_path / f"models--{hub_id.replace('/', '--')}"
        (repository / "refs").mkdir(parents=True)
        (repository / "refs" / "main").write_text(revision)
        (repository / "snapshots" / revision).mkdir(parents=True)
        for name in ("config.json", *names):
            (repository / "snapshots" / revision / name).write_bytes(b"12345")

    cache("facebook/esm2_t6_8M_UR50D", "model.safetensors")
    cache("facebook/esm2_t12_35M_UR50D")
    cache(
        "facebook/esm2_t36_3B_UR50D",
        "model.safetensors.index.json",
        "model-00001-of-00002.safetensors",
        "model-00002-of-00002.safetensors",
    )
    cache(
        "facebook/esm2_t48_15B_UR50D",
        "model.safetensors.index.json",
        "model-00002-of-00003.safetensors",
    )
    # Packages with weights may be installed where the tests run.
    here = [entry for entry in list_models() if entry.place in ("bundled", "cached")]
    sizes = {entry.name: entry.size for entry in here}
    assert sizes.pop("mini") > sizes.pop("mini-positions") > 0
    assert sizes == {"esm2-8m": 5, "esm2-3b": 10}


def test_listing_loads_no_torch() -> None:
    code = (
        "import sys; from protvis.models import list_models; list_models(); "
        "assert not {'torch', 'transformers'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
