"""Declared settings: spelled, limited and confirmed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galvanaut.instruments import scpi
from galvanaut.instruments.descriptors import Choice, Flag, Number, Verify
from galvanaut.instruments.errors import BadReadingError, InstrumentError, RefusedError

OK = b'+0,"No error"\n'


class Subject:
    voltage_V = Number(":VOLT", unit="V", low=-5, high=5, doc="Voltage, V.")
    level_V = Number(":LEV", unit="V", low=0, high=1, doc="Level.", verify=Verify.READ_BACK, tolerance=0.01)
    mode = Choice(":MODE", options=("FAST", "SLOW"), doc="Mode.")
    output = Flag(":OUTP", "Output.")

    def __init__(self, link):
        self.link = link


@pytest.fixture
def subject(wire):
    return lambda *dialogue: Subject(wire(list(dialogue)).link("keysight-e4980a", "TCPIP::192.0.2.11::5025::SOCKET"))


def test_the_class_shows_the_declaration():
    assert (Subject.voltage_V.unit, Subject.voltage_V.low, Subject.voltage_V.high) == ("V", -5, 5)
    assert Subject.voltage_V.__doc__ == "Voltage, V."
    assert Subject.mode.domain() == "FAST or SLOW"


def test_reading(subject):
    one = subject(
        (b":VOLT?\n", b"+3.70000000E+00\n"), (b":MODE?\n", b"FAST\n"), (b":OUTP?\n", b"1\n"), (b":OUTP?\n", b"OFF\n")
    )
    assert (one.voltage_V, one.mode, one.output, one.output) == (3.7, "FAST", True, False)


def test_writing_confirms_in_the_same_message(subject):
    one = subject(
        (b":VOLT 3.7;:SYST:ERR?\n", OK),
        (b":MODE SLOW;:SYST:ERR?\n", OK),
        (b":OUTP ON;:SYST:ERR?\n", b'0,"No error;0;0 0"\n'),
    )
    one.voltage_V = 3.7
    one.mode = "SLOW"
    one.output = True


def test_reading_back_within_the_tolerance(subject):
    subject((b":LEV 0.5\n", None), (b":LEV?\n", b"0.495\n")).level_V = 0.5


def test_reading_back_another_value(subject):
    one = subject((b":LEV 0.5\n", None), (b":LEV?\n", b"0.25\n"))
    with pytest.raises(InstrumentError, match=r"not taken over \[sent ':LEV 0.5', received '0.25'\]"):
        one.level_V = 0.5


@pytest.mark.parametrize("value", [5.0001, -6, float("nan"), float("inf")])
def test_nothing_is_clipped(subject, value):
    with pytest.raises(RefusedError, match=r":VOLT cannot be .*, only -5 to 5 V; nothing was sent"):
        subject().voltage_V = value


def test_only_declared_words(subject):
    with pytest.raises(RefusedError, match=":MODE cannot be 'fast', only FAST or SLOW; nothing was sent"):
        subject().mode = "fast"
    with pytest.raises(RefusedError, match=":OUTP cannot be 2, only ON or OFF"):
        subject().output = 2


@pytest.mark.parametrize(
    "reply", [b"9.9E37\n", b"9.91E+37\n", b"-9.9E37\n", b"nan\n", b"inf\n", b"1e999\n", b"3,7\n", b"1_0\n", b"\n"]
)
def test_what_is_no_number_is_never_returned(subject, reply):
    with pytest.raises(BadReadingError, match=r"':VOLT\?'"):
        subject((b":VOLT?\n", reply)).voltage_V  # noqa: B018  # reading asks the instrument


def test_unknown_words_are_never_returned(subject):
    with pytest.raises(BadReadingError, match=r"expected FAST or SLOW.*'MEDIUM'"):
        subject((b":MODE?\n", b"MEDIUM\n")).mode  # noqa: B018  # reading asks the instrument


def test_an_error_queue_in_another_form(subject):
    with pytest.raises(InstrumentError, match=r"error queue answered in another form.*'OK'"):
        subject((b":VOLT 1;:SYST:ERR?\n", b"OK\n")).voltage_V = 1


def test_an_error_queue_without_end(subject):
    error = b'-350,"Queue overflow"\n'
    script = [(b":VOLT 1;:SYST:ERR?\n", error), *[(b":SYST:ERR?\n", error)] * 39]
    with pytest.raises(InstrumentError, match="still not empty after 40 errors"):
        subject(*script).voltage_V = 1


def test_several_numbers(subject):
    assert scpi.ask_numbers(subject((b":READ?\n", b"+1.0,-2.5E-01\n")).link, ":READ?", 2) == [1.0, -0.25]


@pytest.mark.parametrize("reply", [b"1\n", b"1,2,3\n", b"1,9.9E37\n", b"1,x\n"])
def test_another_count_of_numbers(subject, reply):
    with pytest.raises(BadReadingError, match=r"expected 2 number\(s\)"):
        scpi.ask_numbers(subject((b":READ?\n", reply)).link, ":READ?", 2)


@given(st.floats(-5, 5))
def test_numbers_survive_the_wire(value):
    read_back = scpi.number(Subject.voltage_V.spell(value))
    assert read_back == pytest.approx(value, rel=1e-8, abs=1e-300)


@given(st.text(max_size=12))
def test_any_text_is_a_number_or_none(text):
    value = scpi.number(text)
    assert value is None or abs(value) < 9.9e37
