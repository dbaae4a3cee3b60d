"""Faults on demand: what goes wrong on a simulated bench, when, and for how long."""

from galvanaut.simulators.faults.applicable import applicable
from galvanaut.simulators.faults.fault import Fault, parse_fault

__all__ = ["Fault", "applicable", "parse_fault"]
