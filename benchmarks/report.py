"""A table of what was measured, what was wanted, and whether that was reached."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field


@dataclass
class Report:
    """Lines of one benchmark; printed by `finish`, which ends the program.

    Parameters
    ----------
    title : str
    """

    title: str
    lines: list[tuple[str, str, str, bool | None]] = field(default_factory=list)

    def note(self, what: str, measured: str) -> None:
        """Add a line without a target."""
        self.lines.append((what, measured, "", None))

    def check(self, what: str, measured: str, target: str, reached: bool) -> None:
        """Add a line with a target."""
        self.lines.append((what, measured, target, reached))

    def finish(self) -> None:
        """Print the table; exit with 1 if a target was missed."""
        verdict = {True: "pass", False: "FAIL", None: ""}
        rows = [("", "measured", "target", "")]
        rows += [
            (what, measured, target, verdict[reached])
            for what, measured, target, reached in self.lines
        ]
        widths = [max(len(row[column]) for row in rows) for column in range(4)]
        print(f"\n## {self.title}\n")
        for place, row in enumerate(rows):
            cells = [text.ljust(width) for text, width in zip(row, widths, strict=True)]
            print(f"| {' | '.join(cells)} |")
            if place == 0:
                print(f"|{'|'.join('-' * (width + 2) for width in widths)}|")
        sys.exit(int(any(reached is False for *_, reached in self.lines)))


def size(n_bytes: float) -> str:
    """Return a number of bytes as people write it."""
    for unit, step in (("MB", 1e6), ("kB", 1e3)):
        if n_bytes >= step:
            return f"{n_bytes / step:.3g} {unit}"
    return f"{n_bytes:.0f} bytes"


def duration(seconds: float) -> str:
    """Return a time as people write it."""
    return f"{seconds:.3g} s" if seconds >= 1 else f"{1000 * seconds:.3g} ms"
