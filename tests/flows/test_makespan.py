"""Asynchronous trials against batches of the same length."""

import pytest

from galvanaut.campaigns.ledger import Outcome, TrialRecord
from galvanaut.campaigns.recipe import Recipe
from galvanaut.flows.makespan import DAY_S, makespan


def trial(number: int, begin_d: float, end_d: float | None) -> TrialRecord:
    record = TrialRecord(number, Recipe({"EC": 1.0}), [], {}, proposed_at=begin_d * DAY_S)
    if end_d is not None:
        record.outcome, record.ended_at = Outcome("ok"), end_d * DAY_S
    return record


def test_a_batch_waits_for_its_slowest_trial():
    trials = [trial(1, 0, 10), trial(2, 0, 2), trial(3, 1, 4), trial(4, 4, 12)]  # 3 waits for a day
    found = makespan(trials, 2, {1: 0, 2: 0, 3: 2 * DAY_S, 4: 4 * DAY_S})
    assert (found.taken_s, found.in_batches_s) == (12 * DAY_S, (10 + 8) * DAY_S)
    assert found.ratio == pytest.approx(12 / 18)
    assert found.text() == (
        "12.0 days from the first recipe to the last result; the same trials in batches of 2 would have taken "
        "18.0 days (ratio 0.67)"
    )


def test_nothing_is_said_before_a_trial_ended_or_of_one_at_a_time():
    assert makespan([trial(1, 0, None)], 2, {}) is None
    assert makespan([trial(1, 0, 1), trial(2, 1, 2)], 1, {1: 0, 2: DAY_S}) is None
