"""Ctrl-C, `kill`, a closed terminal and a reader that goes away, with processes of their own."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from galvanaut.flows.signals import interruptible
from smalllab import command_line, small_campaign

MAIN = [sys.executable, "-W", "ignore", "-c", "from galvanaut.flows.cli import main; main()"]


def begun(*arguments: object) -> subprocess.Popen[str]:
    environment = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1"}
    command = [*MAIN, *(str(argument) for argument in arguments)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=environment, start_new_session=True)


def interrupted(process: subprocess.Popen[str], number: int, after: str) -> tuple[str, str]:
    """Send a signal once the process has printed ``after``; what it still says."""
    for line in process.stdout:
        if after in line:
            break
    if number == signal.SIGTERM:
        process.send_signal(number)
    else:  # as a terminal does: to the process and its children, such as Prefect's server
        os.killpg(process.pid, number)
    return process.communicate(timeout=60)


def statuses(lab: Path) -> list[str]:
    record = json.loads(command_line("status", "conductivity", "--lab", lab, "--json").stdout)
    return [trial["status"] for trial in record["trials"]]


def check_interrupted_and_continued(campaign: Path, lab: Path, number: int, *options: str) -> None:
    process = begun("run", campaign, "--lab", lab, *options)
    _, err = interrupted(process, number, "trial   1")
    assert (process.returncode, err) == (1, "interrupted; run the same command again to continue\n")
    assert statuses(lab).count("ok") < 8
    assert (lab / "reports" / "conductivity.html").exists()
    done = command_line("run", campaign, "--lab", lab, "--no-prefect")
    assert done.returncode == 0, done.stderr
    assert statuses(lab) == ["ok"] * 8


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_an_interrupted_run_ends_in_one_line_and_continues(tmp_path, number):
    check_interrupted_and_continued(small_campaign(tmp_path, trials=8), tmp_path / "lab", number, "--no-prefect")


@pytest.mark.prefect
@pytest.mark.timeout(200)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_prefect_does_not_change_how_a_run_is_interrupted(tmp_path, number):
    check_interrupted_and_continued(small_campaign(tmp_path, trials=8), tmp_path / "lab", number)


def test_an_interruption_while_the_lab_is_opened_leaves_none_behind(tmp_path):
    process = begun("run", small_campaign(tmp_path), "--lab", tmp_path / "lab", "--no-prefect")
    deadline = time.monotonic() + 60
    while not (tmp_path / "lab").exists() and time.monotonic() < deadline:
        time.sleep(0.0005)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (1, "interrupted; run the same command again to continue\n")
    if (tmp_path / "lab").exists():  # it was open already
        assert (tmp_path / "lab" / "ledger.db").exists()


def test_a_reader_that_goes_away_does_not_end_a_run(tmp_path):
    process = begun("run", small_campaign(tmp_path), "--lab", tmp_path / "lab", "--no-prefect")
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait(60) == 0
    assert statuses(tmp_path / "lab") == ["ok"] * 3
    process.stderr.close()


def test_supervisors_that_signal_twice_interrupt_once_and_nohup_holds():
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    with pytest.raises(KeyboardInterrupt), interruptible():  # noqa: PT012  # the first one raises, the rest must not
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            signal.raise_signal(signal.SIGTERM)
            signal.raise_signal(signal.SIGHUP)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interruptible():
            signal.raise_signal(signal.SIGHUP)
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before[signal.SIGHUP])
    assert {number: signal.getsignal(number) for number in before} == before
