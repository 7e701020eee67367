"""``protvis models``: the table, in words and as JSON."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from protvis.cli import main
from protvis.models import list_models
from protvis.models.family_table import FAMILIES
from protvis.models.registry import CHECKPOINTS


def test_every_family_and_checkpoint_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models"]) == 0
    lines = capsys.readouterr().out.splitlines()
    starts = [line.split(":")[0] for line in lines if ":" in line and not line.startswith(" ")]
    noted = ["antiberty", "sapiens-vh", "sapiens-vl"]
    assert starts == [*FAMILIES, "mini", "mini-positions", *noted]
    for checkpoint in CHECKPOINTS:
        (line,) = [line for line in lines if f" {checkpoint.hub_id} " in f"{line} "]
        assert line.split()[0] == checkpoint.aliases[0]
        assert f" {checkpoint.n_layers} × {checkpoint.n_heads} " in line
        assert checkpoint.licence in line
        assert "cached" not in line
    assert "  650 M  MIT" in next(line for line in lines if "esm2-650m" in line)
    (mini,) = [line for line in lines if line.startswith("  mini ")]
    assert mini.split()[1] == "bundled"
    assert mini.endswith("MB")
    described = {line.split(":")[0]: line for line in lines if ":" in line}
    assert "up to 1,022 residues" in described["ESM-1b"]
    assert "trained on up to 1,022 residues" in described["ESM-2"]
    assert "residues between spaces; up to 39,998 residues" in described["ProtBert"]
    assert "3Di" in described["SaProt"]
    assert "causal" in described["GPT-2 form"]
    assert "any length" in described["ProtT5"]
    assert "its configuration bounds" in described["TAPE BERT"]


def test_what_is_cached_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    revision = "0123456789abcdef0123456789abcdef01234567"
    repository = tmp_path / "models--facebook--esm2_t6_8M_UR50D"
    snapshot = repository / "snapshots" / revision
    snapshot.mkdir(parents=True)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(revision)
    (snapshot / "config.json").write_text("{}")
    (snapshot / "model.safetensors").write_bytes(b" " * 31_400_000)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    assert main(["models"]) == 0
    cached = [line for line in capsys.readouterr().out.splitlines() if "cached," in line]
    assert [line.split()[0] for line in cached] == ["esm2-8m"]
    assert cached[0].endswith("cached, 31.4 MB")


def test_json_holds_all_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [family["name"] for family in found["families"]] == list(FAMILIES)
    assert [model["name"] for model in found["models"]] == [e.name for e in list_models()]
    families = {family["name"]: family for family in found["families"]}
    assert families["SaProt"]["form"] == "pairs"
    assert families["ProtXLNet"]["trailing"] == ["<sep>", "<cls>"]
    predicting = {name for name, one in families.items() if one["predicts_hidden_residues"]}
    assert predicting == {
        "SaProt", "ESM form", "ESM-2", "ESM-1b", "ESM-1v", "DPLM", "ESM C", "BERT form",
        "ProtBert", "AntiBERTy", "RoBERTa form", "Sapiens", "ALBERT form", "ProtAlbert",
    }  # fmt: skip
    esm = next(model for model in found["models"] if model["name"] == "esm2-35m")
    assert esm == {
        "name": "esm2-35m",
        "hub_id": "facebook/esm2_t12_35M_UR50D",
        "family": "ESM-2",
        "source": "Lin et al., Science 379, 1123 (2023)",
        "licence": "MIT",
        "n_layers": 12,
        "n_heads": 20,
        "n_parameters": 35_000_000,
        "max_residues": None,
        "trained_residues": 1022,
        "cached": False,
        "place": "",
        "size": None,
        "note": "",
    }


def test_listing_needs_no_torch() -> None:
    code = (
        "import sys; from protvis.cli import main; main(['models']); "
        "assert not {'torch', 'transformers', 'nglview'} & set(sys.modules)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    assert result.stderr == ""
