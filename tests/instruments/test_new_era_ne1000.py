"""The pump, byte by byte from its command table."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from galvanaut.instruments.drivers.new_era_ne1000 import NewEraNE1000, NewEraSettings
from galvanaut.instruments.drivers.new_era_numbers import number_step, pump_number, pump_rate
from galvanaut.instruments.errors import AlarmError, BadReadingError, InstrumentError, NoReplyError, RefusedError
from galvanaut.instruments.roles import Pump

SETTINGS = {"syringe_diameter": "26.59 mm", "rate": "10 mL/min"}


def reply(text: str) -> bytes:
    return b"\x02" + text.encode() + b"\x03"


def dialogue(*pairs: tuple[str, str]):
    return [(sent.encode() + b"\r", reply(received)) for sent, received in pairs]


@pytest.fixture
def pump(wire):
    return lambda *pairs, **settings: wire(dialogue(*pairs)).driver("new-era-ne-1000", **SETTINGS | settings)


PREPARED = [("0", "00S"), ("0VOL", "00S3.000ML"), ("0DIS", "00SI0.000W0.000ML")]


def test_first_contact_after_power_up_expects_the_reset_alarm(pump):
    one = pump(("0", "00A?R"), ("0VER", "00SNE1000V3.928"))
    assert str(one.identify()) == "New Era NE1000 firmware V3.928"
    assert one.was_power_cycled


def test_a_reset_is_forgotten_once_a_new_dose_is_prepared(pump):
    one = pump(("0", "00A?R"), ("0VER", "00SNE1000V3.928"), *PREPARED)
    one.identify()
    one.prepare(3)
    assert not one.was_power_cycled


def test_a_reset_is_remembered_until_the_next_dose_is_prepared_whoever_was_told_of_it(pump):
    one = pump(*PREPARED, ("0RUN", "00I"), ("0", "00A?R"), ("0", "00S"), *PREPARED)
    one.prepare(3)
    one.start()
    one.make_safe()
    assert one.was_power_cycled
    one.prepare(3)
    assert not one.was_power_cycled


def test_identify_reports_no_reset_when_there_was_none(pump):
    one = pump(("0", "00I"), ("0VER", "00INE1000V3.928"))
    one.identify()
    assert not one.was_power_cycled


def test_another_instrument_is_named(pump):
    one = pump(("0", "00S"), ("0VER", "00SPHD2000"))
    with pytest.raises(
        InstrumentError, match=r"subject \(New Era NE-1000 at ASRL1::INSTR\).*PHD2000.*expected a New Era"
    ):
        one.identify()


def test_a_new_pump_is_set_up_in_the_order_that_the_manual_asks_for(pump):
    pump(
        ("0", "00S"),
        ("0DIA", "00S14.57"),
        ("0DIA26.59", "00S"),
        ("0DIA", "00S26.59"),
        ("0VOL", "00S100.0UL"),
        ("0VOLML", "00S"),
        ("0RAT", "00S5.000UM"),
        ("0RAT10.00MM", "00S"),
        ("0RAT", "00S10.00MM"),
        ("0DIR", "00SWDR"),
        ("0DIRINF", "00S"),
    ).set_up()


def test_nothing_is_written_to_the_memory_that_it_already_holds_not_even_while_running(pump):
    pump(
        ("0", "00I"), ("0DIA", "00I26.59"), ("0VOL", "00I3.000ML"), ("0RAT", "00I10.00MM"), ("0DIR", "00IINF")
    ).set_up()


def test_a_dose(pump):
    one = pump(
        ("0", "00S"),
        ("0VOL", "00S0.500ML"),
        ("0VOL2.346", "00S"),
        ("0VOL", "00S2.346ML"),
        ("0DIS", "00SI0.500W0.000ML"),
        ("0CLDINF", "00S"),
        ("0DIS", "00SI0.000W0.000ML"),
        ("0RUN", "00I"),
        ("0", "00I"),
        ("0DIS", "00II1.100W0.000ML"),
        ("0", "00S"),
    )
    assert one.prepare(2.3456) == 2.346
    one.start()
    assert one.state() == "infusing"
    assert one.dispensed_mL() == 1.1
    assert one.state() == "stopped"


def test_microlitres_are_converted(pump):
    assert pump(("0DIS", "00SI250.0W0.000UL")).dispensed_mL() == 0.25


def test_a_dose_that_was_prepared_once_is_started_once(pump):
    one = pump(*PREPARED, ("0RUN", "00I"))
    one.prepare(3)
    one.start()
    with pytest.raises(RefusedError, match="no dose is prepared; nothing was sent"):
        one.start()


def test_a_start_whose_reply_is_lost_is_not_repeated(wire):
    script = [*dialogue(*PREPARED), (b"0RUN\r", None), *dialogue(("0VER", "00INE1000V3.928"), ("0", "00I"))]
    one = wire(script).driver("new-era-ne-1000", **SETTINGS)
    one.prepare(3)
    with pytest.raises(NoReplyError, match=r"no reply within 1 s \[sent '0RUN'\]"):
        one.start()
    with pytest.raises(RefusedError, match="no dose is prepared"):
        one.start()
    assert one.state() == "infusing"


def test_a_power_cut_in_mid_campaign_is_an_alarm_and_the_dose_is_no_longer_prepared(pump):
    one = pump(*PREPARED, ("0RUN", "00A?R"))
    one.prepare(3)
    with pytest.raises(AlarmError, match=r"power was cut \[sent '0RUN', received '00A\?R'\]; weigh"):
        one.start()
    with pytest.raises(RefusedError, match="no dose is prepared"):
        one.start()


def test_identify_hides_a_power_cut_only_once(pump):
    one = pump(("0", "00S"), ("0VER", "00SNE1000V3.928"), ("0VER", "00A?R"))
    one.identify()
    with pytest.raises(AlarmError, match="power was cut"):
        one.identify()


@pytest.mark.parametrize(
    ("letter", "words"), [("S", "stalled"), ("T", "host was silent"), ("E", "program"), ("O", "phase")]
)
def test_alarms_have_words(pump, letter, words):
    with pytest.raises(AlarmError, match=words):
        pump(("0", f"00A?{letter}")).state()


@pytest.mark.parametrize("letter", ["S", "E"])
def test_only_a_reset_is_expected_at_first_contact(pump, letter):
    with pytest.raises(AlarmError):
        pump(("0", f"00A?{letter}")).identify()


@pytest.mark.parametrize(
    ("data", "words"), [("?", "know"), ("?NA", "now"), ("?OOR", "range"), ("?COM", "damaged"), ("?IGN", "ign")]
)
def test_refusals_have_words(pump, data, words):
    one = pump(("0", "00S"), ("0VOL", "00S3.000ML"), ("0VOL9.000", f"00S{data}"))
    with pytest.raises(RefusedError, match=rf"{words}.*'0VOL9.000'.*{re.escape(data)}"):
        one.prepare(9)


@pytest.mark.parametrize("volume", [0.0, 0.019, 50.1, -1.0, float("nan")])
def test_volumes_outside_the_limits_are_not_sent(pump, volume):
    with pytest.raises(RefusedError, match=r"outside 0\.02 to 50 mL; nothing was sent"):
        pump().prepare(volume)


def test_a_running_pump_takes_no_dose(pump):
    with pytest.raises(RefusedError, match="while infusing; stop it first"):
        pump(("0", "00I")).prepare(1)


def test_a_value_that_was_not_taken_over_is_an_error(pump):
    one = pump(("0", "00S"), ("0VOL", "00S1.000ML"), ("0VOL2.000", "00S"), ("0VOL", "00S1.000ML"))
    with pytest.raises(InstrumentError, match=r"was set to 2.000 ML but holds 1 ML"):
        one.prepare(2)


def test_a_counter_that_does_not_clear_is_an_error(pump):
    counter = ("0DIS", "00SI0.500W0.000ML")
    one = pump(("0", "00S"), ("0VOL", "00S2.000ML"), counter, ("0CLDINF", "00S"), counter)
    with pytest.raises(InstrumentError, match=r"counter still at 0\.5 mL"):
        one.prepare(2)


def test_stopping_takes_two_commands(pump):
    pump(("0", "00I"), ("0STP", "00P"), ("0", "00P"), ("0STP", "00S"), ("0", "00S")).stop()


def test_stopping_a_stopped_pump_sends_nothing_that_acts(pump):
    pump(("0", "00S")).make_safe()


def test_a_dose_may_end_while_it_is_being_stopped(pump):
    pump(("0", "00I"), ("0STP", "00S?NA"), ("0", "00S")).stop()


def test_a_pump_that_does_not_stop_is_an_error(pump):
    with pytest.raises(InstrumentError, match=r"does not stop.*switch it off"):
        pump(*[("0", "00I"), ("0STP", "00I")] * 3).stop()


def test_made_safe_in_spite_of_an_alarm(pump):
    pump(("0", "00A?S"), ("0", "00S")).make_safe()


def test_each_pump_of_a_chain_answers_for_itself(pump):
    one = pump(("7", "07S"), ("7DIS", "08SI0.000W0.000ML"), address=7)
    assert one.state() == "stopped"
    with pytest.raises(BadReadingError, match="not a reply of this pump"):
        one.dispensed_mL()


@pytest.mark.parametrize("data", ["I0.0", "I1.000W0.000", "Ix.xxxW0.000ML", ""])
def test_damaged_volumes_are_no_volumes(pump, data):
    with pytest.raises(BadReadingError, match="expected volumes"):
        pump(("0DIS", f"00S{data}")).dispensed_mL()


def test_an_alarm_among_late_replies_is_not_thrown_away(wire, late):
    script = [(b"0\r", late(reply("00A?S"))), *dialogue(("0VER", "00SNE1000V3.928"), ("0", "00S"))]
    one = wire(script).driver("new-era-ne-1000", **SETTINGS)
    with pytest.raises(NoReplyError):
        one.state()
    with pytest.raises(AlarmError, match="has stalled"):
        one.state()
    assert one.state() == "stopped"


@given(st.floats(0, 9999.4))
def test_numbers_keep_the_grammar_and_read_back_within_their_step(value):
    text = pump_number(value)
    assert re.fullmatch(r"\d{1,4}|\d{1,3}\.\d|\d{1,2}\.\d\d|\d\.\d{3}", text)
    assert sum(character.isdigit() for character in text) <= 4
    assert abs(float(text) - value) <= number_step(value) / 2 * (1 + 1e-9)


@given(st.integers(0, 9999), st.sampled_from([1, 10, 100, 1000]))
def test_numbers_on_the_grid_are_exact(digits, divisor):
    assert float(pump_number(digits / divisor)) == digits / divisor


@pytest.mark.parametrize("value", [-0.001, 9999.5, float("nan"), float("inf")])
def test_numbers_that_the_pump_cannot_read_are_refused(value):
    with pytest.raises(ValueError, match="four digits"):
        pump_number(value)


@pytest.mark.parametrize(
    ("value", "text"), [(14.57, "14.57"), (5, "5.000"), (100, "100.0"), (9.9996, "10.00"), (9999, "9999")]
)
def test_numbers_look_like_those_of_the_manual(value, text):
    assert pump_number(value) == text


@pytest.mark.parametrize(
    ("rate", "sent"),
    [
        ("9.999 mL/min", "9.999MM"),
        ("1 mL/min", "1.000MM"),
        ("0.1234 mL/min", "123.4UM"),
        ("1.4 uL/min", "1.400UM"),
        ("0.4 uL/min", "24.00UH"),
        ("6 uL/h", "6.000UH"),
        ("0.05 uL/h", "0.050UH"),
    ],
)
def test_a_rate_is_sent_in_the_unit_that_keeps_its_digits(pump, rate, sent):
    one = pump(
        ("0", "00S"), ("0DIA", "00S26.59"), ("0VOL", "00S1.000ML"), ("0RAT", "00S10.00MM"),
        (f"0RAT{sent}", "00S"), ("0RAT", f"00S{sent}"), ("0DIR", "00SINF"), rate=rate,
    )  # fmt: skip
    one.set_up()
    assert one.rate_mL_min == pytest.approx(one.settings.rate_mL_min, rel=1e-9)


@given(st.floats(-6, 3.99).map(lambda power: 10.0**power))
def test_every_rate_that_is_accepted_is_told_within_a_hundredth(rate_mL_min):
    text, unit = pump_rate(NewEraSettings.model_validate(SETTINGS | {"rate": f"{rate_mL_min!r} mL/min"}).rate_mL_min)
    assert len(text) <= 5
    assert float(text) * {"MM": 1, "UM": 1e-3, "UH": 1e-3 / 60}[unit] == pytest.approx(rate_mL_min, rel=0.01)


@pytest.mark.parametrize("rate", ["0.04 uL/h", "0 mL/min", "-1 mL/min"])
def test_a_rate_that_it_cannot_be_told_is_refused(rate):
    with pytest.raises(ValidationError, match=r"rate\n.* is below 8.33e-07 mL/min \(0.05 uL/h\)"):
        NewEraSettings.model_validate(SETTINGS | {"rate": rate})


def test_limits_for_a_vessel_hold_at_every_volume():
    settings = NewEraSettings.model_validate(SETTINGS)
    limits = NewEraNE1000.dose_limits(settings, capacity_mL=40)
    assert (limits.min_mL, limits.max_mL, limits.step_mL) == (0.02, 40, 0.01)
    assert NewEraNE1000.dose_limits(settings, capacity_mL=9).step_mL == 0.001


def test_limits_that_cross_are_refused():
    with pytest.raises(ValidationError, match="minimum_dose is larger"):
        NewEraSettings.model_validate(SETTINGS | {"minimum_dose": "3 mL", "maximum_dose": "1 mL"})


def test_it_is_a_pump(pump):
    one: Pump = pump()
    assert one.rate_mL_min == 10
    assert one.volume_step_mL(3) == 0.001
    assert str(one) == "subject"
