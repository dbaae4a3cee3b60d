"""What an LCR meter sees of a conductivity cell.

A series circuit: leads (resistance and inductance), the two electrodes' double layers, the liquid. Its phase is
smallest where inductance and double layer cancel, 50 kHz with the default parameters; there Re(Z) is the cell constant
over the conductivity plus the lead resistance.
"""

from __future__ import annotations

from math import pi

from galvanaut.core.errors import GalvanautError
from galvanaut.core.identifiers import generator
from galvanaut.simulators.world import World

FILLED = 0.95
"""Share of a flow cell's volume that must hold liquid; with less the electrodes are not wetted. Illustrative."""

SOLVENTS = frozenset({"EC", "PC", "DMC", "EMC", "H2O"})
NEAT = 1 - 1e-4
"""Mass fraction of solvents above which a liquid counts as neat. Illustrative."""
NEAT_MS_CM = 1e-3
"""What a neat solvent conducts, by its impurities. Illustrative."""


class OpenCellError(GalvanautError):
    """The cell holds too little liquid to conduct."""


def conductivity_mS_cm(world: World, cell: str, reading: int, instant: float) -> float:
    """What the liquid in a flow cell conducts in one reading, scatter included.

    Raises:
        OpenCellError: the cell is not filled.
        UnsupportedError: no data say what such a liquid conducts.
    """
    vessel = world.at(instant).vessels[cell]
    if vessel.volume_mL(world.chemistry.density_g_mL) < FILLED * (vessel.capacity_mL or 0.0):
        raise OpenCellError(f"the flow cell {cell} is not filled")
    composition = vessel.composition()
    if sum(share for key, share in composition.items() if key in SOLVENTS) > NEAT:
        return NEAT_MS_CM
    value = world.chemistry.conductivity_mS_cm(composition, world.liquid_degC(cell, instant))
    if not world.spec.simulation.conductivity_noise:
        return value
    chemistry, seed = world.chemistry, world.seed
    if not chemistry.is_standard(composition):
        value *= chemistry.batch_factor(generator(seed, "batch", vessel.origin))
    value *= chemistry.run_factor(generator(seed, "run", cell, vessel.fillings))
    return value * chemistry.reading_factor(generator(seed, "reading", cell, vessel.fillings, reading))


def cell_constant_per_cm(world: World, cell: str) -> float:
    """The true cell constant, fixed by the world's seed."""
    parameters = world.spec.simulation
    spread = parameters.cell_constant_sd_percent / 100 * world.deviate("cell constant", cell)
    return parameters.cell_constant_per_cm * (1 + spread)


def impedance_ohm(world: World, cell: str, frequency_Hz: float, reading: int, instant: float) -> complex:
    """The cell's impedance in one reading; raises as `conductivity_mS_cm`."""
    parameters = world.spec.simulation
    siemens_per_cm = conductivity_mS_cm(world, cell, reading, instant) / 1e3
    omega = 2 * pi * frequency_Hz
    reactance = omega * parameters.lead_uH * 1e-6 - 1 / (omega * parameters.double_layer_uF * 1e-6)
    return complex(parameters.lead_ohm + cell_constant_per_cm(world, cell) / siemens_per_cm, reactance)
