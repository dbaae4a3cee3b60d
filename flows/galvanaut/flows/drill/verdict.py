"""What became of one scenario of the drill."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import inf
from typing import Any


@dataclass(frozen=True)
class Verdict:
    """One row of the drill.

    Attributes:
        instrument, fault: what broke, and how.
        moment: number of the moment within the activity, from 1.
        outcome: what happened, in words.
        noticed_s: from the fault until the host said something about it; None if it had nothing to say.
        safe_s: from the fault until everything was safe; 0 if it always was, infinite if it never was again.
        limit_s: what is allowed.
        unsafe: what was not safe last; empty if nothing ever was.
        lost: what is missing or wrong in the records.
        false_readings: readings in the records that were not true.
        said: what the host said first, in its own words.
    """

    instrument: str
    fault: str
    moment: int
    outcome: str
    noticed_s: float | None
    safe_s: float
    limit_s: float
    unsafe: str = ""
    lost: tuple[str, ...] = ()
    false_readings: int = 0
    said: str = ""

    @property
    def is_safe(self) -> bool:
        """Whether everything was safe within the limit."""
        return self.safe_s <= self.limit_s

    @property
    def is_ok(self) -> bool:
        """Whether it was safe and nothing was lost."""
        return self.is_safe and not self.lost

    def to_json(self) -> dict[str, Any]:
        """For machines; what never became safe has no ``safe_s``."""
        row = asdict(self) | {"safe": self.is_safe, "ok": self.is_ok, "lost": list(self.lost)}
        return row | {"safe_s": None if self.safe_s == inf else self.safe_s}
