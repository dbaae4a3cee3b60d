"""Whatever arrives on the wire: a finite number, or an `InstrumentError`. Never anything else."""

import math

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from galvanaut.instruments.errors import InstrumentError

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
