"""A live model of one cell, fed by telemetry alone; see README.md beside this file."""

from galvanaut.simulators.twin.bank import Twins
from galvanaut.simulators.twin.findings import Cause, Finding
from galvanaut.simulators.twin.forecast import Forecast
from galvanaut.simulators.twin.prior import TwinPrior
from galvanaut.simulators.twin.readings import Reading
from galvanaut.simulators.twin.state import CycleSummary, Gap, Overlay, TwinState, gap
from galvanaut.simulators.twin.tuning import Tuning
from galvanaut.simulators.twin.twin import Twin

__all__ = [
    "Cause",
    "CycleSummary",
    "Finding",
    "Forecast",
    "Gap",
    "Overlay",
    "Reading",
    "Tuning",
    "Twin",
    "TwinPrior",
    "TwinState",
    "Twins",
    "gap",
]
