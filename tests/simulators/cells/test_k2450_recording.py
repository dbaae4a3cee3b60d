"""The 2450 records into its buffer by itself: what is refused meanwhile, and that nothing is lost or invented."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from galvanaut.simulators.faults import parse_fault

CHARGE = ":OUTP:SMOD HIMP;:ROUT:TERM REAR;:SENS:CURR:RSEN ON;:SOUR:VOLT 4.2;:SOUR:VOLT:ILIM 2E-3;:OUTP ON"
EVERY_SECOND = (
    ':TRIG:LOAD "Empty";:TRIG:BLOC:BUFF:CLE 1,"defbuffer1";:TRIG:BLOC:MEAS 2,"defbuffer1";'
    ":TRIG:BLOC:DEL:CONS 3,0.98;:TRIG:BLOC:BRAN:ALW 4,2"
)
NO_ERROR = '0,"No error;0;0 0"'
ALL = ':TRAC:DATA? 1,{},"defbuffer1",SOUR,READ,REL'
NOISY = {"source_voltage_noise": "50 uV", "source_current_noise": "50 nA", "source_voltage_gain_sd": "0.1 %"}


@pytest.fixture
def smu(lines):
    return lines["smu"]


def values(reply: str) -> list[float]:
    return [float(part) for part in reply.split(",")]


def test_the_table_row_by_row(smu, bench) -> None:
    assert smu.query(f"{EVERY_SECOND};:SYST:ERR?") == NO_ERROR
    assert smu.query(":TRIG:STAT?;:TRAC:ACT?;:INIT;:TRIG:STAT?;:SYST:ERR?") == (
        f"IDLE;IDLE;0;0;RUNNING;RUNNING;2;{NO_ERROR}"
    )
    bench.clock.spend(10.5)
    assert smu.query(":TRAC:ACT?;:TRIG:STAT?") == "11;RUNNING;RUNNING;3"
    assert smu.query(':FETC? "defbuffer1",REL;:ABOR;:TRIG:STAT?') == "1.000000E+01;ABORTED;ABORTED;3"
    bench.clock.spend(10)
    assert smu.query(":ABOR;:TRAC:ACT?;:SYST:ERR?") == f"11;{NO_ERROR}"
    assert smu.query(':TRIGGER:LOAD "EMPTY";:TRIGGER:STATE?') == "IDLE;IDLE;0"


def test_a_start_clears_and_counts_from_there(smu, bench) -> None:
    smu.query(f"{CHARGE};:READ?")
    smu.write(f"{EVERY_SECOND};:INIT")
    bench.clock.spend(2.5)
    rows = values(smu.query(ALL.format(3)))
    assert rows[1::3] == [2e-3] * 3
    assert rows[2::3] == pytest.approx([0, 1, 2])


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (":INIT", -221),
        (":TRIG:BLOC:MEAS 2", -222),
        (":TRIG:BLOC:MEAS 0", -222),
        (':TRIG:BLOC:MEAS 1,"mine"', -224),
        (":TRIG:BLOC:DEL:CONS 1,1e-7", -222),
        (":TRIG:BLOC:DEL:CONS 1,10001", -222),
        (":TRIG:BLOC:DEL:CONS 1", -109),
        (':TRIG:LOAD "SimpleLoop"', -224),
        (":TRIG:BLOC:MEAS 1;:TRIG:BLOC:BRAN:ALW 2,4;:INIT", -221),
        (f"{EVERY_SECOND};:INIT;:INIT", -213),
        (f"{EVERY_SECOND};:INIT;:READ?", -213),
        (f"{EVERY_SECOND};:INIT;:MEAS?", -213),
        (f'{EVERY_SECOND};:INIT;:TRAC:POIN 1000,"defbuffer2"', -213),
        (f'{EVERY_SECOND};:INIT;:TRIG:LOAD "Empty"', -213),
        (f"{EVERY_SECOND};:INIT;:TRIG:BLOC:MEAS 1", -213),
    ],
)
def test_what_is_refused(smu, message: str, code: int) -> None:
    assert smu.query(f"{message};:SYST:ERR?").startswith(f'{code},"')
    assert smu.query("*CLS;:SYST:ERR?") == NO_ERROR


def test_everything_else_works_while_it_runs(smu, bench) -> None:
    smu.write(f"{CHARGE};{EVERY_SECOND};:INIT")
    bench.clock.spend(5.5)
    changed = ":SOUR:VOLT 4.1;:SOUR:VOLT:ILIM 1E-3;:OUTP?;:SOUR:VOLT:ILIM:TRIP?;:TRAC:ACT?;:SYST:ERR?"
    assert smu.query(changed) == f"1;1;6;{NO_ERROR}"
    bench.clock.spend(5)
    smu.write(":OUTP OFF")
    bench.clock.spend(5)
    currents_A = values(smu.query(':TRAC:DATA? 1,16,"defbuffer1",READ'))
    assert currents_A == [2e-3] * 6 + [1e-3] * 5 + [0.0] * 5


@pytest.mark.parametrize("gone", ["*RST", "power cut on smu of 1 s"])
def test_reset_and_power_cuts_leave_no_model(smu, bench, gone: str) -> None:
    smu.write(f"{CHARGE};{EVERY_SECOND};:INIT")
    bench.clock.spend(5)
    if gone == "*RST":
        smu.write(gone)
    else:
        bench.inject(parse_fault(gone))
    bench.clock.spend(5)
    assert smu.query(":TRIG:STAT?;:TRAC:ACT?;:INIT;*CLS;*OPC?") == "IDLE;IDLE;0;0;1"


def test_recorded_readings_are_those_that_would_have_been_read(open_bench, connect) -> None:
    """Same numbers, same noise, same cell: one host asks for each reading, the other looks once."""
    texts = []
    for name, records in (("asks", False), ("looks", True)):
        bench = open_bench(name, simulation=NOISY)
        smu = connect(bench)["smu"]
        smu.write(CHARGE)
        if records:
            smu.write(f"{EVERY_SECOND};:INIT")
            bench.clock.spend(8000.5)
        else:
            for _ in range(8001):
                smu.query(":READ?")
                bench.clock.spend(0.98)
        smu.chunk_size = 1 << 20
        texts.append(smu.query(ALL.format(8001)))
        texts.append(smu.query(':TRAC:DATA? 1,8001,"defbuffer1",SOURSTAT'))
    assert texts[1] == texts[3]
    assert set(texts[1].split(",")) == {"0", "4"}
    assert values(texts[2]) == pytest.approx(values(texts[0]), rel=2e-6, abs=1e-8)


@pytest.mark.parametrize(
    "more",
    [
        ":OUTP ON",
        ":OUTP OFF",
        ":OUTP ON;:SENS:CURR:RANG 1E-3",
        ':OUTP ON;:SENS:FUNC "VOLT";:SOUR:VOLT:READ:BACK OFF',
        ":SOUR:FUNC CURR;:SOUR:CURR 1E-3;:SOUR:CURR:VLIM 3.8;:OUTP ON",
        ":SOUR:VOLT 3;:OUTP ON;:SENS:CURR:RSEN OFF",
    ],
)
def test_many_readings_at_once_are_single_ones_bit_by_bit(open_bench, connect, more: str) -> None:
    bench = open_bench(simulation=NOISY)
    smu = connect(bench)["smu"]
    smu.write(f"{CHARGE};{more}")
    for pause_s in [0.3, 50, 1000, 7, 5000, 200] * 3:
        smu.query(":READ?")
        bench.clock.spend(pause_s)
    device = bench.devices["smu"]
    single = device.buffers["defbuffer1"].columns(1, 18)
    many = device.measure_at(single.at, 1)
    for column in ("at", "readings", "sources", "kinds"):
        assert getattr(many, column).tolist() == getattr(single, column).tolist(), column


def test_an_empty_holder_is_recorded_as_it_is_read(open_bench, connect, description) -> None:
    description["instruments"]["smu"]["wiring"] = {"channel": "empty"}
    bench = open_bench()
    smu = connect(bench)["smu"]
    read = smu.query(f'{CHARGE};:READ? "defbuffer2",SOUR,READ,SOURSTAT')
    smu.write(f"{EVERY_SECOND};:INIT")
    bench.clock.spend(1)
    assert smu.query(':FETC? "defbuffer1",SOUR,READ,SOURSTAT') == read == "4.200000E+00,0.000000E+00,0"


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pauses_s=st.lists(st.floats(0, 500), min_size=1, max_size=6))
def test_how_often_it_is_spoken_to_changes_nothing(open_bench, connect, pauses_s: list[float]) -> None:
    texts = []
    for name, is_chatty in (("chatty", True), ("silent", False)):
        bench = open_bench(name, simulation=NOISY, is_new=True)
        smu = connect(bench)["smu"]
        smu.write(f"{CHARGE};{EVERY_SECOND};:INIT")
        for pause_s in pauses_s:
            bench.clock.spend(pause_s)
            if is_chatty:
                smu.query(":OUTP?")
        bench.clock.spend(1.0)
        texts.append(smu.query(ALL.format(smu.query(":TRAC:ACT?"))))
        bench.close()
    assert texts[0] == texts[1]


def test_it_goes_on_while_the_host_is_dead(open_bench, connect) -> None:
    bench = open_bench(simulation=NOISY)
    connect(bench)["smu"].write(f"{CHARGE};{EVERY_SECOND};:INIT")
    bench.clock.spend(10.5)
    bench.close()
    bench = open_bench(simulation=NOISY)
    bench.clock.spend(3600)
    smu = connect(bench)["smu"]
    assert smu.query(":TRAC:ACT?;:TRIG:STAT?").startswith("3611;RUNNING")
    found = smu.query(ALL.format(3611))
    bench.close()
    assert connect(open_bench(simulation=NOISY))["smu"].query(ALL.format(3611)) == found
    never_left = open_bench("other", simulation=NOISY)
    smu = connect(never_left)["smu"]
    smu.write(f"{CHARGE};{EVERY_SECOND};:INIT")
    never_left.clock.spend(3610.5)
    assert smu.query(ALL.format(3611)) == found


def test_a_host_killed_at_any_line_of_the_log_loses_and_invents_no_reading(open_bench, connect, tmp_path) -> None:
    bench = open_bench(simulation=NOISY)
    smu = connect(bench)["smu"]
    smu.write(f"{CHARGE};{EVERY_SECOND};:INIT")
    begin = len((tmp_path / "world.db").read_bytes().splitlines())
    for _ in range(4):
        bench.clock.spend(17.3)
        smu.query(":TRAC:ACT?")
    bench.clock.spend(100)
    whole = smu.query(ALL.format(170))
    log = (tmp_path / "world.db").read_bytes().splitlines(keepends=True)
    for length in range(begin, len(log)):
        killed = tmp_path / f"killed_{length}"
        killed.write_bytes(b"".join(log[:length]) + log[length][: len(log[length]) // 2])
        survivor = open_bench(killed.name, simulation=NOISY)
        survivor.clock.spend(bench.clock.now() - survivor.clock.now())
        assert connect(survivor)["smu"].query(ALL.format(170)) == whole


def test_others_are_not_kept_waiting_by_it(bench, lines) -> None:
    lines["smu"].write(f"{CHARGE};{EVERY_SECOND};:INIT")
    bench.clock.spend(1000)
    lines["tester"].query("*IDN?")
    assert len(bench.devices["smu"].buffers["defbuffer1"]) == 0
    assert lines["smu"].query(":TRAC:ACT?") == "1000"


def test_a_full_buffer_forgets_the_oldest_however_many_come(open_bench, connect) -> None:
    texts = []
    for name, pauses_s in (("chatty", (4.5, 4, 7, 500, 2)), ("silent", (517.5,))):
        bench = open_bench(name, simulation=NOISY)
        smu = connect(bench)["smu"]
        smu.write(f'{CHARGE};:TRAC:POIN 10,"defbuffer1";:TRAC:POIN 10,"defbuffer2";{EVERY_SECOND};:INIT')
        for pause_s in pauses_s:
            bench.clock.spend(pause_s)
            assert int(smu.query(":TRAC:ACT?")) <= 10
        texts.append(smu.query(ALL.format(10)))
        bench.close()
        assert connect(open_bench(name, simulation=NOISY))["smu"].query(ALL.format(10)) == texts[-1]
    assert texts[0] == texts[1]
    assert values(texts[0])[2::3] == pytest.approx(range(508, 518), abs=1e-3)


def test_a_trip_at_a_message_changes_nothing_that_was_recorded_before(smu, bench) -> None:
    smu.write(f"{CHARGE};{EVERY_SECOND};:INIT")
    bench.inject(parse_fault("over-voltage trip on smu at message 1"))
    bench.clock.spend(5.5)
    smu.write("*CLS")
    bench.clock.spend(3)
    assert values(smu.query(':TRAC:DATA? 1,9,"defbuffer1",READ')) == [2e-3] * 6 + [0.0] * 3


def test_a_week_without_anybody_leaves_the_last_hundred_thousand(open_bench, connect) -> None:
    bench = open_bench()
    smu = connect(bench)["smu"]
    smu.write(f"{CHARGE};:OUTP OFF;{EVERY_SECOND};:INIT")
    bench.clock.spend(7 * 86400)
    assert smu.query(":TRAC:ACT?") == "100000"
    assert values(smu.query(':TRAC:DATA? 100000,100000,"defbuffer1",REL')) == pytest.approx([604799], abs=1)
    assert bench.devices["smu"].readings == 604800
    bench.close()
    smu = connect(open_bench())["smu"]
    assert values(smu.query(':TRAC:DATA? 1,1,"defbuffer1",REL')) == pytest.approx([504800], abs=1)


def test_two_buffers_in_one_loop(smu, bench) -> None:
    smu.write(":TRIG:BLOC:MEAS 1;:TRIG:BLOC:MEAS 2,'defbuffer2';:TRIG:BLOC:MEAS 3;:TRIG:BLOC:DEL:CONS 4,0.94")
    smu.write(":TRIG:BLOC:BRAN:COUN 5,4,1;:TRAC:POIN 10,'defbuffer1';:INIT")
    bench.clock.spend(100)
    assert smu.query(":TRAC:ACT?;:TRAC:ACT? 'defbuffer2';:TRIG:STAT?") == "8;4;IDLE;IDLE;0"
    assert values(smu.query(":TRAC:DATA? 1,8,'defbuffer1',REL")) == pytest.approx(
        [0, 0.04, 1, 1.04, 2, 2.04, 3, 3.04], abs=1e-5
    )


def test_the_integration_time_is_part_of_a_round(smu, bench) -> None:
    smu.write(":SENS:CURR:NPLC 10;:TRIG:BLOC:MEAS 1;:TRIG:BLOC:BRAN:ALW 2,1;:INIT")
    bench.clock.spend(2.1)
    assert smu.query(":TRAC:ACT?") == "10"


def test_the_output_is_switched_at_its_instant_though_nobody_speaks_to_it(bench, lines) -> None:
    """A charge that ends by itself; others see the open circuit, and so does the meter's own buffer."""
    lines["smu"].write(f"{CHARGE};:OUTP OFF;:TRIG:BLOC:SOUR:STAT 1,ON;:TRIG:BLOC:MEAS 2;:TRIG:BLOC:DEL:CONS 3,9.98")
    lines["smu"].write(":TRIG:BLOC:BRAN:COUN 4,6,2;:TRIG:BLOC:SOUR:STAT 5,OFF;:TRIG:BLOC:MEAS 6;:INIT")
    assert bench.world.holders.at("A", bench.clock.now()).current_A == 2e-3
    before_C = bench.world.holders.at("A", bench.clock.now()).state.charge_C
    bench.clock.spend(3600)
    sight = bench.world.holders.at("A", bench.clock.now())
    assert sight.mode == "open"
    assert sight.state.charge_C - before_C == pytest.approx(60 * 2e-3, rel=1e-6)
    assert lines["smu"].query(":OUTP?;:TRIG:STAT?") == "0;IDLE;IDLE;0"
    assert values(lines["smu"].query(':TRAC:DATA? 1,7,"defbuffer1",READ')) == [2e-3] * 6 + [0.0]


def test_a_switch_to_come_outlives_the_host(open_bench, connect) -> None:
    bench = open_bench()
    connect(bench)["smu"].write(f"{CHARGE};:TRIG:BLOC:DEL:CONS 1,60;:TRIG:BLOC:SOUR:STAT 2,OFF;:INIT")
    bench.clock.spend(30)
    bench.close()
    bench = open_bench()
    bench.clock.spend(29)
    assert bench.world.holders.at("A", bench.clock.now()).mode != "open"
    bench.clock.spend(2)
    assert bench.world.holders.at("A", bench.clock.now()).mode == "open"
    assert bench.devices["smu"].settings.is_on is False


def test_a_drift_shows_from_its_beginning_in_what_is_recorded(smu, bench) -> None:
    smu.write(f'{CHARGE};:OUTP OFF;:SENS:FUNC "VOLT";{EVERY_SECOND};:INIT')
    bench.clock.spend(100.5)
    bench.inject(parse_fault("sensor drift on smu of 3600 mV/h"))
    bench.clock.spend(100)
    rows = values(smu.query(':TRAC:DATA? 1,201,"defbuffer1",READ'))
    assert rows[:101] == [0.0] * 101
    assert rows[101:] == pytest.approx([1e-3 * (0.52 + second) for second in range(100)], abs=1e-6)


def test_thousands_of_readings_in_every_form(smu, bench) -> None:
    smu.write(f"{CHARGE};{EVERY_SECOND};:INIT")
    bench.clock.spend(3.5)
    reply = smu.query(':TRAC:DATA? 1,2,"defbuffer1",REL,UNIT,READ,SOURSTAT,SEC')
    assert reply == "0.000000E+00,Amp DC,2.000000E-03,4,1767225600,1.000000E+00,Amp DC,2.000000E-03,4,1767225601"
    assert smu.query(':TRAC:DATA? 1,2,"defbuffer1"' + ",READ" * 15 + ";:SYST:ERR?").startswith("-108")
