"""Cycle life by invented rules (illustrative: no data stands behind any constant of this file).

A cell ages by a film that grows (`growth`), by lithium that plates where the liquid conducts badly (`plating`), and by
films that are too thick from the start (`burden`). Its life is inversely proportional to the sum.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from galvanaut.campaigns.space import SearchSpace
from problems.conductivity import law_mS_cm, papers_law, shipped_law

Array = NDArray[np.float64]

CYCLES = 260.0
"""Life at a rate of 1."""
_REFERENCE_MS_CM = 9.0
_TEMPERATURE_DEGC = 25.0


@dataclass(frozen=True)
class Additive:
    """What an additive does.

    Attributes:
        most: share of the film's growth that a large dose stops.
        dose: at which 63 % of that is reached, as the variable counts (mass fraction, mol/kg).
        burden: rate that twice this dose adds.
    """

    most: float
    dose: float
    burden: float


@dataclass(frozen=True)
class LifeLaw:
    """Constants of the rules.

    Attributes:
        additives: by variable.
        together: what two additives do beyond each alone, as a share of growth; negative where they help each other.
        bare_ec: below this share of EC no good film forms; the place, width and strength of that.
        growth, plating: rates of a plain electrolyte.
        plating_power: of the conductivity.
        methyl: rate that pure DMC adds.
        salt_film: by salt, factor on growth.
        salt_attack: by salt, rate that 1.2 mol/kg adds by attacking the collector; grows with the fourth power.
        salt_thrift: share of growth that 1 mol/kg more salt saves.
        fitted_to_all: conductivity from the law fitted to all measurements, or from that to the papers.
    """

    additives: Mapping[str, Additive]
    together: Mapping[tuple[str, str], float] = field(default_factory=dict)
    bare_ec: tuple[float, float, float] = (0.12, 0.03, 2.0)
    growth: float = 1.0
    plating: float = 0.3
    plating_power: float = 1.5
    methyl: float = 0.35
    salt_film: Mapping[str, float] = field(default_factory=dict)
    salt_attack: Mapping[str, float] = field(default_factory=dict)
    salt_thrift: float = 0.35
    fitted_to_all: bool = True


TRUTH = LifeLaw(
    additives={
        "VC": Additive(0.50, 0.008, 0.03),
        "FEC": Additive(0.46, 0.020, 0.012),
        "PS": Additive(0.34, 0.010, 0.025),
        "DTD": Additive(0.30, 0.006, 0.03),
        "LiDFOB": Additive(0.38, 0.030, 0.02),
    },
    together={("VC", "FEC"): 0.45, ("FEC", "DTD"): -0.10, ("FEC", "LiDFOB"): -0.12, ("VC", "PS"): -0.08},
    salt_film={"LiFSI": 0.82},
    salt_attack={"LiFSI": 0.22, "LiPF6": 0.03},
)
PRIOR = LifeLaw(
    additives={
        "VC": Additive(0.66, 0.006, 0.02),
        "FEC": Additive(0.35, 0.028, 0.01),
        "PS": Additive(0.22, 0.014, 0.02),
        "DTD": Additive(0.38, 0.008, 0.02),
        "LiDFOB": Additive(0.25, 0.022, 0.03),
    },
    bare_ec=(0.10, 0.04, 1.4),
    plating=0.4,
    plating_power=1.0,
    methyl=0.2,
    salt_thrift=0.2,
    fitted_to_all=False,
)
"""Simpler: nothing about salts, nothing about additives together, and each additive's effect wrong by 24 to 35 %."""


@dataclass(frozen=True)
class Life:
    """The truth, in cycles.

    Attributes:
        space: search space.
    """

    space: SearchSpace

    def __call__(self, points: Array) -> Array:
        """(n, variables) to (n,)."""
        return life_cycles(TRUTH, self.space, points)

    def prior(self, points: Array) -> Array:
        """What a simpler law with other constants says, in cycles, (n,)."""
        return life_cycles(PRIOR, self.space, points)


def life_cycles(law: LifeLaw, space: SearchSpace, points: Array) -> Array:
    """Life in cycles, (n, variables) to (n,)."""
    values = dict(zip(space.names, points.T, strict=True))
    salt = values["LiPF6"] + values.get("LiFSI", 0.0)
    parameters = shipped_law() if law.fitted_to_all else papers_law()
    conductivity = law_mS_cm(parameters, space, points, _TEMPERATURE_DEGC)
    rate = law.growth * _film(law, values, salt)
    rate += law.plating * (_REFERENCE_MS_CM / conductivity) ** law.plating_power + law.methyl * values["DMC"]
    for name, attack in law.salt_attack.items():
        rate += attack * (values.get(name, 0.0) / 1.2) ** 4
    for name, additive in law.additives.items():
        rate += additive.burden * (values.get(name, 0.0) / additive.dose / 2.0) ** 2
    return np.asarray(CYCLES / rate)


def _film(law: LifeLaw, values: Mapping[str, Array], salt: Array) -> Array:
    """Growth of the film over that of a plain electrolyte."""
    reached = {
        name: 1.0 - np.exp(-values[name] / additive.dose) for name, additive in law.additives.items() if name in values
    }
    film = np.exp(-law.salt_thrift * (salt - 1.0))
    for name, share in reached.items():
        film = film * (1.0 - law.additives[name].most * share)
    for (first, second), effect in law.together.items():
        if first in reached and second in reached:
            film = film * (1.0 + effect * reached[first] * reached[second])
    for name, factor in law.salt_film.items():
        film = film * factor ** (values.get(name, np.zeros_like(salt)) / salt)
    place, width, strength = law.bare_ec
    return np.asarray(film * (1.0 + strength / (1.0 + np.exp((values["EC"] - place) / width))))
