"""The atlas: what each head does, in words and numbers.

A role is given if three things hold. The head survives the ladder of nulls (for labels of residues
and pairs: each null keeps more of the head's habits than the one before). It shows the role on one
half of the families. And it shows it again on the other half, whose numbers are the ones reported.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from protvis.analysis.counting.counters import HABIT_COUNTS, unit_of
from protvis.analysis.counting.features import SHIFTED, Column
from protvis.analysis.counting.habits import HABITS, OFFSETS
from protvis.analysis.counting.result import Result
from protvis.analysis.statistics.family_tests import effective_families, enrichment_interval
from protvis.analysis.statistics.head_counts import head_counts
from protvis.analysis.statistics.head_tables import first_failed
from protvis.analysis.statistics.significance import divide
from protvis.annotations.track_table import TRACKS

__all__ = ["ATLAS_COLUMNS", "NO_ROLE", "atlas_table", "compare_atlases"]

Floats = NDArray[np.float64]

ATLAS_COLUMNS = (
    "layer",
    "head",
    "role",
    "label",
    "kind",
    "words",
    "share",
    "expected",
    "excess",
    "enrichment",
    "enrichment_low",
    "enrichment_high",
    "n_links",
    "n_families",
    "feature",
    "value",
)
"""The columns of `atlas_table`, in this order."""

NO_ROLE = "no role found"

FAMILY_POSITION = "family position"

LEAST_EXCESS = {"labels": 0.1, "habit": 0.25, "sink": 0.5}
"""The share of its links, beyond those expected, that a head must spend on a role."""

_HELIX = (-4, -3, 3, 4)
_LEAST_OF_TWO = 0.1
_NOT_A_ROLE = {("secondary_structure", "other")}


@dataclass(frozen=True)
class _Role:
    name: str
    label: str
    kind: str
    # What the links that show it do, after "35 % of its links ".
    does: str
    of: str = "links"


_HABIT_ROLES = {
    "special": _Role("special token", "special", "sink", "is on special tokens", "attention"),
    "sink": _Role("sink on residues", "sink", "sink", "go to the same few residues"),
    "same": _Role("same amino acid", "same aa", "amino acid", "join residues of one amino acid"),
    "cysteine": _Role(
        "cysteine to cysteine", "C–C", "amino acid", "go to other cysteines", "links of cysteines"
    ),
    "-1": _Role("previous residue", "prev", "offset", "go to the previous residue"),
    "+0": _Role("the residue itself", "self", "offset", "go to the residue itself"),
    "+1": _Role("next residue", "next", "offset", "go to the next residue"),
}

_LABEL_ROLES = {
    "contact": ("contacts", "contact", "contact"),
    "contact_short": ("contacts, short range", "short", "contact"),
    "contact_medium": ("contacts, medium range", "medium", "contact"),
    "contact_long": ("contacts, long range", "long", "contact"),
    "disulfide_bonds": ("disulfide bonds", "S–S", "contact"),
    "disulfide": ("disulfide bonds", "S–S", "contact"),
    "binding_site": ("binding sites", "site", "site"),
    "file_site": ("SITE records", "site", "site"),
    "interface": ("interface", "interf", "site"),
    "modification": ("modified residues", "modif", "site"),
    "glycosylation": ("glycosylation", "glyco", "site"),
}


def atlas_table(result: Result, *, min_links: int = 100) -> pd.DataFrame:
    """Return what each head does: a row per head and role, or one that says that none was found.

    Parameters
    ----------
    result : Result
    min_links : int, default 100
        Heads with fewer links have no role but that of a special token.

    Returns
    -------
    DataFrame
        `ATLAS_COLUMNS`, by layer, head and falling ``excess``, sinks last. ``role`` and ``kind``
        name it, ``label`` does so in a few letters, ``words`` is a sentence. ``share`` is the share
        of the links that could show the role (of the attention, for special tokens), ``expected``
        the share expected by chance, ``excess`` (share - expected) / (1 - expected), all of them
        fractions; ``enrichment`` is share / expected with its 95 % t interval over families. All
        numbers are of families that had no part in finding the role. ``feature`` and ``value`` are
        those of the labels, empty for habits that need none. Heads without a role have NaN.

        Roles from labels need an excess of 0.1 and the whole ladder of `null_table`; heads that
        fail at ``aligned`` alone have the role "family position". Habits (offsets, same amino acid)
        need an excess of 0.25, sinks 0.5.

    Raises
    ------
    OptionError
        If `min_links` is not 1 or more.
    """
    rows = [*_of_labels(result, min_links), *_of_habits(result, min_links)]
    plan = result.plan
    heads = {(row["layer"], row["head"]) for row in rows}
    few = len(set(result.families.values())) < 4
    for layer, head in np.ndindex(plan.n_layers, plan.n_heads):
        if (layer + 1, head + 1) not in heads:
            words = "too few families to find a role and to measure it" if few else NO_ROLE
            rows.append(
                {"layer": layer + 1, "head": head + 1, "words": words}
                | dict.fromkeys(("role", "label", "kind", "feature", "value"), "")
            )
    table = pd.DataFrame(rows, columns=ATLAS_COLUMNS).assign(is_sink=lambda t: t["kind"] == "sink")
    table = table.sort_values(
        ["layer", "head", "is_sink", "excess"],
        ascending=[True, True, True, False],
        kind="stable",
        ignore_index=True,
    )
    return table.drop(columns="is_sink")


def compare_atlases(
    first: pd.DataFrame,
    second: pd.DataFrame,
    *,
    counted: Sequence[Collection[tuple[str, str]]],
) -> pd.DataFrame:
    """Return how many heads have each role in two atlases.

    Parameters
    ----------
    first, second : DataFrame
        From `atlas_table`.
    counted : two collections of (feature, value)
        What each was made from. A role of a feature that was not counted is missing, not 0.

    Returns
    -------
    DataFrame
        ``role, kind, n_heads, n_heads_other, share, share_other``: heads with the role, and their
        share of all heads; the commonest first, heads without a role last.
    """
    labelled = pd.concat([first, second]).query("feature != ''")
    found = set(zip(labelled["role"], labelled["feature"], labelled["value"], strict=True))
    frames = []
    for table, of in ((first, ""), (second, "_other")):
        n_heads = len(table[["layer", "head"]].drop_duplicates())
        named = table.assign(role=table["role"].replace("", NO_ROLE))
        counts = named.groupby(["role", "kind"])["layer"].size()
        frames.append(pd.DataFrame({f"n_heads{of}": counts, f"share{of}": counts / n_heads}))
    both = pd.concat(frames, axis=1).reset_index()
    for of, known in zip(("", "_other"), counted, strict=True):
        asked_for = {role for role, *feature in found if tuple(feature) in known}
        asked = ~both["role"].isin({role for role, *_ in found} - asked_for)
        for name in (f"n_heads{of}", f"share{of}"):
            both[name] = both[name].mask(asked, both[name].fillna(0))
    both = both.astype({"n_heads": "Int64", "n_heads_other": "Int64"})
    total = both[["share", "share_other"]].sum(axis=1)
    both["total"] = np.where(both["role"] == NO_ROLE, -1.0, total)
    both = both.sort_values(["total", "role"], ascending=[False, True], ignore_index=True)
    return both[["role", "kind", "n_heads", "n_heads_other", "share", "share_other"]]


def _of_labels(result: Result, min_links: int) -> Iterator[dict[str, object]]:
    for heads in head_counts(result, min_links):
        column = heads.column
        if (column.feature, column.value) in _NOT_A_ROLE:
            continue
        fails = first_failed(heads)
        counts = np.stack([heads.families(name) for name in ("hits", "links", "expected")])
        half = np.random.default_rng(result.plan.seed).permutation(counts.shape[1]) % 2
        shown, measured = _shown(counts, half, LEAST_EXCESS["labels"])
        role = _role_of(column)
        for layer, head in np.argwhere(shown & np.isin(fails, ("", "aligned"))):
            named = role
            if fails[layer, head] == "aligned":
                named = _Role(
                    f"{FAMILY_POSITION} ({role.name})", "fold", FAMILY_POSITION,
                    f"{role.does}, but as many would on a relative's",
                )  # fmt: skip
            yield _row(named, column, layer, head, measured)


def _of_habits(result: Result, min_links: int) -> Iterator[dict[str, object]]:
    links, hits, expected = (
        result.counters[f"habit_{name}"] * unit_of(f"habit_{name}") for name in HABIT_COUNTS
    )
    half = np.arange(len(links)) % 2
    first = len(HABITS) - len(OFFSETS)
    enough = links[..., first].sum(axis=0) >= min_links
    nothing = Column("", "", "")

    def of(name: str, *places: int) -> tuple[NDArray[np.bool_], dict[str, Floats]]:
        least = LEAST_EXCESS["sink" if name in ("special", "sink") else "habit"]
        counts = [hits[..., places].sum(-1), links[..., places[0]], expected[..., places].sum(-1)]
        shown, measured = _shown(np.stack(counts), half, least)
        return shown if name == "special" else shown & enough, measured

    for place, name in enumerate(HABITS):
        shown, measured = of(name, place)
        for layer, head in np.argwhere(shown):
            yield _row(_HABIT_ROLES.get(name) or _offset(name), nothing, layer, head, measured)
    places = [first + OFFSETS.index(offset) for offset in _HELIX]
    shown, measured = of("helix", *places)
    several = divide(hits[..., places].sum(0), links[..., places].sum(0)) >= _LEAST_OF_TWO
    role = _Role("i ± 3/4 (helix)", "i±3/4", "offset", "go three or four residues away")
    for layer, head in np.argwhere(shown & (several.sum(-1) >= 2)):
        yield _row(role, nothing, layer, head, measured)


def _offset(name: str) -> _Role:
    text = name.replace("-", "−")
    return _Role(f"offset {text}", text, "offset", f"go to the residue at {text}")


def _role_of(column: Column) -> _Role:
    feature, value = column.feature.removesuffix(SHIFTED), column.value
    if feature == "amino_acid":
        return _Role(f"amino acid {value}", value, "amino acid", f"go to {value}")
    if feature.startswith("secondary_structure"):
        return _Role(value, value[:7], "secondary structure", f"go to residues in {value}")
    name = " ".join(filter(None, [feature.replace("_", " "), value]))
    kind = "site" if any(feature == entry.feature for entry in TRACKS) else "own track"
    role, label, kind = _LABEL_ROLES.get(feature, (name, name[:7], kind))
    does = "join" if column.kind == "pair" else "go to the" if role == "interface" else "go to"
    return _Role(role, label, kind, f"{does} {role}")


def _shown(
    counts: Floats, half: NDArray[np.integer], least: float
) -> tuple[NDArray[np.bool_], dict[str, Floats]]:
    """Return which heads show a role on both halves of the families, and the second's numbers.

    Parameters
    ----------
    counts : (3, family, layer, head)
        Hits, links and expected hits.
    half : (family,)
    least : float
        Of the excess.
    """
    both = [_measure(counts[:, half == side]) for side in (0, 1)]
    shown = [(one["excess"] >= least) & (one["enrichment_low"] > 1) for one in both]
    return shown[0] & shown[1], both[1]


def _measure(counts: Floats) -> dict[str, Floats]:
    by_family = counts
    hits, links, expected = by_family.sum(axis=1)
    low, high = enrichment_interval(*by_family)
    return {
        "share": divide(hits, links),
        "expected": divide(expected, links),
        "excess": divide(hits - expected, links - expected),
        "enrichment": divide(hits, expected),
        "enrichment_low": low,
        "enrichment_high": high,
        "n_links": links,
        "n_families": effective_families(by_family[1]),
    }


def _row(
    role: _Role, column: Column, layer: int, head: int, measured: dict[str, Floats]
) -> dict[str, object]:
    numbers = {name: float(values[layer, head]) for name, values in measured.items()}
    words = (
        f"{_percent(numbers['share'])} of its {role.of} {role.does}, "
        f"{numbers['enrichment']:.2g} × the {_percent(numbers['expected'])} expected by chance"
    )
    return {
        "layer": int(layer) + 1,
        "head": int(head) + 1,
        "role": role.name,
        "label": role.label,
        "kind": role.kind,
        "words": words,
        "feature": column.feature,
        "value": column.value,
        **numbers,
    }


def _percent(share: float) -> str:
    return f"{100 * share:.{0 if share >= 0.0995 else 1}f} %"
