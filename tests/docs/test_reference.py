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
