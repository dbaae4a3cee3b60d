"""Cycling tests: the plan a person writes, the check against cell and instrument, and the cycler that runs it.

Made of parts that know nothing of each other's business: `plan` is what was asked, `program` the same as flat steps in
floats, `check` says everything that is wrong with it, `sequencer` decides what comes next and `interlock` what must
not go on, both without any input or output; `host` joins them to a source meter, `recorded` to one that records.
`foreign` writes a protocol for other people's cyclers.
"""

from __future__ import annotations

from galvanaut.instruments.cycling.check import check_plan, narrowed_envelope
from galvanaut.instruments.cycling.host import HostCycler
from galvanaut.instruments.cycling.interlock import Interlock, Sample, Trip
from galvanaut.instruments.cycling.plan import TestPlan, load_plan
from galvanaut.instruments.cycling.program import compile_program
from galvanaut.instruments.cycling.recorded import RecordingCycler
from galvanaut.instruments.cycling.sequencer import Sequencer
from galvanaut.instruments.cycling.stoprules import StopRules

__all__ = [
    "HostCycler",
    "Interlock",
    "RecordingCycler",
    "Sample",
    "Sequencer",
    "StopRules",
    "TestPlan",
    "Trip",
    "check_plan",
    "compile_program",
    "load_plan",
    "narrowed_envelope",
]
