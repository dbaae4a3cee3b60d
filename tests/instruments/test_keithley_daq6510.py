"""The scanning multimeter, byte by byte from its command table."""

import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from galvanaut.instruments.drivers.keithley_daq6510 import DAQ6510Settings, channel_list
from galvanaut.instruments.errors import BadReadingError, InstrumentError, NoReplyError, RefusedError
from galvanaut.instruments.roles import Scan, Thermometer

RESOURCE = "TCPIP::192.0.2.12::5025::SOCKET"
SETTINGS = {"temperatures": {"cell_1": 101, "cell_2": 102, "chamber": 103}, "voltages": {"cell_1": 111}}
IDENTITY = "KEITHLEY INSTRUMENTS,MODEL DAQ6510,04455123,1.7.0b"
DATA = ':TRAC:DATA? 1,4,"defbuffer1",CHAN,READ,REL'
ROWS = "101,2.512E+01,0.0E+00,102,2.5E+01,1.2E-01,103,2.498E+01,2.4E-01,111,3.601E+00,3.6E-01"


def dialogue(*pairs: tuple[str, str | None]):
    return [(sent.encode() + b"\n", None if reply is None else reply.encode() + b"\n") for sent, reply in pairs]


@pytest.fixture
def daq(wire):
    return lambda *pairs, **changed: wire(dialogue(*pairs)).driver("keithley-daq6510", RESOURCE, **SETTINGS | changed)


def applied(command: str) -> tuple[str, str]:
    return f"{command};:SYST:ERR?", '0,"No error;0;0 0"'


SCANNED = [applied(':TRAC:CLE "defbuffer1"'), (":INIT;*WAI;:TRAC:ACT?", "4")]


def test_identity(daq):
    assert "MODEL DAQ6510 serial 04455123" in str(daq(("*IDN?", IDENTITY)).identify())


def test_another_instrument_is_named(daq):
    with pytest.raises(InstrumentError, match=r"subject \(Keithley DAQ6510 at TCPIP.*MODEL 2450.*expected a Keithley"):
        daq(("*IDN?", "KEITHLEY INSTRUMENTS,MODEL 2450,1,1.7")).identify()


SET_UP = [
    ("*CLS", None),
    applied(":FUNC 'TEMP',(@101:103)"),
    applied(":SENS:TEMP:TRAN TC,(@101:103)"),
    applied(":SENS:TEMP:TC:TYPE K,(@101:103)"),
    applied(":SENS:TEMP:TC:RJUN:RSEL INT,(@101:103)"),
    applied(":SENS:TEMP:ODET ON,(@101:103)"),
    applied(":TEMP:UNIT CELS,(@101:103)"),
    applied(":FUNC 'VOLT:DC',(@111)"),
    applied(':TRAC:POIN 10000,"defbuffer1"'),
    applied(':ROUT:SCAN:BUFF "defbuffer1"'),
    applied(":ROUT:SCAN:CRE (@101:103,111)"),
    applied(":ROUT:SCAN:COUN:SCAN 1"),
]


def test_set_up(daq):
    daq(*SET_UP, (":ROUT:SCAN:COUN:STEP?", "4")).set_up()


def test_a_scan_of_another_length_is_an_error(daq):
    with pytest.raises(InstrumentError, match=r"scans 3 channels instead of 4.*check its cards"):
        daq(*SET_UP, (":ROUT:SCAN:COUN:STEP?", "3")).set_up()


def test_a_missing_card_is_said(daq):
    first = ":FUNC 'TEMP',(@101:103);:SYST:ERR?"
    with pytest.raises(RefusedError, match=r"FUNC 'TEMP'.*Parameter error"):
        daq(("*CLS", None), (first, '1115,"Parameter error;1;2026"'), (":SYST:ERR?", '0,"No error"')).set_up()


def test_only_voltages_need_no_thermocouples(daq):
    rest = [applied(f":ROUT:SCAN:{tail}") for tail in ("CRE (@111)", "COUN:SCAN 1")]
    daq(SET_UP[0], *SET_UP[7:10], *rest, (":ROUT:SCAN:COUN:STEP?", "1"), temperatures={}).set_up()


def test_a_scan(daq):
    one = daq(*SCANNED, (DATA, ROWS))
    assert one.scan() == Scan({"cell_1": 25.12, "cell_2": 25.0, "chamber": 24.98}, {"cell_1": 3.601})


def test_readings_are_told_apart_by_channel_and_not_by_order(daq):
    rows = ",".join(",".join(ROWS.split(",")[start : start + 3]) for start in (9, 6, 0, 3))
    assert daq(*SCANNED, (DATA, rows)).scan().temperatures_degC["chamber"] == 24.98


@pytest.mark.parametrize("sentinel", ["9.9E37", "+9.91E+37", "nan", ""])
def test_a_place_without_a_reading_is_named(daq, sentinel):
    with pytest.raises(BadReadingError, match=r"no reading of cell_2 \(channel 102\), cell_1 \(channel 111\).*open"):
        daq(*SCANNED, (DATA, ROWS.replace("2.5E+01", sentinel).replace("3.601E+00", sentinel))).scan()


def test_a_scan_that_is_not_complete_gives_no_reading(daq):
    with pytest.raises(BadReadingError, match="took 3 readings instead of 4"):
        daq(SCANNED[0], (SCANNED[1][0], "3")).scan()


@pytest.mark.parametrize(
    "rows",
    ["", "101,1.0,0.0", ROWS.replace("102", "104"), ROWS.replace("102", "101"), ROWS.replace("102", "x"), ROWS + ",1"],
)
def test_rows_of_other_channels_give_no_reading(daq, rows):
    with pytest.raises(BadReadingError, match="expected channel, reading and time"):
        daq(*SCANNED, (DATA, rows)).scan()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from(["101", "102", "103", "111", "9.9E37", "1.5", "-2E1", "nan", "inf", "x", ""]), max_size=13)
)
def test_readings_are_numbers_or_an_error(daq, fields):
    one = daq(*SCANNED, (DATA, ",".join(fields)))
    try:
        scan = one.scan()
    except InstrumentError:
        return
    values = [*scan.temperatures_degC.values(), *scan.voltages_V.values()]
    assert len(values) == 4
    assert all(math.isfinite(value) and abs(value) < 9.8e37 for value in values)


def test_made_safe_means_all_relays_open(daq):
    daq(applied(":ROUT:OPEN:ALL")).make_safe()


def test_a_scan_is_waited_for(daq):
    with pytest.raises(NoReplyError, match=r"no reply within 13 s.*':INIT"):
        daq(SCANNED[0], (SCANNED[1][0], None)).scan()


@pytest.mark.parametrize(
    ("channels", "text"),
    [([101], "(@101)"), ([103, 101, 102], "(@101:103)"), ([101, 102, 111, 201], "(@101:102,111,201)")],
)
def test_channel_lists(channels, text):
    assert channel_list(channels) == text


@given(st.sets(st.integers(101, 299), min_size=1))
def test_a_channel_list_names_every_channel_once(channels):
    named: list[int] = []
    for run in channel_list(channels).removeprefix("(@").removesuffix(")").split(","):
        first, _, last = run.partition(":")
        named += range(int(first), int(last or first) + 1)
    assert named == sorted(channels)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"voltages": {"cell_1": 102}}, "channel 102 is given more than once"),
        ({"temperatures": {}, "voltages": {}}, "names no channel"),
        ({"temperatures": {"cell_1": 99}}, "greater than or equal to 101"),
        ({"temperatures": {"cell 1": 101}}, "pattern"),
    ],
)
def test_settings_that_make_no_sense(changed, words):
    with pytest.raises(ValidationError, match=words):
        DAQ6510Settings.model_validate(SETTINGS | changed)


def test_it_is_a_thermometer(daq):
    one: Thermometer = daq()
    assert str(one) == "subject"
