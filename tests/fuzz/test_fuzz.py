"""A small sample of the long run (``python -m tests.fuzz``): always the same inputs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.fuzz.entrances import Entrance, entrances
from tests.fuzz.mutations import MAX_BYTES, mutate

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def everything() -> list[Entrance]:
    return entrances()


@pytest.mark.filterwarnings("ignore::protvis.errors.StructureWarning")
def test_seeds_are_read(everything: list[Entrance], tmp_path: Path) -> None:
    """What is changed is good before, so that what is refused is refused for the change."""
    for entrance in everything:
        for number, (name, data) in enumerate(entrance.seeds):
            if entrance.name == "checkpoints" and "index" in name:
                # Beside whole weights an index is not looked at.
                continue
            folder = tmp_path / f"{entrance.name}-{number}"
            folder.mkdir()
            (folder / name).write_bytes(data)
            entrance.read(folder / name)


def test_changes_are_the_same_each_time_and_bounded(everything: list[Entrance]) -> None:
    for entrance in everything:
        name, data = entrance.seeds[0]
        made = [mutate(data, np.random.default_rng(seed)) for seed in range(20)]
        again = [mutate(data, np.random.default_rng(seed)) for seed in range(20)]
        assert made == again
        assert sum(one != data for one in made) > 10, name
        assert max(map(len, made)) <= 2 * MAX_BYTES


def test_a_sample_is_refused_by_name_or_read() -> None:
    """In a process of its own, whose children have no threads of other tests."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", "--count", "300"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(" refused") >= 12
