"""The plans that are shipped: each suits the cells of the benches that are shipped, and does what its comment says."""

from pathlib import Path

import pytest

from galvanaut.instruments.bench import load_bench
from galvanaut.instruments.cycling import check_plan, compile_program, narrowed_envelope
from galvanaut.instruments.cycling import plan as plans
from galvanaut.instruments.cycling.program import CurrentStep, LoopStep, RestStep, VoltageStep

ROOM = Path(__file__).parents[3] / "instruments"
NAMES = ("formation", "ageing", "fast-charge", "rate", "pulses", "eis")
ON_SOURCE_METERS = [name for name in NAMES if name != "eis"]


def shipped(name):
    """With the capacity that formation would have found, where the plan leaves it to that."""
    plan = plans.load_plan(ROOM / "plans" / f"{name}.yaml")
    return plan.with_capacity(4e-3) if plan.wants_capacity else plan


def holders(name):
    """Envelope and source meter of each holder of a bench."""
    bench = load_bench(ROOM / "benches" / f"{name}.yaml")
    for holder in bench.holders:
        meter = bench.instruments[bench.source_meter_at(holder)]
        yield bench.envelope_at(holder), meter.driver_class.capabilities(meter.parsed_settings())


def a_holder():
    return next(holders("simulated-cycling"))


def taken(name):
    """Every step that the plan takes, loops followed, each with how many loop steps were passed before it."""
    envelope, source = a_holder()
    program, problems = compile_program(shipped(name), envelope, source)
    assert problems == []
    steps, passes, index, loops = [], {}, 0, 0
    while index < len(program):
        step = program[index]
        if not isinstance(step, LoopStep):
            steps.append((loops, step))
        else:
            loops += 1
            passes[index] = passes.get(index, 0) + 1
            if passes[index] < step.passes:
                index = step.target
                continue
            passes[index] = 0
        index += 1
    return steps


def currents_mA(steps, direction):
    found = [round(1000 * step.current_A, 6) for _, step in steps if isinstance(step, CurrentStep)]
    return [current for current in found if current * direction > 0]


def test_every_plan_of_the_folder_is_tested_here_and_in_its_table():
    assert {path.stem for path in (ROOM / "plans").glob("*.yaml")} == set(NAMES)
    page = (ROOM / "plans" / "README.md").read_text("utf-8")
    assert all(f"({name}.yaml)" in page for name in NAMES)


@pytest.mark.parametrize("bench", ["simulated-cells", "simulated-cycling"])
@pytest.mark.parametrize("name", ON_SOURCE_METERS)
def test_a_plan_suits_every_holder(name, bench):
    found = [check_plan(shipped(name), envelope, source) for envelope, source in holders(bench)]
    assert len(found) in (4, 16)
    assert not any(found)


@pytest.mark.parametrize("bench", ["simulated-cells", "simulated-cycling"])
def test_impedance_is_refused_on_source_meters_for_that_reason_only(bench):
    for envelope, source in holders(bench):
        (problem,) = check_plan(shipped("eis"), envelope, source)
        assert problem.where == "protocol.method.5.step"
        assert problem.message == "impedance spectroscopy is more than a source meter can do; use another cycler"


def test_but_for_its_impedance_step_the_plan_is_one_for_any_cell():
    tree = shipped("eis").as_json()
    assert tree["protocol"]["method"].pop(5)["step"] == "impedance_spectroscopy"
    envelope, source = a_holder()
    assert check_plan(plans.TestPlan.model_validate(tree), envelope, source) == []


@pytest.mark.parametrize("name", NAMES)
def test_what_all_plans_have_in_common(name):
    plan = shipped(name)
    assert (plan.temperature_degC, plan.capacity_Ah) == (25.0, 0.004)
    text = (ROOM / "plans" / f"{name}.yaml").read_text("utf-8")
    assert "Values are illustrative" in text
    reached = [step for step in plan.protocol.method if getattr(step, "until_voltage_V", None) is not None]
    assert {(step.rate_C > 0, step.until_voltage_V) for step in reached} == {(True, 4.2), (False, 2.8)}


def test_formation_is_a_slow_cycle_and_a_less_slow_one_and_takes_cells_at_0_V():
    steps = taken("formation")
    assert currents_mA(steps, +1) == [0.2, 0.4]
    assert currents_mA(steps, -1) == [-0.2, -0.4]
    holds = [step for _, step in steps if isinstance(step, VoltageStep)]
    assert [(hold.voltage_V, hold.until_A) for hold in holds] == [(4.2, pytest.approx(0.0002))]
    assert narrowed_envelope(shipped("formation"), a_holder()[0])[0].voltage_min_V == 0.0


def test_fast_charge_is_ageing_with_a_larger_current_and_a_short_hold():
    fast, usual = taken("fast-charge"), taken("ageing")
    assert currents_mA(fast, -1) == currents_mA(usual, -1)
    assert set(currents_mA(fast, +1)) == {0.4, 6.0}
    assert currents_mA(fast, +1) == [6.0 if current == 4.0 else current for current in currents_mA(usual, +1)]


def test_ageing_is_300_cycles_with_check_ups_around_every_50():
    steps = taken("ageing")
    pattern = ([-0.4] + [-4.0] * 50) * 6 + [-0.4]
    assert currents_mA(steps, -1) == pattern
    assert currents_mA(steps, +1) == [-current for current in pattern]
    fast = [step for loops, step in steps if 1 <= loops <= 50]  # the first 50 after the first check-up
    assert [type(step) for step in fast[:5]] == [CurrentStep, VoltageStep, RestStep, CurrentStep, RestStep]
    assert (fast[1].time_s, fast[1].until_A) == (3600.0, pytest.approx(0.0002))
    assert {step.time_s for step in fast if isinstance(step, RestStep)} == {600.0}
    assert len(fast) == 250


def test_ageing_outlives_a_restart_and_wants_a_cell_that_was_formed():
    plan = shipped("ageing")
    assert (plan.after_interruption, plan.protocol.record.time_s) == ("continue", 60)
    assert narrowed_envelope(plan, a_holder()[0])[0].voltage_min_V == 2.6


def test_rates_rise_after_equal_charges_and_the_slowest_comes_again():
    steps = taken("rate")
    assert currents_mA(steps, -1) == [-0.4, -0.4, -0.8, -0.8, -2, -2, -4, -4, -8, -8, -0.4]
    assert set(currents_mA(steps, +1)) == {0.8}


def test_pulses_come_in_pairs_at_nine_states_of_charge():
    steps = [step for _, step in taken("pulses")]
    pulses = [(n, step) for n, step in enumerate(steps) if getattr(step, "time_s", None) == 10]
    assert [round(1000 * step.current_A, 6) for _, step in pulses] == [-4.0, 3.0] * 9
    for n, step in pulses:
        assert steps[n + 1].time_s == 40
        if step.current_A < 0:  # after 10 % of the capacity has gone, and an hour of rest
            assert steps[n - 1] == RestStep(3600.0, steps[n - 1].where)
            assert -steps[n - 2].current_A * steps[n - 2].time_s / 3600 == pytest.approx(0.1 * 0.004)
    assert (shipped("pulses").period_s, shipped("pulses").protocol.record.time_s) == (1, 1)  # the shortest step has ten


def test_impedance_is_measured_at_half_charge():
    method = shipped("eis").protocol.method
    place = [step.step for step in method].index("impedance_spectroscopy")
    before = [step for step in method[:place] if step.step == "constant_current"]
    assert -before[-1].rate_C * before[-1].until_time_s / 3600 == pytest.approx(0.5)
    assert (method[place].start_frequency_Hz, method[place].end_frequency_Hz) == (1e5, 0.01)
