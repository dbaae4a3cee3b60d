"""Benches that share a campaign choose their recipes in turn, so that each choice knows of all earlier ones."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from galvanaut.core.errors import GalvanautError
from galvanaut.core.lock import command
from galvanaut.instruments.mailbox.letters import fresh_name

if TYPE_CHECKING:
    from galvanaut.core.leases import Leases

TURN_S = 60.0
"""Whoever died while choosing is forgotten after this time (illustrative); to choose takes about a second."""
POLL_S = 0.05


class Turns:
    """The right to choose the next recipe of a campaign.

    Args:
        leases: in the ledger's database.
        campaign: its name.
    """

    def __init__(self, leases: Leases, campaign: str) -> None:
        self._leases, self._name, self._owner = leases, f"recipe {campaign}", fresh_name("chooser")

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[None]:
        """Have it while inside; cells are looked after while one waits for it.

        Raises:
            GalvanautError: somebody else keeps it for longer than a dead process could.
        """
        deadline = time.monotonic() + 2 * TURN_S
        while True:
            try:
                self._leases.take(self._name, self._owner, command(), TURN_S)
                break
            except GalvanautError:
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(POLL_S)
        try:
            yield
        finally:
            self._leases.release(self._name, self._owner)
