"""The physical actions that a station knows, one module each."""

from galvanaut.instruments.jobs.action import (
    Action,
    InDoubtError,
    Job,
    JobFailedError,
    PostponedError,
    UnfinishedError,
)
from galvanaut.instruments.jobs.assemble import AssembleCell
from galvanaut.instruments.jobs.awaitrecord import AwaitRecord
from galvanaut.instruments.jobs.bottles import PutUpBottles
from galvanaut.instruments.jobs.conductivity import MeasureImpedance, Settle
from galvanaut.instruments.jobs.cycling import CycleTest
from galvanaut.instruments.jobs.dose import Dose
from galvanaut.instruments.jobs.putright import PutRight
from galvanaut.instruments.jobs.resistance import MeasureResistance
from galvanaut.instruments.jobs.transfer import Empty, Transfer
from galvanaut.instruments.jobs.unload import UnloadCell

__all__ = [
    "Action",
    "AssembleCell",
    "AwaitRecord",
    "CycleTest",
    "Dose",
    "Empty",
    "InDoubtError",
    "Job",
    "JobFailedError",
    "MeasureImpedance",
    "MeasureResistance",
    "PostponedError",
    "PutRight",
    "PutUpBottles",
    "Settle",
    "Transfer",
    "UnfinishedError",
    "UnloadCell",
]
