"""New bottles were put up: whoever works the bench learns of their lots and volumes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from galvanaut.instruments.jobs.action import Job

if TYPE_CHECKING:
    from galvanaut.instruments.bench import Bench


@dataclass(frozen=True)
class PutUpBottles:
    """What the bench file says of them now.

    Attributes:
        bottles: by stock: ``lot``, ``available_mL`` and ``density_g_mL``.
    """

    bottles: Mapping[str, Mapping[str, Any]]

    expires: ClassVar[bool] = False

    def request(self) -> Mapping[str, Any]:
        """Plain JSON."""
        return {"kind": "bottles", "bottles": {name: dict(bottle) for name, bottle in self.bottles.items()}}

    def needs(self, bench: Bench) -> list[str]:
        """Nothing: no instrument has to do with it."""
        return []

    async def perform(self, job: Job) -> Mapping[str, Any]:
        """Take them over.

        Returns:
            ``at``, the instant.
        """
        job.bench.put_up(self.bottles)
        return {"at": job.now()}
