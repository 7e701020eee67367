"""pdoc, which also documents what a public class has from classes that are not public.

A program of its own, run by `protvis.site.reference`: by itself pdoc leaves out the members that
come from a module without a page, such as the tables that a head report is made of.
"""

from __future__ import annotations

from typing import Any

from pdoc import doc
from pdoc.__main__ import cli

_own_members = vars(doc.Class)["own_members"].func


def _with_parts(documented: doc.Class) -> list[doc.Doc[Any]]:
    """Return the members of a class, and those of its bases within protvis."""
    members = list(_own_members(documented))
    for (module, _), inherited in documented.inherited_members.items():
        if module.partition(".")[0] == "protvis":
            members += [one for one in inherited if one not in members]
    return members


if __name__ == "__main__":
    doc.Class.own_members = property(_with_parts)  # type: ignore[assignment]
    cli()
