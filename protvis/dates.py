"""The date that results carry."""

from __future__ import annotations

import os
from datetime import UTC, datetime

from protvis.errors import OptionError

__all__ = ["date_now"]

_SOURCE_DATE = "SOURCE_DATE_EPOCH"


def date_now() -> str:
    """Return the current time in UTC, to the second (ISO 8601).

    The environment variable ``SOURCE_DATE_EPOCH`` (seconds since 1970) overrides the clock, so that
    equal runs write equal files.

    Raises
    ------
    OptionError
        If the variable is set to anything else.
    """
    given = os.environ.get(_SOURCE_DATE)
    try:
        moment = datetime.now(UTC) if given is None else datetime.fromtimestamp(int(given), UTC)
    except (ValueError, OverflowError, OSError):
        raise OptionError(
            f"the environment variable {_SOURCE_DATE} must be seconds since 1970, got {given!r}"
        ) from None
    return moment.isoformat(timespec="seconds")
