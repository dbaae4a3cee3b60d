"""Read the AC resistance and the voltage of a cell at rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from galvanaut.instruments.bench import Bench
    from galvanaut.instruments.jobs.action import Job


@dataclass(frozen=True)
class MeasureResistance:
    """Several readings of one cell, while nothing drives it.

    Attributes:
        tester, holder: names on the bench.
        readings: how many.
        interval_s: time between two of them.
    """

    tester: str
    holder: str
    readings: int
    interval_s: float = 1.0

    expires: ClassVar[bool] = False

    def request(self) -> Mapping[str, Any]:
        """Plain JSON."""
        return {"kind": "resistance", **asdict(self)}

    def needs(self, bench: Bench) -> list[str]:
        """The tester and the holder, so that no test drives the cell meanwhile."""
        return [self.tester, self.holder]

    async def perform(self, job: Job) -> Mapping[str, Any]:
        """Read; a reading moves nothing, so after a crash all are read anew.

        Returns:
            ``resistance_ohm`` and ``voltage_V``: lists.

        Raises:
            InstrumentError: a reading is none, e.g. because a lead is open.
        """
        tester = job.bench.battery_tester(self.tester)
        rows = []
        for number in range(self.readings):
            if number:
                await job.sleep(self.interval_s)
            rows.append(await job.ask(tester.measure))
        return {"resistance_ohm": [row[0] for row in rows], "voltage_V": [row[1] for row in rows]}
