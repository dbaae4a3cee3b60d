"""The command line as people meet it: one clear message, the right exit code, nothing half made."""

import json
import os
import re
import shutil
import sqlite3
from pathlib import Path

import pytest

from smalllab import BENCH, CAMPAIGN, command_line, command_line_process, small_campaign


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "temperature: 0 degC",
            "temperature: 0 g",
            r"line \d+: procedure.conductivity.temperature: .*dimension \[mass\]",
        ),
        ("batch_mass: 6 g", "batch_mass: 6", r"line \d+: procedure.batch_mass: .*has no unit"),
        ("{low: 0.0, high: 0.5}", "{low: 0.6, high: 0.5}", r"components.solvents.EC: .*bounds crossed"),
        ("    PC:  {", "    PCC:  {", r"components.solvents.PCC.*'PCC'"),
        ("EMC >= PC*7/3", "EC >= 0.9", r"line \d+: constraints\.[12]: no recipe is left: .*EC >= 0.9"),
        ("EMC >= PC*7/3", "FEC >= 0.1", "names 'FEC', which is not a component"),
        ("name: bayes", "name: bogus", "planner.name.*'bogus' is not one of"),
        ("trials: 40", "trials: [", "not valid YAML"),
        ("bench: ", "bench: no/such/", "there is no file"),
        ("readings: 5", "readings: 5\n    reeadings: 5", "procedure.conductivity.reeadings: is not a known field"),
        ("high: 0.3}", "high: 0.9}\n    FEC: {low: 0, high: 0.1}", "FEC"),
        ("  - EC + PC/3 >= 0.1\n", "", "cannot measure, e.g. .*nearest region"),
    ],
)
def test_bad_campaigns_end_with_exit_2_one_message_and_no_lab(tmp_path, old, new, message):
    path = tmp_path / "campaign.yaml"
    text = CAMPAIGN.read_text("utf-8").replace("../instruments/benches/simulated.yaml", str(BENCH))
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    for command in (["check", path], ["run", path, "--lab", tmp_path / "lab", "--no-prefect"]):
        done = command_line(*command)
        assert done.returncode == 2, done.stderr
        assert re.search(message, done.stderr), done.stderr
        assert done.stderr.startswith(f"error: {path}")
        assert "Traceback" not in done.stderr
    assert not (tmp_path / "lab").exists()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("  lcr:  ", "  lcr2:  ", "has no impedance meter|lcr2"),
        (
            "  PC:         {composition: {PC: 1}",
            "  PC2:         {composition: {PC: 1}",
            "'PC' is not a stock or vessel",
        ),
        ("visa: simulated", 'visa: "@py"', "is not armed; missing: `armed: true` in the bench file and --arm"),
        ("driver: watlow-f4t", "driver: watlow-f5t", "watlow-f5t"),
    ],
)
def test_bad_benches_end_with_exit_2_and_no_lab(tmp_path, old, new, message):
    bench = tmp_path / "bench.yaml"
    text = BENCH.read_text("utf-8")
    if old == "  lcr:  ":
        text = "\n".join(line for line in text.splitlines() if not line.startswith("  lcr:"))
    else:
        assert old in text
        text = text.replace(old, new)
    bench.write_text(text, "utf-8")
    path = small_campaign(tmp_path)
    done = command_line("run", path, "--lab", tmp_path / "lab", "--bench", bench, "--no-prefect")
    assert done.returncode == 2, done.stderr
    assert re.search(message, done.stderr), done.stderr
    assert not (tmp_path / "lab").exists()


def test_a_component_that_no_stock_holds_is_named(tmp_path):
    bench = tmp_path / "bench.yaml"
    lines = [line for line in BENCH.read_text("utf-8").splitlines() if not line.startswith(("  PC:", "  pump_pc:"))]
    bench.write_text("\n".join(lines), "utf-8")
    done = command_line("check", small_campaign(tmp_path), "--bench", bench)
    assert (done.returncode, "components.solvents.PC: no stock on bench simulated contains it" in done.stderr) == (
        2,
        True,
    )


def test_a_lab_that_cannot_be_made_is_said_so(tmp_path):
    (tmp_path / "file").write_text("not a folder", "utf-8")
    done = command_line("run", small_campaign(tmp_path), "--lab", tmp_path / "file" / "lab", "--no-prefect")
    assert done.returncode == 2
    assert "cannot be made" in done.stderr


def test_run_status_report(tmp_path):
    campaign, lab = small_campaign(tmp_path), tmp_path / "lab"
    done = command_line("run", campaign, "--lab", lab, "--max-trials", 2, "--no-prefect")
    assert done.returncode == 0, done.stderr
    assert "2 trials ended, 0 failed" in done.stdout
    assert "nothing here was measured on hardware" in done.stdout
    assert done.stdout.rstrip().endswith(str(lab / "reports" / "conductivity.html"))
    text = command_line("status", "--lab", lab).stdout
    assert "conductivity [simulated]: 2 of 3 trials ended (2 ok); best" in text
    brief = json.loads(command_line("status", "--lab", lab, "--json").stdout)
    assert (brief[0]["campaign"], brief[0]["ended"], brief[0]["simulated"]) == ("conductivity", 2, True)
    whole = json.loads(command_line("status", "conductivity", "--lab", lab, "--json").stdout)
    assert [trial["trial"] for trial in whole["trials"]] == [1, 2]
    by_file = command_line("status", campaign, "--lab", lab).stdout
    assert "1. trial" in by_file
    (lab / "reports" / "conductivity.html").unlink()
    assert command_line("report", "conductivity", "--lab", lab).returncode == 0
    page = (lab / "reports" / "conductivity.html").read_text("utf-8")
    assert "<strong>Simulated.</strong>" in page
    assert "Best measured" in page


def test_asking_for_what_is_not_there(tmp_path):
    done = command_line("status", "--lab", tmp_path / "none")
    assert (done.returncode, "is not a lab folder" in done.stderr) == (2, True)
    assert not (tmp_path / "none").exists()
    assert command_line("run").returncode == 2
    assert command_line("run", "x.yaml", "--seed", "-1").returncode == 2


def test_two_runs_of_one_lab_exclude_each_other(tmp_path):
    from galvanaut.flows.lab import open_lab

    campaign = small_campaign(tmp_path)
    with open_lab(campaign, tmp_path / "lab"):
        done = command_line_process("run", campaign, "--lab", tmp_path / "lab", "--no-prefect")
    assert done.returncode == 2
    assert f"is in use by process {os.getpid()}" in done.stderr
    assert (tmp_path / "lab" / "ledger.db").exists()


def test_check_says_what_would_be_done():
    done = command_line("check", CAMPAIGN)
    assert done.returncode == 0, done.stderr
    assert "maximise conductivity (mS/cm) at 0 degC" in done.stdout
    assert "in region B" in done.stdout
    found = json.loads(command_line("check", CAMPAIGN, "--json").stdout)
    assert found["trials"] == 40
    assert set(found["support"]) == {"A", "B", "between"}
    assert sum(found["support"].values()) == pytest.approx(1.0)
    assert all(0.0 < share < 1.0 for share in found["support"].values())
    assert 0.0 < found["makeable"] <= 1.0


def test_bench_check_lists_every_instrument():
    done = command_line("bench", "check", BENCH)
    assert done.returncode == 0, done.stderr
    rows = json.loads(command_line("bench", "check", BENCH, "--json").stdout)
    assert len(rows) == 13
    assert all(row["identity"] for row in rows)


@pytest.mark.parametrize("kind", ["campaign", "bench", "prices"])
def test_schemas_are_printed_or_written(tmp_path, kind):
    printed = json.loads(command_line("schema", kind).stdout)
    assert command_line("schema", kind, "--output", tmp_path / "s.json").returncode == 0
    assert json.loads((tmp_path / "s.json").read_text("utf-8")) == printed
    assert command_line("schema", "recipe").returncode == 2


def test_benchmark_prints_regret_and_intervals():
    done = command_line("benchmark", CAMPAIGN, "--planners", "sobol,random", "--seeds", 2, "--budget", 10)
    assert done.returncode == 0, done.stderr
    assert "noiseless optimum 7." in done.stdout
    assert "95 % interval" in done.stdout
    assert command_line("benchmark", CAMPAIGN, "--planners", "guess").returncode == 2


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The lab of a campaign of one trial, with a title that looks like markup."""
    folder = tmp_path_factory.mktemp("finished")
    changes = {"title: ": "title: '[/blue] [red] of' # "}
    campaign = small_campaign(folder, 2, changes)
    done = command_line("run", campaign, "--lab", folder / "[b]lab", "--max-trials", 1, "--no-prefect")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("[/blue] [red] of\n")
    assert f"lab {folder}/[b]lab\n" in done.stdout
    return folder / "[b]lab"


@pytest.fixture
def lab(finished, tmp_path):
    return Path(shutil.copytree(finished, tmp_path / "lab"))


def in_one_file(path):
    """A database's content, with the last pages from its side file."""
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    connection.close()
    return path.read_bytes()


@pytest.mark.parametrize("name", ["ledger.db", "station.db"])
@pytest.mark.parametrize("content", [b"Dear diary, " * 1000, None], ids=["other", "truncated"])
def test_a_damaged_database_is_named(lab, tmp_path, name, content):
    whole = in_one_file(lab / name)
    (lab / name).write_bytes(content or whole[: len(whole) // 2])
    commands = [["run", small_campaign(tmp_path, 2), "--lab", lab, "--no-prefect"]]
    commands += [["status", "--lab", lab], ["report", "conductivity", "--lab", lab]] if name == "ledger.db" else []
    for command in commands:
        done = command_line(*command)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
        assert re.match(rf"error: {re.escape(str(lab / name))}: cannot be (used|opened)", done.stderr), done.stderr
    assert (lab / "worlds").exists()


def test_a_report_that_cannot_be_written_is_named(lab, tmp_path):
    report = lab / "reports" / "conductivity.html"
    report.unlink()
    report.mkdir()
    done = command_line("report", "conductivity", "--lab", lab)
    assert (done.returncode, done.stderr) == (2, f"error: {report}: cannot be written (Is a directory)\n")
    shutil.rmtree(report.parent)
    report.parent.write_text("not a folder", "utf-8")
    assert f"{report}: cannot be written" in command_line("report", "conductivity", "--lab", lab).stderr
    same = small_campaign(tmp_path, 2, {"title: ": "title: '[/blue] [red] of' # "})
    done = command_line("run", same, "--lab", lab, "--no-prefect")
    assert "2 trials ended, 0 failed" in done.stdout
    assert (done.returncode, f"error: {report}: cannot be written" in done.stderr) == (2, True)


def test_a_larger_budget_shows_in_status_and_report(lab, tmp_path):
    done = command_line("run", small_campaign(tmp_path, 5), "--lab", lab, "--max-trials", 1, "--no-prefect")
    assert done.returncode == 0, done.stderr
    assert "1 of 5 trials ended" in command_line("status", "--lab", lab).stdout
    assert json.loads(command_line("status", "--lab", lab, "--json").stdout)[0]["budget"] == 5


def test_a_record_of_another_version_is_said_so(lab):
    with sqlite3.connect(lab / "ledger.db") as connection:
        (plan,) = connection.execute("SELECT data FROM ledger WHERE kind = 'started'").fetchone()
        strange = json.loads(plan)
        strange["plan"]["campaign"]["stirring"] = "none"
        row = (0.0, "conductivity", "changed", json.dumps(strange))
        connection.execute("INSERT INTO ledger (at, topic, kind, data) VALUES (?, ?, ?, ?)", row)
    connection.close()
    done = command_line("status", "--lab", lab)
    assert (done.returncode, "written by a version that differs (stirring: " in done.stderr) == (2, True)


def test_places_that_cannot_be_written_are_named(tmp_path):
    (tmp_path / "file").write_text("not a folder", "utf-8")
    missing = tmp_path / "none" / "s.json"
    done = command_line("schema", "bench", "-o", missing)
    assert (done.returncode, done.stderr) == (2, f"error: {missing}: cannot be written (No such file or directory)\n")
    done = command_line("up", "--lab", tmp_path / "file", "--port", 4397)
    assert (done.returncode, done.stderr) == (2, f"error: {tmp_path / 'file'}: cannot be written (File exists)\n")
    done = command_line("run", small_campaign(tmp_path), "--lab", tmp_path / "file", "--no-prefect")
    assert (done.returncode, "cannot be made (Not a directory)" in done.stderr) == (2, True)


def test_a_full_disk_ends_a_run_in_one_message_that_names_the_file(tmp_path, monkeypatch):
    from galvanaut.core import eventlog

    settings = eventlog._sqlite_settings

    def small_disk(synchronous):
        def apply(connection, record):
            settings(synchronous)(connection, record)
            connection.execute("PRAGMA max_page_count = 12")  # the file may not grow further, as on a full disk

        return apply

    monkeypatch.setattr(eventlog, "_sqlite_settings", small_disk)
    done = command_line("run", small_campaign(tmp_path), "--lab", tmp_path / "lab", "--no-prefect")
    assert done.returncode == 1
    assert re.match(r"error: .*\.db: cannot be written \(database or disk is full\)", done.stderr), done.stderr
    assert "Traceback" not in done.stderr
