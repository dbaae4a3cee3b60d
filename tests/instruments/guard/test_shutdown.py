"""Whatever failed before: what can be reached is off, and what cannot is said, with what it does by itself."""

import threading
import time
from contextlib import ExitStack, contextmanager

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cellsbench import DESCRIPTION, ENVELOPE, charging
from contractlab import ContractLab, contract_lab
from galvanaut.instruments.bench import Bench
from galvanaut.instruments.connect import ConnectedBench
from galvanaut.instruments.errors import AlarmError, BenchError, InstrumentError, NoReplyError
from galvanaut.instruments.guard import shutdown
from galvanaut.simulators.faults import parse_fault
from smalllab import ROOT


@pytest.fixture
def lab(tmp_path):
    with contract_lab(DESCRIPTION, tmp_path / "world.db", "in-process") as one:
        yield one


def silence(lab, name):
    """From now on nothing that is sent to this instrument arrives."""
    lab.world.devices[name].handle = lambda message: b""


def revive(lab, name):
    del lab.world.devices[name].handle


def current_A(lab, holder):
    return lab.world.world.holders.at(holder, lab.world.clock.now()).current_A


def test_what_drives_cells_is_made_safe_first_then_pumps_then_the_rest(lab, monkeypatch):
    order = []
    for name in DESCRIPTION["instruments"]:
        driver = lab.connected.driver(name)
        monkeypatch.setattr(driver, "make_safe", lambda name=name: order.append(name))
    lab.connected.make_safe()
    assert order == ["analyzer", "smu", "pump", "watch", "chamber"]
    order.clear()
    lab.connected.make_safe(["watch", "smu"])
    assert order == ["smu", "watch"]


def test_a_connection_that_was_lost_is_opened_anew_to_make_safe(lab):
    charging(lab, "smu")
    smu = lab.connected.source_meter("smu")
    lab.connected.driver("smu").link.close()
    with pytest.raises(NoReplyError, match="connection failed"):
        smu.measure()
    lab.connected.make_safe()
    assert current_A(lab, "left") == 0
    assert not smu.is_on()


def test_what_cannot_be_reached_is_not_assumed_off(lab):
    for name in ("smu", "analyzer"):
        charging(lab, name)
        silence(lab, name)
    with pytest.raises(BenchError) as caught:
        lab.connected.make_safe()
    analyzer, meter = caught.value.errors
    assert "its state is unknown" in str(meter)
    assert str(meter).endswith(
        "it has no watchdog and may still hold its cell, within the limits programmed last; go and look"
    )
    assert "its state is unknown" in str(analyzer)
    assert str(analyzer).endswith("it stops by itself after 30 s without a message; go and look")
    assert current_A(lab, "left") == pytest.approx(0.002, rel=0.01)
    lab.pass_time(31)
    assert current_A(lab, "right") == 0
    revive(lab, "smu")
    revive(lab, "analyzer")
    lab.connected.make_safe()
    assert current_A(lab, "left") == 0


def test_an_output_that_stays_on_is_known_to_be_on(lab, monkeypatch):
    charging(lab, "smu")
    device, handle = lab.world.devices["smu"], lab.world.devices["smu"].handle
    monkeypatch.setattr(device, "handle", lambda message: b"1\n" if message.strip() == b":OUTP?" else handle(message))
    with pytest.raises(BenchError, match="output stays on") as caught:
        lab.connected.make_safe()
    assert "unknown" not in str(caught.value)


@pytest.mark.parametrize(("name", "holder"), [("smu", "left"), ("analyzer", "right")])
def test_a_current_that_an_open_output_does_not_stop_is_told(lab, name, holder):
    charging(lab, name)
    lab.world.inject(parse_fault(f"relay stuck closed on {name}"))
    with pytest.raises(BenchError, match=rf"\n  {name} .*2 mA flow although its output is off.*disconnect the cell"):
        lab.connected.make_safe()
    assert current_A(lab, holder) == pytest.approx(0.002, rel=0.01)


def test_a_driver_that_fails_keeps_no_other_from_being_made_safe(lab, monkeypatch):
    charging(lab, "analyzer")
    monkeypatch.setattr(lab.connected.driver("smu"), "make_safe", lambda: 1 / 0)
    with pytest.raises(BenchError, match=r"1 instrument\(s\).*\n  smu .*ZeroDivisionError.*its state is unknown"):
        lab.connected.make_safe()
    assert current_A(lab, "right") == 0


def test_an_instrument_connected_anew_goes_on_where_it_was(lab):
    charging(lab, "smu")
    smu = lab.connected.driver("smu")
    assert lab.connected.reopen("smu") is smu
    assert smu.is_on()
    assert current_A(lab, "left") == pytest.approx(0.002, rel=0.01)
    smu.configure(4.0, 0.001)
    assert current_A(lab, "left") == pytest.approx(0.001, rel=0.01)


@pytest.mark.parametrize("reply", [b"KEITHLEY INSTRUMENTS,MODEL 2450,99999999,1.7.0b\n", b"ACME,TOASTER,1,2\n"])
def test_another_instrument_in_its_place_is_never_commanded(lab, monkeypatch, reply):
    device, sent = lab.world.devices["smu"], []

    def another(message):
        sent.append(message)
        return reply if message.startswith(b"*IDN?") else b"SCPI\n" if message.startswith(b"*LANG?") else b"0\n"

    monkeypatch.setattr(device, "handle", another)
    with pytest.raises(InstrumentError, match="another instrument"):
        lab.connected.reopen("smu")
    with pytest.raises(NoReplyError):
        lab.connected.source_meter("smu").output(False)
    with pytest.raises(BenchError, match=r"another instrument.*its state is unknown"):
        lab.connected.make_safe()
    assert {message.strip() for message in sent} <= {b"*IDN?", b"*LANG?"}


def test_an_alarm_at_the_new_connection_is_not_lost(lab, monkeypatch):
    device, handle = lab.world.devices["pump"], lab.world.devices["pump"].handle
    replies = [b"\x0200A?R\x03"]
    monkeypatch.setattr(device, "handle", lambda message: replies.pop() if replies else handle(message))
    with pytest.raises(AlarmError, match="power was cut"):
        lab.connected.reopen("pump")
    assert lab.connected.pump("pump").state() == "stopped"


@contextmanager
def as_real(description, folder):
    with ExitStack() as stack:
        one = ContractLab(description, folder / "world.db", "tcp", stack)
        one.connected.close()
        bench = Bench.model_validate(one.bench.model_dump(by_alias=True) | {"visa": "@py", "armed": True})
        one.connected = ConnectedBench.open(bench, one.manager, arm=True)
        yield one


@pytest.fixture
def real(tmp_path):
    """The same instruments over TCP, as a bench that counts as real."""
    with as_real(DESCRIPTION, tmp_path) as one:
        yield one


def test_a_connection_over_tcp_is_opened_anew(real):
    charging(real, "smu")
    real.connected.driver("smu").link.close()
    smu = real.connected.reopen("smu")
    assert smu.is_on()
    real.connected.driver("smu").link.close()
    real.connected.make_safe()
    assert current_A(real, "left") == 0


def test_real_instruments_are_made_safe_side_by_side_and_one_that_hangs_is_given_up(real, monkeypatch):
    charging(real, "analyzer")
    released = threading.Event()
    monkeypatch.setattr(shutdown, "LIMIT_S", 1.0)
    monkeypatch.setattr(real.connected.driver("smu"), "make_safe", released.wait)
    began = time.monotonic()
    with pytest.raises(BenchError, match=r"smu .*does not answer within 1 s; its state is unknown") as caught:
        real.connected.make_safe()
    released.set()
    assert len(caught.value.errors) == 1
    assert time.monotonic() - began < 5
    assert current_A(real, "right") == 0


@pytest.fixture
def mainframe(tmp_path):
    """The shipped bench with cells, over TCP as a bench that counts as real: two outputs share one connection."""
    description = yaml.safe_load((ROOT / "instruments" / "benches" / "simulated-cells.yaml").read_text("utf-8"))
    with as_real(description, tmp_path) as one:
        yield one


def test_outputs_of_one_mainframe_are_made_safe_after_their_common_connection_was_lost(mainframe):
    for name in ("smu_1", "output_1", "output_2"):
        charging(mainframe, name)
    mainframe.connected.driver("output_1").link.close()
    mainframe.connected.make_safe()
    for holder in ("cell_1", "cell_3", "cell_4"):
        assert current_A(mainframe, holder) == 0


FAILURES = st.lists(
    st.tuples(st.sampled_from(["smu", "analyzer"]), st.sampled_from(["drop", "close", "garble", "nothing"])), max_size=6
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(FAILURES)
def test_after_make_safe_no_output_that_can_be_reached_is_on(tmp_path_factory, failures):
    with contract_lab(DESCRIPTION, tmp_path_factory.mktemp("lab") / "world.db", "in-process") as lab:
        for name in ("smu", "analyzer"):
            charging(lab, name)
        for name, failure in failures:
            _fail(lab, name, failure)
        lab.connected.make_safe()
        assert current_A(lab, "left") == current_A(lab, "right") == 0


def _fail(lab, name, failure):
    """One reply is lost or damaged, or the connection is cut."""
    if failure == "close":
        lab.connected.driver(name).link.close()
        return
    device = lab.world.devices[name]
    handle, bad = type(device).handle, {"drop": b"", "garble": b"\xff\xfe?\n"}

    def once(message):
        del device.handle
        reply = handle(device, message)
        return bad.get(failure, reply) if reply else reply

    device.handle = once


def test_the_envelope_of_the_tests_suits_the_bench():
    assert ENVELOPE.voltage_max_V == 4.2
