"""The common commands of IEEE 488.2 and the SCPI error queue, for instruments that have them."""

from __future__ import annotations

from dataclasses import dataclass, field

from galvanaut.simulators.scpi import ScpiDevice, command
from galvanaut.simulators.scpi_types import ERROR_TEXTS, Integer, ScpiError

POWER_ON, COMMAND_ERROR, EXECUTION_ERROR, DEVICE_ERROR, QUERY_ERROR, OPERATION_COMPLETE = 128, 32, 16, 8, 4, 1
"""Bits of the standard event status register (IEEE 488.2 section 11.5.1)."""

ERROR_QUEUE_LENGTH = 20
"""Illustrative: makers differ."""


@dataclass
class Status:
    """What an instrument remembers about itself.

    Attributes:
        events: standard event status register.
        event_enable: what of it is summed up in the status byte.
        service_enable: which bits of the status byte ask for service.
        errors: codes waiting to be read, oldest first.
    """

    events: int = POWER_ON
    event_enable: int = 0
    service_enable: int = 0
    errors: list[int] = field(default_factory=list)


class CommonCommandsDevice(ScpiDevice):
    """An instrument with the status registers of IEEE 488.2 and no error queue."""

    identity: str
    status: Status

    def reset(self) -> None:
        """Back to the settings of ``*RST``; registers and error queue stay."""
        raise NotImplementedError  # abstract: each instrument has settings of its own

    def forget(self) -> None:
        """As after ``*RST``, with registers that tell of nothing but that the power was off."""
        self.reset()
        self.status = Status()

    def reject(self, error: ScpiError) -> None:
        """Set the error's bit in the event register."""
        self.status.events |= _event_of(error.code)

    def status_byte(self) -> int:
        """IEEE 488.2 status byte; bit 2 says that the error queue holds something (SCPI-99 volume 1 section 9)."""
        summary = 4 if self.status.errors else 0
        summary |= 32 if self.status.events & self.status.event_enable else 0
        return summary | (64 if summary & self.status.service_enable else 0)

    @command("*IDN?")
    def identify(self) -> str:
        """Maker, model, serial number, firmware."""
        return self.identity

    @command("*RST")
    def reset_command(self) -> None:
        """Reset the settings."""
        self.reset()

    @command("*CLS")
    def clear_status(self) -> None:
        """Empty the error queue and the event register."""
        self.status.errors.clear()
        self.status.events = 0

    @command("*OPC")
    def note_completion(self) -> None:
        """Every command here is complete when the next one is read."""
        self.status.events |= OPERATION_COMPLETE

    @command("*OPC?")
    def complete(self) -> str:
        """See `note_completion`."""
        return "1"

    @command("*WAI")
    def wait(self) -> None:
        """Nothing to wait for, see `note_completion`."""

    @command("*ESR?")
    def take_events(self) -> str:
        """Read and clear the event register."""
        events, self.status.events = self.status.events, 0
        return str(events)

    @command("*STB?")
    def read_status_byte(self) -> str:
        """The status byte in decimals."""
        return str(self.status_byte())

    @command("*ESE", Integer(0, 255))
    def set_event_enable(self, mask: int) -> None:
        """Choose the events that the status byte sums up."""
        self.status.event_enable = mask

    @command("*ESE?")
    def event_enable(self) -> str:
        """The mask of `set_event_enable`."""
        return str(self.status.event_enable)

    @command("*SRE", Integer(0, 255))
    def set_service_enable(self, mask: int) -> None:
        """Choose the bits of the status byte that ask for service; bit 6 cannot be chosen."""
        self.status.service_enable = mask & ~64

    @command("*SRE?")
    def service_enable(self) -> str:
        """The mask of `set_service_enable`."""
        return str(self.status.service_enable)


class Ieee488Device(CommonCommandsDevice):
    """A SCPI instrument with an error queue and status registers."""

    def reject(self, error: ScpiError) -> None:
        """Queue the error and set its bit in the event register."""
        queue = self.status.errors
        if len(queue) >= ERROR_QUEUE_LENGTH:
            queue[-1] = -350
            self.status.events |= DEVICE_ERROR
        else:
            queue.append(error.code)
        super().reject(error)

    @command(":SYSTem:ERRor[:NEXT]?")
    def next_error(self) -> str:
        """Take the oldest error off the queue."""
        if not self.status.errors:
            return '+0,"No error"'
        code = self.status.errors.pop(0)
        return f'{code},"{ERROR_TEXTS[code]}"'


def _event_of(code: int) -> int:
    if code > 0:
        return DEVICE_ERROR
    if code > -200:
        return COMMAND_ERROR
    if code <= -400:
        return QUERY_ERROR
    return EXECUTION_ERROR if code > -300 else DEVICE_ERROR
