"""Rules that end a test before its last step, judged from the charge of each complete cycle; no input, no output.

Cycles are of one kind if they end at the same loop step of the protocol: so a check-up at C/10 among cycles at 1C is
compared with the first check-up, and the other cycles with the first of them.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from galvanaut.core.units import Unit

Memory = MutableMapping[str, Any]
"""What was counted, in JSON types, by name and kind of cycle."""


class StopRules(BaseModel):
    """When a test ends although its protocol would go on. That is no failure.

    Attributes:
        retention_min: smallest share of the discharged charge of the first complete cycle of the same kind.
        efficiency_min: smallest share of the charge moved in that comes out again within a cycle; the first cycle of a
            kind is not judged, it may begin with a cell that is half full.
        consecutive: cycles of one kind in a row that have to be below.
        cycles_max: complete cycles, of whatever kind.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    retention_min: Annotated[float, Unit(""), Field(gt=0, lt=1)] | None = Field(default=None, alias="minimum_retention")
    efficiency_min: Annotated[float, Unit(""), Field(gt=0, lt=1)] | None = Field(
        default=None, alias="minimum_coulombic_efficiency"
    )
    consecutive: int = Field(default=1, ge=1)
    cycles_max: int | None = Field(default=None, ge=1, alias="maximum_cycles")

    @model_validator(mode="after")
    def _check_use(self) -> Self:
        if self.retention_min is None and self.efficiency_min is None and self.cycles_max is None:
            raise ValueError("give minimum_retention, minimum_coulombic_efficiency or maximum_cycles")
        return self

    def judge(self, memory: Memory, kind: str, charged_Ah: float, discharged_Ah: float) -> str:
        """Take one more complete cycle.

        Args:
            memory: what was counted so far; changed.
            kind: of the cycle.
            charged_Ah: moved into the cell.
            discharged_Ah: moved out of it, positive.

        Returns:
            Why the test ends now, in words; empty if it goes on.
        """
        done = memory["done"] = memory.get("done", 0) + 1
        firsts: MutableMapping[str, float] = memory.setdefault("firsts", {})
        is_first = kind not in firsts
        if is_first and discharged_Ah > 0:
            firsts[kind] = discharged_Ah
        found = ""
        if not is_first:
            retention = discharged_Ah / firsts[kind]
            efficiency = discharged_Ah / charged_Ah if charged_Ah > 0 else None
            found = self._below(memory, kind, "minimum_retention", self.retention_min, retention)
            found = found or self._below(memory, kind, "minimum_coulombic_efficiency", self.efficiency_min, efficiency)
        if not found and self.cycles_max is not None and done >= self.cycles_max:
            found = f"maximum_cycles: {done} cycles are complete"
        return found

    def _below(self, memory: Memory, kind: str, rule: str, least: float | None, value: float | None) -> str:
        if least is None or value is None:
            return ""
        counts: MutableMapping[str, int] = memory.setdefault(rule, {})
        counts[kind] = counts.get(kind, 0) + 1 if value < least else 0
        if counts[kind] < self.consecutive:
            return ""
        in_a_row = f", {counts[kind]} such cycles in a row" if self.consecutive > 1 else ""
        return f"{rule}: {value:.2%} is below {least:.4g}{in_a_row}"


def fresh_memory(memory: Mapping[str, Any]) -> dict[str, Any]:
    """A copy that may be changed by itself."""
    return {name: dict(value) if isinstance(value, Mapping) else value for name, value in memory.items()}
