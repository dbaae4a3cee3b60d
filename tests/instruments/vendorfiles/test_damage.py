"""What may happen to an export on its way: cut, changed units and signs, gaps, other clocks. Nothing is guessed at."""

import gzip
from datetime import UTC
from importlib.util import find_spec
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from galvanaut.core import bdf
from galvanaut.core.errors import InputError
from galvanaut.instruments.vendorfiles import extras, read_file

DATA = Path(__file__).parents[2] / "data" / "cycling"
ARBIN = DATA / "rovi_arbin_example.csv"
BEEP = DATA / "beep_FastCharge_000025_CH8.csv"
TEXTS = (
    BEEP,
    DATA / "cellpy_bad_custom_good_small.csv",
    DATA / "pyprobe_Sample_data_biologic_timestamped.txt",
    DATA / "pyprobe_sample_data_arbin.csv",
    DATA / "pyprobe_sample_data_novonix.csv",
)
ARCHIVES = {
    "neware_issue94.ndax": ("fastnda", "cannot be read by fastnda"),
    "bdf_GCPL-0.mpr": ("galvani", "cannot be read by galvani"),
    "bdf_legacy.bdf.parquet": ("pyarrow", "damaged or truncated parquet"),
}


def changed(tmp_path, path, *replacements):
    text = path.read_text(encoding="utf-8-sig")
    for old, new in replacements:
        assert old in text, old
        text = text.replace(old, new, 1)
    copy = tmp_path / path.name
    copy.write_text(text, encoding="utf-8")
    return copy


def refusal(path):
    with pytest.raises(InputError) as caught:
        read_file(path)
    return str(caught.value)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.sampled_from(TEXTS), share=st.floats(0, 1, exclude_max=True))
def test_a_text_cut_anywhere_is_refused_or_holds_only_what_was_in_it(tmp_path, path, share):
    data = path.read_bytes()
    copy = tmp_path / path.name
    copy.write_bytes(data[: int(share * len(data))])
    try:
        found = read_file(copy).frame
    except InputError:
        return
    whole = read_file(path).frame[: len(found)]
    assert found[list(bdf.REQUIRED)].equals(whole[list(bdf.REQUIRED)])  # only the last number may be shortened


@pytest.mark.parametrize("name", ARCHIVES)
@pytest.mark.parametrize("share", [0.2, 0.9, 0.999])
def test_a_binary_file_cut_short_is_refused(tmp_path, name, share):
    package, reason = ARCHIVES[name]
    if find_spec(package) is None:
        pytest.skip(f"{package} is not installed: dependency group formats")
    data = (DATA / name).read_bytes()
    copy = tmp_path / name
    copy.write_bytes(data[: int(share * len(data))])
    assert reason in refusal(copy)


def test_a_damaged_gzip_is_refused(tmp_path):
    copy = tmp_path / "sample.bdf.csv.gz"
    packed = gzip.compress((DATA / "bdf_sample.bdf.csv").read_bytes())
    copy.write_bytes(packed)
    assert len(read_file(copy).frame) == 3
    copy.write_bytes(packed[:-9])
    assert "damaged or truncated gzip" in refusal(copy)


def test_an_empty_and_a_missing_file(tmp_path):
    (tmp_path / "empty.csv").touch()
    assert "is empty" in refusal(tmp_path / "empty.csv")
    assert "cannot be read (No such file" in refusal(tmp_path / "none.csv")


def test_a_file_of_no_known_kind_says_what_was_found_and_what_is_read(tmp_path):
    (tmp_path / "notes.csv").write_text("monday, glovebox: 0.3 ppm\n", encoding="utf-8")
    text = refusal(tmp_path / "notes.csv")
    assert "text, beginning with 'monday, glovebox: 0.3 ppm'" in text
    assert "Arbin csv" in text
    assert "summary table" not in text
    (tmp_path / "x.ndax").write_bytes(b"\x00\x01\x02")
    assert "binary, beginning with b'\\x00\\x01\\x02'" in refusal(tmp_path / "x.ndax")


def test_content_decides_before_the_name(tmp_path):
    copy = tmp_path / "export.txt"
    copy.write_bytes(BEEP.read_bytes())
    assert read_file(copy).format == "Arbin csv"


def test_a_file_that_could_be_of_two_kinds_is_refused(tmp_path):
    both = tmp_path / "both.dat"
    both.write_text(
        "Test_Time,Cycle_Index,Step_Index,Voltage,Current,test_time_second,voltage_volt,current_ampere\n"
        "0,1,1,3.7,0,0,3.7,0\n",
        encoding="utf-8",
    )
    assert "could be Arbin csv and BDF csv; nothing is guessed" in refusal(both)


def test_a_turned_sign_shows_in_the_charge(tmp_path):
    lines = ARBIN.read_text(encoding="utf-8").splitlines()
    rows = [line.split(",") for line in lines[1:]]
    turned = [",".join([*row[:6], str(-float(row[6])), *row[7:]]) for row in rows]
    copy = tmp_path / "turned.csv"
    copy.write_text("\n".join([lines[0], *turned]), encoding="utf-8")
    assert "sign or unit of one of them is wrong" in refusal(copy)
    milli = [",".join([*row[:6], str(1000 * float(row[6])), *row[7:]]) for row in rows]
    copy.write_text("\n".join([lines[0], *milli]), encoding="utf-8")
    assert "column Charge_Capacity and Discharge_Capacity" in refusal(copy)


def test_rows_far_apart_are_no_reason_to_refuse(tmp_path):
    lines = ARBIN.read_text(encoding="utf-8").splitlines()
    copy = tmp_path / "thin.csv"
    copy.write_text("\n".join([lines[0], *lines[1::97]]), encoding="utf-8")
    found = read_file(copy)
    assert len(found.frame) == len(lines[1::97])
    assert found.frame[bdf.DISCHARGED].iloc[-1] > 1.0


def test_counters_that_are_somewhat_off_are_kept_with_a_note(tmp_path):
    lines = ARBIN.read_text(encoding="utf-8").splitlines()
    rows = [line.split(",") for line in lines[1:]]
    more = [",".join([*row[:6], str(1.3 * float(row[6])), *row[7:]]) for row in rows]
    copy = tmp_path / "off.csv"
    copy.write_text("\n".join([lines[0], *more]), encoding="utf-8")
    assert any("counters say" in note for note in read_file(copy).notes)
    assert not any("counters say" in note for note in read_file(ARBIN).notes)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("3.3011441", "nan", "line 2: column Voltage: is nan"),
        ("3.3011441", "3,3011441", "line 2: has 16 of 15 columns"),
        ("20.0059,", "5.0,", "line 3: column Test_Time: time runs back from 10.0024 to 5 s (1 times in all)"),
        ("20.0059,", "twenty,", "line 3: column Test_Time: holds 'twenty' where a number is expected"),
        ("\n2,", "\n\n2,", "line 4: has 1 of 15 columns"),
        ("Voltage", "Volt", "has no column Voltage (V); found Data_Point"),
        ("Charge_Capacity", "Voltage", "line 1: has two columns named Voltage"),
    ],
)
def test_each_reason_names_line_and_column(tmp_path, old, new, reason):
    text = refusal(changed(tmp_path, BEEP, (old, new)))
    assert reason in text
    assert text.startswith(str(tmp_path / BEEP.name))


def test_all_damage_is_told_at_once(tmp_path):
    text = refusal(changed(tmp_path, BEEP, ("3.3011441", "inf"), ("20.0059,", "5.0,"), ("\n9,", "\n9,")))
    assert "column Voltage: is inf" in text
    assert "time runs back" in text


def test_names_without_rows_hold_no_reading(tmp_path):
    copy = tmp_path / "names.csv"
    copy.write_text(BEEP.read_text(encoding="utf-8").splitlines()[0], encoding="utf-8")
    assert "holds column names but no reading" in refusal(copy)


def test_cycles_are_not_counted_anew(tmp_path):
    names, *rows = ARBIN.read_text(encoding="utf-8").splitlines()
    later = [",".join([*row.split(",")[:5], str(int(row.split(",")[5]) + 40), *row.split(",")[6:]]) for row in rows]
    copy = tmp_path / "later.csv"
    copy.write_text("\n".join([names, *later]), encoding="utf-8")
    assert sorted(set(read_file(copy).frame[bdf.CYCLE])) == [41, 42]


def test_a_clock_that_is_set_back_costs_the_dates_and_nothing_else(tmp_path):
    found = read_file(changed(tmp_path, BEEP, ("1494645253.475", "1494641653.475")))
    assert bdf.UNIX_TIME not in found.frame.columns
    assert any("dates left out: they fall at reading 2" in note for note in found.notes)
    assert len(found.frame) == 248


def test_dates_are_of_the_cyclers_own_zone():
    path = DATA / "pyprobe_sample_data_novonix.csv"
    here, there = read_file(path, UTC), read_file(path, ZoneInfo("Europe/Berlin"))
    assert here.started_s - there.started_s == 7200.0
    shift = here.frame[bdf.UNIX_TIME] - there.frame[bdf.UNIX_TIME]
    assert np.allclose(shift, 7200.0)
    assert here.started_s == here.frame[bdf.UNIX_TIME].iloc[0]


def test_a_date_that_is_none_is_refused(tmp_path):
    path = DATA / "pyprobe_sample_data_arbin.csv"
    assert "line 3: column Date Time: holds '31/09/2024 08:33:04.559', which is no date" in refusal(
        changed(tmp_path, path, ("09/20/2024 08:33:04.559", "31/09/2024 08:33:04.559"))
    )


def test_a_missing_extra_is_named_with_its_licence(monkeypatch):
    def absent(name):
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(extras, "import_module", absent)
    assert "needs galvani (GPL-3.0-or-later)" in refusal(DATA / "bdf_GCPL-0.mpr")
    text = refusal(DATA / "neware_issue94.ndax")
    assert "pip install 'galvanaut[neware]'" in text
    assert "uv run --extra neware" in text
