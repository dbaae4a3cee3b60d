"""Twins beside the station: one for every cell on test, made of its readings alone, and in nobody's way."""

import asyncio
import base64
import json
from xml.etree import ElementTree

import numpy as np
import pytest

from celllab import cell_campaign
from galvanaut.core import bdf
from galvanaut.core.errors import InputError
from galvanaut.flows.campaign_loop import run_campaign
from galvanaut.flows.folder import LabFolder
from galvanaut.flows.lab import open_lab
from galvanaut.flows.livetwins import LiveTwins, kept_twins
from galvanaut.flows.twinpage import twins_markdown
from galvanaut.flows.twinview import Asked, view
from galvanaut.instruments.runs import Row
from galvanaut.instruments.telemetry import LabRecorder, read_record
from smalllab import command_line

TEST = "cycle-life/0001/cycling/1"
MORE_CYCLES = {"maximum_cycles: 3": "maximum_cycles: 6"}


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    folder = tmp_path_factory.mktemp("twins")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("galvanaut.flows.benchside.is_compiling", lambda: True)  # slow without numba, but not too slow
        return _done(folder)


def _done(folder):
    with open_lab(cell_campaign(folder, 1, MORE_CYCLES), folder / "lab") as opened:
        asyncio.run(run_campaign(opened))
        alarms = [str(each) for each in opened.station.alarms]
    return folder / "lab", alarms


@pytest.fixture(scope="module")
def readings(done):
    """The readings of one test, as the recorder was given them, and what its record says beside them."""
    frame = read_record(done[0], TEST)
    columns = (bdf.TEST_TIME, bdf.UNIX_TIME, bdf.VOLTAGE, bdf.CURRENT, bdf.AMBIENT_TEMPERATURE)
    missing = np.full(len(frame), np.nan)
    values = [frame[name].to_numpy(float) if name in frame else missing for name in columns]
    counts = [frame[name].to_numpy(int) for name in (bdf.STEP_COUNT, bdf.CYCLE)]
    into_s = frame[bdf.STEP_TIME].to_numpy(float)
    rows = [
        Row(number, *(float(column[number]) for column in values), 0, *(int(c[number]) for c in counts), into_s[number])
        for number in range(len(frame))
    ]
    return rows, dict(frame.attrs)


class Station:
    """Takes alarms."""

    def __init__(self):
        self.told, self.cleared = [], []


@pytest.fixture
def beside(tmp_path, readings):
    """A recorder whose test has begun, with twins that follow it inline."""
    station = Station()
    with LabRecorder.opened(tmp_path) as recorder:
        recorder.begin(TEST, readings[1])

        def twins(is_inline=True):
            return LiveTwins(
                recorder, LabFolder(tmp_path), station.told.append, station.cleared.append, is_inline=is_inline
            )

        yield recorder, twins, station


def test_every_cycled_cell_has_one_and_no_other(done):
    lab, alarms = done
    kept = kept_twins(lab, "cycle-life")
    assert [each["test"] for each in kept] == [f"cycle-life/0001/cycling/{replicate}" for replicate in (1, 2)]
    for each in kept:
        assert each["over"]
        assert each["simulated"]
        assert len(each["cycles"]) == 6
        assert each["state"]["healthy"]
        assert each["gap"]["rms_mV"] < 10
    assert alarms == []


def test_it_can_be_made_again_from_the_record_to_the_last_bit(done):
    lab, _ = done
    (kept, _), again = kept_twins(lab, "cycle-life"), view(lab, TEST)
    again.twin.close_cycle(float("nan"))
    assert json.loads(json.dumps(again.to_json()))["state"] == kept["state"]
    assert [each.to_json() for each in again.twin.cycles] == kept["cycles"]


def test_a_later_process_goes_on_as_if_there_had_been_one(tmp_path, beside, readings):
    (recorder, twins, _), (rows, _) = beside, readings
    half = len(rows) // 2
    with twins().following():
        recorder.append(TEST, rows[:half])
    second = twins()
    with second.following():
        recorder.append(TEST, rows[half:])
    whole = twins()
    whole.took(TEST, rows)
    assert second.twins[TEST].snapshot() == whole.twins[TEST].snapshot()


def test_a_contact_that_gets_loose_is_an_alarm_until_the_test_is_over(beside, readings):
    (recorder, twins, station), (rows, facts) = beside, readings
    moving = [row for row in rows if row.cycle == 3 and row.current_A < -1e-3]
    begin = moving[len(moving) // 3].number
    ill = [row._replace(voltage_V=row.voltage_V + 5 * row.current_A) if row.number >= begin else row for row in rows]
    with twins().following():
        for at in range(0, len(ill), 50):
            recorder.append(TEST, ill[at : at + 50])
        contact = station.told[0]
        assert contact.cause == "twin: contact"
        assert contact.instrument == facts["holder"]
        assert "the twin of cycle-life-001-1: " in contact.text
        assert 0 <= contact.at - rows[begin].unix_time_s < 180
        assert station.cleared == []
        recorder.seal(TEST, "ended")
    assert station.cleared == [facts["holder"]]


async def test_on_a_real_bench_it_follows_in_a_thread_of_its_own(tmp_path, beside, readings):
    (recorder, twins, _), (rows, _) = beside, readings
    one = twins(is_inline=False)
    with one.following():
        recorder.append(TEST, rows)
    inline = twins()
    inline.took(TEST, rows)
    assert one.twins[TEST].snapshot() == inline.twins[TEST].snapshot()


def test_one_that_fails_is_in_nobodys_way(beside, readings, monkeypatch, caplog):
    (recorder, twins, _), (rows, _) = beside, readings
    monkeypatch.setattr("galvanaut.simulators.twin.Twin.feed_rows", lambda *_: 1 / 0)
    with twins().following():
        recorder.append(TEST, rows)
        assert recorder.seal(TEST, "ended").rows == len(rows)
    assert "a twin failed; its test goes on" in caplog.text


def test_a_page_shows_all_twins_of_a_campaign(done):
    kept = kept_twins(done[0], "cycle-life")
    page = twins_markdown(kept, "Twins of cycle-life", "nothing was measured")
    assert "over 12 cycles of 2 cells" in page
    assert page.count("| cycle-life-001-") == 2
    assert "> Simulated: nothing was measured" in page
    picture = base64.b64decode(page.split("base64,")[1].split(")")[0])
    lines = ElementTree.fromstring(picture).findall("{http://www.w3.org/2000/svg}polyline")
    assert [len(line.get("points").split()) for line in lines] == [6, 6]
    readings = sum(cycle["readings"] for each in kept for cycle in each["cycles"])
    mean = sum(cycle["residual_mean_mV"] * cycle["readings"] for each in kept for cycle in each["cycles"]) / readings
    assert f"{mean:+.2f} mV on average" in page
    assert twins_markdown([], "None").startswith("### None\n\nNo cycle is complete yet.")


def test_the_future_can_be_asked_otherwise(done):
    lab, _ = done
    as_is, warm = view(lab, TEST), view(lab, TEST, Asked(cycles=80, temperature_degC=45.0))
    assert warm.forecast.temperature_degC == pytest.approx(45.0)
    assert len(warm.forecast.cycle) == 80
    assert len(as_is.forecast.cycle) == 50
    assert "no claim before four cells" in as_is.text()


def test_the_command_shows_it_for_people_and_machines(done):
    lab, _ = done
    shown = command_line("twin", TEST, "--lab", lab)
    assert shown.returncode == 0, shown.stderr
    assert "cycle-life-001-1 in " in shown.stdout
    assert "[simulated]" in shown.stdout
    assert "state of health" in shown.stdout
    found = json.loads(command_line("twin", TEST, "--lab", lab, "--json").stdout)
    assert len(found["trace"]["measured_V"]) == len(found["trace"]["simulated_V"]) > 10
    assert set(found["forecast"]["discharged_Ah"]) == {"0.05", "0.25", "0.5", "0.75", "0.95"}


@pytest.mark.filterwarnings("ignore:'delimitedList' deprecated")  # bpx 1.1.1, of its pyparsing
@pytest.mark.filterwarnings("ignore::UserWarning")  # bpx checks the window's voltages to a millivolt
@pytest.mark.parametrize(("to", "words"), [("bpx", "Parameterisation"), ("battwin", "state_of_health")])
def test_it_is_written_for_other_programs(done, tmp_path, to, words):
    lab, file = done[0], tmp_path / "twin.json"
    shown = command_line("export", "twin", TEST, "--to", to, "-o", file, "--lab", lab)
    assert shown.returncode == 0, shown.stderr
    text = file.read_text("utf-8")
    assert words in text
    assert "cycle-life-001-1" in text
    again = command_line("export", "twin", TEST, "--to", to, "-o", file, "--lab", lab)
    assert (again.returncode, file.read_text("utf-8")) == (2, text)
    assert "is there already and is not written over" in again.stderr


def test_a_fan_of_retentions_is_for_cells_that_live(done):
    found = view(done[0], TEST)
    fan = np.array(found.to_json()["life"]["fan"], dtype=float)
    assert fan.shape == (5, 50)
    assert (np.diff(fan, axis=0) >= 0).all(), "quantiles in their order"
    assert (np.diff(fan[2]) <= 0).all(), "no cell gains"


def test_a_formation_has_none(done):
    lab, _ = done
    with pytest.raises(InputError, match="only cells that were formed have twins"):
        view(lab, "cycle-life/0001/formation/1")
