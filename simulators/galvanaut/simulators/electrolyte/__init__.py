"""The electrolytes of the simulated bench: conductivity fitted to measurements, its support, its scatter."""

from galvanaut.simulators.electrolyte.liquids import Liquids
from galvanaut.simulators.electrolyte.model import ConductivityModel, prior_model
from galvanaut.simulators.electrolyte.noise import Noise, measure_mS_cm
from galvanaut.simulators.electrolyte.optimum import Optimum, find_optimum
from galvanaut.simulators.electrolyte.support import region, solvent_hull, supported

__all__ = [
    "ConductivityModel",
    "Liquids",
    "Noise",
    "Optimum",
    "find_optimum",
    "measure_mS_cm",
    "prior_model",
    "region",
    "solvent_hull",
    "supported",
]
