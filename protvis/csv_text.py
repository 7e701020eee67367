"""Tables as CSV in which no text of a file becomes a spreadsheet's formula."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["csv_text"]

# Also in full width, and behind what some spreadsheets pass over.
_BEGINS_FORMULA = re.compile(r"[\s\x00-\x1f\u200b\ufeff]*[=+\-@＝＋－＠]|\t")


def csv_text(table: pd.DataFrame, **options: Any) -> str:
    r"""Return a table as CSV, without its index and with ``\n`` after each line.

    Texts that a spreadsheet would run, such as an id that begins with ``=``, get an apostrophe
    before them, as one types it there. Numbers, negative ones too, stay as they are.

    Parameters
    ----------
    table : DataFrame
    **options
        As for `pandas.DataFrame.to_csv`.
    """
    texts = [name for name in table if table[name].dtype.kind == "O"]
    safe = table.assign(**{str(name): table[name].map(_safe) for name in texts})
    safe.columns = [_safe(name) for name in safe.columns]
    text: str = safe.to_csv(index=False, lineterminator="\n", **options)
    return text


def _safe(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    # Readers end a line at a carriage return, which pandas does not quote.
    value = value.replace("\r", " ")
    if len(value) < 2 or not _BEGINS_FORMULA.match(value):
        return value
    try:
        is_number = math.isfinite(float(value))
    except ValueError:
        is_number = False
    return value if is_number else f"'{value}"
