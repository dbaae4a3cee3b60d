"""The SourceMeter, byte by byte from its command table."""

import numpy as np
import pytest

from galvanaut.instruments.drivers.keithley_2450 import BUFFER_SIZE
from galvanaut.instruments.envelope import Envelope
from galvanaut.instruments.errors import BadReadingError, InstrumentError, NoReplyError, OverrunError, RefusedError
from galvanaut.instruments.roles import BufferedSourceMeter

RESOURCE = "TCPIP::192.0.2.20::5025::SOCKET"
OK = '0,"No error;0;0 0"'
READ = ':READ? "defbuffer1",SOUR,READ,REL'


def envelope(**changes):
    limits = {
        "minimum_voltage": "2.5 V",
        "maximum_voltage": "4.2 V",
        "maximum_charge_current": "5 mA",
        "maximum_discharge_current": "5 mA",
        "minimum_temperature": "0 degC",
        "maximum_temperature": "45 degC",
        "maximum_capacity": "5 mAh",
        "maximum_time": "30 h",
    }
    return Envelope.model_validate(limits | changes)


def dialogue(*pairs):
    return [(sent.encode() + b"\n", None if reply is None else reply.encode() + b"\n") for sent, reply in pairs]


def setting(command, error=OK):
    return f"{command};:SYST:ERR?", error


@pytest.fixture
def meter(wire):
    return lambda *pairs, **settings: wire(dialogue(*pairs)).driver("keithley-2450", RESOURCE, **settings)


OFF, ON = (":OUTP?", "0"), (":OUTP?", "1")
PREPARE = (
    setting(":SOUR:FUNC VOLT"),
    setting(":OUTP:SMOD HIMP"),
    setting(":ROUT:TERM REAR"),
    setting(":SOUR:VOLT:RANG 20"),
    setting(":SOUR:VOLT:READ:BACK ON"),
    setting(':SENS:FUNC "CURR"'),
    setting(":SENS:CURR:RANG:AUTO ON"),
    setting(":SENS:CURR:RSEN ON"),
    setting(":SENS:CURR:NPLC 1"),
)
VERIFY = (
    (":SOUR:FUNC?", "VOLT"),
    (":OUTP:VOLT:SMOD?", "HIMP"),
    (":OUTP:CURR:SMOD?", "HIMP"),
    (":SOUR:VOLT:PROT?", "PROT5"),
    (":SENS:CURR:RSEN?", "1"),
    (":SOUR:VOLT:READ:BACK?", "1"),
)
LIMITS = (OFF, *PREPARE, setting(":SOUR:VOLT:PROT PROT5"), *VERIFY)
VERIFY_OPERATION = ((":SOUR:VOLT?", "4.200000E+00"), (":SOUR:VOLT:ILIM?", "2.250000E-03"))
CONFIGURE = (setting(":SOUR:VOLT:ILIM 0.00225"), setting(":SOUR:VOLT 4.2"), *VERIFY_OPERATION)
NOT_TRIPPED = (":SOUR:VOLT:PROT:TRIP?", "0")


def test_identity(meter):
    one = meter(("*IDN?", "KEITHLEY INSTRUMENTS,MODEL 2461,04012345,1.7.12b"), ("*LANG?", "SCPI"), model=2461)
    assert str(one.identify()) == "KEITHLEY INSTRUMENTS MODEL 2461 serial 04012345 firmware 1.7.12b"


@pytest.mark.parametrize(
    "reply",
    [
        "KEITHLEY INSTRUMENTS,MODEL 2400,1,C30",
        "KEITHLEY INSTRUMENTS,MODEL 2461,1,1.7",
        "KEITHLEY INSTRUMENTS,MODEL 2450",
        "",
    ],
)
def test_another_instrument_is_named(meter, reply):
    with pytest.raises(InstrumentError, match="expected a Keithley 2450; check resource and model"):
        meter(("*IDN?", reply)).identify()


def test_another_command_set_is_named(meter):
    with pytest.raises(InstrumentError, match=r"speaks another command set.*TSP.*choose the command set SCPI"):
        meter(("*IDN?", "KEITHLEY INSTRUMENTS,MODEL 2450,1,1.7"), ("*LANG?", "TSP")).identify()


def test_set_up(meter):
    meter(("*CLS", None), OFF, *PREPARE).set_up()


def test_set_up_as_the_bench_file_says(meter):
    changed = {
        setting(":ROUT:TERM REAR"): setting(":ROUT:TERM FRON"),
        setting(":SENS:CURR:RSEN ON"): setting(":SENS:CURR:RSEN OFF"),
        setting(":SENS:CURR:NPLC 1"): setting(":SENS:CURR:NPLC 0.1"),
    }
    prepare = [changed.get(pair, pair) for pair in PREPARE]
    meter(("*CLS", None), OFF, *prepare, terminals="front", four_wire=False, integration_cycles=0.1).set_up()


def test_set_up_leaves_a_running_cell_alone(meter):
    meter(("*CLS", None), ON).set_up()


def test_from_limits_to_output(meter):
    one = meter(*LIMITS, *CONFIGURE, *VERIFY, *VERIFY_OPERATION, NOT_TRIPPED, setting(":OUTP ON"), ON)
    one.set_limits(envelope())
    one.configure(4.2, 0.00225)
    one.output(True)


def test_a_step_is_changed_while_the_output_is_on(meter):
    one = meter(
        *LIMITS,
        *CONFIGURE,
        setting(":SOUR:VOLT:ILIM 0.005"),
        setting(":SOUR:VOLT 3"),
        (":SOUR:VOLT?", "3.000000E+00"),
        (":SOUR:VOLT:ILIM?", "5.000000E-03"),
    )
    one.set_limits(envelope())
    one.configure(4.2, 0.00225)
    one.configure(3, 0.005)


@pytest.mark.parametrize(("highest", "level"), [("1.9 V", 2), ("2 V", 5), ("4.99 V", 5), ("5 V", 10), ("19.9 V", 20)])
def test_the_over_voltage_level_is_the_next_above_the_envelope(meter, highest, level):
    verify = [(query, f"PROT{level}" if reply == "PROT5" else reply) for query, reply in VERIFY]
    one = meter(OFF, *PREPARE, setting(f":SOUR:VOLT:PROT PROT{level}"), *verify)
    one.set_limits(envelope(minimum_voltage="1 V", maximum_voltage=highest))


@pytest.mark.parametrize("change", [{"maximum_voltage": "20 V"}, {"minimum_voltage": "-1 V"}])
def test_cells_that_it_does_not_serve(meter, change):
    with pytest.raises(RefusedError, match="serves cells between 0 V and below 20 V; nothing was sent"):
        meter().set_limits(envelope(**change))


def test_limits_found_in_force_after_a_restart(meter):
    meter(ON, *VERIFY).set_limits(envelope())


@pytest.mark.parametrize(
    ("query", "reply", "words"),
    [
        (":SOUR:FUNC?", "CURR", "source function should be VOLT but reads back CURR; the output stays refused"),
        (":OUTP:VOLT:SMOD?", "NORM", "output-off state should be HIMP but reads back NORM"),
        (":OUTP:CURR:SMOD?", "ZERO", "output-off state of the current source should be HIMP"),
        (":SOUR:VOLT:PROT?", "NONE", "over-voltage protection should be PROT5 but reads back NONE"),
        (":SENS:CURR:RSEN?", "0", "remote sense should be True but reads back False"),
        (":SOUR:VOLT:READ:BACK?", "0", "read-back of the source should be True"),
    ],
)
@pytest.mark.parametrize("moment", ["set_limits", "output"])
def test_a_protection_that_does_not_read_back(meter, moment, query, reply, words):
    good = {"set_limits": LIMITS[: -len(VERIFY)], "output": (*LIMITS, *CONFIGURE)}[moment]
    place = [pair[0] for pair in VERIFY].index(query)
    one = meter(*good, *VERIFY[:place], (query, reply))
    if moment == "output":
        one.set_limits(envelope())
        one.configure(4.2, 0.00225)
    with pytest.raises(InstrumentError, match=words):
        one.output(True) if moment == "output" else one.set_limits(envelope())
    with pytest.raises(RefusedError, match="no voltage and current limit confirmed; nothing was sent"):
        one.output(True)
    with pytest.raises(RefusedError, match="knows no limits of its cell; nothing was sent"):
        one.configure(4.2, 0.001)


@pytest.mark.parametrize(
    ("replies", "words"),
    [
        (("4.300000E+00", None), r"voltage should be 4\.2 V but reads back 4\.3 V"),
        (("4.200000E+00", "1.050000E-04"), r"current limit should be 0\.00225 A but reads back 0\.000105 A"),
    ],
)
def test_a_setting_that_does_not_read_back(meter, replies, words):
    queries = zip((":SOUR:VOLT?", ":SOUR:VOLT:ILIM?"), replies, strict=True)
    one = meter(*LIMITS, *CONFIGURE[:2], *(pair for pair in queries if pair[1] is not None))
    one.set_limits(envelope())
    with pytest.raises(InstrumentError, match=words):
        one.configure(4.2, 0.00225)
    with pytest.raises(RefusedError, match="configure comes first"):
        one.output(True)


@pytest.mark.parametrize(
    ("voltage_V", "current_A", "words"),
    [
        (4.3, 0.001, r"4\.3 V is outside the envelope of 2\.5 to 4\.2 V; nothing was sent"),
        (2.4, 0.001, r"2\.4 V is outside"),
        (float("nan"), 0.001, "nan V is outside"),
        (4.2, 0.006, r"0\.006 A is outside the envelope"),
        (4.2, 0, "current limit of 0 A is not above zero; nothing was sent"),
        (4.2, -0.001, "is not above zero"),
        (4.2, float("nan"), "is not above zero"),
        (4.2, float("inf"), "inf A is outside"),
    ],
)
def test_settings_outside_the_envelope_are_not_sent(meter, voltage_V, current_A, words):
    one = meter(*LIMITS)
    one.set_limits(envelope())
    with pytest.raises(RefusedError, match=words):
        one.configure(voltage_V, current_A)


def test_the_limit_has_to_suit_both_directions(meter):
    one = meter(*LIMITS)
    one.set_limits(envelope(maximum_discharge_current="1 mA"))
    with pytest.raises(RefusedError, match=r"-0\.002 A is outside the envelope of -0\.001 to 0\.005 A"):
        one.configure(4.2, 0.002)


@pytest.mark.parametrize(("model", "largest_A"), [("2450", 1.05), ("2460", 7.35), ("2461", 7.35), ("2470", 1.05)])
def test_the_current_limits_of_the_family(meter, model, largest_A):
    one = meter(*LIMITS, model=model)
    one.set_limits(envelope(maximum_charge_current="10 A", maximum_discharge_current="10 A"))
    with pytest.raises(RefusedError, match=f"only up to {largest_A:g} A; nothing was sent"):
        one.configure(4.2, largest_A + 0.01)


def test_no_limits_no_output(meter):
    one = meter()
    with pytest.raises(RefusedError, match="set_limits comes first"):
        one.configure(4.2, 0.001)
    with pytest.raises(RefusedError, match="configure comes first"):
        one.output(True)


def test_an_interrupted_change_leaves_nothing_confirmed(meter):
    one = meter(*LIMITS, *CONFIGURE, setting(":SOUR:VOLT:ILIM 0.001", '-221,"Settings conflict;1;0 0"'), ERRORS_END)
    one.set_limits(envelope())
    one.configure(4.2, 0.00225)
    with pytest.raises(RefusedError, match="Settings conflict"):
        one.configure(4.2, 0.001)
    with pytest.raises(RefusedError, match="configure comes first"):
        one.output(True)


ERRORS_END = (":SYST:ERR?", OK)


def test_an_active_over_voltage_protection_refuses_the_output(meter):
    one = meter(*LIMITS, *CONFIGURE, *VERIFY, *VERIFY_OPERATION, (":SOUR:VOLT:PROT:TRIP?", "1"))
    one.set_limits(envelope())
    one.configure(4.2, 0.00225)
    with pytest.raises(RefusedError, match="over-voltage protection is active; the output stays off"):
        one.output(True)


def test_an_output_that_does_not_follow(meter):
    one = meter(*LIMITS, *CONFIGURE, *VERIFY, *VERIFY_OPERATION, NOT_TRIPPED, setting(":OUTP ON"), OFF)
    one.set_limits(envelope())
    one.configure(4.2, 0.00225)
    with pytest.raises(InstrumentError, match="output did not switch on"):
        one.output(True)
    with pytest.raises(InstrumentError, match=r"output stays on.*switch it off by hand"):
        meter(setting(":OUTP OFF"), ON).output(False)


def test_made_safe(meter):
    one = meter(*LIMITS, *CONFIGURE, setting(":OUTP:SMOD HIMP"), setting(":OUTP OFF"), OFF)
    one.set_limits(envelope())
    one.configure(4.2, 0.00225)
    one.make_safe()
    with pytest.raises(RefusedError, match="configure comes first"):
        one.output(True)


def test_the_output_goes_off_even_if_the_off_state_is_refused(meter):
    one = meter(setting(":OUTP:SMOD HIMP", '-113,"Undefined header;1;0 0"'), ERRORS_END, setting(":OUTP OFF"), OFF)
    with pytest.raises(RefusedError, match="OUTP:SMOD HIMP"):
        one.make_safe()


def test_a_measurement(meter):
    one = meter((READ, "4.199870E+00,-1.234567E-03,1.234567E+01"))
    assert one.measure() == (4.19987, -0.001234567, 12.34567)


@pytest.mark.parametrize(
    "reply", ["9.900000E+37,1E-3,1.0", "4.2,9.910000E+37,1.0", "4.2,1E-3", "4.2,1E-3,1.0,0", "4.2,nan,1.0", ""]
)
def test_what_is_not_a_measurement_is_never_returned(meter, reply):
    with pytest.raises(BadReadingError, match="expected 3 number"):
        meter((READ, reply)).measure()


@pytest.mark.parametrize("reply", ["21.1,1E-3,1", "-21.1,1E-3,1", "4.2,1.06,1", "4.2,-1.06,1"])
def test_what_it_cannot_have_measured_is_never_returned(meter, reply):
    with pytest.raises(BadReadingError, match="beyond what it can measure"):
        meter((READ, reply)).measure()


def test_a_reply_that_comes_too_late_is_not_the_next_reading(wire, late):
    idn = b"KEITHLEY INSTRUMENTS,MODEL 2450,1,1.7\n"
    script = [
        (READ.encode() + b"\n", late(b"1,1,1\n", timeouts=2)),
        (b"*IDN?\n", idn),
        (READ.encode() + b"\n", b"3.7,0.001,5\n"),
    ]
    one = wire(script).driver("keithley-2450", RESOURCE)
    with pytest.raises(NoReplyError, match="no reply within 2 s"):
        one.measure()
    assert one.measure() == (3.7, 0.001, 5)


def test_what_bounds_the_output(meter):
    one = meter((":SOUR:VOLT:ILIM:TRIP?", "1"), (":SOUR:VOLT:ILIM:TRIP?", "0"), (":SOUR:VOLT:PROT:TRIP?", "1"))
    assert one.is_clamping()
    assert not one.is_clamping()
    assert one.is_overvoltage()
    trip = ":SOUR:VOLT:PROT:TRIP?"
    one = meter((trip, "1"), (trip, "0"), (trip, "2"))
    assert one.protections() == ["over-voltage"]
    assert one.protections() == []
    with pytest.raises(BadReadingError, match="expected 0 or 1"):
        one.protections()


def test_readings_in_bulk(meter):
    rows = np.arange(3 * 1002, dtype=float).reshape(-1, 3) * [1e-3, 1e-4, 1]
    text = [",".join(f"{value:.6E}" for value in block.ravel()) for block in (rows[2:1002], rows[1002:])]
    one = meter(
        (':TRAC:ACT? "defbuffer1"', "1004"),
        (':TRAC:DATA? 3,1002,"defbuffer1",SOUR,READ,REL', text[0]),
        (':TRAC:DATA? 1003,1004,"defbuffer1",SOUR,READ,REL', "3.7,1E-3,9,3.8,-1E-3,10"),
    )
    found = one.readings(since=2)
    assert found.shape == (1002, 3)
    np.testing.assert_allclose(found[:1000], rows[2:1002])
    assert found[1000:].tolist() == [[3.7, 1e-3, 9], [3.8, -1e-3, 10]]


def test_nothing_new_to_read(meter):
    assert meter((':TRAC:ACT? "defbuffer1"', "7")).readings(since=7).shape == (0, 3)


@pytest.mark.parametrize("since", [8, -1])
def test_readings_that_were_cleared(meter, since):
    with pytest.raises(RefusedError, match=f"holds 7 readings, none after number {since}"):
        meter((':TRAC:ACT? "defbuffer1"', "7")).readings(since)


def test_a_full_buffer_is_not_passed_off_as_complete(meter):
    with pytest.raises(OverrunError, match="its buffer is full"):
        meter((':TRAC:ACT? "defbuffer1"', str(BUFFER_SIZE))).readings()


def test_what_a_full_buffer_still_holds_comes_in_the_order_of_its_times(meter):
    """Where in a ring the oldest stands is not known; one without a time has no place."""
    rows = "3.8,1E-3,30,3.9,1E-3,40,3.6,1E-3,10,3.7,1E-3,9.91E37,3.7,1E-3,20"
    one = meter((':TRAC:ACT? "defbuffer1"', "5"), (':TRAC:DATA? 1,5,"defbuffer1",SOUR,READ,REL', rows))
    assert one.surviving_readings().tolist() == [[3.6, 1e-3, 10], [3.7, 1e-3, 20], [3.8, 1e-3, 30], [3.9, 1e-3, 40]]


@pytest.mark.parametrize("bad", ["9.9E37,1E-3", "3.7,9.91E37", "3.7,-9.9E37", "25,1E-3", "3.7,-2", "3.7,1E999"])
def test_a_reading_that_is_no_measurement_costs_none_of_the_others(meter, bad):
    one = meter(
        (':TRAC:ACT? "defbuffer1"', "3"), (':TRAC:DATA? 1,3,"defbuffer1",SOUR,READ,REL', f"3,0,1,{bad},2,4,0,3")
    )
    np.testing.assert_equal(one.readings(), [[3, 0, 1], [np.nan, np.nan, 2], [4, 0, 3]])


@pytest.mark.parametrize("time_s", ["9.91E37", "-1", "2E9"])
def test_a_reading_without_its_time_is_none(meter, time_s):
    one = meter((':TRAC:ACT? "defbuffer1"', "1"), (':TRAC:DATA? 1,1,"defbuffer1",SOUR,READ,REL', f"3,0,{time_s}"))
    assert np.isnan(one.readings()).all()


@pytest.mark.parametrize("reply", ["3,0,1,4,0", "3,0,1,4,0,x", "3,0,1,4,0,", "3,0,1,4,0,nan"])
def test_noise_is_no_reading_that_is_none(meter, reply):
    with pytest.raises(BadReadingError, match="expected 6 number"):
        meter((':TRAC:ACT? "defbuffer1"', "2"), (':TRAC:DATA? 1,2,"defbuffer1",SOUR,READ,REL', reply)).readings()


def test_a_gap_in_the_buffer_is_an_error(meter):
    one = meter((':TRAC:ACT? "defbuffer1"', "2"), (':TRAC:DATA? 1,2,"defbuffer1",SOUR,READ,REL', "3.7,0.001,1"))
    with pytest.raises(BadReadingError, match="expected 6 number"):
        one.readings()


def test_readings_are_cleared(meter):
    meter(setting(':TRAC:POIN 100000,"defbuffer1"'), setting(':TRAC:CLE "defbuffer1"')).clear_readings()


def test_it_is_a_source_meter_with_a_buffer(meter):
    one: BufferedSourceMeter = meter(ON)
    assert str(one) == "subject"
    assert one.is_on()
