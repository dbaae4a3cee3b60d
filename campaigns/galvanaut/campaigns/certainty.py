"""How the value of a trial is known: measured, forecast, or only as a bound of the truth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from galvanaut.campaigns.ledger import FORECAST
from galvanaut.campaigns.objectivefields import SCORE

if TYPE_CHECKING:
    from galvanaut.campaigns.ledger import Outcome
    from galvanaut.campaigns.objectivefields import Target

Known = Literal["measured", "forecast", "lower bound", "upper bound"]
"""``forecast``: cells were taken off before it could be measured. A bound: cells were alive when their test ended, so
that the truth lies above it, or, of a score in which a shorter life is better, below."""
SIGNS: dict[Known, str] = {"measured": "", "forecast": "forecast ", "lower bound": "> ", "upper bound": "< "}
"""What stands before such a value wherever it is shown."""


def known_as(outcome: Outcome | None, quantity: str, weighed: Sequence[Target] = ()) -> Known:
    """How a value of a trial is known.

    Args:
        outcome: of the trial; None while it is under way.
        quantity: name of the value.
        weighed: what a score is worked out from: it is known no better than these.
    """
    if outcome is None:
        return "measured"
    details = outcome.details
    parts = {str(each.name): each.goal for each in weighed} if quantity == SCORE else {quantity: "maximise"}
    if any(name in details.get(FORECAST, ()) for name in parts):
        return "forecast"
    goal = next((goal for name, goal in parts.items() if name in details.get("censored", ())), None)
    if goal is None:
        return "measured"
    return "lower bound" if goal == "maximise" else "upper bound"
