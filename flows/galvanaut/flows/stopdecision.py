"""The decision whether a recipe's cells go on, from what ledger and journal hold; it can be made again at any time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from galvanaut.campaigns.life import Course, Decision, LifeModel, decide
from galvanaut.campaigns.life.beating import LIFE, Rival, beating, worth

if TYPE_CHECKING:
    from galvanaut.campaigns.campaignfile import Campaign
    from galvanaut.campaigns.ledger import Ledger


@dataclass(frozen=True)
class ToBeat:
    """What a recipe is held against, as the ledger keeps it.

    Attributes:
        trial: its number.
        is_forecast: its cells still run, and its life is what they are expected to live.
        rival: its values, and how surely its life is known; as lucky as the best of many is expected to be.
    """

    trial: int
    is_forecast: bool
    rival: Rival

    def text(self) -> str:
        """In words."""
        return (
            f"trial {self.trial} ({self.rival.values[LIFE]:.0f} cycles {'forecast' if self.is_forecast else 'lived'})"
        )

    def to_json(self) -> dict[str, Any]:
        """In JSON types."""
        known = {"values": dict(self.rival.values), "life_log_sd": self.rival.life_log_sd}
        return {"trial": self.trial, "is_forecast": self.is_forecast, **known}

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Self:
        """What `to_json` gave."""
        return cls(row["trial"], row["is_forecast"], Rival(row["values"], row["life_log_sd"]))


def to_beat(campaign: Campaign, ledger: Ledger, trial: int) -> ToBeat | None:
    """The best recipe beside one: measured to its end, or, of those on test, forecast when it was last looked at.

    None before any has ended.
    """
    names = [str(each.name) for each in campaign.objectives]
    found, lives = list[tuple[float, int, bool, Rival]](), list[float]()
    for number, other in sorted(ledger.trials.items()):
        values: dict[str, float]
        if other.outcome is not None and LIFE in other.outcome.deviations:
            values, sd = dict(other.outcome.values), other.outcome.deviations[LIFE]
            lives.append(values[LIFE])
            is_forecast = False
        elif other.outcome is None and other.weighed and other.weighed[-1]["decision"]["life"] is not None:
            values, decision = dict(other.weighed[-1]["values"]), other.weighed[-1]["decision"]
            values[LIFE], sd, is_forecast = decision[LIFE], decision["life_sd"], True
        else:
            continue
        if number != trial and other.stopped is None and set(names) <= values.keys():
            rival = Rival({name: values[name] for name in names}, sd / values[LIFE])
            found.append((float(worth(campaign.objectives, rival.values)), number, is_forecast, rival))
    if not lives or not found:
        return None
    _, number, is_forecast, rival = max(found, key=lambda row: (row[0], -row[1]))
    return ToBeat(number, is_forecast, rival.among(lives))


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
        self, courses: Sequence[Course], finished: Sequence[Course], values: Mapping[str, float], best: ToBeat
    ) -> Decision:
        """Judge one recipe.

        Args:
            courses: of its cells.
            finished: cells that came to their end.
            values: the recipe's other quantities, as measured.
            best: what there is to beat.
        """
        beats = beating(self._campaign.objectives, values, best.rival)
        return decide(courses, self._model(finished), beats, self._policy, best.text())

    def _model(self, finished: Sequence[Course]) -> LifeModel:
        """What they teach; learnt once as long as they are the same ones."""
        names = tuple(each.digest for each in finished)
        if self._learned is None or self._learned[0] != names:
            self._learned = names, LifeModel.learned(finished)
        return self._learned[1]
