"""The bench's own port, and time that goes by while others talk."""

from __future__ import annotations

import socket
import time
from contextlib import closing, contextmanager

import pytest

from galvanaut.simulators.control import ControlPort, quoted
from galvanaut.simulators.pace import Pace
from galvanaut.simulators.server import serve


@contextmanager
def line(resource):
    _, host, port, _ = resource.split("::")
    with closing(socket.create_connection((host, int(port)), timeout=5)) as connection:
        yield connection.makefile("rwb", buffering=0)


@pytest.fixture
def control(open_bench):
    return ControlPort(open_bench())


def test_time(open_bench) -> None:
    bench = open_bench()
    control = ControlPort(bench)
    start = bench.clock.now()
    assert control.answer(b":TIME?") == f"{start:.3f}\n".encode()
    assert control.answer(b"time:pass 60;:TIME?;:SYST:ERR?") == f'{start + 60:.3f};0,"No error"\n'.encode()


@pytest.mark.parametrize("seconds", ["-1", "nan", "inf", "1e99", "soon"])
def test_time_that_cannot_pass(control, seconds) -> None:
    assert control.answer(f":TIME:PASS {seconds}".encode()) == b""
    assert b"is not a number of seconds" in control.answer(b":SYST:ERR?")
    assert control.answer(b":SYSTem:ERRor:NEXT?") == b'0,"No error"\n'


def test_faults(control) -> None:
    assert control.answer(b":FAULT:LIST?") == b'""\n'
    assert control.answer(b':FAULT "dropped reply on lcr at message 3";:SYST:ERR?') == b'0,"No error"\n'
    assert control.answer(b':fault "pump stall on salt"') == b""
    assert control.answer(b":FAULT:LIST?") == b'"dropped reply on lcr at message 3","pump stall on salt"\n'
    assert control.answer(b":FAULT:CLEAR lcr;:FAULT:LIST?") == b'"pump stall on salt"\n'
    assert control.answer(b":FAULT:CLEAR;:FAULT:LIST?") == b'""\n'


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        (':FAULT "pump stall on lcr"', "cannot have the fault"),
        (':FAULT "pump stall on nobody"', "no instrument"),
        (':FAULT "nonsense"', "is not a fault"),
        (":FAULT nonsense", "-113"),
        (":FAULT:CLEAR nobody", "no instrument"),
        (":NONSENSE?", "-113"),
        ("\xff\x00", "-113"),
    ],
)
def test_what_cannot_be_done_is_an_error_without_a_reply(control, command, problem) -> None:
    assert control.answer(command.encode("latin-1")) == b""
    error = control.answer(b":SYST:ERR?").decode()
    assert problem in error
    assert error.count("\n") == 1


def test_quoted() -> None:
    assert quoted('a "b"\nc') == '"a ""b"" c"'


def test_a_bench_that_follows_the_wall_clock(open_bench) -> None:
    bench = open_bench()
    start = bench.clock.now()
    with serve(bench, speed=1000.0) as resources, line(resources.control) as wire:
        time.sleep(0.05)
        wire.write(b":TIME?\n")
        first = float(wire.readline())
        time.sleep(0.05)
        wire.write(b":TIME?\n")
        second = float(wire.readline())
    assert first >= start + 50
    assert second >= first + 50


def test_a_bench_that_waits_for_others(open_bench) -> None:
    bench = open_bench()
    start = bench.clock.now()
    with serve(bench) as resources, line(resources.control) as wire:
        time.sleep(0.02)
        wire.write(b"*IDN?;:TIME?\n")
        name, now = wire.readline().decode().split(";")
    assert name.startswith("Galvanaut,Simulated bench,")
    assert float(now) == start


def test_a_reply_leaves_when_its_time_has_come(open_bench) -> None:
    """A balance takes a while for a stable weight."""
    bench = open_bench()
    with serve(bench, speed=2.0) as resources, line(resources["balance"]) as wire:
        begin = time.monotonic()
        wire.write(b"S\r\n")
        assert wire.readline().startswith(b"S S")
        assert time.monotonic() - begin >= 0.1  # 0.3 s of the bench


def test_time_let_pass_brings_a_late_reply(open_bench) -> None:
    bench = open_bench()
    with serve(bench, speed=0.001) as resources, line(resources["balance"]) as wire, line(resources.control) as other:
        wire.write(b"S\r\n")
        time.sleep(0.1)
        other.write(b":TIME:PASS 1;:TIME?\n")
        other.readline()
        assert wire.readline().startswith(b"S S")


def test_pace(open_bench) -> None:
    clock = open_bench().clock
    start = clock.now()
    still = Pace(clock, None)
    still.catch_up()
    assert clock.now() == start
    assert still.wait_s(start + 5) == 0.0
    assert clock.now() == start + 5
    steady = Pace(clock, 10.0)
    assert steady.wait_s(clock.now() + 5) == pytest.approx(0.5)
    assert steady.wait_s(clock.now() - 5) == 0.0
