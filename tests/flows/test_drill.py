"""The drill: a copy is broken in every way, and a bench that is not safe must not pass."""

import json
import logging
import re

import pytest

from galvanaut.core.errors import InputError
from galvanaut.flows.drill.appraisal import limit_s
from galvanaut.flows.drill.benchcopy import copy_of
from galvanaut.flows.drill.cycling import plan_for
from galvanaut.flows.drill.drill import Drill
from galvanaut.flows.drill.matrix import DEATHS, HOST_DIES, Scenario, faults_of, scenarios
from galvanaut.flows.drill.rehearsal import CannotRehearseError
from galvanaut.instruments.bench import Bench, load_bench
from galvanaut.instruments.cycling.interlock import Interlock
from galvanaut.instruments.drivers.keithley_2450 import Keithley2450
from galvanaut.instruments.jobs import pumping
from galvanaut.instruments.telemetry.store import HotStore
from plainchemistry import PlainChemistry
from smalllab import BENCH, command_line

CELL = """
name: one-cell
visa: simulated
holders:
  cell:
    cell: {state_of_charge: 50 %}
    envelope:
      {minimum_voltage: 2.5 V, maximum_voltage: 4.25 V, maximum_charge_current: 8 mA, maximum_discharge_current: 8 mA,
       minimum_temperature: 0 degC, maximum_temperature: 45 degC, maximum_capacity: 5 mAh, maximum_time: 60 h}
instruments:
  smu: {driver: keithley-2450, resource: "TCPIP::192.0.2.31::5025::SOCKET", wiring: {channel: cell}}
"""
DOSING = {
    "name": "dosing",
    "visa": "simulated",
    "stocks": {"DMC": {"composition": {"DMC": 1}, "density": "1 g/mL", "available": "1 L", "lot": "A"}},
    "vessels": {"mixer": {"capacity": "40 mL"}},
    "instruments": {
        "pump": {
            "driver": "new-era-ne-1000",
            "resource": "ASRL1::INSTR",
            "wiring": {"draws": "DMC", "into": "mixer"},
            "settings": {"syringe_diameter": "26.59 mm", "rate": "10 mL/min", "maximum_dose": "9.999 mL"},
        },
        "balance": {"driver": "mettler-mt-sics", "resource": "ASRL2::INSTR", "wiring": {"weighs": "mixer"}},
    },
}


@pytest.fixture
def bench_file(tmp_path):
    path = tmp_path / "bench.yaml"
    path.write_text(CELL, encoding="utf-8")
    return path


def verdicts(bench, faults, names=(), moments=1, seed=1):
    copy = copy_of(bench)
    return list(Drill(copy, seed, PlainChemistry()).verdicts(scenarios(copy, faults, names, moments)))


# -- what is drilled ----------------------------------------------------------------------------------------------


def test_every_instrument_meets_every_fault_that_it_can_have_and_the_death_of_its_host():
    bench = load_bench(BENCH)
    found = scenarios(bench)
    assert {each.instrument for each in found} == set(bench.instruments)
    assert "balance overload" in faults_of(bench, "balance")
    assert "balance overload" not in faults_of(bench, "lcr")
    for name in bench.instruments:
        assert {each.fault for each in found if each.instrument == name} == set(faults_of(bench, name))
        assert set(DEATHS) <= set(faults_of(bench, name))


@pytest.mark.parametrize(
    ("faults", "names", "message"),
    [
        ([], ["smu_9"], "has no instrument smu_9; it has pump_ec_dmc"),
        (["meteorite"], [], "'meteorite' is not a fault; known are dropped reply"),
        (["pump stall"], ["lcr"], "pump stall applies to none of these instruments. Possible are lcr: dropped reply"),
    ],
)
def test_what_is_not_there_is_named(faults, names, message):
    with pytest.raises(InputError, match=re.escape(message)):
        scenarios(load_bench(BENCH), faults, names)


def test_the_copy_of_a_real_bench_is_simulated_and_has_cells(tmp_path):
    text = CELL.replace("visa: simulated", 'visa: "@ivi"\narmed: true').replace("cell: {state_of_charge: 50 %}", "")
    path = tmp_path / "real.yaml"
    path.write_text(text.replace("TCPIP::192.0.2.31::5025::SOCKET", "USB0::0x05E6::0x2450::04010101::INSTR"), "utf-8")
    copy = copy_of(load_bench(path))
    assert copy.is_simulated
    assert not copy.armed
    assert copy.holders["cell"].cell is not None
    assert copy.instruments["smu"].resource.endswith("::SOCKET")
    level = logging.getLogger("galvanaut").level
    assert command_line("drill", path, "--fault", "late reply").returncode == 0
    assert logging.getLogger("galvanaut").level == level, "what runs later in this process would log nothing"


def test_the_plan_of_the_drill_stays_inside_any_envelope(bench_file):
    envelope = load_bench(bench_file).envelope_at("cell")
    plan = plan_for(envelope)
    volts = [step.voltage_V for step in plan.protocol.method if hasattr(step, "voltage_V")]
    assert all(envelope.voltage_min_V < volt < envelope.voltage_max_V for volt in volts)


def test_an_instrument_that_cannot_be_reached_has_until_its_watchdog(bench_file):
    bench = load_bench(bench_file)
    assert limit_s(bench, Scenario("smu", "dead peer", 1), 10.0) == 20.0
    text = CELL.replace("keithley-2450", "keysight-n6705c").replace(
        "{channel: cell}", "{channel: cell}, settings: {watchdog: 70 s}"
    )
    bench_file.write_text(text, "utf-8")
    bench = load_bench(bench_file)
    assert limit_s(bench, Scenario("smu", "dead peer", 1), 10.0) == 70.0
    assert limit_s(bench, Scenario("smu", HOST_DIES, 1), 10.0) == 70.0
    assert limit_s(bench, Scenario("smu", "stuck reading", 1), 10.0) == 20.0


# -- what comes out -------------------------------------------------------------------------------------------------


def test_a_bench_that_is_safe_passes(bench_file):
    done = command_line("drill", bench_file, "--fault", "dead peer", "--fault", HOST_DIES, "--moments", "4")
    assert done.returncode == 0, done.stdout
    assert "8 of 8 scenarios ended safely" in done.stdout
    assert "bounded by the instrument: cell holds" in done.stdout
    assert "left alone for an hour; next host: " in done.stdout


def test_the_same_seed_gives_the_same_table_and_another_one_other_moments(bench_file):
    options = ("--fault", "power cut", "--fault", "truncated reply", "--moments", "3", "--json")
    first, again, other = (
        json.loads(command_line("drill", bench_file, *options, "--seed", seed).stdout) for seed in (3, 3, 4)
    )
    assert first == again
    assert first["scenarios"] != other["scenarios"]
    row = first["scenarios"][0]
    assert {"instrument", "fault", "moment", "outcome", "noticed_s", "safe_s", "limit_s", "lost", "ok"} <= row.keys()
    assert first["ok"] is True


def test_a_dose_survives_the_death_of_its_host_and_is_given_once():
    for verdict in verdicts(Bench.model_validate(DOSING), list(DEATHS), moments=4):
        assert verdict.is_ok, verdict
        assert verdict.outcome == "left alone for an hour; next host: recovered"


def test_a_dead_meter_is_known_to_be_dead_within_two_polls(bench_file):
    found = verdicts(load_bench(bench_file), ["dead peer"], moments=6)
    assert max(verdict.noticed_s for verdict in found) <= 20.0
    assert all("may NOT be safe" in verdict.said for verdict in found)


def test_a_meter_that_wakes_up_as_a_source_of_no_volts_is_taken_off_its_cell(bench_file):
    """A 2450 whose front terminals are used: after a power cut it is on the cell again, with 0 V and a small limit."""
    bench_file.write_text(CELL.replace("{channel: cell}", "{channel: cell}, settings: {terminals: front}"), "utf-8")
    found = verdicts(load_bench(bench_file), ["power cut"], moments=8)
    assert all(0 < verdict.safe_s <= 20 for verdict in found), found
    assert {verdict.outcome for verdict in found} == {"stopped safely, 1 of 1 jobs failed"}


def test_a_relay_that_sticks_asks_for_a_hand_where_the_smallest_current_is_no_rest(bench_file):
    bench_file.write_text(CELL.replace("keithley-2450", "keysight-n6705c"), "utf-8")
    for verdict in verdicts(load_bench(bench_file), ["relay stuck closed"], moments=3):
        assert verdict.is_ok, verdict
        assert "disconnect the cell by hand" in verdict.said


def test_each_part_of_a_mainframe_is_drilled_with_its_own_messages(bench_file):
    text = CELL.replace("keithley-2450", "keysight-n6705c").replace("    envelope:\n", "    envelope: &limits\n")
    text = text.replace("instruments:", "  second: {cell: {}, envelope: *limits}\ninstruments:")
    entry = text.splitlines()[-1]
    text += (
        entry.replace("smu:", "other:").replace("{channel: cell}", "{channel: second}, settings: {output: 2}") + "\n"
    )
    bench_file.write_text(text, "utf-8")
    (verdict,) = verdicts(load_bench(bench_file), [HOST_DIES], ["other"])
    assert verdict.outcome.startswith("left alone for an hour")


def test_one_lost_reply_does_not_spoil_a_dose():
    for verdict in verdicts(Bench.model_validate(DOSING), ["dropped reply", "garbled reply"], ["pump"], moments=4):
        assert verdict.is_ok
        assert verdict.outcome == "went on"


def test_help_says_that_nothing_real_is_opened():
    done = command_line("drill", "--help")
    assert "Nothing real is opened" in " ".join(done.stdout.split())
    assert command_line("drill", "nowhere.yaml").returncode == 2


# -- benches that must not pass ---------------------------------------------------------------------------------------


def test_a_source_that_stays_on_the_cell_when_it_is_off_is_not_safe(bench_file, monkeypatch):
    monkeypatch.setattr(Keithley2450, "_open_when_off", lambda meter: meter.link.write(":OUTP:SMOD NORM"))
    monkeypatch.setattr(Keithley2450, "_verify", lambda meter, envelope: None)
    done = command_line("drill", bench_file, "--fault", "over-voltage trip")
    assert done.returncode == 1
    assert "NOT SAFE" in done.stdout
    assert "a source of 0 V is on the cell" in done.stdout
    assert "bench.yaml must not be left alone" in done.stdout


def test_an_interlock_that_sleeps_is_not_safe(bench_file, monkeypatch):
    monkeypatch.setattr(Interlock, "judge", lambda interlock, sample: None)
    (verdict,) = verdicts(load_bench(bench_file), ["stuck reading"])
    assert not verdict.is_safe
    assert "the host has had no true reading" in verdict.unsafe


def test_a_dose_that_is_given_twice_is_not_safe(monkeypatch):
    async def all_of_it(job, pump, balance, volume_mL, expected_g):
        return volume_mL, 0.0

    monkeypatch.setattr(pumping, "_missing_mL", all_of_it)
    found = verdicts(Bench.model_validate(DOSING), [HOST_DIES], ["pump"], moments=6)
    assert any("pump has given" in verdict.unsafe and not verdict.is_safe for verdict in found)


def test_readings_that_never_reached_the_disk_are_missed(bench_file, monkeypatch):
    def without_the_first(store, batch):
        append_many(store, {test: rows[1:] for test, rows in batch.items()})

    append_many = HotStore.append_many
    monkeypatch.setattr(HotStore, "append_many", without_the_first)
    (verdict,) = verdicts(load_bench(bench_file), [HOST_DIES])
    assert any("acknowledged readings are not on disk" in text for text in verdict.lost)
    assert not verdict.is_ok


def test_an_activity_that_fails_without_any_fault_proves_nothing(bench_file, monkeypatch):
    monkeypatch.setattr(Keithley2450, "output", lambda meter, on: None)
    with pytest.raises(CannotRehearseError, match="cannot be drilled: without any fault"):
        verdicts(load_bench(bench_file), ["dead peer"])
