"""A run that was interrupted ends where one that was not ends."""

from __future__ import annotations

import json

import pytest
import torch

from training.control_log import RunLog
from training.families import SHARED
from training.train_mini import Trainer, parse, prepare, train

needs_alignments = pytest.mark.skipif(
    not (SHARED / "msa" / "kunitz.fasta.gz").exists(),
    reason="the alignments (../shared/data/msa) are not here",
)


@pytest.fixture
def quiet_torch():
    before = torch.are_deterministic_algorithms_enabled(), torch.get_num_threads()
    yield
    torch.use_deterministic_algorithms(before[0])
    torch.set_num_threads(before[1])


def options_for(out, cache, *more):
    small = "--families kunitz --steps 6 --tokens 200 --layers 2 --heads 2 --hidden 16"
    small += " --intermediate 16 --log-every 2 --control-every 6 --checkpoint-every 3"
    return parse(["--out", str(out), "--cache", str(cache), *small.split(), *more])


@pytest.mark.slow
@needs_alignments
@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_resumed_run_equals_an_uninterrupted_one(tmp_path, quiet_torch, optimizer):
    cache = tmp_path / "families"
    whole = options_for(tmp_path / "whole", cache, "--optimizer", optimizer)
    train(whole)

    broken = options_for(tmp_path / "broken", cache, "--optimizer", optimizer)
    broken.out.mkdir()
    data = prepare(broken.families, broken.msa, broken.structures, cache)
    trainer = Trainer(broken, data)
    for _ in range(3):
        trainer.one_step()
    trainer.save(broken.out / "checkpoint.pt")
    (broken.out / "log.jsonl").write_text('{"step": 2}\n{"step": 5}\n')
    train(broken)

    one, two = (
        torch.load(run.out / "checkpoint.pt", weights_only=True)["network"]
        for run in (whole, broken)
    )
    for name in one:
        assert torch.equal(one[name], two[name]), name
    lines = [json.loads(line) for line in (broken.out / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [2, 4, 6]
    assert set(lines[-1]["controls"]["5PTI"]) >= {"query", "shuffled", "after_GGG"}
    assert (broken.out / "model" / "model.safetensors").exists()


@needs_alignments
def test_other_options_are_refused(tmp_path, quiet_torch):
    cache = tmp_path / "families"
    first = options_for(tmp_path / "run", cache)
    first.out.mkdir()
    data = prepare(first.families, first.msa, first.structures, cache)
    Trainer(first, data).save(first.out / "checkpoint.pt")
    second = options_for(tmp_path / "run", cache, "--lr", "0.1")
    with pytest.raises(ValueError, match="other values of lr"):
        Trainer(second, data).load(second.out / "checkpoint.pt")


def test_guidance_fades(tmp_path):
    options = options_for(tmp_path, tmp_path, "--guide", "2")
    options.guide_until, options.guide_gone = 0.5, 1.0
    trainer = Trainer.__new__(Trainer)
    trainer.options = options
    weights = []
    for step in range(7):
        trainer.step = step
        weights.append(trainer.guidance())
    assert weights[:4] == [2.0, 2.0, 2.0, 2.0]
    assert weights[-1] == 0.0
    assert weights[4] == pytest.approx(2 * 2 / 3)


def test_no_log_no_forgetting(tmp_path):
    RunLog(tmp_path / "log.jsonl").forget_after(3)
    assert not (tmp_path / "log.jsonl").exists()
