"""Write docs/reference from the code: every command with its options, every field of the files that people write.

uv run python scripts/build_reference.py            # writes what has changed
uv run python scripts/build_reference.py --check    # writes nothing; exit code 1 if a page is out of date
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from reference_cli import commands_page
from reference_fields import Page, fields_page

from galvanaut.campaigns.campaignfile import Campaign
from galvanaut.flows.alarms import AlarmFile
from galvanaut.instruments.bench import Bench

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "reference"
COMMAND = "uv run python scripts/build_reference.py"

CAMPAIGN = Page(
    "The fields of a campaign file",
    "What the fields are for, constraints in detail and typical mistakes: [campaign files](../campaign-file.md). "
    "`galvanaut schema campaign` prints the same as JSON Schema.",
    Campaign,
)
BENCH = Page(
    "The fields of a bench file",
    "Wiring, the settings of each driver, simulated cells, faults, and what to know before a bench is armed: "
    "[bench files](../bench-file.md). `galvanaut schema bench` prints the same as JSON Schema.",
    Bench,
)
ALARMS = Page(
    "The fields of alarms.yaml",
    "A whole file, and when there is an alarm at all: [be told when something goes silent](../how-to/alarms.md). "
    "`galvanaut schema alarms` prints the same as JSON Schema. All numbers are ours (illustrative).",
    AlarmFile,
)


def pages() -> dict[str, str]:
    """Each page by its file name."""
    return {
        "cli.md": commands_page(),
        "campaign-file.md": fields_page(CAMPAIGN),
        "bench-file.md": fields_page(BENCH),
        "alarms-file.md": fields_page(ALARMS),
    }


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="only say which pages are out of date")
    only_check = parser.parse_args().check
    old = {path: text for name, text in pages().items() if _kept(path := FOLDER / name) != text}
    for path, text in old.items():
        if not only_check:
            path.write_text(text, encoding="utf-8")
        print(f"{path.name}: {'out of date' if only_check else 'written'}")
    if old and only_check:
        print(f"bring them up to date by: {COMMAND}")
    return 1 if old and only_check else 0


def _kept(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


if __name__ == "__main__":
    sys.exit(main())
