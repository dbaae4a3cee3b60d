"""Wire traffic written down, and played back to the drivers that it came from."""

import io

import pytest
import pyvisa
from hypothesis import given
from hypothesis import strategies as st

from galvanaut.core.errors import InputError
from galvanaut.core.yamlfile import load
from galvanaut.instruments.bench import Bench
from galvanaut.instruments.connect import ConnectedBench
from galvanaut.instruments.errors import BadReadingError, BenchError, NoReplyError
from galvanaut.instruments.replay import Replay
from galvanaut.instruments.transcript import Recording, Transcript, TranscriptError, escaped, unescaped
from galvanaut.simulators.bench import SimulatedBench
from plainchemistry import PlainChemistry
from smalllab import BENCH


def overload(meter):
    """What the meter says about an empty cell."""
    with pytest.raises(BadReadingError, match="overloaded") as caught:
        meter.impedance(1000.0)
    return str(caught.value)


def readings(connected):
    """One look at each kind of instrument."""
    pump, balance = connected.pump("pump_kcl"), connected.balance("balance")
    given_mL = pump.prepare(5.0)
    pump.start()
    pump.stop()
    chamber = connected.chamber("chamber")
    chamber.set_temperature(20.0)
    meter = connected.impedance_meter("lcr")
    return [
        given_mL,
        pump.state(),
        pump.dispensed_mL(),
        balance.immediate_g(),
        balance.weigh_g(),
        chamber.setpoint_degC(),
        chamber.temperature_degC(),
        overload(meter),
        {name: str(identity) for name, identity in connected.identities.items()},
    ]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A transcript of the simulated bench, and what its drivers returned meanwhile."""
    bench = load(BENCH, Bench)
    description = bench.model_dump(mode="json", by_alias=True, exclude_none=True)
    world = SimulatedBench.open(description, tmp_path_factory.mktemp("a") / "world.db", 1, PlainChemistry())
    manager = pyvisa.ResourceManager(world.visa_library())
    sink = io.StringIO()
    with ConnectedBench.open(bench, manager, trace=Recording(sink, bench, world.clock.now)) as connected:
        found = readings(connected)
    world.close()
    return bench, sink.getvalue(), found


def replayed(bench, text):
    library = Replay.playing(Transcript.parse(text, "made.txt"))
    connected = ConnectedBench.open(bench, pyvisa.ResourceManager(library))
    found = readings(connected)
    connected.make_safe()
    connected.close()
    library.finish()
    return found


def test_a_replayed_bench_returns_what_the_recorded_one_did(recorded):
    bench, text, found = recorded
    assert replayed(bench, text) == found


def test_a_transcript_is_text_for_people(recorded):
    _, text, _ = recorded
    lines = text.splitlines()
    assert lines[0] == "galvanaut transcript 1"
    assert lines[1].endswith("bench simulated (simulated)")
    assert "instrument balance mettler-mt-sics ASRL11::INSTR" in lines
    assert all(line.isascii() and line.isprintable() for line in lines)
    sent = [line.split(" > ")[1] for line in lines if " > " in line]
    assert "balance I11\\r\\n" in sent
    assert "pump_kcl 0RUN\\r" in sent
    assert "lcr *IDN?\\n" in sent
    times = [message.time_s for message in Transcript.parse(text, "").messages]
    assert times == sorted(times)
    assert times[0] == 0.0
    assert times[-1] > 0


def test_a_changed_byte_of_a_question_is_named_with_its_line(recorded):
    bench, text, _ = recorded
    number = next(number for number, line in enumerate(text.splitlines(), 1) if "> pump_kcl 0VOL5.000" in line)
    with pytest.raises(TranscriptError) as caught:
        replayed(bench, text.replace("> pump_kcl 0VOL5.000", "> pump_kcl 0VOL5.001"))
    assert f"made.txt: line {number} (pump_kcl): has '0VOL5.001\\\\r', but '0VOL5.000\\\\r' was sent" in str(
        caught.value
    )


def test_a_changed_reply_reaches_the_driver(recorded):
    bench, text, found = recorded
    assert text.count("< balance S S     0.0000 g") == 2
    changed = replayed(bench, text.replace("< balance S S     0.0000 g", "< balance S S     1.2500 g"))
    assert changed[3:5] == [1.25, 1.25] != found[3:5]
    assert changed[:3] + changed[5:] == found[:3] + found[5:]


def test_what_was_never_played_is_named(recorded):
    bench, text, _ = recorded
    number = len(text.splitlines()) + 1
    with pytest.raises(TranscriptError, match=rf"line {number} \(balance\): was never played"):
        replayed(bench, text + "    99.000 > balance S\\r\\n\n")


def test_more_than_was_recorded_is_refused():
    text = 'galvanaut transcript 1\ninstrument b mettler-mt-sics ASRL1::INSTR\n0.0 > b I4\\r\\n\n0.1 < b I4 A "1"\\r\\n'
    line = pyvisa.ResourceManager(Replay.playing(Transcript.parse(text, "t"))).open_resource("ASRL1::INSTR")
    line.write_raw(b"I4\r\n")
    with pytest.raises(TranscriptError, match=r"line 4 .*reply that nobody has read"):
        line.write_raw(b"I4\r\n")
    assert line.read_raw() == b'I4 A "1"\r\n'
    with pytest.raises(TranscriptError, match="after its last line for ASRL1::INSTR"):
        line.write_raw(b"I4\r\n")


def test_silence_is_replayed_as_silence(tmp_path, recorded):
    bench, text, _ = recorded
    lines = [line for line in text.splitlines() if "< chamber" not in line]
    library = Replay.playing(Transcript.parse("\n".join(lines), "t"))
    with pytest.raises(BenchError, match="no reply within 5 s") as caught:
        ConnectedBench.open(bench, pyvisa.ResourceManager(library))
    assert [type(error) for error in caught.value.errors] == [NoReplyError]


@given(st.binary(max_size=40))
def test_every_byte_survives(data):
    text = escaped(data)
    assert text.isascii()
    assert text.isprintable()
    assert unescaped(text) == data


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("something else", "line 1: is not a transcript"),
        ("galvanaut transcript 1\n0.0 > b I4", "line 2: no line above says which instrument b is"),
        ("galvanaut transcript 1\ninstrument b x ASRL1::INSTR\n\n0.0 >> b I4", "line 4: is not a message"),
        ("galvanaut transcript 1\ninstrument b x ASRL1::INSTR\n0.0 > b I\\q", r"line 3: '\\\\q' is no escape"),
        ("galvanaut transcript 1\ninstrument b x ASRL1::INSTR\n0.0 > b °", "line 3: .*must be escaped"),
    ],
)
def test_what_is_no_transcript(text, message):
    with pytest.raises(InputError, match=message):
        Transcript.parse(text, "t")


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        Transcript.read(tmp_path / "none.txt")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="is not UTF-8"):
        Transcript.read(tmp_path / "binary")
