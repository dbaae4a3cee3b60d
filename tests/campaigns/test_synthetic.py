"""Simulated and real benches in one campaign: refused when one joins, and a ledger that has both is simulated."""

import pytest

from galvanaut.campaigns.ledger import Ledger
from galvanaut.campaigns.synthetic import is_synthetic
from galvanaut.core.clock import VirtualClock
from galvanaut.core.errors import InputError
from galvanaut.core.eventlog import EventLog, open_engine

REAL, SIMULATED = {"name": "one", "visa": "@py"}, {"name": "two", "visa": "simulated"}
SERVED = {"name": "three", "visa": "@py", "served": True}


@pytest.fixture
def log(tmp_path):
    return EventLog(open_engine(tmp_path / "ledger.db"), "ledger")


def plan(bench):
    return {"campaign": {}, "seed": 1, "bench": bench}


def start(log, bench):
    ledger = Ledger(log, "demo", VirtualClock(0.0), bench["name"])
    ledger.start(plan(bench))
    return ledger


@pytest.mark.parametrize(("bench", "synthetic"), [(REAL, False), (SIMULATED, True), (SERVED, True)])
def test_a_bench_that_another_process_simulates_is_no_real_one(bench, synthetic):
    assert is_synthetic(plan(bench)) is synthetic


@pytest.mark.parametrize(
    ("first", "other", "words"),
    [
        (REAL, SIMULATED, "begun on bench one, which is real, and bench two is simulated"),
        (REAL, SERVED, "begun on bench one, which is real, and bench three is simulated"),
        (SIMULATED, REAL, "begun on bench two, which is simulated, and bench one is real"),
    ],
)
def test_the_two_never_share_a_campaign(log, first, other, words):
    start(log, first)
    with pytest.raises(InputError, match=f"campaign demo.*{words}; the two are never mixed. Nothing was written"):
        start(log, other)
    assert [event.kind for event in log.read()] == ["started"]


def test_simulated_ones_share_it_however_they_are_reached(log):
    start(log, SIMULATED)
    assert start(log, SERVED).is_synthetic


def test_one_that_joined_when_that_was_not_refused_makes_the_campaign_simulated_and_goes_no_further(log):
    assert not start(log, REAL).is_synthetic
    log.append(0.0, "demo", "joined", {"plan": plan(SIMULATED)})
    assert start(log, REAL).is_synthetic
    with pytest.raises(InputError, match="never mixed"):
        start(log, SIMULATED)
