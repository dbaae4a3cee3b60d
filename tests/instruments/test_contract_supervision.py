"""The scanning multimeter against its simulated twin, over both transports: it sees what is there, on its own wires."""

import copy

import pytest

from contractlab import TRANSPORTS, contract_lab
from galvanaut.instruments import scpi
from galvanaut.instruments.drivers import driver_class
from galvanaut.instruments.errors import BadReadingError, NoReplyError, RefusedError

DESCRIPTION = {
    "name": "contract",
    "visa": "simulated",
    "stocks": {},
    "vessels": {"mixer": {"capacity": "40 mL"}},
    "holders": {"clip_1": {"cell": {"state_of_charge": "50 %"}}, "clip_2": {}},
    "instruments": {
        "chamber": {
            "driver": "espec-p300",
            "resource": "ASRL1::INSTR",
            "wiring": {"houses": "clip_1"},
            "settings": {
                "minimum": "-20 degC",
                "maximum": "60 degC",
                "low_limit": "-25 degC",
                "high_limit": "65 degC",
            },
        },
        "watch": {
            "driver": "keithley-daq6510",
            "resource": "TCPIP::192.0.2.12::5025::SOCKET",
            "wiring": {},
            "settings": {
                "temperatures": {"clip_1": 101, "chamber": 102, "clip_2": 105},
                "voltages": {"clip_1": 111, "clip_2": 112},
            },
        },
    },
}


@pytest.fixture(params=TRANSPORTS)
def lab(request, tmp_path):
    with contract_lab(DESCRIPTION, tmp_path / "world.db", request.param) as one:
        yield one


@pytest.fixture
def watch(lab):
    return lab.connected._named("watch", "thermometer")


def test_it_is_who_the_bench_file_says(lab):
    assert "DAQ6510" in lab.connected.identities["watch"].model


def test_it_reads_every_place_that_the_bench_file_names(watch):
    scan = watch.scan()
    assert set(scan.temperatures_degC) == {"clip_1", "chamber", "clip_2"}
    assert all(10 < value < 35 for value in scan.temperatures_degC.values())
    assert 3.0 < scan.voltages_V["clip_1"] < 4.3
    assert scan.voltages_V["clip_2"] == pytest.approx(0, abs=0.01)


def test_it_sees_a_chamber_that_warms_up_and_what_is_in_it(lab, watch):
    chamber = lab.connected.chamber("chamber")
    chamber.set_temperature(50)
    chamber.run()
    before = watch.scan()
    lab.pass_time(4 * 3600)
    after = watch.scan()
    assert after.temperatures_degC["chamber"] == pytest.approx(50, abs=3)
    assert after.temperatures_degC["chamber"] == pytest.approx(chamber.temperature_degC(), abs=3)
    assert after.temperatures_degC["clip_1"] == pytest.approx(50, abs=3)
    assert after.temperatures_degC["clip_2"] == pytest.approx(before.temperatures_degC["clip_2"], abs=3)


def test_a_scan_returns_new_readings_each_time(lab, watch):
    for _ in range(3):
        assert len(watch.scan().temperatures_degC) == 3
        lab.pass_time(60)
        assert scpi.read_errors(watch.link) == []


def test_a_place_without_a_thermocouple_is_named(lab, watch):
    """The driver is told of a channel more than the bench has wires."""
    kind = driver_class("keithley-daq6510")
    fields = copy.deepcopy(DESCRIPTION["instruments"]["watch"]["settings"])
    fields["temperatures"]["nowhere"] = 109
    other = kind(watch.link, kind.Settings.model_validate(fields))
    other.set_up()
    with pytest.raises(BadReadingError, match=r"no reading of nowhere \(channel 109\); check for an open"):
        other.scan()


def test_a_channel_without_a_card_is_refused(watch):
    kind = driver_class("keithley-daq6510")
    other = kind(watch.link, kind.Settings.model_validate({"temperatures": {"far": 199}}))
    with pytest.raises(RefusedError, match=r"refused a setting.*@199"):
        other.set_up()
    assert scpi.read_errors(watch.link) == []
    assert watch.scan()


def test_made_safe_again_and_again(watch):
    watch.make_safe()
    watch.make_safe()
    assert watch.scan()


def test_an_unanswered_question_leaves_it_usable(watch):
    with pytest.raises(NoReplyError, match="no reply within"):
        watch.link.query(":NOSUCH?", timeout_s=0.2)
    watch.link.write("*CLS")
    assert watch.scan()


def test_somebody_who_clears_its_scan_is_noticed(watch):
    watch.link.write("*RST")
    with pytest.raises((BadReadingError, NoReplyError), match=r"took 0 readings|no reply"):
        watch.scan()
    watch.set_up()
    assert watch.scan()
