from dataclasses import replace
from math import nan

import pytest

from cellformation import formation
from cellrecords import Step, cycle, frame
from galvanaut.campaigns.analysis.evidence import Evidence, Expected, evidence
from galvanaut.campaigns.analysis.figures import Figure
from galvanaut.campaigns.analysis.record import Record
from galvanaut.campaigns.analysis.thresholds import Thresholds
from galvanaut.campaigns.analysis.verdict import verdicts
from galvanaut.simulators.cells.spme.cells import Sample

EXPECTED = Expected(4e-3, 4.2)
SOUND = Evidence(
    "a", 4.2, 0.017, 4.5e-3, 2, Figure(4e-3, 1e-6), Figure(0.998, 5e-4), False, 1e-6, 1e-4, 5e-6, Figure(40.0, 1.0)
)


def judged(*cells, thresholds=None):
    named = [replace(cell, cell="abcdefgh"[number]) for number, cell in enumerate(cells)]
    return list(verdicts(named, EXPECTED, thresholds).values())


def status(*cells):
    return [verdict.status for verdict in judged(*cells)]


def of_record(steps, **options):
    return evidence(Record.of(frame(steps), "a"), EXPECTED, **{"is_finished": True, **options})


def test_a_sound_cell_is_ok():
    (verdict,) = judged(SOUND)
    assert (verdict.status, verdict.counts, verdict.reason) == ("ok", True, "")
    assert verdict.to_json()["number"] is None


@pytest.mark.parametrize(
    ("change", "status", "quantity", "words"),
    [
        ({"moved_Ah": 1e-5}, "open", "moved_Ah", "no current flows"),
        ({"highest_V": 0.4}, "short", "highest_V", "cannot be charged"),
        ({"highest_V": 3.9, "first_charge_Ah": 6e-3}, "short", "first_charge_Ah", "without getting full"),
        ({"rest_fall_V_h": 0.02}, "short", "rest_fall_V_h", "20 mV/h"),
        ({"float_A": 60e-6}, "short", "float_A", "60 uA"),
        ({"coulombic_efficiency": Figure(0.8, 1e-3)}, "short", "coulombic_efficiency", "0.8000"),
        ({"capacity_Ah": Figure(3e-3, 1e-6)}, "misassembled", "capacity_Ah", "3 mAh of the nominal 4"),
        ({"resistance_ohm": Figure(300.0, 5.0)}, "misassembled", "resistance_ohm", "300 ohm"),
        ({"complete_cycles": 0, "capacity_Ah": Figure(nan, nan)}, "unknown", "complete_cycles", "test it for longer"),
    ],
)
def test_each_failure_has_its_reason_and_its_number(change, status, quantity, words):
    (verdict,) = judged(replace(SOUND, **change))
    assert (verdict.status, verdict.quantity, verdict.counts) == (status, quantity, False)
    assert words in verdict.reason
    row = verdict.to_json()
    assert row["number"] is not None
    assert row["limit"] is not None


def test_the_first_cycle_may_lose_more():
    assert status(replace(SOUND, coulombic_efficiency=Figure(0.85, 1e-3), is_first_cycle=True)) == ["ok"]


def test_a_limit_can_be_set():
    slow = replace(SOUND, rest_fall_V_h=0.02)
    assert judged(slow, thresholds=Thresholds(rest_fall_V_h=0.05))[0].status == "ok"


def test_records_of_failed_cells():
    jump = [Step(1, 0.0, 600, 0.2, 0.2), Step(1, 1e-9, 3600, 4.2, 4.2)]
    dead = [Step(1, 4e-4, 20 * 3600, 0.01, 0.02)]
    young = cycle(1, 4.4e-3, 4e-3, 4e-4, 4e-4)[:1]
    assert status(of_record(jump)) == ["open"]
    assert status(of_record(dead)) == ["short"]
    assert status(of_record(young, is_finished=False)) == ["unknown"]


def test_a_leak_shows_beside_its_replicates():
    leaky = replace(SOUND, coulombic_efficiency=Figure(0.975, 5e-4))
    assert status(SOUND, leaky, SOUND) == ["ok", "short", "ok"]
    assert status(SOUND, leaky) == ["disagree", "disagree"]
    better = replace(SOUND, coulombic_efficiency=Figure(1.02, 5e-4))
    assert status(SOUND, SOUND, better) == ["ok", "ok", "outlier"]  # too good to be a leak
    unsure = replace(leaky, coulombic_efficiency=Figure(0.975, 0.02))
    assert status(SOUND, unsure, SOUND) == ["ok", "ok", "ok"]


def test_resistance_and_capacity_beside_their_replicates():
    loose = replace(SOUND, resistance_ohm=Figure(120.0, 1.0))
    small = replace(SOUND, capacity_Ah=Figure(3.4e-3, 1e-6))
    assert status(SOUND, SOUND, loose) == ["ok", "ok", "misassembled"]
    assert status(SOUND, small, SOUND) == ["ok", "outlier", "ok"]
    assert status(SOUND, small) == ["disagree", "disagree"]
    blind = replace(SOUND, resistance_ohm=Figure(nan, nan))
    assert status(SOUND, blind, SOUND) == ["ok", "ok", "ok"]


def test_who_failed_is_nobodys_peer():
    dead = replace(SOUND, highest_V=0.3, capacity_Ah=Figure(nan, nan))
    small = replace(SOUND, capacity_Ah=Figure(3.4e-3, 1e-6))
    assert status(SOUND, small, dead) == ["disagree", "disagree", "short"]


@pytest.fixture(scope="module")
def simulated():
    samples = {
        "a": Sample(),
        "b": Sample(loading=1.01, contact_ohm=10.0),
        "c": Sample(loading=0.99, contact_ohm=7.0),
        "leaky": Sample(leak_A=10e-6),
        "strong leak": Sample(leak_A=80e-6),
        "misaligned": Sample(loading=0.85),
        "far misaligned": Sample(loading=0.7),
    }
    records = {name: Record.of(formation(sample), name) for name, sample in samples.items()}
    return {name: evidence(record, EXPECTED, is_finished=True) for name, record in records.items()}


def test_a_batch_of_simulated_cells(simulated):
    found = {name: verdict.status for name, verdict in verdicts(list(simulated.values()), EXPECTED).items()}
    assert found == {
        "a": "ok",
        "b": "ok",
        "c": "ok",
        "leaky": "short",
        "strong leak": "short",
        "misaligned": "outlier",
        "far misaligned": "misassembled",
    }
