"""The fields of a campaign file that say when a recipe's cells are taken off before their end."""

from __future__ import annotations

from pydantic import Field

from galvanaut.campaigns.searchfields import FileModel


class EarlyStop(FileModel):
    """Cells of a recipe that can hardly win any more make room for the next one."""

    probability: float = Field(
        default=0.05,
        gt=0,
        lt=0.5,
        description="A recipe is stopped when it is less likely than this to beat the best finished one.",
    )
    minimum_cycles: int = Field(default=30, ge=5, description="Cycles that each of its cells must have had.")
    finished: int = Field(
        default=4, ge=4, description="Cells that must have come to their end before anything is stopped."
    )
    every: int = Field(default=10, ge=1, description="Cycles between two looks at a recipe.")

    def next_look(self, before: float | None = None) -> float:
        """Cycles of the youngest cell of a recipe after which to look, having looked after ``before``, or never."""
        return self.minimum_cycles if before is None else before + self.every
