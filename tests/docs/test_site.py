"""The website: it shows every page, and is built from pages whose links lead to files."""

import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SETTINGS = tomllib.loads((ROOT / "zensical.toml").read_text("utf-8"))["project"]


def _targets(entries):
    for entry in entries:
        for target in entry.values():
            if isinstance(target, str):
                yield target
            else:
                yield from _targets(target)


def test_every_page_of_docs_is_in_the_navigation_and_in_the_list_of_pages():
    shown = set(_targets(SETTINGS["nav"]))
    pages = {path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md")}
    pages |= {path.with_suffix(".md").relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.ipynb")}
    assert pages - shown == set()
    listed = (ROOT / "docs" / "README.md").read_text("utf-8")
    own = {page.removeprefix("docs/") for page in pages} - {"README.md"}
    assert {page for page in own if f"]({page})" not in listed and f"]({page[:-2]}ipynb)" not in listed} == set()


def test_no_fonts_are_asked_of_another_host():
    assert SETTINGS["theme"]["font"] is False


@pytest.mark.skipif(find_spec("zensical") is None, reason="zensical is not installed: dependency group docs")
def test_the_site_is_built():
    script = [sys.executable, str(ROOT / "scripts" / "build_site.py")]
    done = subprocess.run(script, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (ROOT / "build" / "site" / "index.html").exists()
