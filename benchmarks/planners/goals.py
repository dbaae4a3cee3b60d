"""What the comparison was made for: figures for each goal, seed by seed over the seeds that both planners ran.

The interval of a figure of two planners is a 95 % bootstrap over those seeds. Runs that never reach a level count as
infinitely long in medians, and as one experiment more than the budget in means. Where a median is infinite, a ratio of
medians says in words which of the two is not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from found import OURS, Result
from numpy.typing import NDArray

from galvanaut.campaigns.benchmark.acceleration import Interval
from galvanaut.campaigns.benchmark.traces import Trace, experiments_to
from galvanaut.core.identifiers import generator

Array = NDArray[np.float64]
Figure = Callable[[Array, Array], float]

_RESAMPLES = 4000
_PEER = "botorch"
_BLIND = ("sobol", "random")
_ENOUGH = 10
"""Runs from which a planner may count as the best of the others: the best of few runs is whoever was lucky."""


def goals(results: Sequence[Result]) -> Iterator[str]:
    """Lines of the summary."""
    alone = [result for result in results if result.parallel == 1]
    yield from _without_prior(alone)
    yield from _with_physics(alone)
    yield from _several_aims(alone)
    yield from _under_way(results)
    yield from _wrong_priors(alone)


def _without_prior(results: Sequence[Result]) -> Iterator[str]:
    yield from _heading(
        "Without a prior: ours beside BoTorch",
        ("problem", "seeds", "regret at 40, %: ours", "BoTorch", "ours less BoTorch", "to 95 %: ours", "BoTorch"),
    )
    for result in results:
        ours, peer = _paired(result.traces.get("ours"), result.traces.get(_PEER))
        if len(ours):
            least = _figure(lambda a, b: 100.0 * float(np.median(a) - np.median(b)), ours[:, -1], peer[:, -1])
            medians = [f"{100.0 * float(np.median(runs[:, -1])):.2f}" for runs in (ours, peer)]
            shares = [f"{np.isfinite(_counts(runs, 0.95)).mean():.0%}" for runs in (ours, peer)]
            yield _row(result.title, str(len(ours)), *medians, _interval(least), *shares)


def _with_physics(results: Sequence[Result]) -> Iterator[str]:
    yield from _heading(
        "With the physics: experiments to 99 %, beside the best of the others",
        ("problem", "seeds", "ours with physics", "ours without", "best other", "its experiments", "ratio"),
    )
    for result in results:
        peers = {name: runs for name, runs in result.traces.items() if name not in (*OURS, *_BLIND)}
        most = max((len(runs) for runs in peers.values()), default=0)
        others = {name: runs for name, runs in peers.items() if len(runs) >= min(_ENOUGH, most)}
        if "ours-physics" not in result.traces or not others:
            continue
        best = min(others, key=lambda name: _speed(_regret(others[name])))
        ours, peer = _paired(result.traces["ours-physics"], others[best])
        plain = _counts(_paired(result.traces.get("ours"), others[best])[0], 0.99)
        counts = _counts(ours, 0.99), _counts(peer, 0.99)
        texts = [_reach(each) for each in (counts[0], plain, counts[1])]
        yield _row(result.title, str(len(ours)), texts[0], texts[1], best, texts[2], _text(_figure(_ratio, *counts)))


def _speed(regret: Array) -> tuple[float, float, float]:
    """The sooner the less: by the median, then by how many get there, then by the regret at the end."""
    counts = _counts(regret, 0.99)
    return _median(counts), -float(np.isfinite(counts).mean()), float(np.median(regret[:, -1]))


def _several_aims(results: Sequence[Result]) -> Iterator[str]:
    yield from _heading(
        "Two objectives: hypervolume at 40 over BoTorch's",
        ("planner", "seeds", "of the optimum, %", "BoTorch", "ratio"),
    )
    for result in results:
        for name in OURS if result.problem == "two-objectives" else ():
            ours, peer = _paired(result.traces.get(name), result.traces.get(_PEER))
            if len(ours):
                volumes = 1.0 - ours[:, -1], 1.0 - peer[:, -1]
                texts = [f"{100.0 * float(np.median(each)):.1f}" for each in volumes]
                yield _row(name, str(len(ours)), *texts, _text(_figure(_ratio, *volumes)))


def _under_way(results: Sequence[Result]) -> Iterator[str]:
    yield from _heading(
        "Trials under way: experiments to 95 % over those one after the other",
        ("problem", "planner", "under way", "seeds", "with them", "one by one", "ratio of medians", "of means"),
    )
    alone = {result.problem: result for result in results if result.parallel == 1}
    for result in results:
        for name, runs in result.traces.items() if result.parallel > 1 else ():
            many, one = _paired(runs, alone[result.problem].traces.get(name) if result.problem in alone else None)
            if len(many):
                yield _row(result.problem, name, str(result.parallel), *_longer(many, one, 0.95))


def _wrong_priors(results: Sequence[Result]) -> Iterator[str]:
    yield from _heading(
        "Priors that are wrong: experiments over those of ours without a prior",
        ("problem", "prior", "level, %", "seeds", "with it", "without", "ratio of medians", "of means"),
    )
    for result in results:
        for name, runs in result.wrong.items():
            wrong, none = _paired(runs, result.traces.get("ours"))
            for level in (0.95, 0.99) if len(wrong) else ():
                yield _row(result.title, name, f"{100 * level:g}", *_longer(wrong, none, level))


def _longer(first: Array, second: Array, level: float) -> tuple[str, ...]:
    """Seeds, experiments of both, ratio of medians and of means."""
    counts = _counts(first, level), _counts(second, level)
    most = first.shape[1] + 1.0
    means = _figure(lambda a, b: float(a.mean() / b.mean()), *(np.minimum(each, most) for each in counts))
    reached = [_reach(each) for each in counts]
    return (str(len(first)), *reached, _text(_figure(_ratio, *counts)), _text(means))


def _regret(traces: Sequence[Trace]) -> Array:
    """(runs, budget)."""
    return np.array([trace.regret for trace in traces]) if traces else np.empty((0, 1))


def _paired(first: Sequence[Trace] | None, second: Sequence[Trace] | None) -> tuple[Array, Array]:
    """Regret of the seeds that both ran, (seeds, budget) each."""
    ones, others = ({trace.seed: trace for trace in traces or ()} for traces in (first, second))
    shared = sorted(set(ones) & set(others))
    return _regret([ones[seed] for seed in shared]), _regret([others[seed] for seed in shared])


def _counts(regret: Array, level: float) -> Array:
    return np.array([experiments_to(run, level) for run in regret])


def _median(counts: Array) -> float:
    """Between the middle two; infinite if one of them is."""
    ordered = np.sort(counts)
    return float((ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2.0) if len(counts) else np.inf


def _ratio(first: Array, second: Array) -> float:
    """Of medians; NaN where both are infinite."""
    mine, theirs = _median(first), _median(second)
    return float("nan") if np.isinf(mine) and np.isinf(theirs) else mine / theirs


def _figure(figure: Figure, first: Array, second: Array) -> Interval:
    """With its interval over pairs."""
    draw = generator(0, "goals", len(first)).integers(len(first), size=(_RESAMPLES, len(first)))
    values = np.array([figure(first[chosen], second[chosen]) for chosen in draw])
    known = values[~np.isnan(values)]
    low, high = np.quantile(known, [0.025, 0.975], method="nearest") if len(known) else (np.nan, np.nan)
    return Interval(figure(first, second), float(low), float(high))


def _reach(counts: Array) -> str:
    middle, share = _median(counts), float(np.isfinite(counts).mean()) if len(counts) else 0.0
    return f"{'–' if np.isinf(middle) else format(middle, 'g')} ({share:.0%})"


def _text(value: Interval) -> str:
    if np.isnan(value.value):
        return "neither"
    if value.value == 0.0:
        return "only the first"
    if np.isinf(value.value):
        return "only the second"
    return _interval(value)


def _interval(value: Interval) -> str:
    """With what floats leave of nought taken off."""
    texts = (f"{round(each, 9) + 0.0:.3g}" for each in (value.value, value.low, value.high))
    return "{} [{} to {}]".format(*texts).replace("inf", "∞")


def _heading(title: str, columns: Sequence[str]) -> Iterator[str]:
    yield from ("", f"### {title}", "", _row(*columns), _row(*("---" for _ in columns)))


def _row(*texts: str) -> str:
    return "| " + " | ".join(texts) + " |"
