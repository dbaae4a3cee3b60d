"""The list sweep of a Keysight E4980A: which frequencies, and on which page of the display the meter is.

Believed, not read: everything here, as the command table says. Illustrative: at most 201 points.
"""

from __future__ import annotations

from galvanaut.simulators.devices.e4980a_panel import LcrPanel
from galvanaut.simulators.scpi import command
from galvanaut.simulators.scpi_types import Choice, Numeric, Rest, ScpiError

MOST_POINTS = 201


class ListPanel(LcrPanel):
    """The front panel with its list setup."""

    @command(":DISPlay:PAGE", Choice("MEASurement", "LIST"))
    def set_page(self, page: str) -> None:
        """On the page LIST a trigger measures the list."""
        self.settings.page = page
        self.settings.list_next = 0

    @command(":DISPlay:PAGE?")
    def page(self) -> str:
        """MEAS or LIST."""
        return self.settings.page

    @command(":LIST:FREQuency", Numeric(20, 2e6), Rest(Numeric(20, 2e6)))
    def set_list(self, first_Hz: float, *others_Hz: float) -> None:
        """The frequencies, in the order in which they are measured; what was measured before is forgotten."""
        if len(others_Hz) + 1 > MOST_POINTS:
            raise ScpiError(-222)
        self.settings.list_Hz = [first_Hz, *others_Hz]
        self.settings.list_rows, self.settings.list_next = [], 0

    @command(":LIST:FREQuency?")
    def frequencies(self) -> str:
        """Hz."""
        return ",".join(self.written(each) for each in self.settings.list_Hz) or self.written(0.0)

    @command(":LIST:MODE", Choice("SEQuence", "STEPped"))
    def set_list_mode(self, mode: str) -> None:
        """Whether one trigger measures the whole list or its next point."""
        self.settings.list_mode, self.settings.list_next = mode, 0

    @command(":LIST:MODE?")
    def list_mode(self) -> str:
        """SEQ or STEP."""
        return self.settings.list_mode
