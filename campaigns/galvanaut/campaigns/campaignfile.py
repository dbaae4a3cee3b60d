"""The campaign file: what to learn, from which components, by which procedure and at what cost.

YAML with units. These models are its definition: the JSON Schema for editors is made from them.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from galvanaut.campaigns.components import close
from galvanaut.campaigns.constraints import LinearConstraint
from galvanaut.campaigns.searchfields import ConstraintText, FileModel, SearchedComponents
from galvanaut.core import yamlfile
from galvanaut.core.identifiers import NAME_PATTERN, is_name
from galvanaut.core.units import Unit

_LIGHTEST_g_mL = 0.77
"""No solvent of the component table is lighter (acetonitrile, 0.776 g/mL at 25 degC)."""


def _difference(value: object) -> object:
    """``0.1 degC`` as a difference of temperature is 0.1 K; as a temperature it would be 273.25 K."""
    return re.sub(r"(?<=[\d\s])degC\s*$", "K", value) if isinstance(value, str) else value


def _positive(value: float) -> float:
    if not value > 0.0:
        raise ValueError(f"must be more than 0, found {value:g}")
    return value


class ConductivityStep(FileModel):
    """How conductivity is measured in the flow cell."""

    temperature_degC: Annotated[float, Unit("degC")] = Field(
        alias="temperature", description="Temperature of the chamber and of the reading."
    )
    settle_s: Annotated[float, Unit("s")] = Field(
        default=1800.0,
        alias="settle",
        description="How long the chamber stays within the tolerance before the first reading.",
        json_schema_extra={"default": "30 min"},
    )
    tolerance_K: Annotated[float, Unit("K"), BeforeValidator(_difference)] = Field(
        default=0.1,
        alias="tolerance",
        description="How far the chamber may be from the temperature while it settles and during the readings.",
        examples=["0.1 degC", "0.2 K"],
        json_schema_extra={"default": "0.1 degC"},
    )
    readings: int = Field(default=5, ge=1, le=1000, description="Readings per trial; their mean counts.")
    transfer_mL: Annotated[float, Unit("mL")] = Field(
        default=3.0,
        alias="transfer",
        description="Volume pushed from the mixer through the cell; several cell volumes, to displace what was in it.",
        json_schema_extra={"default": "3 mL"},
    )

    @field_validator("settle_s", "tolerance_K", "transfer_mL")
    @classmethod
    def _more_than_nothing(cls, value: float) -> float:
        return _positive(value)


class RinseStep(FileModel):
    """How mixer and cell are cleaned after a trial."""

    cycles: int = Field(default=2, ge=1, le=20, description="How many times mixer and cell are rinsed and emptied.")
    volume_mL: Annotated[float, Unit("mL")] = Field(
        default=5.0,
        alias="volume",
        description="Rinse solvent per cycle.",
        json_schema_extra={"default": "5 mL"},
    )

    @field_validator("volume_mL")
    @classmethod
    def _more_than_nothing(cls, value: float) -> float:
        return _positive(value)


class Procedure(FileModel):
    """What is done with each recipe."""

    batch_mass_g: Annotated[float, Unit("g")] = Field(
        alias="batch_mass", description="Mass of each batch; must exceed what the transfer takes."
    )
    conductivity: ConductivityStep = Field(description="The measurement.")
    rinse: RinseStep = Field(default_factory=RinseStep, description="Cleaning between trials.")

    @field_validator("batch_mass_g")
    @classmethod
    def _more_than_nothing(cls, value: float) -> float:
        return _positive(value)

    @model_validator(mode="after")
    def _enough_to_measure(self) -> Self:
        transfer_mL = self.conductivity.transfer_mL
        if self.batch_mass_g < transfer_mL * _LIGHTEST_g_mL:
            raise ValueError(
                f"a batch of {self.batch_mass_g:g} g holds less than the {transfer_mL:g} mL that the transfer takes; "
                "make a larger batch"
            )
        return self


class Objective(FileModel):
    """A measured quantity and the direction wanted."""

    name: Literal["conductivity"] = Field(description="The quantity: conductivity, in mS/cm.")
    goal: Literal["maximise", "minimise"] = Field(description="The direction wanted.")

    @property
    def unit(self) -> str:
        """Unit of its values."""
        return "mS/cm"


class Budget(FileModel):
    """What the campaign may spend."""

    trials: int = Field(ge=1, le=10_000, description="Number of trials, the initial ones and failures included.")
    parallel: int = Field(
        default=1,
        ge=1,
        le=64,
        description="Trials at a time. Where they need the same mixer they queue for it, so on a bench with one mixer "
        "more than 1 only makes the planner choose earlier, with less knowledge.",
    )


class PlannerChoice(FileModel):
    """Who proposes the recipes."""

    name: str = Field(default="bayes", description="A planner: bayes, sobol, random, or one that a package adds.")
    initial: int = Field(
        default=8,
        ge=1,
        description="Space-filling trials before the planner learns; all trials if the budget holds fewer.",
    )


class Campaign(FileModel):
    """A campaign as written in its file."""

    name: str = Field(
        description="Names the campaign in the ledger and in file names.",
        json_schema_extra={"pattern": f"^{NAME_PATTERN}$"},
    )
    title: str = Field(default="", description="One line for the report.")
    components: SearchedComponents = Field(description="What the recipes are made of, and the bounds of the search.")
    constraints: list[ConstraintText] = Field(
        default_factory=list,
        description="Linear inequalities between components: solvents as mass shares of all solvent, salts in mol per "
        "kg of solvent, additives as mass fractions of the electrolyte; plain numbers.",
        examples=[["EC + PC >= 0.1", "PC/0.3 + DMC/0.9 <= 1"]],
    )
    procedure: Procedure = Field(description="What is done with each recipe.")
    objectives: list[Objective] = Field(min_length=1, description="Exactly one for now.")
    budget: Budget = Field(description="What the campaign may spend.")
    planner: PlannerChoice = Field(default_factory=PlannerChoice, description="Who proposes the recipes.")
    seed: int = Field(default=1, ge=0, description="Makes a simulated campaign repeatable.")
    bench: str = Field(
        min_length=1,
        description="Bench file, relative to the folder of this file.",
        examples=["../instruments/benches/simulated.yaml"],
    )

    @field_validator("name")
    @classmethod
    def _is_name(cls, name: str) -> str:
        if not is_name(name):
            raise ValueError(
                f"{name!r} cannot be a name; use a letter, then up to 63 letters, digits, hyphens or underscores"
            )
        return name

    @field_validator("constraints")
    @classmethod
    def _constraints_fit(cls, constraints: list[LinearConstraint], info: ValidationInfo) -> list[LinearConstraint]:
        components: SearchedComponents | None = info.data.get("components")
        if components is None:
            return constraints
        for constraint in constraints:
            for name in constraint.coefficients:
                if name not in components.bounds:
                    raise ValueError(
                        f"{constraint.text!r} names {name!r}, which is not a component of this campaign"
                        f"{close(name, components.bounds)}"
                    )
        components.check_conflict(constraints)
        return constraints

    @field_validator("objectives")
    @classmethod
    def _one_objective(cls, objectives: list[Objective]) -> list[Objective]:
        if len(objectives) > 1:
            raise ValueError(f"exactly one objective for now, found {len(objectives)}; keep the one that decides")
        return objectives

    @field_validator("planner")
    @classmethod
    def _initial_fits(cls, planner: PlannerChoice, info: ValidationInfo) -> PlannerChoice:
        budget: Budget | None = info.data.get("budget")
        written = "initial" in planner.model_fields_set
        if written and budget is not None and planner.initial > budget.trials:
            raise ValueError(
                f"initial: {planner.initial} trials do not fit the budget of {budget.trials}; lower it, or raise that"
            )
        return planner

    @property
    def objective(self) -> Objective:
        """The one objective."""
        return self.objectives[0]

    def bench_path(self, campaign_file: Path) -> Path:
        """The bench file, given where the campaign file lies."""
        return campaign_file.parent / self.bench

    def to_json(self) -> dict[str, Any]:
        """The campaign as a JSON-ready mapping, all defaults written out; validates to an equal campaign."""
        return self.model_dump(mode="json", by_alias=True)


def load_campaign(path: Path) -> Campaign:
    """Read a campaign file.

    Raises:
        InputError: it cannot be read or does not fit; lists every problem with its path and line in the file.
    """
    return yamlfile.load(path, Campaign)


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a campaign file, for editors and other tools."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Campaign.model_json_schema(by_alias=True, mode="validation"),
    }
