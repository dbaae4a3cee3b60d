"""What stands at the end of a scanning multimeter's wires: thermocouples and voltage leads at places of the bench."""

from __future__ import annotations

from galvanaut.simulators.world import World

OPEN_CIRCUIT = 9.9e37
"""What an open thermocouple reads."""


def thermocouple_degC(world: World, meter: str, channel: int, place: str, number: int, instant: float) -> float:
    """What a thermocouple shows: the truth at its place, an error that it keeps for ever, and noise.

    Args:
        world: the bench's physics.
        meter: instrument name.
        channel: of the meter.
        place: a chamber, a vessel or a cell holder; anything else is in the room.
        number: of the reading, for its noise.
        instant: of the reading.
    """
    parameters = world.spec.simulation
    error_K = parameters.thermocouple_sd_K * world.deviate("thermocouple", meter, channel)
    noise_K = parameters.thermocouple_noise_K
    if noise_K:
        error_K += noise_K * world.reading_deviate(number, "thermocouple", meter, channel, "noise")
    return _true_degC(world, place, instant) + error_K


def _true_degC(world: World, place: str, instant: float) -> float:
    if place in world.spec.housed():
        return world.air_degC(place, instant)
    if place in world.spec.holders:
        return world.holder_degC(place, instant)
    return world.liquid_degC(place, instant)


def lead_V(world: World, meter: str, place: str | None, instant: float) -> float:
    """What two leads on a cell holder show; 0 V anywhere else. The meter's error is illustrative, and no noise."""
    if place not in world.spec.holders:
        return 0.0
    error = world.spec.simulation.meter_voltage_sd_percent / 100 * world.deviate("meter voltage", meter)
    return world.holders.at(place, instant).voltage_V * (1 + error)
