"""The atlas of planted heads: how many are named as planted, how many without a role are named.

    python benchmarks/bench_atlas.py [heads of each kind, one a layer] [proteins] [seeds]

Prints the share of each kind. Seeds are 1, 2, …, so that the numbers are the same on every machine.
"""

from __future__ import annotations

import sys

import numpy as np

from tests.analysis.atlas_world import draw_report, found_shares


def main() -> None:
    """Print the shares over all seeds."""
    n_heads, n_proteins, n_seeds = [*map(int, sys.argv[1:]), *(20, 40, 3)[len(sys.argv) - 1 :]]
    found = [found_shares(draw_report(seed, n_heads, n_proteins)) for seed in range(1, n_seeds + 1)]
    for title, which in (("planted, named as planted", 0), ("without a role, named", 1)):
        shares = {kind: np.mean([one[which][kind] for one in found]) for kind in found[0][which]}
        print(f"{title}: {100 * np.mean(list(shares.values())):.1f} %")
        for kind, share in shares.items():
            print(f"  {kind:24} {100 * share:5.1f} %  of {n_heads * n_seeds}")


if __name__ == "__main__":
    main()
