"""The reference pages are those that the code gives, and every option and field in them says what it means."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs" / "reference").glob("*.md"))


def test_the_reference_is_up_to_date():
    script = [sys.executable, "-W", "error", str(ROOT / "scripts" / "build_reference.py"), "--check"]
    done = subprocess.run(script, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_nothing_is_without_a_meaning(page):
    rows = re.findall(r"^\| `.*$", page.read_text("utf-8"), re.M)
    assert rows
    assert [row for row in rows if re.search(r"\| *(?:\*\w+:\*)? *\|$", row)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_no_row_has_more_cells_than_its_table(page):
    text = page.read_text("utf-8")
    tables = [table.splitlines() for table in re.findall(r"(?:^\|.*\n)+", text, re.M)]
    assert tables
    for heading, *rows in tables:
        assert [row for row in rows if len(_bars(row)) != len(_bars(heading))] == []


def _bars(row):
    """The bars that end cells."""
    return re.findall(r"(?<!\\)\|", row)


def test_what_may_be_given_several_times_is_shown_so_once():
    text = (ROOT / "docs" / "reference" / "cli.md").read_text("utf-8")
    assert "`galvanaut import FILE... [OPTIONS]`" in text
    assert "....." not in text


def test_the_seed_of_a_station_is_not_said_to_be_that_of_a_campaign():
    text = (ROOT / "docs" / "reference" / "cli.md").read_text("utf-8")
    section = text.split("## galvanaut station run\n")[1].split("\n## ")[0]
    assert re.search(r"^\| `--seed` .*1 if not given; campaigns have to have the same one", section, re.M)
    assert "campaign's" not in section
    assert "`galvanaut station BENCH` is short for it." in section
