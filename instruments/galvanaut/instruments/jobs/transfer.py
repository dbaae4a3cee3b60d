"""Pump liquid out of a vessel on a balance, through the conductivity cell, to waste."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from galvanaut.instruments.jobs.action import Job, JobFailedError
from galvanaut.instruments.jobs.pumping import pump_once

if TYPE_CHECKING:
    from galvanaut.instruments.bench import Bench


RESIDUE_G = 0.3
"""More than the film that stays in an emptied vessel, and less than a dose worth speaking of (illustrative)."""


@dataclass(frozen=True)
class Transfer:
    """Move a measured volume from one vessel into the next.

    Attributes:
        pump, balance, source, into: names on the bench; the balance stands under ``source``.
        volume_mL: as set on the pump.
        expected_g: mass that should leave the source.
    """

    pump: str
    balance: str
    source: str
    into: str
    volume_mL: float
    expected_g: float

    expires: ClassVar[bool] = False

    def request(self) -> Mapping[str, Any]:
        """Plain JSON."""
        return {"kind": "transfer", **asdict(self)}

    def needs(self, bench: Bench) -> list[str]:
        """The pump, the balance and both vessels."""
        return [self.pump, self.balance, self.source, self.into]

    async def perform(self, job: Job) -> Mapping[str, Any]:
        """Weigh, pump once, weigh.

        Returns:
            ``mass_g`` that left the source; where a person had to say how much it was, ``by_hand`` names it.

        Raises:
            JobFailedError: less than half of it left.
        """
        pump, balance = job.bench.pump(self.pump), job.bench.balance(self.balance)
        what = f"{self.volume_mL:g} mL by {self.pump} from {self.source} into {self.into}"
        moved = await pump_once(job, pump, balance, self.volume_mL, -self.expected_g, what=what)
        moved_g = moved.lost_g
        if moved_g < self.expected_g / 2:
            raise JobFailedError(
                f"job {job.key}: {self.pump} ran for {self.volume_mL:g} mL but only {moved_g:.4f} g of "
                f"{self.expected_g:.4f} g left {self.source}. Is the line to {self.into} blocked or sucking air?"
            )
        return moved.result(moved_g)


@dataclass(frozen=True)
class Empty:
    """Pump a vessel dry. Emptying an empty vessel moves only air, so after a crash it is simply done again.

    Attributes:
        pump, balance, source, into: names on the bench; the balance stands under ``source``.
        volume_mL: as set on the pump: more than the vessel can hold at this point.
        dry_g: the balance's reading with the vessel emptied, if that is known: it must come back to it.
    """

    pump: str
    balance: str
    source: str
    into: str
    volume_mL: float
    dry_g: float | None = None

    expires: ClassVar[bool] = False

    def request(self) -> Mapping[str, Any]:
        """Plain JSON."""
        return {"kind": "empty", **asdict(self)}

    def needs(self, bench: Bench) -> list[str]:
        """The pump, the balance and both vessels."""
        return [self.pump, self.balance, self.source, self.into]

    async def perform(self, job: Job) -> Mapping[str, Any]:
        """Let a stroke that still runs end, pump, weigh.

        Returns:
            ``rest_g``: the balance's reading of the empty vessel.

        Raises:
            JobFailedError: liquid is left in it.
        """
        pump, balance = job.bench.pump(self.pump), job.bench.balance(self.balance)
        while await job.ask(pump.state) == "infusing":
            await job.sleep(1.0)
        job.notes.clear()
        what = f"all of {self.source} by {self.pump} into {self.into}"
        moved = await pump_once(job, pump, balance, self.volume_mL, -1.0, what=what)
        before_g, after_g = moved.before_g, moved.after_g
        if self.dry_g is not None and after_g - self.dry_g > RESIDUE_G:
            raise JobFailedError(
                f"job {job.key}: {self.source} was to be emptied but {after_g - self.dry_g:.3f} g are left in it. Is "
                f"the line to {self.into} blocked? Nothing more is dosed; empty it by hand and run again."
            )
        return {"mass_g": before_g - after_g, "rest_g": after_g}
