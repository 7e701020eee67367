"""What the model sees: rows with and without gaps, in random surroundings, cropped and masked.

Every step's samples depend on the seed and the step alone, so a resumed run sees what an
uninterrupted one would have seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.alignments import GAP, LETTERS

__all__ = [
    "CLS",
    "EOS",
    "FIRST_RESIDUE",
    "IGNORED",
    "MASK",
    "PAD",
    "VOCABULARY",
    "Batch",
    "Family",
    "Sampler",
    "encode_chain",
    "window_for",
]

VOCABULARY = [
    "<cls>",
    "<pad>",
    "<eos>",
    "<unk>",
    *"LAGVSERTIDPKQNFYMHWCXBUZO.-",
    "<null_1>",
    "<mask>",
]
"""ESM's."""

CLS, PAD, EOS, UNK = range(4)
FIRST_RESIDUE = VOCABULARY.index("L")
UNKNOWN_RESIDUE = VOCABULARY.index("X")
GAP_TOKEN = VOCABULARY.index("-")
MASK = VOCABULARY.index("<mask>")
IGNORED = -100
"""A place whose residue is not asked for."""

_N_RESIDUES = 20
_GLYCINE = LETTERS.index("G")
_TOKEN_OF = np.append(np.arange(_N_RESIDUES) + FIRST_RESIDUE, GAP_TOKEN)


def encode_chain(sequence: str) -> np.ndarray:
    """Return the tokens of a chain, specials included; other letters become ``X``."""
    known = {letter: place for place, letter in enumerate(VOCABULARY) if len(letter) == 1}
    body = [known.get(letter, UNKNOWN_RESIDUE) for letter in sequence]
    return np.array([CLS, *body, EOS])


@dataclass(frozen=True)
class Family:
    """Training rows of one family.

    Attributes
    ----------
    name : str
    rows : (n_rows, n_columns) int8 array
    weights : (n_rows,) array
        1 / (number of near neighbours).
    first_column : int
        Number of this family's first column among those of all families, from 1; 0 is "no column".
    """

    name: str
    rows: np.ndarray
    weights: np.ndarray
    first_column: int


@dataclass(frozen=True)
class Batch:
    """Samples of one step, padded to one length.

    Attributes
    ----------
    tokens : (sample, token) int64 array
        Masked.
    wanted : (sample, token) int64 array
        The residue's token where it is asked for, else `IGNORED`.
    columns : (sample, token) int64 array
        Column of the alignment (from 1, over all families), 0 where there is none, `IGNORED` at
        specials and padding.
    """

    tokens: np.ndarray
    wanted: np.ndarray
    columns: np.ndarray


def window_for(progress: float, rng: np.random.Generator) -> int:
    """Draw a step's window, in tokens: short ones are frequent early, long ones later."""
    short = max(0.15, 0.6 - 0.9 * progress)
    middle = 0.3
    return int(rng.choice([66, 130, 258], p=[short, middle, 1 - short - middle]))


class Sampler:
    """Draws batches.

    Parameters
    ----------
    families : sequence of Family
    seed : int
    mask_rates : (float, float)
        Each sample's rate is drawn uniformly from this interval.
    gapped : float
        Share of rows that keep their gaps as ``-``.
    """

    def __init__(
        self,
        families: Sequence[Family],
        seed: int,
        mask_rates: tuple[float, float] = (0.05, 0.35),
        gapped: float = 0.15,
    ) -> None:
        self._families = list(families)
        self._seed = seed
        self._mask_rates = mask_rates
        self._gapped = gapped
        self._cumulative = [np.cumsum(family.weights) for family in families]
        # Deep and long families are drawn more often, but far from in proportion.
        share = np.array([(f.weights.sum() * f.rows.shape[1]) ** 0.25 for f in families])
        self._share = share / share.sum()
        counts = np.zeros(_N_RESIDUES)
        for family in families:
            counts += np.bincount(family.rows.ravel(), minlength=GAP + 1)[:_N_RESIDUES]
        self._background = counts / counts.sum()

    def batch(self, step: int, n_tokens: int, progress: float) -> Batch:
        """Return the samples of one step.

        Parameters
        ----------
        step : int
        n_tokens : int
            About how many tokens, padding included.
        progress : float
            Share of all steps done.
        """
        rng = np.random.default_rng([self._seed, step])
        window = window_for(progress, rng)
        n_samples = max(1, n_tokens // window)
        samples = [self._sample(window - 2, rng) for _ in range(n_samples)]
        width = max(len(tokens) for tokens, _ in samples) + 2
        tokens = np.full((n_samples, width), PAD)
        columns = np.full((n_samples, width), IGNORED)
        for row, (body, labels) in enumerate(samples):
            tokens[row, 0] = CLS
            tokens[row, 1 : 1 + len(body)] = body
            tokens[row, 1 + len(body)] = EOS
            columns[row, 1 : 1 + len(body)] = labels
        return self._masked(tokens, columns, rng)

    def _sample(self, room: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        place = int(rng.choice(len(self._families), p=self._share))
        parts = [self._row(place, rng)]
        if rng.random() < 0.5:
            parts.insert(0, self._flank(place, rng, before=True))
        fill = rng.random() < 0.5
        while fill and sum(len(tokens) for tokens, _ in parts) < room:
            parts.append(self._flank(place, rng, before=False))
        tokens = np.concatenate([tokens for tokens, _ in parts])
        labels = np.concatenate([labels for _, labels in parts])
        start = 0
        if len(tokens) > room and rng.random() < 0.6:
            start = int(rng.integers(len(tokens) - room + 1))
        return tokens[start : start + room], labels[start : start + room]

    def _row(self, place: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        family = self._families[place]
        cumulative = self._cumulative[place]
        drawn = int(np.searchsorted(cumulative, rng.random() * cumulative[-1], side="right"))
        row = family.rows[min(drawn, len(family.rows) - 1)]
        labels = np.arange(family.first_column, family.first_column + len(row))
        if rng.random() >= self._gapped:
            kept = row != GAP
            row, labels = row[kept], labels[kept]
        tokens = _TOKEN_OF[row]
        if rng.random() < 0.2 and len(tokens) > 2:
            # The alignments have lost the insertions that real chains have.
            at = int(rng.integers(1, len(tokens)))
            extra = self._random_residues(int(rng.integers(1, 9)), rng)
            tokens = np.concatenate([tokens[:at], extra, tokens[at:]])
            labels = np.concatenate([labels[:at], np.zeros(len(extra), int), labels[at:]])
        return tokens, labels

    def _flank(
        self, place: int, rng: np.random.Generator, *, before: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        kind = rng.random()
        if kind < 0.35 or len(self._families) == 1:
            tokens = self._random_residues(int(rng.integers(1, 25)), rng)
            return tokens, np.zeros(len(tokens), int)
        if kind < 0.45:
            letter = _GLYCINE if rng.random() < 0.5 else int(rng.integers(_N_RESIDUES))
            tokens = np.full(int(rng.integers(1, 13)), FIRST_RESIDUE + letter)
            return tokens, np.zeros(len(tokens), int)
        other = int(rng.integers(len(self._families) - 1))
        tokens, labels = self._row(other + (other >= place), rng)
        length = int(rng.integers(1, 61))
        if before:
            return tokens[-length:], labels[-length:]
        if rng.random() < 0.5:
            return tokens[:length], labels[:length]
        return tokens, labels

    def _random_residues(self, length: int, rng: np.random.Generator) -> np.ndarray:
        return FIRST_RESIDUE + rng.choice(_N_RESIDUES, size=length, p=self._background)

    def _masked(self, tokens: np.ndarray, columns: np.ndarray, rng: np.random.Generator) -> Batch:
        low, high = self._mask_rates
        rates = rng.uniform(low, high, size=(len(tokens), 1))
        residue = (tokens >= FIRST_RESIDUE) & (tokens < FIRST_RESIDUE + _N_RESIDUES)
        # A random flank can be learnt by heart only: it is shown, but not asked for.
        asked = residue & (columns > 0) & (rng.random(tokens.shape) < rates)
        if not asked.any():
            asked.flat[np.flatnonzero(residue)[0]] = True
        wanted = np.where(asked, tokens, IGNORED)
        how = rng.random(tokens.shape)
        shown = np.where(asked & (how < 0.9), MASK, tokens)
        swapped = asked & (how >= 0.9) & (how < 0.95)
        shown = np.where(
            swapped, rng.integers(FIRST_RESIDUE, FIRST_RESIDUE + _N_RESIDUES, tokens.shape), shown
        )
        return Batch(shown, wanted, columns)
