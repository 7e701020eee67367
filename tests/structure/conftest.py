"""Where the structure tests find their files."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared_structures(shared_data: Path) -> Path:
    """The folder of collected structure files."""
    return shared_data / "structures"
