"""Directions of import hold, and ``import protvis`` costs next to nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter on the package in a folder."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_rooms_import_downwards_only() -> None:
    result = lint(ROOT)
    assert result.returncode == 0, result.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("structure/atoms.py", "from protvis.models import load_model"),
        ("attention/maps.py", "from protvis.scene import Scene"),
        ("export/page.py", "from protvis.widgets import explore"),
        ("errors.py", "from protvis.labels import MEAN"),
        ("attention/maps.py", "import torch.nn.functional as F"),
        ("widgets/explorer.py", "import nglview"),
        ("scene/scene.py", "def show():\n    import traitlets"),
        ("models/network.py", "def show():\n    from protvis.models.model import ProteinModel"),
        ("attention/transforms.py", "from protvis.attention import maps"),
        ("inference/protein.py", "from protvis.inference import residue_attention"),
        ("perturbation/mutations.py", "from protvis.perturbation import compare_maps"),
    ],
)
def test_the_contracts_can_be_broken(tmp_path: Path, module: str, line: str) -> None:
    """A contract that nothing can break would hold nothing."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    package = tmp_path / "protvis"
    # The modules of the package, all of them empty.
    for path in (ROOT / "protvis").rglob("*.py"):
        empty = package / path.relative_to(ROOT / "protvis")
        empty.parent.mkdir(parents=True, exist_ok=True)
        empty.touch()
    assert lint(tmp_path).returncode == 0
    (package / module).write_text(f"{line}\n")
    result = lint(tmp_path)
    assert result.returncode == 1
    assert "BROKEN" in result.stdout


HEAVY = ("torch", "transformers", "nglview", "ipywidgets", "numpy", "matplotlib", "Bio")


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("protvis", HEAVY),
        ("protvis.cli", HEAVY),
        ("protvis.__main__", HEAVY),
        # Whoever opens an explorer waits for its imports.
        pytest.param(
            "protvis.widgets.explorer",
            ("pandas", "sklearn", "nglview", "Bio"),
            marks=pytest.mark.slow,
        ),
    ],
)
def test_import_loads_nothing_heavy(module: str, heavy: tuple[str, ...]) -> None:
    code = (
        f"import sys; sys.argv[1:] = ['--version']\n"
        f"try:\n    import {module}\nexcept SystemExit:\n    pass\n"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.splitlines()[-1] == "[]"


def test_every_public_name_is_there() -> None:
    import protvis

    assert sorted(protvis.__all__) == list(protvis.__all__)
    for name in protvis.__all__:
        assert getattr(protvis, name).__module__.startswith("protvis.")
