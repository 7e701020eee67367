"""Files of annotations: text in any of its usual forms, XML and JSON read with care."""

from __future__ import annotations

import json
import os
from typing import Any
from xml.etree import ElementTree
from xml.parsers import expat

from protvis.errors import AnnotationError, StructureError
from protvis.input_file import plain_text
from protvis.structure.files.sources import read_bytes

__all__ = ["json_content", "read_annotation", "tag_of", "xml_root"]


def read_annotation(source: str | os.PathLike[str] | bytes | Any) -> tuple[str, bytes, str]:
    r"""Return the text of a path, bytes or open file, the bytes it came as, and what to call it.

    Compressed files are unpacked; lines of the text end with ``\n``.

    Raises
    ------
    AnnotationError
        If the source cannot be read.
    """
    try:
        content = read_bytes(source)
    except StructureError as error:
        raise AnnotationError(str(error)) from error
    return plain_text(content.data).decode("utf-8", "replace"), content.data, content.origin


class _SeenError(Exception):
    """The first element has been reached."""


def xml_root(data: bytes, origin: str, what: str) -> ElementTree.Element:
    """Return the root of an XML file without entities of its own.

    No file of UniProt or SIFTS declares a document type; one that does may be built to blow up
    memory. The parser is asked, as text in UTF-16 hides the words from a search.

    Raises
    ------
    AnnotationError
        If the file is damaged or declares a document type.
    """
    parser = expat.ParserCreate()

    def refuse(*_: Any) -> None:
        raise AnnotationError(f"{origin} declares XML entities, which {what} never do")

    def stop(*_: Any) -> None:
        raise _SeenError

    parser.StartDoctypeDeclHandler, parser.StartElementHandler = refuse, stop
    try:
        # A document type comes before the first element or not at all.
        parser.Parse(data, True)
    except (_SeenError, AnnotationError) as seen:
        if isinstance(seen, AnnotationError):
            raise
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise AnnotationError(f"{origin} is damaged XML ({error}); fetch it again") from error
    try:
        return ElementTree.fromstring(data)
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise AnnotationError(f"{origin} is damaged XML ({error}); fetch it again") from error


def tag_of(element: ElementTree.Element) -> str:
    """Return the name of an element without its namespace."""
    return str(element.tag).rpartition("}")[2]


def json_content(text: str, origin: str) -> Any:
    """Return what JSON text says.

    Raises
    ------
    AnnotationError
        If it is damaged, or nested deeper than any file of annotations.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        what = "nested too deeply" if isinstance(error, RecursionError) else error
        raise AnnotationError(f"{origin} is damaged JSON ({what}); fetch it again") from error
