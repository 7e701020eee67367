"""UniProt entries: features with their positions, from flat text, GFF, XML or JSON."""

from __future__ import annotations

import io
import os
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

from protvis.annotations.annotation_file import json_content, read_annotation, tag_of, xml_root
from protvis.errors import AnnotationError
from protvis.input_file import whole_number

__all__ = ["Feature", "UniProtEntry", "read_uniprot"]

# No part runs past its line, or without end: a search would take the length of the text squared.
_EVIDENCE = re.compile(r"\s{0,9}\{ECO:[^}]{0,2000}\}")
_GFF_LINE = re.compile(
    r"^[^\t\n#>]{1,999}\t[^\t\n]{0,999}\t[^\t\n]{1,999}\t[\d<>?]{1,99}\t[\d<>?]{1,99}\t",
    re.MULTILINE,
)
# One name per kind of feature: the keys of the flat text.
_KINDS = {
    "active site": "ACT_SITE", "binding site": "BINDING", "site": "SITE",
    "metal binding": "METAL", "metal ion-binding site": "METAL", "dna binding": "DNA_BIND",
    "dna-binding region": "DNA_BIND", "nucleotide binding": "NP_BIND",
    "nucleotide phosphate-binding region": "NP_BIND", "calcium binding": "CA_BIND",
    "calcium-binding region": "CA_BIND", "modified residue": "MOD_RES", "lipidation": "LIPID",
    "lipid moiety-binding region": "LIPID", "glycosylation": "CARBOHYD",
    "glycosylation site": "CARBOHYD", "disulfide bond": "DISULFID", "cross-link": "CROSSLNK",
    "signal": "SIGNAL", "signal peptide": "SIGNAL", "transit peptide": "TRANSIT",
    "propeptide": "PROPEP", "chain": "CHAIN", "peptide": "PEPTIDE", "domain": "DOMAIN",
    "region": "REGION", "region of interest": "REGION", "repeat": "REPEAT", "motif": "MOTIF",
    "short sequence motif": "MOTIF", "coiled coil": "COILED", "coiled-coil region": "COILED",
    "zinc finger": "ZN_FING", "zinc finger region": "ZN_FING", "transmembrane": "TRANSMEM",
    "transmembrane region": "TRANSMEM", "intramembrane": "INTRAMEM",
    "intramembrane region": "INTRAMEM", "topological domain": "TOPO_DOM",
    "compositional bias": "COMPBIAS", "compositionally biased region": "COMPBIAS",
    "helix": "HELIX", "strand": "STRAND", "beta strand": "STRAND", "turn": "TURN",
    "natural variant": "VARIANT", "sequence variant": "VARIANT", "mutagenesis": "MUTAGEN",
    "mutagenesis site": "MUTAGEN", "sequence conflict": "CONFLICT",
    "alternative sequence": "VAR_SEQ", "splice variant": "VAR_SEQ",
    "initiator methionine": "INIT_MET", "non-standard residue": "NON_STD",
    "non-standard amino acid": "NON_STD", "non-terminal residue": "NON_TER",
    "non-adjacent residues": "NON_CONS", "unsure residue": "UNSURE",
}  # fmt: skip


@dataclass(frozen=True)
class Feature:
    """A feature of a UniProt entry.

    Attributes
    ----------
    kind : str
        Key as in the flat text format, such as ``"BINDING"``, whatever the format read.
    start, end : int or None
        Positions in the UniProt sequence, from 1, inclusive; None if unknown (``?``) or outside the
        sequence (``<1``).
    description : str
    isoform : str
        The isoform (``"P00760-2"``) to whose sequence the positions refer; "" for the sequence of
        the entry.
    """

    kind: str
    start: int | None
    end: int | None
    description: str = ""
    isoform: str = ""


@dataclass(frozen=True)
class UniProtEntry:
    """A UniProt entry: its accession, its sequence ("" in GFF) and its features."""

    accession: str
    sequence: str
    features: tuple[Feature, ...]


def read_uniprot(source: str | os.PathLike[str] | bytes | Any) -> list[UniProtEntry]:
    """Return the entries of a file in any of UniProt's formats, recognised by its content.

    Parameters
    ----------
    source : path, bytes or open file
        Flat text, GFF, XML or JSON, plain or gzipped.

    Raises
    ------
    AnnotationError
        If the file cannot be read as any of these.
    """
    text, data, origin = read_annotation(source)
    start = text.lstrip()
    try:
        if start.startswith("<"):
            entries = list(_xml_entries(xml_root(data, origin, "UniProt entries")))
        elif start.startswith(("{", "[")):
            entries = list(_json_entries(json_content(text, origin)))
        elif re.match(r"ID {3}\S", start):
            entries = list(_text_entries(text))
        elif start.startswith("##gff") or _GFF_LINE.search(text):
            entries = list(_gff_entries(text))
        else:
            raise AnnotationError(
                f"{origin} is not a UniProt entry: it starts with {start[:40]!r}; give flat "
                "text, GFF, XML or JSON as UniProt writes them"
            )
    except AnnotationError:
        raise
    # Biopython's reader of flat text states what it expects by `assert`.
    except (ValueError, TypeError, AttributeError, LookupError, AssertionError) as error:
        raise AnnotationError(
            f"{origin} cannot be read as a UniProt entry ({error}); fetch it again"
        ) from error
    if not entries:
        raise AnnotationError(f"{origin} holds no UniProt entry")
    return entries


def _kind(name: str) -> str:
    return _KINDS.get(name.strip().lower(), name.strip().upper().replace(" ", "_"))


def _text_entries(text: str) -> Iterator[UniProtEntry]:
    from Bio import SwissProt

    with warnings.catch_warnings():
        # Its remarks on the layout of single lines are not the caller's concern.
        warnings.simplefilter("ignore")
        for record in SwissProt.parse(io.StringIO(text)):
            features = []
            for feature in record.features:
                start, end = (
                    _exact(edge) for edge in (feature.location.start, feature.location.end)
                )
                features.append(
                    Feature(
                        _kind(feature.type),
                        None if start is None else start + 1,
                        end,
                        _note(feature.qualifiers),
                        isoform=str(feature.location.ref or ""),
                    )
                )
            yield UniProtEntry(record.accessions[0], record.sequence, tuple(features))


def _note(qualifiers: dict[str, Any]) -> str:
    # Since 2019 a description is a note; before, it stood on the line itself.
    text = str(qualifiers.get("note") or qualifiers.get("description") or "")
    return _EVIDENCE.sub("", text).strip().rstrip(".")


def _exact(edge: Any) -> int | None:
    from Bio.SeqFeature import ExactPosition

    return int(edge) if isinstance(edge, ExactPosition) else None


def _gff_entries(text: str) -> Iterator[UniProtEntry]:
    features: dict[str, list[Feature]] = {}
    for line in text.split("\n"):
        if line.startswith("##FASTA"):
            break
        columns = line.split("\t")
        if line.startswith("##sequence-region"):
            features.setdefault(line.split()[1], [])
        if line.startswith("#") or len(columns) < 8:
            continue
        attributes = dict(
            pair.partition("=")[::2] for pair in (columns[8] if len(columns) > 8 else "").split(";")
        )
        start, end = (whole_number(value) for value in columns[3:5])
        features.setdefault(columns[0], []).append(
            Feature(_kind(columns[2]), start, end, unquote(attributes.get("Note", "")))
        )
    for accession, found in features.items():
        yield UniProtEntry(accession, "", tuple(found))


def _xml_entries(root: ElementTree.Element) -> Iterator[UniProtEntry]:
    for entry in [root, *root.iter()] if tag_of(root) == "entry" else root.iter():
        if tag_of(entry) != "entry":
            continue
        children = list(entry)
        accession = next((c.text or "" for c in children if tag_of(c) == "accession"), "")
        sequence = next((c.text or "" for c in children if tag_of(c) == "sequence"), "")
        features = tuple(_xml_feature(child) for child in children if tag_of(child) == "feature")
        yield UniProtEntry(accession.strip(), "".join(sequence.split()), features)
        if entry is root:
            return


def _xml_feature(element: ElementTree.Element) -> Feature:
    edges: dict[str, int | None] = {"begin": None, "end": None}
    isoform = ""
    for location in element:
        if tag_of(location) != "location":
            continue
        isoform = location.get("sequence", "")
        for edge in location:
            value = edge.get("position", "")
            is_exact = edge.get("status", "certain") == "certain"
            position = whole_number(value) if is_exact else None
            if tag_of(edge) == "position":
                edges = {"begin": position, "end": position}
            else:
                edges[tag_of(edge)] = position
    return Feature(
        _kind(element.get("type", "")),
        edges["begin"],
        edges["end"],
        element.get("description", ""),
        isoform,
    )


def _json_entries(content: Any) -> Iterator[UniProtEntry]:
    if isinstance(content, dict) and "results" in content:
        content = content["results"]
    for entry in content if isinstance(content, list) else [content]:
        features = tuple(
            Feature(
                _kind(feature["type"]),
                _json_position(feature["location"]["start"]),
                _json_position(feature["location"]["end"]),
                _json_text(feature.get("description", "")),
                _json_text(feature["location"].get("sequence") or ""),
            )
            for feature in entry.get("features", [])
        )
        sequence = entry.get("sequence", {}).get("value", "")
        yield UniProtEntry(_json_text(entry["primaryAccession"]), _json_text(sequence), features)


def _json_text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected text, found {value!r:.40}")
    return value


def _json_position(edge: dict[str, Any]) -> int | None:
    value = edge.get("value") if edge.get("modifier", "EXACT") == "EXACT" else None
    return None if value is None else whole_number(str(value))
