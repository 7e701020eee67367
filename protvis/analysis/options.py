"""What a user may choose about an analysis: one record, its defaults and checks written once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from protvis.checks import check_share, check_whole_number
from protvis.errors import OptionError, unknown_name

__all__ = ["CONTROLS", "MODES", "AnalysisOptions"]

MODES = ("separation-matched", "eligible", "paper")
"""What a head's links are compared with; see `protvis.analysis.Plan`."""

CONTROLS = ("shuffled", "untrained")
"""The negative controls; see `protvis.analysis.runs.controls`."""


def _option(default: Any, meaning: str, **argument: Any) -> Any:
    """Return a field with what the command line says of it."""
    return field(default=default, metadata={"help": meaning, **argument})


@dataclass(frozen=True)
class AnalysisOptions:
    """The options that determine the numbers of an analysis; `protvis.analyze` explains each.

    Attributes
    ----------
    threshold : float, default 0.3
    mode : {"separation-matched", "eligible", "paper"}
    min_links : int, default 100
    max_residues : int, optional
    limit : int, optional
    seed : int, optional
    n_bootstrap : int, default 200
    max_skipped : float, default 0.1
    position : str, optional
    clusters : mapping, Series or path, optional
    controls : tuple of {"shuffled", "untrained"}

    Raises
    ------
    OptionError
        If an option has an invalid value.
    """

    threshold: float = _option(0.3, "a link has at least this weight")
    mode: str = _option(
        "separation-matched",
        "what links are compared with: pairs of the same proteins and separations; anything in the "
        "same proteins; as published",
        choices=MODES,
    )
    min_links: int = _option(100, "heads with fewer links are not scored")
    max_residues: int | None = _option(
        None, "cut sequences to this many residues (default: 510 in the mode paper, else uncut)"
    )
    limit: int | None = _option(None, "read only this many records")
    seed: int | None = _option(None, "draw them at random, instead of the first")
    n_bootstrap: int = _option(200, "replicates of the bootstrap over families")
    max_skipped: float = _option(0.1, "the share of records that may be skipped")
    position: str | None = _option(
        None,
        "a track that numbers residues alike in all members of one family (default: they are "
        "aligned)",
        type=str,
        metavar="TRACK",
    )
    clusters: Any = None
    controls: tuple[str, ...] = CONTROLS

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise OptionError(unknown_name("mode", self.mode, MODES))
        controls = (self.controls,) if isinstance(self.controls, str) else tuple(self.controls)
        for control in controls:
            if control not in CONTROLS:
                raise OptionError(unknown_name("control", control, CONTROLS))
        self._keep("controls", controls)
        self._keep("threshold", check_share("threshold", self.threshold, positive=True))
        self._keep("max_skipped", check_share("max_skipped", self.max_skipped))
        for name, least in (
            ("min_links", 1),
            ("max_residues", 1),
            ("limit", 1),
            ("seed", 0),
            ("n_bootstrap", 0),
        ):
            value = getattr(self, name)
            if value is not None or name in ("min_links", "n_bootstrap"):
                self._keep(name, check_whole_number(name, value, least))

    def _keep(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)
