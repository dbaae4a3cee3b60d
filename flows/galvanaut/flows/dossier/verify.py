"""`galvanaut verify`: is a dossier what was handed over, and would its planner decide again as it did?"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from galvanaut.campaigns.ledger import Ledger
from galvanaut.core.clock import SystemClock
from galvanaut.core.errors import GalvanautError, InputError
from galvanaut.flows.dossier.decisionlog import KeptLog, events_of
from galvanaut.flows.dossier.files import DECISIONS, JOURNAL, LEDGER
from galvanaut.flows.dossier.package import MANIFEST, DamagedError, Package, digest, opened, read_manifest
from galvanaut.flows.replay import Replay, replay, with_stops
from galvanaut.instruments.journal import Journal


@dataclass(frozen=True)
class Verified:
    """What came of it.

    Attributes:
        files: how many were checked.
        fingerprint: of the manifest; empty if that is damaged.
        problems: what is wrong with the files, each naming one.
        campaign: whose dossier it is; empty if its decision log is damaged.
        replay: of the decisions; None if they were not asked for again.
    """

    files: int
    fingerprint: str
    problems: tuple[str, ...]
    campaign: str = ""
    replay: Replay | None = None

    @property
    def is_good(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems and (self.replay is None or self.replay.is_same)

    def text(self) -> str:
        """In words."""
        rows = [f"{self.files} files are what the manifest says"] if not self.problems else list(self.problems)
        if self.replay is not None:
            rows.append(self.replay.text())
        elif not self.problems:
            rows.append("the planner was not asked again")
        else:
            rows.append("the planner was not asked again, because of that")
        return "\n".join([*rows, f"fingerprint {self.fingerprint}"] if self.fingerprint else rows)

    def to_json(self) -> dict[str, Any]:
        """For machines."""
        return {
            "good": self.is_good,
            "files": self.files,
            "fingerprint": self.fingerprint,
            "problems": list(self.problems),
            "campaign": self.campaign,
            "replay": None if self.replay is None else self.replay.to_json(),
        }


def verify(
    source: Path, progress: Callable[[int, int], None] = lambda done, total: None, *, decisions: bool = True
) -> Verified:
    """Check every file against the manifest, and ask the planner again for every recipe.

    Args:
        source: folder, ``.zip`` or ``.eln``.
        progress: told how many proposals were compared, and of how many.
        decisions: whether the planner is asked again.

    Raises:
        InputError: there is no dossier.
        DamagedError: it is an archive that cannot be read.
    """
    with opened(source) as package:
        try:
            manifest = package.read(MANIFEST)
            hashes = read_manifest(manifest)
        except DamagedError as error:
            return Verified(0, "", (str(error),))
        problems = list(_problems(package, hashes))
        if problems or not decisions:
            return Verified(len(hashes), digest(manifest), tuple(problems))
        campaign, log = kept_decisions(package)
        jobs = KeptLog(events_of(package.read(JOURNAL), JOURNAL))
    try:
        found = with_stops(
            replay(log, campaign, progress), Ledger(log, campaign, SystemClock()), Journal(jobs, SystemClock())
        )
    except InputError as error:
        return Verified(len(hashes), digest(manifest), (f"{LEDGER}: {error}",), campaign)
    return Verified(len(hashes), digest(manifest), (), campaign, found)


def kept_decisions(package: Package) -> tuple[str, KeptLog]:
    """The campaign of a dossier, and its decision log.

    Raises:
        InputError: it holds none.
    """
    try:
        campaign = str(json.loads(package.read(DECISIONS))["campaign"])
    except (ValueError, KeyError, TypeError):
        raise InputError(DECISIONS, "does not say whose dossier it is") from None
    events = events_of(package.read(LEDGER), LEDGER)
    if not any(event.topic == campaign for event in events):
        raise InputError(LEDGER, f"holds no decision of campaign {campaign}")
    return campaign, KeptLog(events)


def _problems(package: Package, hashes: dict[str, str]) -> list[str]:
    found = []
    for name in sorted({*hashes, *package.names} - {MANIFEST}):
        if name not in hashes:
            found.append(f"{name}: is not in the manifest; it was added later")
        elif name not in package.names:
            found.append(f"{name}: is missing")
        else:
            try:
                content = package.read(name)
            except GalvanautError as error:
                found.append(str(error))
                continue
            if digest(content) != hashes[name]:
                found.append(f"{name}: is not what was handed over; its SHA-256 is another one")
    return found
