"""What is written down of a trial with cells."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cellrecords import cycle, fading, frame
from cyclinglab import ENVELOPE
from galvanaut.campaigns.analysis.cycles import per_cycle
from galvanaut.campaigns.analysis.fade import life, retention
from galvanaut.campaigns.analysis.record import Record
from galvanaut.campaigns.analysis.trialsummary import Replicate, summarise_trial
from galvanaut.campaigns.analysis.verdict import Verdict
from galvanaut.campaigns.ledger import Ledger, Outcome
from galvanaut.campaigns.recipe import Recipe
from galvanaut.core.clock import VirtualClock
from galvanaut.core.errors import InputError
from galvanaut.core.eventlog import EventLog, opened
from galvanaut.flows.celloutcome import life_of, with_lives
from galvanaut.instruments.cycling.plan import load_plan
from galvanaut.instruments.envelope import Envelope

LIQUID = Outcome("ok", {"conductivity": 9.0}, {"conductivity": 0.1}, {"temperature_degC": 25.0})
RISING = 4e-3 * (1 + 5e-4 * np.arange(20))


PLAN = """
nominal_capacity: measured
stop_rules: {minimum_retention: 0.8, consecutive: 2}
protocol:
  record: {time_s: 30}
  safety: {}
  method:
    - {step: tag, tag: again}
    - {step: constant_current, rate_C: 1, until_voltage_V: 4.2}
    - {step: constant_voltage, voltage_V: 4.2, until_rate_C: C/20}
    - {step: constant_current, rate_C: -1, until_voltage_V: 2.8}
    - {step: loop, loop_to: again, cycle_count: 100}
"""


def replicate(name, capacities_Ah):
    cycles = per_cycle(Record.of(fading(capacities_Ah), name), is_finished=True)
    try:
        return Replicate.of_life(Verdict(name, "ok"), life(retention(cycles, source=name)))
    except InputError as error:
        return Replicate(Verdict(name, "unknown", str(error)), None)


def outcome_of(*cells):
    lives = summarise_trial([replicate(f"cell-{n}", each) for n, each in enumerate(cells, start=1)])
    return with_lives(LIQUID, [], lives)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.floats(1e-5, 1e-2), min_size=1, max_size=12), min_size=1, max_size=3))
def test_whatever_cells_do_it_can_be_written(cells):
    outcome = outcome_of(*cells)
    json.dumps([outcome.values, outcome.deviations, outcome.details], allow_nan=False)
    if outcome.status == "ok":
        assert outcome.values["life"] > 0
        assert outcome.deviations["life"] > 0, "nothing is too wild to say how sure it is"


def test_a_trial_with_a_sudden_death_is_closed(tmp_path):
    with opened(tmp_path / "ledger.db", durable=False) as engine:
        ledger = Ledger(EventLog(engine, "ledger"), "demo", VirtualClock(0.0))
        ledger.propose(1, Recipe({"EC": 0.3, "DMC": 0.6, "LiPF6": 0.1}), [], {})
        ledger.close(1, outcome_of([*RISING, 2.90e-3, 2.95e-3]))
        trial = ledger.trials[1]
    assert trial.status == "ok"
    assert trial.outcome.values["life"] == pytest.approx(20.75, abs=0.05)
    assert trial.outcome.deviations["life"] == pytest.approx(0.13 * 20.75, rel=0.01)


def test_a_cell_that_was_ended_for_its_capacity_is_dead(tmp_path):
    """Its contacts fail: its charge is held from the beginning, and looks like one at a third of the current."""
    (tmp_path / "plan.yaml").write_text(PLAN, "utf-8")
    steps = [step for n in range(1, 21) for step in cycle(n, 4e-3, 4e-3, charge_A=4e-3, discharge_A=4e-3)]
    steps += [step for n in (21, 22) for step in cycle(n, 1e-3, 1e-3, charge_A=1.2e-3, discharge_A=4e-3)]
    record = Record.of(frame(steps), "cell-1")
    found = life_of(record, load_plan(tmp_path / "plan.yaml"), Envelope.model_validate(ENVELOPE), is_finished=True)
    assert not found.is_censored
    assert found.cycles == pytest.approx(20 + 0.2 / 0.75)


@pytest.mark.parametrize(("consecutive", "is_censored"), [(1, False), (2, True), (3, True)])
def test_a_test_that_its_own_rule_ended_has_lived_its_life(tmp_path, consecutive, is_censored):
    """A plan may end a test at the first low cycle: no second one comes."""
    (tmp_path / "plan.yaml").write_text(PLAN.replace("consecutive: 2", f"consecutive: {consecutive}"), "utf-8")
    charges_Ah = [*np.linspace(4e-3, 3.3e-3, 20), 3.1e-3]
    record = Record.of(fading(charges_Ah), "cell-1")
    plan, envelope = load_plan(tmp_path / "plan.yaml"), Envelope.model_validate(ENVELOPE)
    found = life_of(record, plan, envelope, is_finished=True)
    assert found.is_censored is is_censored
    assert found.cycles == (20 if is_censored else pytest.approx(20.5))
