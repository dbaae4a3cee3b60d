"""Statistics of optimisation runs whose truth is known: how far from the optimum, how soon, how sure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from galvanaut.core.identifiers import generator

Array = NDArray[np.float64]

CHECKPOINTS = (10, 20, 25, 40)
"""Numbers of experiments at which regret is reported."""
_RESAMPLES = 10_000


@dataclass(frozen=True)
class Trace:
    """One run of one planner.

    Attributes:
        planner: its name.
        seed: of the run; the same seed means the same noise and, for planners that have one, the same initial design.
        regret: simple regret of the best recipe tested so far, by its true value, after each experiment, (budget,);
            as a fraction of the optimum.
        recommended: the same of the recipe that the planner would recommend, by number of experiments; NaN while it
            recommends none.
        cpu_s: processor time of each ask, (budget,).
    """

    planner: str
    seed: int
    regret: Array
    recommended: Mapping[int, float]
    cpu_s: Array


@dataclass(frozen=True)
class Quartiles:
    """Median and the interval that holds the middle half."""

    low: float
    median: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Quartiles:
        """Of a sample, by linear interpolation."""
        low, median, high = np.quantile(np.asarray(values, dtype=np.float64), [0.25, 0.5, 0.75])
        return cls(float(low), float(median), float(high))


@dataclass(frozen=True)
class Reach:
    """Experiments until a level is reached.

    Attributes:
        median: over all runs, those that never reach it counting as infinite; None when that is infinite.
        share: of runs that reach it at all.
    """

    median: float | None
    share: float


@dataclass(frozen=True)
class PlannerRow:
    """How one planner did.

    Attributes:
        planner: its name.
        runs: how many.
        tested: regret of the best recipe tested, by number of experiments.
        recommended: regret of the recommended recipe, by number of experiments.
        to_95, to_99: experiments until a recipe of 95 % (99 %) of the optimum was tested.
        cpu_s_per_ask: median over all asks after the initial ones.
    """

    planner: str
    runs: int
    tested: Mapping[int, Quartiles]
    recommended: Mapping[int, Quartiles]
    to_95: Reach
    to_99: Reach
    cpu_s_per_ask: float


@dataclass(frozen=True)
class PairedRow:
    """How much less regret one planner leaves than another after all experiments, run by run of one seed.

    Attributes:
        planner, baseline: names.
        runs: pairs.
        difference: mean of baseline's minus planner's regret of the best recipe tested; positive favours the planner.
        low, high: 95 % bootstrap interval of that mean.
    """

    planner: str
    baseline: str
    runs: int
    difference: float
    low: float
    high: float

    @property
    def is_clear(self) -> bool:
        """Whether the interval does not touch zero."""
        return self.low > 0.0 or self.high < 0.0


def planner_rows(traces: Sequence[Trace], initial: int) -> list[PlannerRow]:
    """One row a planner, in the order in which they first appear."""
    return [_row(name, group, initial) for name, group in _grouped(traces).items()]


def paired_rows(traces: Sequence[Trace]) -> list[PairedRow]:
    """The first planner against each of the others, over the seeds that both ran."""
    groups = _grouped(traces)
    names = list(groups)
    return [_paired(groups[names[0]], groups[other]) for other in names[1:]]


def experiments_to(regret: Array, level: float) -> float:
    """Experiments until ``level`` (such as 0.95) of the optimum is reached; infinite if never."""
    reached = np.flatnonzero(regret <= 1.0 - level + 1e-12)
    return float(reached[0] + 1) if len(reached) else float("inf")


def bootstrap_of_mean(values: Array, seed: int = 0) -> tuple[float, float]:
    """95 % percentile bootstrap interval of the mean; deterministic."""
    draw = generator(seed, "bootstrap", len(values))
    means = values[draw.integers(len(values), size=(_RESAMPLES, len(values)))].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def _grouped(traces: Sequence[Trace]) -> dict[str, list[Trace]]:
    groups: dict[str, list[Trace]] = {}
    for trace in traces:
        groups.setdefault(trace.planner, []).append(trace)
    return groups


def _row(name: str, group: Sequence[Trace], initial: int) -> PlannerRow:
    budget = len(group[0].regret)
    at = sorted({n for n in CHECKPOINTS if n <= budget} | {budget})
    asked = np.concatenate([trace.cpu_s[min(initial, budget - 1) :] for trace in group])
    return PlannerRow(
        planner=name,
        runs=len(group),
        tested={n: Quartiles.of([float(trace.regret[n - 1]) for trace in group]) for n in at},
        recommended={n: Quartiles.of([trace.recommended[n] for trace in group]) for n in at},
        to_95=_reach(group, 0.95),
        to_99=_reach(group, 0.99),
        cpu_s_per_ask=float(np.median(asked)),
    )


def _reach(group: Sequence[Trace], level: float) -> Reach:
    counts = np.array([experiments_to(trace.regret, level) for trace in group])
    ordered = np.sort(counts)
    middle = (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2.0
    return Reach(float(middle) if np.isfinite(middle) else None, float(np.isfinite(counts).mean()))


def _paired(ours: Sequence[Trace], theirs: Sequence[Trace]) -> PairedRow:
    baseline = {trace.seed: float(trace.regret[-1]) for trace in theirs}
    shared = [trace for trace in ours if trace.seed in baseline]
    differences = np.array([baseline[trace.seed] - float(trace.regret[-1]) for trace in shared])
    low, high = bootstrap_of_mean(differences)
    return PairedRow(ours[0].planner, theirs[0].planner, len(shared), float(differences.mean()), low, high)
