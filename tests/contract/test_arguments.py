"""What callers pass: numbers and paths that are none are refused by a ProtvisError."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import protvis as pv
from protvis.analysis import compare_substitution, fit_combination, load_combination, probe
from protvis.annotations import binding_sites, interface, map_by_alignment, read_uniprot
from protvis.attention import best_heads, score_head_block, select_links
from protvis.data import TRYPSIN
from protvis.datasets import draw, open_dataset
from protvis.errors import OptionError, ProtvisError
from protvis.export.embed import embed_page
from protvis.export.page import page_text
from protvis.output_file import check_place
from protvis.structure import fetch_structure

BPTI = "RPDFCLEPPYTGPCKARIIR"
VALUES = np.random.default_rng(0).random((20, 20))
MAPS = pv.AttentionMaps(
    VALUES[None, None].astype("f4"),
    layers=[1],
    heads=[1],
    sequence=BPTI,
    special_mass=np.zeros((1, 1, 20), "f4"),
)


@pytest.fixture(scope="module")
def trypsin() -> pv.Structure:
    return pv.load_structure(TRYPSIN)


@pytest.fixture(scope="module")
def mini() -> pv.ProteinModel:
    return pv.load_model("mini")


Call = Callable[[pv.Structure, pv.ProteinModel, Any], object]

WHOLE: dict[str, Call] = {
    "min_separation of contacts": lambda s, _, v: s.chain("A").contact_map(min_separation=v),
    "min_separation of links": lambda _, __, v: MAPS.links(1, 1, top_k=3, min_separation=v),
    "min_separation of a selection": lambda _, __, v: select_links(
        VALUES, top_k=3, min_separation=v
    ),
    "min_separation of scores": lambda _, __, v: score_head_block(
        VALUES[None], np.zeros((1, 20)), min_separation=v
    ),
    "min_separation of a scan": lambda _, m, v: pv.scan_mutations(m, BPTI, min_separation=v),
    "min_separation of a comparison": lambda _, m, v: pv.compare(
        BPTI, "K15A", model=m, min_separation=v
    ),
    "min_separation of couplings": lambda _, m, v: pv.coupling_agreement(
        m, BPTI, couplings=VALUES, min_separation=v
    ),
    "min_separation of a probe": lambda _, m, v: probe([BPTI], m, "contact", min_separation=v),
    "min_separation of a fit": lambda _, m, v: fit_combination([BPTI], m, min_separation=v),
    "top_k": lambda _, __, v: select_links(VALUES, top_k="None" if v is None else v),
    "n_top": lambda _, m, v: pv.coupling_agreement(
        m, BPTI, couplings=VALUES, n_top="None" if v is None else v
    ),
    "n_links": lambda _, m, v: pv.scan_mutations(m, BPTI, n_links=v),
    "n_random": lambda _, m, v: pv.compare(BPTI, "K15A", model=m, n_random=v),
    "seed": lambda _, m, v: pv.compare(BPTI, "K15A", model=m, seed=v),
    "k": lambda _, __, v: best_heads(VALUES[:2, :2], [1, 2], [1, 2], v),
    "model": lambda _, __, v: pv.load_structure(TRYPSIN, model=v),
    "position_gap": lambda _, m, v: pv.compute_complex_attention(m, [BPTI, BPTI], position_gap=v),
    "attempts": lambda _, __, v: fetch_structure("1gbt", attempts=v),
    "limit": lambda _, __, v: draw(["a", "b"], "None" if v is None else v, None),
    "n_train": lambda _, m, v: probe([BPTI], m, "contact", n_train=v),
    "n_bootstrap": lambda _, m, v: probe([BPTI], m, "contact", n_bootstrap=v),
    "n_fit": lambda _, m, v: fit_combination([BPTI], m, n_fit=v),
    "n_permutations": lambda _, __, v: compare_substitution(
        pd.DataFrame(VALUES, list(BPTI), list(BPTI)), n_permutations=v
    ),
    "height": lambda _, __, v: embed_page(None, None, height=v),
    "maps_bytes": lambda _, __, v: page_text(None, None, maps_bytes=v),
    "batch_size of marginals": lambda _, m, v: pv.masked_marginals(m, BPTI, batch_size=v),
    "batch_size of ablation": lambda _, m, v: pv.ablate_heads(m, BPTI, ["1-1"], batch_size=v),
    "batch_size of a stream": lambda _, m, v: list(m.stream_attention([BPTI], batch_size=v)),
}

REAL: dict[str, Call] = {
    "cutoff of contacts": lambda s, _, v: s.chain("A").contact_map(cutoff=v),
    "cutoff of a probe": lambda _, m, v: probe([BPTI], m, "contact", cutoff=v),
    "cutoff of a fit": lambda _, m, v: fit_combination([BPTI], m, cutoff=v),
    "penalty": lambda _, m, v: fit_combination([BPTI], m, penalty=v),
    "distance of sites": lambda s, _, v: binding_sites(s, "A", distance=v),
    "distance of an interface": lambda s, _, v: interface(s, "A", distance=v),
    "min_identity": lambda s, _, v: map_by_alignment(s.chain("A"), BPTI, min_identity=v),
    "timeout": lambda _, __, v: fetch_structure("1gbt", timeout=v),
}

NO_NUMBERS = [
    float("nan"),
    float("inf"),
    -1,
    True,
    "3",
    None,
    1j,
    np.float32("nan"),
    np.array([1, 2]),
]


@pytest.mark.parametrize("name", [*WHOLE, *REAL])
def test_what_is_no_such_number_is_refused_by_name(name, trypsin, mini):
    call = {**WHOLE, **REAL}[name]
    extreme = [2.5, np.float64(2.5)] if name in WHOLE else [10**400, -np.inf]
    for value in [*NO_NUMBERS, *extreme]:
        with pytest.raises(ProtvisError, match=rf"^{name.split()[0]} must be"):
            call(trypsin, mini, value)


def test_scalars_of_numpy_are_numbers(trypsin, mini):
    chain = trypsin.chain("A")
    near = chain.contact_map(cutoff=np.float32(8), min_separation=np.int64(6))
    np.testing.assert_array_equal(near, chain.contact_map())
    assert pv.load_structure(TRYPSIN, model=np.int8(1)).model == 1
    links = select_links(VALUES, top_k=np.uint8(3), threshold=np.float64(0.1))
    assert len(links.query) == 3
    ones, automatic = (
        pv.masked_marginals(mini, BPTI, batch_size=size).logits for size in (np.int64(1), "auto")
    )
    np.testing.assert_allclose(ones, automatic, atol=1e-4)


def test_numbers_of_thousands_of_digits_are_refused(trypsin):
    """Python refuses to write them out."""
    for name, value in (("cutoff", 10**5000), ("min_separation", -(10**5000))):
        with pytest.raises(OptionError, match=f"{name} must be .* got a number of thousands"):
            trypsin.chain("A").contact_map(**{name: value})


PATHS: dict[str, Callable[[Any], object]] = {
    "a structure": pv.load_structure,
    "a model": pv.load_model,
    "a data set": open_dataset,
    "a report": pv.load_report,
    "a head combination": load_combination,
    "an entry": read_uniprot,
    "a place to write to": check_place,
}


@pytest.mark.parametrize("name", PATHS)
def test_what_is_no_path_is_refused(name):
    """None, as a variable that was never set, a number, and names that no file system takes."""
    for value in (None, 3, 2.5, [None], object(), "~nobody-here/x", "a/" * 3000, "!" * 300, "a\0b"):
        with pytest.raises(ProtvisError, match=r"\w"):
            PATHS[name](value)
