"""How long a test may take by its protocol."""

import pytest

from cyclinglab import ENVELOPE, plan
from galvanaut.instruments.cycling.plan import load_plan
from galvanaut.instruments.envelope import Envelope
from galvanaut.instruments.jobs.cycletime import longest_s
from smalllab import ROOT

LIMITS = Envelope.model_validate(ENVELOPE)
PLANS = ROOT / "instruments" / "plans"
REST = {"step": "open_circuit_voltage", "until_time_s": 100}


def test_rests_and_loops_count_as_often_as_they_are_done():
    again, outer = {"step": "tag", "tag": "again"}, {"step": "tag", "tag": "outer"}
    method = [REST, outer, REST, again, REST, {"step": "loop", "loop_to": "again", "cycle_count": 3}]
    method.append({"step": "loop", "loop_to": "outer", "cycle_count": 2})
    assert longest_s(plan(method), LIMITS) == pytest.approx(100 + 2 * (100 + 300))


def test_a_current_takes_the_time_of_the_whole_capacity_unless_its_own_is_shorter():
    charge = {"step": "constant_current", "rate_C": "C/2", "until_voltage_V": 4.1}
    assert longest_s(plan([charge]), LIMITS) == pytest.approx(7200)
    assert longest_s(plan([{**charge, "until_time_s": 60}]), LIMITS) == pytest.approx(60)


def test_a_hold_without_a_time_cannot_be_told():
    hold = {"step": "constant_voltage", "voltage_V": 4.1, "until_rate_C": "C/20"}
    assert longest_s(plan([REST, hold]), LIMITS) is None
    assert longest_s(plan([REST, {**hold, "until_time_s": 900}]), LIMITS) == pytest.approx(1000)


def test_formation_as_shipped_takes_about_four_days_at_most():
    found = longest_s(load_plan(PLANS / "formation.yaml"), LIMITS)
    assert found == pytest.approx(3600 + 2 * (20 * 3600 + 600) + 2 * (10 * 3600 + 600) + 4 * 3600)


def test_ageing_as_shipped_takes_a_bounded_time():
    found = longest_s(load_plan(PLANS / "ageing.yaml").with_capacity(0.004), LIMITS)
    assert found is not None
    assert 30 < found / 86400 < 70
