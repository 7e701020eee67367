"""The tiny checkpoints of the models' tests, here too."""

from tests.models.conftest import checkpoint

__all__ = ["checkpoint"]
