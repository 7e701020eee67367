"""The folder a run writes to: whether it may, and what it leaves there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from protvis.csv_text import csv_text
from protvis.errors import OutputError
from protvis.input_file import user_path
from protvis.output_file import sweep_drafts, write_whole

if TYPE_CHECKING:
    import pandas as pd

    from protvis.reports import HeadReport

__all__ = ["HEADS", "LEDGER", "REPORT", "claim_folder", "write_results", "write_table"]

REPORT = "report.protvis"
HEADS = "heads.csv"
LEDGER = "ledger.csv"


def claim_folder(folder: Path, journal: str, *, report: str = REPORT, resume: bool = False) -> Path:
    """Return the folder of a run, which is made if it is not there.

    Parameters
    ----------
    folder : Path
    journal, report : str
        Names of its journal and of its report.
    resume : bool, default False
        Whether it may hold a run's journal already.

    Raises
    ------
    OutputError
        If the folder cannot be made, or holds another run's results.
    """
    folder = user_path(folder)
    has_journal = (folder / journal).exists()
    has_report = (folder / report).exists()
    if resume and has_report and not has_journal:
        raise OutputError(
            f"{folder} holds a report, but no journal to go on from; name another folder, or "
            f"delete {report}"
        )
    if not resume and (has_journal or has_report):
        found = "the journal of a run" if has_journal else "a report"
        hint = "go on from it with --resume, or " if has_journal else ""
        raise OutputError(f"{folder} already holds {found}; {hint}name another folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        sweep_drafts(folder, "*.protvis", HEADS, LEDGER, "*.html", report)
    except OSError as error:
        raise OutputError(
            f"cannot make the folder {folder}: {error.strerror or error}; name one that you may "
            "write to"
        ) from error
    return folder


def write_results(report: HeadReport, folder: Path) -> list[Path]:
    """Write a report and its tables into a folder, and return the files.

    Raises
    ------
    OutputError
        If they cannot be written.
    """
    return [
        report.save(folder / REPORT),
        write_table(report.heads(), folder / HEADS),
        write_table(report.ledger, folder / LEDGER),
    ]


def write_table(table: pd.DataFrame, path: Path) -> Path:
    """Write a table as CSV, whole or not at all, and return its path."""
    return write_whole(path, csv_text(table))
