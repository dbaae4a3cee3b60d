"""Whatever bytes come in, an instrument neither breaks nor forgets how to be kept, and its next answer is its own."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from galvanaut.simulators.devices.ne1000_packets import packet
from galvanaut.simulators.port import Port

WORDS = {
    "pump": ["0", "SAF", "3", "\r", "\x02", "\x03", "\x08", "RUN", "VOL", "1.5", "STP", "DIS", "UC"],
    "espec": ["TEMP", ", ", "S25.0", "H60", "L-10", "MODE", "CONSTANT", "POWER,ON", "?", "\r\n", "MON?", "1,"],
    "sbi": ["\x1b", "P", "T", "U", "V", "S", "x1_", "\r\n"],
    "daq": [":FUNC 'TEMP',", "(@101:104)", ":ROUT:SCAN:CRE ", ":INIT", "*WAI", ";", "\n", ":TRAC:ACT?", "?", "'", "("],
    "assembler": [
        ":ASS:CELL ",
        '"c1"',
        '"c2"',
        '"A"',
        '"B"',
        ",",
        "0.05",
        ":ASS:UNL ",
        ":ASS:RES? ",
        ":ASS:",
        ";",
        "\n",
    ],
    "charger": [":ENTR:FUNC TEST", ":BATT:OUTP 1", ":BATT:TEST:", "VOLT", " 4.2", "SENS:AH:EXEC START", ";", "\n", "?"],
}
SANE = {
    # Returns enough to end any packet, then back to basic mode: twice, as the first may be answered with an alarm.
    "pump": (b"\r" * 260 + packet(b"SAF0") * 2 + b"0VER\r", (b"NE1000V3.928\x03",)),
    "espec": (b"\r\nMODE?\r\n", (b"OFF\r\n", b"STANDBY\r\n", b"CONSTANT\r\n")),
    "sbi": (b"\r\n\x1bx2_\r\n", (b"SIMULATED0\r\n",)),
    "daq": (b"'\n*CLS;:SYST:ERR?\n", (b'0,"No error;0;0 0"\n',)),
    "assembler": (b"\n*CLS;:SYST:ERR?\n", (b'0,"No error"\n',)),
    "charger": (b"\n*CLS;:SYST:ERR?\n", (b'0,"No error"\n',)),
}


@pytest.fixture
def crowd(description, open_bench):
    """A bench with one of each."""
    description["holders"] = {"A": {"cell": {"capacity": "1 Ah", "series_resistance": "50 mohm"}}, "B": {}}
    description["stocks"]["salty"]["composition"] = {"EC": 0.2, "DMC": 0.68, "LiPF6": 0.12}
    made = {
        "pump": ("new-era-ne-1000", {"draws": "salty", "into": "mixer"}, {}),
        "espec": ("espec-p300", {"houses": "A"}, {}),
        "sbi": ("sartorius-sbi", {"weighs": "mixer"}, {}),
        "daq": ("keithley-daq6510", {}, {"temperatures": {"A": 101, "espec": 102}, "voltages": {"A": 103}}),
        "charger": ("keithley-2281s", {"channel": "A"}, {}),
        "assembler": ("virtual-assembler", {"fills_from": "salty", "loads": ["A", "B"]}, {"failure_rate": "50 %"}),
    }
    parts: dict[str, Any] = {
        name: {"driver": driver, "resource": f"ASRL{30 + number}::INSTR", "wiring": wiring, "settings": more}
        for number, (name, (driver, wiring, more)) in enumerate(made.items())
    }
    return open_bench(instruments=parts)


def talk(bench, name: str, data: bytes) -> bytes:
    """Send bytes as they are; everything that has come back when the instrument is at rest."""
    port = Port(bench, bench.devices[name])
    port.write(data)
    reply = b""
    while (arrival := port.next_arrival()) is not None:
        bench.clock.spend(max(0.0, arrival - bench.clock.now()))
        reply += port.arrived()
    return reply


@pytest.mark.parametrize("name", WORDS)
def test_noise_breaks_nothing(crowd, name: str) -> None:
    words = st.one_of(st.sampled_from(WORDS[name]).map(str.encode), st.binary(max_size=6))
    device = crowd.devices[name]

    @given(st.lists(words, max_size=12).map(b"".join), st.floats(0, 100))
    @settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
    def check(noise: bytes, pause_s: float) -> None:
        talk(crowd, name, noise)
        crowd.clock.spend(pause_s)
        message, expected = SANE[name]
        reply = talk(crowd, name, message)
        assert reply.endswith(expected), reply
        kept = json.loads(json.dumps(device.memory(), allow_nan=False))
        device.recall(kept)
        assert device.memory() == kept

    check()
