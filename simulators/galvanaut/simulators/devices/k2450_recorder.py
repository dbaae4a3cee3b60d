"""How a Keithley 2450 family source meter records by itself: its trigger model, driven by commands and carried out.

What has fallen due is worked out when the meter is spoken to and before anything that it measures changes; nothing is
done at the instants of the readings themselves. Only when a block is to switch the output does the bench's clock stop.

Sources: 2450 reference manual for the commands. Believed: the codes of what is refused, the form of the state.
Illustrative: changing the model while it runs is refused like starting it again; ``*OPC?`` and ``*WAI`` do not wait for
it; of loops, what `k2450_trigger` says, and a model that breaks these limits does not start (-221).
"""

from __future__ import annotations

from abc import abstractmethod

import numpy as np

from galvanaut.simulators.devices.k2450_buffer import Columns
from galvanaut.simulators.devices.k2450_buffer_panel import BUFFERS, BufferName, BufferPanel
from galvanaut.simulators.devices.k2450_trigger import MOST_BLOCKS, Array, Block, Due, TriggerModel, is_sound
from galvanaut.simulators.scpi import command
from galvanaut.simulators.scpi_types import Integer, Maybe, Numeric, ScpiError, Switch, Text
from galvanaut.simulators.spec import Instrument
from galvanaut.simulators.world import World

_NUMBER = Integer(1, MOST_BLOCKS)
_MOST_ROUNDS = 2**31 - 1


class Recorder(BufferPanel):
    """A source meter with a trigger model."""

    records_unseen = True

    def __init__(self, name: str, spec: Instrument, world: World) -> None:
        super().__init__(name, spec, world)
        self.trigger = TriggerModel()
        self.readings = 0

    @property
    @abstractmethod
    def integration_s(self) -> float:
        """What one reading takes with the present settings."""

    @abstractmethod
    def measure_at(self, instants: Array, number: int) -> Columns:
        """Readings at instants at which nothing had changed since; ``number`` is that of the first one."""

    @abstractmethod
    def switch(self, is_on: bool, instant: float) -> None:
        """Switch the output at an instant, as a block of the model asks."""

    # -- carrying the model out ---------------------------------------------------------------------------------

    def catch_up(self) -> bool:
        """Do what has fallen due by now."""
        if not self.trigger.is_running:
            return False
        for due in self.trigger.run(self.now):
            block = due.leg.blocks[0] if due.leg.blocks else None
            if due.last > due.first:
                self._record(due)
            elif block is not None and block.kind == "clear":
                self._clear(block.buffer)
            elif block is not None and block.kind == "output":
                self.switch(block.is_on, self.trigger.started_at + due.leg.begin_s)
        return True

    @property
    def acts_at(self) -> float:
        """When the model next switches the output."""
        return self.trigger.next_switch_at()

    def act(self) -> None:
        """Switch it."""
        self.catch_up()

    def _record(self, due: Due) -> None:
        """Take readings; of more than the buffers hold, only the last ones."""
        leg, start = due.leg, self.trigger.started_at
        names, each_round = leg.buffers, len(leg.buffers)
        most = max(buffer.capacity for buffer in self.buffers.values()) * each_round
        begin = max(due.first, due.last - most)
        columns = self.measure_at(leg.instants(start, begin, due.last), self.readings + begin - due.first + 1)
        self.readings += due.last - due.first
        if len(set(names)) == 1:
            self.buffers[names[0]].extend(columns, float(leg.instants(start, due.first, due.first + 1)[0]))
            return
        places = np.arange(begin, due.last) % each_round
        for name, buffer in self.buffers.items():
            own = [place for place, each in enumerate(names) if each == name]
            mine = np.isin(places, own)
            if mine.any():
                first = due.first + min((place - due.first) % each_round for place in own)
                begun_at = float(leg.instants(start, first, first + 1)[0])
                buffer.extend(columns[mine], begun_at)

    def _clear(self, name: str) -> None:
        self.buffers[name].clear(self.buffers[name].capacity)

    def must_not_run(self) -> None:
        """Refuse what conflicts with a model that runs."""
        if self.trigger.is_running:
            raise ScpiError(-213)

    # -- commands -----------------------------------------------------------------------------------------------

    @command(":TRIGger:LOAD", Text())
    def load(self, template: str) -> None:
        """``"Empty"``: a model without blocks."""
        self.must_not_run()
        if template.upper() != "EMPTY":
            raise ScpiError(-224)
        self.trigger = TriggerModel()

    @command(":TRIGger:BLOCk:BUFFer:CLEar", _NUMBER, Maybe(BufferName()))
    def set_clearing(self, number: int, name: str = BUFFERS[0]) -> None:
        """A block that empties a buffer."""
        self._set_block(number, Block("clear", buffer=name))

    @command(":TRIGger:BLOCk:MEASure", _NUMBER, Maybe(BufferName()))
    def set_measuring(self, number: int, name: str = BUFFERS[0]) -> None:
        """A block that takes one reading into a buffer."""
        self._set_block(number, Block("measure", buffer=name))

    @command(":TRIGger:BLOCk:DELay:CONStant", _NUMBER, Numeric(167e-9, 1e4))
    def set_delay(self, number: int, seconds: float) -> None:
        """A block that waits."""
        self._set_block(number, Block("delay", seconds=seconds))

    @command(":TRIGger:BLOCk:BRANch:ALWays", _NUMBER, _NUMBER)
    def set_branch(self, number: int, to: int) -> None:
        """A block that leads to another one."""
        self._set_block(number, Block("always", to=to))

    @command(":TRIGger:BLOCk:BRANch:COUNter", _NUMBER, Integer(1, _MOST_ROUNDS), _NUMBER)
    def set_counting_branch(self, number: int, count: int, to: int) -> None:
        """A block that leads to another one until the way there was gone ``count`` times in all."""
        self._set_block(number, Block("count", to=to, rounds=count))

    @command(":TRIGger:BLOCk:SOURce:STATe", _NUMBER, Switch())
    def set_switching(self, number: int, is_on: bool) -> None:
        """A block that switches the output."""
        self._set_block(number, Block("output", is_on=is_on))

    def _set_block(self, number: int, block: Block) -> None:
        self.must_not_run()
        blocks = self.trigger.blocks
        if number > len(blocks) + 1:
            raise ScpiError(-222)
        self.trigger.blocks = (*blocks[: number - 1], block, *blocks[number:])

    @command(":INITiate[:IMMediate]")
    def start(self) -> None:
        """Start the model."""
        self.must_not_run()
        if not self.trigger.blocks or not is_sound(self.trigger.blocks):
            raise ScpiError(-221)
        self.trigger.start(self.now, self.integration_s)
        self.catch_up()

    @command(":ABORt")
    def abort(self) -> None:
        """Stop it; nothing to stop is no error."""
        self.trigger.abort(self.now)

    @command(":TRIGger:STATe?")
    def trigger_state(self) -> str:
        """For instance ``RUNNING;RUNNING;3``: twice the state, and the number of the block."""
        state = self.trigger.state
        return f"{state};{state};{self.trigger.block_at(self.now)}"
