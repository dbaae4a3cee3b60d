"""The life model: learns from finished cells how cells fade, and says how long another will live, and how surely."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np

from galvanaut.campaigns.analysis.figures import Array, Flags
from galvanaut.campaigns.life.calibration import PROGRESS, WIDEST, Calibration
from galvanaut.campaigns.life.course import LEAST_CYCLES, Course
from galvanaut.campaigns.life.feature import FeatureLine
from galvanaut.campaigns.life.fitting import Prior
from galvanaut.campaigns.life.points import Points
from galvanaut.campaigns.life.population import Ended, Population, nobody
from galvanaut.campaigns.life.posterior import Curves, LifePosterior
from galvanaut.campaigns.life.weighing import Weighed, weigh

VERSION = "double-power-1"
LEAST_FINISHED = 4
_JUDGING_DRAWS = 128
"""Cells that must have ended before anything is claimed."""


@dataclass(frozen=True)
class LifeModel:
    """What finished cells have taught; `learned` makes one.

    Attributes:
        cells: names of the finished cells, sorted.
        population: of the fade law's parameters.
        line: of the discharge-curve feature; None where too few cells have one.
        calibration: leave-one-out, see there.
        digest: of the finished cells' data, in hexadecimal.
    """

    cells: tuple[str, ...]
    population: Population
    line: FeatureLine | None
    calibration: Calibration
    digest: str

    @classmethod
    def learned(cls, finished: Sequence[Course]) -> Self:
        """From cells whose lives have ended, in whatever order; others, and those that died at once, are left out."""
        known = [each for each in finished if each.life is not None and _is_long_enough(each)]
        known.sort(key=lambda each: (each.cell, each.digest))
        digest = hashlib.sha256("".join([VERSION, *(each.digest for each in known)]).encode()).hexdigest()
        names = tuple(each.cell for each in known)
        if not known:
            everybody = nobody()
            return cls(names, everybody.population(np.ones(0, dtype=bool)), None, Calibration.of(*_nothing()), digest)
        school = _School.of(known)
        everyone = np.ones(len(known), dtype=bool)
        return cls(names, school.ended.population(everyone), school.line(everyone), school.calibration(), digest)

    @property
    def is_calibrated(self) -> bool:
        """Whether enough cells have ended; before, posteriors are no more than a prior."""
        return len(self.cells) >= LEAST_FINISHED

    @property
    def version(self) -> str:
        """Of the model and of what it has learnt, for the ledger."""
        return f"{VERSION}+{self.digest[:12]}"

    def posterior(self, course: Course) -> LifePosterior:
        """What is believed of one cell."""
        return self.posteriors([course])[0]

    def posteriors(self, courses: Sequence[Course]) -> list[LifePosterior]:
        """What is believed of several cells, all worked out together."""
        going = [each for each in courses if each.life is None]
        points = Points.of(going)
        weighed = weigh(points, self.population.misfit, _prior(self.population, self.line, going)) if going else None
        found = iter(self._calibrated(going, points, weighed)) if weighed is not None else iter(())
        return [next(found) if each.life is None else self._over(each) for each in courses]

    def _calibrated(self, courses: Sequence[Course], points: Points, weighed: Weighed) -> list[LifePosterior]:
        posteriors = []
        for row, course in enumerate(courses):
            mean, sd = float(weighed.log_life[row]), float(weighed.sd[row])
            shift, inflation = self.calibration.at(course.cycles / float(np.exp(mean)))
            widened = min(WIDEST, inflation * sd)
            curves = Curves(
                weighed.theta[:, row],
                weighed.weight[:, row],
                mean,
                float(points.whole[row]),
                self.population.bend,
                float(points.peak[row]),
                float(course.share[-3:].mean()),
            )
            known = (course.cell, mean - shift, widened, course.cycles, False, widened / sd, self.is_calibrated, curves)
            posteriors.append(LifePosterior(*known))
        return posteriors

    def _over(self, course: Course) -> LifePosterior:
        life = course.cycles
        return LifePosterior(course.cell, float(np.log(life)), 0.0, life, True, 1.0, self.is_calibrated)


@dataclass(frozen=True)
class _School:
    """Finished cells that judge each other.

    Attributes:
        courses: of n cells.
        ended: their fits.
        log_lives: (n,).
        features: (n,), NaN where unknown.
    """

    courses: Sequence[Course]
    ended: Ended
    log_lives: Array
    features: Array

    @classmethod
    def of(cls, courses: Sequence[Course]) -> Self:
        lives = np.array([each.cycles for each in courses])
        features = [np.nan if each.feature is None else each.feature for each in courses]
        whole = [each.until(each.cycles) for each in courses]
        return cls(courses, Ended.of(Points.of(whole), lives), np.log(lives), np.array(features))

    def line(self, rows: Flags) -> FeatureLine | None:
        return FeatureLine.of(self.features[rows], self.log_lives[rows])

    def calibration(self) -> Calibration:
        """Each cell at some shares of its life, predicted by those of other groups."""
        if len(self.courses) < 2:
            return Calibration.of(*_nothing())
        earlier = [each.until(share * each.cycles) for share in PROGRESS for each in self.courses]
        others = [self._without(each) for each in self.courses] * len(PROGRESS)
        priors = [_prior(*taught, [each]) for taught, each in zip(others, earlier, strict=True)]
        prior = Prior(*(np.concatenate([getattr(each, f.name) for each in priors]) for f in fields(Prior)))
        misfit = np.array([population.misfit for population, _ in others])[:, None]
        weighed = weigh(Points.of(earlier), misfit, prior, _JUDGING_DRAWS)
        shape = len(PROGRESS), len(self.courses)
        return Calibration.of(weighed.log_life.reshape(shape) - self.log_lives, weighed.sd.reshape(shape))

    def _without(self, course: Course) -> tuple[Population, FeatureLine | None]:
        """What all but a cell and those of its group teach; all but the cell, if there is only one group."""
        others = np.array([not _belong(course, each) for each in self.courses])
        if not others.any():
            others = np.array([each is not course for each in self.courses])
        return self.ended.population(others), self.line(others)


def _belong(first: Course, second: Course) -> bool:
    return first is second or (bool(first.group) and first.group == second.group)


def _prior(population: Population, line: FeatureLine | None, courses: Sequence[Course]) -> Prior:
    """What is believed of cells before their fade is seen; where the feature is known, by that."""
    prior = population.prior(len(courses))
    for row, course in enumerate(courses):
        if line is not None and course.feature is not None:
            informed = _told(population, *line.predict(course.feature)).prior(1)
            prior.mean[row], prior.precision[row] = informed.mean[0], informed.precision[0]
    return prior


def _told(population: Population, log_life: float, variance: float) -> Population:
    """The population with another belief about the life; the other parameters follow as they go with it."""
    covariance = population.covariance
    along = covariance[:, 0] / covariance[0, 0]
    mean = population.mean + along * (log_life - population.mean[0])
    changed = covariance + np.outer(along, along) * (variance - covariance[0, 0])
    return replace(population, mean=mean, covariance=changed)


def _is_long_enough(course: Course) -> bool:
    return bool((course.cycle <= course.cycles).sum() >= LEAST_CYCLES)


def _nothing() -> tuple[Array, Array]:
    return np.empty((len(PROGRESS), 0)), np.empty((len(PROGRESS), 0))
