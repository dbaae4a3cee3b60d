"""The LCR meter, byte by byte from its command table."""

import numpy as np
import pytest

from galvanaut.instruments.errors import BadReadingError, InstrumentError, NoReplyError, RefusedError
from galvanaut.instruments.roles import ImpedanceMeter

RESOURCE = "TCPIP::192.0.2.11::5025::SOCKET"
OK = '+0,"No error"'


def dialogue(*pairs: tuple[str, str | None]):
    return [(sent.encode() + b"\n", None if reply is None else reply.encode() + b"\n") for sent, reply in pairs]


def setting(command: str, error: str = OK) -> tuple[str, str]:
    return f"{command};:SYST:ERR?", error


@pytest.fixture
def meter(wire):
    return lambda *pairs, **settings: wire(dialogue(*pairs)).driver("keysight-e4980a", RESOURCE, **settings)


@pytest.mark.parametrize("maker", ["Keysight Technologies", "Agilent Technologies"])
def test_identity(meter, maker):
    one = meter(("*IDN?", f"{maker},E4980A,MY46100001,A.06.25"))
    assert str(one.identify()) == f"{maker} E4980A serial MY46100001 firmware A.06.25"


@pytest.mark.parametrize("reply", ["Keysight Technologies,E4990A,MY1,A.01", "E4980A", ""])
def test_another_instrument_is_named(meter, reply):
    with pytest.raises(InstrumentError, match=r"expected a Keysight .* E4980A"):
        meter(("*IDN?", reply)).identify()


def test_set_up(meter):
    meter(
        ("*CLS", None),
        setting(":BIAS:STAT OFF"),
        setting(":FUNC:IMP:TYPE RX"),
        setting(":FUNC:IMP:RANG:AUTO ON"),
        setting(":TRIG:SOUR BUS"),
        setting(":INIT:CONT ON"),
        setting(":VOLT:LEV 0.01"),
        (":VOLT:LEV?", "+1.00000E-02"),
        setting(":APER LONG,4"),
        integration="LONG",
        averages=4,
    ).set_up()


def test_a_measurement(meter):
    one = meter(setting(":FREQ 1000"), ("*TRG", "+1.23456E+02,-5.12340E-01,+0"))
    assert one.impedance(1000) == 123.456 - 0.51234j


def test_the_bin_of_the_comparator_is_ignored(meter):
    assert meter(setting(":FREQ 2000000"), ("*TRG", "+1.0E+02,+0.0E+00,+0,+1")).impedance(2e6) == 100


def test_a_sweep(meter):
    one = meter(
        setting(":FREQ 1000"),
        ("*TRG", "+1.0E+02,-2.0E+00,+0"),
        setting(":FREQ 31622.7766"),
        ("*TRG", "+9.0E+01,-1.0E+00,+0"),
    )
    assert one.sweep([1e3, 10**4.5]).tolist() == [100 - 2j, 90 - 1j]


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ("+9.90000E+37,+9.90000E+37,-1", "has no data.*at 1000 Hz; check the leads"),
        ("+9.90000E+37,+9.90000E+37,+1", "is overloaded"),
        ("+1.0E+02,+0.0E+00,+3", "signal source overloaded"),
        ("+1.0E+02,+0.0E+00,+4", "cannot regulate"),
        ("+1.0E+02,+0.0E+00,+7", "status 7"),
        ("+9.90000E+37,+0.0E+00,+0", "no measurement"),
        ("+1.0E+02,+9.91E+37,+0", "no measurement"),
        ("+1.0E+02,nan,+0", "no measurement"),
        ("+1.0E+02,+0.0E+00", "expected resistance, reactance and status"),
        ("+1.0E+02,+0.0E+00,OK", "expected resistance"),
        ("", "expected resistance"),
    ],
)
def test_what_is_not_a_measurement_is_never_returned(meter, reply, words):
    with pytest.raises(BadReadingError, match=words):
        meter(setting(":FREQ 1000"), ("*TRG", reply)).impedance(1000)


@pytest.mark.parametrize("frequency", [0, 19.9, 2.1e6, float("nan")])
def test_frequencies_outside_the_range_are_not_sent(meter, frequency):
    with pytest.raises(RefusedError, match=r":FREQ cannot be .* only 20 to 2e\+06 Hz; nothing was sent"):
        meter().impedance(frequency)


def test_a_refused_setting_empties_the_error_queue(meter):
    error = '-222,"Data out of range"'
    one = meter(setting(":FREQ 1000", error), (":SYST:ERR?", '-113,"Undefined header"'), (":SYST:ERR?", OK))
    with pytest.raises(RefusedError, match=r"refused a setting.*:FREQ 1000.*-222.*-113"):
        one.impedance(1000)


def test_averaging_prolongs_the_time_out(wire):
    script = dialogue(
        setting(":VOLT:LEV 0.01"), (":VOLT:LEV?", "+1.0E-02"), setting(":APER LONG,16"), setting(":FREQ 20")
    )
    one = wire([*script, (b"*TRG\n", None)]).driver("keysight-e4980a", RESOURCE)
    one.configure(0.01, "LONG", 16)
    with pytest.raises(NoReplyError, match="no reply within 37 s"):
        one.impedance(20)


@pytest.mark.parametrize(("integration", "averages"), [("FAST", 1), ("LONG", 0), ("LONG", 257)])
def test_integrations_that_do_not_exist_are_not_sent(meter, integration, averages):
    with pytest.raises(RefusedError, match="not possible; nothing was sent; use SHOR, MED or LONG"):
        meter().configure(0.01, integration, averages)


def test_a_level_that_was_not_taken_over_is_an_error(meter):
    with pytest.raises(InstrumentError, match=r"set 0\.01 V, reads back 1 V"):
        meter(setting(":VOLT:LEV 0.01"), (":VOLT:LEV?", "+1.0E+00")).configure(0.01, "MED", 1)


def test_made_safe(meter):
    meter(setting(":BIAS:STAT OFF")).make_safe()


def test_it_is_an_impedance_meter(meter):
    one: ImpedanceMeter = meter()
    assert str(one) == "subject"


LIST = (
    setting(":LIST:FREQ 1000,20000"),
    (":LIST:FREQ?", "+1.00000E+03,+2.00000E+04"),
    setting(":DISP:PAGE LIST"),
    setting(":LIST:MODE SEQ"),
)
BACK = setting(":DISP:PAGE MEAS")
POINTS = "+1.00000E+02,-2.00000E+00,+0,+0,+9.00000E+01,+1.00000E+00,+0,+0"


def test_a_list_sweep_only_if_the_bench_file_allows_it(meter):
    one = meter(*LIST, ("*TRG", POINTS), BACK, experimental=True)
    np.testing.assert_array_equal(one.sweep([1000, 20000]), [100 - 2j, 90 + 1j])
    one = meter(setting(":FREQ 1000"), ("*TRG", "+1.0E+02,+0.0E+00,+0"), experimental=True)
    assert one.sweep([1000]) == [100]


def test_an_experimental_meter_begins_on_its_measuring_page(meter):
    settings = (":BIAS:STAT OFF", ":FUNC:IMP:TYPE RX", ":FUNC:IMP:RANG:AUTO ON", ":TRIG:SOUR BUS", ":INIT:CONT ON")
    level = setting(":VOLT:LEV 0.01"), (":VOLT:LEV?", "+1.00000E-02"), setting(":APER MED,1")
    meter(("*CLS", None), *map(setting, settings), BACK, *level, experimental=True).set_up()


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (POINTS.rpartition(",")[0], "expected 4 fields for each of 2 points"),
        (POINTS.replace("+9.00000E+01,+1.00000E+00,+0", "+9.9E+37,+9.9E+37,+1"), "is overloaded.*at 20000 Hz"),
        (POINTS.replace("-2.00000E+00", "noise"), "no measurement"),
        (POINTS + ",+1,+1,+0,+0", "expected 4 fields"),
        ("", "expected 4 fields"),
    ],
)
def test_a_list_with_one_bad_point_is_none(meter, reply, words):
    with pytest.raises(BadReadingError, match=words):
        meter(*LIST, ("*TRG", reply), BACK, experimental=True).sweep([1000, 20000])


def test_a_list_that_does_not_read_back_is_not_measured(meter):
    one = meter(LIST[0], (":LIST:FREQ?", "+1.00000E+03,+1.00000E+04"), BACK, experimental=True)
    with pytest.raises(InstrumentError, match="its list has 10000 Hz instead of 20000 Hz"):
        one.sweep([1000, 20000])


def test_a_list_outside_the_range_is_not_sent(meter):
    with pytest.raises(RefusedError, match=r"3e\+06 Hz is not 20 to 2e\+06 Hz; nothing was sent"):
        meter(experimental=True).sweep([1000, 3e6])
