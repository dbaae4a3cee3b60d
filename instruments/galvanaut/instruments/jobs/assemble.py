"""Build a cell with a fresh electrolyte and put it into a holder: by an assembler, or by a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from galvanaut.instruments.errors import InstrumentError, RefusedError
from galvanaut.instruments.jobs.action import Job, JobFailedError
from galvanaut.instruments.jobs.byhand import by_hand, switched_off
from galvanaut.instruments.jobs.doubt import NOTE, Question, settled
from galvanaut.instruments.loading import loaded_cells
from galvanaut.instruments.orders import Asked, Choice, Order

if TYPE_CHECKING:
    from galvanaut.instruments.assembly import Assembly
    from galvanaut.instruments.bench import Bench
    from galvanaut.instruments.roles import Assembler

POLL_S = 10.0
"""How often an assembler is asked how far it is."""
LIMIT_S = 2 * 3600.0
"""An assembly, or the one before it, that takes longer than this never ends (illustrative)."""
TRIES = 3
"""So often a command that did not arrive is sent, each time after the assembler has said that it has not heard it."""
PLAUSIBLE_g_mL = (0.4, 3.0)
"""Mass written down per volume ordered: beyond these a unit or a point is wrong. Electrolytes have 1.0 to 1.4 g/mL, and
people spill and pipettes drip (illustrative)."""

BUILT, NOT_BUILT = "built", "not-built"
"""What a person may find after an assembly that nobody can tell anything of."""


@dataclass(frozen=True)
class AssembleCell:
    """One cell.

    Attributes:
        cell: its name for ever; no other cell has it.
        holder, vessel: names on the bench; the electrolyte is in the vessel.
        electrolyte_mL: to be filled in.
        recipe_text: the electrolyte as made, in words.
        assembler: name on the bench; None if a person builds the cell.
    """

    cell: str
    holder: str
    vessel: str
    electrolyte_mL: float
    recipe_text: str
    assembler: str | None = None

    expires: ClassVar[bool] = False

    def request(self) -> Mapping[str, Any]:
        """Plain JSON."""
        return {"kind": "assemble", **asdict(self)}

    def needs(self, bench: Bench) -> list[str]:
        """The vessel, the holder with all that may drive its cell, and the assembler."""
        assembler = [] if self.assembler is None else [self.assembler]
        return [*assembler, self.vessel, self.holder, *bench.drivers_at(self.holder)]

    async def perform(self, job: Job) -> Mapping[str, Any]:
        """Switch off what is wired to the holder, have the cell built, and wait until it is in.

        Returns:
            ``cell``, ``holder``, ``electrolyte_g`` (None if nobody knows), ``assembled`` and ``reason``. An assembly
            that fails is a result: the cell counts as failed, and the holder is as empty as before. Where a person
            had to say what became of it, ``by_hand`` names what that person said.

        Raises:
            JobFailedError: it could not be begun, or nobody can tell what became of it.
        """
        await switched_off(job, self.holder)
        if not job.notes.get("told"):
            self._require_empty(job)
        if self.assembler is None:
            return await self._by_hand(job)
        if NOTE in job.notes:
            return await self._settled(job, "")
        assembler = job.bench.assembler(self.assembler)
        found = await self._ended(job, assembler, await self._begun(job, assembler))
        if isinstance(found, str):
            return await self._settled(job, found)
        return self._result(found.electrolyte_g, found.reason)

    def _result(self, electrolyte_g: float | None, reason: str) -> Mapping[str, Any]:
        return {
            "cell": self.cell,
            "holder": self.holder,
            "electrolyte_g": electrolyte_g,
            "assembled": not reason,
            "reason": reason,
        }

    def _require_empty(self, job: Job) -> None:
        """By the journal; an assembler looks for itself, so it may know better than one that is not certain."""
        known = loaded_cells(job.others()).get(self.holder)
        if known is not None and (known.is_certain or self.assembler is None):
            raise JobFailedError(
                f"job {job.key}: {self.holder} is not empty: by the journal it holds {known.cell} (job {known.job}). "
                "Nothing was begun; take that cell out first."
            )

    # -- by an assembler ------------------------------------------------------------------------------------------

    async def _begun(self, job: Job, assembler: Assembler) -> Assembly:
        """Tell the assembler, once. Whether it was told it knows better than a host that may have died meanwhile.

        It remembers every name for ever. So one that it has never heard was never told, whatever the notes say.
        """
        found = await job.ask(assembler.outcome, self.cell)
        if found is not None and not job.notes.get("told"):
            raise JobFailedError(
                f"job {job.key}: {self.assembler} was asked for a cell {self.cell} before, and not by this job. "
                "Nothing was begun; a name is used once."
            )
        tries = 0
        while found is None:
            await self._until_idle(job, assembler)
            job.note(told=True)
            failure = await self._told(job, assembler)
            tries += 1
            found = await job.ask(assembler.outcome, self.cell)
            if found is None and (tries == TRIES or isinstance(failure, RefusedError)):
                job.note(told=False)
                why = "without a word" if failure is None else f"({failure})"
                raise JobFailedError(f"job {job.key}: {self.assembler} did not begin to build {self.cell} {why}.")
        return found

    async def _told(self, job: Job, assembler: Assembler) -> InstrumentError | None:
        """One command; what went wrong with it, if anything. It may have been carried out all the same."""
        try:
            await job.call(assembler.assemble, self.cell, self.holder, self.electrolyte_mL)
        except InstrumentError as error:
            job.note(told_unanswered=str(error))
            return error
        return None

    async def _until_idle(self, job: Job, assembler: Assembler) -> None:
        deadline = job.now() + LIMIT_S
        while await job.ask(assembler.is_busy):
            if job.now() > deadline:
                raise JobFailedError(
                    f"job {job.key}: {self.assembler} has been busy for {LIMIT_S / 3600:g} h with another cell. "
                    f"{self.cell} was not begun."
                )
            await job.sleep(POLL_S)

    async def _ended(self, job: Job, assembler: Assembler, found: Assembly | None) -> Assembly | str:
        """The assembly at its end; or, in words, why nobody can tell what became of it."""
        deadline = job.now() + LIMIT_S
        while found is not None and found.state == "busy":
            if job.now() > deadline:
                return f"{self.assembler} has been building {self.cell} for {LIMIT_S / 3600:g} h"
            await job.sleep(POLL_S)
            found = await job.ask(assembler.outcome, self.cell)
        if found is None or found.holder != self.holder:
            said = "that it was never asked for" if found is None else f"that it was meant for {found.holder}"
            return f"{self.assembler} says of {self.cell}, ordered for {self.holder}, {said}"
        return found

    async def _settled(self, job: Job, why: str) -> Mapping[str, Any]:
        """A person looks where the cell is."""
        facts = {"cell": self.cell, "holder": self.holder, "assembler": str(self.assembler)}
        answer = await settled(job, self._question(), why, facts)
        reason = "" if answer.choice == BUILT else "by hand: was not built, its holder is empty"
        return {**self._result(None, reason), "by_hand": ["assembled"]}

    def _question(self) -> Question:
        return Question(
            title=f"Settle a doubt: was cell {self.cell} built and put into {self.holder}?",
            steps=(
                f"Make sure that {self.assembler} stands still, and look into {self.holder}. Build nothing by hand.",
                f"Remove a cell that lies anywhere else: it is no longer {self.cell}.",
                "Answer. If you cannot tell, answer with --fail and the reason: then the holder is not used again.",
            ),
            choices=(
                Choice(BUILT, f"{self.cell} is closed, clean and in {self.holder}"),
                Choice(NOT_BUILT, f"{self.holder} is empty; the cell counts as failed"),
            ),
        )

    # -- by hand --------------------------------------------------------------------------------------------------

    async def _by_hand(self, job: Job) -> Mapping[str, Any]:
        if not job.notes.get("told"):
            job.note(told=True)
        answer = await by_hand(job, self._order(job))
        mass_mg = answer.values.get("electrolyte")
        return self._result(None if mass_mg is None else mass_mg / 1000, answer.failed)

    def _order(self, job: Job) -> Order:
        low, high = (round(1000 * self.electrolyte_mL * each, 3) for each in PLAUSIBLE_g_mL)
        return Order(
            job=str(job.key),
            title=f"Build cell {self.cell} and put it into {self.holder}",
            facts={
                "cell": self.cell,
                "holder": self.holder,
                "electrolyte": f"{1000 * self.electrolyte_mL:g} uL from {self.vessel}",
                "recipe as made": self.recipe_text,
            },
            steps=(
                f"Label the cell {self.cell}.",
                f"Fill in {1000 * self.electrolyte_mL:g} uL from {self.vessel}, and weigh what went in.",
                "Close the cell and clean it.",
                f"Put it into {self.holder}, which is switched off; mind the polarity.",
                "Answer. If it cannot be built, answer that with the reason, and leave the holder empty.",
            ),
            asks=(Asked("electrolyte", "mg", low, high),),
        )
