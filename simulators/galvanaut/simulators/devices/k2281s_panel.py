"""The settings of a Keithley 2281S-20-6 and the commands that set them.

Sources: as in `k2281s`. Believed, not read: that settings can be asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from galvanaut.simulators.ieee488 import Ieee488Device
from galvanaut.simulators.scpi import command
from galvanaut.simulators.scpi_types import ERROR_TEXTS, Numeric, ScpiError

MOST_A = 6.1


@dataclass
class TesterSettings:
    """What ``*RST`` resets.

    Attributes:
        function: TEST, POWER or SIM.
        phase: what goes on: OFF, HOLD (battery test at its voltage), AH, PAUSE or SUPPLY.
        test_V: held in a battery test; above the cell's voltage it charges, below it discharges.
        protection_V: opens the circuit.
        protection_A: opens the circuit.
        end_A: current at which a test is over.
        full_V: held in an A-h test.
        limit_A: of an A-h test.
        supply_V: of the power supply.
        supply_A: its current limit.
        supply_most_V: greatest supply voltage that may be set.
        began_at: instant when the output was switched on, or an A-h test was started; 0 before the first time.
        drive_since: instant when what is imposed on the cell was last changed.
        begin_C: charge in the cell at ``began_at``.
        samples: readings taken since ``began_at``.
        rows: readings not yet read, five numbers each one after the other: V, A, ohm, Ah, s.
    """

    function: str = "POWER"
    phase: str = "OFF"
    test_V: float = 0.0
    protection_V: float = 21.0
    protection_A: float = 6.1
    end_A: float = 0.001
    full_V: float = 0.0
    limit_A: float = 0.0
    supply_V: float = 0.0
    supply_A: float = 0.1
    supply_most_V: float = 20.0
    began_at: float = 0.0
    drive_since: float = 0.0
    begin_C: float = 0.0
    samples: int = 0
    rows: list[float] = field(default_factory=list)


class ChargerPanel(Ieee488Device):
    """Settings only, no measuring."""

    settings: TesterSettings

    def refresh(self) -> None:
        """A setting changed: let it act if the output is on."""
        raise NotImplementedError  # abstract: the instrument that measures says what acting is

    def next_error(self) -> str:
        """For instance ``-113,"Undefined header"``."""
        if not self.status.errors:
            return '0,"No error"'
        code = self.status.errors.pop(0)
        return f'{code},"{ERROR_TEXTS[code]}"'

    @command(":BATTery:TEST:VOLTage", Numeric(0, 20))
    def set_test_voltage(self, volts: float) -> None:
        """Held in a battery test."""
        self.settings.test_V = volts
        self.refresh()

    @command(":BATTery:TEST:VOLTage?")
    def test_voltage(self) -> str:
        """V."""
        return written(self.settings.test_V)

    @command(":BATTery:TEST:VOLTage:PROTection", Numeric(0.5, 21))
    def set_voltage_protection(self, volts: float) -> None:
        """Opens the circuit."""
        self.settings.protection_V = volts
        self.refresh()

    @command(":BATTery:TEST:VOLTage:PROTection?")
    def voltage_protection(self) -> str:
        """V."""
        return written(self.settings.protection_V)

    @command(":BATTery:TEST:CURRent:PROTection", Numeric(0.1, MOST_A))
    def set_current_protection(self, amperes: float) -> None:
        """Opens the circuit, in either direction."""
        self.settings.protection_A = amperes
        self.refresh()

    @command(":BATTery:TEST:CURRent:PROTection?")
    def current_protection(self) -> str:
        """A."""
        return written(self.settings.protection_A)

    @command(":BATTery:TEST:CURRent:END", Numeric(0, 0.1))
    def set_end_current(self, amperes: float) -> None:
        """Ends a test."""
        self.settings.end_A = amperes

    @command(":BATTery:TEST:CURRent:END?")
    def end_current(self) -> str:
        """A."""
        return written(self.settings.end_A)

    @command(":BATTery:TEST:SENSe:AH:VFULl", Numeric(0, 20))
    def set_full_voltage(self, volts: float) -> None:
        """Held in an A-h test."""
        self.settings.full_V = volts
        self.refresh()

    @command(":BATTery:TEST:SENSe:AH:VFULl?")
    def full_voltage(self) -> str:
        """V."""
        return written(self.settings.full_V)

    @command(":BATTery:TEST:SENSe:AH:ILIMit", Numeric(0, MOST_A))
    def set_limit(self, amperes: float) -> None:
        """Of an A-h test."""
        self.settings.limit_A = amperes
        self.refresh()

    @command(":BATTery:TEST:SENSe:AH:ILIMit?")
    def limit(self) -> str:
        """A."""
        return written(self.settings.limit_A)

    @command("[:SOURce]:VOLTage", Numeric(0, 20))
    def set_supply_voltage(self, volts: float) -> None:
        """Of the power supply; at most its limit."""
        if volts > self.settings.supply_most_V:
            raise ScpiError(-222)
        self.settings.supply_V = volts
        self.refresh()

    @command("[:SOURce]:CURRent", Numeric(0, MOST_A))
    def set_supply_current(self, amperes: float) -> None:
        """Current limit of the power supply."""
        self.settings.supply_A = amperes
        self.refresh()

    @command("[:SOURce]:VOLTage:LIMit", Numeric(0, 20))
    def set_supply_limit(self, volts: float) -> None:
        """Greatest voltage that may be set; a greater one falls to it."""
        self.settings.supply_most_V = volts
        self.settings.supply_V = min(self.settings.supply_V, volts)
        self.refresh()


def written(value: float) -> str:
    """A number as the instrument writes it, e.g. ``+1.779709E-03``."""
    return f"{value:+.6E}"
