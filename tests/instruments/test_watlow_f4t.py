"""The chamber, byte by byte from its command table."""

import pytest
from pydantic import ValidationError

from galvanaut.instruments.drivers.watlow_f4t import WatlowSettings
from galvanaut.instruments.errors import BadReadingError, InstrumentError, NoReplyError, RefusedError
from galvanaut.instruments.roles import Chamber

SETTINGS = {"minimum": "-40 degC", "maximum": "80 degC", "enable_output": 1}
RESOURCE = "TCPIP::192.0.2.10::5025::SOCKET"


def dialogue(*pairs: tuple[str, str | None]):
    return [(sent.encode() + b"\n", None if reply is None else reply.encode() + b"\n") for sent, reply in pairs]


@pytest.fixture
def chamber(wire):
    return lambda *pairs, **settings: wire(dialogue(*pairs)).driver("watlow-f4t", RESOURCE, **SETTINGS | settings)


SAFE = [
    (":SOURCE:CLOOP1:SPOINT 25.0", None),
    (":SOURCE:CLOOP1:SPOINT?", "25.000000"),
    (":SOURCE:CLOOP1:RACTION OFF", None),
    (":OUTPUT1:STATE OFF", None),
    (":OUTPUT1:STATE?", "OFF"),
]


def test_identity_with_four_fields(chamber):
    assert str(chamber(("*IDN?", "Watlow,F4T,12345,4.7")).identify()) == "Watlow F4T serial 12345 firmware 4.7"


def test_identity_in_free_text(chamber):
    assert str(chamber(("*IDN?", "F4T Controller")).identify()) == "F4T Controller"


def test_another_instrument_is_named(chamber):
    with pytest.raises(InstrumentError, match=r"Watlow F4T at TCPIP::192.*'ESPEC,P300.*expected a Watlow F4T"):
        chamber(("*IDN?", "ESPEC,P300,1,1")).identify()


def test_set_up(chamber):
    unit = [(":UNIT:TEMPERATURE C", None), (":UNIT:TEMPERATURE?", "C")]
    chamber(*unit, (":SOURCE:CLOOP1:RACTION OFF", None)).set_up()


def test_firmware_that_answers_in_fahrenheit_is_refused(chamber):
    with pytest.raises(InstrumentError, match=r"not taken over.*TEMPERATURE C.*'F'"):
        chamber((":UNIT:TEMPERATURE C", None), (":UNIT:TEMPERATURE?", "F")).set_up()


@pytest.mark.parametrize(
    ("wanted", "sent", "back"), [(0, "0.0", "0.000000"), (-10.25, "-10.25", "-10.250000"), (25.1, "25.1", "25.100000")]
)
def test_a_set_point_is_read_back(chamber, wanted, sent, back):
    one = chamber(
        (f":SOURCE:CLOOP1:SPOINT {sent}", None), (":SOURCE:CLOOP1:SPOINT?", back), (":SOURCE:CLOOP1:SPOINT?", back)
    )
    one.set_temperature(wanted)
    assert one.setpoint_degC() == wanted


def test_a_set_point_that_was_ignored_is_an_error(chamber):
    one = chamber((":SOURCE:CLOOP1:SPOINT 0.0", None), (":SOURCE:CLOOP1:SPOINT?", "25.000000"))
    with pytest.raises(InstrumentError, match=r"not taken over.*SPOINT 0.0.*25.0.*panel is locked"):
        one.set_temperature(0)


@pytest.mark.parametrize("temperature", [-40.1, 80.1, float("nan"), float("inf")])
def test_set_points_outside_the_limits_are_not_sent(chamber, temperature):
    with pytest.raises(RefusedError, match="outside -40 to 80 degC; nothing was sent; these limits stand"):
        chamber().set_temperature(temperature)


def test_reading(chamber):
    one = chamber((":SOURCE:CLOOP1:ERROR?", "NONE"), (":SOURCE:CLOOP1:PVALUE?", "24.987654"))
    assert one.temperature_degC() == 24.987654


def test_a_faulty_sensor_gives_no_reading(chamber):
    with pytest.raises(BadReadingError, match="sensor is faulty"):
        chamber((":SOURCE:CLOOP1:ERROR?", "ERROR")).temperature_degC()


@pytest.mark.parametrize("reply", ["", "ERROR", "nan", "9.91E37", "1,2", "25.0 C"])
def test_what_is_not_a_temperature_is_never_returned(chamber, reply):
    with pytest.raises(BadReadingError, match="PVALUE"):
        chamber((":SOURCE:CLOOP1:ERROR?", "NONE"), (":SOURCE:CLOOP1:PVALUE?", reply)).temperature_degC()


def test_running_and_made_safe(chamber):
    one = chamber((":OUTPUT1:STATE ON", None), (":OUTPUT1:STATE?", "ON"), (":OUTPUT1:STATE?", "ON"), *SAFE)
    one.run()
    assert one.is_running()
    one.make_safe()


def test_an_output_that_stays_on_is_an_error(chamber):
    with pytest.raises(InstrumentError, match="OUTPUT1:STATE OFF"):
        chamber(*SAFE[:-1], (":OUTPUT1:STATE?", "ON")).make_safe()


def test_making_safe_goes_on_after_a_failure(chamber):
    one = chamber(SAFE[0], (":SOURCE:CLOOP1:SPOINT?", "80.000000"), *SAFE[2:])
    with pytest.raises(InstrumentError, match=r"SPOINT 25.0"):
        one.make_safe()


def test_a_chamber_without_an_enabling_output_has_none_switched(chamber):
    one = chamber(*SAFE[:3], enable_output=None)
    one.run()
    assert one.is_running() is None
    one.make_safe()


def test_silence_is_reported(wire):
    one = wire([(b":SOURCE:CLOOP1:SPOINT?\n", None)]).driver("watlow-f4t", RESOURCE, **SETTINGS)
    with pytest.raises(NoReplyError, match=r"no reply within 5 s.*SPOINT"):
        one.setpoint_degC()


def test_limits_have_an_order():
    with pytest.raises(ValidationError, match="rising order"):
        WatlowSettings.model_validate(SETTINGS | {"maximum": "20 degC"})


def test_it_is_a_chamber(chamber):
    one: Chamber = chamber()
    assert str(one) == "subject"
