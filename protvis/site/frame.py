"""The frame of a page of the site: its style, its way back, and what it may load."""

from __future__ import annotations

import html
from pathlib import Path

from pygments.formatters import HtmlFormatter

from protvis.output_file import write_whole

__all__ = ["PAGE_POLICY", "write_site_page"]

PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' file: data:; "
    "frame-src 'self' file:; base-uri 'none'; form-action 'none'"
)
"""A page shows what is in it and in the folder of the site; it runs no script."""

_STYLE = """
:root {
  color-scheme: light dark;
  --ink: #1f2630; --soft: #5b6675; --line: #dfe3e9; --panel: #ffffff; --ground: #f5f6f8;
  --accent: #b0124f; --notice: #fff4d6; --notice-ink: #5d4300;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e3e7ed; --soft: #a2adbc; --line: #2e343d; --panel: #15181d; --ground: #0d0f12;
    --accent: #ff7eb1; --notice: #3a2f10; --notice-ink: #f3dc9c;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; padding: 20px 16px 64px; background: var(--ground); color: var(--ink);
  font: 15px/1.55 ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
main, body > nav { max-width: 1100px; margin: 0 auto; }
nav a { margin-right: 16px; white-space: nowrap; }
h1 { margin: 18px 0 6px; font-size: 28px; line-height: 1.25; }
h2 { margin: 40px 0 10px; padding-top: 14px; border-top: 1px solid var(--line); font-size: 21px; }
h3 { margin: 26px 0 8px; font-size: 17px; }
p, ul, ol, blockquote { max-width: 80ch; }
p, li, td { overflow-wrap: anywhere; }
a { color: var(--accent); }
.lead, figcaption, .soft { color: var(--soft); }
.notice {
  padding: 10px 14px; border-radius: 8px; background: var(--notice); color: var(--notice-ink);
}
blockquote { margin: 14px 0; padding: 2px 16px; border-left: 4px solid var(--line); }
pre, code { font: 13px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
pre { margin: 10px 0; padding: 10px 14px; overflow-x: auto; }
pre, .highlight { border-radius: 8px; background: var(--panel); }
code { overflow-wrap: anywhere; }
img { max-width: 100%; height: auto; background: #ffffff; border-radius: 8px; }
iframe { width: 100%; border: 0; border-radius: 8px; }
summary { cursor: pointer; color: var(--accent); }
.scroll, .output { overflow-x: auto; }
table { margin: 10px 0; border-collapse: collapse; font-size: 13.5px; }
th, td {
  padding: 4px 12px 4px 0; border-bottom: 1px solid var(--line); text-align: left;
  vertical-align: top;
}
.scroll td:first-child { min-width: 9em; overflow-wrap: normal; }
.output table { border: 0; font-variant-numeric: tabular-nums; }
.output td, .output th { border-width: 0 0 1px; text-align: right; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(290px, 1fr)); gap: 16px; }
.cards figure {
  margin: 0; padding: 10px; border: 1px solid var(--line); border-radius: 8px;
  background: var(--panel);
}
.cards a { font-weight: 600; }
.input { margin: 14px 0 4px; border-left: 3px solid var(--accent); border-radius: 8px; }
.output { margin: 4px 0 14px 3px; }
.anchor-link { display: none; }
@media print { body > nav { display: none; } }
"""

_DOCUMENT = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="generator" content="protvis {version}">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<nav>{links}</nav>
<main>
{body}
</main>
</body>
</html>
"""


def write_site_page(path: Path, title: str, body: str, *, root: str = "..") -> Path:
    """Write a page of the site and return its path.

    Parameters
    ----------
    path : Path
        Its folder is made if it is not there.
    title : str
        Plain text.
    body : str
        HTML.
    root : str, default ".."
        The way from the page's folder to the site's.
    """
    from protvis._version import __version__

    sections = ("explorers", "notebooks", "how-to", "reference")
    links = "".join(f'<a href="{root}/index.html#{name}">{name}</a>' for name in sections)
    text = _DOCUMENT.format(
        policy=PAGE_POLICY,
        version=__version__,
        title=html.escape(title),
        style=_STYLE + _code_style(),
        links=f'<a href="{root}/index.html"><strong>protvis</strong></a>{links}',
        body=body,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_whole(path, text)


def _code_style() -> str:
    """Return the colours of code, by day and by night."""
    light, dark = (
        HtmlFormatter(style=style, cssclass="highlight").get_style_defs(".highlight")
        for style in ("default", "github-dark")
    )
    own = ".highlight { background: var(--panel) !important; }"
    return f"{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}\n{own}\n"
