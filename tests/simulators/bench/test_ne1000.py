"""The NE-1000's command table, byte by byte, and what its runs do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galvanaut.core.errors import GalvanautError
from galvanaut.simulators.devices.ne1000 import number, written


def test_the_first_message_after_power_up_is_answered_with_the_alarm(bench, connect) -> None:
    line = connect(bench).manager.open_resource(
        "ASRL1::INSTR", read_termination="\x03", write_termination="\r", baud_rate=19200
    )
    line.write("0RUN")
    assert line.read_bytes(7) == b"\x0200A?R\x03"
    assert line.query("0") == "\x0200S"


TABLE = [
    ("0", "00S"),
    ("", "00S"),
    ("00", "00S"),
    ("0VER", "00SNE1000V3.928"),
    ("0ver", "00SNE1000V3.928"),
    ("0 V E R", "00SNE1000V3.928"),
    ("0DIA26.59", "00S"),
    ("0DIA", "00S26.59"),
    ("0VOLML", "00S"),
    ("0VOL100.0", "00S"),
    ("0VOL", "00S100.0ML"),
    ("0VOLUL", "00S"),
    ("0VOL", "00S100.0UL"),
    ("0RAT5.000MM", "00S"),
    ("0RAT", "00S5.000MM"),
    ("0RAT500UH", "00S"),
    ("0RAT", "00S500.0UH"),
    ("0RAT7", "00S"),
    ("0RAT", "00S7.000UH"),
    ("0DIRWDR", "00S"),
    ("0DIR", "00SWDR"),
    ("0DIRREV", "00S"),
    ("0DIR", "00SINF"),
    ("0DIS", "00SI0.000W0.000UL"),
    ("0CLDINF", "00S"),
    ("0CLDWDR", "00S"),
    ("0STP", "00S?NA"),
    ("0DIA0.05", "00S?OOR"),
    ("0DIA80.1", "00S?OOR"),
    ("0VOL12345", "00S?OOR"),
    ("0VOL1.2345", "00S?OOR"),
    ("0VOL.1234", "00S?OOR"),
    ("0RAT99.9MM", "00S?OOR"),
    ("0RAT0MM", "00S?OOR"),
    ("0VOLx", "00S?"),
    ("0DIRUP", "00S?"),
    ("0CLD", "00S?"),
    ("0RUNNOW", "00S?"),
    ("0XYZ", "00S?"),
    ("0?", "00S?"),
    ("0SAF", "00S0"),
    ("0SAF256", "00S?OOR"),
    ("0SAFE", "00S?"),
]


def test_the_command_table_row_by_row(lines) -> None:
    for message, reply in TABLE:
        assert lines.ask("salt", message) == "\x02" + reply, message


@pytest.mark.parametrize(("diameter", "unit"), [("14", "UL"), ("14.01", "ML")])
def test_a_new_diameter_chooses_the_volume_unit(lines, diameter: str, unit: str) -> None:
    assert lines.ask("salt", f"0DIA{diameter}", "0VOL").endswith(unit)


def test_a_message_to_another_address_gets_no_answer(lines) -> None:
    lines["salt"].write("7VER")
    assert lines["salt"].bytes_in_buffer == 0


def test_volume_grows_at_the_set_rate_and_stops_at_the_target(lines) -> None:
    clock = lines.bench.clock
    assert lines.ask("salt", "0DIA26.59", "0VOL5.000", "0RAT10.00MM", "0RUN") == "\x0200I"
    clock.spend(6)
    assert lines.ask("salt", "0DIS") == "\x0200II1.000W0.000ML"
    clock.spend(24 - 1e-6)
    assert lines.ask("salt", "0") == "\x0200I"
    clock.spend(1e-5)
    assert lines.ask("salt", "0") == "\x0200S"
    clock.spend(1000)
    assert lines.ask("salt", "0DIS") == "\x0200SI5.000W0.000ML"


def test_stop_pauses_and_run_goes_on(lines) -> None:
    clock = lines.bench.clock
    lines.ask("salt", "0DIA26.59", "0VOL2.000", "0RAT10.00MM", "0RUN")
    clock.spend(3)
    assert lines.ask("salt", "0STP") == "\x0200P"
    clock.spend(100)
    assert lines.ask("salt", "0DIS") == "\x0200PI0.500W0.000ML"
    assert lines.ask("salt", "0VOL1") == "\x0200P?NA"
    assert lines.ask("salt", "0RUN") == "\x0200I"
    clock.spend(9.01)
    assert lines.ask("salt", "0DIS") == "\x0200SI2.000W0.000ML"


def test_a_second_stop_gives_the_run_up(lines) -> None:
    lines.ask("salt", "0DIA26.59", "0VOL2.000", "0RAT10.00MM", "0RUN")
    lines.bench.clock.spend(3)
    assert lines.ask("salt", "0STP", "0STP") == "\x0200S"
    assert lines.ask("salt", "0RUN") == "\x0200I"
    lines.bench.clock.spend(30)
    assert lines.ask("salt", "0DIS") == "\x0200SI2.500W0.000ML"


def test_while_it_runs_settings_but_the_rate_are_refused(lines) -> None:
    lines.ask("salt", "0DIA26.59", "0VOL5.000", "0RAT10.00MM", "0RUN")
    for message in ("0VOL1", "0VOLUL", "0DIA20", "0DIRWDR", "0CLDINF", "0RUN"):
        assert lines.ask("salt", message) == "\x0200I?NA"
    lines.bench.clock.spend(6)
    assert lines.ask("salt", "0RAT20MM") == "\x0200I"
    lines.bench.clock.spend(6)
    assert lines.ask("salt", "0DIS") == "\x0200II3.000W0.000ML"


def test_dispensed_volumes_add_up_until_they_are_cleared(lines) -> None:
    lines.dose("salt", 2)
    lines.dose("salt", 1)
    assert lines.ask("salt", "0DIS") == "\x0200SI3.000W0.000ML"
    assert lines.ask("salt", "0CLDINF", "0DIS") == "\x0200SI0.000W0.000ML"
    lines.ask("salt", "0DIRWDR", "0RUN")
    lines.bench.clock.spend(3)
    assert lines.ask("salt", "0DIS") == "\x0200WI0.000W0.500ML"


def test_withdrawing_takes_the_liquid_back(lines) -> None:
    lines.dose("salt", 2)
    lines.ask("salt", "0DIRWDR", "0RUN")
    lines.bench.clock.spend(60)
    snapshot = lines.bench.world.at(lines.bench.clock.now())
    assert snapshot.vessels["mixer"].mass_g == pytest.approx(0, abs=1e-9)
    assert snapshot.vessels["salty"].mass_g == pytest.approx(500 * 1.25)


def test_volume_zero_runs_for_ever(lines) -> None:
    lines.ask("salt", "0DIA26.59", "0VOL0", "0RAT10.00MM", "0RUN")
    lines.bench.clock.spend(60)
    assert lines.ask("salt", "0DIS") == "\x0200II10.00W0.000ML"


def test_a_wrong_diameter_misjudges_the_volume_by_its_square(lines) -> None:
    lines.ask("salt", "0DIA13.295", "0DIA13.29", "0VOLML", "0VOL1.000", "0RAT1.000MM", "0RUN")
    lines.bench.clock.spend(61)
    mass_g = lines.bench.world.at(lines.bench.clock.now()).vessels["mixer"].mass_g
    assert mass_g == pytest.approx(1.25 * (26.59 / 13.29) ** 2)


def test_at_the_wrong_speed_nothing_is_understood(bench, connect) -> None:
    line = connect(bench).manager.open_resource("ASRL1::INSTR", read_termination="\x03", write_termination="\r")
    line.write("0VER")
    assert line.bytes_in_buffer == 0
    line.baud_rate = 19200
    assert line.query("0") == "\x0200A?R"


@given(st.floats(0, 9999))
def test_numbers_are_written_in_at_most_four_digits(value: float) -> None:
    text = written(value)
    assert len(text.replace(".", "")) <= 4
    assert number(text) == float(text)
    assert float(text) == pytest.approx(value, rel=6e-3, abs=6e-4)


def test_the_refusal_of_a_number_is_not_an_error_of_ours() -> None:
    with pytest.raises(Exception, match=r"\?OOR") as refusal:
        number("10.0000")
    assert not isinstance(refusal.value, GalvanautError)
