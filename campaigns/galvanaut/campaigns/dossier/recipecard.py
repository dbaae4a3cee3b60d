"""The recipe card: what is in the electrolyte, from which bottles, and how much of each for 100 g."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from galvanaut.campaigns.components import component
from galvanaut.campaigns.dossier.number import Number, Origin

if TYPE_CHECKING:
    from galvanaut.campaigns.dossier.steps import Step
    from galvanaut.campaigns.ledger import TrialRecord

PORTION_G = 100.0


@dataclass(frozen=True)
class Bottle:
    """A stock as the bench file describes it.

    Attributes:
        name: of the stock.
        composition: mass fractions, as the laboratory states them.
        density_g_mL: at the dispenser's temperature.
        supplier, grade: in words; None if the bench file does not say.
    """

    name: str
    composition: Mapping[str, float]
    density_g_mL: float
    supplier: str | None = None
    grade: str | None = None


@dataclass(frozen=True)
class Ingredient:
    """One component of the electrolyte.

    Attributes:
        key, role, name, cas, inchikey: of the substance.
        per_100_g: its mass in 100 g.
        in_batch: its mass in the batch that was made.
        molality: of a salt, per kg of solvent; None for others.
        share: of a solvent in all solvent, wt%; None for others.
        bottles: stocks that it came from.
    """

    key: str
    role: str
    name: str
    cas: str
    inchikey: str
    per_100_g: Number
    in_batch: Number
    molality: Number | None
    share: Number | None
    bottles: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        numbers = ("per_100_g", "in_batch", "molality", "share")
        found = {name: getattr(self, name) for name in numbers}
        return {
            **{name: getattr(self, name) for name in ("key", "role", "name", "cas", "inchikey")},
            **{name: None if number is None else number.to_json() for name, number in found.items()},
            "bottles": list(self.bottles),
        }


@dataclass(frozen=True)
class Addition:
    """One bottle that was dosed from, in the order of dosing.

    Attributes:
        bottle: its description.
        lot: of the bottle that was used; empty if the bench file names none.
        per_100_g: mass of the stock for 100 g of electrolyte.
        weighed: mass in the batch that was made, by the balance.
        volume: that was dosed.
    """

    bottle: Bottle
    lot: str
    per_100_g: Number
    weighed: Number
    volume: Number

    def to_json(self) -> dict[str, Any]:
        """Plain JSON; what nobody has written down is null."""
        return {
            "stock": self.bottle.name,
            "composition": dict(self.bottle.composition),
            "composition_origin": "set",
            "lot": self.lot or None,
            "supplier": self.bottle.supplier,
            "purity": self.bottle.grade,
            **{name: getattr(self, name).to_json() for name in ("per_100_g", "weighed", "volume")},
        }


@dataclass(frozen=True)
class RecipeCard:
    """All of it.

    Attributes:
        trial: that made it.
        text: the recipe in words.
        settings: chosen beside the recipe.
        ingredients: by component.
        additions: by bottle, in the order of dosing.
    """

    trial: int
    text: str
    settings: Mapping[str, float | str] = field(default_factory=dict)
    ingredients: tuple[Ingredient, ...] = ()
    additions: tuple[Addition, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "trial": self.trial,
            "recipe": self.text,
            "settings": {name: {"value": value, "origin": "set"} for name, value in self.settings.items()},
            "portion": Number(PORTION_G, "g", "set").to_json(),
            "components": [each.to_json() for each in self.ingredients],
            "additions": [each.to_json() for each in self.additions],
        }


def recipe_card(trial: TrialRecord, steps: Sequence[Step], bottles: Mapping[str, Bottle], origin: Origin) -> RecipeCard:
    """The card of a trial.

    Args:
        trial: that was made.
        steps: its jobs.
        bottles: the stocks of its bench, by name.
        origin: of what was weighed.
    """
    recipe = trial.tested
    doses = [step for step in steps if step.request.get("kind") == "dose" and _is_ingredient(step, trial)]
    weighed_g = [float(step.result.get("mass_g", step.request["expected_g"])) for step in doses]
    batch_g = sum(weighed_g)
    used = {str(step.request["stock"]) for step in doses}
    molalities, shares = recipe.molalities, recipe.solvent_shares
    made = origin if trial.as_made is not None else "set"
    ingredients = [
        Ingredient(
            key,
            found.role,
            found.name,
            found.cas,
            found.inchikey,
            Number(PORTION_G * part, "g", made, _scaled(trial.as_made_deviations.get(key), PORTION_G)),
            Number(batch_g * part, "g", made, _scaled(trial.as_made_deviations.get(key), batch_g)),
            Number(molalities[key], "mol/kg", made) if key in molalities else None,
            Number(100.0 * shares[key], "wt%", made) if key in shares else None,
            tuple(name for name, bottle in bottles.items() if name in used and key in bottle.composition),
        )
        for key, part in recipe.mass_fractions.items()
        for found in [component(key)]
    ]
    additions = [
        Addition(
            bottles[str(step.request["stock"])],
            str(step.request.get("lot", "")),
            Number(PORTION_G * mass_g / batch_g, "g", origin),
            Number(mass_g, "g", origin),
            Number(float(step.request["volume_mL"]), "mL", "set"),
        )
        for step, mass_g in zip(doses, weighed_g, strict=True)
    ]
    return RecipeCard(trial.number, trial.text, trial.settings, tuple(ingredients), tuple(additions))


def _is_ingredient(step: Step, trial: TrialRecord) -> bool:
    planned = {str(dose["stock"]) for dose in trial.doses}
    return step.state == "done" and "/dose-" in step.job and str(step.request["stock"]) in planned


def _scaled(deviation: float | None, factor: float) -> float | None:
    return None if deviation is None else factor * deviation
