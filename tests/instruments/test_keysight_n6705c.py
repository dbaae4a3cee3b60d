"""The power analyzer, byte by byte from its command table."""

import pytest

from galvanaut.instruments.envelope import Envelope
from galvanaut.instruments.errors import BadReadingError, InstrumentError, RefusedError
from galvanaut.instruments.roles import SourceMeter

RESOURCE = "TCPIP::192.0.2.21::5025::SOCKET"
OK = '+0,"No error"'
ENVELOPE = {
    "minimum_voltage": "2.5 V",
    "maximum_voltage": "4.2 V",
    "maximum_charge_current": "5 mA",
    "maximum_discharge_current": "5 mA",
    "minimum_temperature": "0 degC",
    "maximum_temperature": "45 degC",
    "maximum_capacity": "5 mAh",
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
    return lambda *pairs, **settings: wire(dialogue(*pairs)).driver("keysight-n6705c", RESOURCE, **settings)


OFF, ON = (":OUTP? (@1)", "0"), (":OUTP? (@1)", "1")
ARM = (setting(":OUTP:PROT:WDOG:DEL 30"), setting(":OUTP:PROT:WDOG ON"))
VERIFY = (
    (":FUNC? (@1)", "VOLT"),
    (":CURR:LIM:COUP? (@1)", "1"),
    (":VOLT:PROT? (@1)", "+4.300000E+00"),
    (":OUTP:PROT:WDOG?", "1"),
    (":OUTP:PROT:WDOG:DEL?", "+30"),
)
LIMITS = (
    OFF,
    (":FUNC? (@1)", "VOLT"),
    setting(":CURR:LIM:COUP ON,(@1)"),
    setting(":VOLT:PROT 4.3,(@1)"),
    *ARM,
    *VERIFY,
)
VERIFY_OPERATION = ((":VOLT? (@1)", "+4.200000E+00"), (":CURR:LIM? (@1)", "+2.250000E-03"))
CONFIGURE = (setting(":CURR:LIM 0.00225,(@1)"), setting(":VOLT 4.2,(@1)"), *VERIFY_OPERATION)
QUESTIONABLE = ":STAT:QUES:COND? (@1)"


@pytest.fixture
def configured(meter):
    def make(*pairs):
        one = meter(*LIMITS, *CONFIGURE, *pairs)
        one.set_limits(envelope())
        one.configure(4.2, 0.00225)
        return one

    return make


@pytest.mark.parametrize("start", ["Agilent Technologies,N6705B", "Keysight Technologies,N6705C"])
def test_identity(meter, start):
    one = meter(("*IDN?", f"{start},MY50001897,D.01.08"))
    assert str(one.identify()) == f"{start.replace(',', ' ')} serial MY50001897 firmware D.01.08"


@pytest.mark.parametrize("reply", ["Keysight Technologies,N6700C,MY1,D.01", "Keysight Technologies,N6705C,MY1", ""])
def test_another_instrument_is_named(meter, reply):
    with pytest.raises(InstrumentError, match="expected a Keysight N6705C"):
        meter(("*IDN?", reply)).identify()


def test_set_up_arms_the_watchdog(meter):
    coupling = setting(":OUTP:PROT:COUP OFF")
    commands = coupling, setting(":OUTP:PROT:WDOG:DEL 12.5"), setting(":OUTP:PROT:WDOG ON")
    meter(("*CLS", None), *commands, watchdog="12.5 s").set_up()


def test_from_limits_to_output(configured):
    one = configured(*VERIFY, *VERIFY_OPERATION, (QUESTIONABLE, "+0"), setting(":OUTP ON,(@1)"), ON)
    one.output(True)


def test_what_it_is_set_to_whoever_has_set_it(meter):
    one = meter((":VOLT? (@1)", "+4.20000000E+00"), (":CURR:LIM? (@1)", "+2.25000000E-03"))
    assert one.configured() == (4.2, 2.25e-3)


def test_another_output_of_the_mainframe(meter):
    meter((":OUTP? (@3)", "1"), output=3).is_on()


def test_the_priority_is_changed_only_if_needed(meter):
    one = meter(OFF, (":FUNC? (@1)", "CURR"), setting(":FUNC VOLT,(@1)"), *LIMITS[2:])
    one.set_limits(envelope())


def test_limits_found_in_force_after_a_restart(meter):
    meter(ON, *VERIFY).set_limits(envelope())


@pytest.mark.parametrize(
    ("query", "reply", "words"),
    [
        (":FUNC? (@1)", "CURR", "priority should be VOLT but reads back CURR; the output stays refused"),
        (":CURR:LIM:COUP? (@1)", "0", "tracking of the negative current limit should be True"),
        (":VOLT:PROT? (@1)", "+2.200000E+01", r"over-voltage protection should be 4\.3 V but reads back 22 V"),
        (":OUTP:PROT:WDOG?", "0", "watchdog should be True but reads back False"),
        (":OUTP:PROT:WDOG:DEL?", "+60", "watchdog delay should be 30 s but reads back 60 s"),
    ],
)
def test_a_protection_that_does_not_read_back(configured, query, reply, words):
    place = [pair[0] for pair in VERIFY].index(query)
    one = configured(*VERIFY[:place], (query, reply))
    with pytest.raises(InstrumentError, match=words):
        one.output(True)
    with pytest.raises(RefusedError, match="configure comes first"):
        one.output(True)
    with pytest.raises(RefusedError, match="set_limits comes first"):
        one.configure(4.2, 0.001)


@pytest.mark.parametrize(
    ("replies", "words"),
    [
        (("+4.300000E+00", None), r"voltage should be 4\.2 V but reads back 4\.3 V"),
        (("+4.200000E+00", "+3.000000E+00"), r"current limit should be 0\.00225 A but reads back 3 A"),
    ],
)
def test_a_setting_that_does_not_read_back(meter, replies, words):
    queries = zip((":VOLT? (@1)", ":CURR:LIM? (@1)"), replies, strict=True)
    one = meter(*LIMITS, *CONFIGURE[:2], *(pair for pair in queries if pair[1] is not None))
    one.set_limits(envelope())
    with pytest.raises(InstrumentError, match=words):
        one.configure(4.2, 0.00225)
    with pytest.raises(RefusedError, match="configure comes first"):
        one.output(True)


@pytest.mark.parametrize(("voltage_V", "current_A"), [(4.3, 0.001), (2, 0.001), (4.2, 0.01), (4.2, 0), (4.2, -0.001)])
def test_settings_outside_the_envelope_are_not_sent(meter, voltage_V, current_A):
    one = meter(*LIMITS)
    one.set_limits(envelope())
    with pytest.raises(RefusedError, match="nothing was sent"):
        one.configure(voltage_V, current_A)


def test_a_cell_below_zero_volts_is_not_served(meter):
    with pytest.raises(RefusedError, match="serves cells above 0 V; nothing was sent"):
        meter().set_limits(envelope(minimum_voltage="-1 V"))


def test_a_spelling_that_the_module_does_not_know_is_refused_loudly(meter):
    one = meter(*LIMITS, setting(":CURR:LIM 0.001,(@1)", '-113,"Undefined header;CURR:LIM"'), (":SYST:ERR?", OK))
    one.set_limits(envelope())
    with pytest.raises(RefusedError, match=r"Undefined header;CURR:LIM"):
        one.configure(4.2, 0.001)
    with pytest.raises(RefusedError, match="configure comes first"):
        one.output(True)


@pytest.mark.parametrize(
    ("status", "words"),
    [(1, "over-voltage"), (2048, "watchdog"), (512, "inhibited"), (16 + 4096, "over-temperature, oscillation")],
)
def test_an_active_protection_refuses_the_output(configured, status, words):
    one = configured(*VERIFY, *VERIFY_OPERATION, (QUESTIONABLE, f"+{status}"))
    with pytest.raises(RefusedError, match=f"is protected .*{words}.*then clear_protection"):
        one.output(True)


def test_an_output_that_does_not_follow(configured, meter):
    one = configured(*VERIFY, *VERIFY_OPERATION, (QUESTIONABLE, "+0"), setting(":OUTP ON,(@1)"), OFF)
    with pytest.raises(InstrumentError, match="output did not switch on"):
        one.output(True)
    with pytest.raises(InstrumentError, match="output stays on; switch it off by hand"):
        meter(setting(":OUTP OFF,(@1)"), ON).output(False)


def test_made_safe(configured):
    one = configured(setting(":OUTP OFF,(@1)"), OFF)
    one.make_safe()
    with pytest.raises(RefusedError, match="configure comes first"):
        one.output(True)


def test_the_output_is_off_before_a_protection_is_cleared(configured):
    one = configured(setting(":OUTP OFF,(@1)"), OFF, setting(":OUTP:PROT:CLE (@1)"), OFF, (QUESTIONABLE, "+0"))
    one.clear_protection()
    with pytest.raises(RefusedError, match="configure comes first"):
        one.output(True)


def test_an_output_that_will_not_go_off_is_not_cleared(meter):
    with pytest.raises(InstrumentError, match="output stays on"):
        meter(setting(":OUTP OFF,(@1)"), ON).clear_protection()


def test_an_output_that_comes_on_when_cleared_is_switched_off(meter):
    off = (setting(":OUTP OFF,(@1)"), OFF)
    with pytest.raises(InstrumentError, match="came on when its protection was cleared; it is off again"):
        meter(*off, setting(":OUTP:PROT:CLE (@1)"), ON, *off).clear_protection()


def test_a_cause_that_was_not_removed(meter):
    one = meter(setting(":OUTP OFF,(@1)"), OFF, setting(":OUTP:PROT:CLE (@1)"), OFF, (QUESTIONABLE, "+512"))
    with pytest.raises(RefusedError, match=r"is still protected \(inhibited from outside"):
        one.clear_protection()


def test_a_measurement(meter):
    one = meter((":MEAS:VOLT? (@1)", "+3.700120E+00"), (":MEAS:CURR? (@1)", "-1.000000E-03"))
    assert one.measure() == (3.70012, -0.001, None)


@pytest.mark.parametrize("reply", ["+9.91000E+37", "+9.9E+37", "", "3.7,3.7", "inf"])
def test_what_is_not_a_measurement_is_never_returned(meter, reply):
    with pytest.raises(BadReadingError, match=r"expected 1 number.*MEAS:VOLT\? \(@1\)"):
        meter((":MEAS:VOLT? (@1)", reply)).measure()


def test_what_bounds_the_output(meter):
    one = meter(*((QUESTIONABLE, reply) for reply in ("+128", "+256", "+0", "+1")))
    assert one.is_clamping()
    assert one.is_clamping()
    assert not one.is_clamping()
    assert one.is_overvoltage()


@pytest.mark.parametrize("reply", ["-1", "1.5", "OFF", "+9.91E37"])
def test_a_status_is_a_whole_number(meter, reply):
    with pytest.raises(BadReadingError, match="expected"):
        meter((QUESTIONABLE, reply)).protections()


def test_an_unclear_answer_is_not_taken_for_off(meter):
    with pytest.raises(BadReadingError, match="expected 0 or 1"):
        meter((":OUTP? (@1)", "2")).is_on()


def test_it_is_a_source_meter(meter):
    one: SourceMeter = meter()
    assert str(one) == "subject"
