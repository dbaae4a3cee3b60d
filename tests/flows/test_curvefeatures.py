"""The feature of discharge curves: when it is known, what it says, and that it is worked out once."""

from types import SimpleNamespace

import numpy as np
import pytest

from galvanaut.campaigns.analysis.record import Record
from galvanaut.core.errors import InputError
from galvanaut.flows.curvefeatures import KNOWN, CurveFeatures, known_at
from galvanaut.instruments.cycling.program import CurrentStep, RestStep

PROGRAM = (CurrentStep(4e-3, 4.2, None, "1"), RestStep(600.0, "2"), CurrentStep(-4e-3, 2.8, None, "3"))
CYCLES = range(2, 60)
CYCLE_S = 7200.0


def record(fade):
    """Discharges along a straight line, each shorter by a share ``fade`` of the first."""
    rows = []
    for cycle in range(1, 40):
        share = 1.0 - fade * (cycle - 1)
        for part in np.linspace(0.0, 1.0, 30):
            rows.append((CYCLE_S * cycle + 3600.0 * share * part, 4.2 - 1.4 * part, -4e-3, cycle))
    time_s, voltage_V, current_A, cycle = np.array(rows).T
    whole = cycle.astype(np.int64)
    return Record("cell", time_s, voltage_V, current_A, whole, whole, np.full(len(rows), np.nan))


def job(cycles):
    """Of a test that has gone so far."""
    notes = {f"cycle_{each}": [] for each in range(1, cycles + 1)}
    return SimpleNamespace(key="demo/0001/cycling/1", notes=notes, request={"sample": "a"})


def features(readings):
    asked = []

    def record_of(name, cell):
        asked.append((name, cell))
        if readings is None:
            raise InputError(name, "has no record")
        return readings

    return CurveFeatures(PROGRAM, CYCLES, record_of), asked


def test_it_is_known_after_the_thirtieth_of_the_cycles_that_count_and_not_before():
    found, asked = features(record(0.001))
    assert known_at(CYCLES) == 31
    assert found.of(job(30)) is None
    assert asked == []
    assert found.of(job(31)) == found.of(job(39)) is not None
    assert asked == [("demo/0001/cycling/1", "a")]


def test_it_is_the_variance_of_what_is_lost_between_two_cycles():
    found, _ = features(record(0.001))
    lost_Ah = 18 * 0.001 * 4e-3 * np.linspace(0.0, 1.0, 1000)
    assert found.of(job(31)) == pytest.approx(np.log10(np.var(lost_Ah)), abs=0.02)


def test_what_fades_more_has_more_of_it():
    slow, fast = (features(record(fade))[0].of(job(31)) for fade in (0.001, 0.003))
    assert fast == pytest.approx(slow + 2 * np.log10(3), abs=0.02)


def test_without_readings_nothing_is_known():
    found, asked = features(None)
    assert found.of(job(31)) is None
    assert found.of(job(31)) is None
    assert len(asked) == 1


def test_a_plan_of_few_cycles_has_none():
    assert known_at(range(1, KNOWN)) is None
