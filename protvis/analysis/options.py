"""What a user may choose about an analysis: one record, its defaults and checks written once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from protvis.checks import check_share, check_whole_number
from protvis.errors import OptionError, unknown_name

__all__ = ["MODES", "AnalysisOptions"]

MODES = ("paper", "eligible", "separation-matched")
"""What a head's links are compared with; see `protvis.analysis.Plan`."""


@dataclass(frozen=True)
class AnalysisOptions:
    """The choices behind an analysis that decide its numbers; `protvis.analyze` explains each.

    Attributes
    ----------
    threshold : float, default 0.3
    mode : {"paper", "eligible", "separation-matched"}
    min_links : int, default 100
    max_residues : int, optional
    limit : int, optional
    seed : int, optional
    n_bootstrap : int, default 200
    max_skipped : float, default 0.1

    Raises
    ------
    OptionError
        If an option has an invalid value.
    """

    threshold: float = 0.3
    mode: str = "eligible"
    min_links: int = 100
    max_residues: int | None = None
    limit: int | None = None
    seed: int | None = None
    n_bootstrap: int = 200
    max_skipped: float = 0.1

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise OptionError(unknown_name("mode", self.mode, MODES))
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
