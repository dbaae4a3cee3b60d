"""The virtual assembler, byte by byte from its command table."""

import pytest
import pyvisa
from pydantic import ValidationError

from fakeassembler import FakeAssembler, FakeLibrary
from galvanaut.core.clock import SystemClock
from galvanaut.core.errors import InputError
from galvanaut.flows.bench_record import _reading as reading
from galvanaut.flows.drill.matrix import scenarios
from galvanaut.instruments.bench import Bench
from galvanaut.instruments.connect import ConnectedBench, bench_table
from galvanaut.instruments.drivers import driver_class
from galvanaut.instruments.errors import BadReadingError, InstrumentError, NoReplyError, RefusedError
from galvanaut.instruments.guard.reconcile import look
from galvanaut.instruments.roles import Assembler, Assembly

RESOURCE = "TCPIP::192.0.2.12::5025::SOCKET"
IDENTITY = "GALVANAUT,VIRTUAL ASSEMBLER,SIMULATED,1"
OK = '+0,"No error"'
ASK = ':ASS:RES? "A-1"'


def dialogue(*pairs: tuple[str, str | None]):
    return [(sent.encode() + b"\n", None if reply is None else reply.encode() + b"\n") for sent, reply in pairs]


@pytest.fixture
def assembler(wire):
    return lambda *pairs, **settings: wire(dialogue(*pairs)).driver("virtual-assembler", RESOURCE, **settings)


def test_a_cell_from_the_first_byte_to_the_last(assembler):
    one: Assembler = assembler(
        ("*IDN?", IDENTITY),
        ("*CLS", None),
        (":ASS:STAT?", "IDLE"),
        (':ASS:HOLD? "holder_1"', '""'),
        (':ASS:CELL "A-1","holder_1",0.04;:SYST:ERR?', OK),
        (":ASS:STAT?", "BUSY"),
        (ASK, 'BUSY,"holder_1",0'),
        (ASK, 'OK,"holder_1",0.0489'),
        (':ASS:HOLD? "holder_1"', '"A-1"'),
        (':ASS:UNL "holder_1";:SYST:ERR?', OK),
        (':ASS:RES? "A-2"', "NONE"),
    )
    assert str(one.identify()) == "GALVANAUT VIRTUAL ASSEMBLER serial SIMULATED firmware 1"
    one.set_up()
    assert not one.is_busy()
    assert one.cell_in("holder_1") is None
    one.assemble("A-1", "holder_1", 0.04)
    assert one.is_busy()
    assert one.outcome("A-1") == Assembly("busy", "holder_1", 0.0)
    assert one.outcome("A-1") == Assembly("built", "holder_1", 0.0489)
    assert one.cell_in("holder_1") == "A-1"
    one.unload("holder_1")
    assert one.outcome("A-2") is None


@pytest.mark.parametrize("reply", ["GALVANAUT,VIRTUAL PUMP,SIMULATED,1", "VIRTUAL ASSEMBLER", "", IDENTITY + ",2"])
def test_another_instrument_is_named(assembler, reply):
    with pytest.raises(InstrumentError, match="expected a virtual assembler; check the resource"):
        assembler(("*IDN?", reply)).identify()


def test_a_failure_comes_with_its_reason(assembler):
    one = assembler((ASK, 'FAILED,"holder_1",0.0312,"lid slipped, and leaked"'))
    assert one.outcome("A-1") == Assembly("failed", "holder_1", 0.0312, "lid slipped, and leaked")


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "OK",
        'OK,"holder_1"',
        "OK,holder_1,0.04",
        'OK,"holder_1",0',
        'OK,"holder_1",-0.04',
        'OK,"holder_1",9.9E37',
        'OK,"holder_1",nan',
        'OK,"holder_1",49',
        'OK,"holder_1",0.04,"why"',
        'OK,"",0.04',
        'BUSY,"holder_1",0.04',
        'FAILED,"holder_1",0.04',
        'FAILED,"holder_1",0.04,""',
        'DONE,"holder_1",0.04',
        "none",
    ],
)
def test_what_is_no_outcome_is_never_returned(assembler, reply):
    with pytest.raises(BadReadingError, match="expected OK, BUSY or FAILED with holder and mass, or NONE"):
        assembler((ASK, reply)).outcome("A-1")


@pytest.mark.parametrize("reply", ["", "holder_1", '"A-1', '"A 1"', '"A-1";"B"', "NONE"])
def test_what_is_no_name_is_no_cell(assembler, reply):
    with pytest.raises(BadReadingError, match="expected the name of a cell"):
        assembler((':ASS:HOLD? "holder_1"', reply)).cell_in("holder_1")


@pytest.mark.parametrize(
    ("act", "command", "words"),
    [
        (
            lambda d: d.assemble("A-1", "holder_1", 0.04),
            ':ASS:CELL "A-1","holder_1",0.04',
            "declined, which means: it is busy, the holder is unknown or occupied, the vessel holds too little",
        ),
        (lambda d: d.unload("holder_1"), ':ASS:UNL "holder_1"', "the holder is empty, or a source drives its cell"),
    ],
)
def test_a_refusal_says_what_it_may_mean_and_empties_the_queue(assembler, act, command, words):
    one = assembler((f"{command};:SYST:ERR?", '-221,"Settings conflict"'), (":SYST:ERR?", OK))
    with pytest.raises(RefusedError, match=words) as caught:
        act(one)
    assert caught.value.reply == '-221,"Settings conflict"'


@pytest.mark.parametrize("volume_mL", [0, -0.1, 1.01, float("nan"), float("inf")])
def test_a_volume_that_no_cell_takes_is_not_sent(assembler, volume_mL):
    with pytest.raises(RefusedError, match="only above 0 to 1 mL; nothing was sent"):
        assembler().assemble("A-1", "holder_1", volume_mL)


@pytest.mark.parametrize("name", ["", 'A","holder_2', "A 1", "1A", "A" * 65, "A\n"])
def test_a_name_that_is_none_is_not_sent(assembler, name):
    one = assembler()
    calls = (lambda: one.assemble(name, "holder_1", 0.04), lambda: one.assemble("A-1", name, 0.04))
    for call in (*calls, lambda: one.outcome(name), lambda: one.unload(name), lambda: one.cell_in(name)):
        with pytest.raises(RefusedError, match="cannot name a cell or a holder; nothing was sent"):
            call()


@pytest.mark.parametrize("reply", ["IDLE", "BUSY"])
def test_it_is_safe_idle_or_busy_as_often_as_one_asks(assembler, reply):
    one = assembler((":ASS:STAT?", reply), (":ASS:STAT?", reply))
    one.make_safe()
    one.make_safe()


def test_one_that_does_not_answer_is_not_called_safe(assembler):
    with pytest.raises(NoReplyError):
        assembler((":ASS:STAT?", None)).make_safe()
    with pytest.raises(BadReadingError, match="expected IDLE or BUSY"):
        assembler((":ASS:STAT?", "FINE")).make_safe()


def test_settings_carry_units():
    settings = driver_class("virtual-assembler").Settings.model_validate({"failure_rate": "0 %", "duration": "2 min"})
    assert (settings.failure_rate_percent, settings.duration_s) == (0.0, 120.0)
    with pytest.raises(ValidationError, match="has no unit"):
        driver_class("virtual-assembler").Settings.model_validate({"failure_rate": 0.05})


# -- on a bench ---------------------------------------------------------------------------------------------------

ENTRY = {
    "driver": "virtual-assembler",
    "resource": RESOURCE,
    "wiring": {"fills_from": "mixer", "loads": ["holder_1", "holder_2"]},
}


def bench(entry=None, **changes):
    tree = {
        "name": "cells",
        "visa": "simulated",
        "vessels": {"mixer": {"capacity": "40 mL"}},
        "holders": {"holder_1": {}, "holder_2": {}, "holder_3": {}},
        "instruments": {"assembler": ENTRY | (entry or {})},
    }
    return Bench.model_validate(tree | changes)


def test_a_bench_knows_which_holders_it_loads():
    one = bench()
    assert one.instruments["assembler"].wiring.words() == {"fills_from": "mixer", "loads": "holder_1, holder_2"}


@pytest.mark.parametrize("visa", ["@py", "@ivi"])
def test_on_a_bench_that_is_not_simulated_it_is_refused(visa):
    with pytest.raises(ValidationError, match="exists on simulated benches only; leave it out") as caught:
        bench(visa=visa, armed=True)
    assert caught.value.errors()[0]["loc"] == ("instruments", "assembler", "driver")


def test_on_a_simulated_bench_that_another_process_serves_it_is_not():
    assert "assembler" in bench(visa="@py", armed=True, served=True).instruments


@pytest.mark.parametrize(
    ("wiring", "words"),
    [
        ({"loads": ["holder_1"]}, "an assembler needs fills_from and loads; fills_from is missing"),
        ({"fills_from": "mixer"}, "loads is missing"),
        ({"fills_from": "mixer", "loads": []}, "at least 1 item"),
        ({"fills_from": "mixer", "loads": ["holder_9"]}, "'holder_9' is not a holder of this bench; known are"),
        ({"fills_from": "mixer", "loads": ["holder_1", "holder_1"]}, "names holder_1 more than once"),
        ({"fills_from": "holder_1", "loads": ["holder_1"]}, "'holder_1' is not a vessel"),
        ({"fills_from": "mixer", "loads": ["holder_1"], "channel": "holder_1"}, "an assembler has no channel, only"),
    ],
)
def test_its_wiring_is_checked(wiring, words):
    with pytest.raises(ValidationError, match=words):
        bench({"wiring": wiring})


def test_two_assemblers_do_not_load_one_holder():
    other = ENTRY | {"resource": "ASRL9::INSTR", "wiring": {"fills_from": "mixer", "loads": ["holder_3", "holder_2"]}}
    with pytest.raises(ValidationError, match="assembler already loads holder_2"):
        bench(instruments={"assembler": ENTRY, "other": other})


def test_a_bench_with_it_is_connected_checked_and_recorded():
    device = FakeAssembler(SystemClock(), ["holder_1", "holder_2"])
    device.loaded["holder_2"] = "A-7"
    manager = pyvisa.ResourceManager(FakeLibrary.of(device, "on-a-bench"))
    connected = ConnectedBench.open(bench(), manager)
    (row,) = bench_table(connected.bench, connected)
    assert (row.role, row.wiring) == ("assembler", "fills_from mixer, loads holder_1, holder_2")
    assert row.identity.startswith("GALVANAUT VIRTUAL ASSEMBLER")
    assert reading(connected, "assembler") == "idle, A-7 in holder_2"
    assert look(connected) == []
    with pytest.raises(InputError, match="assembler, not a pump"):
        connected.pump("assembler")
    with connected:
        pass


def test_nothing_of_it_is_drilled_because_it_holds_no_danger():
    source = {"driver": "keithley-2450", "resource": "ASRL8::INSTR", "wiring": {"channel": "holder_1"}}
    one = bench(instruments={"assembler": ENTRY, "smu": source})
    assert {each.instrument for each in scenarios(one)} == {"smu"}
    with pytest.raises(
        InputError, match=r"the drill applies to none of these instruments. Possible are assembler: none"
    ):
        scenarios(one, names=["assembler"])
