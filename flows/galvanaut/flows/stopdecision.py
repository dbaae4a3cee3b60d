"""The decision whether a recipe's cells go on, from what ledger and journal hold; it can be made again at any time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from galvanaut.campaigns.life import Course, Decision, LifeModel, decide
from galvanaut.flows.incumbent import life_to_beat

if TYPE_CHECKING:
    from galvanaut.campaigns.campaignfile import Campaign
    from galvanaut.campaigns.ledger import TrialRecord


class StopDecisions:
    """Decides for one campaign.

    Args:
        campaign: one that stops early.
    """

    def __init__(self, campaign: Campaign) -> None:
        if campaign.early_stop is None:
            raise RuntimeError(f"campaign {campaign.name} stops nothing early")
        self._campaign, self._policy = campaign, campaign.early_stop
        self._learned: tuple[tuple[str, ...], LifeModel] | None = None

    def decide(
        self,
        courses: Sequence[Course],
        finished: Sequence[Course],
        values: Mapping[str, float],
        best: TrialRecord,
    ) -> Decision:
        """Judge one recipe.

        Args:
            courses: of its cells.
            finished: cells that came to their end.
            values: the recipe's other quantities, as measured.
            best: the trial to beat; measured to its end.
        """
        target = self._campaign.objective
        value = 0.0 if best.outcome is None else best.outcome.values[target.name]
        to_beat = life_to_beat(self._campaign, values, value)
        unit = f" {target.unit}" if target.unit else ""
        incumbent = f"trial {best.number} ({target.name} {value:.4g}{unit})"
        return decide(courses, self._model(finished), lambda lives: lives > to_beat, self._policy, incumbent)

    def _model(self, finished: Sequence[Course]) -> LifeModel:
        """What they teach; learnt once as long as they are the same ones."""
        names = tuple(each.digest for each in finished)
        if self._learned is None or self._learned[0] != names:
            self._learned = names, LifeModel.learned(finished)
        return self._learned[1]
