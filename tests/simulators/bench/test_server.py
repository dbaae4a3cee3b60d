"""The same bytes over TCP, spoken by pyvisa-py."""

from __future__ import annotations

import socket

import pytest
import pyvisa

from galvanaut.simulators.server import serve


@pytest.fixture
def manager():
    manager = pyvisa.ResourceManager("@py")
    yield manager
    manager.close()


def test_instruments_answer_over_tcp_as_in_process(open_bench, connect, manager) -> None:
    lines = connect(open_bench("a"))
    script = [
        ("lcr", "*IDN?"),
        ("lcr", ":FREQ 5E4;:FREQ?;:SYST:ERR?"),
        ("chamber", ":UNIT:TEMPERATURE?"),
        ("balance", "S"),
        ("salt", "0VER"),
    ]
    expected = [lines.ask(*step) for step in script]
    bench = open_bench("b")
    with serve(bench) as resources:
        terminations = {"salt": ("\x03", "\r"), "balance": ("\r\n", "\r\n")}
        open_lines = {}
        for name in ("lcr", "chamber", "balance", "salt"):
            reading, writing = terminations.get(name, ("\n", "\n"))
            open_lines[name] = manager.open_resource(
                resources[name], read_termination=reading, write_termination=writing, timeout=2000
            )
        assert open_lines["salt"].query("0") == "\x0200A?R"
        assert [open_lines[name].query(message) for name, message in script] == expected
        for line in open_lines.values():
            line.close()


def test_waiting_for_an_instrument_passes_on_the_virtual_clock(open_bench) -> None:
    bench = open_bench()
    start = bench.clock.now()
    with serve(bench) as resources:
        _, host, port, _ = resources["balance"].split("::")
        with socket.create_connection((host, int(port)), timeout=5) as line:
            line.sendall(b"S\r")
            line.sendall(b"\nI11\r\n")
            received = b""
            while received.count(b"\r\n") < 2:
                received += line.recv(100)
    assert received.startswith(b"S S ")
    assert received.endswith(b'I11 A "XPR204"\r\n')
    assert bench.clock.now() - start == pytest.approx(0.3)


def test_after_serving_the_ports_are_closed(open_bench) -> None:
    with serve(open_bench()) as resources:
        port = int(resources["lcr"].split("::")[2])
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)


def test_ending_amid_a_conversation_is_quiet(open_bench, caplog) -> None:
    with serve(open_bench()) as resources:
        _, host, port, _ = resources.control.split("::")
        open_lines = [socket.create_connection((host, int(port)), timeout=5) for _ in range(3)]
        open_lines[0].sendall(b"*IDN?\n")
        assert open_lines[0].recv(100)
    for line in open_lines:
        line.close()
    assert caplog.text == ""
