"""The grammar of SCPI-99 volume 1 chapter 6, tried on an instrument made for it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galvanaut.simulators.ieee488 import ERROR_QUEUE_LENGTH, Ieee488Device, Status
from galvanaut.simulators.scpi import command
from galvanaut.simulators.scpi_types import Channels, Choice, Integer, Maybe, Numeric, Rest, ScpiError, Switch, Text


class Toy(Ieee488Device):
    """Stands on no bench."""

    identity = "Toy,1,2,3"

    def __init__(self) -> None:
        self.status = Status()
        self.level, self.mode, self.is_on, self.label, self.channel = 0.0, "FAST", False, "", 0

    def memory(self) -> dict[str, Any]:
        return {}

    def recall(self, memory: Any) -> None:
        pass

    def reset(self) -> None:
        self.level = 0.0

    @command(":SOURce#:VOLTage[:LEVel]", Numeric(0, 20))
    def set_level(self, channel: int, level_V: float) -> None:
        self.channel, self.level = channel, level_V

    @command(":SOURce#:VOLTage[:LEVel]?")
    def get_level(self, channel: int) -> str:
        return f"{self.level:g}"

    @command(":SOURce#:VOLTage:MODE", Choice("FAST", "SLOWest"), Integer(1, 9))
    def set_mode(self, channel: int, mode: str, count: int) -> None:
        self.mode = f"{mode}{count}"

    @command(":SOURce#:VOLTage:MODE?")
    def get_mode(self, channel: int) -> str:
        return self.mode

    @command(":OUTPut[:STATe]", Switch())
    def set_output(self, is_on: bool) -> None:
        self.is_on = is_on

    @command(":LABel", Text())
    def set_label(self, label: str) -> None:
        self.label = label

    @command(":LABel?")
    def get_label(self) -> str:
        return f'"{self.label}"'

    @command(":SCAN?", Channels((1, 2, 3, 4)), Maybe(Text()), Rest(Choice("ALL", "SOME")))
    def scan(self, channels: tuple[int, ...], name: str = "none", *words: str) -> str:
        return f"{channels} {name} {words}"

    @command(":FAIL")
    def fail(self) -> None:
        raise ScpiError(-221)

    def ask(self, message: str) -> str:
        return self.handle(message.encode()).decode()


@pytest.fixture
def toy() -> Toy:
    return Toy()


def any_case(word: str) -> st.SearchStrategy[str]:
    return st.tuples(*[st.sampled_from([letter.lower(), letter.upper()]) for letter in word]).map("".join)


headers = st.tuples(
    st.sampled_from(["", ":"]),
    st.sampled_from(["SOUR", "SOURCE"]).flatmap(any_case),
    st.sampled_from(["", "1", "2"]),
    st.just(":"),
    st.sampled_from(["VOLT", "VOLTAGE"]).flatmap(any_case),
    st.sampled_from(["", ":LEV", ":LEVEL"]).flatmap(any_case),
).map("".join)


@given(headers, st.sampled_from([" ", "  ", "\t"]), st.floats(0, 20))
def test_short_and_long_forms_in_any_case_mean_the_same(header: str, blank: str, level: float) -> None:
    toy = Toy()
    assert toy.ask(f"{header}{blank}{level!r}") == ""
    assert toy.level == level
    assert toy.channel == (2 if "2" in header else 1)
    assert toy.ask(":SYST:ERR?") == '+0,"No error"\n'


@given(st.integers(1, 5), st.integers(1, 6))
def test_forms_between_short_and_long_are_unknown(extra_first: int, extra_second: int) -> None:
    first, second = "SOURCE"[: 4 + extra_first], "VOLTAGE"[: 4 + extra_second]
    is_known = first == "SOURCE" and second == "VOLTAGE"
    expected = "+0" if is_known else "-113"
    if first == "SOURCE" or len(first) > 4:
        assert Toy().ask(f"{first}:{second} 1;:SYST:ERR?").startswith(expected)


@given(st.binary(max_size=40).filter(lambda data: b"\n" not in data))
def test_no_message_whatever_breaks_the_instrument(message: bytes) -> None:
    toy = Toy()
    toy.handle(message)
    assert toy.ask("*IDN?") == "Toy,1,2,3\n"


def test_queries_of_one_message_answer_in_one_line(toy: Toy) -> None:
    assert toy.ask(":SOUR:VOLT 3;:SOUR:VOLT?;*IDN?;:SYST:ERR?") == '3;Toy,1,2,3;+0,"No error"\n'


def test_a_relative_header_follows_the_parent_of_the_one_before(toy: Toy) -> None:
    assert toy.ask("SOUR2:VOLT:LEV 5;MODE SLOW,3;*OPC?;LEV?;MODE?") == "1;5;SLOW3\n"
    assert toy.channel == 2


def test_a_relative_header_does_not_start_at_the_root(toy: Toy) -> None:
    assert toy.ask(":SOUR:VOLT:LEV 5;OUTP ON;:SYST:ERR?") == '-113,"Undefined header"\n'
    assert not toy.is_on


def test_the_rest_of_a_message_is_carried_out_after_an_error(toy: Toy) -> None:
    assert toy.ask(":NONSENSE?;:OUTP ON;*IDN?") == "Toy,1,2,3\n"
    assert toy.is_on


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (":SOUR:VOLT", -109),
        (":SOUR:VOLT 1,2", -108),
        (":SOUR:VOLT? 1", -108),
        (":SOUR:VOLT five", -104),
        (":SOUR:VOLT 1V", -104),
        (":SOUR:VOLT 20.5", -222),
        (":SOUR:VOLT -1", -222),
        (":SOUR:VOLT:MODE MEDIUM,1", -224),
        (":SOUR:VOLT:MODE FAST,1.5", -104),
        (":SOUR:VOLT:MODE FAST,10", -222),
        (":OUTP MAYBE", -224),
        (":LAB plain", -104),
        (':LAB "open', -102),
        (":NOTHING", -113),
        ("*XYZ?", -113),
        (":SOUR:", -102),
        (":FAIL", -221),
    ],
)
def test_a_bad_command_answers_nothing_and_queues_its_error(toy: Toy, message: str, code: int) -> None:
    assert toy.ask(message) == ""
    assert toy.ask(":SYST:ERR?").startswith(f"{code},")
    assert toy.ask(":SYSTEM:ERROR:NEXT?") == '+0,"No error"\n'


@pytest.mark.parametrize(("text", "value"), [("5", 5), ("+5.5", 5.5), (".5E1", 5), ("MAX", 20), ("minimum", 0)])
def test_numbers_in_all_forms(toy: Toy, text: str, value: float) -> None:
    toy.ask(f":SOUR:VOLT {text}")
    assert toy.level == value


@pytest.mark.parametrize(("text", "is_on"), [("ON", True), ("1", True), ("off", False), ("0", False)])
def test_switches(toy: Toy, text: str, is_on: bool) -> None:
    toy.is_on = not is_on
    toy.ask(f":OUTP {text}")
    assert toy.is_on is is_on


def test_separators_inside_quotes_are_text(toy: Toy) -> None:
    assert toy.ask(':LAB "a;b,c";:LAB?') == '"a;b,c"\n'
    assert toy.ask(":LAB 'it''s';:LAB?") == '"it\'s"\n'


def test_errors_come_out_first_in_first_out_and_cls_forgets_them(toy: Toy) -> None:
    toy.ask(":NO;:SOUR:VOLT 99")
    assert toy.ask(":SYST:ERR?;:SYST:ERR?") == '-113,"Undefined header";-222,"Data out of range"\n'
    toy.ask(":NO;*CLS")
    assert toy.ask(":SYST:ERR?;*ESR?") == '+0,"No error";0\n'


def test_a_full_error_queue_ends_with_overflow(toy: Toy) -> None:
    for _ in range(ERROR_QUEUE_LENGTH + 5):
        toy.ask(":NO")
    codes = [toy.ask(":SYST:ERR?").split(",")[0] for _ in range(ERROR_QUEUE_LENGTH + 1)]
    assert codes == ["-113"] * (ERROR_QUEUE_LENGTH - 1) + ["-350", "+0"]


def test_event_register_says_what_happened_once(toy: Toy) -> None:
    assert toy.ask("*ESR?") == "128\n"
    toy.ask(":NO;:SOUR:VOLT 99;*OPC")
    assert toy.ask("*ESR?;*ESR?") == "49;0\n"


def test_status_byte_sums_up(toy: Toy) -> None:
    toy.ask("*CLS;*ESE 32;*SRE 36")
    assert toy.ask("*STB?;*ESE?;*SRE?") == "0;32;36\n"
    toy.ask(":NO")
    assert toy.status_byte() == 4 + 32 + 64
    assert toy.ask("*STB?") == "100\n"


def test_reset_leaves_the_error_queue_alone(toy: Toy) -> None:
    toy.ask(":SOUR:VOLT 5;:NO;*RST;*WAI")
    assert toy.ask(":SOUR:VOLT?;:SYST:ERR?") == '0;-113,"Undefined header"\n'


def test_a_header_that_no_manual_would_print_is_refused() -> None:
    with pytest.raises(ValueError, match="is not a SCPI header"):
        command("SOURce:VOLTage")


@pytest.mark.parametrize(
    ("arguments", "reply"),
    [
        ("(@1)", "(1,) none ()"),
        ("(@3, 1)", "(3, 1) none ()"),
        ("(@1:3,4)", "(1, 2, 3, 4) none ()"),
        ('(@2),"x,(y"', "(2,) x,(y ()"),
        ('(@2),"x",ALL,some', "(2,) x ('ALL', 'SOME')"),
    ],
)
def test_channel_lists_and_parameters_that_may_be_left_out(toy: Toy, arguments: str, reply: str) -> None:
    assert toy.ask(f":SCAN? {arguments}") == reply + "\n"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ("", -109),
        ("1", -104),
        ("@(1)", -104),
        ("(1)", -104),
        ("(@)", -104),
        ("(@5)", -222),
        ("(@3:1)", -222),
        ("(@1:999999999)", -222),
        ("(@1),x", -104),
        ('(@1),"x",NONE', -224),
    ],
)
def test_bad_channel_lists_and_parameters(toy: Toy, arguments: str, code: int) -> None:
    assert toy.ask(f":SCAN? {arguments};:SYST:ERR?").startswith(f"{code},")


def test_an_open_parenthesis_spoils_the_whole_message_like_an_open_quote(toy: Toy) -> None:
    assert toy.ask("*IDN?;:SCAN? (@1;*IDN?") == ""
    assert toy.ask(":SYST:ERR?").startswith("-102,")
