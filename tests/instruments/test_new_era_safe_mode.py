"""The pump in safe mode: packets with length and checksum, a watchdog in the pump, and the way back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from galvanaut.instruments.drivers.new_era_ne1000 import NewEraSettings
from galvanaut.instruments.drivers.new_era_packets import BASIC, SAFE
from galvanaut.instruments.errors import AlarmError, BadReadingError, NoReplyError, RefusedError

SETTINGS = {"syringe_diameter": "26.59 mm", "rate": "10 mL/min", "safe_mode": "30 s"}
BACK = b"\x02\x08SAF0\x55\x43\x03"  # as the manual prints it


def basic(sent: str, received: str | None):
    return sent.encode() + b"\r", None if received is None else b"\x02" + received.encode() + b"\x03"


def safe(sent: str, received: str | None):
    return SAFE.pack(sent), None if received is None else SAFE.pack(received)


@pytest.fixture
def pump(wire):
    return lambda *dialogue, **settings: wire(list(dialogue)).driver("new-era-ne-1000", **SETTINGS | settings)


PREPARED = [basic("0", "00S"), basic("0", "00S"), basic("0VOL", "00S3.000ML"), basic("0DIS", "00SI0.000W0.000ML")]
GUARDED = [*PREPARED, basic("0SAF30", "00S")]
STARTED = [*GUARDED, safe("0RUN", "00I")]


def test_the_packet_of_the_manual():
    assert SAFE.pack("SAF0") == BACK
    assert BASIC.pack("0RUN") == b"0RUN\r"


def test_a_dose_is_guarded_and_the_pump_goes_back_to_basic_mode_when_it_is_done(pump):
    one = pump(
        *STARTED,
        safe("0", "00I"),
        safe("0DIS", "00II1.100W0.000ML"),
        safe("0", "00S"),
        (BACK, b"\x0200S\x03"),
        basic("0DIS", "00SI3.000W0.000ML"),
    )
    one.prepare(3)
    one.start()
    assert one.state() == "infusing"
    assert one.dispensed_mL() == 1.1
    assert one.state() == "stopped"
    assert one.dispensed_mL() == 3


def test_replies_to_a_change_of_mode_are_read_in_either_form(pump):
    one = pump(
        *PREPARED, (b"0SAF30\r", SAFE.pack("00S")), safe("0RUN", "00I"), safe("0", "00S"), (BACK, SAFE.pack("00S"))
    )
    one.prepare(3)
    one.start()
    assert one.state() == "stopped"


def test_made_safe_means_basic_mode(pump):
    one = pump(
        *STARTED,
        safe("0", "00I"),
        safe("0STP", "00P"),
        safe("0", "00P"),
        safe("0STP", "00S"),
        safe("0", "00S"),
        (BACK, b"\x0200S\x03"),
    )
    one.prepare(3)
    one.start()
    one.make_safe()


def test_a_pump_that_stopped_because_the_host_was_silent(pump):
    one = pump(*STARTED, safe("0", "00A?T"), safe("0", "00S"), (BACK, b"\x0200S\x03"))
    one.prepare(3)
    one.start()
    with pytest.raises(AlarmError, match=r"host was silent.*weigh"):
        one.state()
    assert one.state() == "stopped"


def test_a_dose_that_cannot_be_guarded_is_not_started(pump):
    one = pump(*PREPARED, basic("0SAF30", "00S?"))
    one.prepare(3)
    with pytest.raises(RefusedError, match=r"does not know the command.*SAF30"):
        one.start()


def test_a_dose_of_which_nobody_knows_whether_it_is_guarded_is_not_started(pump):
    one = pump(*PREPARED, basic("0SAF30", None))
    one.prepare(3)
    with pytest.raises(RefusedError, match="the dose was not started"):
        one.start()


def test_an_alarm_in_place_of_the_answer_leaves_the_mode_open_until_the_pump_is_heard(pump):
    one = pump(
        *PREPARED,
        basic("0SAF30", "00A?R"),
        basic("0", None),
        safe("0VER", "00SNE1000V3.928"),
        *[safe("0", "00S")],
        (BACK, b"\x0200S\x03"),
    )
    one.prepare(3)
    with pytest.raises(AlarmError, match="power was cut"):
        one.start()
    assert one.state() == "stopped"


def test_a_refused_start_leaves_no_guard(pump):
    one = pump(*GUARDED, safe("0RUN", "00S?NA"), (BACK, b"\x0200S\x03"))
    one.prepare(3)
    with pytest.raises(RefusedError, match="cannot do that now"):
        one.start()


def test_a_running_pump_that_a_dead_program_left_in_safe_mode_stays_guarded(pump):
    one = pump(
        basic("0", None),
        safe("0VER", "00INE1000V3.928"),
        safe("0", "00I"),
        safe("0", "00I"),
        safe("0VER", "00INE1000V3.928"),
    )
    assert one.identify().model == "NE1000"
    assert not one.was_stopped_by_silence


def test_a_pump_that_stopped_after_its_host_died_says_so_once(pump):
    one = pump(
        basic("0", None),
        safe("0VER", "00A?T"),
        safe("0VER", "00SNE1000V3.928"),
        safe("0", "00S"),
        (BACK, b"\x0200S\x03"),
        basic("0VER", "00SNE1000V3.928"),
    )
    assert one.identify().model == "NE1000"
    assert one.was_stopped_by_silence
    assert not one.was_power_cycled


def test_a_power_cut_ends_safe_mode_and_is_noticed(pump):
    one = pump(
        *STARTED,
        safe("0", None),
        basic("0VER", "00A?R"),
        basic("0VER", "00SNE1000V3.928"),
        basic("0", "00S"),
    )
    one.prepare(3)
    one.start()
    with pytest.raises(NoReplyError):
        one.state()
    with pytest.raises(AlarmError, match="power was cut"):
        one.state()
    assert one.state() == "stopped"


def test_without_safe_mode_its_alarm_is_unexpected(wire):
    plain = {key: value for key, value in SETTINGS.items() if key != "safe_mode"}
    with pytest.raises(AlarmError, match="host was silent"):
        wire([basic("0", "00A?T")]).driver("new-era-ne-1000", **plain).identify()


def test_an_address_goes_into_the_packets(pump):
    one = pump(
        basic("7", "07S"),
        basic("7", "07S"),
        basic("7VOL", "07S3.000ML"),
        basic("7DIS", "07SI0.000W0.000ML"),
        basic("7SAF30", "07S"),
        safe("7RUN", "07I"),
        safe("7", "07S"),
        safe("7SAF0", "07S"),
        address=7,
    )
    one.prepare(3)
    one.start()
    assert one.state() == "stopped"


@pytest.mark.parametrize(
    "damaged",
    [
        b"\x02\x0700S\x00\x00\x03",
        b"\x02\x0800S\x55\x43\x03",
        b"00S\x03",
        b"\x02\x0700S",
        b"\x02\x03\x03",
        b"\x02\x0700S\x55\x43\x04",
    ],
)
def test_damaged_packets_are_no_replies(pump, damaged):
    one = pump(*STARTED, (SAFE.pack("0"), damaged))
    one.prepare(3)
    one.start()
    with pytest.raises((BadReadingError, NoReplyError), match=r"garbled reply|no reply"):
        one.state()


texts = st.text(st.sampled_from("0123456789ISWPA?R.ML"), min_size=3, max_size=40)


@given(texts)
def test_packets_are_whole_at_their_last_byte_whatever_is_inside(text):
    """A checksum may contain the byte that ends a read; then the read goes on."""
    packet = SAFE.pack(text)
    assert not any(SAFE.is_whole(packet[:length]) for length in range(1, len(packet)))
    assert SAFE.is_whole(packet)
    assert SAFE.unpack(packet) == text


@given(texts, st.data())
def test_no_flipped_bit_goes_unnoticed(text, data):
    packet = bytearray(SAFE.pack(text))
    position = data.draw(st.integers(1, len(packet) - 1))
    packet[position] ^= 1 << data.draw(st.integers(0, 7))
    try:
        read = SAFE.unpack(bytes(packet))
    except ValueError:
        return
    assert packet[1] in b"0123456789", f"read {read!r}"  # then it looks like a basic reply, which has no checksum


@given(st.binary(max_size=40))
def test_noise_is_text_or_a_value_error(noise):
    SAFE.is_whole(noise)
    try:
        text = SAFE.unpack(noise)
    except ValueError:
        return
    assert text.isascii()


@pytest.mark.parametrize("text", ["29 s", "256 s", "30.5 s", "30"])
def test_the_watchdog_is_a_number_of_seconds_that_the_pump_takes(text):
    with pytest.raises(ValidationError, match="safe_mode"):
        NewEraSettings.model_validate(SETTINGS | {"safe_mode": text})
