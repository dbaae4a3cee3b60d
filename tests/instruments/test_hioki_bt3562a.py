"""The battery tester, byte by byte from its command table."""

import pytest
from pydantic import ValidationError

from galvanaut.instruments.drivers.hioki_bt3562a import HiokiSettings
from galvanaut.instruments.errors import BadReadingError, InstrumentError, NoReplyError, RefusedError
from galvanaut.instruments.roles import BatteryTester

RESOURCE = "ASRL4::INSTR"


def dialogue(*pairs):
    return [(sent.encode() + b"\r\n", None if reply is None else reply.encode() + b"\r\n") for sent, reply in pairs]


def setting(command, status="0"):
    return (command, None), ("*ESR?", status)


@pytest.fixture
def tester(wire):
    return lambda *pairs, **settings: wire(dialogue(*pairs)).driver("hioki-bt3562a", RESOURCE, **settings)


def test_identity(tester):
    assert str(tester(("*IDN?", "HIOKI,BT3562A,0,V1.00")).identify()) == "HIOKI BT3562A firmware V1.00"


@pytest.mark.parametrize("reply", ["HIOKI,IM3536,0,V1.00", "HIOKI,BT3562A", "KEITHLEY,BT3562A,0,1"])
def test_another_instrument_is_named(tester, reply):
    with pytest.raises(InstrumentError, match="expected a Hioki"):
        tester(("*IDN?", reply)).identify()


SET_UP = (
    ("*CLS", None),
    *setting(":INIT:CONT OFF"),
    *setting(":TRIG:SOUR IMM"),
    *setting(":FUNC RV"),
    (":FUNC?", "RV"),
    *setting(":AUT OFF"),
)


def test_set_up(tester):
    tester(
        *SET_UP,
        *setting(":RES:RANG 0.3"),
        (":RES:RANG?", "300.00E-3"),
        *setting(":VOLT:RANG 6"),
        *setting(":SAMP:RATE EXF", "128"),
        *setting(":SYST:LFR 50"),
        resistance_range="300 mohm",
        rate="extra fast",
        mains="50 Hz",
    ).set_up()


@pytest.mark.parametrize(
    ("rate", "sent"), [("extra fast", "EXF"), ("fast", "FAST"), ("medium", "MED"), ("slow", "SLOW")]
)
@pytest.mark.parametrize(("mains", "line"), [("auto", "AUTO"), ("50 Hz", "50"), ("60 Hz", "60")])
def test_every_rate_and_mains(tester, rate, sent, mains, line):
    tester(
        *SET_UP,
        *setting(":RES:RANG 30"),
        (":RES:RANG?", " 30.000E+0"),
        *setting(":VOLT:RANG 6"),
        *setting(f":SAMP:RATE {sent}"),
        *setting(f":SYST:LFR {line}"),
        rate=rate,
        mains=mains,
    ).set_up()


def test_a_range_that_was_not_taken_over(tester):
    one = tester(*SET_UP, *setting(":RES:RANG 30"), (":RES:RANG?", " 3.0000E+0"))
    with pytest.raises(InstrumentError, match=r"should be set to 30.*:RES:RANG\?"):
        one.set_up()


def test_a_function_that_was_not_taken_over(tester):
    with pytest.raises(InstrumentError, match=r"should be set to RV.*RES"):
        tester(*SET_UP[:-3], (":FUNC?", "RES")).set_up()


@pytest.mark.parametrize(
    ("status", "words"), [("32", "unknown command"), ("16", "out of range"), ("8", "its own fault"), ("4", "query")]
)
def test_a_refused_setting_is_found_in_the_event_status(tester, status, words):
    with pytest.raises(RefusedError, match=f"refused a setting .*{words}.*INIT:CONT OFF"):
        tester(*setting(":INIT:CONT OFF", status)).make_safe()


@pytest.mark.parametrize(
    ("reply", "values"),
    [
        (" 1.2345E+0, 3.70123E+0", (1.2345, 3.70123)),
        ("  12.345E+0, 3.70123E+0", (12.345, 3.70123)),
        ("- 0.0012E+0,-0.00012E+0", (-0.0012, -0.00012)),
        (" 300.00E-3, 0.00000E+0", (0.3, 0.0)),
    ],
)
def test_a_measurement(tester, reply, values):
    assert tester((":READ?", reply)).measure() == pytest.approx(values, rel=1e-12)


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (" 10.0000E+8, 3.70123E+0", "resistance is beyond its range.*30 ohm and 6 V"),
        ("-100.000E+7, 3.70123E+0", "resistance is beyond its range"),
        (" 1.2345E+0, 1.00000E+9", "voltage is beyond its range"),
        (" 10.0000E+9, 3.70123E+0", "resistance could not be measured.*check leads"),
        (" 1.2345E+0, 1.00000E+10", "voltage could not be measured"),
        (" 1.2345E+0", "expected resistance and voltage"),
        (" 1.2345E+0, 3.7E+0, 0", "expected resistance and voltage"),
        (" 1.2345E+0,nan", "voltage is not a number"),
        (",", "resistance is not a number"),
    ],
)
def test_what_is_not_a_measurement_is_never_returned(tester, reply, words):
    with pytest.raises(BadReadingError, match=words):
        tester((":READ?", reply)).measure()


def test_silence_is_no_measurement(tester):
    with pytest.raises(NoReplyError, match="no reply within 5 s"):
        tester((":READ?", None)).measure()


def test_zero(tester):
    tester((":ADJ?", "0")).zero()
    with pytest.raises(RefusedError, match=r"too far from zero.*short the leads"):
        tester((":ADJ?", "1")).zero()
    with pytest.raises(BadReadingError, match="expected 0 or 1"):
        tester((":ADJ?", "")).zero()


@pytest.mark.parametrize("text", ["10 ohm", "30", "30 V"])
def test_ranges_that_do_not_exist(text):
    with pytest.raises(ValidationError, match=r"is no range|no unit|dimension"):
        HiokiSettings.model_validate({"resistance_range": text})


def test_it_is_a_battery_tester(tester):
    one: BatteryTester = tester()
    assert str(one) == "subject"
