"""Which code worked, on what: versions, commit, seeds, instruments. No names of machines, users or folders."""

from __future__ import annotations

import platform
import shutil
import subprocess
from importlib.metadata import distributions
from pathlib import Path
from typing import TYPE_CHECKING, Any

from galvanaut.campaigns.dossier.crate import Instrument
from galvanaut.flows.versions import versions

if TYPE_CHECKING:
    from galvanaut.campaigns.ledger import Ledger


def installed() -> list[str]:
    """All packages of this environment with their versions, as ``pip`` writes pins."""
    found = {str(each.metadata["Name"]).lower().replace("_", "-"): each.version for each in distributions()}
    return [f"{name}=={version}" for name, version in sorted(found.items())]


def software_json(ledger: Ledger) -> dict[str, Any]:
    """What proposed the recipes, and what has written the dossier."""
    return {
        "planner_worked_with": {bench: dict(each) for bench, each in ledger.software.items()},
        "dossier_written_with": {**versions(), "system": platform.system()},
        "commit": commit(),
    }


def commit() -> dict[str, Any] | None:
    """Of the checkout that this code runs from; None for an installed package or without git."""
    here, git = Path(__file__).parent, shutil.which("git")
    if git is None or not any((folder / ".git").exists() for folder in here.parents):
        return None
    head = _said(git, here, "rev-parse", "HEAD")
    changed = _said(git, here, "status", "--porcelain", "--untracked-files=no")
    return None if head is None else {"id": head, "changed_since": bool(changed)}


def _said(git: str, folder: Path, *words: str) -> str | None:
    """What git answers; None if it cannot."""
    try:
        done = subprocess.run(  # noqa: S603  (git by its full path, with words of ours)
            [git, "-C", str(folder), *words], capture_output=True, text=True, timeout=20, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def instruments_json(instruments: list[Instrument]) -> list[dict[str, Any]]:
    """Who they are; an identity that was never written down is null."""
    return [
        {
            "name": each.name,
            "role": each.role,
            "driver": each.driver,
            "origin": "simulated" if each.simulated else "real",
            "identity": dict(each.identity) or None,
        }
        for each in instruments
    ]
