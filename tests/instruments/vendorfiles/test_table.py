"""Every file in tests/data/cycling and what becomes of it: so many readings, or a refusal with its reason."""

import hashlib
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from galvanaut.core import bdf
from galvanaut.core.errors import InputError
from galvanaut.instruments.telemetry.validate import problems_of
from galvanaut.instruments.vendorfiles import read_file

DATA = Path(__file__).parents[2] / "data" / "cycling"
EXTRAS = {".nda": "fastnda", ".ndax": "fastnda", ".mpr": "galvani"}

# Format, readings, duration in s, cycles, cell, channel.
READ = {
    "bdf_GCPL-0.mpr": ("BioLogic mpr", 4, 2.813, 1, "", ""),
    "bdf_filetype14-0.ndax": ("Neware ndax", 67, 655.4, 1, "commercial_cell_001", "120-0-9"),
    "bdf_legacy.bdf.parquet": ("BDF parquet", 5000, 148781.953, 3, "", ""),
    "bdf_sample.bdf.csv": ("BDF csv", 3, 2.0, None, "", ""),
    "beep_FastCharge_000025_CH8.csv": ("Arbin csv", 248, 1790.008, 1, "", ""),
    "biologic_empa_gen6_01_GCPL.mpr": ("BioLogic mpr", 3791, 38502.698, 3, "", ""),
    "cellpy_bad_custom_good_small.csv": ("cellpy custom csv", 60, 3480.96, 1, "ee002", ""),
    "neware_empa_nw4-120-6-1-36.ndax": ("Neware ndax", 7257, 60921.7, 5, "commercial_cell_009", "120-0-41"),
    "neware_issue94.ndax": ("Neware ndax", 301, 300.0, 1, "123456789012", "27-0-81"),
    "neware_new_nda_file.nda": ("Neware nda", 439, 721.6, 1, "", ""),
    "pyprobe_Sample_data_biologic_timestamped.txt": ("BioLogic text", 8, 12.464, 1, "", "A1"),
    "pyprobe_sample_data_arbin.csv": ("Arbin csv", 13, 271.2135, 1, "", ""),
    "pyprobe_sample_data_novonix.csv": ("Novonix csv", 207, 12287.48, 1, "Co10x3_1Cx3_2_CH01", "01"),
    "rovi_arbin_example.csv": ("Arbin csv", 2142, 6308.4823, 2, "", ""),
}
REFUSED = {
    "bdf_SINTEF_SLPBA_Rate_Neware_Time_Bug.bdf.csv": "line 724: column test_time_second: time runs back from 7200 to 0",
    "cellpy_bad_custom_missing_column.csv": "has no column voltage; found index, test_time",
    "cellpy_bad_custom_missing_cycle.csv": "line 41: column cycle: the cycle jumps from 1 to 3",
    "cellpy_bad_custom_nan_inf.csv": "line 24: column voltage: is empty",
    "cellpy_bad_custom_truncated.csv": "line 80: has 5 of 10 columns: the file was cut short",
    "empa_unicycler_protocol.json": "is a test protocol",
    "rovi_p492-13-summary.csv": "has one row per cycle and no readings",
}


def installed(name):
    module = EXTRAS.get(Path(name).suffix)
    return pytest.mark.skipif(
        module is not None and find_spec(module) is None, reason=f"{module} is not installed: dependency group formats"
    )


def by_name(names):
    return [pytest.param(name, marks=installed(name)) for name in names]


def test_no_file_is_without_a_line_here():
    files = {path.name for path in DATA.iterdir() if path.is_file()} - {"PROVENANCE.md"}
    assert files == set(READ) | set(REFUSED)
    assert not set(READ) & set(REFUSED)


@pytest.mark.parametrize("name", by_name(READ))
def test_what_is_read(name):
    found = read_file(DATA / name)
    kind, rows, duration_s, cycles, cell, channel = READ[name]
    assert (found.format, len(found.frame), found.cycles) == (kind, rows, cycles)
    assert (found.cell, found.channel) == (cell, channel)
    assert found.duration_s == pytest.approx(duration_s, abs=1e-3)
    assert set(bdf.REQUIRED) <= set(found.frame.columns)
    assert problems_of(found.frame.drop(columns=[bdf.CHARGED, bdf.DISCHARGED], errors="ignore")) == []
    assert found.sha256 == hashlib.sha256((DATA / name).read_bytes()).hexdigest()


@pytest.mark.parametrize("name", by_name(REFUSED))
def test_what_is_refused(name):
    before = (DATA / name).read_bytes()
    with pytest.raises(InputError) as refusal:
        read_file(DATA / name)
    assert f"{DATA / name}: {REFUSED[name]}" in str(refusal.value)
    assert (DATA / name).read_bytes() == before


MOVING = ("bdf_legacy.bdf.parquet", "biologic_empa_gen6_01_GCPL.mpr", "neware_empa_nw4-120-6-1-36.ndax")


@pytest.mark.parametrize("name", by_name((*MOVING, "pyprobe_sample_data_novonix.csv", "rovi_arbin_example.csv")))
def test_positive_currents_charge(name):
    """Between two readings with a current of one sign, the voltage of a cell follows it."""
    frame = read_file(DATA / name).frame
    current, rise_V = frame[bdf.CURRENT].to_numpy(), np.diff(frame[bdf.VOLTAGE])
    charging = (current[1:] > 1e-6) & (current[:-1] > 1e-6)
    discharging = (current[1:] < -1e-6) & (current[:-1] < -1e-6)
    assert rise_V[charging].sum() > 0.05
    assert not discharging.any() or rise_V[discharging].sum() < -0.05


@pytest.mark.parametrize("name", by_name(name for name in (*MOVING, "rovi_arbin_example.csv") if "bdf" not in name))
def test_charge_counters_go_on_through_cycles_and_agree_with_the_current(name):
    found = read_file(DATA / name)
    assert not [note for note in found.notes if "counters say" in note]
    for counter in (bdf.CHARGED, bdf.DISCHARGED):
        assert (np.diff(found.frame[counter]) >= 0).all()
        assert np.ptp(found.frame[counter]) > 1.2 * found.capacity_Ah or name == "rovi_arbin_example.csv"


@pytest.mark.parametrize(
    ("name", "capacity_Ah"),
    [
        pytest.param("neware_empa_nw4-120-6-1-36.ndax", 0.0383, marks=installed("x.ndax")),
        pytest.param("biologic_empa_gen6_01_GCPL.mpr", 0.00185, marks=installed("x.mpr")),
        ("rovi_arbin_example.csv", 1.0729),
        ("bdf_legacy.bdf.parquet", 0.001735),
    ],
)
def test_capacity_is_of_the_best_cycle(name, capacity_Ah):
    assert read_file(DATA / name).capacity_Ah == pytest.approx(capacity_Ah, rel=2e-3)
