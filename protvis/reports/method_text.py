"""The method of a run in words: what was counted, compared and tested, and what that cannot say."""

from __future__ import annotations

from protvis.analysis.counting.plan import Plan

__all__ = ["CITATION", "MODE_WORDS", "caveats", "method", "references"]

CITATION = (
    "J. Vig, A. Madani, L. R. Varshney, C. Xiong, R. Socher, N. F. Rajani: BERTology Meets "
    "Biology: Interpreting Attention in Protein Language Models. ICLR 2021, arXiv:2006.15222."
)

MODE_WORDS = {
    "separation-matched": "separation-matched: links are compared with what they would hit in the "
    "same proteins, pairs at the same distance in sequence",
    "eligible": "eligible: links are compared with what they would hit anywhere in the same "
    "proteins",
    "paper": "paper, as published: all links of a head count, the diagonal and pairs that could "
    "not be contacts included; one base rate for all proteins, which makes random heads look "
    "enriched where proteins differ in length",
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
        ("Families", _families()),
        ("Interval and test", _test(plan)),
        ("The ladder of nulls", _nulls(plan)),
        (
            "Many heads",
            "q is the p-value adjusted by Benjamini and Hochberg over the scored heads of one "
            "feature and value. Each value is corrected by itself (20 amino acids 20 times), and "
            "nothing is adjusted for how many features and values were asked for. A head is called "
            "if q < 0.05 under every null of the ladder and over families, always to the same "
            "side.",
        ),
        (
            "The best head",
            "The best of many heads was chosen for what chance added to it. So families are parted "
            "into five; heads are chosen on four parts, by the lower end of the interval of their "
            "enrichment, and measured on the fifth, each part in turn. Intervals of these "
            "measurements hold for heads that were chosen; those of the tables do not.",
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
    if plan.mode == "paper":
        return (
            "The background is the base rate in these data: of all residues (or ordered pairs) "
            "that could have the property, those that have it. Long proteins weigh more in it than "
            "in a head's links, and have fewer contacts per pair. Enrichment is proportion / "
            "background."
        )
    text = (
        "The background is the share of a head's own links that would have the property if each "
        "fell anywhere in its protein"
    )
    if plan.mode == "separation-matched":
        text += "; for pairs, anywhere in its protein with the same |i − j|"
    return f"{text}. It differs from head to head. Enrichment is proportion / background."


def _families() -> str:
    return (
        "Proteins of a family are alike, so families are the unit. Unless they were given, two "
        "proteins are of one family if a local alignment covers at least 80 % of the shorter one "
        "with at least 30 % identity, directly or through others. The effective number of families "
        "of a head is (Σl)² / Σl² over their links l."
    )


def _test(plan: Plan) -> str:
    if plan.mode == "paper":
        return (
            "As published: a two-sided two-proportion z test of the head's links against the base "
            "rate, and Wald intervals at 0.05/m for m scored heads. Both take links to be "
            "independent, which within a protein they are not: read them as the least "
            "uncertainty there can be."
        )
    return (
        "The interval (95 %) is the t interval of the log-odds over families, p that of the "
        "difference of log-odds from the background, families adding to both; degrees of freedom "
        "are the effective number of families less one. Neither is tighter than independent clumps "
        "of links allow. There is neither with fewer than two effective families."
    )


def _nulls(plan: Plan) -> str:
    pairs = any(column.kind == "pair" for column in plan.columns)
    residues = any(column.kind == "residue" for column in plan.columns)
    text = (
        "Each null keeps more of a head's habits than the one before. Base rate: nothing; the "
        "two-proportion test. Protein: how many links are in which protein"
        f"{', and how many go to one residue' if residues else ''}. "
    )
    if pairs:
        text += "Separation: also each link's |i − j|. "
    text += (
        "Shift: the whole pattern of links moves along the chain, by every number of residues, so "
        "that runs, stripes and segments stay"
    )
    if residues:
        text += (
            "; of the labels of residues the mean of their zone, by distance from either end of "
            "the chain, is taken off first"
        )
    text += (
        ". Amino acids: the same shift, and what amino acids explain of the labels is taken off. "
    )
    if plan.aligned:
        text += (
            "Aligned: the members of a family (here "
            f"{' and '.join(map(str, plan.aligned))}, below 90 % identity of each other) are laid "
            "side by side, and the links of each are put on the labels of the others; what counts "
            "is how much more often they hit in their own protein. "
        )
    text += (
        "Mean, variance and skewness of each null are exact; p comes from Pearson's distribution "
        "of type III with these moments, members of a family taken as copies. A head that fails a "
        "null shows nothing that the habits it keeps do not explain."
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
            "of proteins in general: intervals over families are missing or wide."
        )
    if plan.mode == "paper":
        found.append(
            "In the mode paper head and background are not over the same pairs: a head's links "
            "include near-diagonal and unresolved pairs, which can never be contacts, while the "
            "background leaves them out, and weighs long proteins more. The other modes correct "
            "this."
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
        "lower on others, and its interval in the tables does not know of the choice.",
        "That attention goes to a property does not show that the model uses it: attention is "
        "described here, not its effect on what the model predicts.",
        "A head that is called hits more than these nulls explain. Habits that none of them keeps, "
        "such as looking at a residue's neighbours in a motif, are not excluded.",
    ]


def references(plan: Plan) -> list[str]:
    """Return the sources of what a run computes."""
    asked = {column.feature for column in plan.columns} | {"", "bh"}
    if plan.has_contacts:
        asked.add("wilson")
    return [source for topic, source in _REFERENCES.items() if topic in asked]
