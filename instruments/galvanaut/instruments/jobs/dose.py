"""Dose one stock into a vessel that stands on a balance; the balance says what was really given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from galvanaut.instruments.jobs.action import Job, JobFailedError
from galvanaut.instruments.jobs.pumping import pump_once

if TYPE_CHECKING:
    from galvanaut.instruments.bench import Bench

DOSE_TOLERANCE = 0.2
"""A dose further off than this share (and by more than 20 mg) is a fault of the line, not scatter."""


@dataclass(frozen=True)
class Dose:
    """Give ``volume_mL`` of a stock.

    Attributes:
        stock, lot: the bottle.
        pump, balance, vessel: names on the bench.
        volume_mL: as set on the pump.
        expected_g: volume times the stock's density.
        vessel_g: what the balance showed after the dose before, if there was one: nobody may have touched the vessel.
    """

    stock: str
    lot: str
    pump: str
    balance: str
    vessel: str
    volume_mL: float
    expected_g: float
    vessel_g: float | None = None

    expires: ClassVar[bool] = False

    def request(self) -> Mapping[str, Any]:
        """Plain JSON."""
        return {"kind": "dose", **asdict(self)}

    def needs(self, bench: Bench) -> list[str]:
        """The pump, the balance and the vessel."""
        return [self.pump, self.balance, self.vessel]

    async def perform(self, job: Job) -> Mapping[str, Any]:
        """Weigh, pump once, weigh.

        Returns:
            ``mass_g`` given by the balance's account, with the weights it comes from; where a person had to say how
            much it was, ``by_hand`` names it.

        Raises:
            JobFailedError: what arrived is not what was pumped: bottle empty, line blocked or leaking.
        """
        pump, balance = job.bench.pump(self.pump), job.bench.balance(self.balance)
        what = f"{self.volume_mL:g} mL of {self.stock} by {self.pump} into {self.vessel}"
        moved = await pump_once(job, pump, balance, self.volume_mL, self.expected_g, self.vessel_g, what=what)
        mass_g, witness = moved.gained_g, self.balance if moved.by_hand_g is None else "a person"
        if abs(mass_g - self.expected_g) > max(0.02, DOSE_TOLERANCE * self.expected_g):
            raise JobFailedError(
                f"job {job.key}: {self.pump} gave {self.volume_mL:g} mL of {self.stock}, {self.expected_g:.4f} g were "
                f"expected but {witness} saw {mass_g:.4f} g. Is the bottle empty or the line blocked or leaking?"
            )
        return moved.result(mass_g)
