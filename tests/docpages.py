"""The blocks of code in the documentation, and how each of them is dealt with."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]

_BLOCK = re.compile(
    r"^(?:[ ]*<!-- not run: (?P<reason>[^\n]+?) -->\n)?(?P<indent>[ ]*)```(?P<kind>[a-z]*)\n(?P<text>.*?)^[ ]*```$",
    re.M | re.S,
)
_TYPED = r"(?:.*&& )?(?:\$ )?(?:uv run )?(galvanaut (?!transcript).*)"

OWN_TESTS = {
    "README.md": "test_liquids_pages.py",
    "docs/analysis.md": "test_analysis_page.py",
    "docs/bench-file.md": "test_bench_file_page.py",
    "docs/how-to/alarms.md": "test_alarms_page.py",
    "docs/how-to/bring-your-own-cycler.md": "test_bring_your_own_cycler.py",
    "docs/how-to/compare-campaigns.md": "test_liquids_pages.py",
    "docs/how-to/follow-a-cell-by-its-twin.md": "test_cells_pages.py",
    "docs/how-to/hand-over-a-dossier.md": "test_hand_over_page.py",
    "docs/how-to/keep-a-station-running.md": "test_cells_pages.py",
    "docs/how-to/leave-it-overnight.md": "test_overnight_page.py",
    "docs/how-to/load-cells.md": "test_orders_pages.py",
    "docs/how-to/quote-a-campaign.md": "test_quote_page.py",
    "docs/how-to/read-your-data.md": "test_read_your_data.py",
    "docs/how-to/stop-cells-early.md": "test_cells_pages.py",
    "docs/how-to/talk-to-a-bench.md": "test_served_pages.py",
    "docs/how-to/two-benches.md": "test_two_benches_page.py",
    "docs/how-to/use-what-you-know.md": "test_liquids_pages.py",
    "docs/how-to/watch-a-lab.md": "test_served_pages.py",
    "docs/how-to/work-orders.md": "test_orders_pages.py",
    "docs/how-to/write-a-driver.md": "test_how_to.py",
    "docs/newcomer.md": "test_liquids_pages.py",
    "docs/tutorial.md": "test_tutorial.py",
}
"""Pages whose blocks are run, but for those that say why not, by a test of their own, or of pages
that need the same lab."""


@dataclass(frozen=True)
class Block:
    """One block.

    Attributes:
        page: relative to the repository.
        number: on its page, from 1.
        kind: what stands behind the fence; empty for commands and their output.
        text: of the block, without its indentation.
        reason: why it is not run, as the comment in front of it says; empty if it is.
    """

    page: str
    number: int
    kind: str
    text: str
    reason: str

    def __str__(self) -> str:
        return f"{self.page} block {self.number}"

    @property
    def commands(self) -> list[str]:
        """What is typed at the command line of Galvanaut, without ``uv run``."""
        lines = self.text.replace("\\\n", " ").splitlines()
        typed = (re.match(_TYPED, line) for line in lines)
        return [re.split(r"\s{2,}|\s+#\s", found[1])[0].strip() for found in typed if found]


def blocks(page: Path) -> list[Block]:
    """All blocks of a page."""
    found = []
    for number, match in enumerate(_BLOCK.finditer(page.read_text("utf-8")), start=1):
        text = "\n".join(line.removeprefix(match["indent"]) for line in match["text"].splitlines())
        name = page.relative_to(ROOT).as_posix()
        found.append(Block(name, number, match["kind"], text, match["reason"] or ""))
    return found


ALL = [block for page in PAGES for block in blocks(page)]
