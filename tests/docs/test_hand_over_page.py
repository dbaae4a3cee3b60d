"""The page about dossiers: its commands are run as they stand there."""

import csv
import re
from pathlib import Path

import pytest

from handedover import REFERENCE, run
from smalllab import command_line, small_campaign

TEXT = (Path(__file__).parents[2] / "docs" / "how-to" / "hand-over-a-dossier.md").read_text("utf-8")
COMMANDS = [line for block in re.findall(r"^```\n(.*?)^```$", TEXT, re.M | re.S) for line in block.splitlines()]


@pytest.fixture
def lab(tmp_path, monkeypatch):
    """Six trials in a folder `lab` below the working directory."""
    monkeypatch.chdir(tmp_path)
    return run(small_campaign(tmp_path, 6, {"planner: {name: bayes, initial: 2}": REFERENCE}), tmp_path / "lab")


def fill_in(form, target):
    with form.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for number, row in enumerate(rows):
        row |= {
            "laboratory": "Elsewhere",
            "origin": "simulated",
            "temperature_degC": "0",
            "value": f"{7 + number / 10}",
        }
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def test_the_commands_of_the_page(lab, tmp_path):
    assert [line.split()[1] for line in COMMANDS] == ["dossier", "verify", "replicate", "replicate"]
    for line in COMMANDS:
        words = [word.strip('"') for word in re.findall(r'"[^"]*"|\S+', line)[1:]]
        if words[0] == "replicate":
            fill_in(tmp_path / "dossier" / "replication" / "form.csv", tmp_path / "form.csv")
        done = command_line(*words)
        assert done.returncode == 0, done.stderr + done.stdout
    assert "6 results are in the ledger of lab" in done.stdout
    folders = {path.name for path in (tmp_path / "dossier").iterdir() if path.is_dir()}
    told = set(re.findall(r"^\| `(\w+)/` \|", TEXT, re.M))
    assert folders <= told
    assert told - folders == {"records"}, "this campaign cycles no cells"


def test_the_options_of_the_page_exist():
    helps = [command_line(name, "--help").stdout for name in ("dossier", "verify", "replicate")]
    known = {option for page in helps for option in re.findall(r"--[a-z][a-z-]+", page)}
    assert set(re.findall(r"--[a-z][a-z-]+", TEXT)) <= known
