"""Tables of a view as files that say where they come from."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from protvis.csv_text import csv_text
from protvis.errors import OptionError, unknown_name
from protvis.keywords import check_keywords
from protvis.output_file import write_whole
from protvis.scene import Scene, ViewState, frames
from protvis.scene.map_kind import ATTENTION
from protvis.scene.provenance import view_provenance
from protvis.structure.contacts import CUTOFF, MIN_SEPARATION

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TABLES", "write_table", "write_view_table"]

TABLES = ("links", "heads", "map", "tracks", "pairs", "contacts")


@check_keywords
def write_view_table(
    scene: Scene,
    view: ViewState,
    path: str | PathLike[str],
    table: str = "links",
    *,
    track: str | None = None,
    state: str | None = None,
) -> Path:
    """Write the current view as a table that records where it comes from.

    Parameters
    ----------
    scene : Scene
    view : ViewState
    path : path
        Ends in ``.csv`` or ``.parquet``; replaced if it exists. Model, head and settings are in
        comment lines of the CSV (read it with ``pandas.read_csv(path, comment="#")``) or in the
        metadata of the Parquet file under ``protvis``.
    table : {"links", "heads", "map", "tracks", "pairs", "contacts"}
        The links drawn, as `links`; scores of all heads, as `head_scores`; the current map, one row
        per query and one column per key; what is known about each residue; the pairs marked by pair
        tracks, one row each; the structure's contacts.
    track, state : str, optional
        For heads, instead of the scores: the share of links that point at what the track marks,
        as `find_heads` and ``figure("heads", track=…)``.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    OptionError
        If the suffix or the table is unknown, or a track is given for a table other than heads.
    LabelError
        If there is no such track.
    AnnotationError
        If the track has no such state.
    OutputError
        If the file cannot be written.
    """
    view = view.checked(scene)
    makers: Mapping[str, Callable[[], pd.DataFrame]] = {
        "links": lambda: frames.links(scene, view),
        "heads": lambda: (
            frames.head_scores(scene, view)
            if track is None
            else frames.find_heads(scene, view, track, state)
        ),
        "map": lambda: frames.map_frame(scene, view),
        "tracks": lambda: scene.tracks.to_frame().reset_index(),
        "pairs": lambda: frames.pair_frame(scene),
        "contacts": lambda: frames.contact_frame(scene),
    }
    if table not in makers:
        raise OptionError(unknown_name("table", table, makers))
    if table != "heads" and (track is not None or state is not None):
        raise OptionError(f"track and state are for the table of heads, not of {table}")
    # The parts of the view that make no difference to this table.
    unsaid = {"links": set(), "map": {"links", "selection"}}.get(
        table, {"map", "links", "selection"}
    )
    if table == "heads" and view.map != ATTENTION:
        unsaid = {"links", "selection"}
    if table == "contacts":
        unsaid = unsaid | {"model"}
    told = {"table": table}
    if track is not None:
        told["share"] = f"of links to {track}{f' {state}' if state else ''}"
    if table == "contacts":
        told["contact"] = f"Cβ atoms closer than {CUTOFF:g} Å, |i - j| at least {MIN_SEPARATION}"
    said = view_provenance(scene, view)
    told |= {topic: text for topic, text in said.items() if topic not in unsaid}
    return write_table(makers[table](), path, told)


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
        head = "".join(f"# {topic}: {' '.join(text.split())}\n" for topic, text in said.items())
        return write_whole(path, head + csv_text(frame, quoting=csv.QUOTE_NONNUMERIC))
    if path.suffix == ".parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        table = pa.Table.from_pandas(frame, preserve_index=False)
        kept = {**(table.schema.metadata or {}), b"protvis": json.dumps(dict(said)).encode()}
        buffer = io.BytesIO()
        pq.write_table(table.replace_schema_metadata(kept), buffer)
        return write_whole(path, buffer.getvalue())
    raise OptionError(f"expected a file name that ends in .csv or .parquet, got {path.name!r}")
