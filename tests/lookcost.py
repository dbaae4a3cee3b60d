"""What the host's side of cycling costs per cell and cycle: `uv run python tests/lookcost.py`.

Sixteen cells at 1C, a reading each minute, a look each five minutes, every byte through PyVISA and the link. The
instruments are made up and cost nothing: the time within them is taken off. No test; it prints CPU milliseconds.
"""

import itertools
from collections import deque
from time import process_time_ns
from typing import Any

import pyvisa
from pyvisa.constants import ResourceAttribute, StatusCode
from pyvisa.highlevel import VisaLibraryBase

from fakemeter import FakeClock
from galvanaut.instruments.bounds import Operation
from galvanaut.instruments.cycling import RecordingCycler
from galvanaut.instruments.cycling import plan as plans
from galvanaut.instruments.drivers import driver_class
from galvanaut.instruments.link import Link
from hostlab import ENVELOPE
from recordingmeter import RecordingMeter

CELLS, CYCLES, FARAD = 16, 5, 12.0  # 14.4 C or 4 mAh between 3.0 and 4.2 V
METHOD = [
    {"step": "tag", "tag": "again"},
    {"step": "constant_current", "current_mA": 4, "until_voltage_V": 4.2},
    {"step": "constant_voltage", "voltage_V": 4.2, "until_current_mA": 0.2},
    {"step": "open_circuit_voltage", "until_time_s": 600},
    {"step": "constant_current", "current_mA": -4, "until_voltage_V": 3.0},
    {"step": "open_circuit_voltage", "until_time_s": 600},
    {"step": "loop", "loop_to": "again", "cycle_count": CYCLES},
]
PLAN = plans.TestPlan.model_validate({"look_period": "300 s", "protocol": {"record": {"time_s": 60}, "method": METHOD}})


class Library(VisaLibraryBase):
    """Answers as the SourceMeter does, from a meter in Python."""

    def _init(self) -> None:
        self.meter: Any = None
        self.spent_ns = 0
        self.messages = 0
        self._replies: deque[bytes] = deque()
        self._attributes: dict[Any, Any] = {}
        self._set = {":SOUR:FUNC": "VOLT", ":OUTP:VOLT:SMOD": "HIMP", ":OUTP:CURR:SMOD": "HIMP"}

    def open_default_resource_manager(self) -> Any:
        return 1, StatusCode.success

    def open(self, session: Any, name: str, *_: Any) -> Any:
        self._attributes[ResourceAttribute.resource_name] = name
        return 2, StatusCode.success

    def close(self, session: Any) -> Any:
        return StatusCode.success

    def get_attribute(self, session: Any, attribute: Any) -> Any:
        return self._attributes.get(attribute, 0), StatusCode.success

    def set_attribute(self, session: Any, attribute: Any, state: Any) -> Any:
        self._attributes[attribute] = state
        return StatusCode.success

    def disable_event(self, *_: Any) -> Any:
        return StatusCode.success

    discard_events = clear = disable_event

    def read(self, session: Any, count: int) -> Any:
        if self._replies:
            return self._replies.popleft(), StatusCode.success_termination_character_read
        return b"", self.handle_return_value(session, StatusCode.error_timeout)

    def write(self, session: Any, data: bytes) -> Any:
        began = process_time_ns()
        self.messages += 1
        reply = self._answer(data.decode().strip())
        if reply is not None:
            self._replies.append(reply.encode() + b"\n")
        self.spent_ns += process_time_ns() - began
        return len(data), StatusCode.success

    def _answer(self, text: str) -> str | None:
        meter = self.meter
        if text.startswith(":TRAC:ACT?"):
            return str(len(meter.rows))
        if text.startswith(":TRAC:DATA?"):
            first, last = (int(word) for word in text.split()[1].split(",")[:2])
            return ",".join(f"{value:.6E}" for row in meter.rows[first - 1 : last] for value in row)
        if text.startswith(":READ?"):
            return ",".join(f"{value:.6E}" for value in meter.measure())
        if text == ":TRIG:STAT?":
            return "RUNNING;RUNNING;2" if meter.is_recording() else "IDLE;IDLE;0"
        if text.endswith(":SYST:ERR?"):
            self._do(text.partition(";")[0])
            return '0,"No error;0;0 0"'
        return "1" if text == ":OUTP?" and meter.on else self._set.get(text.rstrip("?"), "0")

    def _do(self, command: str) -> None:
        header, _, value = command.partition(" ")
        value = {"ON": "1", "OFF": "0"}.get(value, value)
        self._set[header] = value
        if header in (":SOUR:VOLT", ":SOUR:VOLT:ILIM"):
            self.meter.operation = Operation(
                float(self._set.get(":SOUR:VOLT", 3)), float(self._set.get(":SOUR:VOLT:ILIM", 1e-7))
            )
        elif header == ":OUTP":
            self.meter.on = value == "1"
        elif header == ":INIT":
            self.meter.record(60.0)
        elif header == ":ABOR":
            self.meter.stop_recording()


class Cell:
    """One cell on one meter: the host's side of it."""

    def __init__(self, number: int) -> None:
        self.clock = FakeClock()
        self.meter = RecordingMeter(self.clock, soc_V=3.1 + 0.01 * number, farad=FARAD)
        self.library = Library(f"made-up-{number}")
        self.library.meter = self.meter
        manager = pyvisa.ResourceManager(self.library)
        kind = driver_class("keithley-2450")
        settings = kind.Settings.model_validate({"records": True})
        link = Link.open(manager, f"TCPIP::192.0.2.{number}::5025::SOCKET", kind.framing(settings), "smu")
        self.cycler = RecordingCycler(
            kind(link, settings), "clip", ENVELOPE, kind.capabilities(settings), now=self.clock.now
        )
        self.run = self.cycler.start("clip", PLAN, ENVELOPE, "cell", f"test-{number}")
        self.looks = 0
        self.readings = 0

    def host_ns(self) -> int:
        """CPU time of all looks until the end."""
        total = 0
        messages, self.library.spent_ns = self.library.messages, 0
        for _ in itertools.count():
            began = process_time_ns()
            status = self.cycler.poll(self.run)
            rows = self.cycler.rows(self.run, self.readings)
            total += process_time_ns() - began
            self.readings += len(rows)
            self.looks += 1
            if status.state != "running":
                break
            self.meter.pass_time(status.next_s)
        assert status.state == "ended", status
        self.library.messages -= messages
        return total - self.library.spent_ns


def main() -> None:
    """Print the figures."""
    cells = [Cell(number) for number in range(1, CELLS + 1)]
    total_ms = sum(cell.host_ns() for cell in cells) / 1e6
    cycles = CELLS * CYCLES
    looks, readings = sum(cell.looks for cell in cells), sum(cell.readings for cell in cells)
    messages = sum(cell.library.messages for cell in cells)
    print(f"{total_ms / cycles:.2f} ms of CPU per cell and cycle ({cycles} cycles)")
    print(f"{looks / cycles:.1f} looks, {messages / cycles:.0f} messages, {readings / cycles:.0f} readings per cycle")


if __name__ == "__main__":
    main()
