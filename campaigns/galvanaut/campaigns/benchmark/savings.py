"""What early stopping saves and what it costs, over simulated campaigns whose truth is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, log, log1p

import numpy as np

from galvanaut.campaigns.analysis.figures import Array
from galvanaut.campaigns.benchmark.acceleration import Interval
from galvanaut.campaigns.benchmark.stopping import StopTrace
from galvanaut.core.identifiers import generator

WITHIN = 0.95
_RESAMPLES = 4000


def near_best(best: float) -> float:
    """The worth from which on a recipe is within 5 % of the best, which may be worth less than nothing."""
    return best - (1.0 - WITHIN) * abs(best)


@dataclass(frozen=True)
class Truth:
    """What recipes of the space are really worth.

    Attributes:
        best: worth of the best recipe of the space.
        draws: recipes drawn at random.
        hits: of these, within 5 % of the best.
        full_h: channel-hours of a trial with full cycling, mean of these.
    """

    best: float
    draws: int
    hits: int
    full_h: float

    def random_h(self, share: float) -> float:
        """Channel-hours in which random recipes with full cycling find one within 5 %, in half of all cases.

        Where none was drawn, as if one had been: it takes longer than that.
        """
        known = max(share, 1 / self.draws)
        return self.full_h * log(0.5) / log1p(-known) if known < 1 else self.full_h


@dataclass(frozen=True)
class Judged:
    """One campaign and the true worth of its trials, (trials,); NaN where no cell counted."""

    trace: StopTrace
    true: Array

    @property
    def is_best_stopped(self) -> bool:
        """Whether the truly best recipe of those tested was stopped."""
        return bool(self.trace.trials[int(np.nanargmax(self.true))].is_stopped)

    @property
    def lost(self) -> float:
        """By how much the best finished recipe is worth less than the best tested one, as a share of that."""
        finished = [value for value, each in zip(self.true, self.trace.trials, strict=True) if not each.is_stopped]
        best = float(np.nanmax(self.true))
        return (best - float(np.nanmax(finished))) / abs(best)

    def reached_h(self, level: float) -> float:
        """Channel-hours until a recipe of this worth came to its end; infinite if none did."""
        rows = zip(self.true, self.trace.trials, strict=True)
        hits = (each.spent_h for value, each in rows if value >= level and not each.is_stopped)
        return next(hits, inf)


@dataclass(frozen=True)
class PolicyRow:
    """One planner with one policy.

    Attributes:
        planner, policy: their names.
        seeds: campaigns.
        channel_h: channel-hours of a campaign, mean.
        saved: share of the channel-hours that the same trials would have taken with full cycling, mean.
        stopped: share of the trials that were stopped.
        best_stopped: share of the campaigns in which the truly best recipe was stopped, 95 % interval by Wilson.
        lost: mean of `Judged.lost`.
        reached: share of the campaigns that finished a recipe within 5 % of the best of the space.
        to_best_h: channel-hours until then, median over all campaigns, infinite where most did not.
        faster: channel-hours of random recipes with full cycling over ``to_best_h``, with its 95 % bootstrap interval.
    """

    planner: str
    policy: str
    seeds: int
    channel_h: float
    saved: Interval
    stopped: float
    best_stopped: Interval
    lost: float
    reached: float
    to_best_h: float
    faster: Interval


def policy_row(planner: str, policy: str, runs: Sequence[Judged], truth: Truth) -> PolicyRow:
    """Figures of all campaigns of one planner and policy."""
    saved = np.array([each.trace.saved for each in runs])
    hours = np.array([each.reached_h(near_best(truth.best)) for each in runs])
    trials = [one for each in runs for one in each.trace.trials]
    return PolicyRow(
        planner,
        policy,
        len(runs),
        float(np.mean([each.trace.channel_h for each in runs])),
        _saved(saved),
        float(np.mean([each.is_stopped for each in trials])),
        wilson(sum(each.is_best_stopped for each in runs), len(runs)),
        float(np.mean([each.lost for each in runs])),
        float(np.isfinite(hours).mean()),
        _median(hours),
        _faster(hours, truth),
    )


def wilson(hits: int, count: int) -> Interval:
    """A share with its 95 % score interval."""
    z2 = 1.959964**2
    share, middle = hits / count, (hits + z2 / 2) / (count + z2)
    half = np.sqrt(share * (1 - share) * count + z2 / 4) * 1.959964 / (count + z2)
    return Interval(share, max(0.0, float(middle - half)), min(1.0, float(middle + half)))


def _median(values: Array) -> float:
    """The upper one of two in the middle, so that infinite values do not spoil a mean."""
    return float(np.sort(values)[len(values) // 2])


def _saved(runs: Array) -> Interval:
    draw = generator(0, "saved", len(runs))
    means = runs[draw.integers(len(runs), size=(_RESAMPLES, len(runs)))].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return Interval(float(runs.mean()), float(low), float(high))


def _faster(hours: Array, truth: Truth) -> Interval:
    """The share of good recipes in the space is known from so many draws only, which counts in the interval."""
    draw, share = generator(0, "faster", len(hours)), truth.hits / truth.draws
    shares = (draw.binomial(truth.draws, share, _RESAMPLES) / truth.draws).tolist()
    rows = draw.integers(len(hours), size=(_RESAMPLES, len(hours)))
    found = [_ratio(hours[row], each, truth) for row, each in zip(rows, shares, strict=True)]
    low, high = np.quantile(found, [0.025, 0.975], method="nearest")  # does not interpolate to infinity
    return Interval(_ratio(hours, share, truth), float(low), float(high))


def _ratio(hours: Array, share: float, truth: Truth) -> float:
    mine = _median(hours)
    return 0.0 if np.isinf(mine) else truth.random_h(share) / mine
