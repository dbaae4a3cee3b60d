"""BoTorch as a planner: qLogNEI, or qLogNEHVI for several objectives, on its standard Gaussian processes.

Balandat et al., NeurIPS 2020; Ament et al., NeurIPS 2023. Needs the extra ``botorch``, which brings torch. The
acquisition functions are maximised over recipes that can be made, as for the planner ``bayes``; limits on quantities
and failures enter them as constraints (a failure as -1 in a model in which every success is 1). Beliefs and groups are
left out of account, and a censored value counts as measured.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from galvanaut.campaigns.planners.baseline import coordinates
from galvanaut.campaigns.planners.candidates import Candidate, CandidateSearch
from galvanaut.campaigns.planners.extras import need
from galvanaut.campaigns.planners.learning import LearningPlanner
from galvanaut.campaigns.planners.protocol import Array, Observation, Proposal, Recommendation, data_hash
from galvanaut.campaigns.planners.task import Task
from galvanaut.core.identifiers import generator

_SAMPLES = 128
_BLOCK = 256
"""Candidates scored at a time: more would need much memory."""


class BotorchPlanner(LearningPlanner):
    """See the module.

    Args:
        task: what it is set to.

    Raises:
        InputError: the extra is not installed.
    """

    def __init__(self, task: Task) -> None:
        need("botorch")
        super().__init__(task)

    def _learnt(self, index: int, ordered: list[Observation], pending: Sequence[Array]) -> Proposal:
        task, seed = self._task, int(generator(self._task.seed, "botorch", index).integers(2**31))
        good = [seen for seen in ordered if seen.status == "ok"]
        tested = np.array([seen.point for seen in good])
        under_way = np.array(sorted(np.asarray(point).tolist() for point in pending)).reshape(-1, tested.shape[1])
        failed = np.array([seen.point for seen in ordered if seen.status == "failed_recipe"])
        models = _Models(task, good, failed.reshape(-1, tested.shape[1]), seed)
        means, _ = models.expected(tested)
        search = CandidateSearch(
            self.space, task.maker, tested[np.argsort(-means, kind="stable")], under_way, generator(seed, "candidates")
        )
        choice = search.best(models.score(under_way))
        best = float(means[models.within(tested, np.full(len(tested), True))].max())
        return self._proposal(index, choice, models, data_hash(self.space, ordered, pending), best)

    def _best(self, ordered: list[Observation]) -> Recommendation:
        good = [seen for seen in ordered if seen.status == "ok"]
        points = np.array([seen.point for seen in good])
        models = _Models(self._task, good, points[:0], 0)
        means, sds = models.expected(points)
        within = models.within(points, np.array([seen.is_own for seen in good]))
        best, sign = int(np.argmax(np.where(within, means, -np.inf))), 1.0 if self._task.maximise else -1.0
        return Recommendation(good[best].point, sign * float(means[best]), float(sds[best]), good[best].trial)

    def _proposal(self, index: int, choice: Candidate, models: _Models, data: str, best: float) -> Proposal:
        means, sds = models.expected(choice.point[None, :])
        recipe, sign = self.space.recipe(choice.point), 1.0 if self._task.maximise else -1.0
        mean, sd = sign * float(means[0]), float(sds[0])
        name = "qLogNEHVI" if self._task.aims else "qLogNEI"
        reason = f"{name}: expects {mean:.3g} ± {sd:.2g}, best tested so far {sign * best:.3g}"
        explanation = {"model": f"BoTorch, {name}", "data": data, "seed": self._task.seed, "index": index}
        point = coordinates(self.space, recipe, choice.point)
        return Proposal(index, point, recipe, reason, mean, sd, choice.score, explanation)


class _Models:
    """A model of each quantity; larger is better in all but those that are only limited."""

    def __init__(self, task: Task, good: Sequence[Observation], failed: Array, seed: int) -> None:
        self._task, self._seed = task, seed
        self._points, self._failed = np.array([seen.point for seen in good]), failed
        self._signs = {"": 1.0 if task.maximise else -1.0}
        self._signs |= {aim.name: 1.0 if aim.maximise else -1.0 for aim in task.aims}
        names = dict.fromkeys([*self._signs, *(limit.name for limit in task.limits)])
        self._models = {name: self._model(good, name) for name in names}

    def expected(self, points: Array) -> tuple[Array, Array]:
        """Mean of the number that decides, larger being better, and its standard deviation; (n,) each."""
        import torch

        with torch.no_grad():
            found = self._models[""].posterior(_tensor(self._task.space.features(points)))
            return found.mean.numpy()[:, 0], np.sqrt(found.variance.numpy()[:, 0])

    def within(self, points: Array, among: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which points, ``among`` some, keep every limit with its probability; all of those if none does."""
        import torch

        kept = among.copy()
        for limit in self._task.limits:
            model = self._models[limit.name]
            if model is None:
                continue
            with torch.no_grad():
                found = model.posterior(_tensor(self._task.space.features(points)))
            means = self._signs.get(limit.name, 1.0) * found.mean.numpy()[:, 0]
            law = norm(means, np.sqrt(found.variance.numpy()[:, 0]))
            below = 1.0 if limit.high is None else law.cdf(limit.high)
            kept &= below - (0.0 if limit.low is None else law.cdf(limit.low)) >= limit.probability
        return kept if kept.any() else among

    def score(self, under_way: Array) -> Callable[..., Array]:
        """The acquisition function, by points."""
        import torch

        torch.manual_seed(self._seed)
        features = self._task.space.features
        function = self._acquisition(under_way)

        def score(points: Array, roughly: bool = False) -> Array:
            with torch.no_grad():
                blocks = [function(block.unsqueeze(1)) for block in _tensor(features(points)).split(_BLOCK)]
            return np.asarray(torch.cat(blocks).numpy())

        return score

    def _acquisition(self, under_way: Array) -> Any:
        import torch
        from botorch.acquisition.logei import qLogNoisyExpectedImprovement
        from botorch.acquisition.multi_objective.logei import qLogNoisyExpectedHypervolumeImprovement
        from botorch.acquisition.multi_objective.objective import IdentityMCMultiOutputObjective
        from botorch.acquisition.objective import GenericMCObjective
        from botorch.models import ModelListGP
        from botorch.sampling.normal import SobolQMCNormalSampler

        task, features = self._task, self._task.space.features
        aims = [aim.name for aim in task.aims] or [""]
        limits = [limit for limit in task.limits if self._models[limit.name] is not None]
        models = [self._models[name] for name in [*aims, *(limit.name for limit in limits)]]
        constraints = self._constraints(len(aims))
        seen = np.vstack([self._points, self._failed])
        if len(self._failed):
            labels = np.append(np.ones(len(self._points)), -np.ones(len(self._failed)))
            models.append(_fitted(features(seen), labels, None))
            constraints.append(lambda samples: -samples[..., -1])
        common = {
            "X_pending": _tensor(features(under_way)) if len(under_way) else None,
            "sampler": SobolQMCNormalSampler(torch.Size([_SAMPLES]), seed=self._seed),
            "constraints": constraints or None,
            "prune_baseline": True,
        }
        baseline = _tensor(features(self._points))
        if not task.aims:
            objective = GenericMCObjective(lambda samples, X=None: samples[..., 0])
            return qLogNoisyExpectedImprovement(ModelListGP(*models), baseline, objective=objective, **common)
        several = IdentityMCMultiOutputObjective(outcomes=list(range(len(aims))))
        worst = [self._signs[aim.name] * aim.worst for aim in task.aims]
        return qLogNoisyExpectedHypervolumeImprovement(
            ModelListGP(*models), worst, baseline, objective=several, **common
        )

    def _constraints(self, first: int) -> list[Callable[[Any], Any]]:
        """Functions of drawn values that are negative where a limit is kept; limits begin at column ``first``."""
        kept: list[Callable[[Any], Any]] = []
        known = [limit for limit in self._task.limits if self._models[limit.name] is not None]
        for column, limit in enumerate(known, first):
            sign = self._signs.get(limit.name, 1.0)
            for bound, side in ((limit.low, 1.0), (limit.high, -1.0)):
                if bound is not None:
                    kept.append(_Beyond(column, side * sign, side * bound))
        return kept

    def _model(self, good: Sequence[Observation], name: str) -> Any:
        """None while too few values are known."""
        measured = [(seen, each) for seen in good if (each := seen.measured(name)) is not None]
        if len(measured) < 2:
            return None
        points = np.array([seen.point for seen, _ in measured])
        values = self._signs.get(name, 1.0) * np.array([each.value for _, each in measured])
        variances = [each.variance for _, each in measured]
        known = None if any(variance is None for variance in variances) else np.array(variances, dtype=np.float64)
        return _fitted(self._task.space.features(points), values, known)


class _Beyond:
    """Bound less (signed) value: negative where the value is beyond the bound."""

    def __init__(self, column: int, sign: float, bound: float) -> None:
        self._column, self._sign, self._bound = column, sign, bound

    def __call__(self, samples: Any) -> Any:
        return self._bound - self._sign * samples[..., self._column]


def _fitted(features: Array, values: Array, variances: Array | None) -> Any:
    """Noise is learnt; variances that are told are those of the readings alone, and batches scatter on top."""
    from botorch.fit import fit_gpytorch_mll
    from botorch.models import SingleTaskGP
    from botorch.models.transforms.outcome import Standardize
    from gpytorch.likelihoods import FixedNoiseGaussianLikelihood
    from gpytorch.mlls import ExactMarginalLogLikelihood

    likelihood = None
    if variances is not None:
        noise = _tensor(np.maximum(variances, 1e-10) / max(float(values.var(ddof=1)), 1e-10))  # of values as scaled
        likelihood = FixedNoiseGaussianLikelihood(noise, learn_additional_noise=True)
    known = {"likelihood": likelihood, "outcome_transform": Standardize(1)}
    model = SingleTaskGP(_tensor(features), _tensor(values[:, None]), **known)
    fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
    return model


def _tensor(array: Array) -> Any:
    import torch

    return torch.tensor(array, dtype=torch.double)
