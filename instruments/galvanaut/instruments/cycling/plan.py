"""The test plan: an aurora-unicycler protocol and what it leaves out, as a person writes it in YAML.

unicycler's vocabulary is used as it is, so that one plan also runs on the cyclers that unicycler exports to. Traps of
it that `galvanaut.instruments.cycling.check` looks for: 0 V counts as "not set", an empty ``safety`` is accepted, and
a step may lie outside of the protocol's own ``safety``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from aurora_unicycler import CyclingProtocol
from pydantic import BaseModel, ConfigDict, Field, model_validator

from galvanaut.core import yamlfile
from galvanaut.core.units import Unit
from galvanaut.instruments.envelope import Envelope

PERIOD_MAX_S = 10.0
"""A cell is looked at no less often than this, however rarely its protocol wants to record."""


class TestPlan(BaseModel):
    """What is to be done with one cell.

    Attributes:
        protocol: steps, recording, safety, in the words of aurora-unicycler (V, mA, mAh, s; positive charges). Every
            reading is kept, so its thresholds for recording by change have no effect; a limit of its ``safety`` is
            acted upon at once, whatever its ``delay_s``.
        temperature_degC: of the chamber, degC; it is not set by the test.
        envelope: may only be narrower than that of the cell's holder.
        nominal_capacity_Ah: what C-rates refer to, Ah, unless the protocol says it (``sample.capacity_mAh``).
        poll_s: time between two readings, s; by default that of the protocol's ``record``, at most 10 s.
        slope_max_V_s: change of voltage that stops the test, V/s; none by default.
        after_interruption: what becomes of the test when its cell is found without current after a restart of the
            program: ``stop``, or ``continue`` in its step, after limits and cell were looked at as at a start.
    """

    __test__: ClassVar[bool] = False  # begins like a class of tests, and pytest would take it for one
    model_config = ConfigDict(extra="forbid", frozen=True)

    protocol: CyclingProtocol
    temperature_degC: Annotated[float, Unit("degC")] | None = Field(default=None, alias="temperature")
    envelope: Envelope | None = None
    nominal_capacity_Ah: Annotated[float, Unit("Ah"), Field(gt=0)] | None = Field(
        default=None, alias="nominal_capacity"
    )
    poll_s: Annotated[float, Unit("s"), Field(gt=0, le=PERIOD_MAX_S)] | None = Field(default=None, alias="poll_period")
    slope_max_V_s: Annotated[float, Unit("V/s"), Field(gt=0)] | None = Field(
        default=None, alias="maximum_voltage_slope"
    )
    after_interruption: Literal["stop", "continue"] = "stop"

    @model_validator(mode="after")
    def _check_capacity(self) -> Self:
        sample_mAh = self.protocol.sample.capacity_mAh
        if sample_mAh is not None and self.nominal_capacity_Ah is not None:
            given_mAh = 1000 * self.nominal_capacity_Ah
            if abs(sample_mAh - given_mAh) > 1e-9 * given_mAh:
                raise ValueError(
                    f"nominal_capacity is {given_mAh:g} mAh but protocol.sample.capacity_mAh {sample_mAh:g}; give one"
                )
        return self

    @property
    def period_s(self) -> float:
        """Time between two readings, s."""
        return self.poll_s or min(float(self.protocol.record.time_s), PERIOD_MAX_S)

    @property
    def capacity_Ah(self) -> float | None:
        """What C-rates refer to, Ah."""
        sample_mAh = self.protocol.sample.capacity_mAh
        return self.nominal_capacity_Ah if sample_mAh is None else sample_mAh / 1000

    def as_json(self) -> dict[str, Any]:
        """Plain JSON from which the same plan can be made."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


def load_plan(path: Path) -> TestPlan:
    """Read a test plan.

    Raises:
        InputError: with every problem found, its path in the file and its line.
    """
    return yamlfile.load(path, TestPlan)
