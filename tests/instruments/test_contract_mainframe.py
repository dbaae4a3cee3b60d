"""Several outputs of one mainframe: entries of the bench file that share one resource, over both transports."""

import contextlib
import copy
import inspect

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contractlab import TRANSPORTS, contract_lab
from galvanaut.core.errors import InputError
from galvanaut.instruments import scpi
from galvanaut.instruments.bench import Bench
from galvanaut.instruments.drivers import driver_class
from galvanaut.instruments.envelope import Envelope
from galvanaut.instruments.errors import NoReplyError, RefusedError
from galvanaut.instruments.link import Link
from galvanaut.instruments.sharedlink import SharedLink
from galvanaut.simulators.bench import SimulatedBench
from plainchemistry import PlainChemistry

LIMITS = {
    "minimum_voltage": "2.5 V",
    "maximum_voltage": "4.2 V",
    "maximum_charge_current": "10 mA",
    "maximum_discharge_current": "10 mA",
    "minimum_temperature": "0 degC",
    "maximum_temperature": "45 degC",
    "maximum_capacity": "5 mAh",
    "maximum_time": "30 h",
}
ENVELOPE = Envelope.model_validate(LIMITS)
FRAME = "TCPIP::192.0.2.21::5025::SOCKET"


def output(number, watchdog="30 s", resource=FRAME):
    return {
        "driver": "keysight-n6705c",
        "resource": resource,
        "wiring": {"channel": f"cell_{number}"},
        "settings": {"output": number, "watchdog": watchdog},
    }


DESCRIPTION = {
    "name": "mainframe",
    "visa": "simulated",
    "holders": {
        f"cell_{number}": {
            "cell": {"capacity": "4 mAh", "state_of_charge": f"{20 * number} %"},
            "envelope": LIMITS,
        }
        for number in (1, 2, 3, 4)
    },
    "instruments": {"one": output(1), "two": output(2, watchdog="12 s"), "four": output(4)},
}


@pytest.fixture(params=TRANSPORTS)
def lab(request, tmp_path):
    with contract_lab(DESCRIPTION, tmp_path / "world.db", request.param) as one:
        yield one


def charge(lab, name, current_A):
    meter = lab.connected.source_meter(name)
    meter.set_limits(ENVELOPE)
    meter.configure(4.2, current_A)
    meter.output(True)
    return meter


def sight(lab, number):
    return lab.world.world.holders.at(f"cell_{number}", lab.world.clock.now())


def test_each_output_drives_the_cell_in_its_own_holder(lab):
    one, four = charge(lab, "one", 0.001), charge(lab, "four", 0.003)
    assert not lab.connected.source_meter("two").is_on()
    assert one.measure().current_A == pytest.approx(0.001, rel=1e-2)
    assert four.measure().current_A == pytest.approx(0.003, rel=1e-2)
    assert [sight(lab, number).current_A for number in (1, 2, 3, 4)] == pytest.approx([0.001, 0, 0, 0.003])
    assert one.measure().voltage_V < four.measure().voltage_V


def test_one_session_serves_them_all(lab):
    links = [lab.connected.source_meter(name).link for name in DESCRIPTION["instruments"]]
    assert len({id(link._line) for link in links}) == 1
    assert [link.instrument for link in links] == list(DESCRIPTION["instruments"])


def test_making_one_safe_leaves_the_others_alone(lab):
    one, four = charge(lab, "one", 0.001), charge(lab, "four", 0.003)
    one.make_safe()
    one.make_safe()
    assert not one.is_on()
    assert four.is_on()
    assert [sight(lab, number).current_A for number in (1, 4)] == pytest.approx([0, 0.003])
    one.set_up()
    assert four.is_on()


def test_the_shortest_watchdog_of_all_holds_and_any_message_feeds_it(lab):
    assert [driver.settings.watchdog_s for driver in map(lab.connected.source_meter, ("one", "two", "four"))] == [
        12
    ] * 3
    one, four = charge(lab, "one", 0.001), charge(lab, "four", 0.003)
    for _ in range(6):
        lab.pass_time(10)
        four.measure()
    assert one.is_on()
    assert sight(lab, 1).current_A == pytest.approx(0.001)


def test_a_silent_host_stops_all_cells_and_each_is_cleared_by_itself(lab):
    one, four = charge(lab, "one", 0.001), charge(lab, "four", 0.003)
    lab.pass_time(13)
    assert [sight(lab, number).current_A for number in (1, 4)] == [0, 0]
    assert one.protections() == four.protections() == ["coupled protection or watchdog"]
    one.clear_protection()
    assert one.protections() == []
    assert four.protections() == ["coupled protection or watchdog"]
    charge(lab, "one", 0.001)
    assert [sight(lab, number).current_A for number in (1, 4)] == pytest.approx([0.001, 0])


def test_the_trip_of_one_output_is_not_that_of_another_one_even_if_the_panel_had_coupled_them(lab):
    one = lab.connected.source_meter("one")
    scpi.apply(one.link, ":OUTP:PROT:COUP ON")
    lab.connected.close()
    lab.connected = lab.connect()
    one, four = charge(lab, "one", 0.001), charge(lab, "four", 0.003)
    scpi.apply(one.link, ":VOLT:PROT 3,(@1)")
    assert one.protections() == ["over-voltage"]
    assert four.protections() == []
    assert sight(lab, 4).current_A == pytest.approx(0.003)


def test_coupled_protections_and_channel_lists_on_the_wire(lab):
    one, four = charge(lab, "one", 0.001), charge(lab, "four", 0.003)
    assert one.link.query(":OUTP? (@1,2,4)") == "1,0,1"
    assert [float(part) for part in one.link.query(":VOLT:PROT? (@1:4)").split(",")][::3] == pytest.approx([4.3, 4.3])
    scpi.apply(one.link, ":OUTP:PROT:COUP ON")
    scpi.apply(one.link, ":VOLT:PROT 3,(@1)")
    assert four.protections() == ["coupled protection or watchdog"]
    assert [sight(lab, number).current_A for number in (1, 4)] == [0, 0]


def test_a_cell_at_rest_can_be_read_if_the_bench_file_says_so(lab):
    meter = lab.connected.source_meter("two")
    assert meter.measure().voltage_V == pytest.approx(sight(lab, 2).voltage_V, abs=0.01)
    assert not meter.capabilities(meter.settings).measures_when_off
    kind = driver_class("keysight-n6705c")
    assert kind.capabilities(kind.Settings.model_validate({"reads_when_off": True})).measures_when_off


def test_a_restarted_host_finds_each_output_as_it_was(lab):
    charge(lab, "one", 0.001)
    lab.connected.close()
    lab.connected = lab.connect()
    states = {name: lab.connected.source_meter(name).is_on() for name in DESCRIPTION["instruments"]}
    assert states == {"one": True, "two": False, "four": False}


def test_errors_name_the_entry_and_not_its_neighbour(lab):
    for name in ("two", "one", "four"):
        meter = lab.connected.source_meter(name)
        with pytest.raises(RefusedError, match=rf"^{name} \(Keysight N6705C at TCPIP.*refused a setting"):
            meter._set("VOLT", "99")
        with pytest.raises(NoReplyError, match=rf"^{name} \("):
            meter.link.query(":NONSENSE?", timeout_s=0.3)
        assert scpi.read_errors(meter.link) != []


def test_after_the_silence_of_one_the_other_gets_its_own_reply(lab):
    with pytest.raises(NoReplyError):
        lab.connected.source_meter("one").link.query(":NONSENSE?", timeout_s=0.3)
    assert lab.connected.source_meter("four").link.query("*IDN?").startswith("Keysight Technologies,N6705C")


def test_a_fresh_connection_of_one_is_that_of_all(lab):
    one, four = charge(lab, "one", 0.001), charge(lab, "four", 0.003)
    lab.connected.reopen("one")
    assert one.is_on()
    assert four.measure().current_A == pytest.approx(0.003, rel=1e-2)


def test_every_word_of_a_link_is_passed_on():
    inherited = {"error", "open"}
    public = {name for name, _ in inspect.getmembers(Link, inspect.isfunction) if not name.startswith("_")}
    assert public - inherited <= set(vars(SharedLink))


def changed(**instruments):
    tree = copy.deepcopy(DESCRIPTION)
    tree["instruments"] |= instruments
    return tree


@pytest.mark.parametrize(
    ("entry", "place", "words"),
    [
        (output(3) | {"settings": {"output": 2}}, "settings", "two already has output 2 of TCPIP"),
        (output(3) | {"driver": "keithley-2450", "settings": {}}, "resource", "is already the resource of one"),
    ],
)
def test_one_output_has_one_entry(entry, place, words):
    with pytest.raises(ValueError, match=words) as caught:
        Bench.model_validate(changed(more=entry))
    assert caught.value.errors()[0]["loc"][:3] == ("instruments", "more", place)


def test_the_simulated_bench_says_the_same(tmp_path):
    entry = output(3) | {"settings": {"output": 2}}
    with pytest.raises(InputError, match=r"instruments.more.resource: TCPIP.* is already one's"):
        SimulatedBench.open(changed(more=entry), tmp_path / "world.db", seed=1, chemistry=PlainChemistry())


def test_other_instruments_keep_their_resource_for_themselves():
    entry = {"driver": "hioki-bt3562a", "resource": "ASRL1::INSTR", "wiring": {"channel": "cell_1"}}
    with pytest.raises(ValueError, match="already the resource of tester"):
        Bench.model_validate(changed(tester=entry, other=entry))


@pytest.mark.parametrize(
    ("driver", "settings", "expected"),
    [
        ("keithley-2450", {}, (1.05, 1e-9, None)),
        ("keithley-2450", {"model": 2461}, (7.35, 1e-6, None)),
        ("keysight-n6705c", {"watchdog": "12 s"}, (3.0, 1e-4, 12.0)),
    ],
)
def test_what_a_source_meter_can_do_is_known_without_it(driver, settings, expected):
    kind = driver_class(driver)
    limits = kind.capabilities(kind.Settings.model_validate(settings))
    assert (limits.current_max_A, limits.current_min_A, limits.watchdog_s) == expected
    assert (limits.voltage_min_V, limits.voltage_max_V) == (0, 20)
    assert not limits.measures_when_off
    assert limits.discharges


ACTIONS = {
    "limits": lambda meter: meter.set_limits(ENVELOPE),
    "charge": lambda meter: meter.configure(4.2, 0.002),
    "discharge": lambda meter: meter.configure(2.5, 0.003),
    "on": lambda meter: meter.output(True),
    "off": lambda meter: meter.output(False),
    "measure": lambda meter: meter.measure(),
    "clear": lambda meter: meter.clear_protection(),
    "safe": lambda meter: meter.make_safe(),
}
STEPS = st.tuples(st.sampled_from(["one", "two", "four"]), st.sampled_from(sorted(ACTIONS)))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, max_size=25))
def test_whatever_one_output_does_its_neighbours_stay_as_they_are(tmp_path_factory, steps):
    with contract_lab(DESCRIPTION, tmp_path_factory.mktemp("world") / "world.db", "in-process") as lab:
        cells = {"one": 1, "two": 2, "four": 4}
        with lab.connected:
            for name, action in steps:
                before = {other: sight(lab, number).mode == "open" for other, number in cells.items()}
                with contextlib.suppress(RefusedError):
                    ACTIONS[action](lab.connected.source_meter(name))
                after = {other: sight(lab, number).mode == "open" for other, number in cells.items()}
                assert {**after, name: None} == {**before, name: None}
            assert scpi.read_errors(lab.connected.source_meter("one").link) == []
        assert [sight(lab, number).current_A for number in (1, 2, 3, 4)] == [0, 0, 0, 0]
