import json

import numpy as np
import pytest

from cellspectra import CIRCUIT, FREQUENCIES_HZ, impedance_ohm, noisy, record_with
from galvanaut.campaigns.analysis.sweeps import judged, sweeps_of
from galvanaut.core import bdf


def test_each_spectrum_of_a_record_is_found_with_its_cycle_and_time():
    frame = record_with(impedance_ohm(), impedance_ohm(R0_ohm=9.0))
    first, second = sweeps_of(frame)
    assert [(each.number, each.cycle, each.time_s) for each in (first, second)] == [(1, 1, 20.0), (2, 2, 610.0)]
    assert first.frequency_Hz == pytest.approx(FREQUENCIES_HZ)
    assert second.impedance_ohm == pytest.approx(impedance_ohm(R0_ohm=9.0))


def test_a_sweep_that_follows_at_once_is_another_one_rising_or_falling():
    frame = record_with(impedance_ohm())[2:]
    for one in (frame, frame[::-1]):
        twice = one.loc[[*one.index, *one.index]].reset_index(drop=True)
        assert [len(each.frequency_Hz) for each in sweeps_of(twice)] == [len(FREQUENCIES_HZ)] * 2


def test_there_and_back_are_two():
    there = record_with(impedance_ohm())[2:]
    frame = there.loc[[*there.index, *there.index[-2::-1]]].reset_index(drop=True)
    assert [len(each.frequency_Hz) for each in sweeps_of(frame)] == [len(FREQUENCIES_HZ), len(FREQUENCIES_HZ) - 1]


def test_a_step_ends_a_sweep():
    frame = record_with(impedance_ohm())[2:].assign(**{bdf.STEP_ID: [1] * 30 + [2] * 27})
    assert [len(each.frequency_Hz) for each in sweeps_of(frame)] == [30, 27]


def test_without_the_columns_or_without_a_frequency_there_is_none():
    frame = record_with(impedance_ohm())
    assert sweeps_of(frame.drop(columns=bdf.REAL_IMPEDANCE)) == []
    assert sweeps_of(frame.assign(**{bdf.FREQUENCY: np.nan})) == []
    assert sweeps_of(frame[:2]) == []
    assert sweeps_of(record_with(impedance_ohm()).drop(columns=bdf.CYCLE))[0].cycle is None


def test_a_good_spectrum_is_judged_in_full_and_always_alike():
    (sweep,) = sweeps_of(record_with(noisy(impedance_ohm(), 1e-3, 5)))
    found = judged(sweep, "demo/c7")
    assert found.kramers_kronig.is_valid
    assert found.circuit.parameters["R1_ohm"].value == pytest.approx(CIRCUIT["R1_ohm"], rel=0.05)
    assert found.resistance.resistance_ohm == pytest.approx(CIRCUIT["R0_ohm"], rel=0.3)
    assert found.why_not == ""
    told = json.dumps(found.to_json(), allow_nan=False)
    assert told == json.dumps(judged(sweep, "demo/c7").to_json(), allow_nan=False)


def test_a_cell_that_drifted_gets_no_circuit():
    drifting = impedance_ohm(R2_ohm=np.linspace(40, 160, len(FREQUENCIES_HZ)))
    found = judged(sweeps_of(record_with(drifting))[0], "demo/c7")
    assert not found.kramers_kronig.is_valid
    assert found.circuit is None
    assert found.why_not.startswith("fails the Kramers-Kronig test")


@pytest.mark.parametrize(
    ("frame", "why"),
    [
        (record_with(impedance_ohm().conj()), "Files often hold -Im Z"),
        (record_with(impedance_ohm()[:5], frequency_Hz=FREQUENCIES_HZ[:5]), "5 points, the test needs"),
        (record_with(np.where(FREQUENCIES_HZ < 1, np.nan, impedance_ohm())), "is not a number at"),
    ],
)
def test_what_is_no_spectrum_is_shown_with_the_reason(frame, why):
    found = judged(sweeps_of(frame)[0], "demo/c7")
    assert why in found.why_not
    assert found.circuit is None
    assert json.dumps(found.to_json(), allow_nan=False)
