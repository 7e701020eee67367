"""The way in: read the command line, run the verb, turn errors into one line."""

from __future__ import annotations

import argparse
import atexit
import gc
import importlib
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn, TextIO

from protvis._version import __version__
from protvis.cli import analyze, demo, explore, models, report, reproduce, site
from protvis.cli.stop_signals import Stopped
from protvis.dates import date_now
from protvis.errors import ProtvisError, near_names

__all__ = ["main"]

BAD_INPUT = 2
INTERRUPTED = 130
NOBODY_READS = 141
"""As a shell reports a program that SIGPIPE ended."""

_NO_FOLDER = "the current folder no longer exists; change to one that does"


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``protvis`` with these arguments and return its exit status.

    Parameters
    ----------
    argv : sequence of str, optional
        The arguments after the program's name; those of this process by default.

    Returns
    -------
    int
        0 when done; 2 where the input or the place to write to is at fault (one line on the
        standard error stream says how); 130 when interrupted, 143 by SIGTERM, 129 by SIGHUP; 141
        when nobody reads what it prints any more (``protvis models | head``).

    Raises
    ------
    SystemExit
        With status 2 and argparse's message where the command line itself is wrong; with status
        0 after ``--help`` and ``--version``.
    """
    for stream in (sys.stdout, sys.stderr):
        # What the terminal's encoding lacks, such as × in an ASCII locale, is printed as "?".
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        try:
            return _run(argv)
        finally:
            for stream in filter(None, (sys.stdout, sys.stderr)):
                stream.flush()
    except BrokenPipeError:
        _discard(sys.stdout, sys.stderr)
        return NOBODY_READS
    except OSError as error:
        _discard(sys.stdout)
        return _complain(f"cannot print: {error.strerror or error}")


def _run(argv: Sequence[str] | None) -> int:
    try:
        arguments = _parse(argv)
        # SOURCE_DATE_EPOCH is checked first: NumPy reads it too, and fails without a word of it.
        date_now()
        if getattr(arguments, "needs_folder", True) and not _has_folder():
            # Without one, MKL ends the process while PyTorch is imported.
            return _complain(_NO_FOLDER)
        if argv is None:
            _own_process(runs_model=getattr(arguments, "runs_model", False))
        arguments.run(arguments)
    except ProtvisError as error:
        return _complain(str(error))
    except BrokenPipeError:
        raise
    except OSError as error:
        if not _has_folder():
            return _complain(_NO_FOLDER)
        if error.strerror is None:
            return _complain(str(error))
        where = f" {error.filename}" if error.filename else ""
        return _complain(f"cannot read or write{where}: {error.strerror}")
    except KeyboardInterrupt as interruption:
        status = interruption.status if isinstance(interruption, Stopped) else INTERRUPTED
        return _complain(str(interruption) or "interrupted", status)
    return 0


def _own_process(*, runs_model: bool) -> None:
    """Keep Python from searching for garbage what stays until this process ends.

    PyTorch and transformers make half a million objects; searching them, while they are imported
    and at the end, takes a third of the time of a short chain's page.
    """
    atexit.register(gc.freeze)
    if runs_model:
        gc.disable()
        importlib.import_module("protvis.models.network")
        gc.freeze()
        gc.enable()


def _has_folder() -> bool:
    try:
        Path.cwd()
    except OSError:
        return False
    return True


def _discard(*streams: TextIO | None) -> None:
    """Drop what is left to print, or Python would complain about it when it exits."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in filter(None, streams):
        os.dup2(nowhere, stream.fileno())


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="protvis",
        description="See, measure and trust what protein language models attend to.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"protvis {__version__}")
    verbs = parser.add_subparsers(title="verbs", dest="verb", metavar="VERB")
    modules = (explore, demo, models, analyze, report, reproduce, site)
    by_name = {verb.NAME: verb.add_parser(verbs) for verb in modules}

    arguments, unread = parser.parse_known_args(argv)
    if unread:
        _refuse(by_name.get(arguments.verb, parser), unread)
    if arguments.verb is None:
        parser.error(f"name a verb: {', '.join(by_name)} (protvis --help says more)")
    return arguments


def _refuse(parser: argparse.ArgumentParser, unread: Sequence[str]) -> NoReturn:
    """Say what argparse says of arguments it cannot read, and which options have near names."""
    # argparse keeps its options in no public place.
    options = [name for name in parser._option_string_actions if name.startswith("--")]
    message = f"unrecognized arguments: {' '.join(unread)}"
    for argument in unread:
        if argument.startswith("-"):
            for near in near_names(argument.partition("=")[0], options, n=1):
                message += f"; did you mean {near}?"
    parser.error(message)


def _complain(message: str, status: int = BAD_INPUT) -> int:
    print(f"protvis: {' '.join(message.split())}", file=sys.stderr)
    return status
