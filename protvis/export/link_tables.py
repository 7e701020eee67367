"""Tables as files that say where they come from."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from protvis.errors import OptionError
from protvis.output_file import write_whole

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["write_table"]


def write_table(frame: pd.DataFrame, path: str | PathLike[str], said: Mapping[str, str]) -> Path:
    """Write a table as CSV or Parquet, with its provenance in the same file.

    Parameters
    ----------
    frame : DataFrame
        Its index is left out.
    path : path
        The suffix decides: ``.csv`` or ``.parquet``. Replaced if it exists.
    said : mapping of str to str
        Where the table comes from, by topic: in CSV comment lines at the top (``# topic: text``;
        read it with ``pandas.read_csv(path, comment="#")``), in Parquet the file's metadata under
        ``protvis``, as JSON.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    OptionError
        If the suffix is another.
    OutputError
        If the file cannot be written.
    """
    path = Path(path)
    # What may be missing is missing, and labels beside "mean" are text, in either format.
    mixed = [name for name in frame if frame[name].map(type).nunique() > 1]
    texts = {name: frame[name].astype("string") for name in mixed if frame[name].dtype == object}
    frame = frame.assign(**texts) if texts else frame
    if path.suffix == ".csv":
        # Texts are quoted, so that a # within one begins no comment.
        head = "".join(f"# {topic}: {text}\n" for topic, text in said.items())
        return write_whole(path, head + frame.to_csv(index=False, quoting=csv.QUOTE_NONNUMERIC))
    if path.suffix == ".parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        table = pa.Table.from_pandas(frame, preserve_index=False)
        kept = {**(table.schema.metadata or {}), b"protvis": json.dumps(dict(said)).encode()}
        buffer = io.BytesIO()
        pq.write_table(table.replace_schema_metadata(kept), buffer)
        return write_whole(path, buffer.getvalue())
    raise OptionError(f"expected a file name that ends in .csv or .parquet, got {path.name!r}")
