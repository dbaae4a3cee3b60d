"""Bring the conductivity cell to temperature, and read its resistance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from galvanaut.instruments.jobs.action import Job, JobFailedError

if TYPE_CHECKING:
    from galvanaut.instruments.bench import Bench

POLL_S = 30.0
"""How often the chamber is asked while it settles."""
RAMP_K_s = 0.5 / 60
"""A chamber that is well heats and cools faster than this (illustrative)."""


@dataclass(frozen=True)
class Settle:
    """Hold a chamber at a temperature.

    Attributes:
        chamber: name on the bench.
        temperature_degC: the set point.
        tolerance_K: largest distance of the reading from the set point.
        hold_s: time within the tolerance without a break, so that what stands inside follows.
        limit_s: time after which the job fails.
    """

    chamber: str
    temperature_degC: float
    tolerance_K: float
    hold_s: float
    limit_s: float = 4 * 3600.0

    expires: ClassVar[bool] = True

    def request(self) -> Mapping[str, Any]:
        """Plain JSON."""
        return {"kind": "settle", **asdict(self)}

    def needs(self, bench: Bench) -> list[str]:
        """The chamber."""
        return [self.chamber]

    async def perform(self, job: Job) -> Mapping[str, Any]:
        """Set, then watch until it has held.

        Returns:
            ``temperature_degC``, the last reading.

        Raises:
            JobFailedError: the chamber did not hold within the limit.
        """
        chamber = job.bench.chamber(self.chamber)
        await job.ask(chamber.set_temperature, self.temperature_degC)
        await job.ask(chamber.run)
        began = job.now()
        deadline = began + self.limit_s
        steady_since: float | None = None
        away_K: float | None = None
        while True:
            reading = await job.ask(chamber.temperature_degC)
            if away_K is None:
                away_K = abs(reading - self.temperature_degC)
                job.expects(self.hold_s + away_K / RAMP_K_s, began)
            if abs(reading - self.temperature_degC) > self.tolerance_K:
                steady_since = None
            elif steady_since is None:
                steady_since = job.now()
            if steady_since is not None and job.now() - steady_since >= self.hold_s:
                return {"temperature_degC": reading}
            if job.now() > deadline:
                raise JobFailedError(
                    f"job {job.key}: {self.chamber} reads {reading:g} degC and did not hold {self.temperature_degC:g} "
                    f"+- {self.tolerance_K:g} degC for {self.hold_s / 60:g} min within {self.limit_s / 3600:g} h."
                )
            await job.sleep(POLL_S)


@dataclass(frozen=True)
class MeasureImpedance:
    """Read the resistance of what is in the cell, several times.

    Attributes:
        meter, chamber, vessel: names on the bench.
        readings: number of sweeps.
        temperature_degC, tolerance_K: where the chamber must be, before and after; twice the tolerance passes, as
            settling has held it within once.
    """

    meter: str
    chamber: str
    vessel: str
    readings: int
    temperature_degC: float
    tolerance_K: float

    expires: ClassVar[bool] = False

    def request(self) -> Mapping[str, Any]:
        """Plain JSON."""
        return {"kind": "impedance", **asdict(self)}

    def needs(self, bench: Bench) -> list[str]:
        """The meter and the cell; the chamber only answers a question."""
        return [self.meter, self.vessel]

    async def perform(self, job: Job) -> Mapping[str, Any]:
        """Sweep ``readings`` times; a sweep moves nothing, so after a crash all are read anew.

        Returns:
            ``resistance_ohm``: a list; ``temperature_degC``: the chamber's reading; the sweeps themselves:
            ``frequency_Hz``, and ``real_ohm`` and ``imaginary_ohm`` with a list of as many numbers for each of them.

        Raises:
            InstrumentError: a sweep has no resistive point, e.g. with a bubble or an empty cell.
            JobFailedError: the chamber is not where it should be.
        """
        from galvanaut.instruments.conductometry import FREQUENCIES_HZ, most_resistive_point

        meter = job.bench.impedance_meter(self.meter)
        await self._temperature(job)
        sweeps, points = [], []
        for _ in range(self.readings):
            sweeps.append(await job.ask(meter.sweep, FREQUENCIES_HZ))
            points.append(most_resistive_point(FREQUENCIES_HZ, sweeps[-1], str(meter)))
        return {
            "resistance_ohm": [point.resistance_ohm for point in points],
            "temperature_degC": await self._temperature(job),
            "frequency_Hz": list(FREQUENCIES_HZ),
            "real_ohm": [sweep.real.tolist() for sweep in sweeps],
            "imaginary_ohm": [sweep.imag.tolist() for sweep in sweeps],
        }

    async def _temperature(self, job: Job) -> float:
        reading = await job.ask(job.bench.chamber(self.chamber).temperature_degC)
        if abs(reading - self.temperature_degC) > 2 * self.tolerance_K:
            raise JobFailedError(
                f"job {job.key}: {self.chamber} reads {reading:g} degC, not {self.temperature_degC:g} +- "
                f"{2 * self.tolerance_K:g} degC, so nothing is measured. Is its door open or its output off?"
            )
        return reading
