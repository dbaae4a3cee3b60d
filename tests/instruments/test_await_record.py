"""A trial waits for an export: which file is taken, what is told of others, and that a dead host changes nothing."""

import shutil

import pytest

from exportlab import CUT, GOOD, KEY, NAMED, OTHER, START, Lab
from galvanaut.core import wholefile
from galvanaut.core.clock import SystemClock, at_work, spawn
from galvanaut.core.errors import InputError
from galvanaut.core.eventlog import EventLog
from galvanaut.core.identifiers import JobKey
from galvanaut.instruments.bench import Bench
from galvanaut.instruments.jobs import JobFailedError
from galvanaut.instruments.jobs.folderwatch import FILES
from galvanaut.instruments.vendorfiles import read_metadata
from galvanaut.instruments.vendorfiles import record as records


class HostDiedError(Exception):
    """Stands for a killed host."""


@pytest.fixture
def lab(tmp_path):
    return Lab(tmp_path / "lab")


async def test_a_file_that_comes_becomes_the_record(lab):
    lab.drop(3600, GOOD, "2026_cell_1_ch8.csv")
    result = await lab.run()
    assert result["record"] == "cell_1-cycling.bdf.parquet"
    assert (result["rows"], result["format"], result["imported_from"]) == (248, "Arbin csv", "2026_cell_1_ch8.csv")
    assert lab.now == START + 3660  # at rest when it was seen twice
    facts = read_metadata(lab.folder / "records" / "demo" / result["record"])
    assert (facts["cell"], facts["cell_in_file"], facts["job"]) == ("cell_1", "", str(KEY))
    assert lab.export("2026_cell_1_ch8.csv").read_text("utf-8").splitlines() == GOOD.read_text("utf-8").splitlines()


async def test_the_operator_is_told_once_what_to_do(lab):
    lab.settings = {"protocol": "neware-xml", "protocols": "shared/protocols"}
    lab.drop(600, GOOD, "cell_1.csv")
    await lab.run()
    (text,) = lab.alarms()
    assert "start test cell_1-cycling of cell cell_1 on neware by hand" in text
    assert "(neware-xml) from shared/protocols" in text
    assert "under a name like *cell_1*, with no letter, digit or hyphen beside cell_1" in text


async def test_a_file_that_still_grows_is_not_read(lab):
    for minute in range(1, 30):
        lab.drop(60 * minute, GOOD, "cell_1.csv", lines=5 * minute)
    lab.drop(1800, GOOD, "cell_1.csv")
    assert (await lab.run())["rows"] == 248
    assert len(lab.alarms()) == 1


async def test_backups_of_a_running_test_are_waited_out(lab):
    """A backup an hour looks at rest for an hour; ``unchanged`` is longer than that."""
    lab.settings = {"unchanged": "90 min"}
    for hour in range(1, 5):
        lab.drop(3600 * hour, GOOD, "cell_1.csv", lines=60 * hour)
    assert (await lab.run())["rows"] == 239
    assert lab.now >= START + 4 * 3600 + 90 * 60


async def test_a_refused_file_is_told_of_once_and_a_better_one_taken(lab):
    lab.drop(600, CUT, "ee002.csv")
    lab.drop(7200, NAMED, "ee002.csv")
    result = await lab.run(cell="ee002")
    assert result["rows"] == 60
    refusals = [text for text in lab.alarms() if "cannot be taken" in text]
    assert len(refusals) == 1
    assert "ee002.csv cannot be taken, a better one is waited for: line 80: has 5 of 10 columns" in refusals[0]


async def test_the_name_inside_decides_where_the_pattern_has_no_cell(lab):
    lab.settings = {"pattern": "*.csv"}
    lab.drop(600, GOOD, "0001.csv")
    lab.drop(1200, NAMED, "0002.csv")
    result = await lab.run(cell="ee002")
    assert result["imported_from"] == "0002.csv"
    assert any("0001.csv cannot be taken" in text and "does not say which cell" in text for text in lab.alarms())


async def test_name_and_content_must_not_contradict(lab):
    lab.drop(600, NAMED, "cell_1.csv")
    with pytest.raises(JobFailedError, match=r"cell_1.csv \(is of cell ee002 by what stands inside, of cell_1 by its"):
        await lab.run()


async def test_cell_1_is_not_cell_12(lab):
    lab.drop(600, OTHER, "cell_12.csv")
    lab.drop(1200, GOOD, "x_cell_1.csv")
    assert (await lab.run())["imported_from"] == "x_cell_1.csv"


@pytest.mark.parametrize("pattern", ["{cell}/*.csv", "*{cell}*/*.csv", "*{cell}*/**/*.csv", "**/*{cell}*/*.csv"])
async def test_each_cell_may_have_a_folder(lab, pattern):
    lab.settings = {"pattern": pattern}
    lab.drop(600, OTHER, "cell_12/cell_1.csv")
    lab.drop(1200, CUT, "cell_1/cut.csv")
    lab.drop(7200, GOOD, "cell_1/data.csv")
    assert (await lab.run())["imported_from"] == "data.csv"
    (told,) = [text for text in lab.alarms() if "cannot be taken" in text]
    assert "cell_1/cut.csv cannot be taken" in told


async def test_the_name_of_the_cell_counts_where_the_pattern_has_it(lab):
    lab.settings = {"pattern": "*/*{cell}*"}
    lab.drop(600, OTHER, "cell_1/cell_12.csv")
    lab.drop(7200, GOOD, "cell_12/cell_1.csv")
    assert (await lab.run())["imported_from"] == "cell_1.csv"


async def test_a_hyphen_beside_the_name_counts_in_the_name_of_a_folder_too(lab):
    lab.settings = {"pattern": "*{cell}*/*.csv"}
    lab.drop(600, OTHER, "fast-ageing-001-1/data.csv")
    lab.drop(7200, GOOD, "ageing-001-1/data.csv")
    await lab.run(cell="ageing-001-1")
    assert any("fast-ageing-001-1/data.csv cannot be taken" in text for text in lab.alarms())


@pytest.mark.parametrize("other", ["fast-ageing-001-1", "ageing-001-1-2"])
async def test_cells_whose_names_contain_each_other_are_told_apart(lab, other):
    """Two campaigns leave their exports in one folder, in a format that does not name the cell."""
    lab.drop(600, OTHER, f"{other}.csv")
    lab.drop(7200, GOOD, "2026_ageing-001-1.csv")
    assert (await lab.run(cell="ageing-001-1"))["imported_from"] == "2026_ageing-001-1.csv"
    (told,) = [text for text in lab.alarms() if "cannot be taken" in text]
    assert f"{other}.csv cannot be taken, a better one is waited for: has a hyphen beside ageing-001-1" in told


async def test_a_hyphen_beside_the_name_does_no_harm_where_the_content_says_the_cell(lab):
    lab.drop(600, NAMED, "2026-ee002-again.csv")
    assert (await lab.run(cell="ee002"))["imported_from"] == "2026-ee002-again.csv"


async def test_a_file_that_says_itself_that_it_is_of_the_other_cell_is_passed_over(lab):
    lab.drop(600, NAMED, "fast-ageing-001-1.csv")
    lab.drop(7200, GOOD, "ageing-001-1.csv")
    assert (await lab.run(cell="ageing-001-1"))["imported_from"] == "ageing-001-1.csv"
    assert len(lab.alarms()) == 1


async def test_two_files_of_one_cell_are_not_chosen_from(lab):
    lab.drop(600, GOOD, "cell_1_a.csv")
    lab.drop(600, OTHER, "cell_1_b.csv")
    lab.drops.append((START + 7200, lambda: lab.export("cell_1_a.csv").unlink()))
    assert (await lab.run())["imported_from"] == "cell_1_b.csv"
    assert sum("could both be test" in text for text in lab.alarms()) == 1


async def test_one_file_is_never_the_record_of_two_tests(lab):
    lab.drop(600, GOOD, "cell_1_formation.csv")
    await lab.run(test="formation")
    lab.drop(3600, GOOD, "cell_1_again.csv")
    lab.drop(7200, OTHER, "cell_1_cycling.csv")
    result = await lab.run(JobKey("demo", 1, "cycling"), test="cycling")
    assert result["imported_from"] == "cell_1_cycling.csv"
    told = [text for text in lab.alarms() if "is the record of job" in text]
    assert len(told) == 1  # not of the one that was left lying
    assert "cell_1_again.csv" in told[0]
    assert str(KEY) in told[0]


async def test_two_jobs_of_one_instant_do_not_share_a_file(lab):
    lab.drop(600, GOOD, "cell_1.csv")
    lab.drop(7200, OTHER, "cell_1_second.csv")
    host = lab.station()
    with at_work(lab.clock):
        tasks = [
            spawn(lab.clock, host.run(JobKey("demo", 1, step), lab.action(test=step))) for step in ("first", "second")
        ]
        await lab.clock.sleep(9 * 3600)
        results = [task.result() for task in tasks]
    assert {each["imported_from"] for each in results} == {"cell_1.csv", "cell_1_second.csv"}


async def test_an_older_test_of_the_cell_is_not_taken(lab):
    lab.now = START + 5 * 86400
    lab.drop(5 * 86400 + 600, GOOD, "cell_1.csv")
    with pytest.raises(JobFailedError, match="began more than a day before test cell_1-cycling was asked for"):
        await lab.run()


async def test_the_deadline_says_what_was_seen(lab):
    lab.drop(600, CUT, "cell_1.csv")
    with pytest.raises(JobFailedError) as failure:
        await lab.run(deadline_s=3600.0)
    assert "no usable file of cell cell_1 came into" in str(failure.value)
    assert "refused were cell_1.csv (line 80: has 5 of 10 columns" in str(failure.value)
    assert lab.now == START + 3600
    assert not (lab.folder / "records").exists()


async def test_a_folder_that_is_gone_for_a_while_is_told_of_and_waited_for(lab):
    lab.drops.append((START + 30, lambda: shutil.rmtree(lab.folder / "exports")))
    lab.drops.append((START + 3600, (lab.folder / "exports").mkdir))
    lab.drop(3700, GOOD, "cell_1.csv")
    assert (await lab.run())["rows"] == 248
    assert sum("cannot be read (No such file" in text for text in lab.alarms()) == 1


async def test_a_file_that_is_locked_is_tried_again(lab, monkeypatch):
    read, tries = FILES.read, []

    def locked(path, cycler):
        tries.append(path)
        if len(tries) < 3:
            raise PermissionError(13, "Permission denied")
        return read(path, cycler)

    monkeypatch.setattr(FILES, "read", locked)
    lab.drop(600, GOOD, "cell_1.csv")
    assert (await lab.run())["rows"] == 248
    assert sum("cell_1.csv cannot be opened (Permission denied)" in text for text in lab.alarms()) == 1


async def test_a_full_disk_is_waited_for(lab, monkeypatch):
    write, tries = records.write_table, []

    def full(*arguments):
        tries.append(1)
        if len(tries) < 4:
            raise OSError(28, "No space left on device")
        write(*arguments)

    monkeypatch.setattr(records, "write_table", full)
    lab.drop(600, GOOD, "cell_1.csv")
    assert (await lab.run())["rows"] == 248
    assert sum("No space left on device" in text for text in lab.alarms()) == 1


async def test_a_record_of_that_name_is_not_written_over(lab):
    lab.drop(600, GOOD, "cell_1_a.csv")
    await lab.run()
    lab.export("cell_1_a.csv").unlink()
    lab.drop(3600, OTHER, "cell_1_b.csv")
    with pytest.raises(JobFailedError, match="is another record already"):
        await lab.run(JobKey("demo", 2, "cycle-cell_1"))
    assert read_metadata(lab.folder / "records" / "demo" / "cell_1-cycling.bdf.parquet")["rows"] == 248


async def test_on_a_real_clock_files_are_read_beside_the_loop(tmp_path):
    lab = Lab(tmp_path / "lab", {"period": "10 ms"})
    shutil.copy(NAMED, lab.export("ee002.csv"))
    host = lab.station()
    host.clock, host.bench.is_simulated = SystemClock(), False
    host.journal._clock = host.clock
    assert (await host.run(KEY, lab.action(cell="ee002")))["rows"] == 60
    host.close()


class Mortal:
    """Dies around the n-th thing that is done with the journal or with files."""

    def __init__(self, monkeypatch, dies_at):
        self.seen, self.dies_at = 0, dies_at
        for owner, name in [
            (EventLog, "append"),
            (records, "write_table"),
            (wholefile, "sync_folder"),
            *[(type(FILES), name) for name in ("survey", "read", "kept", "keep")],
        ]:
            monkeypatch.setattr(owner, name, self.around(getattr(owner, name)))

    def around(self, method):
        def deadly(*arguments, **named):
            self.moment()
            result = method(*arguments, **named)
            self.moment()
            return result

        return deadly

    def moment(self):
        self.seen += 1
        if self.seen == self.dies_at:
            raise HostDiedError


async def test_wherever_the_host_dies_the_file_becomes_one_record(tmp_path):
    whole = Lab(tmp_path / "whole")
    reference, moments = await life(whole, None)
    assert moments > 20
    for n in range(1, moments + 1):
        lab = Lab(tmp_path / f"dies-{n}")
        with pytest.raises(HostDiedError):
            await life(lab, n)
        result, _ = await life(lab, None)
        assert result == reference, f"host died at moment {n}"
        assert [each.name for each in (lab.folder / "records" / "demo").iterdir() if "part" not in each.name] == [
            "cell_1-cycling.bdf.parquet"
        ]
        refusals = [text for text in lab.alarms() if "cannot be taken" in text]
        assert len(refusals) <= 1


async def life(lab, dies_at):
    """One life of a host on a cut file that is followed by a good one."""
    if lab.now == START:
        lab.drops.clear()
        lab.drop(120, CUT, "cell_1.csv")
        lab.drop(480, GOOD, "cell_1.csv")
    with pytest.MonkeyPatch.context() as patch:
        mortal = Mortal(patch, dies_at)
        host = lab.host = lab.station()
        with at_work(lab.clock):
            return await host.run(KEY, lab.action()), mortal.seen


def test_the_bench_file_says_what_is_wrong(tmp_path):
    def bench(**changes):
        entry = {"folder": "exports"} | changes
        instruments = {"instruments": {}, "file_cyclers": {"neware": entry}}
        return Bench.model_validate({"name": "demo", "visa": "simulated", **instruments})

    found = bench(period="5 min", deadline="90 day", time_zone="Europe/Berlin").file_cycler("neware")
    assert (found.period_s, found.deadline_s, str(found.zone)) == (300.0, 7776000.0, "Europe/Berlin")
    assert (found.pattern, found.unchanged_s) == ("*{cell}*", 0.0)
    for changes, reason in [
        ({"time_zone": "Berlin"}, "'Berlin' is no time zone"),
        ({"pattern": "../*"}, "is no pattern for files in the folder"),
        ({"pattern": r"{cell}\*.csv"}, "has a backslash; write / between folder and file"),
        ({"pattern": "**.csv"}, r"has \*\* within a name; it stands for folders"),
        ({"pattern": "{cell}/**"}, r"has \*\* within a name; it stands for folders"),
        ({"pattern": "**/{cell}/**/*.csv"}, r"has \{cell\} between two \*\*; write it before or behind them"),
        ({"period": 60}, "has no unit"),
        ({"period": "0 s"}, "greater than 0"),
        ({"dir": "x"}, "Extra inputs"),
    ]:
        with pytest.raises(ValueError, match=reason):
            bench(**changes)
    with pytest.raises(InputError, match=r"file_cyclers: has no arbin; known are neware"):
        bench().file_cycler("arbin")
