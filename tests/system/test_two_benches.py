"""Two benches with a process, a home and a lab folder each work on one campaign; one of them is killed."""

import json
from collections import Counter

import pytest

from deaths import Death
from galvanaut.core.eventlog import EventLog
from galvanaut.core.labdatabase import noted_in
from galvanaut.simulators.store import read_rows
from smalllab import BENCH, command_line, journal_of, new_lab, small_campaign, tables
from stationprocess import PACED, station, until

pytestmark = pytest.mark.system

TRIALS = 6


class Side:
    """One of the two."""

    def __init__(self, folder, nursery, bench, join=None):
        folder.mkdir()
        self.folder, self.bench, self.lab, self._nursery = folder, bench, new_lab(folder), nursery
        (folder / "bench.yaml").write_text(BENCH.read_text("utf-8").replace("name: simulated", f"name: {bench}", 1))
        campaign = small_campaign(folder.parent, trials=TRIALS)
        self._argv = ["run", campaign, "--lab", self.lab, "--bench", folder / "bench.yaml", "--no-prefect"]
        self._argv += [] if join is None else ["--join", join]

    def begin(self, *more, death=None):
        environment = {"HOME": str(self.folder)}
        self._nursery.begin([*self._argv, *more], self.folder, death, environment, code=PACED)

    def ended(self):
        return self._nursery.ended()

    def said(self):
        return (self.folder / "said").read_text("utf-8")[-3000:]

    def strokes(self):
        """How often each dosing pump really ran, by the world's account, and how often the journal asked for it."""
        asked = Counter(job.request["pump"] for job in journal_of(self.lab).records() if job.request["kind"] == "dose")
        rows = read_rows(self.lab / "worlds" / f"{self.bench}.db")
        given = {pump: rows.get(f"run/{pump}", {"number": 0})["number"] for pump in asked}
        return given, dict(asked)


def events(lab):
    with tables(lab, "ledger") as engine:
        return EventLog(engine, "ledger").read(topic="conductivity")


def test_one_is_killed_and_the_other_one_goes_on_without_touching_what_is_not_its_own(
    tmp_path, nursery, station_nursery
):
    first = Side(tmp_path / "first", nursery, "bench_one")
    first.begin("--max-trials", "1")
    assert first.ended() == 0, first.said()
    other = Side(tmp_path / "other", station_nursery, "bench_two", join=noted_in(first.lab) or first.lab)
    first.begin(death=Death("settling", 30))
    other.begin()
    assert first.ended() == -9, first.said()
    assert other.ended() == 0, other.said()

    before, done = first.strokes(), record(other.lab)
    benches = {trial["trial"]: trial["bench"] for trial in done}
    open_ = [trial["trial"] for trial in done if trial["status"] == "pending"]
    assert [benches[number] for number in open_] == ["bench_one"], "nobody took it up"
    assert {trial["status"] for trial in done if trial["bench"] == "bench_two"} == {"ok"}
    assert len(done) == TRIALS

    first.begin()
    assert first.ended() == 0, first.said()
    assert {trial["status"] for trial in record(first.lab)} == {"ok"}
    for kind in ("proposed", "ended"):
        assert sorted(each.data["trial"] for each in events(first.lab) if each.kind == kind) == list(
            range(1, TRIALS + 1)
        )
    for side in (first, other):
        given, asked = side.strokes()
        assert given == asked
    assert sum(first.strokes()[0].values()) > sum(before[0].values()), "its own trial was ended"
    assert record(first.lab) == record(other.lab), "both see one ledger"


def record(lab):
    return json.loads(command_line("status", "conductivity", "--lab", lab, "--json").stdout)["trials"]


def test_the_station_of_one_is_killed_and_the_other_one_goes_on(tmp_path, nursery, station_nursery):
    first = Side(tmp_path / "first", nursery, "bench_one")
    first.begin("--max-trials", "1")
    assert first.ended() == 0, first.said()
    other = Side(tmp_path / "other", station_nursery, "bench_two", join=noted_in(first.lab) or first.lab)
    with station(first.lab, first.folder / "bench.yaml") as dying, station(other.lab, other.folder / "bench.yaml"):
        first.begin()
        other.begin()
        until(lambda: any(trial["trial"] > 1 and trial["bench"] == "bench_one" for trial in record(first.lab)))
        dying.kill()
        assert first.ended() == 1
        assert "the station of this bench is gone" in first.said()
        assert other.ended() == 0, other.said()
        kept = first.strokes()
        with station(first.lab, first.folder / "bench.yaml"):
            first.begin()
            assert first.ended() == 0, first.said()
    assert {trial["status"] for trial in record(other.lab)} == {"ok"}
    assert [trial["trial"] for trial in record(other.lab)] == list(range(1, TRIALS + 1))
    assert sum(first.strokes()[1].values()) >= sum(kept[1].values())
    for side in (first, other):
        given, asked = side.strokes()
        assert given == asked
