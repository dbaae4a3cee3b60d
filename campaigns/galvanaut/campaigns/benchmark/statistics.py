"""Statistics of optimisation runs whose truth is known: how far from the optimum, how soon, how sure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from galvanaut.campaigns.benchmark.traces import CHECKPOINTS, Trace, experiments_to
from galvanaut.campaigns.planners.protocol import Array
from galvanaut.core.identifiers import generator

_RESAMPLES = 10_000


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
        recommended: regret of the recommended recipe, by number of experiments; empty with several aims.
        to_95, to_99: experiments until a recipe of 95 % (99 %) of the optimum was tested.
        cpu_s_per_ask: median over all asks after the initial ones.
        failures: recipes that failed, mean of all runs.
        memory_MB: most of any run, see `Trace`; None where the system does not tell it.
    """

    planner: str
    runs: int
    tested: Mapping[int, Quartiles]
    recommended: Mapping[int, Quartiles]
    to_95: Reach
    to_99: Reach
    cpu_s_per_ask: float
    failures: float
    memory_MB: float | None = None


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
    return [_row(name, group, initial) for name, group in grouped(traces).items()]


def paired_rows(traces: Sequence[Trace]) -> list[PairedRow]:
    """The first planner against each of the others, over the seeds that both ran."""
    groups = grouped(traces)
    names = list(groups)
    return [_paired(groups[names[0]], groups[other]) for other in names[1:]]


def grouped(traces: Sequence[Trace]) -> dict[str, list[Trace]]:
    """By planner, in the order in which they first appear."""
    groups: dict[str, list[Trace]] = {}
    for trace in traces:
        groups.setdefault(trace.planner, []).append(trace)
    return groups


def bootstrap_of_mean(values: Array, seed: int = 0) -> tuple[float, float]:
    """95 % percentile bootstrap interval of the mean; deterministic."""
    draw = generator(seed, "bootstrap", len(values))
    means = values[draw.integers(len(values), size=(_RESAMPLES, len(values)))].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def _row(name: str, group: Sequence[Trace], initial: int) -> PlannerRow:
    budget = len(group[0].regret)
    at = sorted({n for n in CHECKPOINTS if n <= budget} | {budget})
    asked = np.concatenate([trace.cpu_s[min(initial, budget - 1) :] for trace in group])
    return PlannerRow(
        planner=name,
        runs=len(group),
        tested={n: Quartiles.of([float(trace.regret[n - 1]) for trace in group]) for n in at},
        recommended={
            n: Quartiles.of([trace.recommended[n] for trace in group]) for n in at if n in group[0].recommended
        },
        to_95=_reach(group, 0.95),
        to_99=_reach(group, 0.99),
        cpu_s_per_ask=float(np.median(asked)),
        failures=float(np.mean([trace.failures for trace in group])),
        memory_MB=max((trace.memory_MB for trace in group if trace.memory_MB is not None), default=None),
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
