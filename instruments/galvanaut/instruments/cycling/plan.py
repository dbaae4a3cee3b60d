"""The test plan: an aurora-unicycler protocol and what it leaves out, as a person writes it in YAML.

unicycler's vocabulary is used as it is, so that one plan also runs on the cyclers that unicycler exports to. Traps of
it that `galvanaut.instruments.cycling.check` looks for: 0 V counts as "not set", an empty ``safety`` is accepted, and
a step may lie outside of the protocol's own ``safety``.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from aurora_unicycler import CyclingProtocol
from pydantic import BaseModel, ConfigDict, Field, model_validator

from galvanaut.core import yamlfile
from galvanaut.core.errors import InputError
from galvanaut.core.units import Unit
from galvanaut.instruments.cycling.capacity import MEASURED, Capacity
from galvanaut.instruments.cycling.stoprules import StopRules
from galvanaut.instruments.envelope import Envelope

PERIOD_MAX_S = 10.0
"""A cell is looked at no less often than this, however rarely its protocol wants to record."""
LOOK_MAX_S = 900.0
"""The same for a cell whose meter records by itself: it bounds voltage and current without the host, and the host comes
back before the envelope's charge can have moved. What waits is the temperature (illustrative)."""


class TestPlan(BaseModel):
    """What is to be done with one cell.

    Attributes:
        protocol: steps, recording, safety, in the words of aurora-unicycler (V, mA, mAh, s; positive charges). Every
            reading is kept, so its thresholds for recording by change have no effect; a limit of its ``safety`` is
            acted upon at once, whatever its ``delay_s``.
        temperature_degC: of the chamber, degC; it is not set by the test.
        envelope: may only be narrower than that of the cell's holder.
        nominal_capacity_Ah: what C-rates refer to, Ah, unless the protocol says it (``sample.capacity_mAh``);
            ``measured`` leaves it to whoever starts the test, see `with_capacity`.
        poll_s: time between two readings, s; by default that of the protocol's ``record``, at most 10 s. A source
            meter that records by itself reads as often as the protocol's ``record`` says.
        look_s: time between two looks of the host at a source meter that records by itself, s, at most 900 s; by
            default as often as readings are taken, at least every 10 s. Between two looks the meter alone bounds
            voltage and current; temperature and everything else that stops a test wait for the next look, which
            comes in time for the end of a step and for the charge of the envelope.
            Where the meter has to be asked for each reading, a look is a reading, and 10 s are the most.
        slope_max_V_s: change of voltage that stops the test, V/s; none by default.
        after_interruption: what becomes of the test when its cell is found without current after a restart of the
            program: ``stop``, or ``continue`` in its step, after limits and cell were looked at as at a start. The time
            without current is no time of the step.
        stop_rules: end the test before its last step, e.g. when 80 % of the capacity are left.
        replicates: cells that a campaign is to test like this; one test does not look at it.
    """

    __test__: ClassVar[bool] = False  # begins like a class of tests, and pytest would take it for one
    model_config = ConfigDict(extra="forbid", frozen=True)

    protocol: CyclingProtocol
    temperature_degC: Annotated[float, Unit("degC")] | None = Field(default=None, alias="temperature")
    envelope: Envelope | None = None
    nominal_capacity_Ah: Capacity | None = Field(default=None, alias="nominal_capacity")
    poll_s: Annotated[float, Unit("s"), Field(gt=0, le=PERIOD_MAX_S)] | None = Field(default=None, alias="poll_period")
    look_s: Annotated[float, Unit("s"), Field(gt=0, le=LOOK_MAX_S)] | None = Field(default=None, alias="look_period")
    slope_max_V_s: Annotated[float, Unit("V/s"), Field(gt=0)] | None = Field(
        default=None, alias="maximum_voltage_slope"
    )
    after_interruption: Literal["stop", "continue"] = "stop"
    stop_rules: StopRules | None = None
    replicates: int = Field(default=1, ge=1)

    @model_validator(mode="after")
    def _check_capacity(self) -> Self:
        sample_mAh, given_Ah = self.protocol.sample.capacity_mAh, self.nominal_capacity_Ah
        if sample_mAh is None or given_Ah is None:
            return self
        if given_Ah == MEASURED or abs(sample_mAh - 1000 * given_Ah) > 1e-6 * given_Ah:
            given = MEASURED if given_Ah == MEASURED else f"{1000 * given_Ah:g} mAh"
            raise ValueError(f"nominal_capacity is {given} but protocol.sample.capacity_mAh {sample_mAh:g}; give one")
        return self

    @property
    def period_s(self) -> float:
        """Time between two readings that the host asks for, s."""
        return self.poll_s or min(self.look_s or self.sampling_s, self.sampling_s, PERIOD_MAX_S)

    @property
    def sampling_s(self) -> float:
        """Time between two readings that an instrument takes by itself, s."""
        return float(self.protocol.record.time_s)

    @property
    def looking_s(self) -> float:
        """Longest time between two looks at an instrument that records by itself, s."""
        return self.look_s or min(self.sampling_s, PERIOD_MAX_S)

    @property
    def capacity_Ah(self) -> float | None:
        """What C-rates refer to, Ah; None if that is not known, or not yet."""
        sample_mAh, given_Ah = self.protocol.sample.capacity_mAh, self.nominal_capacity_Ah
        if sample_mAh is not None:
            return sample_mAh / 1000
        return None if given_Ah == MEASURED else given_Ah

    @property
    def wants_capacity(self) -> bool:
        """Whether C-rates refer to a capacity that has still to be measured."""
        return self.nominal_capacity_Ah == MEASURED

    def with_capacity(self, capacity_Ah: float) -> TestPlan:
        """The same plan with the capacity that was measured, Ah.

        Raises:
            InputError: the plan says its capacity itself, or this is none.
        """
        if not self.wants_capacity:
            raise InputError("test plan", f"nominal_capacity is given, not {MEASURED}; a second one has no place")
        if not 0 < capacity_Ah < float("inf"):
            raise InputError("test plan", f"a measured capacity of {capacity_Ah:g} Ah is none")
        return self.model_copy(update={"nominal_capacity_Ah": float(capacity_Ah)})

    def with_rate(self, rate_C: float) -> TestPlan:
        """The same plan with this C-rate in all its constant-current steps, charging and discharging.

        Raises:
            InputError: a step says its current in mA, or there is none.
        """
        data = self.as_json()
        steps = [step for step in data["protocol"]["method"] if step["step"] == "constant_current"]
        if not steps or any("rate_C" not in step for step in steps):
            raise InputError("test plan", "has no constant-current step whose rate_C could be chosen, or one in mA")
        for step in steps:
            step["rate_C"] = math.copysign(rate_C, float(step["rate_C"]))
        return self.model_validate(data)

    def as_json(self) -> dict[str, Any]:
        """Plain JSON from which the same plan can be made."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


def load_plan(path: Path) -> TestPlan:
    """Read a test plan.

    Raises:
        InputError: with every problem found, its path in the file and its line.
    """
    return yamlfile.load(path, TestPlan)
