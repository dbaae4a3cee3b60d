"""BoTorch: qLogNEI, or qLogNEHVI for several aims, on its standard models.

SingleTaskGP with its default priors and standardised outcomes; variances are given to it where they are told. The
acquisition function is maximised over the feasible recipes of `maximise`, as its own optimiser spends most of its time
sampling polytopes and knows no choices. Failures are modelled as its tutorials on unknown constraints do: by a second
model of success (1) or failure (-1) that enters the acquisition function as a constraint.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from botorch.acquisition.logei import qLogNoisyExpectedImprovement
from botorch.acquisition.multi_objective.logei import qLogNoisyExpectedHypervolumeImprovement
from botorch.acquisition.multi_objective.objective import IdentityMCMultiOutputObjective
from botorch.acquisition.objective import GenericMCObjective
from botorch.fit import fit_gpytorch_mll
from botorch.models import ModelListGP, SingleTaskGP
from botorch.models.transforms.outcome import Standardize
from botorch.sampling.normal import SobolQMCNormalSampler
from gpytorch.mlls import ExactMarginalLogLikelihood
from numpy.typing import NDArray

from peers.maximise import maximise
from peers.peer import Peer, Seen

Array = NDArray[np.float64]

_SAMPLES = 128
_BLOCK = 256
_STARTS = 3


class BoTorch(Peer):
    """Plain BoTorch."""

    name = "botorch"

    def suggest(self, seen: Seen, pending: Sequence[Array], seed: int) -> Array:
        """The recipe that the acquisition function likes best."""
        torch.manual_seed(seed)
        features = self.space.features(seen.points)
        everything = _tensor(np.vstack([features, self.space.features(seen.failed)]))
        model = self._model(seen)
        sampler = SobolQMCNormalSampler(torch.Size([_SAMPLES]), seed=seed)
        waiting = _tensor(self.space.features(np.array(pending))) if len(pending) else None
        constraints = [lambda samples: -samples[..., -1]] if len(seen.failed) else None
        common = {"sampler": sampler, "X_pending": waiting, "constraints": constraints, "prune_baseline": True}
        if self.task.aims:
            worst = [aim.worst for aim in self.task.aims]
            objective = IdentityMCMultiOutputObjective(outcomes=list(range(len(worst))))
            acquisition = qLogNoisyExpectedHypervolumeImprovement(
                model, worst, everything, objective=objective, **common
            )
        else:
            objective = GenericMCObjective(lambda samples, X=None: samples[..., 0])
            acquisition = qLogNoisyExpectedImprovement(model, everything, objective=objective, **common)

        def score(rows: Array) -> Array:
            with torch.no_grad():
                blocks = [acquisition(block.unsqueeze(1)) for block in _tensor(rows).split(_BLOCK)]
            return np.asarray(torch.cat(blocks).numpy())

        promising = seen.points[np.argsort(-seen.scalar)[:_STARTS]]
        return maximise(self.space, score, promising, seed)

    def best(self, seen: Seen) -> int | None:
        """By posterior mean."""
        if self.task.aims:
            return None
        features = self.space.features(seen.points)
        model = _fitted(features, seen.values[:, 0], seen.variances[:, 0])
        with torch.no_grad():
            mean = model.posterior(_tensor(features)).mean
        return int(mean.squeeze(-1).argmax())

    def _model(self, seen: Seen) -> ModelListGP:
        features = self.space.features(seen.points)
        columns = zip(seen.values.T, seen.variances.T, strict=True)
        models = [_fitted(features, values, variances) for values, variances in columns]
        if len(seen.failed):
            labels = np.concatenate([np.ones(len(features)), -np.ones(len(seen.failed))])
            rows = np.vstack([features, self.space.features(seen.failed)])
            models.append(_fitted(rows, labels, np.full(len(labels), np.nan)))
        return ModelListGP(*models)


def _fitted(features: Array, values: Array, variances: Array) -> SingleTaskGP:
    told = None if np.isnan(variances).any() else _tensor(variances[:, None])
    model = SingleTaskGP(_tensor(features), _tensor(values[:, None]), told, outcome_transform=Standardize(1))
    fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
    return model


def _tensor(array: Array) -> torch.Tensor:
    return torch.tensor(array, dtype=torch.double)
