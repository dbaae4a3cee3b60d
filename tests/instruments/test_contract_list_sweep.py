"""The LCR meter's list sweep against its simulated twin, over both transports: the same as point by point."""

import numpy as np
import pytest

from contractlab import TRANSPORTS, contract_lab
from galvanaut.instruments import scpi
from galvanaut.instruments.conductometry import FREQUENCIES_HZ
from galvanaut.instruments.errors import BadReadingError

DESCRIPTION = {
    "name": "sweeps",
    "visa": "simulated",
    "stocks": {"KCl": {"composition": {"H2O": 0.9926, "KCl": 0.0074}, "density": "1 g/mL", "available": "1 L"}},
    "vessels": {"cell": {"capacity": "0.3 mL"}},
    "instruments": {
        "pump": {
            "driver": "new-era-ne-1000",
            "resource": "ASRL1::INSTR",
            "wiring": {"draws": "KCl", "into": "cell"},
            "settings": {"syringe_diameter": "26.59 mm", "rate": "10 mL/min"},
        },
        "lcr": {
            "driver": "keysight-e4980a",
            "resource": "TCPIP::192.0.2.11::5025::SOCKET",
            "wiring": {"connects": "cell"},
            "settings": {"experimental": True},
        },
    },
}


@pytest.fixture(params=TRANSPORTS)
def lab(request, tmp_path):
    with contract_lab(DESCRIPTION, tmp_path / "world.db", request.param) as one:
        yield one


@pytest.fixture
def meter(lab):
    return lab.connected.impedance_meter("lcr")


def fill(lab):
    pump = lab.connected.pump("pump")
    pump.prepare(2.0)
    pump.start()
    lab.pass_time(60)


def test_a_list_sweep_gives_what_single_measurements_give(lab, meter):
    fill(lab)
    listed = meter.sweep(FREQUENCIES_HZ)
    single = [meter.impedance(frequency) for frequency in FREQUENCIES_HZ]
    np.testing.assert_allclose(listed, single, rtol=2e-3)
    assert scpi.read_errors(meter.link) == []


def test_one_bad_point_spoils_the_list_and_the_meter_goes_on(lab, meter):
    with pytest.raises(BadReadingError, match=r"is overloaded.*at 1000 Hz"):
        meter.sweep([1000, 20000])
    fill(lab)
    assert meter.impedance(1000).real > 0
    assert scpi.read_errors(meter.link) == []


def test_a_host_that_ended_within_a_sweep_has_left_no_trap(lab, meter):
    fill(lab)
    for command in (":LIST:FREQ 100,200", ":DISP:PAGE LIST"):
        scpi.apply(meter.link, command)
    lab.connected.close()
    lab.connected = lab.connect()
    assert lab.connected.impedance_meter("lcr").impedance(1000).real > 0
