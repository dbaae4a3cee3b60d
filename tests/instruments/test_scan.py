"""Who answers at a resource, and what is asked to find out."""

import pytest
import pyvisa

from galvanaut.core.yamlfile import load
from galvanaut.instruments import drivers, scan
from galvanaut.instruments.bench import Bench
from galvanaut.instruments.scan import ask_who, list_resources, questions, questions_for, unused_names
from galvanaut.simulators.bench import SimulatedBench
from galvanaut.simulators.server import serve
from plainchemistry import PlainChemistry
from smalllab import BENCH

HARMLESS = {"*IDN?", "0VER", "I4", "ROM?", "\x1bx1_"}
"""Questions for a name, a version or a serial number, each read in the table of its instrument."""


@pytest.fixture
def world(tmp_path):
    bench = load(BENCH, Bench)
    description = bench.model_dump(mode="json", by_alias=True, exclude_none=True)
    description["holders"] = {"clip": {}}
    description["instruments"] |= {
        "sbi": {"driver": "sartorius-sbi", "resource": "ASRL20::INSTR", "wiring": {"weighs": "cell"}},
        "espec": {
            "driver": "espec-p300",
            "resource": "ASRL21::INSTR",
            "wiring": {"houses": "mixer"},
            "settings": {"minimum": "0 degC", "maximum": "50 degC", "low_limit": "-5 degC", "high_limit": "60 degC"},
        },
        "hioki": {"driver": "hioki-bt3562a", "resource": "TCPIP::h::23::SOCKET", "wiring": {"channel": "clip"}},
        "smu": {"driver": "keithley-2450", "resource": "TCPIP::k::5025::SOCKET", "wiring": {"channel": "clip"}},
    }
    world = SimulatedBench.open(description, tmp_path / "world.db", 1, PlainChemistry())
    yield world
    world.close()


def test_every_simulated_instrument_is_recognised_by_its_own_driver_and_no_other(world):
    manager = pyvisa.ResourceManager(world.visa_library())
    assert len(list_resources(manager)) == len(world.devices)
    for name, device in world.devices.items():
        found = ask_who(manager, device.spec.resource)
        assert (name, found.drivers) == (name, (device.spec.driver,))
        assert found.identity


def test_over_sockets_too(world, monkeypatch):
    monkeypatch.setattr(scan, "PATIENCE_S", 0.3)
    manager = pyvisa.ResourceManager("@py")
    with serve(world) as resources:
        for name in ("pump_dmc", "balance", "sbi", "chamber"):
            assert ask_who(manager, resources[name]).drivers == (world.devices[name].spec.driver,)
        stranger = ask_who(manager, resources.control)
        assert (stranger.identity, stranger.drivers) == ("Galvanaut,Simulated bench,simulated,1", ())
        assert stranger.note == "no driver for it"
    manager.close()


def test_only_harmless_questions_are_sent(world):
    sent = []
    manager = pyvisa.ResourceManager(world.visa_library())
    for device in world.devices.values():
        ask_who(manager, device.spec.resource, lambda _, way, data: sent.append(data) if way == ">" else None)
    assert {data.decode().rstrip("\r\n") for data in sent} == HARMLESS
    assert {question.text for question in questions()} == HARMLESS


def test_a_driver_is_asked_for_only_if_its_question_is_known_to_be_harmless():
    asked = {name for question in questions() for name in question.drivers}
    assert asked == set(drivers.driver_names())  # a new one needs *IDN? or a scan_question to be found


def test_gpib_and_usb_are_asked_idn_only():
    for resource in ("GPIB0::5::INSTR", "USB0::1::2::3::INSTR", "TCPIP::h::INSTR"):
        assert [question.text for question in questions_for(resource)] == ["*IDN?"]


def test_the_question_that_anything_answers_comes_last():
    assert [question.text for question in questions_for("ASRL1::INSTR")][-1] == "\x1bx1_"
    assert questions_for("TCPIP::h::1::SOCKET")[0].text == "*IDN?"


def test_a_pump_that_reports_its_alarm_is_named_all_the_same(world):
    manager = pyvisa.ResourceManager(world.visa_library())
    first, second = (ask_who(manager, "ASRL1::INSTR") for _ in range(2))
    assert first.note == "reported an alarm: was reset: its power was cut"
    assert (second.note, second.identity) == ("", first.identity)


def test_nobody_there(world):
    manager = pyvisa.ResourceManager(world.visa_library())
    assert ask_who(manager, "ASRL99::INSTR").note.startswith("cannot be opened")
    tcp = pyvisa.ResourceManager("@py")
    with serve(world) as resources:
        pass
    assert "refused" in ask_who(tcp, resources["lcr"]).note
    tcp.close()


def test_names():
    assert unused_names(["a-b", "a-b", "c", "a-b"]) == ["a_b", "a_b_2", "c", "a_b_3"]
    assert unused_names(["a-b-2", "a-b", "a-b"]) == ["a_b_2", "a_b", "a_b_3"]
