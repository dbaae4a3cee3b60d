"""Commands that only read a lab leave it as it is, so that it may lie where nothing can be written."""

import os
import shutil
import sqlite3

import pytest

from smalllab import begin_ledger, command_line, small_campaign

READING = [
    ("status",),
    ("status", "conductivity"),
    ("alarms",),
    ("todo",),
    ("station", "status"),
    ("records",),
    ("replay", "conductivity"),
    ("dossier", "conductivity", "-o"),
    ("quote",),
]
LONG_AGO = (1e9, 1e9)


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reading")
    done = command_line("run", small_campaign(folder, 2), "--lab", folder / "lab", "--no-prefect")
    assert done.returncode == 0, done.stderr
    return folder / "lab"


def look(lab, arguments):
    """What a command says, and what it has changed: each file and folder that was made, written, or had a guest."""
    beside = lab.parent
    if arguments[-1] == "-o":
        arguments = [*arguments, beside / "dossier.zip"]
    if arguments == ("quote",):
        arguments = ["quote", beside / "campaign.yaml", "--draws", 2, "--jobs", 1]
    there = [lab, *lab.rglob("*")]
    for path in there:
        os.utime(path, LONG_AGO)
    done = command_line(*arguments, "--lab", lab)
    changed = [path for path in [lab, *lab.rglob("*")] if path not in there or path.stat().st_mtime != LONG_AGO[0]]
    return done, changed


@pytest.mark.parametrize("arguments", READING, ids=" ".join)
def test_they_touch_nothing(lab, arguments):
    done, changed = look(lab, arguments)
    assert (done.returncode, changed) == (0, []), done.stderr


@pytest.mark.parametrize("arguments", [each for each in READING if each[0] != "quote"], ids=" ".join)
def test_without_a_station_none_is_made(lab, tmp_path, arguments):
    copy = tmp_path / "lab"
    copy.mkdir()
    shutil.copy(lab / "ledger.db", copy)
    done, changed = look(copy, arguments)
    assert changed == []
    assert done.returncode == (2 if arguments[0] == "station" else 0), done.stderr


@pytest.mark.parametrize("arguments", [("status",), ("alarms",), ("todo",), ("records",)], ids=" ".join)
def test_the_ledger_of_another_program_makes_no_lab(tmp_path, arguments):
    lab = tmp_path / "lab"
    lab.mkdir()
    with sqlite3.connect(lab / "ledger.db") as connection:
        connection.execute("CREATE TABLE accounts (x)")
    connection.close()
    done, changed = look(lab, arguments)
    assert (done.returncode, changed) == (2, [])
    assert f"--lab {lab}: is not a lab folder (no ledger in it)" in done.stderr


def test_a_lab_before_its_first_job_has_nothing_to_do(tmp_path):
    lab = tmp_path / "lab"
    lab.mkdir()
    begin_ledger(lab)
    (lab / "station.db").touch()
    assert [command_line(word, "--lab", lab).stdout.strip() for word in ("todo", "alarms")] == [
        f"{lab}: nothing to do",
        "no alarm is open",
    ]
    refused = command_line("station", "status", "--lab", lab)
    assert (refused.returncode, "never had one" in refused.stderr) == (2, True)
