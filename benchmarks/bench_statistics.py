"""Levels and power of what `pv.analyze` says: heads that know nothing, on real chains.

One command, fixed seeds. The chains are those of 112 antibody-antigen complexes, one of each
family, and validation records of ProVis with their binding sites; heads' attention is made up
(`null_heads.py`). Everything goes through `pv.analyze` in its defaults; a habit is a layer of 144
heads, judged by itself as a model of 144 heads would be.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import pandas as pd
from null_heads import HABITS, HabitModel, aimed
from report import Report

import protvis as pv
from protvis.analysis.counting.counters import Counters
from protvis.analysis.splits.families import find_families
from protvis.analysis.statistics.result_tables import HeadTables
from protvis.annotations import Track
from protvis.datasets import Dataset, Reading, Record, open_dataset
from protvis.reports import HeadReport
from protvis.structure.contacts import contact_map

SHARED = Path(__file__).resolve().parents[1] / ".." / "shared" / "data"
MEASURED = Path(__file__).with_name("null_heads.csv")
"""Where the levels are written, for `draw_statistics.py`."""
N_HEADS, N_SETS = 144, 2
FEATURES = {
    ("contact", ""): "contact",
    ("secondary_structure", "helix"): "helix",
    ("secondary_structure", "strand"): "strand",
    ("binding_site", ""): "binding site",
    ("interface", ""): "interface",
}


class Records(Dataset):
    """Records in memory."""

    def __init__(self, name: str, records: Sequence[Record], offered: Mapping) -> None:
        self.name, self.records, self._offered = name, list(records), offered

    @property
    def keys(self) -> Sequence[str]:
        return [record.record_id for record in self.records]

    def read(self, key: str) -> Reading:
        return Reading((self.records[self._place(key)],))

    def features(self) -> Mapping[str, tuple[str, ...]]:
        return self._offered

    def fingerprint(self) -> str:
        return self.name

    def model(self, habits: Sequence[tuple], *, seed: int, n_heads: int = N_HEADS) -> HabitModel:
        by_sequence = {record.sequence: record for record in self.records}
        return HabitModel(habits, by_sequence, n_heads, seed)


def antibody_chains() -> Records:
    """Return one chain of each family, of 50 to 450 residues."""
    data = open_dataset(SHARED / "antibodies" / "complexes")
    read = [record for key in data.keys for record in data.read(key).records]
    read = [record for record in read if 50 <= record.n_residues <= 450]
    families = find_families([record.sequence for record in read])
    chosen = [record for place, record in enumerate(read) if families[place] == place]
    return Records("antibodies", chosen, data.features())


def provis_records(n: int) -> Records:
    """Return records of ProVis with binding sites."""
    data = open_dataset(SHARED / "annotations" / "provis" / "binding_site_valid.lmdb")
    order = np.random.default_rng(0).permutation(len(data.keys))
    found: dict[str, Record] = {}
    for place in order:
        [record] = data.read(data.keys[place]).records
        if 50 <= record.n_residues <= 450:
            found.setdefault(record.sequence, record)
        if len(found) == n:
            break
    return Records("provis", list(found.values()), data.features())


def analyze(data: Records, model: HabitModel, features: Sequence, **options: object) -> HeadReport:
    return pv.analyze(
        data, model, features=features, controls=(), progress=False, max_skipped=1.0, **options
    )


def layers_of(report: HeadReport) -> Iterator[HeadTables]:
    """Yield each layer as a model of its own."""
    result = report.result
    heads = (result.plan.n_layers, result.plan.n_heads)
    for layer in range(heads[0]):
        arrays = {}
        for name, values in result.counters.arrays.items():
            if values.shape[:2] == heads:
                arrays[name] = values[layer : layer + 1]
            elif values.shape[1:3] == heads:
                arrays[name] = values[:, layer : layer + 1]
            else:
                arrays[name] = values
        plan = replace(result.plan, n_layers=1)
        yield HeadTables(replace(result, plan=plan, counters=Counters(arrays)))


def levels(sets: Sequence[tuple[Records, Sequence[str]]]) -> pd.DataFrame:
    """Return the share of null heads called: habits by features."""
    rows = []
    for seed in range(N_SETS):
        for data, features in sets:
            report = analyze(data, data.model([*HABITS.items()], seed=seed), features)
            for habit, tables in zip(HABITS, layers_of(report), strict=True):
                table = tables.heads()
                for (feature, value), group in table.groupby(["feature", "value"]):
                    if (feature, value) in FEATURES:
                        nulls = tables.nulls(feature).query("value == @value")
                        share = nulls.groupby("null")["q_value"].apply(lambda q: (q < 0.05).mean())
                        rows.append(
                            {"habit": habit, "feature": FEATURES[feature, value],
                             "scored": group["scored"].sum(), "called": group["called"].sum(),
                             **share}
                        )  # fmt: skip
    return pd.DataFrame(rows)


RATES = (0.003, 0.01, 0.03, 0.1, 0.3)
N_DRAWS = 4


def drawn_labels(data: Records, rate: float, seed: int) -> dict[str, Track]:
    """Return labels in stretches of about four, with rates that differ between proteins."""
    found = {}
    for number, record in enumerate(data.records):
        rng = np.random.default_rng([seed, int(rate * 1000), number])
        own = rng.beta(4, 4 * (1 - rate) / rate)
        n = record.n_residues
        begins = rng.random(n) < own / 4
        values = np.zeros(n, dtype=bool)
        for start in np.flatnonzero(begins):
            values[start : start + rng.integers(1, 8)] = True
        name = f"rate {rate:g} {seed}"
        found[record.record_id] = Track(name, "site", values, "drawn")
    return found


def any_called(data: Records) -> pd.DataFrame:
    """Return how many data sets of 144 null heads have any that is called, by base rate."""
    features = [drawn_labels(data, rate, seed) for rate in RATES for seed in range(N_DRAWS)]
    report = analyze(data, data.model([*HABITS.items()], seed=7), features)
    rows = []
    for habit, tables in zip(HABITS, layers_of(report), strict=True):
        for feature, group in tables.heads().groupby("feature"):
            _, rate, _ = feature.replace("_", " ").split()
            rows.append({"rate": float(rate), "habit": habit, "any": group["called"].any()})
    return pd.DataFrame(rows)


def coverage(n_families: int, seed: int) -> tuple[float, float]:
    """Return coverage and number of intervals: 40 labels drawn, heads that look anywhere."""
    rng = np.random.default_rng([seed, n_families])
    letters = list("ACDEFGHIKLMNPQRSTVWY")
    records = [
        Record(f"p{number}", "".join(rng.choice(letters, int(rng.integers(40, 160)))))
        for number in range(n_families)
    ]
    data = Records("drawn", records, {"amino_acid": tuple(letters)})
    features, truth = [], {}
    for label in range(40):
        rate, spread = [(0.02, 0.01), (0.05, 0.03), (0.1, 0.05), (0.3, 0.1)][label % 4]
        tracks = {}
        for record in records:
            own = rng.beta(rate / spread, (1 - rate) / spread)
            values = rng.random(record.n_residues) < own
            tracks[record.record_id] = Track(f"label {label}", "site", values, "drawn")
        features.append(tracks)
        truth[f"label_{label}"] = rate
    model = data.model([("anywhere", HABITS["anywhere"])], seed=seed, n_heads=6)
    families = {record.record_id: record.record_id for record in records}
    heads = analyze(data, model, features, clusters=families).heads()
    heads = heads[heads["scored"]]
    rate = heads["feature"].map(truth)
    return ((heads["ci_low"] <= rate) & (rate <= heads["ci_high"])).mean(), len(heads)


def best_of_many(data: Records, n_draws: int) -> pd.DataFrame:
    """Return `best` of 144 heads that look anywhere, for many drawn labels."""
    features = [
        drawn_labels(data, rate, 100 + seed) for rate in (0.03, 0.1, 0.3) for seed in range(n_draws)
    ]
    habits = [(name, HABITS[name]) for name in ("anywhere", "sinks", "runs", "hydrophobic")]
    report = analyze(data, data.model(habits, seed=9), features)
    found = []
    for tables in layers_of(report):
        for feature in tables.features:
            found.append(tables.best(feature))
    return pd.concat(found, ignore_index=True)


def power(data: Records) -> pd.DataFrame:
    """Return the share called of heads of which 1 % of the rows are aimed at contacts."""
    chains = Records("40 chains", data.records[:40], data.features())
    contacts = {
        record.record_id: contact_map(record.coordinates, 8.0, 6) for record in chains.records
    }
    names = ("anywhere", "local", "segments")
    habits = [(name, aimed(HABITS[name], 0.01, contacts)) for name in names]
    report = analyze(chains, chains.model(habits, seed=3), ["contact"])
    rows = []
    for name, tables in zip(names, layers_of(report), strict=True):
        heads = tables.heads()
        rows.append({"habit": name, "called": heads["called"].mean(),
                     "enrichment": heads["enrichment"].median()})  # fmt: skip
    return pd.DataFrame(rows)


def network(shape: str, n_layers: int, n_heads: int, width: int) -> pv.models.ProteinModel:
    """Return a network of a published shape, its weights drawn."""
    import transformers

    from protvis.models import wrap_model

    letters = [*"LAGVSERTIDPKQNFYMHWC"]
    with tempfile.TemporaryDirectory() as folder:
        vocabulary = Path(folder) / "vocab.txt"
        if shape.startswith("ESM"):
            special = ["<cls>", "<pad>", "<eos>", "<unk>"]
            tokens = [*special, *letters, *"XBUZO.-", "<null_1>", "<mask>"]
            vocabulary.write_text("\n".join(tokens))
            tokenizer = transformers.EsmTokenizer(str(vocabulary))
            config = transformers.EsmConfig(
                vocab_size=33, pad_token_id=1, mask_token_id=32, token_dropout=True,
                position_embedding_type="rotary", hidden_size=width, num_hidden_layers=n_layers,
                num_attention_heads=n_heads, intermediate_size=4 * width,
            )  # fmt: skip
            return wrap_model(transformers.EsmForMaskedLM(config), tokenizer, name=shape)
        tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *"XUBZO"]
        vocabulary.write_text("\n".join(tokens))
        tokenizer = transformers.BertTokenizer(str(vocabulary), do_lower_case=False)
        config = transformers.BertConfig(
            vocab_size=len(tokens), hidden_size=width, num_hidden_layers=n_layers,
            num_attention_heads=n_heads, intermediate_size=4 * width,
        )  # fmt: skip
        return wrap_model(transformers.BertForMaskedLM(config), tokenizer, name=shape)


SHAPES = (("ESM-2 8M", 6, 20, 320), ("AntiBERTy", 8, 8, 512), ("Sapiens", 4, 8, 128))


def untrained(data: Records, n_seeds: int = 8) -> pd.DataFrame:
    """Return the share of heads called of networks that were never trained, sharpened."""
    from protvis.models.untrained import untrained_copy

    chains = Records("short chains", [one for one in data.records if one.n_residues <= 300][:24],
                     data.features())  # fmt: skip
    rows = []
    for shape in SHAPES:
        model = network(*shape)
        for seed in range(n_seeds):
            copy = untrained_copy(model, seed=seed, threshold=0.3)
            heads = analyze(chains, copy, ["contact", "secondary_structure", "interface"]).heads()
            rows.append({"shape": shape[0], "heads": len(heads), "scored": heads["scored"].sum(),
                         "called": heads["called"].sum()})  # fmt: skip
    return pd.DataFrame(rows)


Check = tuple[str, str, str, bool]


def check_levels(chains: Records) -> tuple[str, list[Check]]:
    sets = [(chains, ["contact", "secondary_structure", "interface"]),
            (provis_records(120), ["binding_site"])]  # fmt: skip
    table = levels(sets)
    sums = table.groupby(["habit", "feature"], sort=False)[["scored", "called"]].sum()
    share = (sums["called"] / sums["scored"]).unstack()
    nulls = table.groupby(["feature", "habit"], sort=False)[
        ["base_rate", "protein", "separation", "shift", "amino_acid"]
    ].mean()
    nulls.join(share.stack().rename("called").swaplevel()).round(4).to_csv(MEASURED)
    text = (
        f"share called, %, {N_SETS} × {N_HEADS} heads each\n"
        f"{(100 * share).round(2).to_string()}\n\n"
        f"share with q < 0.05, %, null by null\n{(100 * nulls).round(0).to_string()}"
    )
    return text, [
        (f"null heads called, worst of {len(share)} habits: {feature}",
         f"{share[feature].max():.1%}", "≤ 2 %", bool(share[feature].max() <= 0.02))
        for feature in FEATURES.values()
    ]  # fmt: skip


def check_any(chains: Records) -> tuple[str, list[Check]]:
    checks = []
    for rate, group in any_called(chains).groupby("rate"):
        found = group["any"].mean()
        checks.append((f"data sets of 144 null heads with any called, rate {rate:.1%}",
                       f"{found:.1%} of {len(group)}", "≤ 8 %", bool(found <= 0.08)))  # fmt: skip
    return "", checks


def check_coverage(chains: Records) -> tuple[str, list[Check]]:
    checks = []
    for n_families in (5, 10, 20, 50, 100, 300):
        held, n = zip(*(coverage(n_families, seed) for seed in range(3)), strict=True)
        mean = float(np.average(held, weights=n))
        checks.append((f"coverage of heads()' intervals, {n_families} families",
                       f"{mean:.1%} of {sum(n):,}", "92 to 98 %",
                       0.92 <= mean <= 0.98))  # fmt: skip
    return "", checks


def check_best(chains: Records) -> tuple[str, list[Check]]:
    best = best_of_many(chains, 30)
    held = ((best["enrichment_low"] <= 1) & (best["enrichment_high"] >= 1)).mean()
    mean = best["enrichment"].mean()
    return "", [
        ("coverage of best()'s intervals, best of 144 null heads",
         f"{held:.1%} of {len(best)}", "≥ 92 %", bool(held >= 0.92)),
        ("  their mean enrichment", f"{mean:.3f}", "0.95 to 1.05", bool(0.95 <= mean <= 1.05)),
    ]  # fmt: skip


def check_power(chains: Records) -> tuple[str, list[Check]]:
    return "", [
        (f"1 % of rows aimed at contacts, {row.habit}, 40 chains",
         f"{row.called:.0%} called, enrichment {row.enrichment:.2f}", "≥ 80 %",
         bool(row.called >= 0.8))
        for row in power(chains).itertuples()
    ]  # fmt: skip


def check_untrained(chains: Records) -> tuple[str, list[Check]]:
    table = untrained(chains)
    share = table["called"].sum() / table["scored"].sum()
    sums = table.groupby("shape", sort=False)[["heads", "scored", "called"]].sum()
    return f"untrained networks\n{sums.to_string()}", [
        (f"heads called of {len(table)} untrained networks, sharpened",
         f"{share:.2%} of {table['scored'].sum():,} scored", "≤ 2 %", bool(share <= 0.02))
    ]  # fmt: skip


CHECKS = {
    "levels": check_levels, "coverage": check_coverage, "best": check_best, "any": check_any,
    "power": check_power, "untrained": check_untrained,
}  # fmt: skip


def run_check(name: str) -> tuple[str, list[Check], float]:
    """Return what one part prints, its checks, and the CPU seconds it took."""
    start = time.process_time()
    return *CHECKS[name](antibody_chains()), time.process_time() - start


def main() -> None:
    asked = sys.argv[1:] or list(CHECKS)
    start = time.perf_counter()
    report = Report("Statistics: levels and power, through pv.analyze")
    # The longest first, on two cores.
    with ProcessPoolExecutor(2) as pool:
        parts = list(pool.map(run_check, asked))
    for text, checks, _ in parts:
        print(text, end="\n\n" if text else "")
        for what, found, wanted, reached in checks:
            report.check(what, found, wanted, reached)
    cpu = " + ".join(f"{seconds:.0f}" for _, _, seconds in parts)
    report.note("took", f"{time.perf_counter() - start:.0f} s; CPU {cpu} s")
    report.finish()


if __name__ == "__main__":
    main()
