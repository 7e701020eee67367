"""The report as one offline HTML page: figures, tables, method, skip ledger, provenance.

The page loads nothing, runs no script and can be printed.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from markupsafe import Markup

from protvis.analysis.counting.result import Skipped
from protvis.analysis.runs.skips import group_skips
from protvis.analysis.statistics.result_tables import HeadTables
from protvis.models.registry import find_bundled
from protvis.output_file import write_whole
from protvis.reports.formatting import count, model_name, proteins
from protvis.reports.method_text import (
    CITATION,
    MODE_WORDS,
    caveats,
    method,
    references,
)
from protvis.reports.page_tables import PageTables
from protvis.reports.role_sections import atlas_section
from protvis.templates import blocks, render

__all__ = ["Section", "model_notice", "report_to_html", "skip_section"]

MOST_LISTED = 1_000
"""Skipped records listed by name for one reason."""


class Section(NamedTuple):
    """A part of a page under its heading."""

    anchor: str
    heading: str
    content: Markup


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
    version = tables.provenance.get("versions", {}).get("protvis", "")
    sections = [
        ("asked", "What was asked", _asked(tables)),
        ("found", "What was found", sections_of.summary()),
        ("atlas", "What each head does", atlas_section(tables)),
        *(
            (f"feature-{number}", sections_of.heading(feature), sections_of.feature(feature))
            for number, feature in enumerate(tables.features, 1)
        ),
        ("controls", "Negative controls", sections_of.controls()),
        ("layers", "From layer to layer", sections_of.layers()),
        ("calibration", "Attention as a probability of contact", sections_of.calibration()),
        ("weighted", "Attention-weighted shares", sections_of.weighted()),
        ("heads", "All heads", sections_of.heads()),
        ("method", "Method", _method(tables)),
        (
            "caveats",
            "What to keep in mind",
            blocks().bullets(caveats(tables.result.plan, tables.result.n_records)),
        ),
        ("skipped", "What was skipped", skip_section(tables)),
        ("warnings", "Warnings", _warnings(tables)),
    ]
    return write_whole(
        path,
        render(
            "report.html",
            title,
            lead=_lead(tables),
            notices=_notices(tables),
            sections=[Section(*section) for section in sections if section[2]],
            footer=f"Counted with protvis {version} after {CITATION}",
        ),
    )


def model_notice(provenance: Mapping[str, Any]) -> str:
    """Return the notice that a run's model carries, empty for most."""
    model = provenance["model"]
    if "notice" in model:
        return str(model["notice"] or "")
    # A report that an older protvis saved.
    bundled = find_bundled(str(model.get("id", "")).removeprefix("protvis/"))
    return bundled.notice if bundled else ""


def _lead(tables: HeadTables) -> str:
    result, about = tables.result, tables.provenance
    heads = f"{result.plan.n_layers} × {result.plan.n_heads} heads"
    counted = f"{proteins(result.n_records)} of {about['data']['name']}"
    return " · ".join(filter(None, [counted, heads, str(about.get("date", ""))[:10]]))


def _notices(tables: HeadTables) -> list[str]:
    result, about = tables.result, tables.provenance
    notices = [model_notice(about), _reach(tables)]
    if not result.complete:
        notices.insert(
            0,
            f"This run was interrupted: {proteins(result.n_records)} of "
            f"{count(about['data']['n_records'])} records. Numbers of the whole data set will "
            "differ.",
        )
    return [text for text in notices if text]


def _reach(tables: HeadTables) -> str:
    """Return what to say of a model that has positions it was not trained on."""
    model, cut = tables.provenance["model"], tables.result.plan.max_residues
    most, trained = model.get("max_residues"), model.get("trained_residues")
    if not most or not trained or (cut is not None and cut <= trained):
        return ""
    return (
        f"{model_name(tables.provenance)} was trained on sequences of up to {count(trained)} "
        f"residues or so and reads up to {count(most)}: in longer proteins of this data set, "
        "attention further along was never learned."
    )


def _asked(tables: HeadTables) -> Markup:
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
        (
            "Families",
            f"{count(len(set(result.families.values())))} of {count(len(result.families))} records",
        ),
        ("Date", about.get("date")),
        ("Programs", ", ".join(f"{name} {v}" for name, v in about.get("versions", {}).items())),
    ]
    return blocks().facts([(name, value) for name, value in pairs if value])


def _where(model: Mapping[str, Any]) -> str:
    return " on ".join(str(model[name]) for name in ("dtype", "device") if model.get(name))


def _method(tables: HeadTables) -> Markup:
    plan = tables.result.plan
    parts = [
        blocks().heading(heading) + blocks().paragraphs([text])
        for heading, text in method(plan, tables.min_links)
    ]
    return Markup("\n").join(
        [*parts, blocks().heading("References"), blocks().bullets(references(plan))]
    )


def skip_section(tables: HeadTables) -> Markup:
    """Return what a run skipped, as HTML."""
    skipped = tables.result.skipped
    if not skipped:
        return blocks().paragraphs(["Nothing: every requested record is counted."])
    asked = count(tables.provenance["data"]["n_records"])
    said = blocks().paragraphs([f"{count(len(skipped))} skipped, of {asked} records requested."])
    return said + _listed(skipped)


def _warnings(tables: HeadTables) -> Markup:
    warnings = tables.result.warnings
    if not warnings:
        return Markup()
    return blocks().paragraphs(["These records were counted, but note:"]) + _listed(warnings)


def _listed(lines: Sequence[Skipped]) -> Markup:
    """Return lines of the ledger, by what they say."""
    parts = []
    for group in group_skips(lines):
        columns = [group.records, group.details] if group.details else [group.records]
        rows = [list(row) for row in zip(*columns, strict=True)][:MOST_LISTED]
        if len(group.records) > len(rows):
            more = f"and {count(len(group.records) - len(rows))} more, in ledger.csv"
            rows.append([more, *[""] * (len(columns) - 1)])
        headers = ["record", "what it says"][: len(columns)]
        listed = blocks().table(headers, rows, notes=len(columns) - 1)
        parts.append(
            blocks().details(
                f"{count(len(group.records))} × {group.reason}", blocks().ledger(listed)
            )
        )
    return Markup("\n").join(parts)
