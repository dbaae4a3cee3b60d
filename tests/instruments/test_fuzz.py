"""Whatever arrives on the wire: a finite number, or an `InstrumentError`. Never anything else."""

import math
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from galvanaut.instruments.drivers import driver_names
from galvanaut.instruments.errors import InstrumentError
from galvanaut.simulators.bench import DEVICES
from replyfuzz import Exchange, record_scenes, run
from replysubjects import DESCRIPTION

PUMP = {"syringe_diameter": "26.59 mm", "rate": "10 mL/min"}
CHAMBER = {"minimum": "-40 degC", "maximum": "80 degC"}
LIMITED = CHAMBER | {"low_limit": "-45 degC", "high_limit": "85 degC"}
READINGS = {
    "dispensed": ("new-era-ne-1000", PUMP, [(b"0DIS\r", b"\x02%s\x03")], lambda d: d.dispensed_mL()),
    "weight": ("mettler-mt-sics", {}, [(b"S\r\n", b"%s\r\n")], lambda d: d.weigh_g()),
    "weight by SBI": ("sartorius-sbi", {"stable_timeout": "1 s"}, [(b"\x1bP\r\n", b"%s\r\n")], lambda d: d.weigh_g()),
    "setpoint of an ESPEC": ("espec-p300", LIMITED, [(b"TEMP?\r\n", b"%s\r\n")], lambda d: d.setpoint_degC()),
    "dispensed in packets": (
        "new-era-ne-1000",
        PUMP | {"safe_mode": "30 s"},
        [(b"0\r", b"\x0200S\x03"), (b"0DIS\r", b"\x02%s\x03")],
        lambda d: d.dispensed_mL(),
    ),
    "setpoint": ("watlow-f4t", CHAMBER, [(b":SOURCE:CLOOP1:SPOINT?\n", b"%s\n")], lambda d: d.setpoint_degC()),
    "impedance": (
        "keysight-e4980a",
        {},
        [(b":FREQ 1000;:SYST:ERR?\n", b'+0,"No error"\n'), (b"*TRG\n", b"%s\n")],
        lambda d: abs(d.impedance(1000)),
    ),
    "source meter": (
        "keithley-2450",
        {},
        [(b':READ? "defbuffer1",SOUR,READ,REL\n', b"%s\n")],
        lambda d: max(abs(value) for value in d.measure()),
    ),
    "clamping": ("keithley-2450", {}, [(b":SOUR:VOLT:ILIM:TRIP?\n", b"%s\n")], lambda d: d.is_clamping()),
    "current": (
        "keysight-n6705c",
        {},
        [(b":MEAS:VOLT? (@1)\n", b"+3.7E+00\n"), (b":MEAS:CURR? (@1)\n", b"%s\n")],
        lambda d: d.measure().current_A,
    ),
    "assembled": (
        "virtual-assembler",
        {},
        [(b':ASS:RES? "A-1"\n', b"%s\n")],
        lambda d: 0.0 if (found := d.outcome("A-1")) is None else found.electrolyte_g,
    ),
    "battery tester": ("hioki-bt3562a", {}, [(b":READ?\r\n", b"%s\r\n")], lambda d: max(map(abs, d.measure()))),
}
PIECES = [
    "00S",
    "S S",
    "I",
    "W",
    "1.000",
    "9.9E37",
    "+1.0E+02",
    "-1",
    "nan",
    "inf",
    ",",
    ",+0",
    " g",
    "ML",
    "UL",
    "A?R",
    "?",
]
noise = st.one_of(
    st.binary(max_size=30), st.lists(st.sampled_from(PIECES), max_size=6).map(lambda p: "".join(p).encode())
)


@pytest.mark.parametrize("name", READINGS)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(arrived=noise)
@example(arrived=b"00SI1.000W0.000ML")
@example(arrived=b"S S     1.0000 g")
@example(arrived=b"+1.0E+00,+0.0E+00,+0")
@example(arrived=b"1.0")
@example(arrived=b"+    5.12 g  ")
@example(arrived=b'OK,"holder_1",0.048')
@example(arrived=b"24.1,25.0,65.0,-25.0")
def test_a_reading_is_a_number_or_an_error(wire, name, arrived):
    driver, fields, dialogue, read = READINGS[name]
    script = [(sent, reply.replace(b"%s", arrived)) for sent, reply in dialogue]
    subject = wire(script).driver(driver, **fields)
    try:
        value = read(subject)
    except InstrumentError:
        return
    assert math.isfinite(value)
    assert abs(value) < 9.8e37


# -- every method of every driver -------------------------------------------------------------------------------------

LINES = (Path(__file__).parent / "fuzz_seeds.txt").read_text(encoding="utf-8").splitlines()
SEEDS = sorted({int(line.split()[0]) for line in LINES if not line.startswith("#")})
CASES = 2000
"""Of each seed; `benchmarks/fuzz_replies.py` plays the million."""


@pytest.fixture(scope="module")
def scenes(tmp_path_factory):
    return record_scenes(tmp_path_factory.mktemp("scenes"))


def test_every_driver_is_played_and_a_good_dialogue_is_accepted(scenes):
    assert {entry["driver"] for entry in DESCRIPTION["instruments"].values()} == set(driver_names()) & DEVICES.keys()
    for scene in scenes:
        assert scene.play(None) is None, scene.name
        assert scene.was_refused == (scene.name == "tester.zero"), scene.name  # its leads are at a cell


@pytest.mark.parametrize("seed", SEEDS)
def test_damaged_replies_end_in_a_result_in_range_or_an_error(scenes, seed):
    findings = run(scenes, seed, CASES)
    assert findings.texts == []
    assert 0.3 * CASES < findings.errors < CASES  # most are noticed, and not all calls fail for another reason


class Says:
    """One reply instead of the right one, whenever ``question`` is asked."""

    def __init__(self, scene, question, answer):
        self.scene, self.question, self.answer = scene, question, answer

    def reply(self, place, reply):
        sent = self.scene.dialogue[place].sent if place < len(self.scene.dialogue) else b""
        return self.answer if self.question in sent else reply

    def unasked(self):
        return b""


FOUND = [
    ("mettler.weigh", b"S", b"S S     %s g\r\n" % (b"9" * 400)),
    ("mettler.immediate", b"SI", b"S S     4294967296 g\r\n"),
    ("sartorius.weigh", b"P", b"+   4294967296 g  \r\n"),
    ("watlow.temperature", b"PVALUE?", b"-1E10\n"),
    ("watlow.setpoint", b"SPOINT?", b"200000\n"),
    ("espec.temperature", b"TEMP?", b"1E9,25.0,65.0,-25.0\r\n"),
    ("lcr.impedance", b"*TRG", b"+9.9E+01,999999999999999999999999999999,+0\n"),
    ("analyzer.measure", b"CURR?", b"999999999999999999999999999999\n"),
    ("analyzer.output off", b"SYST:ERR?", b'%s,"No error"\n' % (b"1" * 5000)),
    ("smu.measure", b"READ?", b"3.7,0.002,-1E10\n"),
    ("charger.measure", b"DATA?", b"+4.2E+00,+5.2E-02,+8.0E+00,+1.5E-05,1E10\n"),
    ("tester.measure", b"READ?", b"   7.998E+0, 497E+0\r\n"),
    ("tester.set_up", b"ESR?", b"\x1d0\r\n"),
    ("watch.scan", b"TRAC:DATA?", b"%s,1,2,102,1,2,111,1,2\n" % (b"1" * 5000)),
    ("watch.scan", b"TRAC:DATA?", b"101,1E9,2,102,1,2,111,1,2\n"),
    ("pump.dispensed", b"DIS", b"\x0200I%sW0.000ML\x03" % (b"1" * 400)),
]
"""Replies that were accepted, or ended in another exception, when fuzzing found them."""


@pytest.mark.parametrize(("name", "question", "answer"), FOUND)
def test_what_fuzzing_found_is_an_error_now(scenes, name, question, answer):
    scene = next(scene for scene in scenes if scene.name == name)
    assert scene.play(Says(scene, question, answer)) is None
    assert scene.was_refused


class Misplaced:
    """The last reply comes twice, or only with the next one."""

    def __init__(self, scene, is_twice):
        self.last, self.is_twice, self.owed = len(scene.dialogue) - 1, is_twice, b""

    def reply(self, place, reply):
        reply, self.owed = self.owed + reply, b""
        if place != self.last:
            return reply
        self.last = None
        if self.is_twice:
            return 2 * reply
        self.owed = reply
        return b""

    def unasked(self):
        return b""


def other_numbers(exchange):
    digit = re.compile(rb"(?<=\d\.)\d")
    changed = digit.sub(lambda match: b"%d" % ((int(match[0]) + 3) % 10), exchange.received)
    return Exchange(exchange.sent, changed)


READERS = {"measure", "weigh", "immediate", "temperature", "setpoint", "impedance", "scan", "dispensed", "readings"}


@pytest.mark.parametrize("is_twice", [True, False], ids=["twice", "late"])
def test_a_misplaced_reply_is_never_the_next_reading(scenes, is_twice):
    readers = [scene for scene in scenes if scene.call.name in READERS and scene.subject != "guarded_pump"]  # checksums
    assert len(readers) > 12
    for scene in readers:
        scene.play(Misplaced(scene, is_twice))
        changed = [other_numbers(exchange) for exchange in scene.dialogue]
        scene.peer.go_on(changed)
        try:
            value = scene.call.act(scene.driver)
        except InstrumentError:
            continue
        scene.state.restore()
        scene.peer.begin(changed, scene.known, None)
        assert repr(value) == repr(scene.call.act(scene.driver)), scene.name
