"""A small assembler behind PyVISA, for tests of the jobs that it does: names and masses, but no cells.

It speaks the table in docs/how-to/load-cells.md, and is independent of the simulators' assembler.
"""

import re

import pyvisa
from pyvisa.constants import ResourceAttribute, StatusCode
from pyvisa.highlevel import VisaLibraryBase
from pyvisa.util import LibraryPath

from galvanaut.instruments.drivers.virtual_assembler import VirtualAssembler, VirtualAssemblerSettings
from galvanaut.instruments.link import Link

ADDRESS = "TCPIP::192.0.2.12::5025::INSTR"
DENSITY_g_mL = 1.2
DURATION_s = 180.0


class FakeAssembler:
    """Outlives every host. A cell whose name ends with ``bad`` fails, and this is noticed.

    Attributes:
        asked: by cell: holder, g, instant of the end.
        loaded: cell by holder.
        driven: holders whose source is on, as the assembler sees it.
        begun: cells that it began to build, in this order.
        mute: so many replies are lost.
    """

    def __init__(self, clock, holders, contents_mL=5.0):
        self.clock, self.holders, self.contents_mL = clock, holders, contents_mL
        self.asked, self.loaded, self.driven, self.begun, self.errors = {}, {}, set(), [], []
        self.mute = 0

    def is_busy(self):
        return any(end_s > self.clock.now() for _, _, end_s in self.asked.values())

    def settle(self):
        for cell in [cell for cell in self.begun if self.asked[cell][2] <= self.clock.now()]:
            self.begun.remove(cell)
            if not cell.endswith("bad"):
                self.loaded[self.asked[cell][0]] = cell

    def handle(self, message):
        """The replies to one program message."""
        self.settle()
        replies = [reply for each in message.split(";") if (reply := self.carry_out(each)) is not None]
        return ";".join(replies)

    def carry_out(self, command):
        header, *names = re.findall(r'^\S+|"[^"]*"|[^",\s]+', command)
        names = [name.strip('"') for name in names]
        answers = {
            "*IDN?": lambda: "GALVANAUT,VIRTUAL ASSEMBLER,SIMULATED,1",
            "*CLS": self.errors.clear,
            ":SYST:ERR?": lambda: self.errors.pop(0) if self.errors else '+0,"No error"',
            ":ASS:STAT?": lambda: "BUSY" if self.is_busy() else "IDLE",
            ":ASS:CELL": lambda: self.assemble(*names),
            ":ASS:RES?": lambda: self.outcome(*names),
            ":ASS:UNL": lambda: self.unload(*names),
            ":ASS:HOLD?": lambda: f'"{self.loaded.get(names[0], "")}"',
        }
        return answers[header]()

    def assemble(self, cell, holder, volume_mL):
        if cell in self.asked or holder not in self.holders:
            self.errors.append('-224,"Illegal parameter value"')
        elif self.is_busy() or holder in self.loaded or float(volume_mL) > self.contents_mL:
            self.errors.append('-221,"Settings conflict"')
        else:
            self.contents_mL -= float(volume_mL)
            self.asked[cell] = holder, DENSITY_g_mL * float(volume_mL), self.clock.now() + DURATION_s
            self.begun.append(cell)

    def outcome(self, cell):
        if cell not in self.asked:
            return "NONE"
        holder, mass_g, end_s = self.asked[cell]
        if end_s > self.clock.now():
            return f'BUSY,"{holder}",0'
        return f'FAILED,"{holder}",{mass_g:.6f},"no seal"' if cell.endswith("bad") else f'OK,"{holder}",{mass_g:.6f}'

    def unload(self, holder):
        if holder not in self.loaded or holder in self.driven:
            self.errors.append('-221,"Settings conflict"')
        else:
            del self.loaded[holder]


class FakeLibrary(VisaLibraryBase):
    """Serves one fake assembler."""

    @classmethod
    def of(cls, device, number):
        library = cls(LibraryPath(f"fake-assembler-{number}", "fake"))
        library.device, library.incoming, library.attributes = device, [], {}
        return library

    def open_default_resource_manager(self):
        return 1, StatusCode.success

    def open(self, session, resource_name, *_):
        self.attributes[ResourceAttribute.resource_name] = resource_name
        return 2, StatusCode.success

    def close(self, session):
        return StatusCode.success

    def clear(self, session):
        self.incoming.clear()
        return StatusCode.success

    def write(self, session, data):
        reply = self.device.handle(data.decode().strip())
        if reply and self.device.mute:
            self.device.mute -= 1
        elif reply:
            self.incoming.append(reply.encode() + b"\n")
        return len(data), StatusCode.success

    def read(self, session, count):
        if self.incoming:
            return self.incoming.pop(0), StatusCode.success_termination_character_read
        return b"", self.handle_return_value(session, StatusCode.error_timeout)

    def get_attribute(self, session, attribute):
        return self.attributes.get(attribute, 0), StatusCode.success

    def set_attribute(self, session, attribute, attribute_state):
        self.attributes[attribute] = attribute_state
        return StatusCode.success

    def disable_event(self, session, event_type, mechanism):
        return StatusCode.success

    def discard_events(self, session, event_type, mechanism):
        return StatusCode.success


def connected_driver(device, number, trace=None):
    """The driver of a fake assembler, over PyVISA as always."""
    manager = pyvisa.ResourceManager(FakeLibrary.of(device, number))
    settings = VirtualAssemblerSettings()
    framing = VirtualAssembler.framing(settings)
    return VirtualAssembler(Link.open(manager, ADDRESS, framing, "assembler", VirtualAssembler.model, trace), settings)
