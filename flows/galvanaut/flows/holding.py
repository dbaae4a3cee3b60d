"""Who may act in a lab: one process at a time, on this computer and, where its database is shared, on all of them.

A lock of the operating system keeps processes of one folder apart, and lets the next one in as soon as one is dead.
Other folders with the same database, of other computers, see a lease in it. The lease belongs to the folder, not to the
process: whoever has the folder's lock may renew it at once.
"""

from __future__ import annotations

import hashlib
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from galvanaut.core.eventlog import opened
from galvanaut.core.leases import LeaseKeeper, Leases
from galvanaut.core.lock import InUseError, exclusive
from galvanaut.instruments.mailbox.letters import LEASE_S

if TYPE_CHECKING:
    from galvanaut.flows.folder import LabFolder

Problem = Callable[[], str]
"""Why one must not go on, in words; empty if all is well."""


@contextmanager
def holding(
    folder: LabFolder, what: Literal["lab", "bench"], description: str, campaign: str = ""
) -> Iterator[Problem]:
    """Hold a lab, to run a campaign in it, or its bench, while inside.

    Args:
        folder: of the lab.
        what: is held.
        description: of it, for the message.
        campaign: that is run in it; whoever is turned away is told.

    Raises:
        InUseError: another process holds it; the message says which, its ``task`` the campaign.
        GalvanautError: the database does not answer.
    """
    with ExitStack() as stack:
        stack.enter_context(exclusive(folder.lock if what == "lab" else folder.station_lock, description, campaign))
        url = folder.url
        if url is None:
            yield lambda: ""
            return
        leases, owner = Leases(stack.enter_context(opened(url))), _owner(folder.path)
        held = leases.find(what)
        if held is not None and held.owner != owner:
            advice = f"wait for it to end, or stop it; a dead one is forgotten after {LEASE_S:g} s"
            raise InUseError(description, advice, held.about, str(held.facts.get("campaign", "")))
        keeper = LeaseKeeper(leases, what, owner, LEASE_S, facts=lambda: {"campaign": campaign})
        stack.enter_context(keeper.kept())
        yield lambda: keeper.problem


def outlast_the_dead(folder: LabFolder) -> None:
    """If a process of another computer that holds the lab has died, wait until it is forgotten; at once if it lives.

    Who lives renews its lease every fifth of `LEASE_S`. Without this a person would be told that it acts.
    """
    url = folder.url
    if url is None:
        return
    with opened(url) as engine:
        leases = Leases(engine)
        first = found = leases.find("lab")
        if first is None or first.owner == _owner(folder.path):  # here the folder's lock tells
            return
        while found is not None and found.until == first.until:
            time.sleep(LEASE_S / 30)
            found = leases.find("lab")


def _owner(lab: Path) -> str:
    """Tells one folder on one computer from every other one."""
    place = f"{socket.gethostname()} {lab.resolve()} {lab.stat().st_ino}"
    return hashlib.sha256(place.encode(errors="surrogateescape")).hexdigest()[:32]
