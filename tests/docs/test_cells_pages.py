"""Commands of the pages about cells, run as they stand there.

These are follow-a-cell-by-its-twin.md, stop-cells-early.md, keep-a-station-running.md, and section 9 of tutorial.md.
They are run without Prefect, on a campaign of two recipes with a cell each that is cycled a few times. So of the output
only the shape is compared: its words and labels. Where the pages look at the fifth recipe of a longer campaign, the
second one is looked at here.
"""

import json
from pathlib import Path

import pytest

from celllab import BENCH, cell_campaign
from docrun import Page, output, running, shapes, typed, words_of
from galvanaut.core import bdf
from smalllab import command_line

TUTORIAL, TWIN = Page("docs/tutorial.md"), Page("docs/how-to/follow-a-cell-by-its-twin.md")
STOP, STATION = Page("docs/how-to/stop-cells-early.md"), Page("docs/how-to/keep-a-station-running.md")
SMALL = {"replicates: 2": "replicates: 1", "maximum_cycles: 3": "maximum_cycles: 6"}
THERE = "../instruments/benches/simulated-cycling.yaml"
SECOND = {"cycle-life/0005": "cycle-life/0002"}


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A folder with the files of the pages, and what the tutorial's campaign says."""
    folder = tmp_path_factory.mktemp("clone")
    (folder / "instruments" / "benches").mkdir(parents=True)
    (folder / "campaigns").mkdir()
    written = cell_campaign(folder / "campaigns", 2, SMALL)
    written.with_name("bench.yaml").rename(folder / "instruments" / "benches" / BENCH.name)
    text = written.read_text("utf-8").replace("bench: bench.yaml", f"bench: {THERE}")
    written.with_name("cycle_life.yaml").write_text(text, "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        (done,) = typed(TUTORIAL.block("run campaigns/cycle_life.yaml"))
    return folder, done.stdout


@pytest.fixture(autouse=True)
def here(clone, monkeypatch):
    monkeypatch.chdir(clone[0])


@pytest.fixture
def lab(here):
    """The lab of the tutorial as the folder `lab`, for the other pages."""
    Path("lab").symlink_to("lab-cells")
    yield
    Path("lab").unlink()


def test_what_the_tutorial_shows_of_a_campaign_with_cells(clone):
    told, (dots, *trials_and_end) = shapes(clone[1]), shapes(output(TUTORIAL.block("run campaigns/cycle_life.yaml")))
    assert dots == "..."
    trials, end = trials_and_end[:2], trials_and_end[2:]
    beginnings = [each.split("cycles")[0].replace("> ", "") for each in told]
    assert [each for each in trials if each.split("cycles")[0] not in beginnings] == []
    assert told[-len(end) :] == end


def test_readings_as_the_tutorial_has_them(clone):
    records, _ = typed(TUTORIAL.block("galvanaut export record"))
    assert "cycle-life/0002/cycling/1" in records.stdout
    assert Path("cell.bdf.csv").read_text("utf-8").startswith(bdf.TEST_TIME)


def test_a_twin_is_shown_as_on_the_page(lab):
    records, twin = typed(TWIN.block("galvanaut records"), SECOND)
    assert "cycle-life/0002/cycling/1" in records.stdout
    shown = shapes(TWIN.block("state of health").text)
    assert shapes(twin.stdout)[: len(shown)] == shown


def test_what_if(lab):
    (warm,) = typed(TWIN.block("--temperature"), SECOND)
    assert "45 degC" in warm.stdout


@pytest.mark.filterwarnings("ignore:'delimitedList' deprecated")  # bpx 1.1.1, of its pyparsing
@pytest.mark.filterwarnings("ignore::UserWarning")  # bpx checks the window's voltages to a millivolt
def test_a_twin_for_other_programs(lab):
    pytest.importorskip("bpx")
    typed(TWIN.block("galvanaut export twin"), SECOND)
    assert "Parameterisation" in json.loads(Path("cell.json").read_text("utf-8"))


def test_decisions_are_looked_at(lab):
    """No cell comes to its end here, so nothing was decided; tests/flows/test_early_stop.py has such a campaign."""
    status, replay = typed(STOP.block("galvanaut replay"))
    assert [trial["status"] for trial in json.loads(status.stdout)["trials"]] == ["ok", "ok"]
    assert "2 of 2 proposals are the same, byte for byte" in replay.stdout


def test_a_campaign_hands_its_jobs_to_a_station():
    (station,) = words_of(STATION.block("galvanaut station instruments"))
    with running(station, "is up"):
        (done,) = typed(STATION.block("run campaigns/cycle_life.yaml"), more=("--no-prefect", "--max-trials", 1))
        told = command_line("station", "status", "--lab", "lab").stdout
    assert "1 trials ended" in done.stdout
    assert "lab: station of bench simulated-cycling, process " in told
