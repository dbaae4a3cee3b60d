"""However a real process ends, its cells are safe: let go by the process, or bounded by the instruments themselves."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from cellsbench import DESCRIPTION
from contractlab import contract_lab
from galvanaut.instruments.bench import Bench
from galvanaut.simulators.bench import SimulatedBench
from galvanaut.simulators.server import serve
from smalllab import command_line_process, new_lab

pytestmark = pytest.mark.system

CHARGER = Path(__file__).parent / "charger.py"


@pytest.fixture
def lab(tmp_path) -> Path:
    found = new_lab(tmp_path)
    (found / "worlds").mkdir(parents=True)
    return found


def charger(lab: Path, ending: str) -> subprocess.Popen:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-W", "ignore", str(CHARGER), str(lab), ending]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def ended_by(lab: Path, ending: str | signal.Signals) -> subprocess.Popen:
    """A process that has begun everything, and was ended."""
    process = charger(lab, ending if isinstance(ending, str) else "sleep")
    line = process.stdout.readline()
    if not line:
        raise AssertionError(process.communicate()[1])
    if isinstance(ending, signal.Signals):
        process.send_signal(ending)
    process.communicate(timeout=60)
    return process


@contextmanager
def world(lab: Path) -> Iterator[SimulatedBench]:
    """The world that the process has left, as it is on disk."""
    description = Bench.model_validate(DESCRIPTION).model_dump(mode="json", by_alias=True, exclude_none=True)
    bench = SimulatedBench.open(description, lab / "worlds" / "cells.db", seed=1)
    yield bench
    bench.close()


def current_A(bench: SimulatedBench, holder: str) -> float:
    return bench.world.holders.at(holder, bench.clock.now()).current_A


def moves(bench: SimulatedBench) -> bool:
    run = bench.world.run("pump")
    assert run is not None
    return run.is_moving(bench.clock.now())


@pytest.mark.parametrize(
    "ending", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, "error", "return"], ids=lambda each: str(each)
)
def test_a_process_that_ends_lets_go_of_its_cells_and_stops_its_pumps(lab, ending):
    process = ended_by(lab, ending)
    assert (process.returncode == 0) == (ending == "return")
    with world(lab) as left_behind:
        assert current_A(left_behind, "left") == current_A(left_behind, "right") == 0
        assert left_behind.world.holders.at("left", left_behind.clock.now()).mode == "open"
        assert not moves(left_behind)


def test_a_process_that_is_killed_leaves_cells_bounded_and_the_next_one_makes_them_safe(lab):
    assert ended_by(lab, signal.SIGKILL).returncode == -signal.SIGKILL
    with world(lab) as left_behind:
        assert current_A(left_behind, "left") == pytest.approx(0.002, rel=0.01)
        assert current_A(left_behind, "right") == pytest.approx(0.002, rel=0.01)
        assert moves(left_behind)
        left_behind.clock.spend(31)
        watched = left_behind.world.holders.at("right", left_behind.clock.now())
        assert (watched.mode, watched.trip) == ("open", "silence")
        left_behind.clock.spend(24 * 3600)
        bounded = left_behind.world.holders.at("left", left_behind.clock.now())
        assert bounded.voltage_V == pytest.approx(4.1, abs=0.005)
        assert bounded.current_A < 0.002

    told = charger(lab, "follow").communicate(timeout=60)[0]
    assert "smu: output is on: 4.1 V" in told
    assert "analyzer: output is on" in told
    assert "protected against coupled protection or watchdog; made safe" in told
    assert "pump" not in told  # its volume was given long ago
    with world(lab) as afterwards:
        assert current_A(afterwards, "left") == 0
        assert afterwards.world.holders.at("left", afterwards.clock.now()).mode == "open"


HOLD = """
import sys, time
from pathlib import Path
from galvanaut.flows.labbench import sole_owner
from galvanaut.instruments.bench import load_bench
sys.argv = ["galvanaut", "run", "overnight.yaml"]
with sole_owner(load_bench(Path({file!r}))):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_process_is_told_which_one_has_the_instruments(tmp_path):
    with contract_lab(DESCRIPTION, tmp_path / "world.db", "in-process") as simulated, serve(simulated.world) as served:
        parts = {name: part | {"resource": served[name]} for name, part in DESCRIPTION["instruments"].items()}
        file = tmp_path / "bench.yaml"
        file.write_text(yaml.safe_dump({**DESCRIPTION, "visa": "@py", "armed": True, "instruments": parts}))
        command = [sys.executable, "-c", HOLD.format(file=str(file))]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
            assert holder.stdout.readline() == "held\n"
            refused = command_line_process("bench", "check", file, "--arm")
            holder.kill()
        assert refused.returncode == 2
        assert f"is in use by process {holder.pid} (galvanaut run overnight.yaml)" in refused.stderr
        let_in = command_line_process("bench", "check", file, "--arm")
        assert let_in.returncode == 0, let_in.stderr
