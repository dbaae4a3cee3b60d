"""The E4980A's command table, its triggers and formats, and the cell that it sees."""

from __future__ import annotations

import json
from math import atan2, degrees, hypot, pi

import pytest

from galvanaut.simulators.devices.impedance import FUNCTIONS

NOTHING = "+9.90000E+37,+9.90000E+37"

SETTINGS = [
    (":FREQ 1000", ":FREQ?", "+1.00000E+03"),
    (":FREQUENCY:CW 2E6", ":FREQ?", "+2.00000E+06"),
    (":VOLT:LEV 0.01", ":VOLT:LEV?", "+1.00000E-02"),
    (":VOLT 0.02", ":VOLT?", "+2.00000E-02"),
    (":CURR:LEV 0.001", ":CURR:LEV?", "+1.00000E-03"),
    (":FUNC:IMP:TYPE ZTR", ":FUNC:IMP:TYPE?", "ZTR"),
    (":FUNC:IMP RX", ":FUNC:IMP?", "RX"),
    (":FUNC:IMP:RANG 100", ":FUNC:IMP:RANG?;:FUNC:IMP:RANG:AUTO?", "+1.00000E+02;0"),
    (":FUNC:IMP:RANG:AUTO ON", ":FUNC:IMP:RANG:AUTO?", "1"),
    (":APER LONG,4", ":APER?", "LONG,4"),
    (":APER SHORT,256", ":APER?", "SHOR,256"),
    (":BIAS:STAT ON", ":BIAS:STAT?", "1"),
    (":BIAS:VOLT:LEV 1.5", ":BIAS:VOLT:LEV?", "+1.50000E+00"),
    (":CORR:OPEN:STAT ON", ":CORR:OPEN:STAT?", "1"),
    (":CORR:SHOR:STAT ON", ":CORR:SHOR:STAT?", "1"),
    (":TRIG:SOUR BUS", ":TRIG:SOUR?", "BUS"),
    (":INIT:CONT ON", ":INIT:CONT?", "1"),
    (":FORM:ASC:LONG ON", ":FREQ?;:FORM:ASC:LONG?", "+2.000000000E+06;1"),
]


def test_the_settings_row_by_row(lines) -> None:
    for setting, query, reply in SETTINGS:
        assert lines.ask("lcr", f"{setting};{query}") == reply, setting
        assert lines.ask("lcr", ":SYST:ERR?") == '+0,"No error"', setting


def test_reset_brings_the_defaults_back(lines) -> None:
    lines.ask("lcr", ";".join(setting for setting, _, _ in SETTINGS) + ";*OPC?")
    assert lines.ask("lcr", "*RST;:FREQ?;:APER?;:TRIG:SOUR?;:INIT:CONT?;:FUNC:IMP?") == ("+1.00000E+03;MED,1;INT;0;CPD")


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (":FREQ 19", -222),
        (":FREQ 2.1E6", -222),
        (":VOLT:LEV 21", -222),
        (":CURR:LEV 0.2", -222),
        (":APER LONG", -109),
        (":APER LONG,257", -222),
        (":FUNC:IMP:TYPE XYZ", -224),
        (":TRIG", -211),
        (":LIST:FREQ 1,2", -222),
        (":LIST:FREQ", -109),
        (":LIST:MODE ALL", -224),
        (":TRIG:SOUR BUS;:INIT:CONT ON;:DISP:PAGE LIST;:TRIG", -221),
        (":BIAS:WAVE 1", -113),
    ],
)
def test_bad_settings_are_reported(lines, message: str, code: int) -> None:
    assert lines.ask("lcr", f"{message};:SYST:ERR?").startswith(f"{code},")


def test_identity_names_the_model_and_says_that_it_is_simulated(lines) -> None:
    maker, model, serial, _ = lines.ask("lcr", "*IDN?").split(",")
    assert (maker, model, serial) == ("Keysight Technologies", "E4980A", "SIMULATED")
    assert lines.ask("lcr", "*OPT?") == "0"


@pytest.fixture
def meter(lines):
    """A meter set up for the bus trigger, its cell filled with electrolyte."""
    lines.dose("salt", 6)
    lines.dose("transfer", 3)
    lines.ask("lcr", "*RST;*CLS;:TRIG:SOUR BUS;:INIT:CONT ON;:FREQ 50000;:FUNC:IMP:TYPE RX;:APER LONG,4;*OPC?")
    return lines["lcr"]


def test_before_a_trigger_there_are_no_data(meter) -> None:
    assert meter.query(":FETC?") == NOTHING + ",-1"
    assert meter.query(":FETC:IMP:CORR?") == NOTHING


def sigma_S_cm(temperature_degC: float) -> float:
    return 10e-3 * (1 + 0.02 * (temperature_degC - 25))


def test_the_resistance_is_cell_constant_over_conductivity_plus_the_leads(meter) -> None:
    resistance, reactance, status = meter.query("*TRG").split(",")
    assert status == "+0"
    assert float(resistance) == pytest.approx(1 / sigma_S_cm(23) + 0.05, rel=1e-5)
    assert abs(float(reactance)) < 0.02


def test_a_trigger_takes_the_integration_time(meter, bench) -> None:
    start = bench.clock.now()
    meter.write(":TRIG")
    assert meter.query(":FETC?").endswith(",+0")
    assert bench.clock.now() - start == pytest.approx(4 * 0.22)
    meter.query(":FETC?")
    assert bench.clock.now() - start == pytest.approx(4 * 0.22)


def test_formats_of_numbers(meter) -> None:
    short = meter.query(":TRIG;:FETC?").split(",")
    assert [len(part) for part in short] == [12, 12, 2]
    long = meter.query(":FORM:ASC:LONG ON;:FETC?").split(",")
    assert [len(part) for part in long] == [16, 16, 2]
    assert float(long[0]) == pytest.approx(float(short[0]), rel=1e-5)


def test_the_phase_is_smallest_between_10_and_100_kHz(meter) -> None:
    def phase(frequency_Hz: float) -> float:
        return abs(float(meter.query(f":FREQ {frequency_Hz};:FUNC:IMP ZTD;*TRG").split(",")[1]))

    frequencies = [20, 100, 1e3, 1e4, 3e4, 1e5, 3e5, 2e6]
    best = min(frequencies, key=phase)
    assert 1e4 <= best <= 1e5


def test_functions_agree_with_the_impedance(meter) -> None:
    meter.write(":FREQ 1000;:TRIG")
    r, x = (float(value) for value in meter.query(":FETC:IMP:CORR?").split(","))
    z, omega = complex(r, x), 2 * pi * 1000
    expected = {
        "ZTD": (hypot(r, x), degrees(atan2(x, r))),
        "ZTR": (hypot(r, x), atan2(x, r)),
        "RX": (r, x),
        "CSRS": (-1 / (omega * x), r),
        "CPD": ((1 / z).imag / omega, r / -x),
        "GB": ((1 / z).real, (1 / z).imag),
    }
    for name, pair in expected.items():
        found = [float(value) for value in meter.query(f":FUNC:IMP {name};:FETC?").split(",")[:2]]
        assert found == pytest.approx(pair, rel=1e-4), name


def test_every_function_survives_a_pure_resistance() -> None:
    for name, function in FUNCTIONS.items():
        assert all(isinstance(value, float) for value in function(100 + 0j, 1.0)), name


def test_hold_and_bus_do_not_measure_by_themselves_but_the_internal_trigger_does(meter) -> None:
    assert meter.query(":TRIG:SOUR INT;:FETC?").endswith(",+0")
    meter.write("*RST")
    assert meter.query(":FETC?") == NOTHING + ",-1"
    assert meter.query(":INIT;:FETC?").endswith(",+0")


def test_one_trigger_per_arming_without_continuous(meter) -> None:
    assert meter.query(":INIT:CONT OFF;:INIT;:TRIG;:TRIG;:SYST:ERR?") == '-211,"Trigger ignored"'
    assert meter.query(":INIT;:ABOR;:TRIG;:SYST:ERR?") == '-211,"Trigger ignored"'


def test_an_open_cell_is_an_overload(lines) -> None:
    assert lines.ask("lcr", ":TRIG:SOUR BUS;:INIT:CONT ON;*TRG") == NOTHING + ",+1"


def test_air_in_the_cell_is_an_overload(lines, meter) -> None:
    lines.dose("transfer", 10)
    assert meter.query("*TRG") == NOTHING + ",+1"


def test_a_liquid_without_data_gives_no_data_and_no_number(lines) -> None:
    lines.dose("odd", 6)
    lines.dose("transfer", 3)
    assert lines.ask("lcr", ":TRIG:SOUR BUS;:INIT:CONT ON;*TRG") == NOTHING + ",-1"


def test_corrections_take_their_time(lines) -> None:
    start = lines.bench.clock.now()
    lines["lcr"].timeout = 300_000
    assert lines.ask("lcr", ":CORR:OPEN;:CORR:SHOR;*OPC?") == "1"
    assert lines.bench.clock.now() - start == pytest.approx(120)


def test_a_list_is_measured_upon_one_trigger_with_four_fields_for_each_point(meter, bench) -> None:
    single = [meter.query(f":FREQ {each};*TRG") for each in (1000, 20000)]
    start = bench.clock.now()
    meter.write(":LIST:FREQ 1000,20000;:LIST:MODE SEQ;:DISP:PAGE LIST;:TRIG")
    fields = meter.query(":FETC?").split(",")
    assert bench.clock.now() - start == pytest.approx(2 * 4 * 0.22)
    assert meter.query(":LIST:FREQ?;MODE?;:DISP:PAGE?") == "+1.00000E+03,+2.00000E+04;SEQ;LIST"
    for point, alone in zip((fields[:4], fields[4:]), single, strict=True):
        assert point[2:] == ["+0", "+0"]
        assert float(point[0]) == pytest.approx(float(alone.split(",")[0]), rel=1e-3)
    assert len(meter.query(":DISP:PAGE MEAS;*TRG").split(",")) == 3


def test_stepped_each_trigger_measures_the_next_point(meter) -> None:
    meter.write(":FUNC:IMP ZTD;:LIST:FREQ 100,20000;:LIST:MODE STEP;:DISP:PAGE LIST")
    first, second, third = (meter.query("*TRG").split(",") for _ in range(3))
    assert len(first) == len(second) == 4
    assert abs(float(first[1])) > 10 * abs(float(second[1]))
    assert float(third[0]) == pytest.approx(float(first[0]), rel=1e-3)


def test_a_list_survives_the_host(meter, lines) -> None:
    meter.write(":LIST:FREQ 1000,20000;:DISP:PAGE LIST;:TRIG")
    kept = meter.query(":FETC?")
    device = lines.bench.devices["lcr"]
    again = type(device)("lcr", device.spec, device.world)
    again.recall(json.loads(json.dumps(device.memory())))
    assert again.fetch() == kept
