"""How well a source meter reads: an error of gain that it keeps for ever, and noise of its own for each reading."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from galvanaut.simulators.world import World

Array = NDArray[np.float64]


def read_voltage_V(world: World, meter: str, number: int, true_V: float) -> float:
    """What a source meter reads as its ``number``-th voltage."""
    parameters = world.spec.simulation
    gain = 1 + parameters.source_voltage_gain_sd_percent / 100 * world.deviate("source", meter, "voltage gain")
    noise_V = parameters.source_voltage_noise_uV * 1e-6
    return true_V * gain + (noise_V * world.reading_deviate(number, "source", meter, "voltage") if noise_V else 0.0)


def read_current_A(world: World, meter: str, number: int, true_A: float) -> float:
    """What a source meter reads as its ``number``-th current."""
    parameters = world.spec.simulation
    gain = 1 + parameters.source_current_gain_sd_percent / 100 * world.deviate("source", meter, "current gain")
    noise_A = parameters.source_current_noise_nA * 1e-9
    return true_A * gain + (noise_A * world.reading_deviate(number, "source", meter, "current") if noise_A else 0.0)


def read_voltages_V(world: World, meter: str, first: int, true_V: Array) -> Array:
    """As `read_voltage_V`, for successive readings of which the first one has this number; shape (n,)."""
    parameters = world.spec.simulation
    gain = 1 + parameters.source_voltage_gain_sd_percent / 100 * world.deviate("source", meter, "voltage gain")
    return true_V * gain + _noise(
        world, meter, "voltage", first, len(true_V), parameters.source_voltage_noise_uV * 1e-6
    )


def read_currents_A(world: World, meter: str, first: int, true_A: Array) -> Array:
    """As `read_current_A`, likewise."""
    parameters = world.spec.simulation
    gain = 1 + parameters.source_current_gain_sd_percent / 100 * world.deviate("source", meter, "current gain")
    return true_A * gain + _noise(
        world, meter, "current", first, len(true_A), parameters.source_current_noise_nA * 1e-9
    )


def _noise(world: World, meter: str, quantity: str, first: int, count: int, size: float) -> Array:
    return size * world.reading_deviates(first, count, "source", meter, quantity) if size else np.zeros(count)
