"""Take a cell out of its holder: by an assembler, or by a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from galvanaut.instruments.errors import InstrumentError
from galvanaut.instruments.jobs.action import Job, JobFailedError
from galvanaut.instruments.jobs.byhand import by_hand, switched_off
from galvanaut.instruments.loading import loaded_cells
from galvanaut.instruments.orders import Order

if TYPE_CHECKING:
    from galvanaut.instruments.bench import Bench
    from galvanaut.instruments.roles import Assembler


@dataclass(frozen=True)
class UnloadCell:
    """One cell.

    Attributes:
        cell: its name.
        holder: name on the bench, that it is in.
        assembler: name on the bench; None if a person takes it out.
    """

    cell: str
    holder: str
    assembler: str | None = None

    expires: ClassVar[bool] = False

    def request(self) -> Mapping[str, Any]:
        """Plain JSON."""
        return {"kind": "unload", **asdict(self)}

    def needs(self, bench: Bench) -> list[str]:
        """The holder with all that may drive its cell, and the assembler."""
        assembler = [] if self.assembler is None else [self.assembler]
        return [*assembler, self.holder, *bench.drivers_at(self.holder)]

    async def perform(self, job: Job) -> Mapping[str, Any]:
        """Switch off what is wired to the holder, make sure that it is this cell, and have it taken out.

        Returns:
            ``cell`` and ``holder``, which is empty now.

        Raises:
            JobFailedError: another cell is in the holder, or none, or it could not be taken out.
        """
        await switched_off(job, self.holder)
        if self.assembler is None:
            await self._by_hand(job)
        else:
            await self._by_assembler(job, job.bench.assembler(self.assembler))
        return {"cell": self.cell, "holder": self.holder}

    async def _by_assembler(self, job: Job, assembler: Assembler) -> None:
        """A cell that is still there was not taken out, one that is gone was: so it is told as often as need be."""
        found = await job.ask(assembler.cell_in, self.holder)
        if found is None and job.notes.get("told"):
            return
        self._require_this(job, found, f"{self.assembler} says")
        job.note(told=True)
        failure: InstrumentError | None = None
        try:
            await job.call(assembler.unload, self.holder)
        except InstrumentError as error:  # it may have been carried out all the same
            job.note(told_unanswered=str(error))
            failure = error
        if await job.ask(assembler.cell_in, self.holder) is not None:
            raise failure or JobFailedError(f"job {job.key}: {self.cell} is still in {self.holder}; go and look.")

    async def _by_hand(self, job: Job) -> None:
        if not job.notes.get("told"):
            known = loaded_cells(job.others()).get(self.holder)
            self._require_this(job, None if known is None else known.cell, "by the journal")
            job.note(told=True)
        answer = await by_hand(job, self._order(job))
        if answer.failed:
            raise JobFailedError(f"job {job.key}: {self.cell} could not be taken out of {self.holder}: {answer.failed}")

    def _require_this(self, job: Job, found: str | None, who: str) -> None:
        if found != self.cell:
            holds = "it is empty" if found is None else f"{found} is in it"
            raise JobFailedError(
                f"job {job.key}: {self.cell} was to be taken out of {self.holder}, but {who}: {holds}. Nothing was "
                "touched."
            )

    def _order(self, job: Job) -> Order:
        return Order(
            job=str(job.key),
            title=f"Take cell {self.cell} out of {self.holder}",
            facts={"cell": self.cell, "holder": self.holder},
            steps=(
                f"Make sure that the cell in {self.holder} is labelled {self.cell}; leave any other one there.",
                f"Take it out of {self.holder}, which is switched off, without touching both poles with metal.",
                "Answer.",
            ),
        )
