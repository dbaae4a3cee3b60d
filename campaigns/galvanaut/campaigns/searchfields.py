"""The fields of a campaign file that span the search: components with bounds, and constraints between them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from galvanaut.campaigns.components import components, unknown
from galvanaut.campaigns.constraints import Constraint, optional_names, parse
from galvanaut.campaigns.feasibility import Amounts, BoundLine, Line, SharesLine
from galvanaut.core.errors import PlacedError
from galvanaut.core.units import Unit

_HIGHEST_MOLALITY_mol_kg = 20.0
"""Above the molality of any lithium salt electrolyte in use (illustrative); catches g/kg written as mol/kg."""

ConstraintText = Annotated[
    Constraint,
    PlainValidator(parse),
    PlainSerializer(lambda constraint: constraint.text, return_type=str),
    WithJsonSchema({"type": "string", "examples": ["EC + PC >= 0.1", "EC/PC <= 2", "at most 2 of VC, FEC, PS"]}),
]
"""A `Constraint` that is written as text."""


class FileModel(BaseModel):
    """Base of all parts of a campaign file: immutable, nothing unknown, only finite numbers, and no guessing of types.

    ``"5"`` is not 5. Python names are accepted beside the names used in the file.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True, allow_inf_nan=False)


MayBeAbsent = Annotated[
    bool, Field(description="Whether a recipe may do without: the amount is 0, or lies from low to high.")
]


class FractionBounds(FileModel):
    """Lowest and highest fraction allowed; equal for a fixed one."""

    low: Annotated[float, Unit("")] = Field(description="Lowest fraction.", examples=[0.1, "10 %"])
    high: Annotated[float, Unit("")] = Field(description="Highest fraction.", examples=[0.5, "50 %"])
    optional: MayBeAbsent = False

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not 0.0 <= self.low <= 1.0 or not 0.0 <= self.high <= 1.0:
            raise ValueError(
                f"fractions lie from 0 to 1, found {self.low:g} to {self.high:g}; for per cent write e.g. '2 %'"
            )
        if self.low > self.high:
            raise ValueError(f"bounds crossed: low {self.low:g} is above high {self.high:g}")
        return self


class MolalityBounds(FileModel):
    """Lowest and highest molality allowed, mol per kg of solvent; equal for a fixed one."""

    low_mol_kg: Annotated[float, Unit("mol/kg")] = Field(alias="low", description="Lowest molality.")
    high_mol_kg: Annotated[float, Unit("mol/kg")] = Field(alias="high", description="Highest molality.")
    optional: MayBeAbsent = False

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low_mol_kg < 0.0 or self.high_mol_kg > _HIGHEST_MOLALITY_mol_kg:
            raise ValueError(
                f"molality lies from 0 to {_HIGHEST_MOLALITY_mol_kg:g} mol/kg, "
                f"found {self.low_mol_kg:g} to {self.high_mol_kg:g} mol/kg"
            )
        if self.low_mol_kg > self.high_mol_kg:
            raise ValueError(
                f"bounds crossed: low {self.low_mol_kg:g} mol/kg is above high {self.high_mol_kg:g} mol/kg"
            )
        return self


def _in_role(role: str) -> Any:
    """A key of the component table with this role (diluents stand among the solvents)."""

    def check(key: str) -> str:
        found = components().get(key)
        if found is None:
            raise ValueError(f"{key!r} {unknown(key)}")
        place = "solvent" if found.is_solvent else found.role
        if place != role:
            raise ValueError(f"{key} ({found.name}) is {found.kind}, move it to {place}s")
        return key

    return AfterValidator(check)


class SearchedComponents(FileModel):
    """Which components the recipes hold, and how much of each."""

    solvents: dict[Annotated[str, _in_role("solvent")], FractionBounds] = Field(
        min_length=1,
        description="Mass share of each solvent in all solvent; the shares of a recipe sum to 1.",
        examples=[{"EC": {"low": 0.1, "high": 0.5}, "DMC": {"low": 0.5, "high": 0.9}}],
    )
    salts: dict[Annotated[str, _in_role("salt")], MolalityBounds] = Field(
        default_factory=dict,
        description="Amount of each salt, per kg of solvent.",
        examples=[{"LiPF6": {"low": "0.5 mol/kg", "high": "2 mol/kg"}}],
    )
    additives: dict[Annotated[str, _in_role("additive")], FractionBounds] = Field(
        default_factory=dict,
        description="Mass fraction of each additive in the whole electrolyte.",
        examples=[{"VC": {"low": "0 %", "high": "2 %"}}],
    )

    @field_validator("solvents")
    @classmethod
    def _can_sum_to_one(cls, solvents: dict[str, FractionBounds]) -> dict[str, FractionBounds]:
        highest = math.fsum(bounds.high for bounds in solvents.values())
        if highest < 1.0 - 1e-9:
            raise ValueError(f"the shares cannot sum to 1: their high bounds sum to only {highest:g}")
        return solvents

    @field_validator("additives")
    @classmethod
    def _leave_room(cls, additives: dict[str, FractionBounds]) -> dict[str, FractionBounds]:
        most = math.fsum(bounds.high for bounds in additives.values())
        if most >= 1.0:
            raise ValueError(f"no room is left for solvent: the high bounds of the additives sum to {most:g}")
        return additives

    @property
    def bounds(self) -> dict[str, tuple[float, float]]:
        """Low and high of every variable: solvents (share), salts (mol/kg), additives (fraction), as in the file."""
        fractions = {key: (bounds.low, bounds.high) for key, bounds in self.solvents.items()}
        fractions |= {key: (bounds.low_mol_kg, bounds.high_mol_kg) for key, bounds in self.salts.items()}
        return fractions | {key: (bounds.low, bounds.high) for key, bounds in self.additives.items()}

    @property
    def optional(self) -> tuple[str, ...]:
        """Components that may be absent, those aside that a count names."""
        groups: tuple[Mapping[str, FractionBounds | MolalityBounds], ...] = (self.solvents, self.salts, self.additives)
        return tuple(key for group in groups for key, bounds in group.items() if bounds.optional)

    def path(self, key: str) -> tuple[str, str, str]:
        """Where a component stands in the file."""
        group = next(name for name in ("solvents", "salts", "additives") if key in getattr(self, name))
        return "components", group, key

    def check_conflict(self, constraints: Sequence[Constraint]) -> None:
        """Refuse bounds and constraints that leave no recipe.

        Raises:
            PlacedError: naming lines that cannot hold together, none of which can be spared.
        """
        clash = self._amounts(constraints).conflict(self._lines(constraints))
        if not clash:
            return
        written = [line for line in clash if not isinstance(line, SharesLine)]
        bounds = [line.path for line in written if isinstance(line, BoundLine)]
        first = next((place for place, line in enumerate(constraints) if line in written), None)
        verb = "cannot hold together" if len(written) > 1 else "cannot hold"
        because = f", as {SharesLine().text}" if len(written) < len(clash) else ""
        place = bounds[0] if first is None else ("constraints", first)
        raise PlacedError(place, f"no recipe is left: {_listed(written)} {verb}{because}")

    def pinned(self, constraints: Sequence[Constraint]) -> str:
        """The lines that leave one recipe only, in words; they have to leave no more."""
        found = self._amounts(constraints).pinned(self._lines(constraints))
        return _listed([line for line in found if not isinstance(line, SharesLine)])

    def _amounts(self, constraints: Sequence[Constraint]) -> Amounts:
        ceilings = tuple(_HIGHEST_MOLALITY_mol_kg if key in self.salts else 1.0 for key in self.bounds)
        optional = optional_names(self.optional, constraints)
        return Amounts(tuple(self.bounds), tuple(self.solvents), ceilings, optional)

    def _lines(self, constraints: Sequence[Constraint]) -> list[Line]:
        """Every line that narrows the search, in the order of the file."""
        found: list[Line] = []
        for key, (low, high) in self.bounds.items():
            path, unit = self.path(key), "mol/kg" if key in self.salts else ""
            found.append(BoundLine(key, "low", low, (*path, "low"), unit))
            found.append(BoundLine(key, "high", high, (*path, "high"), unit))
        return [*found, *constraints, SharesLine()]


def _listed(lines: Sequence[Line]) -> str:
    texts = [line.text if isinstance(line, BoundLine) else repr(line.text) for line in lines]
    return " and ".join([", ".join(texts[:-1]), texts[-1]] if len(texts) > 1 else texts)
