"""The report as one offline HTML page: figures, tables, method, skip ledger, provenance.

The page loads nothing and runs no script; it can be printed. Whatever comes from a file is escaped.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from protvis.analysis.runs.skips import group_skips
from protvis.analysis.statistics.result_tables import HeadTables
from protvis.models.registry import find_bundled
from protvis.reports.formatting import count, proteins
from protvis.reports.markup import details, escape, facts, paragraphs, table_html
from protvis.reports.method_text import (
    CITATION,
    MODE_WORDS,
    caveats,
    method,
    references,
)
from protvis.reports.page_frame import write_document
from protvis.reports.page_tables import PageTables

__all__ = ["model_name", "model_notice", "report_to_html", "skip_section"]

MOST_LISTED = 1_000
"""Skipped records listed by name for one reason."""


def report_to_html(tables: HeadTables, path: str | os.PathLike[str]) -> Path:
    """Write a report as one offline HTML page.

    Parameters
    ----------
    tables : HeadTables
    path : path
        The page to write, replaced if it exists.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    sections_of = PageTables(tables)
    title = f"What {model_name(tables.provenance)} attends to"
    sections = [
        ("asked", "What was asked", _asked(tables)),
        ("found", "What was found", sections_of.summary()),
        *(
            (f"feature-{number}", sections_of.heading(feature), sections_of.feature(feature))
            for number, feature in enumerate(tables.features, 1)
        ),
        ("layers", "From layer to layer", sections_of.layers()),
        ("calibration", "Attention as a probability of contact", sections_of.calibration()),
        ("weighted", "Attention-weighted shares", sections_of.weighted()),
        ("heads", "All heads", sections_of.heads()),
        ("method", "Method", _method(tables)),
        ("caveats", "What to keep in mind", _caveats(tables)),
        ("skipped", "What was skipped", skip_section(tables)),
    ]
    kept = [section for section in sections if section[2]]
    links = "\n".join(f'<a href="#{anchor}">{escape(name)}</a>' for anchor, name, _ in kept)
    body = "\n".join(
        f'<section id="{anchor}"><h2>{escape(name)}</h2>\n{content}\n</section>'
        for anchor, name, content in kept
    )
    return write_document(
        path, title, f"{_top(tables, title)}\n<nav>{links}</nav>\n{body}\n{_footer(tables)}"
    )


def model_name(provenance: Mapping[str, Any]) -> str:
    """Return what to call a run's model: a folder by its name, not by where it lies."""
    model = provenance["model"]
    identity = str(model.get("id") or model["model"])
    named = model.get("revision") or identity.startswith("protvis/") or "/" not in model["model"]
    return str(model["model"]) if named else identity


def model_notice(provenance: Mapping[str, Any]) -> str:
    """Return what must be said of a run's model, empty for most."""
    bundled = find_bundled(str(provenance["model"].get("id", "")).removeprefix("protvis/"))
    return bundled.notice if bundled else ""


def _top(tables: HeadTables, title: str) -> str:
    result, about = tables.result, tables.provenance
    counted = proteins(result.n_records)
    heads = f"{result.plan.n_layers} × {result.plan.n_heads} heads"
    date = str(about.get("date", ""))[:10]
    lead = " · ".join(filter(None, [f"{counted} of {about['data']['name']}", heads, date]))
    parts = [f"<h1>{escape(title)}</h1>", f'<p class="lead">{escape(lead)}</p>']
    if not result.complete:
        asked = count(about["data"]["n_records"])
        parts.append(
            _notice(
                f"This run was interrupted: {counted} of {asked} records. "
                "Numbers of the whole data set will differ."
            )
        )
    if notice := model_notice(about):
        parts.append(_notice(notice))
    return "\n".join(parts)


def _notice(text: str) -> str:
    return f'<div class="notice" role="note"><p>{escape(text)}</p></div>'


def _asked(tables: HeadTables) -> str:
    result, about, plan = tables.result, tables.provenance, tables.result.plan
    model, data, arguments = about["model"], about["data"], about.get("arguments", {})
    family = " · ".join(str(model[name]) for name in ("family", "source") if model.get(name))
    limit = arguments.get("limit")
    seed = arguments.get("seed")
    drawn = "drawn at random, seed " + str(seed) if seed is not None else "the first ones"
    pairs = [
        ("Model", model_name(about)),
        ("Identity", model.get("id")),
        ("Family", family),
        ("Revision", model.get("revision")),
        ("Weights, SHA-256", model.get("weights_sha256")),
        ("Layers × heads", f"{plan.n_layers} × {plan.n_heads}"),
        ("Computed", _where(model)),
        ("Data", data.get("name")),
        ("Fingerprint of the data", data.get("fingerprint")),
        ("Records asked for", f"{count(data['n_records'])}{f', {drawn}' if limit else ''}"),
        ("Proteins counted", count(result.n_records)),
        ("Features", ", ".join(tables.features)),
        ("Threshold", f"attention of at least {plan.threshold:g} is a link"),
        ("Mode", MODE_WORDS[plan.mode]),
        ("Sequences", f"cut to {count(plan.max_residues)}" if plan.max_residues else "whole"),
        ("Scored", f"heads with at least {count(tables.min_links)} links"),
        ("Bootstrap", f"{count(plan.n_bootstrap)} replicates over proteins, seed {plan.seed}"),
        ("Date", about.get("date")),
        ("Programs", ", ".join(f"{name} {v}" for name, v in about.get("versions", {}).items())),
    ]
    return facts((name, value) for name, value in pairs if value)


def _where(model: Mapping[str, Any]) -> str:
    return " on ".join(str(model[name]) for name in ("dtype", "device") if model.get(name))


def _method(tables: HeadTables) -> str:
    plan = tables.result.plan
    parts = [
        f"<h3>{escape(heading)}</h3>\n{paragraphs([text])}"
        for heading, text in method(plan, tables.min_links)
    ]
    cited = "".join(f"<li>{escape(source)}</li>" for source in references(plan))
    return "\n".join([*parts, "<h3>References</h3>", f"<ul>{cited}</ul>"])


def _caveats(tables: HeadTables) -> str:
    items = caveats(tables.result.plan, tables.result.n_records)
    return f"<ul>{''.join(f'<li>{escape(item)}</li>' for item in items)}</ul>"


def skip_section(tables: HeadTables) -> str:
    """Return what a run skipped, as HTML."""
    skipped = tables.result.skipped
    if not skipped:
        return paragraphs(["Nothing: every record that was asked for is counted."])
    asked = count(tables.provenance["data"]["n_records"])
    parts = paragraphs([f"{count(len(skipped))} skipped, of {asked} records asked for."])
    for group in group_skips(skipped):
        names = list(group.records[:MOST_LISTED])
        if len(group.records) > len(names):
            names.append(f"and {count(len(group.records) - len(names))} more, in ledger.csv")
        listed = table_html(["record"], ([name] for name in names))
        content = f'<div class="ledger">{listed}</div>'
        parts += "\n" + details(f"{count(len(group.records))} × {group.reason}", content)
    return parts


def _footer(tables: HeadTables) -> str:
    version = tables.provenance.get("versions", {}).get("protvis", "")
    return (
        f"<footer><p>Counted with protvis {escape(version)} after {escape(CITATION)}</p></footer>"
    )
