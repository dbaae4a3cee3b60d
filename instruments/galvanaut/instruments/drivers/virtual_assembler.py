"""The virtual assembler, which builds cells on simulated benches; on a real one a person does it by work orders.

Sources: the command table in docs/how-to/load-cells.md; no such instrument is sold. Never run on hardware: there is
none.
"""

from __future__ import annotations

import re
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from galvanaut.core.identifiers import is_name
from galvanaut.core.units import Unit
from galvanaut.instruments import scpi
from galvanaut.instruments.assembly import Assembly
from galvanaut.instruments.errors import BadReadingError, InstrumentError, RefusedError
from galvanaut.instruments.link import Framing, Link
from galvanaut.instruments.roles import Identity, Role

VOLUME_MAX_mL = 1.0
"""Largest volume of electrolyte for one cell."""
_DENSITY_MAX_g_mL = 2.0  # more than any electrolyte has (illustrative)
_NAMED = re.compile(r'"([A-Za-z0-9_\-]{0,64})"')
_OUTCOME = re.compile(r'(OK|BUSY|FAILED),"([A-Za-z0-9_\-]{1,64})",([^,"]+)(?:,"(.*)")?')


class VirtualAssemblerSettings(BaseModel):
    """Settings of one assembler in a bench file; they describe the simulated device, nothing of them is sent.

    Attributes:
        failure_rate_percent: share of assemblies that go wrong, noticed or not (illustrative).
        duration_s: of one assembly (illustrative).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    failure_rate_percent: Annotated[float, Unit("%"), Field(ge=0, le=100)] = Field(5.0, alias="failure_rate")
    duration_s: Annotated[float, Unit("s"), Field(gt=0, le=3600)] = Field(180.0, alias="duration")


class VirtualAssembler:
    """One assembler; plays the role of an `Assembler`.

    Args:
        link: to the assembler.
        settings: from the bench file.
    """

    role: ClassVar[Role] = "assembler"
    model: ClassVar[str] = "Virtual Assembler"
    Settings: ClassVar[type[BaseModel]] = VirtualAssemblerSettings
    is_virtual: ClassVar[bool] = True

    def __init__(self, link: Link, settings: VirtualAssemblerSettings) -> None:
        self.link = link
        self.settings = settings

    def __str__(self) -> str:
        return self.link.instrument

    @classmethod
    def framing(cls, settings: VirtualAssemblerSettings) -> Framing:
        """Lines ended by LF."""
        return Framing(write_end=b"\n", read_end=b"\n", probe="*IDN?", is_identity=_is_virtual_assembler)

    def identify(self) -> Identity:
        """As ``*IDN?`` says.

        Raises:
            InstrumentError: not a virtual assembler.
        """
        reply = self.link.query("*IDN?").strip()
        if not _is_virtual_assembler(reply):
            advice = "expected a virtual assembler; check the resource"
            raise self.link.error(InstrumentError, "is another instrument", "*IDN?", reply, advice)
        return Identity(*(field.strip() for field in reply.split(",")))

    def set_up(self) -> None:
        """Empty its error queue; there is nothing to set, and a cell that is being built goes on."""
        self.link.write("*CLS")

    def make_safe(self) -> None:
        """Make sure that it answers, idle or busy; there is nothing to stop.

        It drives no cell and holds no voltage, and it has no command that breaks an assembly off: what it has begun it
        ends within minutes, at an idle holder. To call a busy assembler unsafe would keep a bench from starting for
        nothing.

        Raises:
            NoReplyError: it does not answer.
            BadReadingError: it is neither idle nor busy.
        """
        self.is_busy()

    def is_busy(self) -> bool:
        """Whether a cell is being built.

        Raises:
            BadReadingError: neither ``BUSY`` nor ``IDLE``.
        """
        query = ":ASS:STAT?"
        reply = self.link.query(query)
        word = reply.strip().upper()
        if word not in ("IDLE", "BUSY"):
            raise self.link.error(BadReadingError, "expected IDLE or BUSY", query, reply)
        return word == "BUSY"

    def assemble(self, cell: str, holder: str, electrolyte_mL: float) -> None:
        """Begin to build a cell with so much electrolyte, above 0 and up to 1 mL, for a holder.

        Raises:
            RefusedError: a name or a volume that is not possible (nothing was sent), or the assembler declined.
            NoReplyError: whether it began is not known: ask `outcome`.
        """
        self._require_names(cell, holder)
        if not 0 < electrolyte_mL <= VOLUME_MAX_mL:
            problem = f"cannot fill in {electrolyte_mL:g} mL, only above 0 to {VOLUME_MAX_mL:g} mL; nothing was sent"
            raise self.link.error(RefusedError, problem)
        command = f':ASS:CELL "{cell}","{holder}",{electrolyte_mL:.9g}'
        self._apply(
            command,
            "it is busy, the holder is unknown or occupied, the vessel holds too little, or the name was used before",
        )

    def outcome(self, cell: str) -> Assembly | None:
        """What became of a cell; None if it was never asked for.

        Raises:
            BadReadingError: the reply has another form, or a mass that no cell takes.
        """
        self._require_names(cell)
        query = f':ASS:RES? "{cell}"'
        reply = self.link.query(query)
        if reply.strip() == "NONE":
            return None
        found = _read_outcome(reply.strip())
        if found is None:
            expected = "expected OK, BUSY or FAILED with holder and mass, or NONE"
            raise self.link.error(BadReadingError, expected, query, reply)
        return found

    def unload(self, holder: str) -> None:
        """Take the cell out of a holder.

        Raises:
            RefusedError: the holder is empty, or a source drives its cell.
            NoReplyError: whether it was done is not known: ask `cell_in`.
        """
        self._require_names(holder)
        self._apply(f':ASS:UNL "{holder}"', "the holder is empty, or a source drives its cell")

    def cell_in(self, holder: str) -> str | None:
        """Name of the cell in a holder; None if it is empty.

        Raises:
            BadReadingError: not a name in quotation marks.
        """
        self._require_names(holder)
        query = f':ASS:HOLD? "{holder}"'
        reply = self.link.query(query)
        match = _NAMED.fullmatch(reply.strip())
        if match is None:
            raise self.link.error(BadReadingError, "expected the name of a cell in quotation marks", query, reply)
        return match[1] or None

    def _apply(self, command: str, reasons: str) -> None:
        try:
            scpi.apply(self.link, command)
        except RefusedError as error:
            problem = f"declined, which means: {reasons}"
            raise self.link.error(RefusedError, problem, command, error.reply) from None

    def _require_names(self, *names: str) -> None:
        """A quotation mark inside a name would begin another argument."""
        for name in names:
            if not is_name(name):
                problem = f"{name!r} cannot name a cell or a holder; nothing was sent"
                raise self.link.error(RefusedError, problem, advice="use letters, digits, _ and -, at most 64")


def _read_outcome(reply: str) -> Assembly | None:
    """The outcome that ``reply`` spells; None if it spells none."""
    match = _OUTCOME.fullmatch(reply)
    mass_g = None if match is None else scpi.number(match[3])
    if match is None or mass_g is None or not 0 <= mass_g <= VOLUME_MAX_mL * _DENSITY_MAX_g_mL:
        return None
    word, holder, _, reason = match.groups()
    if word == "FAILED":
        return Assembly("failed", holder, mass_g, reason) if reason else None
    if reason is not None or (word == "OK" and mass_g == 0) or (word == "BUSY" and mass_g != 0):
        return None
    return Assembly("built" if word == "OK" else "busy", holder, mass_g)


def _is_virtual_assembler(reply: str) -> bool:
    fields = [field.strip().upper() for field in reply.split(",")]
    return len(fields) == 4 and fields[:2] == ["GALVANAUT", "VIRTUAL ASSEMBLER"]
