"""The battery charger, byte by byte from its command table."""

import pytest

from galvanaut.instruments.envelope import Envelope
from galvanaut.instruments.errors import BadReadingError, InstrumentError, NoReplyError, RefusedError
from galvanaut.instruments.roles import SourceMeter

RESOURCE = "TCPIP::192.0.2.22::5025::SOCKET"
OK = '0,"No error"'
ENVELOPE = {
    "minimum_voltage": "2.5 V",
    "maximum_voltage": "4.2 V",
    "maximum_charge_current": "2 A",
    "maximum_discharge_current": "3 A",
    "minimum_temperature": "0 degC",
    "maximum_temperature": "45 degC",
    "maximum_capacity": "5 Ah",
    "maximum_time": "30 h",
}


def envelope(**changes):
    return Envelope.model_validate(ENVELOPE | changes)


def dialogue(*pairs):
    return [(sent.encode() + b"\n", None if reply is None else reply.encode() + b"\n") for sent, reply in pairs]


def setting(command, error=OK):
    return f"{command};:SYST:ERR?", error


@pytest.fixture
def meter(wire):
    return lambda *pairs: wire(dialogue(*pairs)).driver("keithley-2281s", RESOURCE)


TEST, POWER = (":ENTR:FUNC?", "TEST"), (":ENTR:FUNC?", "POWER")
OFF, ON = (TEST, (":BATT:OUTP?", "0")), (TEST, (":BATT:OUTP?", "1"))
VERIFY = (
    TEST,
    (":BATT:TEST:VOLT:PROT?", "+4.300000E+00"),
    (":BATT:TEST:CURR:PROT?", "+2.000000E+00"),
    (":BATT:TEST:CURR:END?", "+0.000000E+00"),
)
LIMITS = (
    *OFF,
    TEST,
    setting(":BATT:TEST:VOLT:PROT 4.3"),
    setting(":BATT:TEST:CURR:PROT 2"),
    setting(":BATT:TEST:CURR:END 0"),
    *VERIFY,
)
VERIFY_OPERATION = (
    (":BATT:TEST:SENS:AH:VFUL?", "+4.200000E+00"),
    (":BATT:TEST:VOLT?", "+4.200000E+00"),
    (":BATT:TEST:SENS:AH:ILIM?", "+5.000000E-01"),
)
CONFIGURE = (
    *OFF,
    setting(":BATT:TEST:SENS:AH:ILIM 0.5"),
    setting(":BATT:TEST:SENS:AH:VFUL 4.2"),
    setting(":BATT:TEST:VOLT 4.2"),
    *VERIFY_OPERATION,
)
DATA = ':BATT:DATA:DATA? "VOLT,CURR,RES,AH,REL"'
AVAILABLE, NOTHING = (":STAT:MEAS:INST:ISUM:COND?", "64"), (":STAT:MEAS:INST:ISUM:COND?", "0")
FIRST = (AVAILABLE, (DATA, "+3.600000E+00,+5.000000E-01,+2.000000E-02,+0.000000E+00,+0.000000E+00"))
START = (setting(":BATT:DATA:CLE"), setting(":BATT:TEST:SENS:AH:EXEC START"))
SWITCH_OFF = (
    setting(":BATT:TEST:SENS:AH:EXEC STOP"),
    setting(":BATT:OUTP 0"),
    setting(":OUTP:STAT 0", '-221,"Settings conflict"'),
    (":SYST:ERR?", OK),
    *OFF,
)
BEGIN = (*VERIFY, *VERIFY_OPERATION, *OFF, *START)


@pytest.fixture
def configured(meter):
    def make(*pairs):
        one = meter(*LIMITS, *CONFIGURE, *pairs)
        one.set_limits(envelope())
        one.configure(4.2, 0.5)
        return one

    return make


def test_identity(meter):
    one = meter(("*IDN?", "KEITHLEY INSTRUMENTS INC.,MODEL 2281S-20-6,4090123,01.08b"))
    assert one.identify().serial == "4090123"


@pytest.mark.parametrize("reply", ["KEITHLEY INSTRUMENTS INC.,MODEL 2280S-32-6,1,01.08b", "2281S", ""])
def test_another_instrument_is_named(meter, reply):
    with pytest.raises(InstrumentError, match="expected a Keithley 2281S"):
        meter(("*IDN?", reply)).identify()


def test_set_up_chooses_the_battery_test(meter):
    supply_off = (POWER, (":OUTP:STAT?", "0"))
    meter(("*CLS", None), *supply_off, POWER, setting(":ENTR:FUNC TEST")).set_up()
    meter(("*CLS", None), *OFF, TEST).set_up()


@pytest.mark.parametrize("output", [ON, (POWER, (":OUTP:STAT?", "1"))])
def test_what_is_on_is_not_touched_by_set_up(meter, output):
    meter(("*CLS", None), *output).set_up()


def test_from_limits_to_a_charge(configured):
    one = configured(*BEGIN, *FIRST, *ON)
    one.output(True)
    assert one.is_clamping()


def test_what_it_is_set_to_whoever_has_set_it(meter):
    one = meter((":BATT:TEST:SENS:AH:VFUL?", "+4.200000E+00"), (":BATT:TEST:SENS:AH:ILIM?", "+5.000000E-01"))
    assert one.configured() == (4.2, 0.5)


def test_limits_found_in_force_after_a_restart(meter):
    meter(*ON, *VERIFY).set_limits(envelope())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"maximum_discharge_current": "0.5 A"}, "cannot limit its sink of about 1 A to 0.5 A; nothing was sent"),
        ({"maximum_charge_current": "50 mA"}, "cannot protect a cell from currents below 0.1 A"),
        ({"minimum_voltage": "-1 V"}, "serves cells from 0 V to below 20 V"),
        ({"maximum_voltage": "20 V"}, "serves cells from 0 V to below 20 V"),
    ],
)
def test_cells_that_it_could_harm_are_refused(meter, changes, words):
    with pytest.raises(RefusedError, match=f"{words}.*use another meter"):
        meter().set_limits(envelope(**changes))


@pytest.mark.parametrize(("voltage_V", "current_A"), [(4.3, 0.5), (4.2, 2.5), (4.2, 0), (4.2, 0.001)])
def test_settings_that_are_not_possible_are_not_sent(meter, voltage_V, current_A):
    one = meter(*LIMITS)
    one.set_limits(envelope())
    with pytest.raises(RefusedError, match="nothing was sent"):
        one.configure(voltage_V, current_A)


def test_a_protection_that_cannot_be_asked_for_keeps_it_off(meter):
    one = meter(*LIMITS[:-3], (":BATT:TEST:VOLT:PROT?", ""))
    with pytest.raises(BadReadingError):
        one.set_limits(envelope())
    with pytest.raises(RefusedError, match="configure comes first"):
        one.output(True)


@pytest.mark.parametrize(
    ("place", "reply", "words"),
    [
        (0, "+4.100000E+00", "full voltage should be 4.2 V but reads back 4.1 V"),
        (1, "+3.000000E+00", "voltage should be 4.2 V but reads back 3 V"),
        (2, "+6.000000E+00", "current limit should be 0.5 A but reads back 6 A"),
    ],
)
def test_a_setting_that_does_not_read_back(meter, place, reply, words):
    queries = list(VERIFY_OPERATION[: place + 1])
    queries[place] = (queries[place][0], reply)
    one = meter(*LIMITS, *CONFIGURE[:5], *queries)
    one.set_limits(envelope())
    with pytest.raises(InstrumentError, match=words):
        one.configure(4.2, 0.5)
    with pytest.raises(RefusedError, match="configure comes first"):
        one.output(True)


def test_a_current_out_of_the_cell_is_ended_at_once(configured):
    drawn = (AVAILABLE, (DATA, "+4.250000E+00,-1.000000E+00,+0.02,+0.0,+0.0"))
    one = configured(*BEGIN, *drawn, *ON, *SWITCH_OFF)
    with pytest.raises(InstrumentError, match="draws 1 A out of the cell instead of charging it; it is off again"):
        one.output(True)


def test_a_charge_that_cannot_be_seen_is_ended(configured):
    one = configured(*BEGIN, AVAILABLE, (DATA, "noise"), *SWITCH_OFF)
    with pytest.raises(BadReadingError, match="expected readings of five numbers"):
        one.output(True)


def test_below_the_cell_nothing_is_set_while_it_is_on(configured):
    one = configured(*ON, *FIRST, *ON)
    with pytest.raises(RefusedError, match=r"only charges, and the cell is above 3\.5 V; nothing was set"):
        one.configure(3.5, 0.5)


def test_made_safe_in_any_function(meter):
    stop = setting(":BATT:TEST:SENS:AH:EXEC STOP", '-221,"Settings conflict"'), (":SYST:ERR?", OK)
    test = setting(":BATT:OUTP 0", '-221,"Settings conflict"'), (":SYST:ERR?", OK)
    supply = setting(":OUTP:STAT 0"), POWER, (":OUTP:STAT?", "0")
    meter(*stop, *test, *supply).make_safe()
    with pytest.raises(InstrumentError, match="output stays on; switch it off by hand"):
        meter(*SWITCH_OFF[:-2], *ON).make_safe()


def test_every_step_to_safety_is_tried(wire):
    silent = [(f"{command};:SYST:ERR?\n".encode(), None) for command in (":BATT:TEST:SENS:AH:EXEC STOP",)]
    probe = [(b"*IDN?\n", b"KEITHLEY INSTRUMENTS INC.,MODEL 2281S-20-6,1,01.08b\n")]
    rest = dialogue(setting(":BATT:OUTP 0"), setting(":OUTP:STAT 0"))
    one = wire(silent + probe + rest).driver("keithley-2281s", RESOURCE)
    with pytest.raises(NoReplyError, match="EXEC STOP"):
        one.make_safe()


def test_the_newest_of_several_readings(meter):
    rows = "+3.6,+0.5,+0.02,+0.0,+0.0,+3.7,+0.4,+0.02,+0.001,+1.0"
    assert meter(AVAILABLE, (DATA, rows), *ON).measure() == (3.7, 0.4, 1.0)


def test_a_reading_from_before_it_was_switched_off_is_not_a_present_one(meter):
    with pytest.raises(BadReadingError, match="its output is off, so its newest reading is an old one"):
        meter(*FIRST, *OFF).measure()


@pytest.mark.parametrize(
    "reply", ["", "+3.6,+0.5", "+3.6,+9.9E37,0,0,0", "+99,+0.5,0,0,0", "+3.6,+0.5,0,0,0,+3.6", "+3.6,nan,0,0,0"]
)
def test_what_is_not_a_measurement_is_never_returned(meter, reply):
    with pytest.raises(BadReadingError):
        meter(AVAILABLE, (DATA, reply)).measure()


def test_off_by_itself(configured):
    one = configured(*BEGIN, *FIRST, *ON, *OFF, *OFF)
    one.output(True)
    assert one.protections() == ["over-voltage, over-current or end of test: its output is off"]
    assert one.is_overvoltage()


def test_it_is_a_source_meter_that_only_charges(meter):
    one: SourceMeter = meter()
    assert str(one) == "subject"
    assert not one.capabilities(one.settings).discharges
