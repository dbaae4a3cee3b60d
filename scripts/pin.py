"""Write the exact versions of the installed environment into pyproject.toml, without any registry host.

    uv run --group lint --group interop python scripts/pin.py

`uv.lock` is not committed, because it names the hosts it was made with. `[tool.uv] constraint-dependencies` says the
same in names and versions alone, and every `uv run` and `uv sync` in this checkout obeys it. `--upgrade` drops the old
pins first, so that the next `uv sync` resolves anew; run the script again after it to pin what was found.
"""

from __future__ import annotations

import argparse
import re
from importlib.metadata import distributions
from pathlib import Path

PYPROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"
BEGIN = "# --- pins: written by scripts/pin.py, do not edit ---"
END = "# --- end of pins ---"


def installed() -> dict[str, str]:
    """Version of every distribution in this environment but the project itself."""
    found = {re.sub(r"[-_.]+", "-", item.metadata["Name"]).lower(): item.version for item in distributions()}
    found.pop("galvanaut", None)
    return dict(sorted(found.items()))


def pinned(text: str, versions: dict[str, str]) -> str:
    """``text`` of a pyproject.toml with its block of pins replaced."""
    lines = [f'    "{name}=={version}",' for name, version in versions.items()]
    block = "\n".join([BEGIN, "constraint-dependencies = [", *lines, "]", END])
    pattern = re.compile(re.escape(BEGIN) + ".*?" + re.escape(END), re.DOTALL)
    return pattern.sub(lambda _: block, text) if pattern.search(text) else f"{text.rstrip()}\n\n[tool.uv]\n{block}\n"


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--upgrade", action="store_true", help="drop all pins instead of writing them")
    versions = {} if parser.parse_args().upgrade else installed()
    PYPROJECT.write_text(pinned(PYPROJECT.read_text(encoding="utf-8"), versions), encoding="utf-8")
    print(f"{len(versions)} versions pinned in {PYPROJECT.name}")


if __name__ == "__main__":
    main()
