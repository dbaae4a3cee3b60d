"""What the pages promise about drivers and commands."""

import re
from pathlib import Path

import pytest

from galvanaut.instruments.drivers import driver_names, virtual_assembler
from galvanaut.instruments.transcript import Transcript
from smalllab import command_line

DOCS = Path(__file__).parents[2] / "docs"
PAGES = [DOCS / "README.md", DOCS / "bench-file.md", *sorted((DOCS / "how-to").glob("*.md"))]


def test_every_driver_says_what_was_not_checked():
    text = (DOCS / "bench-file.md").read_text("utf-8")
    section = text.split("## Not checked on hardware")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `([a-z0-9-]+)` \|", section, re.M)
    assert rows == driver_names()


def test_every_driver_is_in_the_table_of_settings_to_which_the_front_page_leads():
    text = (DOCS / "bench-file.md").read_text("utf-8")
    section = text.split("### Drivers and their settings")[1].split("\n#")[0]
    rows = re.findall(r"^\| `([a-z0-9-]+)` \|", section, re.M)
    assert sorted(rows) == driver_names()
    assert "docs/bench-file.md#drivers-and-their-settings" in (DOCS.parent / "README.md").read_text("utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)", page.read_text("utf-8")):
        found = page.parent / target if target else page
        assert found.exists(), target
        if anchor:
            titles = re.findall(r"^#+ (.*)$", found.read_text("utf-8"), re.M)
            assert anchor in [re.sub(r"[^a-z0-9 _-]", "", title.lower()).replace(" ", "-") for title in titles]


def test_the_transcript_of_the_page_is_one():
    text = (DOCS / "how-to" / "talk-to-a-bench.md").read_text("utf-8")
    block = re.search(r"```\n(galvanaut transcript 1\n.*?)```", text, re.S)
    assert len(Transcript.parse(block[1], "page").messages) == 2


def test_the_commands_of_the_page_have_the_options_that_it_names():
    text = (DOCS / "how-to" / "talk-to-a-bench.md").read_text("utf-8")
    commands = set(re.findall(r"galvanaut bench ([a-z]+)", text))
    assert commands == {"scan", "check", "record", "serve", "fault"}
    helps = [command_line("bench", command, "--help").stdout for command in sorted(commands)]
    helps.append(command_line("run", "--help").stdout)
    known = {option for page in helps for option in re.findall(r"--[a-z-]+", page)}
    assert set(re.findall(r"--[a-z-]+", text)) <= known


def test_the_commands_that_load_cells_have_the_options_that_the_page_names():
    text = (DOCS / "how-to" / "load-cells.md").read_text("utf-8")
    commands = set(re.findall(r"^galvanaut ([a-z]+)", text, re.M))
    assert commands == {"todo", "answer"}
    known = {
        option
        for command in commands
        for option in re.findall(r"--[a-z][a-z-]*", command_line(command, "--help").stdout)
    }
    assert set(re.findall(r"--[a-z][a-z-]*", text)) <= known


def test_the_table_of_the_virtual_assembler_holds_every_message_that_its_driver_sends():
    text = (DOCS / "how-to" / "load-cells.md").read_text("utf-8")
    source = Path(virtual_assembler.__file__).read_text("utf-8")
    sent = set(re.findall(r"""["'](:ASS:[A-Z]+\??|\*[A-Z]+\??)""", source))
    assert len(sent) == 7
    assert {header for header in sent if f"`{header}" not in text} == set()
