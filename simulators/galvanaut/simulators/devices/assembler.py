"""The virtual assembler: a device of our own that stands on simulated benches only, and builds cells from a batch.

It stands in for the people or the robot that fill and close coin cells. No such instrument can be bought; its command
set is ours. What it does wrong, how often and how long it takes is illustrative. What it was asked for it remembers
for ever, also through power cuts, so that a host can settle what it does not know.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import inf
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from galvanaut.core.errors import InputError, Problem, UnsupportedError
from galvanaut.core.units import Unit
from galvanaut.simulators.cells.assembly import turnout
from galvanaut.simulators.cells.made import MadeCell, sample
from galvanaut.simulators.devices.memory import from_row, to_row
from galvanaut.simulators.ieee488 import Ieee488Device, Status
from galvanaut.simulators.scpi import command
from galvanaut.simulators.scpi_types import ERROR_TEXTS, Numeric, ScpiError, Text
from galvanaut.simulators.spec import Instrument
from galvanaut.simulators.world import World

MOST_ML = 1.0
_LONGEST_NAME = 100


class AssemblerSettings(BaseModel):
    """Settings of the bench file. Both defaults are illustrative."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    failure_rate_percent: Annotated[float, Unit("%"), Field(ge=0, le=100)] = Field(default=5.0, alias="failure_rate")
    duration_s: Annotated[float, Unit("s"), Field(gt=0)] = Field(default=180.0, alias="duration")


@dataclass(frozen=True)
class Assembly:
    """One cell that was asked for.

    Attributes:
        holder: that it is for.
        electrolyte_g: drawn from the vessel.
        outcome: BUSY, OK or FAILED.
        reason: why it failed.
    """

    holder: str
    electrolyte_g: float
    outcome: str = "BUSY"
    reason: str = ""


@dataclass(frozen=True)
class Job:
    """The cell that is being built: its description, when it is ready, and why it will not be."""

    made: dict[str, Any]
    ends_at: float
    reason: str


class _RefusedError(ScpiError):
    """A refusal with its reason, for people to read."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code)
        self.reason = reason.encode("ascii", errors="replace").decode("ascii")


class VirtualAssembler(Ieee488Device):
    """Fills cells from the vessel that it ``fills_from`` and puts them into the holders that it ``loads``."""

    identity = "GALVANAUT,VIRTUAL ASSEMBLER,SIMULATED,1"

    def __init__(self, name: str, spec: Instrument, world: World) -> None:
        super().__init__(name, spec, world)
        self.settings = _read_settings(name, spec)
        self.vessel, self.loads = spec.wiring["fills_from"], spec.loads
        self.status = Status()
        self.error_reasons: list[str] = []
        self.assemblies: dict[str, Assembly] = {}
        self.loaded: dict[str, str] = {}
        self.job: Job | None = None

    # -- memory -------------------------------------------------------------------------------------------------

    def memory(self) -> dict[str, Any]:
        """Every cell that was ever asked for, what is in the holders, the cell being built, the error queue."""
        return {
            "assemblies": {cell: asdict(each) for cell, each in self.assemblies.items()},
            "loaded": dict(self.loaded),
            "job": None if self.job is None else asdict(self.job),
            "status": to_row(self.status),
            "error_reasons": list(self.error_reasons),
        }

    def recall(self, memory: Mapping[str, Any]) -> None:
        """Take up `memory`."""
        self.assemblies = {cell: Assembly(**row) for cell, row in memory["assemblies"].items()}
        self.loaded = dict(memory["loaded"])
        self.job = None if memory["job"] is None else Job(**memory["job"])
        self.status = from_row(Status, memory["status"])
        self.error_reasons = list(memory["error_reasons"])

    def reset(self) -> None:
        """``*RST`` finishes nothing and forgets nothing."""

    def forget(self) -> None:
        """A power cut spoils the cell being built; nothing else is lost but the error queue."""
        super().forget()
        self.error_reasons.clear()
        if self.job is not None:
            self._finish(self.job, "the power failed")

    # -- errors -------------------------------------------------------------------------------------------------

    def reject(self, error: ScpiError) -> None:
        """Note the error and its reason."""
        super().reject(error)
        queue = self.status.errors
        del self.error_reasons[len(queue) - 1 :]
        reason = error.reason if isinstance(error, _RefusedError) else ""
        self.error_reasons.append(reason if queue[-1] == error.code else "")

    def clear_status(self) -> None:
        """Empty the error queue and the event register."""
        super().clear_status()
        self.error_reasons.clear()

    def next_error(self) -> str:
        """For instance ``-221,"Settings conflict;holder_1 holds c17"``."""
        if not self.status.errors:
            return super().next_error()
        code, reason = self.status.errors.pop(0), self.error_reasons.pop(0)
        return f"{code},{_quoted(';'.join([ERROR_TEXTS[code], reason] if reason else [ERROR_TEXTS[code]]))}"

    # -- building -----------------------------------------------------------------------------------------------

    @property
    def acts_at(self) -> float:
        """When the cell being built is ready."""
        return inf if self.job is None else self.job.ends_at

    def act(self) -> None:
        """Put it into its holder, if it has not failed."""
        if self.job is not None:
            self._finish(self.job, self.job.reason)

    def _finish(self, job: Job, reason: str) -> None:
        self.job, cell = None, job.made["name"]
        begun = self.assemblies[cell]
        outcome = "FAILED" if reason else "OK"
        self.assemblies[cell] = Assembly(begun.holder, begun.electrolyte_g, outcome, reason)
        if not reason:
            self.loaded[begun.holder] = cell
            self.world.put(begun.holder, MadeCell.of(job.made))

    def _content(self, holder: str) -> str:
        """The cell in a holder; one that the bench file describes bears the holder's name. Empty if there is none."""
        if holder in self.loaded:
            return self.loaded[holder]
        return holder if self.world.holders.cell(holder) is not None else ""

    def _must_load(self, holder: str) -> None:
        if holder not in self.loads:
            raise _RefusedError(-224, f"there is no holder {holder} here")

    def _must_be_free(self, holder: str) -> None:
        if self.job is not None:
            raise _RefusedError(-221, f"it is building {self.job.made['name']}")
        if self._content(holder):
            raise _RefusedError(-221, f"{holder} holds {self._content(holder)}")

    def _describe(self, cell: str, volume_mL: float) -> tuple[MadeCell, str]:
        """The cell that will come of it, and why none will."""
        available_mL = self.world.available_mL(self.vessel)
        if available_mL < volume_mL:
            raise _RefusedError(-221, f"{self.vessel} gives {available_mL:.3f} mL")
        result = turnout(self.world.seed, cell, self.settings.failure_rate_percent / 100)
        composition = self.world.at(self.now).vessels[self.vessel].composition()
        made = MadeCell(cell, composition, volume_mL, result.defect, self.world.seed)
        try:
            sample(made, self.world.chemistry)
        except UnsupportedError as error:
            raise _RefusedError(-221, f"{self.vessel}: {error}") from None
        return made, result.reason

    # -- commands -----------------------------------------------------------------------------------------------

    @command(":ASSemble:CELL", Text(), Text(), Numeric(0, MOST_ML))
    def assemble(self, cell: str, holder: str, volume_mL: float) -> None:
        """Begin to build a cell with so much electrolyte, for a holder."""
        self._must_load(holder)
        if not (cell.isascii() and cell.isprintable() and 0 < len(cell) <= _LONGEST_NAME):
            raise _RefusedError(-224, "a cell's name is 1 to 100 printable ASCII characters")
        if cell in self.assemblies:
            raise _RefusedError(-224, f"the name {cell} was used before")
        if volume_mL <= 0:
            raise ScpiError(-222)
        self._must_be_free(holder)
        made, reason = self._describe(cell, volume_mL)
        drawn_g = sum(self.world.withdraw(self.vessel, volume_mL).values())
        self.assemblies[cell] = Assembly(holder, drawn_g)
        self.job = Job(made.to_row(), self.now + self.settings.duration_s, reason)

    @command(":ASSemble:STATe?")
    def state(self) -> str:
        """IDLE or BUSY."""
        return "IDLE" if self.job is None else "BUSY"

    @command(":ASSemble:RESult?", Text())
    def result(self, cell: str) -> str:
        """What became of a cell: BUSY, OK or FAILED, its holder and grams of electrolyte; NONE if never asked for."""
        found = self.assemblies.get(cell)
        if found is None:
            return "NONE"
        mass = "0" if found.outcome == "BUSY" else f"{found.electrolyte_g:.6f}"
        reply = f"{found.outcome},{_quoted(found.holder)},{mass}"
        return f"{reply},{_quoted(found.reason)}" if found.outcome == "FAILED" else reply

    @command(":ASSemble:UNLoad", Text())
    def unload(self, holder: str) -> None:
        """Take the cell out of a holder; not while anything drives it."""
        self._must_load(holder)
        if not self._content(holder):
            raise _RefusedError(-221, f"{holder} is empty")
        if self.world.holders.at(holder, self.now).mode != "open":
            raise _RefusedError(-221, f"{self.world.holders.drive(holder).source} drives {holder}")
        self.loaded.pop(holder, None)
        self.world.take(holder)

    @command(":ASSemble:HOLDer?", Text())
    def held(self, holder: str) -> str:
        """The name of the cell in a holder, in quotes."""
        self._must_load(holder)
        return _quoted(self._content(holder))


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _read_settings(name: str, spec: Instrument) -> AssemblerSettings:
    try:
        return AssemblerSettings.model_validate(spec.settings)
    except ValidationError as error:
        problems = [
            Problem(f"instruments.{name}.settings.{'.'.join(map(str, each['loc']))}", each["msg"])
            for each in error.errors(include_url=False)
        ]
        raise InputError("bench", problems) from None
