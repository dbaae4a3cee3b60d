"""The pump's safe mode: packets with a checksum, and a pump that stops when its host falls silent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galvanaut.simulators.devices.ne1000_packets import data_of, first_packet, packet

BACK_TO_BASIC = b"\x02\x08SAF0\x55\x43\x03"  # as the manual prints it
RUN = ("0DIA26.59", "0VOL5.000", "0RAT10.00MM", "0RUN")


class Pump:
    """A pump's line, in bytes."""

    def __init__(self, line, bench) -> None:
        self.line = line
        self.clock = bench.clock
        self.world = bench.world

    def send(self, message: bytes) -> bytes:
        """One message; all that comes back."""
        self.line.write_raw(message)
        waiting = self.line.bytes_in_buffer
        return self.line.read_bytes(waiting) if waiting else b""

    def basic(self, *messages: str) -> bytes:
        return [self.send(message.encode() + b"\r") for message in messages][-1]

    def safe(self, *messages: str) -> bytes | None:
        return [data_of(self.send(packet(message.encode()))) for message in messages][-1]

    @property
    def mixer_g(self) -> float:
        return self.world.at(self.clock.now()).vessels["mixer"].mass_g


@pytest.fixture
def pump(lines) -> Pump:
    return Pump(lines["salt"], lines.bench)


def test_a_packet_is_the_manuals() -> None:
    assert packet(b"SAF0") == BACK_TO_BASIC
    assert data_of(BACK_TO_BASIC) == b"SAF0"


@given(st.binary(max_size=251), st.binary(max_size=20))
def test_any_data_comes_through(data: bytes, more: bytes) -> None:
    assert first_packet(packet(data) + more) == (packet(data), more)
    assert data_of(packet(data)) == data


@given(st.binary(max_size=100), st.integers(0, 103), st.integers(1, 255))
def test_one_wrong_byte_is_noticed(data: bytes, place: int, change: int) -> None:
    damaged = bytearray(packet(data))
    damaged[place % len(damaged)] ^= change
    assert data_of(bytes(damaged)) is None


@given(st.lists(st.sampled_from([0, 2, 2, 3, 4, 5, 6, 8]), max_size=200).map(bytes))
def test_noise_is_cut_without_end_or_error(noise: bytes) -> None:
    rest = noise
    while (cut := first_packet(rest)) is not None:
        assert cut[0].startswith(b"\x02")
        assert len(cut[0]) == cut[0][1] + 1
        assert len(cut[1]) < len(rest)
        rest = cut[1]


def test_into_safe_mode_and_back(pump) -> None:
    assert pump.basic("0SAF10") == packet(b"00S")
    assert pump.safe("0VER") == b"00SNE1000V3.928"
    assert pump.safe("0SAF") == b"00S10"
    assert pump.safe("") == b"00S"
    assert pump.send(BACK_TO_BASIC) == b"\x0200S\x03"
    assert pump.basic("0VER") == b"\x0200SNE1000V3.928\x03"


def test_a_packet_may_ask_for_safe_mode(pump) -> None:
    assert pump.send(packet(b"0SAF5")) == packet(b"00S")


def test_safe_mode_is_entered_even_while_an_alarm_is_reported(bench, connect) -> None:
    line = connect(bench).manager.open_resource("ASRL1::INSTR", baud_rate=19200)
    line.write_raw(packet(b"0SAF5"))
    assert line.read_bytes(line.bytes_in_buffer) == packet(b"00A?R")
    line.write_raw(packet(b"0"))
    assert line.read_bytes(line.bytes_in_buffer) == packet(b"00S")


def test_in_safe_mode_bare_messages_are_ignored(pump) -> None:
    pump.basic("0SAF10")
    assert pump.basic("0VER") == b""
    assert pump.safe("0") == b"00S"


def test_a_damaged_packet_is_reported_and_does_not_count(pump) -> None:
    pump.basic("0SAF10")
    damaged = packet(b"0RUN").replace(b"R", b"S")
    pump.clock.spend(9)
    assert data_of(pump.send(damaged)) == b"00S?COM"
    pump.clock.spend(1)
    assert pump.safe("0") == b"00A?T"


def test_a_return_in_a_packet_does_not_end_it(pump) -> None:
    pump.basic("0SAF13")  # its length or checksum may hold any byte; so may the data
    assert pump.safe("0\rVER") == b"00S?"


def test_silence_stops_the_pump_and_is_reported_once(pump) -> None:
    pump.basic(*RUN[:3])
    pump.basic("0SAF5")
    assert pump.safe("0RUN") == b"00I"
    pump.clock.spend(20)
    assert pump.mixer_g == pytest.approx(1.25 * 10 / 60 * 5)
    assert pump.safe("0DIS") == b"00A?T"
    assert pump.safe("0DIS") == b"00SI0.833W0.000ML"
    assert pump.safe("0RUN") == b"00I"


def test_nobody_needs_to_ask_for_the_pump_to_stop(lines, pump) -> None:
    pump.basic(*RUN[:3], "0SAF5")
    pump.safe("0RUN")
    assert lines.ask("balance", "S") == "S S     1.0417 g"
    assert lines.bench.clock.now() - 1767225600 == pytest.approx(5 + 2, abs=0.1)


def test_talking_keeps_it_going_and_changes_no_volume(pump) -> None:
    pump.basic(*RUN[:3], "0SAF5")
    pump.safe("0RUN")
    for _ in range(7):
        pump.clock.spend(4.9)
        assert pump.safe("0") in (b"00I", b"00S")
    assert pump.safe("0DIS") == b"00SI5.000W0.000ML"
    assert pump.mixer_g == pytest.approx(5 * 1.25, rel=1e-12)


def test_another_message_may_change_the_patience(pump) -> None:
    pump.basic(*RUN[:3], "0SAF5")
    pump.safe("0RUN", "0SAF200")
    pump.clock.spend(29)
    assert pump.safe("0") == b"00I"
    pump.send(BACK_TO_BASIC)
    pump.clock.spend(1000)
    assert pump.basic("0DIS") == b"\x0200SI5.000W0.000ML\x03"


def test_a_paused_run_stays_paused_and_goes_on_when_told(pump) -> None:
    pump.basic(*RUN[:3], "0SAF5")
    pump.safe("0RUN")
    pump.clock.spend(3)
    assert pump.safe("0STP") == b"00P"
    pump.clock.spend(4)
    assert pump.safe("0RUN") == b"00I"
    pump.clock.spend(4)
    assert pump.safe("0DIS") == b"00II1.167W0.000ML"


def test_silence_outlives_the_host(open_bench, connect) -> None:
    bench = open_bench("w")
    pump = Pump(connect(bench)["salt"], bench)
    pump.basic(*RUN[:3], "0SAF5")
    pump.safe("0RUN")
    pump.clock.spend(2)
    bench.close()
    bench = open_bench("w")
    pump = Pump(connect(bench).manager.open_resource("ASRL1::INSTR", baud_rate=19200), bench)
    assert pump.safe("0") == b"00I"
    pump.clock.spend(6)
    assert pump.safe("0") == b"00A?T"
    assert pump.send(BACK_TO_BASIC) == b"\x0200S\x03"
