"""How faults are written down, and who can have which."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galvanaut.core.errors import InputError
from galvanaut.simulators.bench import DEVICES
from galvanaut.simulators.faults import Fault, applicable, parse_fault
from galvanaut.simulators.faults.dialects import DIALECTS
from galvanaut.simulators.faults.fault import EVENTS, KINDS, LINE_FAULTS

EVERYONE = set(DEVICES)
PUMPS, BALANCES = {"new-era-ne-1000"}, {"mettler-mt-sics", "sartorius-sbi"}
SENSELESS = {*PUMPS, "virtual-assembler"}
CHAMBERS = {"watlow-f4t", "espec-p300"}
SOURCES = {"keithley-2450", "keysight-n6705c", "keithley-2281s"}
WHO = {
    "sentinel": EVERYONE - SENSELESS,
    "stuck reading": EVERYONE - SENSELESS,
    "sensor drift": EVERYONE - SENSELESS - {"keysight-e4980a"},
    "relay stuck closed": SOURCES,
    "over-voltage trip": SOURCES,
    "door open": CHAMBERS,
    "pump stall": PUMPS,
    "pump power cycle": PUMPS,
    "balance overload": BALANCES,
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_applies_to_the_instruments_that_can_have_it(kind: str) -> None:
    assert {driver for driver in DEVICES if kind in applicable(driver)} == WHO.get(kind, EVERYONE)


def test_there_are_seventeen_kinds_and_unknown_drivers_have_none() -> None:
    assert len(KINDS) == 17
    assert set(DIALECTS) == EVERYONE
    assert applicable("abacus") == ()


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("dropped reply on smu_1 at message 12", {"fault": "dropped reply", "instrument": "smu_1", "message": 12}),
        ("power cut on pump after 1 min of 5 s", {"fault": "power cut", "after_s": 60.0, "size": "5 s"}),
        ("garbled reply on balance for 3 times", {"times": 3, "lasts_s": None}),
        ("garbled reply on balance for 1 time", {"times": 1}),
        ("sensor drift on chamber for 2 h of 0.5 K/h", {"lasts_s": 7200.0, "size": "0.5 K/h"}),
        ("dropped message on smu", {"fault": "dropped reply", "lost": "message"}),
        ("  dead peer  on lcr at message 2  for 10 s ", {"fault": "dead peer", "message": 2, "lasts_s": 10.0}),
    ],
)
def test_a_sentence_is_a_fault(sentence: str, expected: dict[str, object]) -> None:
    fault = parse_fault(sentence)
    assert {key: getattr(fault, key) for key in expected} == expected


@st.composite
def faults(draw: st.DrawFn) -> Fault:
    entry: dict[str, object] = {
        "fault": draw(st.sampled_from(KINDS)),
        "instrument": draw(st.sampled_from(["a", "b_1"])),
    }
    begin = draw(st.sampled_from(["", "message", "after"]))
    if begin:
        entry[begin] = draw(st.integers(1, 99)) if begin == "message" else f"{draw(st.floats(0, 1e6))!r} s"
    end = draw(st.sampled_from(["", "times", "lasts"]))
    if end == "times" and entry["fault"] in LINE_FAULTS:
        entry["times"] = draw(st.integers(1, 99))
    if end == "lasts" and entry["fault"] not in EVENTS:
        entry["lasts"] = f"{draw(st.floats(0.001, 1e6))!r} s"
    if draw(st.booleans()):
        entry["size"] = draw(st.sampled_from(["3 s", "0.5 K/h", "1e-3 V/h"]))
    return Fault.model_validate(entry)


@given(faults())
def test_a_fault_is_read_as_it_is_written(fault: Fault) -> None:
    assert parse_fault(str(fault)) == fault
    assert Fault.model_validate(fault.entry()) == fault


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("", "is not a fault; expected KIND on INSTRUMENT"),
        ("hiccup on smu", "Input should be 'dropped reply'"),
        ("dropped reply on smu at message 0", "message"),
        ("dropped reply on smu after 5", "after: '5' has no unit"),
        ("power cut on smu for 5 s", "happens at one instant"),
        ("door open on chamber for 3 times", "does not come and go with messages"),
        ("dead peer on smu for 0 s", "lasts must be positive"),
    ],
)
def test_what_is_no_fault_is_refused(sentence: str, expected: str) -> None:
    with pytest.raises(ValueError, match=r"after|fault|Input|instant|message|positive") as error:
        parse_fault(sentence)
    assert expected in str(error.value)


@pytest.mark.parametrize(
    "entry",
    [
        {"message": 1, "after": "3 s"},
        {"times": 2, "lasts": "3 s"},
        {"fault": "late reply", "lost": "message"},
        {"when": "now"},
    ],
)
def test_what_does_not_go_together_is_refused(entry: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"not both|lost message|Extra inputs"):
        Fault.model_validate({"fault": "dropped reply", "instrument": "smu", **entry})


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("door open on smu", "simulation.faults.1.instrument: smu (keithley-2450) cannot have the fault 'door open'"),
        ("dead peer on nobody", "simulation.faults.1.instrument: there is no instrument 'nobody'; there are assembler"),
        ("sensor drift on chamber of 3 V/h", "simulation.faults.1.size: '3 V/h' is not the size of a sensor drift"),
        ("sentinel on smu of 3 s", "simulation.faults.1.size: sentinel has no size"),
        ("power cut on smu of 0 s", "simulation.faults.1.size: '0 s' is not a positive time"),
        ({"fault": "dead peer", "instrument": "smu", "after": "3"}, "simulation.faults.1.after: '3' has no unit"),
    ],
)
def test_a_bench_file_with_an_impossible_fault_is_refused(open_host, entry: object, expected: str) -> None:
    with pytest.raises(InputError) as error:
        open_host(faults=["dead peer on smu", entry])
    assert expected in str(error.value)
    assert len(error.value.problems) == 1


def test_an_impossible_fault_is_not_injected(host) -> None:
    with pytest.raises(InputError, match=r"fault pump stall on smu: instrument: .* it can have: dropped reply"):
        host.inject("pump stall on smu")
    with pytest.raises(InputError, match="no instrument 'nobody'"):
        host.bench.clear_faults("nobody")
    assert host.bench.present_faults() == ()
