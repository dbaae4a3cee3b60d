"""What is written down of a trial with cells."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cellrecords import fading
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
from galvanaut.flows.celloutcome import with_lives

LIQUID = Outcome("ok", {"conductivity": 9.0}, {"conductivity": 0.1}, {"temperature_degC": 25.0})
RISING = 4e-3 * (1 + 5e-4 * np.arange(20))


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
