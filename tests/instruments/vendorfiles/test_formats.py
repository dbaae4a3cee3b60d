"""Readings of each format, number by number, against the files themselves; and Maccor, of which no file is at hand."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from galvanaut.core import bdf
from galvanaut.core.errors import InputError
from galvanaut.instruments.vendorfiles import read_file

DATA = Path(__file__).parents[2] / "data" / "cycling"
MACCOR = (
    "Today's Date\t11/26/2026\tDate of Test:\t11/20/2026\tFilename:\tcell.001\n"
    "Rec#\tCyc#\tStep\tTest (Sec)\tStep (Sec)\tAmp-hr\tWatt-hr\tAmps\tVolts\tState\tES\tDPt Time\n"
    "1\t0\t1\t0.0\t0.0\t0.0\t0.0\t0.0\t3.10\tR\t1\t11/20/2026 09:00:00\n"
    "2\t0\t2\t10.0\t0.0\t0.0\t0.0\t0.5\t3.20\tC\t1\t11/20/2026 09:00:10\n"
    "3\t0\t3\t20.0\t0.0\t0.001\t0.0\t0.25\t3.00\tD\t1\t11/20/2026 09:00:20\n"
)


def needs(package):
    return pytest.mark.skipif(find_spec(package) is None, reason=f"{package}: dependency group formats")


def written(tmp_path, text, name="export.txt"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_arbin_of_the_data_viewer():
    last = read_file(DATA / "pyprobe_sample_data_arbin.csv").frame.iloc[-1]
    assert (last[bdf.TEST_TIME], last[bdf.CURRENT], last[bdf.VOLTAGE]) == (301.214, 2.650138, 3.599601)
    assert (last[bdf.CYCLE], last[bdf.STEP_ID]) == (1, 3)
    assert last[bdf.UNIX_TIME] == pytest.approx(1726821425.772, abs=1e-3)  # 2024-09-20 08:37:05.772 UTC
    assert last[bdf.CHARGED] == pytest.approx(0.000400839)
    assert last[bdf.TEMPERATURE_T1] == pytest.approx(24.68785)


def test_a_thermometer_may_miss_a_reading_and_nothing_else_may(tmp_path):
    text = (DATA / "pyprobe_sample_data_arbin.csv").read_text(encoding="utf-8-sig")
    frame = read_file(written(tmp_path, text.replace(",24.66422,", ",,", 1))).frame
    assert list(frame[bdf.TEMPERATURE_T1].isna()) == [True] + [False] * 12
    with pytest.raises(InputError, match=r"line 2: column Voltage \(V\): is empty"):
        read_file(written(tmp_path, text.replace(",3.534595,", ",,", 1)))


def test_arbin_of_mits_pro():
    row = read_file(DATA / "rovi_arbin_example.csv").frame.iloc[0]
    assert (row[bdf.CURRENT], row[bdf.VOLTAGE], row[bdf.UNIX_TIME]) == (-9.63e-05, 3.2796359, 1499006353.0)
    assert row[bdf.CHARGED] == 0.8800053


def test_novonix_counts_hours():
    row = read_file(DATA / "pyprobe_sample_data_novonix.csv").frame.iloc[1]
    assert row[bdf.TEST_TIME] == pytest.approx(0.0003556 * 3600)
    assert (row[bdf.CURRENT], row[bdf.VOLTAGE], row[bdf.CYCLE]) == (0.49989602, 3.85240349, 1)
    assert row[bdf.TEMPERATURE_T1] == 24.648
    assert bdf.CHARGED not in row.index


def test_biologic_text_with_dates():
    found = read_file(DATA / "pyprobe_Sample_data_biologic_timestamped.txt")
    row = found.frame.iloc[1]
    assert row[bdf.TEST_TIME] == pytest.approx(6.464)
    assert row[bdf.UNIX_TIME] == pytest.approx(1732102728.171, abs=1e-3)  # 2024-11-20 11:38:48.171 UTC
    assert row[bdf.CURRENT] == pytest.approx(0.44993811)
    assert row[bdf.CHARGED] == pytest.approx(2.499656168619792e-07)
    assert row[bdf.STEP_ID] == 1
    assert any("month first" in note for note in found.notes)


EC_LAB = (
    "EC-Lab ASCII FILE\nNb header lines : 5\nAcquisition started on : 11/20/2024 11:38:41.707\n\n"
    "mode\ttime/s\tEwe/V\t<I>/mA\t(Q-Qo)/mA.h\thalf cycle\t\n"
    "1\t0,0\t3,5\t0,0\t0,0\t0\t\n1\t3,6E+1\t3,6\t1,0E+2\t5,0E-1\t1\t\n2\t7,2E+1\t3,4\t-1,0E+2\t2,0E-1\t2\t\n"
)


def test_biologic_text_with_seconds_and_decimal_commas(tmp_path):
    found = read_file(written(tmp_path, EC_LAB, "cell.mpt"))
    assert list(found.frame[bdf.TEST_TIME]) == [0.0, 36.0, 72.0]
    assert list(found.frame[bdf.CURRENT]) == [0.0, 0.1, -0.1]
    assert list(found.frame[bdf.CYCLE]) == [1, 1, 2]
    assert found.frame[bdf.CHARGED].iloc[-1] == pytest.approx(5e-4)
    assert found.frame[bdf.DISCHARGED].iloc[-1] == pytest.approx(3e-4)
    assert found.started_s == found.frame[bdf.UNIX_TIME].iloc[0]


def test_biologic_text_with_a_spectrum(tmp_path):
    text = (
        "EC-Lab ASCII FILE\nNb header lines : 5\n\n\n"
        "freq/Hz\tRe(Z)/Ohm\t-Im(Z)/Ohm\ttime/s\t<Ewe>/V\t<I>/mA\tcycle number\tNs\t\n"
        "0\t0\t0\t0.0\t3.7\t0.0\t1\t0\t\n1E+4\t5.1\t-0.2\t1.0\t3.7\t0.0\t1\t1\t\n1E+3\t6.0\t2.5\t2.0\t3.7\t0.0\t1\t1\t\n"
    )
    frame = read_file(written(tmp_path, text, "cell.mpt")).frame
    assert list(frame[bdf.FREQUENCY]) == [0.0, 1e4, 1e3]
    assert list(frame[bdf.REAL_IMPEDANCE]) == [0.0, 5.1, 6.0]
    assert list(frame[bdf.IMAGINARY_IMPEDANCE]) == [0.0, 0.2, -2.5]  # the file turns its sign


@pytest.mark.parametrize(
    "spelling", [bdf.IMPEDANCE, ("frequency_hertz", "real_impedance_ohm", "imaginary_impedance_ohm")]
)
def test_a_spectrum_in_the_battery_data_format_has_gaps(tmp_path, spelling):
    header = ",".join([*bdf.REQUIRED, *spelling])
    found = read_file(written(tmp_path, f"{header}\n0,3.7,0,,,\n1,3.7,0,1000,6,-2.5\n", "cell.bdf.csv")).frame
    assert found[bdf.FREQUENCY].isna().tolist() == [True, False]
    assert found[list(bdf.IMPEDANCE)].iloc[1].tolist() == [1000.0, 6.0, -2.5]


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("header lines : 5", "header lines : many", "line 2: does not say how many header lines"),
        ("header lines : 5", "header lines : 98", "ends inside its 98 header lines"),
        ("<I>/mA", "P/W", "has no column I/mA; found mode, time/s"),
        ("time/s", "t", "has no column time/s"),
    ],
)
def test_biologic_text_without_its_parts(tmp_path, old, new, reason):
    with pytest.raises(InputError, match=reason):
        read_file(written(tmp_path, EC_LAB.replace(old, new), "cell.mpt"))


@needs("galvani")
def test_biologic_mpr_without_a_current():
    found = read_file(DATA / "biologic_empa_gen6_01_GCPL.mpr")
    charging = found.frame[100:600]
    assert charging[bdf.CURRENT].median() == pytest.approx(1.2065e-3, rel=1e-3)  # as its settings say
    assert found.frame[bdf.CHARGED].iloc[-1] - found.frame[bdf.DISCHARGED].iloc[-1] == pytest.approx(6.1624143e-4)
    assert any("the file has no current" in note for note in found.notes)
    assert found.started_s == 1737036354.213  # 2025-01-16 14:05:54.213 by the cycler's clock


@needs("fastnda")
def test_neware_counts_charge_per_step():
    frame = read_file(DATA / "neware_empa_nw4-120-6-1-36.ndax").frame
    assert frame[bdf.CURRENT].iloc[0] == pytest.approx(22.479492e-3)
    last_step = frame[frame[bdf.STEP_COUNT] == 15]
    assert last_step[bdf.DISCHARGED].iloc[-1] - last_step[bdf.DISCHARGED].iloc[0] == pytest.approx(0.038024, rel=1e-4)
    assert frame[bdf.UNIX_TIME].iloc[0] == pytest.approx(1738836017.85, abs=1e-3)


def test_bdf_in_milliseconds():
    row = read_file(DATA / "bdf_legacy.bdf.parquet").frame.iloc[1]
    assert (row[bdf.TEST_TIME], row[bdf.CYCLE], row[bdf.AMBIENT_TEMPERATURE]) == (1.0, 0, 25.0)


def test_bdf_labels_and_machine_names_are_the_same(tmp_path):
    labels = (DATA / "bdf_sample.bdf.csv").read_text(encoding="utf-8")
    names = "test_time_second;voltage_volt;current_ampere"
    machine = written(tmp_path, "\n".join([names, *labels.replace(",", ";").splitlines()[1:]]), "x.bdf.csv")
    assert read_file(machine).frame.equals(read_file(DATA / "bdf_sample.bdf.csv").frame)


def test_maccor_takes_the_sign_from_the_state(tmp_path):
    found = read_file(written(tmp_path, MACCOR))
    assert found.format == "Maccor text"
    assert list(found.frame[bdf.CURRENT]) == [0.0, 0.5, -0.25]
    assert list(found.frame[bdf.TEST_TIME]) == [0.0, 10.0, 20.0]
    assert list(found.frame[bdf.CYCLE]) == [0, 0, 0]
    assert found.frame[bdf.UNIX_TIME].iloc[0] == 1795165200.0
    assert any("never tried on a real file" in note for note in found.notes)


def test_maccor_in_minutes_and_without_days(tmp_path):
    text = MACCOR.replace("Test (Sec)", "Test (Min)").replace("11/20/2026 09:00:10", "09:00:10")
    found = read_file(written(tmp_path, text))
    assert list(found.frame[bdf.TEST_TIME]) == [0.0, 600.0, 1200.0]
    assert bdf.UNIX_TIME not in found.frame.columns
    assert "dates left out: some in DPt Time have no day" in found.notes


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("\t3.20\tC\t", "\t3.20\tP\t", "line 4: column State: is 'P' at 0.5 A"),
        ("\t0.25\t3.00", "\t-0.25\t3.00", "line 5: column Amps: is negative"),
        ("\tState\t", "\tWord\t", "has no column State"),
    ],
)
def test_maccor_without_a_sign_is_refused(tmp_path, old, new, reason):
    assert old in MACCOR
    with pytest.raises(InputError, match=reason):
        read_file(written(tmp_path, MACCOR.replace(old, new)))
