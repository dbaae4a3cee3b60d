"""The decision whether a recipe's cells go on, from what ledger and journal hold; it can be made again at any time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

from galvanaut.campaigns.life import Course, Decision, LifeModel, decide
from galvanaut.campaigns.life.beating import LIFE, Rival, beating, worth

if TYPE_CHECKING:
    from galvanaut.campaigns.campaignfile import Campaign
    from galvanaut.campaigns.ledger import Ledger, TrialRecord


@dataclass(frozen=True)
class ToBeat:
    """What a recipe is held against, as the ledger keeps it.

    Attributes:
        trial: its number.
        is_forecast: its cells still run, and its life is what they are expected to live.
        rival: its values, and how surely its life is known; as lucky as the best of many is expected to be.
        life: what was measured or forecast, in cycles, however lucky; None in ledgers that do not know it.
    """

    trial: int
    is_forecast: bool
    rival: Rival
    life: float | None = None

    def text(self) -> str:
        """In words."""
        kind, expected = "forecast" if self.is_forecast else "lived", f"{self.rival.values[LIFE]:.0f}"
        seen = expected if self.life is None else f"{self.life:.0f}"
        held = "" if seen == expected else f", taken for {expected}"
        return f"trial {self.trial} ({seen} cycles {kind}{held})"

    def to_json(self) -> dict[str, Any]:
        """In JSON types."""
        known = {"values": dict(self.rival.values), "life_log_sd": self.rival.life_log_sd, "life": self.life}
        return {"trial": self.trial, "is_forecast": self.is_forecast, **known}

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Self:
        """What `to_json` gave."""
        return cls(row["trial"], row["is_forecast"], Rival(row["values"], row["life_log_sd"]), row.get("life"))


def to_beat(campaign: Campaign, ledger: Ledger, trial: int) -> ToBeat | None:
    """The best recipe beside one: measured to its end, or, of those on test, forecast when it was last looked at.

    Those that keep the campaign's limits come first, as everywhere; of recipes that failed there is nothing to beat.
    None before any has ended.
    """
    names = [str(each.name) for each in campaign.objectives]
    found, lives = list[tuple[bool, float, ToBeat]](), list[float]()
    for number, other in sorted(ledger.trials.items()):
        known = _known(other)
        if known is None:
            continue
        values, sd = known
        is_forecast = other.outcome is None
        lives += [] if is_forecast else [values[LIFE]]
        if number != trial and other.stopped is None and set(names) <= values.keys():
            rival = Rival({name: values[name] for name in names}, sd / values[LIFE])
            keeps = all(limit.keeps(values[limit.name]) for limit in campaign.limits if limit.name in values)
            one = ToBeat(number, is_forecast, rival, values[LIFE])
            found.append((keeps, float(worth(campaign.objectives, rival.values)), one))
    if not lives or not found:
        return None
    best = max(found, key=lambda row: (*row[:2], -row[2].trial))[2]
    return replace(best, rival=best.rival.among(lives))


def _known(trial: TrialRecord) -> tuple[dict[str, float], float] | None:
    """Values of a recipe, its life among them, and the standard deviation of that; None where it has none."""
    if trial.outcome is not None:
        sd = trial.outcome.deviations.get(LIFE)
        return None if sd is None else (dict(trial.outcome.values), sd)
    if not trial.weighed or trial.condemned or trial.weighed[-1]["decision"][LIFE] is None:
        return None
    values, decision = trial.weighed[-1]["values"], trial.weighed[-1]["decision"]
    return {**values, LIFE: decision[LIFE]}, decision["life_sd"]


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
