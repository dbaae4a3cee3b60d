"""Faults between an instrument and its host, seen through PyVISA byte by byte."""

from __future__ import annotations

import pytest
import pyvisa
from pyvisa.errors import VisaIOError

from galvanaut.simulators.devices.ne1000_packets import data_of, packet
from galvanaut.simulators.server import serve

IDENTITY = {
    "pump": "0VER",
    "balance": "I4",
    "other_balance": "\x1bx1_",
    "chamber": "*IDN?",
    "espec": "ROM?",
    "smu": "*IDN?",
    "power_1": "*IDN?",
    "charger": "*IDN?",
    "tester": "*IDN?",
    "daq": "*IDN?",
    "lcr": "*IDN?",
}
READING = {
    "balance": "SI",
    "other_balance": "\x1bP",
    "chamber": ":SOURCE:CLOOP1:PVALUE?",
    "espec": "TEMP?",
    "smu": ':READ? "defbuffer1",SOUR,READ,REL',
    "power_1": "MEAS:VOLT? (@1)",
    "charger": ':BATT:DATA:DATA? "VOLT,CURR,REL"',
    "tester": ":FETC?",
    "daq": ':TRAC:CLE "defbuffer1";:INIT;*WAI;:TRAC:DATA? 1,2,"defbuffer1",CHAN,READ,REL',
    "lcr": ":FETC?",
}
EVERYONE = tuple(IDENTITY)
NOT_NUMBERS = {
    "balance": ("S +", "S -", "S S Error 10b"),
    "other_balance": ("Stat    High  ", "Stat    Low   ", "Stat    ERR 02"),
    "chamber": ("9.910000E+37",),
    "espec": ("NA:DATA NOT READY", "NA:CHB NOT READY"),
}


@pytest.fixture
def ready(host):
    """All instruments are in a state in which they measure."""
    assert host.ask("pump", "0") == "\x0200A?R"
    host.tell("daq", ":FUNC 'TEMP',(@102)", ":ROUT:SCAN:CRE (@101:102)")
    host.tell("charger", ":ENTR:FUNC TEST", ":BATT:TEST:VOLT 4", ":BATT:OUTP 1")
    host.tell("lcr", ":INIT:CONT ON")
    host.tell("smu", ":OUTP:SMOD HIMP")
    for message in ("0", "0DIA26.59", "0VOLML", "0VOL1.000", "0RAT10.00MM", "0RUN"):
        host.ask("filler", message)
    host.pass_time(10)
    return host


@pytest.mark.parametrize("name", EVERYONE)
def test_a_dropped_reply_is_lost_and_the_message_carried_out(ready, name: str) -> None:
    question = IDENTITY[name]
    usual = ready.ask(name, question)
    ready.inject(f"dropped reply on {name} at message 2")
    assert [ready.ask(name, question) for _ in range(4)] == [usual, None, usual, usual]


def test_of_a_dropped_reply_the_message_was_carried_out_and_of_a_lost_message_not(ready) -> None:
    ready.inject("dropped reply on smu")
    assert ready.ask("smu", ":SOUR:VOLT 1.5;:SOUR:VOLT?") is None
    assert float(ready.ask("smu", ":SOUR:VOLT?")) == 1.5
    ready.inject("dropped message on smu")
    assert ready.ask("smu", ":SOUR:VOLT 2.5;:SOUR:VOLT?") is None
    assert float(ready.ask("smu", ":SOUR:VOLT?")) == 1.5


def test_a_fault_of_replies_passes_over_messages_without_one(ready) -> None:
    ready.inject("dropped reply on smu at message 2")
    ready.tell("smu", ":SOUR:VOLT 1", ":SOUR:VOLT 2", ":SOUR:VOLT 3")
    assert len(ready.bench.present_faults()) == 1
    assert ready.ask("smu", ":SOUR:VOLT?") is None
    assert ready.bench.present_faults() == ()


@pytest.mark.parametrize("name", EVERYONE)
def test_a_late_reply_answers_the_next_question(ready, name: str) -> None:
    question = IDENTITY[name]
    usual = ready.ask(name, question)
    ready.inject(f"late reply on {name} of 6 s")
    assert ready.ask(name, question) is None  # within 5 s
    ready[name].flush(pyvisa.constants.BufferOperation.discard_read_buffer)
    ready.pass_time(1)
    other = READING.get(name, "0DIA")
    assert ready.ask(name, other) == usual
    assert ready[name].read() != usual


def test_a_late_reply_holds_up_those_behind_it(ready) -> None:
    ready.inject("late reply on lcr of 12 s")
    start = ready.bench.clock.now()
    assert [ready.ask("lcr", "*IDN?") is None for _ in range(2)] == [True, True]
    assert ready.ask("lcr", ":FREQ?").startswith("Keysight")
    assert ready.bench.clock.now() - start == pytest.approx(12)


@pytest.mark.parametrize("name", EVERYONE)
def test_a_garbled_reply_keeps_its_length_and_its_end(ready, name: str) -> None:
    ready[name].encoding = "latin-1"
    usual = ready.ask(name, IDENTITY[name])
    ready.inject(f"garbled reply on {name}")
    garbled = ready.ask(name, IDENTITY[name])
    assert garbled is not None
    changed = [bin(ord(one) ^ ord(other)).count("1") for one, other in zip(usual, garbled, strict=True) if one != other]
    assert changed in ([1], [1, 1], [1, 1, 1])
    assert ready.ask(name, IDENTITY[name]) == usual


@pytest.mark.parametrize("name", EVERYONE)
def test_of_a_truncated_reply_the_end_never_comes(ready, name: str) -> None:
    usual = ready.ask(name, IDENTITY[name])
    ready.inject(f"truncated reply on {name}")
    ready[name].write(IDENTITY[name])
    with pytest.raises(VisaIOError):
        ready[name].read_raw()
    assert ready.ask(name, IDENTITY[name]) == usual


def test_what_comes_of_a_truncated_reply_is_its_beginning(ready) -> None:
    usual = ready.ask("lcr", "*IDN?")
    ready.inject("truncated reply on lcr")
    ready["lcr"].write("*IDN?")
    ready["lcr"].read_termination = None
    received = b""
    ready["lcr"].timeout = 10
    while True:
        try:
            received += ready["lcr"].read_bytes(1)
        except VisaIOError:
            break
    assert received
    assert len(received) < len(usual)
    assert usual.encode().startswith(received)


@pytest.mark.parametrize("name", EVERYONE)
def test_a_duplicated_reply_comes_twice(ready, name: str) -> None:
    usual = ready.ask(name, IDENTITY[name])
    ready.inject(f"duplicated reply on {name}")
    assert ready.ask(name, IDENTITY[name]) == usual
    assert ready[name].read() == usual
    with pytest.raises(VisaIOError):
        ready[name].read()


@pytest.mark.parametrize("name", EVERYONE)
def test_a_dead_peer_neither_answers_nor_obeys_until_it_is_back(ready, name: str) -> None:
    usual = ready.ask(name, IDENTITY[name])
    ready.inject(f"dead peer on {name} for 20 s")
    assert [ready.ask(name, IDENTITY[name]) for _ in range(3)] == [None, None, None]
    ready.pass_time(5)
    assert ready.ask(name, IDENTITY[name]) == usual
    assert ready.bench.present_faults() == ()


def test_a_dead_peer_carries_nothing_out_and_loses_what_was_under_way(ready) -> None:
    ready.inject("late reply on smu of 3 s")
    ready["smu"].write("*IDN?")
    ready.inject("dead peer on smu")
    ready.tell("smu", ":OUTP ON")
    ready.bench.clear_faults("smu")
    assert ready.ask("smu", ":OUTP?") == "0"
    assert ready["smu"].query(":SOUR:VOLT?") == "0.000000E+00"


@pytest.mark.parametrize("name", EVERYONE)
def test_a_wrong_instrument_has_another_identity_and_else_the_same_replies(ready, name: str) -> None:
    usual = ready.ask(name, IDENTITY[name])
    ready.inject(f"wrong instrument on {name}")
    foreign = ready.ask(name, IDENTITY[name])
    assert foreign not in (usual, None)
    assert ready.ask(name, IDENTITY[name]) == foreign
    assert ready.ask(name, READING.get(name, "0DIA")) not in (foreign, None)
    ready.bench.clear_faults(name)
    assert ready.ask(name, IDENTITY[name]) == usual


def test_a_wrong_pump_in_safe_mode_answers_in_a_packet(ready) -> None:
    ready["pump"].encoding = "latin-1"
    ready["pump"].write_raw(packet(b"0SAF100"))
    ready["pump"].read_bytes(len(packet(b"00S")))
    ready.inject("wrong instrument on pump")
    ready["pump"].write_raw(packet(b"0VER"))
    assert data_of(ready["pump"].read_bytes(len(packet(b"00SPHD2000V1.0")))) == b"00SPHD2000V1.0"


@pytest.mark.parametrize("name", READING)
def test_a_sentinel_stands_where_a_number_was(ready, name: str) -> None:
    before = ready.ask(name, READING[name])
    assert before not in NOT_NUMBERS.get(name, ())
    assert "E+37" not in before
    ready.inject(f"sentinel on {name} at message 2 for 2 times")
    assert ready.ask(name, IDENTITY[name]) is not None
    spoilt = []
    for _ in range(2):
        ready.pass_time(1)
        spoilt.append(ready.ask(name, READING[name]))
    ready.pass_time(1)
    if name in NOT_NUMBERS:
        assert set(spoilt) <= set(NOT_NUMBERS[name])
    elif name == "tester":
        pairs = {" 10.0000E+8, 1.00000E+9", " 10.0000E+9, 1.00000E+10"}
        assert set(spoilt) <= pairs
    else:
        words = [word for reply in spoilt for word in reply.split(",")]
        exponents = [abs(float(word)) for word in words if "E" in word]
        assert exponents
        assert set(exponents) <= {9.9e37, 9.91e37}
    after = ready.ask(name, READING[name])
    assert after not in spoilt


def test_an_lcr_meter_says_with_its_sentinel_why(ready) -> None:
    assert ready.ask("lcr", ":FETC?").endswith(",+0")
    ready.inject("sentinel on lcr for 8 times")
    statuses = {ready.ask("lcr", ":FETC?").rpartition(",")[2] for _ in range(8)}
    assert statuses == {"+1", "-1"}
    assert ready.ask("lcr", ":FETC?").endswith(",+0")


def test_a_chamber_without_sensor_says_so(ready) -> None:
    assert ready.ask("chamber", ":SOURCE:CLOOP1:ERROR?") == "NONE"
    ready.inject("sentinel on chamber")
    assert ready.ask("chamber", ":SOURCE:CLOOP1:ERROR?") == "ERROR"


@pytest.mark.parametrize("name", READING)
def test_a_stuck_reading_is_the_same_byte_for_byte(ready, name: str) -> None:
    ready.inject(f"stuck reading on {name} for 60 s")
    first = ready.ask(name, READING[name])
    _disturb(ready)
    ready.pass_time(20)
    assert ready.ask(name, READING[name]) == first
    ready.pass_time(60)
    assert ready.bench.present_faults() == ()
    if name not in ("power_1", "tester", "lcr"):  # these read the same without the fault
        assert ready.ask(name, READING[name]) != first


def _disturb(host) -> None:
    """Change what can be read on the bench."""
    host.tell("chamber", ":UNIT:TEMPERATURE C", ":SOURCE:CLOOP1:SPOINT 40", ":OUTPUT1:STATE ON")
    for message in ("TEMP, S40.0", "POWER,ON"):
        host.ask("espec", message)
    for message in ("0DIA26.59", "0VOLML", "0VOL1.000", "0RAT10.00MM", "0RUN"):
        host.ask("pump", message)


def test_a_meter_whose_reading_is_stuck_still_obeys(ready) -> None:
    ready.inject("stuck reading on smu")
    before = ready.ask("smu", READING["smu"])
    ready.tell("smu", ":SOUR:VOLT 3.9", ":SOUR:VOLT:ILIM 1E-3", ":OUTP ON")
    ready.pass_time(10)
    assert ready.current_A("A") == pytest.approx(1e-3)
    assert ready.ask("smu", READING["smu"]) == before
    assert ready.ask("smu", ":OUTP?") == "1"


def test_faults_of_one_instrument_leave_the_others_alone(ready) -> None:
    usual = {name: ready.ask(name, IDENTITY[name]) for name in EVERYONE if name != "lcr"}
    for kind in ("dead peer", "sentinel", "stuck reading", "power cut"):
        ready.inject(f"{kind} on lcr")
    assert {name: ready.ask(name, IDENTITY[name]) for name in usual} == usual


def test_parts_of_a_mainframe_share_its_line(ready) -> None:
    ready.inject("dropped reply on power_2")
    assert ready.ask("power_1", "*IDN?") is None


def test_over_tcp_the_same_faults_are_on_the_line(open_host) -> None:
    host = open_host()
    manager = pyvisa.ResourceManager("@py")
    with serve(host.bench) as resources:
        line = manager.open_resource(resources["lcr"], read_termination="\n", write_termination="\n", timeout=300)
        usual = line.query("*IDN?")
        for sentence in ("dropped reply on lcr", "dead peer on lcr for 1 times", "truncated reply on lcr"):
            host.inject(sentence)
            with pytest.raises(VisaIOError):
                line.query("*IDN?")
            assert line.query("*IDN?") == usual
        host.inject("late reply on lcr of 9 s")
        with pytest.raises(VisaIOError):
            line.query("*IDN?")
        assert line.query(":FREQ?") == usual
        assert float(line.read()) == 1000.0
        host.inject("duplicated reply on lcr")
        assert [line.query("*IDN?"), line.read()] == [usual, usual]
        line.close()
    manager.close()
