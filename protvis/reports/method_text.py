"""The method of a run in words: what was counted, compared and tested, and what that cannot say."""

from __future__ import annotations

from protvis.analysis.counting.plan import Plan

__all__ = ["CITATION", "MODE_WORDS", "caveats", "method", "references"]

CITATION = (
    "J. Vig, A. Madani, L. R. Varshney, C. Xiong, R. Socher, N. F. Rajani: BERTology Meets "
    "Biology: Interpreting Attention in Protein Language Models. ICLR 2021, arXiv:2006.15222."
)

MODE_WORDS = {
    "paper": "paper: all links of a head count, the diagonal and pairs that could not be contacts "
    "included; the base rate is taken over residues or pairs that could have the property",
    "eligible": "eligible: links count, and are compared with, only residues or pairs that could "
    "have the property",
    "separation-matched": "separation-matched: as eligible, and a link between residues is "
    "compared with pairs of the same protein and the same distance in sequence",
}

_REFERENCES = {
    "": CITATION,
    "bh": "Y. Benjamini, Y. Hochberg: J. R. Stat. Soc. B 57, 289 (1995).",
    "wilson": "E. B. Wilson: J. Am. Stat. Assoc. 22, 209 (1927).",
    "contact": "G. W. Brier: Mon. Weather Rev. 78, 1 (1950).",
    "amino_acid": "S. Henikoff, J. G. Henikoff: PNAS 89, 10915 (1992). "
    "N. Mantel: Cancer Res. 27, 209 (1967).",
}


def method(plan: Plan, min_links: int) -> list[tuple[str, str]]:
    """Return the parts of the method, each a heading and a paragraph."""
    return [
        ("Links", _links(plan)),
        ("Proportion", _proportion(plan)),
        ("Background", _background(plan)),
        (
            "Heads that are not scored",
            f"A head with fewer than {min_links:,} links over the data set is listed but not "
            "scored: it has no interval and no test, and takes no part in means and rankings.",
        ),
        ("Interval and test", _test(plan)),
        ("Permutation nulls", _nulls(plan)),
        (
            "Many heads",
            "q is the p-value adjusted by Benjamini and Hochberg over the scored heads of one "
            "feature and value. Each value is a family of its own (20 amino acids are 20), and "
            "nothing is adjusted for how many features and values were asked for.",
        ),
        (
            "Layers",
            "A layer's value is the mean proportion of its scored heads. The centre of gravity is "
            "Σ l·m / Σ m over layers l = 1, 2, … with means m. For a model whose layers "
            f"are all alike it is {(plan.n_layers + 1) / 2:g}, whatever the property.",
        ),
        (
            "Attention-weighted share",
            "Σ f·α / Σ α without a threshold: a different measure from the proportion of links. "
            "Weak attention spread over everything pulls it towards the base rate.",
        ),
        *_contacts(plan),
        *_amino_acids(plan),
    ]


def _links(plan: Plan) -> str:
    cut = f" Sequences were cut to {plan.max_residues:,} residues." if plan.max_residues else ""
    return (
        f"A link is an ordered pair of residues (i, j) of one protein with attention α of at least "
        f"{plan.threshold:g} from i to j, in one head. Attention to and from special tokens is "
        f"left out, and rows are not renormalised.{cut}"
    )


def _proportion(plan: Plan) -> str:
    text = (
        "p = Σ f(i, j)·1[α ≥ θ] / Σ 1[α ≥ θ], summed over all pairs of all proteins, with "
        f"θ = {plan.threshold:g} (Vig et al., 2021). f is 1 where the pair has the property; a "
        "property of one residue looks at j, the residue attended to. Links are counted, not "
        "weighted."
    )
    if plan.mode == "paper":
        return f"{text} The lower sum runs over all links, as published."
    return (
        f"{text} Both sums run over links that could have the property: for a property of a "
        "residue, those to residues of which it is known, which where coordinates decide are the "
        "observed ones; for contacts, those between residues with coordinates and with "
        f"|i − j| ≥ {plan.min_separation}."
    )


def _background(plan: Plan) -> str:
    text = (
        "The background is the base rate in these data: of all residues (or ordered pairs) that "
        "could have the property, those that have it. Enrichment is proportion / background."
    )
    if plan.mode == "separation-matched":
        text += (
            " For pairs it is the share of a head's own links that would have the property if each "
            "kept its protein and its |i − j| and nothing else, so that it differs from head to "
            "head."
        )
    return text


def _test(plan: Plan) -> str:
    if plan.mode == "paper":
        return (
            "As published: a two-sided two-proportion z test of the head's links against the base "
            "rate, and Wald intervals at 0.05/m for m scored heads. Both take links to be "
            "independent, which within a protein they are not: read them as the least "
            "uncertainty there can be."
        )
    return (
        f"Proteins are resampled, not links: {plan.n_bootstrap} replicates in which each protein "
        "counts a Poisson(1) number of times. The interval (95 %) is that of the percentiles, and "
        "at least as wide as chance alone would make it. p is two-sided from t = difference from "
        "the background over its standard deviation between replicates, head and background "
        "resampled together, with Student's distribution for the effective number of proteins a "
        "head's links come from. Neither is given for fewer than 3 proteins, or where hardly more "
        "than one brings the links."
    )


def _nulls(plan: Plan) -> str:
    text = (
        "q (permuted) compares a head's hits with those expected when its attention is permuted "
        "within each protein. For a property of residues, all links to a residue move together to "
        "another one. "
    )
    if any(c.kind == "pair" for c in plan.columns):
        text += (
            "For a property of pairs, all links of a residue move together to another one, those "
            "too that could hit nothing where they are; "
            + (
                "compared are the hits among all links. "
                if plan.mode == "paper"
                else "compared is the share of hits among links that could hit, then and now. "
            )
        )
    text += (
        "Mean and variance of that null are exact, its shape is taken to be normal, and residues "
        "of a protein are taken to be as good as each other: where neighbours look at the same "
        "residue and have the same contacts, it finds more than there is."
    )
    if any(c.kind == "residue" and c.feature != "amino_acid" for c in plan.columns):
        text += (
            " q (same amino acid) lets residues exchange places only with others of the same "
            "amino acid. It asks whether a head finds the property, or merely an amino acid that "
            "often has it: a head that looks at cysteines hits many modifications without knowing "
            "of any. Where it is high, do not speak of the property."
        )
    return text


def _contacts(plan: Plan) -> list[tuple[str, str]]:
    if not plan.has_contacts:
        return []
    return [
        (
            "Contacts",
            f"Cβ–Cβ (Cα for glycine, and where the data have only Cα) closer than {plan.cutoff:g} "
            f"Å, with |i − j| ≥ {plan.min_separation}. A contact counts in both directions.",
        ),
        (
            "Calibration",
            "Pairs that could be contacts are sorted by attention into bins; in each, the share of "
            "contacts with its 95 % Wilson interval. The Brier score is the mean of (α − y)², y = "
            "1 for a contact; the skill is 1 − Brier / b(1 − b), 0 for always saying the base rate "
            "b, negative for worse.",
        ),
    ]


def _amino_acids(plan: Plan) -> list[tuple[str, str]]:
    if not any(column.feature == "amino_acid" for column in plan.columns):
        return []
    return [
        (
            "Amino acids and BLOSUM62",
            "Each amino acid is a vector: the proportion of every scored head's links that end on "
            "it. Two amino acids are as alike as their vectors correlate (Pearson's r over heads), "
            "and these similarities are compared with BLOSUM62 over the pairs of different amino "
            "acids. As 190 pairs of 20 amino acids are not independent, p is the share of "
            "permutations of the amino acids' names that give at least this r (Mantel's test, "
            "one-sided).",
        )
    ]


def caveats(plan: Plan, n_records: int) -> list[str]:
    """Return what a reader has to keep in mind, the particular before the general."""
    found = []
    if n_records < 10:
        found.append(
            f"{n_records} {'protein is' if n_records == 1 else 'proteins are'} too few to speak "
            "of proteins in general: intervals over proteins are missing or too narrow."
        )
    if plan.mode == "paper":
        found.append(
            "In the mode paper head and background are not over the same pairs: a head's links "
            "include near-diagonal and unresolved pairs, which can never be contacts, while the "
            "background leaves them out. The mode eligible corrects this."
        )
    if plan.mode == "eligible" and plan.has_contacts:
        found.append(
            "Residues close in sequence are in contact more often than distant ones. A head that "
            "only looks a few residues ahead is enriched in contacts for that reason alone; the "
            "mode separation-matched takes it away."
        )
    return [
        *found,
        "The best head is the best of many, chosen on these data: its proportion is likely to be "
        "lower on others, and its interval does not know of the choice.",
        "Related proteins in the data are counted as independent; a data set without close "
        "homologues gives intervals that hold.",
        "That attention goes to a property does not show that the model uses it: attention is "
        "described here, not its effect on what the model predicts.",
        "Many links of the same head may be one habit, such as looking at one residue from "
        "everywhere. The columns of permutations, and the number of proteins, are there to tell.",
    ]


def references(plan: Plan) -> list[str]:
    """Return the sources of what a run computes."""
    asked = {column.feature for column in plan.columns} | {"", "bh"}
    if plan.has_contacts:
        asked.add("wilson")
    return [source for topic, source in _REFERENCES.items() if topic in asked]
