"""Whatever is sent, the instruments stay alive, keep to their limits and can be put away and taken up again."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

WORDS = {
    "smu": [
        *(":SOUR:FUNC CURR", ":SOUR:FUNC VOLT", ":SOUR:VOLT ", ":SOUR:CURR ", ":SOUR:VOLT:ILIM ", ":SOUR:CURR:VLIM "),
        *(":OUTP ON", ":OUTP OFF", ":OUTP:SMOD ", "HIMP", "ZERO", ":READ?", ":FETC?", ":TRAC:DATA? 1,3", "*RST"),
        *(":SOUR:VOLT:PROT PROT2", ":SENS:CURR:RANG ", ':SENS:FUNC "VOLT"', ":ROUT:TERM REAR", ":SYST:ERR?", "*CLS"),
        *(":TRIG:LOAD 'Empty'", ":TRIG:BLOC:MEAS 1", ":TRIG:BLOC:DEL:CONS 2,", ":TRIG:BLOC:BRAN:ALW ", ",1", ":INIT"),
        *(":TRIG:BLOC:BRAN:COUN 3,", ":TRIG:BLOC:SOUR:STAT 1,ON", ":TRIG:BLOC:BUFF:CLE 1", ":ABOR", ":TRIG:STAT?"),
    ],
    "power": [
        *("VOLT ", "CURR ", "CURR:LIM ", "CURR:LIM:NEG ", ",(@2)", ",(@1:4)", " (@2)", "OUTP ON,(@2)", "OUTP OFF,(@2)"),
        *("FUNC CURR,(@2)", "FUNC VOLT,(@2)", "VOLT:PROT ", "OUTP:PROT:WDOG ON", "OUTP:PROT:WDOG:DEL 1", "*RST"),
        *("OUTP:PROT:CLE (@1:4)", "OUTP:PROT:COUP ON", "MEAS:VOLT? (@1:4)", "STAT:QUES:COND? (@2)", "SYST:ERR?"),
    ],
    "tester": [
        *(":FUNC RV", ":FUNC ", "RES", ":RES:RANG ", ":VOLT:RANG ", ":AUT ON", ":INIT:CONT OFF", ":READ?", ":FETC?"),
        *(":TRIG:SOUR EXT", ":TRIG:SOUR IMM", "*ESR?", "*CLS", "*RST"),
    ],
}
NUMBERS = [
    "0",
    "1",
    "-1",
    "4.2",
    "-0.002",
    "1E-3",
    "3",
    "1e999",
    "-1e-300",
    "MAX",
    "MIN",
    "nan",
    "(@",
    ";",
    ";",
    ";:",
    ",",
]


@pytest.mark.parametrize("name", WORDS)
def test_no_message_breaks_an_instrument(open_bench, name: str) -> None:
    bench = open_bench()
    device, ends = bench.devices[name], device_end(bench, name)
    parts = st.one_of(st.sampled_from(WORDS[name]), st.sampled_from(NUMBERS), st.text("abC:*?;,()@\"' 01.", max_size=4))
    messages = st.lists(st.lists(parts, max_size=8).map("".join), max_size=6)

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(messages, st.floats(0, 1e5))
    def storm(texts: list[str], pause_s: float) -> None:
        for text in texts:
            reply, leaves_at = bench.exchange(device, text.encode("ascii"))
            assert reply == b"" or reply.endswith(ends)
            bench.clock.spend(max(0.0, leaves_at - bench.clock.now()) + pause_s)
        for holder in ("A", "B"):
            sight = bench.world.holders.at(holder, bench.clock.now())
            assert abs(sight.current_A) <= 7.35
        memory = json.loads(json.dumps(device.memory(), allow_nan=False))
        pages = json.loads(json.dumps(everything(device), allow_nan=False))
        device.recall(memory)
        device.recall_pages(pages)
        assert device.memory() == memory
        assert everything(device) == pages

    storm()


def everything(device) -> dict[str, Any]:
    return {key: page for part in device.whole_pages() for key, page in part.items()}


def device_end(bench, name: str) -> bytes:
    return b"\r\n" if bench.devices[name].terminator == b"\r" else b"\n"
