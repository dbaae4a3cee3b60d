"""The chamber, byte by byte from its command table."""

import pytest
from pydantic import ValidationError

from galvanaut.instruments.drivers.espec_p300 import EspecSettings
from galvanaut.instruments.errors import AlarmError, BadReadingError, InstrumentError, NoReplyError, RefusedError
from galvanaut.instruments.roles import Chamber

SETTINGS = {"minimum": "-20 degC", "maximum": "60 degC", "low_limit": "-25 degC", "high_limit": "65 degC"}
TEMPERATURES = ("TEMP?", "24.1,25.0,65.0,-25.0")
NO_ALARM = ("ALARM?", "0")


def dialogue(*pairs: tuple[str, str]):
    return [(sent.encode() + b"\r\n", received.encode() + b"\r\n") for sent, received in pairs]


@pytest.fixture
def chamber(wire):
    return lambda *pairs, **settings: wire(dialogue(*pairs)).driver("espec-p300", **SETTINGS | settings)


def test_identity(chamber):
    one = chamber(("ROM?", "P300 1.21"), ("TYPE?", "T,T,P300,180.0"))
    assert str(one.identify()) == "ESPEC P300 firmware P300 1.21"


@pytest.mark.parametrize("reply", ["NA:CMD ERR", "Watlow,F4T,1,1", "S 1.0", ""])
def test_another_instrument_is_named(chamber, reply):
    with pytest.raises(InstrumentError, match=r"ESPEC P-300 at ASRL1.*'ROM\?'.*expected an ESPEC P-300"):
        chamber(("ROM?", reply)).identify()


def test_set_up_programs_the_limits_of_the_chamber_and_reads_them_back(chamber):
    chamber(
        ("TEMP?", "24.1,25.0,180.0,-45.0"),
        ("TEMP, H65.0", "OK:TEMP,H65.0"),
        ("TEMP, L-25.0", "OK:TEMP,L-25.0"),
        TEMPERATURES,
    ).set_up()


def test_set_up_sends_no_limit_that_the_chamber_already_has(chamber):
    chamber(TEMPERATURES, TEMPERATURES).set_up()


def test_limits_that_were_not_taken_over_are_an_error(chamber):
    found = ("TEMP?", "24.1,25.0,180.0,-25.0")
    with pytest.raises(InstrumentError, match=r"limits at -25 and 180 degC instead of -25 and 65.*connect again"):
        chamber(found, ("TEMP, H65.0", "OK:TEMP,H65.0"), found).set_up()


@pytest.mark.parametrize(
    ("wanted", "sent"), [(0, "0.0"), (-0.04, "0.0"), (-10.25, "-10.2"), (25.06, "25.1"), (60, "60.0")]
)
def test_a_set_point_is_rounded_to_a_tenth_and_read_back(chamber, wanted, sent):
    one = chamber((f"TEMP, S{sent}", f"OK:TEMP,S{sent}"), ("TEMP?", f"24.1,{sent},65.0,-25.0"))
    one.set_temperature(wanted)


def test_a_set_point_that_was_ignored_is_an_error(chamber):
    with pytest.raises(InstrumentError, match=r"not taken over.*'TEMP, S0.0'.*'25'"):
        chamber(("TEMP, S0.0", "OK:TEMP,S0.0"), TEMPERATURES).set_temperature(0)


@pytest.mark.parametrize("reply", ["OK:TEMP,S1.0", "OK:", "TEMP,S0.0", "24.1"])
def test_another_echo_is_no_confirmation(chamber, reply):
    with pytest.raises(InstrumentError, match="did not confirm"):
        chamber(("TEMP, S0.0", reply)).set_temperature(0)


@pytest.mark.parametrize("temperature", [-20.1, 60.1, float("nan"), float("inf")])
def test_set_points_outside_the_limits_are_not_sent(chamber, temperature):
    with pytest.raises(RefusedError, match="outside -20 to 60 degC; nothing was sent; these limits stand"):
        chamber().set_temperature(temperature)


@pytest.mark.parametrize(
    ("reason", "advice"), [("DATA OUT OF RANGE", "own range"), ("PROTECT ON", "key protection off"), ("CMD ERR", "")]
)
def test_what_the_chamber_declines_is_said(chamber, reason, advice):
    with pytest.raises(RefusedError, match=rf"declined \({reason}\).*{advice}"):
        chamber(("TEMP, S0.0", f"NA:{reason}")).set_temperature(0)


def test_reading(chamber):
    one = chamber(NO_ALARM, TEMPERATURES, TEMPERATURES)
    assert one.temperature_degC() == 24.1
    assert one.setpoint_degC() == 25


def test_a_chamber_with_alarms_says_which(chamber):
    with pytest.raises(AlarmError, match=r"has 2 alarm\(s\): 1, 46.*manual"):
        chamber(("ALARM?", "2,1,46")).temperature_degC()


@pytest.mark.parametrize("reply", ["", "1", "0,1", "2,1", "one", "1,x", "-1", "NONE"])
def test_what_is_not_a_list_of_alarms_is_never_taken_for_none(chamber, reply):
    with pytest.raises(BadReadingError, match="number of alarms"):
        chamber(("ALARM?", reply)).temperature_degC()


@pytest.mark.parametrize("reply", ["", "24.1", "24.1,25.0,65.0", "nan,25.0,65.0,-25.0", "24.1,25.0,65.0,-25.0,1"])
def test_what_is_not_a_temperature_is_never_returned(chamber, reply):
    with pytest.raises(BadReadingError, match="expected air"):
        chamber(NO_ALARM, ("TEMP?", reply)).temperature_degC()


def test_running_starts_only_with_the_limits_programmed(chamber):
    with pytest.raises(InstrumentError, match="has its own limits at"):
        chamber(("TEMP?", "24.1,25.0,180.0,-45.0")).run()


def test_running_does_not_start_with_an_alarm_on(chamber):
    with pytest.raises(AlarmError, match="1 alarm"):
        chamber(TEMPERATURES, ("ALARM?", "1,3")).run()


START = [TEMPERATURES, NO_ALARM, ("MODE?", "STANDBY"), ("MODE,CONSTANT", "OK:MODE,CONSTANT"), ("MODE?", "CONSTANT")]
STOP = [("MODE,STANDBY", "OK:MODE,STANDBY"), ("MODE?", "STANDBY")]
SETPOINT = [("TEMP, S25.0", "OK:TEMP,S25.0"), TEMPERATURES]


def test_running_and_made_safe(chamber):
    one = chamber(*START, ("MODE?", "CONSTANT"), ("MODE?", "CONSTANT"), *STOP, *SETPOINT)
    one.run()
    assert one.is_running()
    one.make_safe()


def test_a_running_chamber_is_not_started_again(chamber):
    chamber(TEMPERATURES, NO_ALARM, ("MODE?", "CONSTANT")).run()


def test_a_mode_that_was_not_taken_over_is_an_error(chamber):
    with pytest.raises(InstrumentError, match=r"not taken over.*MODE,CONSTANT.*'OFF'"):
        chamber(*START[:-1], ("MODE?", "OFF")).run()


def test_a_mode_that_nobody_knows(chamber):
    with pytest.raises(BadReadingError, match="expected OFF or STANDBY"):
        chamber(("MODE?", "ON")).is_running()


@pytest.mark.parametrize("mode", ["OFF", "STANDBY"])
def test_a_chamber_that_stands_still_stays_as_it_is(chamber, mode):
    chamber(("MODE?", mode), *SETPOINT).make_safe()


def test_a_chamber_that_runs_a_program_is_stopped(chamber):
    chamber(("MODE?", "RUN"), *STOP, *SETPOINT).make_safe()


def test_making_safe_goes_on_after_a_failure(chamber):
    with pytest.raises(RefusedError, match="CHB NOT READY"):
        chamber(("MODE?", "CONSTANT"), (STOP[0][0], "NA:CHB NOT READY"), *SETPOINT).make_safe()


def test_an_address_stands_before_each_command(chamber):
    temperatures = ("3,TEMP?", TEMPERATURES[1])
    one = chamber(("3,TEMP, S25.0", "OK:TEMP,S25.0"), temperatures, ("3,ALARM?", "0"), temperatures, address=3)
    one.set_temperature(25)
    assert one.temperature_degC() == 24.1


def test_after_silence_it_identifies_itself_before_anything_else(wire, late):
    script = [(b"TEMP?\r\n", late(b"99.9,99.9,99.9,99.9\r\n", 2)), *dialogue(("ROM?", "P300 1.21"), TEMPERATURES)]
    one = wire(script).driver("espec-p300", **SETTINGS)
    with pytest.raises(NoReplyError, match="no reply within 5 s"):
        one.setpoint_degC()
    assert one.setpoint_degC() == 25


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"maximum": "20 degC"}, "rising order"),
        ({"high_limit": "60 degC"}, "high_limit above maximum"),
        ({"low_limit": "-19 degC"}, "low_limit must lie below"),
    ],
)
def test_limits_have_an_order(changed, words):
    with pytest.raises(ValidationError, match=words):
        EspecSettings.model_validate(SETTINGS | changed)


def test_it_is_a_chamber(chamber):
    one: Chamber = chamber()
    assert str(one) == "subject"
