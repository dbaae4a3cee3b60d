"""The balance, byte by byte from its command table."""

import pytest

from galvanaut.instruments.drivers.mettler_mt_sics import MettlerMTSICS, MettlerSettings
from galvanaut.instruments.errors import BadReadingError, InstrumentError, NoReplyError, RefusedError
from galvanaut.instruments.roles import Balance


def dialogue(*pairs: tuple[str, str]):
    return [(sent.encode() + b"\r\n", received.encode() + b"\r\n") for sent, received in pairs]


@pytest.fixture
def balance(wire):
    return lambda *pairs, **settings: wire(dialogue(*pairs)).driver("mettler-mt-sics", **settings)


def test_identity(balance):
    one = balance(("I11", 'I11 A "XPR205"'), ("I4", 'I4 A "0123456789"'), ("I3", 'I3 A "2.10 10.28.0.493.142"'))
    assert str(one.identify()) == "Mettler-Toledo XPR205 serial 0123456789 firmware 2.10 10.28.0.493.142"


@pytest.mark.parametrize("reply", ["ES", 'I4 A "0123456789"', "Keysight Technologies,E4980A,MY1,A.06", "I11 I"])
def test_another_instrument_is_named(balance, reply):
    with pytest.raises(InstrumentError, match=r"subject \(Mettler.*'I11'.*expected an MT-SICS balance"):
        balance(("I11", reply)).identify()


def test_set_up_forces_grams(balance):
    balance(("M21 0 0", "M21 A")).set_up()


def test_a_unit_that_cannot_be_set_is_an_error(balance):
    with pytest.raises(RefusedError, match=r"parameter is wrong.*'M21 0 0'.*'M21 L'"):
        balance(("M21 0 0", "M21 L")).set_up()


@pytest.mark.parametrize(
    ("reply", "weight"),
    [
        ("S S     100.00 g", 100.0),
        ("S S      0.0000 g", 0.0),
        ("S S     -5.1234 g", -5.1234),
        ("S S 123456.789 g", 123456.789),
    ],
)
def test_stable_weight(balance, reply, weight):
    assert balance(("S", reply)).weigh_g() == weight


@pytest.mark.parametrize("reply", ["S S     100.00 g", "S D     100.00 g"])
def test_immediate_weight_may_be_dynamic(balance, reply):
    assert balance(("SI", reply)).immediate_g() == 100


def test_a_stable_weight_is_waited_for_a_minute(wire):
    one = wire([(b"S\r\n", None)]).driver("mettler-mt-sics")
    with pytest.raises(NoReplyError, match=r"no reply within 60 s \[sent 'S'\]"):
        one.weigh_g()


@pytest.mark.parametrize(
    ("reply", "kind", "words"),
    [
        ("S I", RefusedError, "did not become stable in time.*keep draughts"),
        ("ES", RefusedError, "does not know"),
        ("ET", RefusedError, "damaged"),
        ("EL", RefusedError, "cannot do that now"),
        ("S +", BadReadingError, "overloaded.*pan"),
        ("S -", BadReadingError, "underloaded.*pan"),
        ("S S Error 10b", BadReadingError, "sensor error"),
        ("S D     100.00 g", BadReadingError, "expected a weight"),
        ("S S     220.46 lb", BadReadingError, "expected grams"),
        ("S S     1O0.00 g", BadReadingError, "expected a weight"),
        ("S S     nan g", BadReadingError, "expected a weight"),
        ("T S     100.00 g", BadReadingError, "another command"),
        ("", BadReadingError, "another command"),
    ],
)
def test_what_is_not_a_weight_is_never_returned(balance, reply, kind, words):
    with pytest.raises(kind, match=words):
        balance(("S", reply)).weigh_g()


def test_tare_and_zero(balance):
    one = balance(("T", "T S     5.1234 g"), ("Z", "Z A"))
    one.tare()
    one.zero()


def test_tare_needs_stability(balance):
    with pytest.raises(RefusedError, match="stable"):
        balance(("T", "T I")).tare()


def test_zero_out_of_range(balance):
    with pytest.raises(BadReadingError, match="overloaded"):
        balance(("Z", "Z +")).zero()


def test_making_it_safe_sends_nothing_that_could_change_its_zero(balance):
    balance().make_safe()


def test_after_silence_it_is_asked_who_it_is_and_an_old_weight_is_never_returned(wire, late):
    script = [
        (b"S\r\n", late(b"S S     999.99 g\r\n", 2)),
        *dialogue(("I4", 'I4 A "0123456789"'), ("S", "S S     1.0000 g")),
    ]
    one = wire(script).driver("mettler-mt-sics")
    with pytest.raises(NoReplyError):
        one.weigh_g()
    assert one.weigh_g() == 1.0


def test_it_is_a_balance(balance):
    one: Balance = balance()
    assert isinstance(one, MettlerMTSICS)
    assert MettlerMTSICS.framing(MettlerSettings(baud_rate=19200)).baud_rate == 19200
