"""The balance, byte by byte from its command table."""

import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyvisa.constants import Parity, ResourceAttribute

from galvanaut.instruments.errors import BadReadingError, InstrumentError, NoReplyError, RefusedError
from galvanaut.instruments.roles import Balance

ZERO, LIGHT, UNSTABLE = "+    0.00 g  ", "+    5.12 g  ", "+    0.00    "


def dialogue(*pairs: tuple[str, str | None]):
    return [(f"\x1b{sent}\r\n".encode(), None if reply is None else reply.encode() + b"\r\n") for sent, reply in pairs]


@pytest.fixture
def balance(wire):
    return lambda *pairs, **settings: wire(dialogue(*pairs)).driver("sartorius-sbi", **settings)


def test_identity(balance):
    one = balance(("x1_", "BCE224-1S"), ("x2_", "  0038506341"))
    assert str(one.identify()) == "Sartorius BCE224-1S serial 0038506341"


@pytest.mark.parametrize("reply", ["", "Stat     High   ", LIGHT])
def test_what_is_no_name_does_not_identify(balance, reply):
    with pytest.raises(InstrumentError, match="expected a Sartorius balance"):
        balance(("x1_", reply)).identify()


def test_the_line_has_odd_parity_unless_told_otherwise(wire):
    one = wire([])
    one.link("sartorius-sbi")
    assert one.library.attributes[ResourceAttribute.asrl_parity] == Parity.odd
    plain = wire([])
    plain.link("sartorius-sbi", parity="none")
    assert ResourceAttribute.asrl_parity not in plain.library.attributes


@pytest.mark.parametrize(
    ("reply", "weight"),
    [
        ("+  123.56 g  ", 123.56),
        ("-    0.0012 g  ", -0.0012),
        ("     0.0000 g  ", 0.0),
        ("N     +  123.56 g  ", 123.56),
        ("G#    -    1.50 g  ", -1.5),
    ],
)
def test_stable_weight(balance, reply, weight):
    assert balance(("P", reply)).weigh_g() == weight


def test_a_weight_without_a_unit_is_not_stable(balance):
    one = balance(*[("P", "+  123.56    ")] * 4, stable_timeout="3 s")
    with pytest.raises(RefusedError, match=r"did not become stable in time.*keep draughts"):
        one.weigh_g()
    assert one.immediate_g() == 123.56


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ("Stat     High   ", "overloaded.*pan"),
        ("Stat  ERR 55", "overloaded"),
        ("      Low       ", "underloaded"),
        ("Stat     ERR 54 ", "underloaded"),
        ("Stat  DIS.ERR", "reports DIS.ERR"),
        ("+  123.56 lb ", "expected grams"),
        ("+  123.56 mg ", "expected grams"),
        ("+  12 3.56 g  ", "expected a weight"),
        ("+  nan g  ", "expected a weight"),
        ("123.56 g", "expected a weight"),
        ("", "expected a weight"),
    ],
)
def test_what_is_not_a_weight_is_never_returned(balance, reply, words):
    with pytest.raises(BadReadingError, match=words):
        balance(("P", reply)).weigh_g()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.sampled_from("+- .0123456789gkNStatERR%x\t"), max_size=22))
def test_a_weight_is_a_number_or_an_error(balance, arrived):
    one = balance(("P", arrived), stable_timeout="1 s")
    try:
        weight_g = one.weigh_g()
    except InstrumentError:
        return
    assert math.isfinite(weight_g)


@pytest.mark.parametrize(("letter", "act"), [("U", "tare"), ("T", "zero")])
def test_taring_has_no_reply_and_is_seen_by_the_weight(balance, letter, act):
    one = balance((letter, None), ("P", LIGHT), ("P", UNSTABLE), ("P", ZERO))
    getattr(one, act)()


def test_a_tare_that_does_nothing_is_an_error(balance):
    with pytest.raises(InstrumentError, match=r"still shows 5\.12 g.*after taring"):
        balance(("U", None), *[("P", LIGHT)] * 5, stable_timeout="5 s").tare()


def test_a_stable_weight_is_waited_for_as_long_as_the_file_says(balance):
    with pytest.raises(NoReplyError, match="no reply within 30 s"):
        balance(("P", None), stable_timeout="30 s").weigh_g()


def test_a_weight_is_looked_for_until_it_is_stable(balance):
    assert balance(("P", UNSTABLE), ("P", UNSTABLE), ("P", LIGHT)).weigh_g() == 5.12


def test_after_silence_an_old_weight_is_never_returned(wire, late):
    script = [
        (b"\x1bP\r\n", late(b"+  999.99 g  \r\n", 2)),
        *dialogue(("x1_", "BCE224-1S"), ("P", LIGHT)),
    ]
    one = wire(script).driver("sartorius-sbi")
    with pytest.raises(NoReplyError):
        one.weigh_g()
    assert one.weigh_g() == 5.12


def test_it_is_a_balance_and_always_safe(balance):
    one: Balance = balance()
    one.set_up()
    one.make_safe()
    assert str(one) == "subject"
