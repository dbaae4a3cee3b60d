"""Dates as vendors print them: without a time zone, in the order their computer was set to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import TYPE_CHECKING

import numpy as np

from galvanaut.core.errors import InputError, Problem

if TYPE_CHECKING:
    from numpy.typing import NDArray

MONTH_FIRST = ("%m/%d/%Y %H:%M:%S.%f", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %I:%M:%S %p")
ISO = ("%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%d %H:%M:%S")


def unix_times(
    path: object, column: str, texts: Sequence[str], lines: Sequence[int], formats: Sequence[str], zone: tzinfo
) -> NDArray[np.float64]:
    """Seconds since the epoch of printed dates.

    Args:
        path: of the file, for the message.
        column: likewise.
        texts: the dates, all in one form.
        lines: 1-based line of each.
        formats: forms to try, as `datetime.strptime` has them.
        zone: of the clock that printed them. The hour that comes twice in autumn is taken as summer time.

    Raises:
        InputError: a date fits no form; names its line.
    """
    import pandas as pd

    stripped = [text.strip() for text in texts]
    for form in formats:
        naive = pd.DatetimeIndex(pd.to_datetime(pd.Series(stripped), format=form, errors="coerce"))
        if not naive.isna().any():
            local = naive.tz_localize(zone, ambiguous=np.ones(len(naive), bool), nonexistent="shift_forward")
            return (local.as_unit("ns").asi8 / 1e9).astype(np.float64)
    row = 0 if pd.isna(pd.to_datetime(stripped[0], format=formats[0], errors="coerce")) else _odd_row(stripped, formats)
    raise InputError(
        path, Problem(f"column {column}", f"holds {stripped[row]!r}, which is no date like {formats[-1]}", lines[row])
    )


def unix_time(text: str, formats: Sequence[str], zone: tzinfo) -> float | None:
    """Seconds since the epoch of one printed date; None if it is none."""
    try:
        return float(unix_times("", "", [text], [1], formats, zone)[0])
    except InputError:
        return None


def _odd_row(texts: list[str], formats: Sequence[str]) -> int:
    import pandas as pd

    unread = [pd.to_datetime(pd.Series(texts), format=form, errors="coerce").isna().to_numpy() for form in formats]
    return int(np.argmax(min(unread, key=np.sum)))
