"""Masked marginals and the categorical Jacobian against transformers, one pass at a time."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers

import protvis
from protvis.errors import AttentionMemoryError, ModelError, OptionError, SequenceError
from protvis.labels import AMINO_ACIDS
from protvis.models import load_model, wrap_model
from protvis.models.family_table import STRUCTURE_LETTERS
from protvis.models.masked_prediction import HIDDEN
from protvis.perturbation import (
    categorical_jacobian,
    estimate_categorical_jacobian,
    jacobian,
    masked_marginals,
)
from tests.models.checkpoints import BUILDERS, camembert

SEQUENCE = "MKTAYIAKQX"
PREDICTING = ["ESM-2", "ESM-1b", "ESM C", "SaProt", "ProtBert", "ProtAlbert", "RoBERTa form"]
MASKS = {"ESM-2": 32, "ESM-1b": 32, "ESM C": 32, "ProtBert": 4, "ProtAlbert": 4, "RoBERTa form": 24}


@lru_cache(maxsize=1)
def eager(directory: Path) -> transformers.PreTrainedModel:
    return transformers.AutoModelForMaskedLM.from_pretrained(
        directory, attn_implementation="eager"
    ).eval()


def slow_logits(directory: Path, ids: np.ndarray) -> np.ndarray:
    """Return transformers' logits (token, vocabulary) of one sequence."""
    with torch.no_grad():
        return eager(directory)(torch.from_numpy(ids)[None]).logits[0].double().numpy()


@pytest.mark.parametrize("family", PREDICTING)
def test_masked_marginals_are_those_of_one_pass_a_residue(
    family: str, checkpoint: Callable[[str], Path]
) -> None:
    directory = checkpoint(family)
    model = load_model(directory)
    text = "MdKvT#AaYpIyAnKwQrXq" if family == "SaProt" else SEQUENCE
    found = masked_marginals(model, text, batch_size=3)
    tokens = model.tokenize(text)
    vocabulary = model.tokenizer.get_vocab()
    for place, where in enumerate(tokens.residues):
        ids = tokens.ids.copy()
        if family == "SaProt":
            ids[where] = vocabulary["#" + text[2 * place + 1]]
            columns = np.array(
                [[vocabulary[a + f] for f in STRUCTURE_LETTERS] for a in AMINO_ACIDS]
            )
        else:
            ids[where] = MASKS[family]
            columns = np.array([[model.tokenize(a).ids[-2]] for a in AMINO_ACIDS])
        logits = slow_logits(directory, ids)[where][columns]
        expected = np.log(np.exp(logits).sum(-1))
        np.testing.assert_allclose(found.logits[place], expected, atol=2e-5)
        shares = np.exp(expected) / np.exp(expected).sum()
        np.testing.assert_allclose(np.exp(found.log_probabilities[place]), shares, atol=1e-5)
        assert found.entropy[place] == pytest.approx(-(shares * np.log2(shares)).sum(), abs=1e-4)
    assert found.logits.std() > 0.1
    assert found.sequence == SEQUENCE
    odds = found.log_odds
    assert odds[0, AMINO_ACIDS.index("M")] == 0
    assert np.isnan(odds[9]).all()
    assert np.isfinite(odds[:9]).all()
    for batch_size in (1, "auto"):
        again = masked_marginals(model, text, batch_size=batch_size)
        np.testing.assert_allclose(again.logits, found.logits, atol=1e-5)
    frame = found.to_frame()
    assert frame.loc["K2", "W"] == found.log_probabilities[1, AMINO_ACIDS.index("W")]


def test_token_dropout_is_the_models_own(checkpoint: Callable[[str], Path], tmp_path: Path) -> None:
    # The same weights without token dropout predict something else: the rescaling is at work.
    directory = checkpoint("ESM-2")
    for name in directory.iterdir():
        (tmp_path / name.name).write_bytes(name.read_bytes())
    config = json.loads((directory / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, "token_dropout": False}))
    with_it, without = (masked_marginals(load_model(d), SEQUENCE) for d in (directory, tmp_path))
    assert np.abs(with_it.logits - without.logits).max() > 1e-3
    # A whole sequence is predicted alike before and after: nothing stays hidden.
    model = load_model(directory)
    before = next(model.predict_residues(SEQUENCE))
    masked_marginals(model, SEQUENCE)
    np.testing.assert_array_equal(next(model.predict_residues(SEQUENCE)), before)


@pytest.mark.slow
@pytest.mark.parametrize("family", PREDICTING)
def test_the_jacobian_is_that_of_single_exchanges(
    family: str, checkpoint: Callable[[str], Path]
) -> None:
    directory = checkpoint(family)
    model = load_model(directory)
    sequence = "MKTAX"
    text = "MdKvT#AaXp" if family == "SaProt" else sequence
    folds = text[1::2] if family == "SaProt" else [""] * 5
    n = len(sequence)
    tokens = model.tokenize(text)

    def predict(spelled: str) -> np.ndarray:
        one = model.tokenize(spelled)
        logits = slow_logits(directory, one.ids)[one.residues]
        if family == "SaProt":
            vocabulary = model.tokenizer.get_vocab()
            pairs = [[vocabulary[a + f] for f in STRUCTURE_LETTERS] for a in AMINO_ACIDS]
            return np.log(np.exp(logits[:, np.array(pairs)]).sum(-1))
        return logits[:, [model.tokenize(a).ids[-2] for a in AMINO_ACIDS]]

    assert len(tokens.residues) == n
    whole = predict(text)
    full = np.zeros((n, 20, n, 20))
    for i in range(n):
        for a, letter in enumerate(AMINO_ACIDS):
            spelled = [*sequence]
            spelled[i] = letter
            joined = "".join(s + f for s, f in zip(spelled, folds, strict=True))
            full[i, a] = predict(joined) - whole
    for axis in range(4):
        full = full - full.mean(axis, keepdims=True)
    norms = np.array(
        [[0.0 if i == j else np.linalg.norm(full[i, :, j]) for j in range(n)] for i in range(n)]
    )
    both = (norms + norms.T) / 2
    expected = both - both.sum(0) * both.sum(1)[:, None] / both.sum()
    np.fill_diagonal(expected, 0)
    found = categorical_jacobian(model, text, batch_size=7, progress=False)
    assert found.dtype == np.float32
    assert np.abs(expected).max() > 0.01
    np.testing.assert_allclose(found, expected, atol=1e-4)
    np.testing.assert_allclose(found, found.T, atol=1e-6)


def test_an_estimate_comes_before_the_jacobian(
    checkpoint: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    model = load_model(checkpoint("ESM-2"))
    estimate = estimate_categorical_jacobian(model, SEQUENCE, batch_size=8)
    # 9 residues of the 20, each exchanged for 19 others; X for 20; and the sequence as it is.
    assert estimate.n_passes == 9 * 19 + 20 + 1
    assert estimate.batch_size == 8
    assert estimate.n_bytes == 4 * 200**2
    assert 0 < estimate.seconds < 1000
    assert re.fullmatch(
        r"categorical Jacobian: 192 passes in 24 batches of 8, about \S+ (seconds|minutes) on cpu, "
        "0 MB",
        str(estimate),
    )
    slow = jacobian.JacobianEstimate(19_001, 10, 7200, 4_000_000_000, "cpu")
    assert "19,001 passes in 1,901 batches of 10, about 2 hours on cpu, 4,000 MB" in str(slow)
    minutes = jacobian.JacobianEstimate(100, 10, 90, 4_000_000, "cuda:0")
    assert "about 1.5 minutes on cuda:0" in str(minutes)
    for seconds, words in [
        (61, "1 minute"),
        (1, "1 second"),
        (5990, "100 minutes"),
        (3601 * 2, "2 hours"),
        (0.4, "0.4 seconds"),
    ]:
        assert f"about {words} on" in str(jacobian.JacobianEstimate(1, 8, seconds, 0, "cpu"))
    assert ": 1 pass in 1 batch of 8" in str(jacobian.JacobianEstimate(1, 8, 1, 0, "cpu"))
    protvis.categorical_jacobian(model, "MKTA")
    assert "categorical Jacobian: 100%" in capsys.readouterr().err
    protvis.masked_marginals(model, "MKTA", progress=True)
    assert "4/4" in capsys.readouterr().err


def test_a_jacobian_that_would_not_fit(
    checkpoint: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("protvis.memory.available_bytes", lambda: 150_000)
    with pytest.raises(AttentionMemoryError, match="10 residues"):
        categorical_jacobian(load_model(checkpoint("ESM-2")), SEQUENCE, progress=False)


@pytest.mark.parametrize(
    ("family", "reason"),
    [
        ("GPT-2 form", "causal model sees only what comes before"),
        ("ProtT5", "leaves predictions to a decoder"),
        ("ProstT5", "leaves predictions to a decoder"),
        ("Ankh", "leaves predictions to a decoder"),
        ("ProtElectra", "discriminator"),
        ("ProtXLNet", "shuffled order"),
        ("TAPE BERT", "only the part"),
    ],
)
def test_families_that_predict_nothing_say_why(
    family: str, reason: str, checkpoint: Callable[[str], Path]
) -> None:
    assert {family, *PREDICTING} <= set(BUILDERS)
    model = load_model(checkpoint(family))
    for ask in (masked_marginals, categorical_jacobian, estimate_categorical_jacobian):
        with pytest.raises(ModelError, match=reason):
            ask(model, SEQUENCE)


@pytest.mark.slow
def test_a_checkpoint_without_a_head(checkpoint: Callable[[str], Path], tmp_path: Path) -> None:
    network = transformers.EsmModel.from_pretrained(checkpoint("ESM-2"))
    network.save_pretrained(tmp_path)
    for name in ("vocab.txt", "tokenizer_config.json"):
        (tmp_path / name).write_bytes((checkpoint("ESM-2") / name).read_bytes())
    with pytest.raises(ModelError, match=r"lacks .*lm_head.* would be random"):
        masked_marginals(load_model(tmp_path), SEQUENCE)


def test_models_in_memory_and_fitted_ones(
    checkpoint: Callable[[str], Path], tmp_path: Path
) -> None:
    directory = checkpoint("ProtBert")
    tokenizer = transformers.AutoTokenizer.from_pretrained(directory)
    network = transformers.AutoModelForMaskedLM.from_pretrained(directory)
    expected = masked_marginals(load_model(directory), SEQUENCE)
    found = masked_marginals(wrap_model(network, tokenizer), SEQUENCE)
    np.testing.assert_allclose(found.logits, expected.logits, atol=1e-5)
    with pytest.raises(ModelError, match="wrapped without its prediction head"):
        masked_marginals(wrap_model(network.bert, tokenizer), SEQUENCE)
    with pytest.raises(ModelError, match="no mask"):
        masked_marginals(load_model(camembert(tmp_path / "camembert", mask="")), SEQUENCE)


def test_attention_is_still_captured_after_predictions(checkpoint: Callable[[str], Path]) -> None:
    model = load_model(checkpoint("ESM-2"))
    blocks: list[np.ndarray] = []
    model.capture(SEQUENCE, lambda _, block, __: blocks.append(block))
    masked_marginals(model, SEQUENCE)
    model.capture(SEQUENCE, lambda _, block, __: blocks.append(block))
    np.testing.assert_array_equal(blocks[0], blocks[3])


def test_memory_that_runs_out_halves_the_batch(
    checkpoint: Callable[[str], Path],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    model = load_model(checkpoint("ESM-2"))
    expected = masked_marginals(model, SEQUENCE)
    run = model._predictor._run

    def stingy(ids: np.ndarray, residues: np.ndarray) -> np.ndarray:
        if len(ids) > 3:
            raise torch.OutOfMemoryError("no room")
        return run(ids, residues)

    monkeypatch.setattr(model._predictor, "_run", stingy)
    found = masked_marginals(model, SEQUENCE, batch_size=10)
    np.testing.assert_allclose(found.logits, expected.logits, atol=1e-5)
    assert "going on with 5" in caplog.text
    assert "going on with 2" in caplog.text
    monkeypatch.setattr(model._predictor, "_run", lambda *_: stingy(np.zeros((9, 1)), None))
    with pytest.raises(AttentionMemoryError, match="one sequence of 10 residues"):
        masked_marginals(model, SEQUENCE)


def test_bad_questions(checkpoint: Callable[[str], Path]) -> None:
    model = load_model(checkpoint("ESM-2"))
    for batch_size in (0, 2.5, True, "many"):
        with pytest.raises(OptionError, match="batch_size"):
            masked_marginals(model, SEQUENCE, batch_size=batch_size)
    with pytest.raises(SequenceError, match="'7' at position 3"):
        masked_marginals(model, "MK7")
    with pytest.raises(SequenceError, match="as text or a chain"):
        categorical_jacobian(model, 5)
    shapes = [part.shape for part in model.predict_residues("MKT", [None, (1, HIDDEN)])]
    assert shapes == [(2, 3, 20)]
