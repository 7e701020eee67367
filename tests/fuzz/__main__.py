"""``python -m tests.fuzz``: read many changed files, and say what came of them.

With ``--count 100000`` it is the long run; ``--slice 3/20`` does the third twentieth of it.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter
from pathlib import Path

# Before torch and NumPy: a process with threads is not to be forked.
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["HF_HUB_OFFLINE"] = os.environ["PROTVIS_OFFLINE"] = "1"


def main() -> int:
    """Run a campaign; the status is 1 if anything was found."""
    from tests.fuzz.campaign import campaign

    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=2000, metavar="N", help="inputs in all")
    parser.add_argument("--slice", default="1/1", metavar="I/N", help="which part of them")
    parser.add_argument("--seed", type=int, default=0, metavar="N")
    parser.add_argument("--only", metavar="NAME", help="one entrance")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="where to keep what is found")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write what is found")
    given = parser.parse_args()
    part, parts = map(int, given.slice.split("/"))
    numbers = range((part - 1) * given.count // parts, part * given.count // parts)
    found = campaign(numbers, seed=given.seed, only=given.only, keep=given.keep)
    table: dict[str, Counter[str]] = {}
    for (entrance, outcome), n in found.counts.items():
        table.setdefault(entrance, Counter())[outcome] += n
    for entrance, outcomes in sorted(table.items()):
        wrong_here = outcomes.total() - outcomes["read"] - outcomes["refused"]
        said = f"{outcomes['refused']} refused, {outcomes['read']} read, {wrong_here} wrong"
        sys.stdout.write(f"{entrance}: {outcomes.total()} inputs; {said}\n")
    kinds: dict[str, list[str]] = {}
    for wrong in found.wrong:
        lines = wrong["what"].splitlines()
        what = f"{lines[0][:160]}\n    {lines[-1]}" if len(lines) > 1 else lines[0]
        kinds.setdefault(f"{wrong['entrance']}: {what}", []).append(str(wrong["number"]))
    for what, at in sorted(kinds.items(), key=lambda item: -len(item[1])):
        sys.stdout.write(f"\n{len(at)} × {what}\n    inputs {', '.join(at[:5])}\n")
    if given.json is not None:
        given.json.write_text(json.dumps({"table": table, "wrong": found.wrong}, indent=1))
    return bool(found.wrong)


if __name__ == "__main__":
    sys.exit(main())
