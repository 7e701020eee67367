"""The version of protvis, read by the build and by everything that writes a file."""

__version__ = "0.1.0"
