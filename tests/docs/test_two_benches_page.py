"""Commands of two-benches.md that one computer can run, as they stand there: a shared lab and a shared campaign.

Files and folders of the page are here; the PostgreSQL server is that of the tests, and the second computer is a second
folder. The commands around Prefect's server are run in test_prefect_pages.py, its database is that of
tests/interop/test_postgresql_prefect.py.
"""

import json
import shutil
from pathlib import Path

import pytest

from docrun import Page, running, typed, words_of
from postgresqlserver import lab_url
from smalllab import BENCH, command_line, small_campaign

PAGE = Page("docs/how-to/two-benches.md")
ADDRESS = "postgresql://lab@db.example.org/galvanaut?lab=north"
QUIETLY = ("--no-prefect",)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """A campaign of two trials and the benches of the page."""
    monkeypatch.chdir(tmp_path)
    for name in ("bench", "bench-a", "bench-b"):
        text = BENCH.read_text("utf-8").replace("name: simulated", f"name: {name}", 1)
        Path(f"{name}.yaml").write_text(text, "utf-8")
    small_campaign(tmp_path, 2, {str(BENCH): "bench.yaml"})


def benches(lab):
    done = command_line("status", "conductivity", "--lab", lab, "--json")
    return [(trial["bench"], trial["status"]) for trial in json.loads(done.stdout)["trials"]]


@pytest.mark.interop
def test_a_station_and_a_campaign_on_another_computer_share_a_lab(postgresql, monkeypatch):
    there = {ADDRESS: lab_url(postgresql.url)}
    (station,) = words_of(PAGE.block("galvanaut station"), there)
    with running(station, "is up"):
        Path("elsewhere").mkdir()
        for name in ("campaign.yaml", "bench.yaml"):
            shutil.copy(name, "elsewhere")
        monkeypatch.chdir("elsewhere")
        typed(PAGE.block("galvanaut run campaign.yaml --lab lab --database"), there, QUIETLY)
    assert benches("lab") == benches("../lab") == [("bench", "ok")] * 2


def test_two_benches_share_a_campaign():
    """The first one makes one recipe of the two, so that there is one for the other."""
    block = PAGE.block("--join lab-a")
    first, second = words_of(block)
    assert command_line(*first, *QUIETLY, "--max-trials", 1).returncode == 0
    done = command_line(*second, *QUIETLY)
    assert done.returncode == 0, done.stderr
    assert benches("lab-a") == benches("lab-b") == [("bench-a", "ok"), ("bench-b", "ok")]
