"""How far a measured conductivity lies from the true one, level by level, as replicates of a robot show it.

Measured on the robot's replicate runs and near-identical electrolytes: one made batch is off by about 6 % in ln k
for good; one filling of the cell by a further 2 % with heavy tails (Student's t, 2.8 degrees of freedom), the same at
every temperature; one reading by 1 %. About one filling in a hundred fails grossly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from galvanaut.simulators.electrolyte.model import ConductivityModel


@dataclass(frozen=True)
class Noise:
    """Scatter of measured conductivities; every factor multiplies the true value and has the median 1.

    Attributes:
        batch_sd: standard deviation in ln k between batches of one recipe.
        run_scale: scale in ln k of the Student-t law between fillings of one batch.
        run_freedom: its degrees of freedom.
        reading_sd: standard deviation in ln k between readings of one filling.
        failure_probability: how often a filling fails.
        failure_low: lowest factor of a failed filling; illustrative.
        failure_high: highest one; illustrative: a bubble between the electrodes hides 20 to 80 % of the liquid, so
            a failed filling always reads too low.
    """

    batch_sd: float = 0.06
    run_scale: float = 0.02
    run_freedom: float = 2.8
    reading_sd: float = 0.01
    failure_probability: float = 0.01
    failure_low: float = 0.2
    failure_high: float = 0.8

    def batch_factor(self, random: np.random.Generator) -> float:
        """How far off one made batch is."""
        return float(np.exp(self.batch_sd * random.standard_normal()))

    def run_factor(self, random: np.random.Generator) -> float:
        """How far off one filling of the cell is, gross failures included."""
        offset = self.run_scale * random.standard_t(self.run_freedom)
        fails = random.random() < self.failure_probability
        bubble = random.uniform(self.failure_low, self.failure_high)
        return float(np.exp(offset) * (bubble if fails else 1.0))

    def reading_factor(self, random: np.random.Generator) -> float:
        """How far off one reading is."""
        return float(np.exp(self.reading_sd * random.standard_normal()))


def measure_mS_cm(
    model: ConductivityModel,
    composition: Mapping[str, float],
    temperature_degC: float,
    random: np.random.Generator,
    readings: int = 5,
    noise: Noise | None = None,
) -> float:
    """What a laboratory reports for one fresh batch in one filling: the mean of some readings, in mS/cm.

    For trying out planners without instruments.

    Args:
        model: the truth.
        composition: as made, mass fractions of the whole electrolyte.
        temperature_degC: of the liquid.
        random: source of all scatter.
        readings: at least 1.
        noise: its sizes; those measured if None.

    Raises:
        UnsupportedError: outside the model's support.
        ValueError: not mass fractions, or no reading.
    """
    if readings < 1:
        raise ValueError(f"readings is {readings}; expected at least 1")
    noise = noise if noise is not None else Noise()
    truth = model.conductivity_mS_cm(composition, temperature_degC)
    offset = noise.batch_factor(random) * noise.run_factor(random)
    return truth * offset * float(np.mean([noise.reading_factor(random) for _ in range(readings)]))
