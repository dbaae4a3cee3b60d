"""When faults begin and end, and that they outlive the host."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from galvanaut.core.clock import at_work
from galvanaut.simulators.faults import parse_fault


def _texts(host) -> list[str]:
    return [str(fault) for fault in host.bench.present_faults()]


def _kept(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def test_a_world_without_faults_keeps_nothing_about_them(open_host, tmp_path) -> None:
    host = open_host()
    host.ask("smu", "*IDN?")
    host.pass_time(10)
    host.bench.close()
    assert '"asked"' not in _kept(tmp_path / "world")
    host = open_host()
    host.inject("dead peer on smu")
    host.bench.close()
    assert '"asked"' in _kept(tmp_path / "world")


def test_a_fault_counts_messages_from_its_injection(host) -> None:
    for _ in range(5):
        host.ask("lcr", "*IDN?")
    host.inject("dropped reply on lcr at message 3 for 2 times")
    answered = [host.ask("lcr", ":FREQ?") is not None for _ in range(6)]
    assert answered == [True, True, False, False, True, True]


def test_messages_and_their_times_survive_the_host(open_host) -> None:
    host = open_host()
    host.inject("dropped reply on lcr at message 4 for 2 times")
    answered = []
    for _ in range(7):
        answered.append(host.ask("lcr", ":FREQ?") is not None)
        host.bench.close()
        host = open_host()
    assert answered == [True, True, True, False, False, True, True]


def test_what_a_fault_has_done_survives_the_host(open_host) -> None:
    host = open_host()
    host.tell("smu", ":OUTP:SMOD HIMP", ":SOUR:VOLT 4", ":SOUR:VOLT:ILIM 2E-3", ":OUTP ON")
    for sentence in ("relay stuck closed on smu", "stuck reading on tester", "power cut on lcr of 100 s"):
        host.inject(sentence)
    host.inject("sensor drift on balance of 36 mg/h")
    host.tell("smu", ":OUTP OFF")
    stuck = host.ask("tester", ":FETC?")
    host.pass_time(50)
    host.bench.close()

    again = open_host()
    assert len(_texts(again)) == 4
    assert again.current_A("A") == pytest.approx(2e-3)
    assert again.ask("tester", ":FETC?") == stuck
    assert again.ask("lcr", "*IDN?") is None
    again.pass_time(945)  # 5 s went by in silence
    assert again.ask("lcr", "*IDN?") is not None
    assert "0.0100 g" in again.ask("balance", "SI")
    again.bench.clear_faults()
    assert again.current_A("A") == 0
    assert again.ask("tester", ":FETC?") != stuck
    again.bench.close()
    assert _texts(open_host()) == []


def test_a_trip_survives_the_host(open_host) -> None:
    host = open_host()
    host.inject("over-voltage trip on smu")
    host.bench.close()
    assert open_host().ask("smu", ":SOUR:VOLT:PROT:TRIP?") == "1"


_VICTIM = """
import json, os, signal, sys
from pathlib import Path
from galvanaut.simulators.bench import SimulatedBench
from galvanaut.simulators.faults import parse_fault
from plainchemistry import PlainChemistry
bench = SimulatedBench.open(json.loads(sys.argv[1]), Path(sys.argv[2]), 1, PlainChemistry())
bench.inject(parse_fault("dropped reply on lcr at message 3"))
bench.inject(parse_fault("door open on chamber after 10 s"))
for _ in range(2):
    bench.exchange(bench.devices["lcr"], b"*IDN?")
bench.clock.spend(7)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_host_leaves_its_faults_to_the_next(open_host, description, tmp_path) -> None:
    path = tmp_path / "world"
    done = subprocess.run(
        [sys.executable, "-c", _VICTIM, json.dumps(description), str(path)],
        env={"PYTHONPATH": ":".join(sys.path)},
        check=False,
        timeout=60,
    )
    assert done.returncode == -signal.SIGKILL
    host = open_host()
    assert host.ask("lcr", "*IDN?") is None
    assert _texts(host) == ["door open on chamber after 10 s"]
    host.tell("chamber", ":UNIT:TEMPERATURE C", ":SOURCE:CLOOP1:SPOINT 60", ":OUTPUT1:STATE ON")
    host.pass_time(3600)
    assert host.world.air_degC("chamber", host.bench.clock.now()) == pytest.approx(23, abs=1e-6)


# -- randomness ---------------------------------------------------------------------------------------------------


def _garbled(host, name: str = "lcr") -> list[str | None]:
    host[name].encoding = "latin-1"
    host.inject(f"garbled reply on {name} for 3 times")
    return [host.ask(name, "*IDN?") for _ in range(3)]


def test_the_same_seed_garbles_the_same_way(open_host) -> None:
    assert _garbled(open_host("a", seed=1)) == _garbled(open_host("b", seed=1))
    assert _garbled(open_host("c", seed=1)) != _garbled(open_host("d", seed=2))


def test_faults_elsewhere_and_polling_change_nothing_about_it(open_host) -> None:
    alone, disturbed = open_host("a"), open_host("b")
    disturbed.inject("garbled reply on smu for 2 times")
    for _ in range(5):
        disturbed.ask("smu", "*IDN?")
        disturbed.ask("lcr", "*IDN?")
    assert _garbled(alone) == _garbled(disturbed)


def test_each_reply_and_each_fault_is_garbled_anew(host) -> None:
    assert len({*_garbled(host), *_garbled(host)}) == 6


# -- the bench file -----------------------------------------------------------------------------------------------


def test_faults_of_the_bench_file_come_once(open_host) -> None:
    faults = ["dropped reply on lcr at message 2", {"fault": "door open", "instrument": "chamber", "after": "1 h"}]
    host = open_host(faults=faults)
    assert [host.ask("lcr", "*IDN?") is not None for _ in range(3)] == [True, False, True]
    host.bench.close()
    host = open_host(faults=faults)
    assert [host.ask("lcr", "*IDN?") is not None for _ in range(3)] == [True, True, True]
    assert _texts(host) == ["door open on chamber after 3600 s"]


def test_a_changed_list_in_the_bench_file_takes_the_place_of_the_old_one(open_host) -> None:
    host = open_host(faults=["dead peer on lcr", "dead peer on smu"])
    host.inject("dead peer on tester")
    host.bench.close()
    host = open_host(faults=["dead peer on smu", "dead peer on daq"])
    dead = [name for name in ("lcr", "smu", "tester", "daq") if host.ask(name, "*IDN?") is None]
    assert dead == ["smu", "tester", "daq"]
    host.bench.close()
    assert _texts(open_host()) == ["dead peer on tester"]


# -- time ---------------------------------------------------------------------------------------------------------


def test_what_happens_by_itself_happens_on_the_way_of_a_long_sleep(host) -> None:
    host.tell("smu", ":OUTP:SMOD HIMP", ":SOUR:VOLT 4", ":SOUR:VOLT:ILIM 1E-4", ":OUTP ON")
    host.inject("over-voltage trip on smu after 900 s")
    before_C = host.world.holders.at("A", host.bench.clock.now()).state.charge_C

    async def sleep() -> None:
        with at_work(host.bench.clock):
            await host.bench.clock.sleep(86400)

    asyncio.run(sleep())
    moved_C = host.world.holders.at("A", host.bench.clock.now()).state.charge_C - before_C
    assert moved_C == pytest.approx(1e-4 * 900)


def test_a_recorder_has_taken_what_was_due_before_the_world_changes(host) -> None:
    host.tell("smu", ":OUTP:SMOD HIMP", ":SOUR:VOLT 4", ":SOUR:VOLT:ILIM 2E-3", ":OUTP ON")
    host.tell("daq", ":ROUT:SCAN:CRE (@101)", ":ROUT:SCAN:COUN:SCAN 20", ":ROUT:SCAN:INT 1", ":INIT")
    host.inject("over-voltage trip on smu after 10 s")
    host.pass_time(30)
    reply = host.ask("daq", ':TRAC:DATA? 1,20,"defbuffer1",READ')
    volts = [float(word) for word in reply.split(",")]
    under, rested = volts[:10], volts[10:]
    assert min(under) - max(rested) > 0.01


def test_several_things_at_one_instant_happen_in_the_order_of_their_injection(host) -> None:
    host.inject("balance overload on balance after 5 s for 5 s")
    host.inject("balance overload on balance after 10 s for 5 s")
    shown = []
    for _ in range(4):
        host.pass_time(4.9)
        shown.append(host.ask("balance", "SI"))
    assert [each == "S +" for each in shown] == [False, True, True, False]


def test_polling_does_not_move_what_happens_by_itself(open_host) -> None:
    temperatures = []
    for name, steps in (("often", [10.0] * 360), ("once", [3600.0])):
        host = open_host(name)
        host.tell("chamber", ":UNIT:TEMPERATURE C", ":SOURCE:CLOOP1:SPOINT 60", ":OUTPUT1:STATE ON")
        host.bench.inject(parse_fault("door open on chamber after 1234 s for 321 s"))
        for seconds in steps:
            host.pass_time(seconds)
        temperatures.append(host.world.air_degC("chamber", host.bench.clock.now()))
    assert temperatures[0] == pytest.approx(temperatures[1], abs=1e-9)
