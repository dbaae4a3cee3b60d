"""The judge of the drill: what counts as safe, on truths and claims made up for the purpose."""

from math import inf, nan

import pytest

from galvanaut.flows.drill.judge import (
    Fault,
    Knowledge,
    Row,
    Told,
    air_faults,
    cell_faults,
    liquid_faults,
    safety,
    true_rows,
)
from galvanaut.flows.drill.truth import AirTruth, CellTruth, LiquidTruth
from galvanaut.instruments.envelope import Envelope

ENVELOPE = Envelope.model_validate(
    {
        "minimum_voltage": "2.5 V",
        "maximum_voltage": "4.2 V",
        "maximum_charge_current": "4 mA",
        "maximum_discharge_current": "4 mA",
        "minimum_temperature": "0 degC",
        "maximum_temperature": "45 degC",
        "maximum_capacity": "5 mAh",
        "maximum_time": "10 h",
    }
)
POLL_S = 10.0


def driven(at, voltage_V=3.7, current_A=2e-3, degC=25.0, held_V=4.1, limit_A=2e-3):
    return CellTruth(at, voltage_V, current_A, degC, held_V, -limit_A, limit_A)


def at_rest(at, voltage_V=3.7, degC=25.0):
    return CellTruth(at, voltage_V, 0.0, degC, None, 0.0, 0.0)


def watched(until):
    return [Row(at, 3.7, 2e-3) for at in range(0, until + 1, int(POLL_S))]


def reasons(truths, **knowledge):
    return [fault.reason for fault in cell_faults(truths, ENVELOPE, Knowledge(**knowledge), POLL_S)]


def test_a_cell_at_rest_needs_nobody():
    assert reasons([at_rest(at) for at in range(0, 10_000, 100)]) == []


def test_a_driven_cell_that_is_watched_is_safe():
    assert reasons([driven(at) for at in range(100)], rows=watched(100)) == []


@pytest.mark.parametrize(
    ("truth", "text"),
    [
        (at_rest(0.0, voltage_V=4.22), "4.22 V is outside"),
        (at_rest(0.0, voltage_V=2.4), "2.4 V is outside"),
        (driven(0.0, current_A=5e-3), "0.005 A is outside"),
        (at_rest(0.0, degC=50.0), "50 degC is outside"),
        (driven(0.0, held_V=0.0), "a source of 0 V is on the cell"),
        (driven(0.0, held_V=4.3), "a source of 4.3 V is on the cell"),
        (driven(0.0, limit_A=0.1), "a source that may pass -0.1 to 0.1 A is on the cell"),
    ],
)
def test_what_is_outside_the_envelope_or_could_get_there_is_not_safe_even_if_it_is_watched(truth, text):
    (reason,) = reasons([truth], rows=[Row(0.0, truth.voltage_V, truth.current_A)])
    assert text in reason


def test_a_cell_that_nobody_has_read_for_two_polls_is_not_safe():
    found = cell_faults([driven(at) for at in range(100)], ENVELOPE, Knowledge(watched(50)), POLL_S)
    assert [fault.at for fault in found] == list(range(72, 100))
    assert "no true reading for 22 s" in found[0].reason


def test_a_reading_that_is_not_true_is_no_reading():
    truths = [driven(at) for at in range(100)]
    stuck = [Row(at, 3.7 if at <= 50 else 3.6, 2e-3) for at in range(0, 100, 10)]
    assert len(true_rows(stuck, truths, ENVELOPE)) == 6
    assert len(reasons(truths, rows=stuck)) == 28


def test_a_meter_that_cannot_see_a_cell_at_rest_and_says_so_tells_no_lie():
    assert true_rows([Row(0.0, nan, 0.0)], [at_rest(0.0)], ENVELOPE)
    assert not true_rows([Row(0.0, nan, 2e-3)], [at_rest(0.0)], ENVELOPE)


def test_a_host_that_says_it_does_not_know_has_done_what_it_can():
    told = [Told(60.0, "unknown", "go and look")]
    assert reasons([driven(at) for at in range(1000)], rows=watched(50), told=told) == []


def test_a_current_that_the_host_says_is_off_is_never_safe():
    truths = [driven(at) for at in range(100)]
    found = cell_faults(truths, ENVELOPE, Knowledge(watched(100), [Told(60.0, "off", "ended")]), POLL_S)
    assert found[0].at == 60.0
    assert "the host says off (ended), but the source holds 4.1 V" in found[0].reason


def test_a_source_that_can_pass_next_to_nothing_is_as_good_as_off():
    truths = [driven(at, current_A=1e-7, limit_A=1e-7) for at in range(100)]
    assert reasons(truths, told=[Told(0.0, "off", "ended")]) == []


def test_without_a_host_the_instrument_has_to_bound_the_cell():
    truths = [driven(at) for at in range(0, 5000, 10)]
    assert reasons(truths, rows=watched(100), absent=(100.0, 6000.0)) == []
    assert reasons([*truths, driven(5001, held_V=0.0)], rows=watched(100), absent=(100.0, 6000.0)) != []


def test_the_time_for_which_the_copy_stood_still_does_not_count():
    truths = [driven(at) for at in range(100)]
    assert reasons(truths, rows=watched(70), held_up=[(71.0, 100.0)]) == []
    assert reasons(truths, rows=watched(70)) != []


# -- liquids and air -------------------------------------------------------------------------------------------------


def liquids(given_g, mixer_mL=1.0, moving=(), endless=()):
    return [
        LiquidTruth(0.0, {"bottle": 100.0}, {"mixer": 0.0}, frozenset(), frozenset()),
        LiquidTruth(10.0, {"bottle": 100.0 - given_g}, {"mixer": mixer_mL}, frozenset(moving), frozenset(endless)),
    ]


def found_in(truths, asked_g=4.0, is_minded=True):
    faults = liquid_faults(
        truths, lambda pump, at: asked_g, lambda pump, at: is_minded, {"pump": "bottle"}, {"mixer": 40.0}
    )
    return [fault.reason for fault in faults]


def test_a_pump_gives_no_more_than_it_was_asked_for():
    assert found_in(liquids(4.3)) == []
    assert found_in(liquids(8.0)) == ["pump has given 8.000 g; at most 4.420 g was asked"]


def test_a_vessel_must_not_run_over():
    assert found_in(liquids(4.0, mixer_mL=40.0)) == ["mixer runs over"]


def test_a_running_pump_has_somebody_who_minds_it_and_an_end():
    assert found_in(liquids(1.0, moving=["pump"])) == []
    assert found_in(liquids(1.0, moving=["pump"]), is_minded=False) == ["pump runs and nobody minds it"]
    assert found_in(liquids(1.0, moving=["pump"], endless=["pump"])) == ["pump runs without an end"]


def test_air_has_limits():
    airs = [AirTruth(0.0, 41.9), AirTruth(1.0, 42.1), AirTruth(2.0, -3.0)]
    assert [fault.at for fault in air_faults(airs, 0.0, 40.0)] == [1.0, 2.0]


# -- how long ----------------------------------------------------------------------------------------------------------


def test_the_last_instant_that_was_not_safe_counts():
    assert safety([], 100.0, 500.0).after_s == 0.0
    assert safety([Fault(104.0, "a"), Fault(130.0, "b")], 100.0, 500.0).after_s == 30.0
    assert safety([Fault(104.0, "a"), Fault(500.0, "b")], 100.0, 500.0).after_s == inf


def test_what_was_not_safe_before_the_fault_is_not_passed_over():
    found = safety([Fault(50.0, "a source of 0 V is on the cell")], 100.0, 500.0)
    assert found.after_s == inf
    assert found.reason.startswith("before the fault already")
