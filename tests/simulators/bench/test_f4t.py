"""The F4T's command table and the chamber behind it."""

from __future__ import annotations

from math import exp

import pytest


@pytest.fixture
def chamber(lines):
    """The line to the chamber, speaking degC."""
    line = lines["chamber"]
    line.write(":UNIT:TEMPERATURE C")
    return line


TABLE = [
    ("*IDN?", None, "WATLOW,F4T,SIMULATED,0"),
    (":UNIT:TEMPERATURE?", None, "C"),
    (":SOURCE:CLOOP1:SPOINT?", ":SOURCE:CLOOP1:SPOINT 25.0", "25.000000"),
    (":SOURCE:CLOOP1:PVALUE?", None, "23.000000"),
    (":SOURCE:CLOOP1:ERROR?", None, "NONE"),
    (":SOURCE:CLOOP1:IDLE?", ":SOURCE:CLOOP1:IDLE 25", "25.000000"),
    (":SOURCE:CLOOP1:RACTION?", ":SOURCE:CLOOP1:RACTION SETPOINT", "SETPOINT"),
    (":SOURCE:CLOOP1:RSCALE?", ":SOURCE:CLOOP1:RSCALE HOURS", "HOURS"),
    (":SOURCE:CLOOP1:RRATE?", ":SOURCE:CLOOP1:RRATE 1.5", "1.500000"),
    (":SOURCE:CLOOP1:RTIME?", ":SOURCE:CLOOP1:RTIME 15", "15.000000"),
    (":OUTPUT1:STATE?", ":OUTPUT1:STATE ON", "ON"),
    (":OUTPUT1:STATE?", ":OUTPUT1:STATE OFF", "OFF"),
    (":OUTPUT2:STATE?", None, "OFF"),
]


def test_the_command_table_row_by_row(chamber) -> None:
    for query, setting, reply in TABLE:
        if setting is not None:
            chamber.write(setting)
        assert chamber.query(query) == reply, query


def test_it_wakes_up_in_fahrenheit(lines) -> None:
    assert lines.ask("chamber", ":UNIT:TEMPERATURE?") == "F"
    assert lines.ask("chamber", ":SOURCE:CLOOP1:PVALUE?") == "73.400000"
    assert lines.ask("chamber", ":SOURCE:CLOOP1:SPOINT 77", ":SOURCE:CLOOP1:SPOINT?") == "77.000000"
    assert lines.ask("chamber", ":UNIT:TEMPERATURE C", ":SOURCE:CLOOP1:SPOINT?") == "25.000000"


@pytest.mark.parametrize(
    "message",
    [
        ":SOURCE:CLOOP1:SPOINT 500",
        ":SOURCE:CLOOP1:SPOINT warm",
        ":SOURCE:CLOOP2:SPOINT 30",
        ":SOURCE:CLOOP1:NONSENSE 3",
        ":SYST:ERR?",
        "*ESR?",
        ":OUTPUT9:STATE ON",
    ],
)
def test_bad_commands_are_ignored_silently(chamber, message: str) -> None:
    before = chamber.query(":SOURCE:CLOOP1:SPOINT?")
    chamber.write(message)
    assert chamber.query(":SOURCE:CLOOP1:SPOINT?") == before


def test_nothing_happens_before_the_output_is_on(lines, chamber) -> None:
    chamber.write(":SOURCE:CLOOP1:SPOINT 0")
    lines.bench.clock.spend(3600)
    assert chamber.query(":SOURCE:CLOOP1:PVALUE?") == "23.000000"


def test_the_air_follows_at_the_chambers_rate_and_settles(lines, chamber) -> None:
    chamber.write(":OUTPUT1:STATE ON")
    chamber.write(":SOURCE:CLOOP1:SPOINT 0")
    lines.bench.clock.spend(60)
    # The target falls by 3 K/min; the air lags it by 150 s: w0 - r t + r tau (1 - exp(-t / tau)).
    expected = 23 - 3 + 3 / 60 * 150 * (1 - exp(-60 / 150))
    assert float(chamber.query(":SOURCE:CLOOP1:PVALUE?")) == pytest.approx(expected, abs=1e-5)
    lines.bench.clock.spend(3600)
    assert float(chamber.query(":SOURCE:CLOOP1:PVALUE?")) == pytest.approx(0, abs=1e-5)


def test_a_programmed_ramp_is_slower(lines, chamber) -> None:
    for message in (
        ":SOURCE:CLOOP1:RACTION SETPOINT",
        ":SOURCE:CLOOP1:RRATE 30",
        ":SOURCE:CLOOP1:RSCALE HOURS",
        ":OUTPUT1:STATE ON",
        ":SOURCE:CLOOP1:SPOINT 0",
    ):
        chamber.write(message)
    lines.bench.clock.spend(20 * 60)
    # 0.5 K/min: after 20 min the target is at 13 degC and the air 0.5 / 60 * 150 K above it.
    assert float(chamber.query(":SOURCE:CLOOP1:PVALUE?")) == pytest.approx(13 + 1.25, abs=1e-2)


def test_switched_off_it_drifts_to_the_room(lines, chamber) -> None:
    chamber.write(":OUTPUT1:STATE ON")
    chamber.write(":SOURCE:CLOOP1:SPOINT 0")
    lines.bench.clock.spend(7200)
    chamber.write(":OUTPUT1:STATE OFF")
    lines.bench.clock.spend(3600)
    assert float(chamber.query(":SOURCE:CLOOP1:PVALUE?")) == pytest.approx(23 * (1 - exp(-1)), abs=1e-2)
    chamber.write("*RST")
    lines.bench.clock.spend(36000)
    assert float(chamber.query(":SOURCE:CLOOP1:PVALUE?")) == pytest.approx(23, abs=1e-2)


def test_the_sensor_is_at_the_set_point_and_the_air_is_off_by_its_error(open_bench, connect) -> None:
    lines = connect(open_bench(simulation={"air_offset_sd": "0.5 K"}))
    lines["chamber"].write(":UNIT:TEMPERATURE C")
    lines["chamber"].write(":OUTPUT1:STATE ON")
    lines["chamber"].write(":SOURCE:CLOOP1:SPOINT 10")
    lines.bench.clock.spend(7200)
    assert lines.ask("chamber", ":SOURCE:CLOOP1:PVALUE?") == "10.000000"
    air_degC = lines.bench.world.air_degC("chamber", lines.bench.clock.now())
    assert 0.001 < abs(air_degC - 10) < 1.5
