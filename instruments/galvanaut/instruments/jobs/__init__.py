"""The physical actions that a station knows, one module each."""

from galvanaut.instruments.jobs.action import Action, InDoubtError, Job, JobFailedError
from galvanaut.instruments.jobs.conductivity import MeasureImpedance, Settle
from galvanaut.instruments.jobs.cycling import CycleTest
from galvanaut.instruments.jobs.dose import Dose
from galvanaut.instruments.jobs.resistance import MeasureResistance
from galvanaut.instruments.jobs.transfer import Empty, Transfer

__all__ = [
    "Action",
    "CycleTest",
    "Dose",
    "Empty",
    "InDoubtError",
    "Job",
    "JobFailedError",
    "MeasureImpedance",
    "MeasureResistance",
    "Settle",
    "Transfer",
]
