"""A plan is held against cell and instrument before anything is opened: everything wrong is said at once."""

import pytest
from pydantic import ValidationError

from galvanaut.core.errors import InputError
from galvanaut.instruments.cycling import check_plan, compile_program, narrowed_envelope
from galvanaut.instruments.cycling import plan as plans
from galvanaut.instruments.cycling.program import CurrentStep, LoopStep, RestStep, VoltageStep
from galvanaut.instruments.envelope import Envelope
from galvanaut.instruments.roles import SourceLimits

ENVELOPE = Envelope.model_validate(
    {
        "minimum_voltage": "2.5 V",
        "maximum_voltage": "4.2 V",
        "maximum_charge_current": "5 mA",
        "maximum_discharge_current": "10 mA",
        "minimum_temperature": "0 degC",
        "maximum_temperature": "45 degC",
        "maximum_capacity": "5 mAh",
        "maximum_time": "30 h",
    }
)
SOURCE = SourceLimits(0.0, 20.0, 1.05, 1e-9)
REST = {"step": "open_circuit_voltage", "until_time_s": 60}
CHARGE = {"step": "constant_current", "current_mA": 2, "until_voltage_V": 4.2}
HOLD = {"step": "constant_voltage", "voltage_V": 4.2, "until_current_mA": 0.2}
DISCHARGE = {"step": "constant_current", "current_mA": -2, "until_voltage_V": 3.0}


def plan(*method, protocol=None, **more):
    tree = {"record": {"time_s": 10}, "method": list(method), **(protocol or {})}
    return plans.TestPlan.model_validate({"protocol": tree, **more})


def problems(*args, source=SOURCE, **kwargs):
    return {one.where: one.message for one in check_plan(plan(*args, **kwargs), ENVELOPE, source)}


def test_a_good_plan_has_no_problems():
    assert problems(REST, CHARGE, HOLD, REST, DISCHARGE) == {}


@pytest.mark.parametrize(
    ("step", "where", "words"),
    [
        (CHARGE | {"until_voltage_V": 4.3}, "until_voltage_V", r"4.3 V is outside the envelope"),
        (HOLD | {"voltage_V": 4.3}, "voltage_V", r"4.3 V is outside the envelope"),
        (DISCHARGE | {"until_voltage_V": 2.0}, "until_voltage_V", "2 V is outside the envelope"),
        (CHARGE | {"current_mA": 12}, "", "0.012 A is outside the envelope"),
        (DISCHARGE | {"current_mA": -7}, "", "suits one direction only"),
        (CHARGE | {"until_voltage_V": None, "until_time_s": 60}, "until_voltage_V", "is missing"),
        (CHARGE | {"until_voltage_V": 0, "until_time_s": 60}, "until_voltage_V", "0 V counts as not set"),
        (HOLD | {"voltage_V": 0}, "voltage_V", "0 V counts as not set"),
        (CHARGE | {"until_time_s": 200_000}, "until_time_s", "200000 s is outside the envelope"),
        (DISCHARGE | {"until_voltage_V": None, "until_time_s": 36_000}, "", "may move 0.02 Ah is outside the envelope"),
        (CHARGE | {"until_time_s": -5}, "until_time_s", "not a time above zero"),
        (REST | {"until_time_s": 200_000}, "until_time_s", "outside the envelope"),
        ({"step": "constant_current", "rate_C": "C/5", "until_voltage_V": 4.2}, "rate_C", "needs nominal_capacity"),
        (HOLD | {"until_current_mA": 6}, "", "no more than"),
        (
            {
                "step": "impedance_spectroscopy",
                "amplitude_V": 0.01,
                "start_frequency_Hz": 1e4,
                "end_frequency_Hz": 1,
            },
            "step",
            "impedance spectroscopy is more than a source meter can do",
        ),
        (
            {"step": "voltage_scan", "start_voltage_V": 3, "end_voltage_V": 4, "scan_rate_mV_per_s": 1},
            "step",
            "voltage scan is more than a source meter can do",
        ),
    ],
)
def test_a_step_that_must_not_be_is_named_with_its_place(step, where, words):
    found = problems(REST, step)
    place = f"protocol.method.1.{where}" if where else "protocol.method.1"
    assert words in found[place]


def test_everything_is_said_at_once():
    found = problems(CHARGE | {"until_voltage_V": 4.3}, HOLD | {"voltage_V": 4.4}, temperature="60 degC")
    assert set(found) == {"protocol.method.0.until_voltage_V", "protocol.method.1.voltage_V", "temperature"}


@pytest.mark.parametrize(
    ("safety", "where", "words"),
    [
        ({"max_voltage_V": 4.3}, "max_voltage_V", "4.3 V lies outside the envelope"),
        ({"min_voltage_V": 2.0}, "min_voltage_V", "2 V lies outside the envelope"),
        ({"max_current_mA": 20}, "max_current_mA", "0.02 A lies outside"),
        ({"min_current_mA": -20}, "min_current_mA", "0.02 A lies outside"),
        ({"min_current_mA": 1}, "min_current_mA", "leaves nothing"),
        ({"max_capacity_mAh": 50}, "max_capacity_mAh", "0.05 Ah lies outside"),
    ],
)
def test_safety_of_the_protocol_only_narrows(safety, where, words):
    assert words in problems(CHARGE, protocol={"safety": safety})[f"protocol.safety.{where}"]


def test_steps_that_contradict_their_own_safety_are_refused():
    """unicycler accepts a step to 4.2 V under a largest voltage of 4.0 V."""
    found = problems(CHARGE, protocol={"safety": {"max_voltage_V": 4.0}})
    assert found == {"protocol.method.0.until_voltage_V": "4.2 V is outside the envelope of 2.5 to 4 V"}


def test_an_empty_safety_is_the_envelope():
    assert narrowed_envelope(plan(CHARGE), ENVELOPE) == (ENVELOPE, [])
    narrow, _ = narrowed_envelope(
        plan(CHARGE, protocol={"safety": {"max_voltage_V": 4.1, "min_current_mA": -3}}), ENVELOPE
    )
    assert (narrow.voltage_max_V, narrow.discharge_max_A, narrow.charge_max_A) == (4.1, 0.003, 0.005)


def test_the_envelope_of_a_plan_only_narrows():
    own = {"minimum_voltage": "2.0 V", "maximum_voltage": "4.1 V", "maximum_charge_current": "1 mA"}
    rest = {name: value for name, value in ENVELOPE.model_dump(by_alias=True).items() if name not in own}
    found = problems(CHARGE, envelope=own | rest)
    assert "2 V is wider than the 2.5 V that the holder allows" in found["envelope.minimum_voltage"]
    assert "outside the envelope of 2.5 to 4.1 V" in found["protocol.method.0.until_voltage_V"]
    assert "0.002 A is outside" in found["protocol.method.0"]


@pytest.mark.parametrize(
    "method",
    [
        (CHARGE, DISCHARGE | {"current_mA": 2}),
        (CHARGE, HOLD, REST, CHARGE | {"current_mA": 2, "until_voltage_V": 3.0}),
        (DISCHARGE, REST, CHARGE | {"current_mA": -2}),
        (DISCHARGE, CHARGE | {"until_voltage_V": 3.0}),
        (CHARGE | {"until_time_s": 3600}, HOLD, REST, CHARGE | {"current_mA": -2}),
        (DISCHARGE | {"until_time_s": 3600}, HOLD | {"voltage_V": 3.0}, DISCHARGE | {"current_mA": 2}),
    ],
)
def test_a_wrong_sign_is_noticed(method):
    assert any("check the sign" in message for message in problems(*method).values())


def test_charging_higher_and_topping_up_are_no_wrong_signs():
    assert problems(CHARGE | {"until_voltage_V": 3.6}, CHARGE, HOLD, REST, CHARGE, REST, DISCHARGE) == {}


@pytest.mark.parametrize("capped", [DISCHARGE, CHARGE])
@pytest.mark.parametrize("held_V", [2.8, 3.0, 3.6, 4.2])
def test_a_current_that_time_may_end_leads_no_further_than_to_its_voltage(capped, held_V):
    """Held where it may not have got to yet, a cell goes on in that direction; else nobody can tell."""
    capped, hold = capped | {"until_time_s": 3600}, HOLD | {"voltage_V": held_V}
    down, up = (step | {"until_voltage_V": held_V} for step in (DISCHARGE, CHARGE))
    assert (problems(capped, hold, REST, down) == {}) == (capped["current_mA"] < 0 or held_V < 4.2)
    assert (problems(capped, hold, REST, up) == {}) == (capped["current_mA"] > 0 or held_V > 3.0)


def test_a_cap_in_time_is_no_charge_that_a_step_with_a_voltage_moves():
    assert problems(CHARGE | {"until_time_s": 36_000}, DISCHARGE | {"until_time_s": 36_000}) == {}


@pytest.mark.parametrize(
    ("source", "method", "words"),
    [
        (SourceLimits(0, 20, 0.001, 1e-9), (CHARGE,), "outside of what the source meter can do"),
        (SourceLimits(0, 20, 1, 0.1), (CHARGE,), "outside of what the source meter can do"),
        (SourceLimits(0, 4, 1, 1e-9), (CHARGE,), "4.2 V is outside of what the source meter can do"),
        (SourceLimits(0, 20, 1, 1e-9, watchdog_s=20), (CHARGE,), "watchdog of 20 s"),
        (SourceLimits(0, 20, 1, 1e-9, discharges=False), (DISCHARGE,), "cannot draw a current"),
        (SourceLimits(0, 20, 1, 1e-9, discharges=False), (REST,), "sees nothing of a cell at rest"),
    ],
)
def test_what_the_meter_cannot_do_is_said(source, method, words):
    assert any(words in message for message in problems(*method, source=source).values())


def test_a_cycler_that_runs_by_itself_is_not_held_to_a_source_meter():
    assert problems(DISCHARGE | {"current_mA": -7}, source=None) == {}


def test_a_plan_that_polls_too_fast_is_refused():
    assert "faster than a host polls" in problems(CHARGE, poll_period="0.1 s")["poll_period"]


def test_two_capacities_must_agree():
    with pytest.raises(ValidationError, match="give one"):
        plan(CHARGE, protocol={"sample": {"capacity_mAh": 5}}, nominal_capacity="4 mAh")
    assert plan(CHARGE, nominal_capacity="4 mAh").capacity_Ah == pytest.approx(0.004)
    assert "more than the 0.005 Ah" in problems(CHARGE, nominal_capacity="6 mAh")["nominal_capacity"]


def test_a_program_is_flat_and_in_amperes():
    one = plan(
        REST,
        {"step": "tag", "tag": "again"},
        {"step": "constant_current", "rate_C": "C/2", "until_voltage_V": 4.2},
        HOLD,
        {"step": "constant_current", "rate_C": "D/4", "until_voltage_V": 3.0, "until_time_s": 3600},
        {"step": "loop", "loop_to": "again", "cycle_count": 3},
        {"step": "loop", "loop_to": 2, "cycle_count": 2},
        nominal_capacity="4 mAh",
    )
    program, found = compile_program(one, ENVELOPE, SOURCE)
    assert found == []
    assert program == (
        RestStep(60.0, "protocol.method.0"),
        CurrentStep(0.002, 4.2, None, "protocol.method.2"),
        VoltageStep(4.2, 0.002, 0.0002, None, "protocol.method.3"),
        CurrentStep(-0.001, 3.0, 3600.0, "protocol.method.4"),
        LoopStep(1, 3, "protocol.method.5"),
        LoopStep(1, 2, "protocol.method.6"),
    )


def test_a_hold_that_follows_no_current_has_the_current_of_the_envelope():
    program, _ = compile_program(plan(REST, HOLD), ENVELOPE, SOURCE)
    assert program[1].limit_A == 0.005


def test_crossed_loops_are_refused():
    method = [REST, REST, REST, {"step": "loop", "loop_to": 1, "cycle_count": 2}, REST]
    crossing = [*method, {"step": "loop", "loop_to": 2, "cycle_count": 2}]
    assert "crosses" in problems(*crossing)["protocol.method.3.loop_to"]


def test_a_plan_survives_json_and_yaml(tmp_path):
    one = plan(
        REST, CHARGE, temperature="25 degC", nominal_capacity="4 mAh", envelope=ENVELOPE.model_dump(by_alias=True)
    )
    assert plans.TestPlan.model_validate(one.as_json()) == one
    path = tmp_path / "plan.yaml"
    path.write_text(
        "protocol:\n  record: {time_s: 60}\n  method:\n    - {step: open_circuit_voltage, until_time_s: 5}\n"
    )
    assert plans.load_plan(path).period_s == 10
    path.write_text("protocol:\n  record: {time_s: 1}\n  method:\n    - {step: open_circuit_voltage, until: 5}\n")
    with pytest.raises(InputError, match=r"line 4: protocol\.method\.0\.\S*until"):
        plans.load_plan(path)


RECORDING = SourceLimits(0.0, 20.0, 1.05, 1e-9, recording_max_s=10_000.0)


@pytest.mark.parametrize(
    ("more", "where", "words"),
    [
        ({"poll_period": "5 s"}, "poll_period", "records by itself, every 60 s as protocol.record says"),
        ({"record_s": 0.2}, "protocol.record.time_s", "records every 0.5 to 10000 s, not 0.2 s"),
        ({"record_s": 20_000}, "protocol.record.time_s", "not 20000 s"),
    ],
)
def test_a_meter_that_records_keeps_the_time_of_the_protocol(more, where, words):
    protocol = {"record": {"time_s": more.pop("record_s", 60)}}
    assert words in problems(CHARGE, source=RECORDING, protocol=protocol, **more)[where]


def test_looks_are_300_s_apart_at_most_and_10_s_where_each_is_a_reading():
    slow = {"look_period": "300 s", "protocol": {"record": {"time_s": 60}}}
    assert problems(CHARGE, source=RECORDING, **slow) == {}
    assert problems(CHARGE, **slow) == {}
    assert plan(CHARGE, **slow).period_s == 10
    with pytest.raises(ValidationError):
        plan(CHARGE, look_period="901 s")


def test_a_watchdog_counts_looks_where_the_meter_records():
    source = SourceLimits(0.0, 20.0, 1.05, 1e-9, watchdog_s=60.0, recording_max_s=1e4)
    assert "watchdog of 60 s" in problems(CHARGE, source=source, look_period="30 s")["look_period"]
    assert problems(CHARGE, source=source, look_period="20 s") == {}


def test_a_step_between_two_readings_would_leave_no_trace():
    found = problems(CHARGE | {"until_time_s": 30}, source=RECORDING, protocol={"record": {"time_s": 60}})
    assert "30 s are shorter than the 60 s between two readings" in found["protocol.method.0.until_time_s"]


def test_how_often_is_looked_and_read():
    one = plan(CHARGE, protocol={"record": {"time_s": 60}})
    assert (one.period_s, one.sampling_s, one.looking_s) == (10, 60, 10)
    one = plan(CHARGE, protocol={"record": {"time_s": 60}}, look_period="300 s")
    assert (one.period_s, one.sampling_s, one.looking_s) == (10, 60, 300)
    one = plan(CHARGE, look_period="5 s")
    assert (one.period_s, one.sampling_s, one.looking_s) == (5, 10, 5)


def test_a_capacity_that_is_measured_has_to_be_handed_over():
    step = {"step": "constant_current", "rate_C": "C/2", "until_voltage_V": 4.2}
    one = plan(step, nominal_capacity="measured")
    assert (one.capacity_Ah, one.wants_capacity) == (None, True)
    assert "handed over when the test starts" in problems(step, nominal_capacity="measured")["protocol.method.0.rate_C"]
    measured = one.with_capacity(0.004)
    assert compile_program(measured, ENVELOPE, SOURCE)[0] == (CurrentStep(0.002, 4.2, None, "protocol.method.0"),)
    assert plans.TestPlan.model_validate(one.as_json()) == one
    assert plans.TestPlan.model_validate(measured.as_json()) == measured
    for wrong in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(InputError, match="is none"):
            one.with_capacity(wrong)
    with pytest.raises(InputError, match="a second one has no place"):
        measured.with_capacity(0.004)
    with pytest.raises(ValidationError, match="give one"):
        plan(step, nominal_capacity="measured", protocol={"sample": {"capacity_mAh": 4}})


@pytest.mark.parametrize("capacity", ["0 mAh", "-1 mAh", "4", "4 mA", "guessed", 4])
def test_what_is_no_capacity(capacity):
    with pytest.raises(ValidationError):
        plan(CHARGE, nominal_capacity=capacity)


IMPEDANCE = {"step": "impedance_spectroscopy", "amplitude_mA": 1, "start_frequency_Hz": 1e4, "end_frequency_Hz": 1}
SCAN = {"step": "voltage_scan", "start_voltage_V": 3, "end_voltage_V": 4, "scan_rate_mV_per_s": 1}


def test_a_cycler_of_its_own_may_do_more_than_a_source_meter():
    assert problems(CHARGE, IMPEDANCE, SCAN, source=None) == {}
    assert problems(IMPEDANCE, source=None) == {}
    found = problems(IMPEDANCE | {"amplitude_mA": 20}, SCAN | {"end_voltage_V": 4.5}, source=None)
    assert set(found) == {"protocol.method.0.amplitude_mA", "protocol.method.1.end_voltage_V"}
