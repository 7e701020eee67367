"""File names that no result could hold."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from protvis.data import TRYPSIN
from protvis.datasets import StructureDataset
from protvis.errors import DatasetError


def test_a_file_name_that_is_not_utf8_is_refused_by_name(tmp_path: Path) -> None:
    bad = os.fsencode(tmp_path) + b"/caf\xe9.cif.gz"
    try:
        shutil.copyfile(TRYPSIN, bad)
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    with pytest.raises(DatasetError, match=r"caf\\udce9\.cif\.gz' is not UTF-8"):
        StructureDataset(tmp_path)
