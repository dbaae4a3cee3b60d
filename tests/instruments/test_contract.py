"""Drivers against simulated instruments that were written from the same tables by other hands, over both transports.

The contract is about words and bytes, not about chemistry: liquids have simple made-up properties here.
"""

import contextlib
from pathlib import Path

import pytest
import pyvisa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from galvanaut.instruments import scpi
from galvanaut.instruments.bench import Bench
from galvanaut.instruments.conductometry import FREQUENCIES_HZ, most_resistive_point
from galvanaut.instruments.connect import ConnectedBench
from galvanaut.instruments.errors import BadReadingError, NoReplyError, RefusedError
from galvanaut.simulators.bench import SimulatedBench
from galvanaut.simulators.server import serve
from plainchemistry import PlainChemistry

FILE = Path(__file__).parents[2] / "instruments" / "benches" / "simulated.yaml"
KEPT = ("pump_kcl", "pump_transfer", "balance", "chamber", "lcr")


@pytest.fixture(scope="module")
def description():
    tree = YAML(typ="safe", pure=True).load(FILE.read_text(encoding="utf-8"))
    tree["instruments"] = {name: entry for name, entry in tree["instruments"].items() if name in KEPT}
    del tree["instruments"]["pump_kcl"]["settings"]["maximum_dose"]  # doses of every size are tried
    return tree


class Lab:
    """One simulated world and the drivers connected to it."""

    def __init__(self, description, state, transport, stack):
        self.world = SimulatedBench.open(description, state, seed=1, chemistry=PlainChemistry())
        stack.callback(self.world.close)
        if transport == "tcp":
            resources = stack.enter_context(serve(self.world))
            instruments = {
                name: entry | {"resource": resources[name]} for name, entry in description["instruments"].items()
            }
            self.bench = Bench.model_validate(description | {"instruments": instruments})
            self.manager = pyvisa.ResourceManager("@py")
        else:
            self.bench = Bench.model_validate(description)
            self.manager = pyvisa.ResourceManager(self.world.visa_library())
        self.connected = self.connect()
        stack.callback(lambda: self.connected.close())

    def connect(self):
        return ConnectedBench.open(self.bench, self.manager)

    def pass_time(self, seconds):
        with self.world.lock:
            self.world.clock.spend(seconds)

    def dose(self, name, volume_mL):
        pump = self.connected.pump(name)
        given_mL = pump.prepare(volume_mL)
        pump.start()
        self.pass_time(60 * given_mL / pump.rate_mL_min + 5)
        assert pump.state() == "stopped"
        assert pump.dispensed_mL() == pytest.approx(given_mL)
        return given_mL


@pytest.fixture(params=["in-process", "tcp"])
def lab(request, description, tmp_path):
    with contextlib.ExitStack() as stack:
        yield Lab(description, tmp_path / "world.db", request.param, stack)


@pytest.fixture
def pump(lab):
    return lab.connected.pump("pump_kcl")


@pytest.fixture
def balance(lab):
    return lab.connected.balance("balance")


@pytest.fixture
def chamber(lab):
    return lab.connected.chamber("chamber")


@pytest.fixture
def meter(lab):
    return lab.connected.impedance_meter("lcr")


def test_everybody_is_who_the_bench_file_says(lab):
    models = {name: identity.model for name, identity in lab.connected.identities.items()}
    assert models["pump_kcl"].startswith("NE1000")
    assert "E4980A" in models["lcr"]
    assert all(str(identity) for identity in lab.connected.identities.values())
    assert lab.connected.pump("pump_kcl").was_power_cycled


def test_connecting_again_disturbs_nothing(lab, pump):
    pump.prepare(5)
    pump.start()
    lab.pass_time(6)
    lab.connected.close()
    lab.connected = lab.connect()
    pump = lab.connected.pump("pump_kcl")
    assert not pump.was_power_cycled
    assert pump.state() == "infusing"
    assert 0 < pump.dispensed_mL() < 5
    with pytest.raises(RefusedError, match="no dose is prepared"):
        pump.start()
    lab.pass_time(60)
    assert pump.state() == "stopped"
    assert pump.dispensed_mL() == pytest.approx(5)


def test_a_dose_arrives_on_the_balance(lab, balance):
    before_g = balance.weigh_g()
    given_mL = lab.dose("pump_kcl", 2.5)
    assert balance.weigh_g() - before_g == pytest.approx(given_mL, rel=0.1)


def test_a_dose_can_be_stopped_half_way(lab, pump, balance):
    before_g = balance.weigh_g()
    pump.prepare(5)
    pump.start()
    lab.pass_time(15)
    pump.stop()
    assert pump.state() == "stopped"
    dispensed_mL = pump.dispensed_mL()
    assert dispensed_mL == pytest.approx(2.5, rel=0.05)
    lab.pass_time(60)
    assert pump.dispensed_mL() == dispensed_mL
    assert balance.weigh_g() - before_g == pytest.approx(dispensed_mL, rel=0.1)


def test_a_running_pump_takes_no_other_dose(lab, pump):
    pump.prepare(5)
    pump.start()
    with pytest.raises(RefusedError, match="while infusing"):
        pump.prepare(1)
    with pytest.raises(RefusedError, match="no dose is prepared"):
        pump.start()
    pump.make_safe()
    pump.make_safe()
    assert pump.state() == "stopped"


@pytest.mark.parametrize("volume_mL", [0.02, 0.123, 9.999, 12.34, 39.9])
def test_volumes_of_every_size_are_taken_over(pump, volume_mL):
    assert pump.prepare(volume_mL) == volume_mL


def test_the_balance_while_liquid_flows(lab, pump, balance):
    pump.prepare(5)
    pump.start()
    lab.pass_time(6)
    assert 0.5 < balance.immediate_g() < 2
    pump.stop()
    balance.tare()
    assert balance.weigh_g() == pytest.approx(0, abs=0.01)
    balance.zero()
    assert balance.weigh_g() == pytest.approx(0, abs=0.01)


def test_the_chamber_goes_where_it_is_told(lab, chamber):
    chamber.set_temperature(0)
    chamber.run()
    assert chamber.setpoint_degC() == 0
    lab.pass_time(3 * 3600)
    assert chamber.temperature_degC() == pytest.approx(0, abs=0.5)
    chamber.make_safe()
    assert chamber.setpoint_degC() == 25
    assert chamber.is_running() is False


def test_a_filled_cell_is_a_conductor(lab, meter, chamber):
    chamber.set_temperature(25)
    chamber.run()
    lab.dose("pump_kcl", 8)
    lab.dose("pump_transfer", 4)
    lab.pass_time(3600)
    point = most_resistive_point(FREQUENCIES_HZ, meter.sweep(FREQUENCIES_HZ))
    assert point.resistance_ohm == pytest.approx(100, rel=0.2)  # 10 mS/cm at a cell constant near 1 /cm


def test_an_empty_cell_gives_no_reading(meter):
    with pytest.raises(BadReadingError, match=r"no data|overloaded"):
        meter.impedance(1e4)


def test_the_meter_takes_every_setting(meter):
    for integration in ("SHOR", "MED", "LONG"):
        meter.configure(0.02, integration, 4)
    meter.make_safe()
    assert meter.frequency_Hz >= 20
    assert meter.bias is False


def test_made_safe_as_a_whole_again_and_again(lab):
    lab.connected.make_safe()
    lab.connected.make_safe()


@pytest.mark.parametrize("bad", [":FREQ 1", ":FREQ 3E6", ":NOSUCH 1", ":FUNC:IMP:TYPE XYZ"])
def test_the_meter_reports_what_it_refuses(meter, bad):
    with pytest.raises(RefusedError, match=r"refused a setting.*-\d+,"):
        scpi.apply(meter.link, bad)
    assert scpi.read_errors(meter.link) == []


def test_an_unanswered_question_leaves_the_link_usable(chamber):
    with pytest.raises(NoReplyError, match="no reply within"):
        chamber.link.query(":NOSUCH?", timeout_s=0.2)
    assert chamber.setpoint_degC() == chamber.setpoint_degC()


def test_an_unknown_pump_command_is_refused(pump):
    with pytest.raises(RefusedError, match="does not know the command"):
        pump._exchange("XYZ")


def test_a_rate_out_of_the_pumps_range_is_refused(pump):
    with pytest.raises(RefusedError, match="out of range"):
        pump._exchange("DIA99.99")


def test_a_slow_rate_is_kept_to(lab, pump, balance):
    slow = pump.settings.model_copy(update={"rate_mL_min": 1.4e-3})
    one = type(pump)(pump.link, slow)
    one.set_up()
    before_g = balance.weigh_g()
    one.prepare(0.028)
    one.start()
    lab.pass_time(19 * 60)
    assert one.state() == "infusing"
    lab.pass_time(90)
    assert one.state() == "stopped"
    assert balance.weigh_g() - before_g == pytest.approx(0.028, rel=0.3)


ACTIONS = {
    "prepare": lambda c: c.pump("pump_kcl").prepare(1.5),
    "start": lambda c: c.pump("pump_kcl").start(),
    "stop": lambda c: c.pump("pump_kcl").stop(),
    "weigh": lambda c: c.balance("balance").weigh_g(),
    "tare": lambda c: c.balance("balance").tare(),
    "warm": lambda c: c.chamber("chamber").set_temperature(40),
    "too hot": lambda c: c.chamber("chamber").set_temperature(400),
    "run": lambda c: c.chamber("chamber").run(),
    "measure": lambda c: c.impedance_meter("lcr").impedance(1e4),
    "too fast": lambda c: c.impedance_meter("lcr").impedance(1e9),
    "configure": lambda c: c.impedance_meter("lcr").configure(0.5, "LONG", 2),
}


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(sorted(ACTIONS)), max_size=8))
def test_no_sequence_of_calls_leaves_anything_on_or_an_error_unread(description, tmp_path_factory, names):
    with contextlib.ExitStack() as stack:
        one = Lab(description, tmp_path_factory.mktemp("world") / "world.db", "in-process", stack)
        for name in names:
            with contextlib.suppress(RefusedError, BadReadingError):
                ACTIONS[name](one.connected)
        one.connected.make_safe()
        assert one.connected.pump("pump_kcl").state() == "stopped"
        assert one.connected.chamber("chamber").is_running() is False
        assert one.connected.chamber("chamber").setpoint_degC() == 25
        assert scpi.read_errors(one.connected.impedance_meter("lcr").link) == []
