"""`galvanaut bench serve` and `galvanaut bench fault`: a simulated bench for other programs."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest
import pyvisa

from galvanaut.campaigns.synthetic import is_synthetic
from galvanaut.core.errors import InputError
from galvanaut.flows.bench_serve import ServeOptions, served
from galvanaut.flows.lab import Lab
from galvanaut.flows.labels import SIMULATED
from galvanaut.flows.plan import load_plan
from galvanaut.instruments.bench import load_bench
from smalllab import BENCH, CAMPAIGN, command_line


def options(tmp_path, **changes):
    usual = {"lab": None, "state": None, "seed": 0, "faults": (), "speed": None, "bench_out": tmp_path / "served.yaml"}
    return ServeOptions(BENCH, **(usual | changes))


def test_the_bench_file_it_writes_works(tmp_path):
    file = tmp_path / "served.yaml"
    with served(options(tmp_path)):
        refused = command_line("bench", "check", file)
        assert (refused.returncode, "missing: --arm" in refused.stderr) == (2, True)
        done = command_line("bench", "check", file, "--arm")
        assert (done.returncode, done.stderr) == (0, "")
        assert "all 13 instruments answer" in done.stdout
        checked = json.loads(command_line("check", CAMPAIGN, "--bench", file, "--json").stdout)
    assert checked["simulated"] is True
    bench, source = load_bench(file), load_bench(BENCH)
    assert (bench.visa, bench.armed, bench.is_simulated, bench.is_synthetic) == ("@py", True, False, True)
    assert (bench.stocks, bench.vessels) == (source.stocks, source.vessels)
    assert "premixes keep EC liquid" in file.read_text("utf-8")  # the comments of the source stay


def test_results_of_a_served_bench_are_labelled(tmp_path):
    with served(options(tmp_path)):
        bench = load_bench(tmp_path / "served.yaml")
    plan = replace(load_plan(CAMPAIGN), bench=bench)
    ledger = SimpleNamespace(is_synthetic=is_synthetic(plan.to_json()))
    assert Lab.simulated_note.fget(SimpleNamespace(plan=plan, ledger=ledger)) == SIMULATED


def test_faults_come_and_go_by_command(tmp_path):
    with served(options(tmp_path, faults=("garbled reply on lcr at message 100",))) as (_, resources):
        listed = command_line("bench", "fault", resources.control, "--list")
        assert (listed.returncode, listed.stdout) == (0, "garbled reply on lcr at message 100\n")
        added = command_line("bench", "fault", resources.control, "pump stall on pump_dmc")
        assert added.stdout.splitlines() == ["garbled reply on lcr at message 100", "pump stall on pump_dmc"]
        refused = command_line("bench", "fault", resources.control, "pump stall on lcr")
        assert (refused.returncode, "cannot have the fault" in refused.stderr) == (2, True)
        one = command_line("bench", "fault", resources.control, "--clear", "--instrument", "lcr")
        assert one.stdout == "pump stall on pump_dmc\n"
        assert command_line("bench", "fault", resources.control, "--clear").stdout == "no faults\n"
        other = command_line("bench", "fault", resources["lcr"], "--list")
        assert (other.returncode, "is no simulated bench" in other.stderr) == (1, True)
    gone = command_line("bench", "fault", resources.control, "--list")
    assert (gone.returncode, "refused" in gone.stderr) == (1, True)


@pytest.mark.parametrize(
    "arguments",
    [[], ["--list", "--clear"], ["door open on chamber", "--clear"], ["--list", "--instrument", "lcr"], ['a "b" c']],
)
def test_unclear_wishes_about_faults(arguments):
    done = command_line("bench", "fault", "TCPIP::127.0.0.1::1::SOCKET", *arguments)
    assert (done.returncode, done.stdout) == (2, "")


def test_a_fault_of_another_bench(tmp_path):
    for sentence in ("nonsense", "pump stall on nobody"):
        with pytest.raises(InputError, match=sentence), served(options(tmp_path, faults=(sentence,))):
            pass


def test_the_world_is_kept_where_it_is_said(tmp_path):
    with served(options(tmp_path, state=tmp_path / "world.db")) as (_, resources):
        now = ask(resources.control, ":TIME:PASS 1000;:TIME?")
        with pytest.raises(InputError, match="in use"), served(options(tmp_path, state=tmp_path / "world.db")):
            pass
    with served(options(tmp_path, state=tmp_path / "world.db")) as (_, resources):
        assert ask(resources.control, ":TIME?") == now
    with served(options(tmp_path, lab=tmp_path / "lab")):
        assert (tmp_path / "lab" / "worlds" / "simulated.db").exists()
    both = options(tmp_path, lab=tmp_path / "lab", state=tmp_path / "world.db")
    with pytest.raises(InputError, match="leave one of them out"), served(both):
        pass


def test_a_real_bench_is_not_served(tmp_path):
    with served(options(tmp_path)):
        pass
    done = command_line("bench", "serve", tmp_path / "served.yaml")
    assert (done.returncode, "only one with `visa: simulated` can be served" in done.stderr) == (2, True)


def test_the_command_serves_until_ctrl_c(tmp_path):
    code = "from galvanaut.flows.cli import main; main()"
    arguments = ["bench", "serve", str(BENCH), "--json", "--bench-out", str(tmp_path / "served.yaml")]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", code, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    lines = []
    while not lines or lines[-1] != "}\n":
        lines.append(process.stdout.readline())
        assert lines[-1], process.stderr.read()
    printed = json.loads("".join(lines))
    try:
        assert ask(printed["control"], "*IDN?").startswith("Galvanaut,Simulated bench")
        assert [each["instrument"] for each in printed["instruments"]][-1] == "lcr"
        first = float(ask(printed["control"], ":TIME?"))
        time.sleep(0.02)  # a reply is in whole milliseconds
        assert float(ask(printed["control"], ":TIME?")) > first + 0.01  # with the wall clock
    finally:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (0, "", "")


def ask(resource, message):
    manager = pyvisa.ResourceManager("@py")
    line = manager.open_resource(resource, read_termination="\n", write_termination="\n", timeout=5000)
    reply = line.query(message)
    line.close()
    manager.close()
    return reply


def test_the_bench_file_itself_is_not_written_over(tmp_path):
    file = tmp_path / "bench.yaml"
    file.write_bytes(BENCH.read_bytes())
    done = command_line("bench", "serve", file, "--bench-out", file)
    assert (done.returncode, "is the bench file itself" in done.stderr) == (2, True)
    assert file.read_bytes() == BENCH.read_bytes()
