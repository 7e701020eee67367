"""The reference of the public names, made from their docstrings."""

from __future__ import annotations

import base64
import hashlib
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from protvis.errors import OutputError
from protvis.site.frame import PAGE_POLICY

__all__ = ["ROOMS", "write_reference"]

ROOMS = (
    "protvis",
    "protvis.analysis",
    "protvis.annotations",
    "protvis.attention",
    "protvis.data",
    "protvis.datasets",
    "protvis.errors",
    "protvis.export",
    "protvis.models",
    "protvis.plot",
    "protvis.structure",
)
"""What is documented: the names of `protvis` itself, and of the rooms a program may use."""

_SCRIPTS = "SCRIPTS-OF-THIS-PAGE"

_TEMPLATE = """{{% extends "default/module.html.jinja2" %}}
{{% block head %}}
<meta http-equiv="Content-Security-Policy" content="{policy}">
<link rel="icon" href="data:,">
{{% endblock %}}
{{% block nav_title %}}
{{% set root = "../" * (module.modulename.count(".") + 1) %}}
<a class="pdoc-button" href="{{{{ root }}}}index.html">the site</a>
{{% endblock %}}
"""


def write_reference(folder: Path) -> dict[str, str]:
    """Write the reference into a folder and return the page of each room, as a path within it.

    Raises
    ------
    OutputError
        If pdoc fails.
    """
    # pdoc imports what it documents with parts of Python replaced, so it gets a process of its own.
    with tempfile.TemporaryDirectory() as templates:
        # Its search is a script beside the pages; those within them are known when they are made.
        policy = PAGE_POLICY.replace(
            "default-src 'none'", f"default-src 'none'; script-src {_SCRIPTS} 'self' file:"
        )
        (Path(templates) / "module.html.jinja2").write_text(_TEMPLATE.format(policy=policy))
        command = [
            *(sys.executable, "-W", "error::UserWarning:pdoc", "-m", "protvis.site.whole_classes"),
            *("--docformat", "numpy", "--no-show-source", "--template-directory", templates),
            *("--output-directory", str(folder)),
            *ROOMS,
            *(
                r"!protvis\.[^.]+\..+",
                r"!protvis\.(?:cli|labels|reports|scene|site|static|widgets)$",
            ),
        ]
        made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode:
        last = made.stderr.strip().splitlines()[-1:] or ["it did not say why"]
        raise OutputError(f"the reference cannot be made: {last[0]}")
    for page in folder.rglob("*.html"):
        text = _without_dead_links(page.read_text("utf-8"))
        page.write_text(text.replace(_SCRIPTS, _digests(text)), "utf-8")
    return {room: f"{room.replace('.', '/')}.html" for room in ROOMS}


def _digests(text: str) -> str:
    """Return the digests of the scripts within a page, as a policy names them."""
    scripts = re.findall(r"<script(?![^>]* src=)[^>]*>(.*?)</script>", text, re.S)
    digests = (hashlib.sha256(script.encode()).digest() for script in scripts)
    named = dict.fromkeys(f"'sha256-{base64.b64encode(one).decode()}'" for one in digests)
    return " ".join(named)


def _without_dead_links(text: str) -> str:
    """Return a page without links to ids that are not in it, as pdoc makes of inherited names."""
    ids = set(re.findall(r'\bid="([^"]+)"', text))
    return re.sub(
        r'<a href="#([^"]+)">([^<]*)</a>',
        lambda link: link[0] if link[1] in ids else link[2],
        text,
    )
