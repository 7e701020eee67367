"""How the tests of dialects look at what was read."""

from __future__ import annotations

import warnings

from protvis.errors import ProtvisWarning
from protvis.structure import Structure, load_structure


def load(data: bytes, warning: str = "") -> Structure:
    """Load; with the warning named, or with none."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        structure = load_structure(data)
    texts = [str(entry.message) for entry in caught]
    # One category catches what is said of a record, whatever it is.
    assert all(issubclass(entry.category, ProtvisWarning) for entry in caught)
    assert any(warning in text for text in texts) if warning else not texts, texts
    return structure


def sequences(structure: Structure) -> dict[str, str]:
    return {chain.chain_id: chain.sequence for chain in structure.chains.values()}
