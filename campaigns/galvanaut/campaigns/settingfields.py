"""The fields of a campaign file that the planner chooses beside the recipe."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import Field, field_validator, model_validator

from galvanaut.campaigns.components import close
from galvanaut.campaigns.lots import lot_choice
from galvanaut.campaigns.searchfields import FileModel
from galvanaut.campaigns.variables import Choice, Setting

FORMATION_RATE = "formation_rate"
"""Name of the setting for the C-rate of formation."""


class RateBounds(FileModel):
    """Lowest and highest C-rate; plain numbers, 0.05 for C/20."""

    low: float = Field(gt=0.0, le=10.0, description="Lowest C-rate.", examples=[0.05])
    high: float = Field(gt=0.0, le=10.0, description="Highest C-rate.", examples=[0.2])

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low > self.high:
            raise ValueError(f"bounds crossed: low {self.low:g} is above high {self.high:g}")
        return self


class SearchedSettings(FileModel):
    """What the planner chooses beside the recipe."""

    formation_rate: RateBounds | None = Field(
        default=None,
        description="C-rate of all constant-current steps of the formation plan, charging and discharging.",
    )
    lots: dict[str, Annotated[list[str], Field(min_length=2)]] = Field(
        default_factory=dict,
        description="By component, lots that stand on the bench side by side, each in a bottle of its own; every trial "
        "uses one of them.",
        examples=[{"EC": ["A17", "B02"]}],
    )

    @model_validator(mode="before")
    @classmethod
    def _are_known(cls, data: Any) -> Any:
        known = list(cls.model_fields)
        unknown = [name for name in data if name not in known] if isinstance(data, dict) else []
        if unknown:
            raise ValueError(f"{unknown[0]!r} is no setting that a planner can choose{close(unknown[0], known)}")
        return data

    @field_validator("lots")
    @classmethod
    def _each_lot_once(cls, lots: dict[str, list[str]]) -> dict[str, list[str]]:
        named = [lot for some in lots.values() for lot in some]
        twice = next((lot for lot in named if named.count(lot) > 1), None)
        if twice is not None:
            raise ValueError(f"lot {twice!r} is named twice")
        return lots

    @property
    def variables(self) -> list[Setting | Choice]:
        """The same as variables of the search."""
        rate = self.formation_rate
        numbers = [] if rate is None else [Setting(FORMATION_RATE, rate.low, rate.high)]
        return [*numbers, *(lot_choice(key, lots) for key, lots in self.lots.items())]
