"""The ``protvis`` command: one module per verb."""

from protvis.cli.main import main

__all__ = ["main"]
