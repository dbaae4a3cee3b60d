"""Made-up readings of tests that never took place, for tests of what keeps them."""

from contextlib import contextmanager
from math import nan

from galvanaut.core.eventlog import open_engine
from galvanaut.instruments.runs import Row
from galvanaut.instruments.telemetry import LabRecorder
from galvanaut.instruments.telemetry.sealed import HOT_FILE
from galvanaut.instruments.telemetry.store import HotStore

BEGAN_S = 1.8e9
TEST = "demo/0001/cycle/1"
FACTS = {"campaign": "demo", "cell": "cell-1", "simulated": True, "plan": {"protocol": {}}}
STEPS_A = (0.0, 2e-3, -1e-3)
"""Rest, charge, discharge; ten readings each."""


def readings(count=30, first=0, period_s=10.0, late_s=0.0):
    """Readings from number ``first`` on, in steps of ten."""
    return [_reading(number, period_s, late_s) for number in range(first, first + count)]


def _reading(number, period_s, late_s):
    taken = number // 10
    time_s = (number + 1) * period_s
    current_A = STEPS_A[taken % 3]
    temperature_degC = nan if number % 7 == 0 else 25.0
    unix_s = BEGAN_S + late_s + time_s
    place = taken % 3, taken + 1, taken // 3 + 1, (number % 10 + 1) * period_s
    return Row(number, time_s, unix_s, 3.7, current_A, temperature_degC, *place)


@contextmanager
def hot_store(folder, kind=HotStore):
    """A store in a lab folder."""
    engine = open_engine(folder / HOT_FILE, durable=False)
    try:
        yield kind(engine)
    finally:
        engine.dispose()


@contextmanager
def recorder(folder, flush_s=5.0):
    """A recorder that forgets what waits when it is let go, as if its process had been killed."""
    with hot_store(folder) as store:
        yield LabRecorder(folder, store, flush_s)
