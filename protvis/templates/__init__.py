"""HTML pages from Jinja2 templates, with one style sheet; whatever is not marked up is escaped.

``base.html`` is the frame of every page, ``page.css`` its style, ``blocks.html`` what reports are
made of.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from protvis._version import __version__

__all__ = ["NO_SCRIPTS", "blocks", "render"]

NO_SCRIPTS = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'"
)
"""Content-Security-Policy of a page that loads nothing and runs no script, whatever a file smuggled
into it."""

_ENVIRONMENT = Environment(
    loader=PackageLoader("protvis"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render(template: str, title: str, *, policy: str = NO_SCRIPTS, **values: Any) -> str:
    """Return a page.

    Parameters
    ----------
    template : str
        The name of a file beside this module that extends ``base.html``.
    title : str
        Plain text.
    policy : str
        The Content-Security-Policy.
    **values
        What the template asks for. Plain strings are escaped, `markupsafe.Markup` is not.
    """
    page = _ENVIRONMENT.get_template(template)
    return page.render(title=title, policy=policy, version=__version__, **values)


@cache
def blocks() -> Any:
    """Return the macros of ``blocks.html``; each gives `markupsafe.Markup`."""
    return _ENVIRONMENT.get_template("blocks.html").module
