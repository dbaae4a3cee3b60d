"""The fields of a campaign file that say who proposes recipes, and what is known beforehand."""

from __future__ import annotations

import math
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from galvanaut.campaigns.recipe import Recipe
from galvanaut.campaigns.searchfields import FileModel
from galvanaut.core.errors import InputError, PlacedError
from galvanaut.core.identifiers import is_name
from galvanaut.core.units import Unit


class WrittenRecipe(FileModel):
    """One recipe, counted as the components are: shares of the solvents, molalities, mass fractions of additives."""

    solvents: dict[str, Annotated[float, Unit("")]] = Field(
        min_length=1,
        description="Mass share of each solvent in all solvent; they sum to 1.",
        examples=[{"EC": "30 %", "EMC": "70 %"}],
    )
    salts_mol_kg: dict[str, Annotated[float, Unit("mol/kg")]] = Field(
        alias="salts",
        default_factory=dict,
        description="Amount of each salt, per kg of solvent.",
        examples=[{"LiPF6": "1 mol/kg"}],
    )
    additives: dict[str, Annotated[float, Unit("")]] = Field(
        default_factory=dict,
        description="Mass fraction of each additive in the whole electrolyte.",
        examples=[{"VC": "2 %"}],
    )
    note: str = Field(default="", description="Where it comes from, in words; the ledger keeps it.")

    @model_validator(mode="after")
    def _is_recipe(self) -> Self:
        try:
            self.recipe()
        except InputError as error:
            raise ValueError(str(error)) from None
        return self

    def recipe(self) -> Recipe:
        """The recipe that is written here."""
        return Recipe.from_views(self.solvents, self.salts_mol_kg, self.additives)


class ReferenceChoice(FileModel):
    """A recipe that is made again and again, so that drift and offsets can be told from what recipes do."""

    recipe: WrittenRecipe = Field(description="Inside the search space, and makeable.")
    every: int = Field(ge=2, description="Trials 1, 1 + every, 1 + 2 every and so on make it; each begins a block.")


class PlannerChoice(FileModel):
    """Who proposes the recipes."""

    name: str = Field(
        default="bayes",
        description="A planner: bayes, sobol, random; botorch and baybe with their extras; or one that a package adds.",
    )
    initial: int = Field(
        default=8,
        ge=1,
        description="Space-filling trials before the planner learns; all trials if the budget holds fewer.",
    )
    first: list[WrittenRecipe] = Field(
        default_factory=list,
        description="Recipes that are tried first, such as those of the literature; the initial trials count them.",
    )
    earlier: list[str] = Field(
        default_factory=list,
        description="Earlier campaigns of this lab that measured the same quantity. A model of their trials, as they "
        "were when this campaign began, is believed as far as the new trials bear it out.",
        examples=[["conductivity-may"]],
    )
    physics: bool = Field(
        default=False,
        description="Whether to believe the fitted law of the conductivity, as far as the trials bear it out. It knows "
        "EC, PC, DMC, EMC and LiPF6, and counts some VC and FEC as EC. There is none for life yet.",
    )
    reference: ReferenceChoice | None = Field(
        default=None, description="A recipe that is made again every so many trials; none if left out."
    )

    @field_validator("earlier")
    @classmethod
    def _are_names(cls, earlier: list[str]) -> list[str]:
        for name in earlier:
            if not is_name(name):
                raise ValueError(f"{name!r} cannot be the name of a campaign; write it as `galvanaut status` shows it")
        if len(set(earlier)) < len(earlier):
            raise ValueError(f"each campaign once, found {', '.join(earlier)}")
        return earlier

    def check_first(self, trials: int) -> None:
        """Refuse recipes that would never be tried.

        Raises:
            PlacedError: there are more of them than so many trials hold.
        """
        made = 0 if self.reference is None else math.ceil(trials / self.reference.every)
        over = len(self.first) - (trials - made)
        if over <= 0:
            return
        taken = f", of which {made} make the reference" if made else ""
        raise PlacedError(
            ("planner", "first"),
            f"{len(self.first)} recipes, but budget.trials is {trials}{taken}: the last {over} would never be tried; "
            f"raise that, or leave {over} out",
        )
