"""The page leave-it-overnight.md: its drill, of one fault of one instrument, prints the line that the page explains.

The first command of the page is the same drill of all faults of all instruments, which takes minutes.
"""

from docpages import ROOT
from docrun import Page, output, typed

PAGE = Page("docs/how-to/leave-it-overnight.md")


def test_the_drill_prints_what_the_page_shows(monkeypatch):
    monkeypatch.chdir(ROOT)
    whole, one = PAGE.blocks
    assert one.commands[0].startswith(f"{whole.commands[0]} --")
    (done,) = typed(one)
    assert [line for line in output(one) if line not in done.stdout.splitlines()] == []
