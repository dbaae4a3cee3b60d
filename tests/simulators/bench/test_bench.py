"""Opening, keeping and re-opening a world; one seed, one world."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from galvanaut.core.errors import InputError
from galvanaut.simulators.bench import DEVICES, FIRST_INSTANT, SimulatedBench
from galvanaut.simulators.store import read_rows


def test_a_fresh_world_begins_with_2026(bench) -> None:
    assert bench.clock.now() == FIRST_INSTANT == 1767225600
    assert bench.seed == 1
    assert bench.spec.name == "small"


def refusal(description, path: Path, chemistry) -> str:
    with pytest.raises(InputError) as error:
        SimulatedBench.open(description, path, 1, chemistry)
    return str(error.value)


def test_an_unknown_driver_is_refused_with_the_known_ones(description, tmp_path, chemistry) -> None:
    description["instruments"]["lcr"]["driver"] = "abacus"
    text = refusal(description, tmp_path / "w", chemistry)
    assert "instruments.lcr.driver: 'abacus' cannot be simulated" in text
    assert ", ".join(sorted(DEVICES)) in text
    assert {"keysight-e4980a", "mettler-mt-sics", "new-era-ne-1000", "watlow-f4t"} <= DEVICES.keys()
    assert not (tmp_path / "w").exists()


@pytest.mark.parametrize(
    ("place", "value", "expected"),
    [
        (("instruments", "salt", "wiring"), {"draws": "salty"}, "instruments.salt.wiring.into: is missing"),
        (("instruments", "salt", "wiring", "into"), "bucket", "there is no stock or vessel 'bucket'"),
        (("instruments", "salt", "resource"), "ASRL2::INSTR", "ASRL2::INSTR is already salt's"),
        (("vessels", "mixer", "capacity"), "40", "no unit"),
        (("vessels", "mixer", "capacity"), "-1 mL", "capacity must be positive"),
        (("vessels", "waste"), {"capacity": "1 L"}, "waste: one name for two vessels"),
        (("stocks", "salty", "composition"), {"DMC": 0.5}, "sum to 0.5"),
        (("stocks", "salty", "available"), "5 g", "stocks.salty.available"),
        (("instruments", "lcr", "wiring"), {"connects": "salty"}, "a flow cell must be a vessel"),
        (("simulation",), {"film": "-1 mL"}, "film is negative"),
        (("simulation",), {"air_lag": "60 s"}, "liquid_lag equals air_lag"),
        (("simulation",), {"bubbles": True}, "simulation.bubbles"),
        (("simulation",), {"lead_inductance": "0 uH"}, "lead_inductance is zero"),
    ],
)
def test_bad_descriptions_are_refused(description, tmp_path, chemistry, place, value, expected: str) -> None:
    node = description
    for key in place[:-1]:
        node = node.setdefault(key, {})
    node[place[-1]] = value
    assert expected in refusal(description, tmp_path / "w", chemistry)


def test_a_world_is_open_once_only(open_bench, tmp_path) -> None:
    open_bench("w")
    with pytest.raises(InputError, match=rf"simulated world .*w: is in use by process {os.getpid()}"):
        open_bench("w")


def test_a_world_may_be_opened_again_after_closing(open_bench) -> None:
    open_bench("w").close()
    open_bench("w", seed=2)


@pytest.mark.parametrize("content", [b"not a database, but long enough to look like something" * 30, None])
def test_a_file_that_is_no_world_is_refused(open_bench, tmp_path, content) -> None:
    if content is None:
        (tmp_path / "w").mkdir()
    else:
        (tmp_path / "w").write_bytes(content)
    with pytest.raises(InputError, match="simulated world"):
        open_bench("w")


def test_another_bench_under_the_same_world_is_refused(open_bench, description) -> None:
    open_bench("w").close()
    changed = {**description["stocks"], "salty": {"composition": {"DMC": 1}, "available": "1 L"}}
    with pytest.raises(InputError, match=r"begun with other stocks \(salty changed"):
        open_bench("w", stocks=changed)
    open_bench("w", name_of_the_lab="harmless").close()


def test_everything_outlives_the_host(open_bench, connect) -> None:
    bench = open_bench("w", seed=7)
    lines = connect(bench)
    lines.ask("lcr", ":FREQ 5E4;:TRIG:SOUR BUS;:INIT:CONT ON;:NONSENSE;*OPC?")
    lines.ask("chamber", ":UNIT:TEMPERATURE C", ":OUTPUT1:STATE ON", ":SOURCE:CLOOP1:SPOINT 0", "*IDN?")
    lines.dose("salt", 6)
    tared = lines.ask("balance", "T")
    lines.dose("transfer", 3)
    value = lines.ask("lcr", "*TRG")
    lines.ask("salt", "0RUN")
    bench.clock.spend(6)
    before = bench.clock.now(), bench.world.rows(), {name: each.memory() for name, each in bench.devices.items()}
    bench.close()

    bench = open_bench("w", seed=99)
    assert bench.seed == 7
    assert before == (
        bench.clock.now(),
        bench.world.rows(),
        {name: each.memory() for name, each in bench.devices.items()},
    )
    # No power-up alarm: the pump was never switched off.
    line = connect(bench).manager.open_resource(
        "ASRL1::INSTR", read_termination="\x03", write_termination="\r", baud_rate=19200
    )
    assert line.query("0DIS") == "\x0200II7.000W0.000ML"
    lines = connect(bench)
    assert lines.ask("lcr", ":FETC?;:SYST:ERR?") == f'{value};-113,"Undefined header"'
    assert lines.ask("balance", "TA").split()[2] == tared.split()[2]
    assert lines.ask("chamber", ":SOURCE:CLOOP1:SPOINT?;:OUTPUT1:STATE?") == "0.000000;ON"


def transcript(lines) -> list[str]:
    """A short campaign's bytes, and the time."""
    said = []
    for _ in range(2):
        lines.dose("salt", 6)
        said += [lines.ask("balance", "S"), lines.ask("balance", "SI")]
        lines.dose("transfer", 3)
        said.append(lines.ask("lcr", ":TRIG:SOUR BUS;:INIT:CONT ON;:FREQ 5E4;*TRG;*TRG;:SYST:ERR?"))
        lines.dose("transfer", 45)
    return [*said, f"{lines.bench.clock.now():.6f}"]


def test_one_seed_gives_one_transcript(open_bench, connect) -> None:
    first, again, other = (transcript(connect(open_bench(*args))) for args in (("a", 1), ("b", 1), ("c", 2)))
    assert first == again
    assert first != other


def test_closing_and_opening_in_between_changes_no_byte(open_bench, connect) -> None:
    whole = transcript(connect(open_bench("a", 1)))
    bench = open_bench("b", 1)
    first = transcript(connect(bench))
    bench.close()
    assert first == whole
    longer = transcript(connect(open_bench("b", 1)))
    both = connect(open_bench("c", 1))
    transcript(both)
    # The pump's diameter was set in the first half already, so nothing of its state differs.
    assert transcript(both) == longer


CHILD = """
import json, runpy, sys, time
from pathlib import Path
fakes = runpy.run_path(sys.argv[1])
bench = fakes["SimulatedBench"].open(json.loads(sys.argv[3]), Path(sys.argv[2]), 11, fakes["FakeChemistry"]())
lines = fakes["Lines"](bench)
lines.ask("salt", "0DIA26.59", "0VOLML", "0VOL5.000", "0RAT10.00MM", "0RUN")
while True:
    bench.clock.spend(0.01)
    print(json.dumps([bench.clock.now(), lines.ask("salt", "0DIS")]), flush=True)
    lines.ask("lcr", ":FREQ 1234;*OPC?")
"""


def killed(description, path: Path, replies: int) -> list[object]:
    """Run a host of its own, kill it after some replies; the last thing it had been told."""
    arguments = [sys.executable, "-c", CHILD, str(Path(__file__).with_name("conftest.py")), str(path)]
    with subprocess.Popen([*arguments, json.dumps(description)], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        said = [json.loads(child.stdout.readline()) for _ in range(replies)]
        os.kill(child.pid, signal.SIGKILL)
        said += [json.loads(line) for line in child.stdout.readlines() if line.endswith("]\n")]
        assert child.wait() == -signal.SIGKILL
    return said[-1]


@pytest.mark.parametrize("replies", [100, 317])
def test_a_killed_host_loses_nothing_and_the_pump_runs_on(
    description, open_bench, connect, tmp_path, replies: int
) -> None:
    instant, dispensed = killed(description, tmp_path / "killed.db", replies)
    bench = open_bench("killed.db", seed=0)
    assert bench.seed == 11
    assert instant <= bench.clock.now() <= instant + 0.0101
    lines = connect(bench)
    assert lines["salt"].query("0") == "\x0200I"
    now = float(lines.ask("salt", "0DIS").removeprefix("\x0200II").partition("W")[0])
    assert float(dispensed.removeprefix("\x0200II").partition("W")[0]) <= now < 5
    assert lines.ask("lcr", ":FREQ?") == "+1.23400E+03"
    bench.clock.spend(60)
    assert lines.ask("salt", "0DIS") == "\x0200SI5.000W0.000ML"

    unharmed = connect(open_bench("unharmed.db", seed=11))
    unharmed.dose("salt", 5)
    masses = [each.world.at(each.clock.now()).vessels["mixer"].mass_g for each in (bench, unharmed.bench)]
    assert masses[0] == masses[1]


def test_the_state_is_on_disk_before_the_reply_is_read(bench, connect, tmp_path) -> None:
    lines = connect(bench)
    lines["lcr"].write(":FREQ 4321;*IDN?")
    assert read_rows(tmp_path / "world.db")["device/lcr"]["settings"]["frequency_Hz"] == 4321


def test_a_query_writes_nothing(bench, connect, tmp_path) -> None:
    lines = connect(bench)
    lines["lcr"], lines["salt"], lines["chamber"]
    before = (tmp_path / "world.db").read_bytes()
    lines.ask("lcr", "*IDN?")
    lines.ask("salt", "0DIS")
    lines.ask("chamber", ":SOURCE:CLOOP1:PVALUE?")
    assert (tmp_path / "world.db").read_bytes() == before
