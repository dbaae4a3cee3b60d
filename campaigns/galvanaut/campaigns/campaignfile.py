"""The campaign file: what to learn, from which components, by which procedure and at what cost.

YAML with units. These models are its definition: the JSON Schema for editors is made from them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from galvanaut.campaigns.components import close
from galvanaut.campaigns.constraints import Constraint
from galvanaut.campaigns.life.policy import EarlyStop
from galvanaut.campaigns.objectivefields import OF_CELLS, Objective, Prices, QuantityLimit, Target, target, unit_of
from galvanaut.campaigns.plannerfields import PlannerChoice
from galvanaut.campaigns.procedurefields import Procedure
from galvanaut.campaigns.searchfields import ConstraintText, FileModel, SearchedComponents
from galvanaut.campaigns.settingfields import SearchedSettings
from galvanaut.core import yamlfile
from galvanaut.core.identifiers import NAME_PATTERN, is_name

KEPT = "kept in a ledger"
"""Context of the validation of a stored campaign."""


class Budget(FileModel):
    """What the campaign may spend."""

    trials: int = Field(ge=1, le=10_000, description="Number of trials, the initial ones and failures included.")
    parallel: int = Field(
        default=1,
        ge=1,
        le=64,
        description="Trials at a time. They queue for the mixer, so without cells more than 1 only makes the planner "
        "choose earlier, with less knowledge; with cells, so many recipes are on test at once.",
    )
    asynchronous: bool = Field(
        default=True,
        description="Whether a trial begins as soon as another one ends; else only when all of a batch have ended.",
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
        validate_default=True,
        description="Linear inequalities and ratios between components: solvents as mass shares of all solvent, salts "
        "in mol per kg of solvent, additives as mass fractions of the electrolyte; plain numbers. Counts of components "
        "that may be absent.",
        examples=[["EC + PC >= 0.1", "PC/0.3 + DMC/0.9 <= 1", "EC/PC <= 2", "at most 2 of VC, FEC, PS"]],
    )
    procedure: Procedure = Field(description="What is done with each recipe.")
    settings: SearchedSettings = Field(
        default_factory=SearchedSettings, description="What the planner chooses beside the recipe."
    )
    objectives: list[Objective] = Field(
        min_length=1, description="What is wanted. Of several, each needs worst and best; a score of them all decides."
    )
    limits: list[QuantityLimit] = Field(
        default_factory=list,
        description="What measured quantities must keep to; they need not be objectives. A recipe that is likely to "
        "break one is not recommended.",
        examples=[[{"name": "conductivity", "low": 5}, {"name": "cost", "high": 20, "probability": 0.95}]],
    )
    early_stop: EarlyStop | None = Field(
        default=None,
        description="When cells are taken off before their end; without it all are cycled to the end of their plan.",
        examples=[{"probability": 0.05, "minimum_cycles": 30}],
    )
    prices: Prices | None = Field(
        default=None, description="What components cost; needed if cost is an objective or limited."
    )
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
    def _constraints_fit(cls, constraints: list[Constraint], info: ValidationInfo) -> list[Constraint]:
        components: SearchedComponents | None = info.data.get("components")
        if components is None:
            return constraints
        for constraint in constraints:
            for name in constraint.names:
                if name not in components.bounds:
                    raise ValueError(
                        f"{constraint.text!r} names {name!r}, which is not a component of this campaign"
                        f"{close(name, components.bounds)}"
                    )
        components.check_conflict(constraints)
        return constraints

    @field_validator("settings")
    @classmethod
    def _settings_fit(cls, settings: SearchedSettings, info: ValidationInfo) -> SearchedSettings:
        procedure: Procedure | None = info.data.get("procedure")
        components: SearchedComponents | None = info.data.get("components")
        if settings.formation_rate is not None and procedure is not None and procedure.cells is None:
            raise ValueError("formation_rate needs cells; add procedure.cells")
        foreign = [name for name in settings.lots if components is not None and name not in components.bounds]
        if components is not None and foreign:
            known = close(foreign[0], components.bounds)
            raise ValueError(f"lots of {foreign[0]!r}, which is not a component of this campaign{known}")
        return settings

    @field_validator("objectives")
    @classmethod
    def _objectives_fit(cls, objectives: list[Objective], info: ValidationInfo) -> list[Objective]:
        names = [each.name for each in objectives]
        if len(set(names)) < len(names):
            raise ValueError(f"each quantity once, found {', '.join(names)}")
        bare = [each.name for each in objectives if each.worst is None or each.best is None]
        if len(objectives) > 1 and bare:
            raise ValueError(f"with several objectives each needs worst and best, to be weighed; missing: {bare[0]}")
        _check_measured(names, info)
        return objectives

    @field_validator("limits")
    @classmethod
    def _limits_fit(cls, limits: list[QuantityLimit], info: ValidationInfo) -> list[QuantityLimit]:
        names = [each.name for each in limits]
        if len(set(names)) < len(names):
            raise ValueError(f"each quantity once, with low and high in one limit; found {', '.join(names)}")
        _check_measured(names, info)
        return limits

    @field_validator("early_stop")
    @classmethod
    def _stop_fits(cls, stop: EarlyStop | None, info: ValidationInfo) -> EarlyStop | None:
        objectives: list[Objective] = info.data.get("objectives", [])
        wanted = any(each.name in OF_CELLS and each.goal == "maximise" for each in objectives)
        if stop is not None and objectives and not wanted:
            raise ValueError("needs life among the objectives, to be maximised: it asks which recipe lives longest")
        return stop

    @model_validator(mode="after")
    def _prices_fit(self) -> Self:
        if "cost" not in [*(each.name for each in self.objectives), *(each.name for each in self.limits)]:
            return self
        if self.prices is None:
            raise ValueError("cost needs prices; give prices of your own with their date")
        bare = [name for name in self.components.bounds if name not in self.prices.per_kg]
        if bare:
            raise ValueError(f"prices.per_kg has no price of {', '.join(bare)}")
        return self

    @field_validator("planner")
    @classmethod
    def _fits_the_budget(cls, planner: PlannerChoice, info: ValidationInfo) -> PlannerChoice:
        budget: Budget | None = info.data.get("budget")
        # What a ledger holds has all defaults written out, and was checked when it was a file.
        if budget is None or info.context == KEPT:
            return planner
        if "initial" in planner.model_fields_set and planner.initial > budget.trials:
            raise ValueError(
                f"initial: {planner.initial} trials do not fit the budget of {budget.trials}; lower it, or raise that"
            )
        planner.check_first(budget.trials)
        return planner

    @property
    def objective(self) -> Target:
        """The one number that decides."""
        return target(self.objectives, self._currency)

    @property
    def quantities(self) -> list[Target]:
        """What is weighed in the number that decides; empty if that is a quantity itself."""
        several = self.objectives if len(self.objectives) > 1 else []
        return [target([each], self._currency) for each in several]

    @property
    def watched(self) -> list[str]:
        """Names of all quantities that the planner is told of beside the number that decides."""
        return list(dict.fromkeys([*(each.name for each in self.quantities), *(each.name for each in self.limits)]))

    def unit_of(self, quantity: str) -> str:
        """Unit of a quantity's values."""
        return unit_of(quantity, self._currency)

    @property
    def _currency(self) -> str:
        return self.prices.currency if self.prices is not None else ""

    def bench_path(self, campaign_file: Path) -> Path:
        """The bench file, given where the campaign file lies."""
        return campaign_file.parent / self.bench

    @classmethod
    def kept(cls, stored: Mapping[str, Any]) -> Self:
        """What `to_json` gave, from a ledger.

        Raises:
            ValidationError: this version cannot read it.
        """
        return cls.model_validate(stored, context=KEPT)

    def to_json(self) -> dict[str, Any]:
        """The campaign as a JSON-ready mapping, all defaults written out; `kept` makes an equal campaign of it."""
        return self.model_dump(mode="json", by_alias=True)


def _check_measured(names: Sequence[str], info: ValidationInfo) -> None:
    """Refuse quantities that the procedure does not give.

    Raises:
        ValueError: naming the first.
    """
    procedure: Procedure | None = info.data.get("procedure")
    lacking = [name for name in names if name in OF_CELLS]
    if procedure is not None and procedure.cells is None and lacking:
        raise ValueError(f"{lacking[0]} needs cells; add procedure.cells")


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
