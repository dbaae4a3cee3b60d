"""One look at the data: models fitted, the best makeable recipe found, all thrown away."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from galvanaut.campaigns.planners.acquisition import Improvement, log_within
from galvanaut.campaigns.planners.candidates import Candidate, CandidateSearch, Score
from galvanaut.campaigns.planners.library import best_by
from galvanaut.campaigns.planners.posterior import Places
from galvanaut.campaigns.planners.protocol import Array, Observation, Recommendation
from galvanaut.campaigns.planners.readings import Readings
from galvanaut.campaigns.planners.replication import worth
from galvanaut.campaigns.planners.several import DRAWS, FrontGain, Outlook
from galvanaut.campaigns.planners.success import log_success
from galvanaut.campaigns.planners.surrogate import Surrogate, fit
from galvanaut.campaigns.planners.task import Limit, Task
from galvanaut.core.identifiers import generator

_LEAST = 3
"""Values of a quantity from which it is modelled."""
_FRONT = 60
"""Tested points, at most, among which the front is sought."""
_REPLICABLE = 4
"""Tested points, the best by expectation, that may be measured again."""
_ROUGHLY = 2, 8
"""Members of a mixture, and draws of a front, that give a rough score."""
_SAME = 1e-4
"""Recipes closer than this in every variable, in units of its range, are one recipe."""
_PROBABLY = np.log(0.5)


@dataclass(frozen=True)
class Decision:
    """What was chosen and what is expected of it, in the objective's unit.

    Attributes:
        choice: point and acquisition value.
        mean, sd: expected value and its standard deviation, without measurement noise.
        measured_sd: standard deviation expected of the measured value, noise included.
        best_mean: expected value of the best tested point, of those that probably keep all limits if any does.
        best_sd: standard deviation of that.
        improvement: expected of the value over that of the best tested point, in the objective's unit.
        replicates: number of the trial that is repeated; 0 for a new recipe.
        beliefs: weight of each, and under the empty name of none.
        quantities: mean and standard deviation of each of several objectives.
        within: whether the best tested point probably keeps all limits; None where there is nothing to keep to.
    """

    choice: Candidate
    mean: float
    sd: float
    measured_sd: float
    best_mean: float
    best_sd: float
    improvement: float = 0.0
    replicates: int = 0
    beliefs: Mapping[str, float] = field(default_factory=dict)
    quantities: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    within: bool | None = None


class Engine:
    """The model of one moment.

    Args:
        task: what the planner is set to.
        observations: by trial number, at least three with a value.
    """

    def __init__(self, task: Task, observations: Sequence[Observation]) -> None:
        self._task, self._space = task, task.space
        self._ok = [seen for seen in observations if seen.value is not None]
        failed = [seen.point for seen in observations if seen.status == "failed_recipe"]
        self._tested = np.array([seen.point for seen in self._ok])
        self._failed = np.array(failed).reshape(-1, self._tested.shape[1])
        better = {"": task.maximise} | {aim.name: aim.maximise for aim in task.aims}
        names = dict.fromkeys([*better, *(limit.name for limit in task.limits)])
        self._models = {name: model for name in names if (model := self._fitted(name, better.get(name, True)))}
        self.surrogate = self._models[""]

    def decide(self, pending: Sequence[Array], index: int) -> Decision:
        """The recipe to try next; depends on seed and ``index`` beside the data."""
        task = self._task
        under_way = np.array(sorted(np.asarray(point).tolist() for point in pending)).reshape(-1, self._tested.shape[1])
        tested = self._tested[np.lexsort((-self._means, ~self._kept))]
        search = CandidateSearch(self._space, task.maker, tested, under_way, generator(task.seed, "propose", index))
        values = [self.surrogate.scale.sign * (seen.value or 0.0) for seen in self._ok]
        score = self._score(under_way, index)
        choice = best_by(score, search, self._space.features(self._tested), values)
        again = self._again(choice, score, search, under_way) if len(self._aims) < 2 else None
        return self._decision(again or choice)

    def recommendation(self) -> Recommendation:
        """The best tested point by expected value; points that are not believed, or break a limit, cannot be it.

        If none keeps all limits with their probabilities, it is the best of those that probably do, else of all.
        """
        _, sds = self.surrogate.predict(self._at("", self._tested))
        surely = self._keeps(self._tested, [np.log(limit.probability) for limit in self._task.limits])
        believed = ~self.surrogate.outliers & np.array([seen.is_own for seen in self._ok])
        allowed = next((some for kept in (surely, self._kept) if (some := believed & kept).any()), believed)
        best = int(np.argmax(np.where(allowed, self._means, -np.inf)))
        scale, sd = self.surrogate.scale, float(sds[best]) * self.surrogate.scale.width
        return Recommendation(self._ok[best].point, scale.measured(float(self._means[best])), sd, self._ok[best].trial)

    def predict(self, points: Array, quantity: str = "") -> tuple[Array, Array]:
        """Expected values and their standard deviations at points, (n,) each, in the quantity's unit, without noise."""
        model = self._models[quantity]
        means, sds = model.predict(self._at(quantity, points))
        return model.scale.sign * (means * model.scale.width + model.scale.centre), sds * model.scale.width

    def joint(self, points: Array, quantity: str = "") -> tuple[Array, Array]:
        """Expected values, (n,), and their covariance, (n, n), in the quantity's unit: for differences of points."""
        model = self._models[quantity]
        places = model.standing(self._at(quantity, points))
        means = np.array([member.means(places) for member in model.mixture.members])
        inner = np.array([member.covariance(places, places) for member in model.mixture.members])
        mean = model.mixture.weights @ means
        apart = means - mean
        spread = np.einsum("k,kij->ij", model.mixture.weights, inner + apart[:, :, None] * apart[:, None, :])
        return model.scale.sign * (mean * model.scale.width + model.scale.centre), spread * model.scale.width**2

    def noise_sd(self, quantity: str = "") -> float:
        """Standard deviation of one measured value around the surface, in the quantity's unit."""
        model = self._models[quantity]
        return float(np.sqrt(model.mixture.noise)) * model.scale.width

    def explanation(self) -> dict[str, Any]:
        """Model and hyperparameters, JSON-ready."""
        surrogate = self.surrogate
        several = {name: self._explained(name) for name in self._models if name}
        return {
            "model": "Gaussian processes, Matern-5/2 (bayesian-optimization)",
            **self._explained(""),
            "outliers": [seen.trial for seen, out in zip(self._ok, surrogate.outliers, strict=True) if out],
            **({"quantities": several} if several else {}),
        }

    def _explained(self, name: str) -> dict[str, Any]:
        model = self._models[name]
        lengths = dict(zip(self._space.feature_names, model.lengths.tolist(), strict=True))
        noise_sd = self.noise_sd(name)
        beliefs = {"beliefs": dict(model.weights)} if len(model.weights) > 1 else {}
        return {"members": len(model.mixture.members), "lengths": lengths, "noise_sd": noise_sd, **beliefs}

    def _fitted(self, quantity: str, maximise: bool) -> Surrogate | None:
        """The model of a quantity; None while too few values of it are known."""
        seen = [each for each in self._ok if each.measured(quantity) is not None]
        if len(seen) < _LEAST:
            return None
        places = self._at(quantity, np.array([each.point for each in seen]))
        return fit(Readings.of(seen, quantity, places), 1.0 if maximise else -1.0, self._at(quantity, self._failed))

    def _again(self, choice: Candidate, score: Score, search: CandidateSearch, under_way: Array) -> Candidate | None:
        """A tested recipe that is better measured once more than the chosen one tried, if there is any."""
        surrogate = self.surrogate
        candidates = np.flatnonzero(~surrogate.outliers & self._kept)
        best = candidates[np.argsort(-self._means[candidates], kind="stable")[:_REPLICABLE]]
        places = surrogate.standing(self._at("", np.vstack([self._tested[best], choice.point])))
        mixture = surrogate.mixture.believing(surrogate.standing(self._at("", under_way)))
        tested = surrogate.standing(self._at("", self._references(under_way)))
        gains = worth(mixture, places, tested)
        for i in np.argsort(-gains, kind="stable"):
            if i == len(best):
                break
            made = search.again(self._tested[best[i]])
            if made is not None:
                return Candidate(made, float(score(made[None, :])[0]))
        return None

    def _score(self, under_way: Array, index: int) -> Score:
        """What is maximised, by points."""
        success = log_success(self._space.features(self._tested), self._space.features(self._failed))
        gain = self._gain(under_way, index)

        def score(points: Array, roughly: bool = False) -> Array:
            total = gain(points, roughly) + success(self._space.features(points))
            return np.asarray(total + sum(self._log_kept(limit, points) for limit in self._limits))

        return score

    def _replicated(self, point: Array) -> int:
        """The trial whose recipe a point repeats; 0 for none."""
        apart = np.abs(self._space.features(self._tested) - self._space.features(point)).max(axis=1, initial=0.0)
        return max(0, self._ok[int(np.argmin(apart))].trial) if apart.min() <= _SAME else 0

    def _improvement(self, point: Array) -> float:
        """Expected of a point by what was measured, in the unit of the value."""
        surrogate = self.surrogate
        tested = surrogate.standing(self._at("", self._references(np.empty((0, len(point))))))
        gain = Improvement(surrogate.mixture, tested)(surrogate.standing(self._at("", point[None, :])))
        return float(np.exp(gain[0])) * surrogate.scale.width

    def _gain(self, under_way: Array, index: int) -> Callable[[Array, bool], Array]:
        candidates = self._references(under_way)
        if len(self._aims) < 2:
            surrogate = self.surrogate
            mixture = surrogate.mixture.believing(surrogate.standing(self._at("", under_way)))
            improvement = Improvement(mixture, surrogate.standing(self._at("", candidates)))
            return lambda points, roughly: improvement(
                surrogate.standing(self._at("", points)), _ROUGHLY[0] if roughly else None
            )
        front = self._promising(candidates)
        models = [self._models[aim.name] for aim in self._aims]
        outlooks = []
        for aim, model in zip(self._aims, models, strict=True):
            mixture = model.mixture.believing(model.standing(self._at(aim.name, under_way)))
            zero, one = model.scale.standard(np.array([aim.worst, aim.best]))
            outlooks.append(Outlook(mixture, model.standing(self._at(aim.name, front)), float(zero), float(one)))
        gain = FrontGain(outlooks, generator(self._task.seed, "surfaces", index))
        return lambda points, roughly: gain(
            [model.standing(self._at(aim.name, points)) for aim, model in zip(self._aims, models, strict=True)],
            _ROUGHLY[1] if roughly else DRAWS,
        )

    def _references(self, under_way: Array) -> Array:
        """Believed tested points, and those under way, that probably keep all limits; all if none tested does."""
        eligible = self._eligible
        if len(under_way) and self._kept[eligible].all():
            under_way = under_way[self._keeps(under_way, [_PROBABLY] * len(self._task.limits))]
        return np.vstack([self._tested[eligible], under_way])

    def _promising(self, points: Array) -> Array:
        """Those of highest expected score, at most `_FRONT`."""
        if len(points) <= _FRONT:
            return points
        means, _ = self.surrogate.predict(self._at("", points))
        return points[np.sort(np.argsort(-means, kind="stable")[:_FRONT])]

    @property
    def _aims(self) -> list[Any]:
        known = [aim for aim in self._task.aims if aim.name in self._models]
        return known if len(known) == len(self._task.aims) else []

    @property
    def _limits(self) -> list[Limit]:
        return [limit for limit in self._task.limits if limit.name in self._models]

    def _keeps(self, points: Array, levels: Sequence[float]) -> NDArray[np.bool_]:
        """For each point, whether it keeps every limit with the logarithm of the probability given for that."""
        kept = np.ones(len(points), dtype=bool)
        for limit, level in zip(self._task.limits, levels, strict=True):
            if limit.name in self._models:
                kept &= self._log_kept(limit, points) >= level
        return kept

    def _log_kept(self, limit: Limit, points: Array) -> Array:
        model = self._models[limit.name]
        ends = np.array([-np.inf if limit.low is None else limit.low, np.inf if limit.high is None else limit.high])
        low, high = np.sort(model.scale.standard(ends))
        return log_within(model.mixture, model.standing(self._at(limit.name, points)), float(low), float(high))

    def _at(self, quantity: str, points: Array) -> Places:
        """Points as the model of a quantity sees them."""
        own = [belief for belief in self._task.beliefs if belief.quantity == quantity]
        beliefs = {belief.name: np.asarray(belief.predict(points), dtype=np.float64) for belief in own}
        return Places(self._space.features(points), beliefs)

    @cached_property
    def _means(self) -> Array:
        """Expected values at the tested points, in model units."""
        return self.surrogate.predict(self._at("", self._tested))[0]

    @cached_property
    def _kept(self) -> NDArray[np.bool_]:
        """Which tested points probably keep all limits; all of them where there are none."""
        return self._keeps(self._tested, [_PROBABLY] * len(self._task.limits))

    @cached_property
    def _eligible(self) -> NDArray[np.bool_]:
        """Which tested points may be the best so far: believed, and within all limits, unless none of them is."""
        believed = ~self.surrogate.outliers
        return believed & self._kept if (believed & self._kept).any() else believed

    def _decision(self, choice: Candidate) -> Decision:
        """Expectations from the data alone: what was assumed of pending points plays no part."""
        surrogate, point = self.surrogate, choice.point[None, :]
        means, sds = self.predict(point)
        best = int(np.argmax(np.where(self._eligible, self._means, -np.inf)))
        best_mean, best_sd = self.predict(self._tested[best][None, :])
        noise_sd = np.sqrt(surrogate.mixture.noise) * surrogate.scale.width
        several = {aim.name: self.predict(point, aim.name) for aim in self._aims}
        return Decision(
            choice,
            float(means[0]),
            float(sds[0]),
            float(np.hypot(sds[0], noise_sd)),
            float(best_mean[0]),
            float(best_sd[0]),
            self._improvement(choice.point),
            self._replicated(choice.point),
            surrogate.weights,
            {name: (float(mean[0]), float(sd[0])) for name, (mean, sd) in several.items()},
            bool(self._kept[best]) if self._limits else None,
        )
