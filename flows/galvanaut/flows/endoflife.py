"""When the life of a cell under a test plan has ended: where the plan says so, by its own stop rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from galvanaut.campaigns.analysis.fade import END_OF_LIFE, IN_A_ROW

if TYPE_CHECKING:
    from galvanaut.instruments.cycling.plan import TestPlan


class EndOfLife(NamedTuple):
    """What counts as the end.

    Attributes:
        limit: share of the first capacity.
        in_a_row: cycles of one kind that have to be below it.
    """

    limit: float
    in_a_row: int


def end_of_life(plan: TestPlan) -> EndOfLife:
    """As the plan's rule of retention has it: no cycle comes after those at which it ends a test.

    A plan without such a rule: two cycles in a row below 80 %.
    """
    rules = plan.stop_rules
    if rules is None or rules.retention_min is None:
        return EndOfLife(END_OF_LIFE, IN_A_ROW)
    return EndOfLife(rules.retention_min, rules.consecutive)
