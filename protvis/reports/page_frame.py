"""The frame of a page: its style, and the promise that it loads and runs nothing."""

from __future__ import annotations

import os
from pathlib import Path

from protvis.output_file import write_whole
from protvis.reports.markup import escape

__all__ = ["write_document"]

_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'"
)
"""Nothing is loaded from anywhere, and no script runs, whatever a file may have smuggled in."""

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
  margin: 0; padding: 24px 16px 64px; background: var(--ground); color: var(--ink);
  font: 15px/1.5 ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
main { max-width: 1180px; margin: 0 auto; }
h1 { margin: 0 0 4px; font-size: 26px; line-height: 1.25; overflow-wrap: anywhere; }
h2 { margin: 44px 0 10px; padding-top: 14px; border-top: 1px solid var(--line); font-size: 20px; }
h3 { margin: 26px 0 8px; font-size: 16px; }
p { max-width: 76ch; margin: 8px 0; }
p, li, summary, caption { overflow-wrap: anywhere; }
a { color: var(--accent); }
.lead { color: var(--soft); }
.notice {
  margin: 16px 0; padding: 10px 14px; border-radius: 8px; background: var(--notice);
  color: var(--notice-ink);
}
.notice p { max-width: none; margin: 0; }
nav { margin: 14px 0; }
nav a { margin-right: 14px; white-space: nowrap; }
dl {
  display: grid; grid-template-columns: minmax(8em, max-content) 1fr; gap: 3px 18px; margin: 10px 0;
}
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
.scroll { max-width: 100%; overflow-x: auto; margin: 10px 0; }
table { border-collapse: collapse; font-size: 13.5px; font-variant-numeric: tabular-nums; }
caption { padding: 0 0 4px; color: var(--soft); text-align: left; }
th, td { padding: 3px 12px 3px 0; border-bottom: 1px solid var(--line); text-align: left; }
th { color: var(--soft); font-weight: 600; vertical-align: bottom; }
td { vertical-align: top; white-space: nowrap; }
th.n, td.n { text-align: right; }
td.note { min-width: 18em; white-space: normal; overflow-wrap: anywhere; }
.ledger td { white-space: normal; overflow-wrap: anywhere; }
.figures { display: flex; flex-wrap: wrap; gap: 14px; align-items: flex-start; }
.figures > div { min-width: min(100%, 380px); }
/* Two side by side may be a fifth smaller than drawn; what is wider has a row of its own. */
.figures > figure {
  flex: var(--width) 1 calc(var(--width) * 0.8px);
  max-width: min(100%, calc(var(--width) * 1px + 18px));
}
figure {
  margin: 0; padding: 8px; border: 1px solid var(--line); border-radius: 8px;
  background: #ffffff;
}
figure svg { display: block; max-width: 100%; height: auto; margin: 0 auto; }
/* Verdana is as wide as DejaVu Sans, for which matplotlib finds the places of words. */
figure text { font-family: "DejaVu Sans", Verdana, sans-serif; }
details { margin: 8px 0; }
.choice { display: grid; grid-template-columns: repeat(auto-fill, minmax(56px, 1fr)); }
.choice > details { margin: 4px 0; }
.choice > details[open] { grid-column: 1 / -1; }
summary { cursor: pointer; color: var(--accent); }
footer { margin-top: 48px; color: var(--soft); font-size: 13px; }
@media (max-width: 560px) {
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: 6px; }
}
@media print {
  :root {
    color-scheme: light; --ink: #000; --soft: #444; --line: #ccc; --panel: #fff; --ground: #fff;
    --accent: #000; --notice: #fff; --notice-ink: #000;
  }
  body { padding: 0; font-size: 11px; }
  nav { display: none; }
  table { font-size: 9.5px; }
  .notice { border: 1px solid #999; }
  .scroll { overflow: visible; }
  .figures > figure { flex-basis: calc(var(--width) * 0.45px); }
  .figures > div { min-width: 0; }
  figure, tr { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
}
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
<main>
{body}
</main>
</body>
</html>
"""


def write_document(path: str | os.PathLike[str], title: str, body: str) -> Path:
    """Write a page, whole or not at all, and return its path.

    Parameters
    ----------
    path : path
    title : str
        Plain text.
    body : str
        HTML.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    from protvis._version import __version__

    text = _DOCUMENT.format(
        policy=_POLICY, version=__version__, title=escape(title), style=_STYLE, body=body
    )
    return write_whole(path, text)
