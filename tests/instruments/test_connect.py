"""Connecting a whole bench: all or nothing, nothing unarmed, and safe to the last instrument."""

import pytest

from galvanaut.core.errors import InputError
from galvanaut.instruments.bench import Bench
from galvanaut.instruments.connect import ConnectedBench, bench_table, open_manager
from galvanaut.instruments.errors import BenchError, InstrumentError

BENCH = {
    "name": "two",
    "visa": "simulated",
    "stocks": {},
    "vessels": {"mixer": {"capacity": "40 mL"}},
    "instruments": {
        "balance": {"driver": "mettler-mt-sics", "resource": "ASRL1::INSTR", "wiring": {"weighs": "mixer"}},
        "pump": {
            "driver": "new-era-ne-1000",
            "resource": "ASRL2::INSTR",
            "wiring": {"draws": "waste", "into": "mixer"},
            "settings": {"syringe_diameter": "26.59 mm", "rate": "10 mL/min"},
        },
    },
}
BENCH["vessels"]["waste"] = {"capacity": "1 L"}


def lines(*pairs):
    return [(sent.encode() + b"\r\n", reply.encode() + b"\r\n") for sent, reply in pairs]


def packets(*pairs):
    return [(sent.encode() + b"\r", b"\x02" + reply.encode() + b"\x03") for sent, reply in pairs]


BALANCE = lines(
    ("I11", 'I11 A "XPR205"'),
    ("I4", 'I4 A "01"'),
    ("I3", 'I3 A "2.1"'),
    ("M21 0 0", "M21 A"),
)
PUMP = packets(
    ("0", "00A?R"),
    ("0VER", "00SNE1000V3.9"),
    ("0DIA", "00S26.59"),
    ("0VOL", "00S1.000ML"),
    ("0RAT", "00S10.00MM"),
    ("0DIR", "00SINF"),
)
SAFE = packets(("0", "00S"))


def bench(**changes):
    return Bench.model_validate(BENCH | changes)


def test_every_instrument_is_identified_set_up_and_finally_made_safe(wire):
    one = wire([*BALANCE, *PUMP, *SAFE, *SAFE])
    with ConnectedBench.open(bench(), one.manager) as connected:
        assert connected.is_simulated
        assert str(connected.balance("balance")) == "balance"
        assert connected.pump("pump").rate_mL_min == 10
        rows = bench_table(connected.bench, connected)
        assert [row.identity for row in rows] == [
            "Mettler-Toledo XPR205 serial 01 firmware 2.1",
            "New Era NE1000 firmware V3.9",
        ]
        connected.make_safe()
    assert one.library.closed == [2, 2]


def test_closing_alone_leaves_the_instruments_as_they_are(wire):
    one = wire([*BALANCE, *PUMP])
    ConnectedBench.open(bench(), one.manager).close()
    assert one.library.closed == [2, 2]


def test_the_traffic_on_all_wires_is_counted_and_shown(wire):
    one, seen = wire([*BALANCE, *PUMP]), []
    connected = ConnectedBench.open(bench(), one.manager, trace=lambda *message: seen.append(message))
    traffic = connected.traffic
    connected.close()
    sent, received = ([data for _, way, data in seen if way == direction] for direction in "><")
    assert traffic.messages == len(sent) == len(BALANCE) + len(PUMP)
    assert (traffic.sent_bytes, traffic.received_bytes) == (sum(map(len, sent)), sum(map(len, received)))


def test_every_instrument_that_fails_is_named_and_all_are_closed(wire):
    one = wire([*lines(("I11", "ES")), *packets(("0", "00S"), ("0VER", "00SOTHER"))])
    with pytest.raises(BenchError, match=r"bench two: 2 instrument\(s\) failed to connect") as caught:
        ConnectedBench.open(bench(), one.manager)
    assert [error.instrument for error in caught.value.errors] == ["balance", "pump"]
    assert "\n  pump (New Era NE-1000 at ASRL2::INSTR): is another instrument" in str(caught.value)
    assert one.library.closed == [2, 2]


def test_a_resource_that_is_missing_does_not_hide_the_others(wire):
    instruments = {name: dict(entry) for name, entry in BENCH["instruments"].items()}
    instruments["balance"]["resource"] = "ASRL1::missing::INSTR"
    one = wire(PUMP)
    with pytest.raises(BenchError, match=r"1 instrument\(s\) failed to connect\n  balance .*cannot be opened"):
        ConnectedBench.open(bench(instruments=instruments), one.manager)
    assert one.library.closed == [2]


def test_making_safe_goes_on_after_a_failure(wire):
    pump = BENCH["instruments"]["pump"]
    instruments = {"pump": pump, "other": pump | {"resource": "ASRL3::INSTR"}}
    again = packets(("0", "00S?"), ("0", "00S"), ("0VER", "00SNE1000V3.9"), ("0", "00S?"))
    one = wire([*PUMP, *PUMP, *again])
    connected = ConnectedBench.open(bench(instruments=instruments), one.manager)
    with pytest.raises(BenchError, match=r"failed to be made safe\n  pump") as caught:
        connected.make_safe()
    assert len(caught.value.errors) == 1
    assert isinstance(caught.value.errors[0], InstrumentError)
    assert not one.library.dialogue


def test_asking_for_another_role_or_name(wire):
    connected = ConnectedBench.open(bench(), wire([*BALANCE, *PUMP]).manager)
    with pytest.raises(InputError, match="bench two: pump is a pump, not a balance"):
        connected.balance("pump")
    with pytest.raises(InputError, match="has no instrument lcr, only balance, pump"):
        connected.impedance_meter("lcr")
    with pytest.raises(InputError, match="balance is a balance, not a chamber"):
        connected.chamber("balance")


@pytest.mark.parametrize(
    ("armed", "arm", "missing"),
    [
        (False, True, "missing: `armed: true` in the bench file$"),
        (True, False, "missing: --arm$"),
        (False, False, "missing: `armed: true` in the bench file and --arm"),
    ],
)
def test_a_real_bench_is_not_touched_unless_armed_twice(wire, armed, arm, missing):
    with pytest.raises(InputError, match=missing):
        ConnectedBench.open(bench(visa="@py", armed=armed), wire([]).manager, arm=arm)


def test_a_real_bench_that_is_armed_twice_is_connected(wire):
    connected = ConnectedBench.open(bench(visa="@py", armed=True), wire([*BALANCE, *PUMP]).manager, arm=True)
    assert not connected.is_simulated
    connected.close()


def test_visa_libraries():
    assert type(open_manager(bench(visa="@py")).visalib).__module__ == "pyvisa_py.highlevel"
    with pytest.raises(InputError, match="is simulated"):
        open_manager(bench())


def test_a_visa_library_that_is_not_installed_is_named(monkeypatch):
    import pyvisa

    def fail(name):
        raise OSError("Could not open VISA library")

    monkeypatch.setattr(pyvisa, "ResourceManager", fail)
    with pytest.raises(InputError, match=r"VISA library @ivi cannot be loaded .*install the maker's VISA"):
        open_manager(bench(visa="@ivi"))
