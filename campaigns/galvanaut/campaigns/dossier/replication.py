"""The replication form: what another laboratory is asked to make, and what it fills in; and how the answer is read.

The form is a CSV file with one row for each batch. What comes back counts as a batch of its own with an unknown offset
of that laboratory, which the recipes that both have made tell.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from galvanaut.campaigns.components import component
from galvanaut.campaigns.recipe import Recipe
from galvanaut.core.errors import InputError, Problem

REPLICATES = 3
"""Batches of each recipe that are asked for: with fewer nobody can say how much a laboratory scatters."""
GIVEN = ("line", "campaign", "recipe", "replicate", "quantity", "unit")
FILLED = ("laboratory", "made_on", "origin", "temperature_degC", "value", "status", "reason", "lots")
Status = Literal["ok", "failed", "not made"]
_SUM_LEAST = 0.2
"""Weighed masses below this, in g, are no batch."""
_AMISS = 0.05
"""A mass fraction that is off by more than this is another recipe."""
_TEMPERATURE_K = 1.0
_NUMBER = re.compile(r"[0-9]{1,6}")
"""A line number: not all that Python calls digits, and not so long that it refuses to read it."""


@dataclass(frozen=True)
class Form:
    """What is asked for.

    Attributes:
        campaign: its name.
        quantity, unit: what is to be measured.
        temperature_degC: at which; None if that is left open.
        recipes: by their names in the form.
        replicates: of each.
    """

    campaign: str
    quantity: str
    unit: str
    temperature_degC: float | None
    recipes: Mapping[str, Recipe]
    replicates: int = REPLICATES

    @property
    def components(self) -> list[str]:
        """Of all recipes."""
        return list(dict.fromkeys(key for recipe in self.recipes.values() for key in recipe.mass_fractions))

    @property
    def lines(self) -> dict[int, str]:
        """Which recipe each line asks for."""
        names = [name for name in self.recipes for _ in range(self.replicates)]
        return dict(enumerate(names, start=1))

    def csv(self) -> str:
        """The form, to be filled in."""
        wanted, made = ([f"{key}_g{end}" for key in self.components] for end in ("_in_100_g", "_weighed"))
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow([*GIVEN, *wanted, *FILLED, *made])
        for line, name in self.lines.items():
            masses = [f"{100.0 * self.recipes[name].fraction(key):.3f}" for key in self.components]
            given = [line, self.campaign, name, (line - 1) % self.replicates + 1, self.quantity, self.unit]
            writer.writerow([*given, *masses, *[""] * (len(FILLED) + len(made))])
        return out.getvalue()

    def to_json(self) -> dict[str, Any]:
        """What the reader of a filled form needs, and what a person needs to fill it in."""
        return {
            "campaign": self.campaign,
            "quantity": self.quantity,
            "unit": self.unit,
            "temperature_degC": self.temperature_degC,
            "replicates": self.replicates,
            "recipes": {name: recipe.to_json() for name, recipe in self.recipes.items()},
            "to_be_filled_in": {
                "laboratory": "the same short name in every row: results of one laboratory share an offset",
                "made_on": "date, YYYY-MM-DD",
                "origin": "real, or simulated; of every batch that was made, also if it failed",
                "temperature_degC": "at which it was measured",
                "value": f"{self.quantity} in {self.unit}; a decimal point",
                "status": "ok, failed (the recipe failed, see reason) or not made",
                "reason": "needed if it failed",
                "lots": "lot numbers, in your own words",
                "..._g_weighed": "masses by your balance, in g; all of a row or none",
            },
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Form:
        """The form that `to_json` gave."""
        recipes = {name: Recipe.from_json(each) for name, each in data["recipes"].items()}
        return cls(
            str(data["campaign"]),
            str(data["quantity"]),
            str(data["unit"]),
            None if data["temperature_degC"] is None else float(data["temperature_degC"]),
            recipes,
            int(data["replicates"]),
        )


@dataclass(frozen=True)
class Returned:
    """One batch of another laboratory.

    Attributes:
        line: in the form.
        recipe: name in the form.
        made: as weighed there, or as asked for where nothing was weighed.
        status, reason: how it ended.
        value: in the unit of the form; None unless it is ok.
        origin: ``real`` or ``simulated``; empty for what was not made.
        made_on: date.
    """

    line: int
    recipe: str
    made: Recipe
    status: Status
    reason: str
    value: float | None
    origin: str
    made_on: date | None


@dataclass(frozen=True)
class Batch:
    """What one laboratory returned.

    Attributes:
        laboratory: its name.
        rows: in the order of the form.
    """

    laboratory: str
    rows: tuple[Returned, ...]


def read_form(form: Form, text: str, source: object = "form") -> Batch:
    """Read a filled form.

    Args:
        form: what was asked for.
        text: the CSV that came back.
        source: what messages name.

    Raises:
        InputError: it is not that form, or something in it cannot be used; every row at fault is named.
    """
    columns, rows = _table(text, source)
    problems = list[Problem]()
    lacking = [name for name in (*GIVEN, *FILLED) if name not in columns]
    if lacking:
        hint = "; save it with commas between the columns" if len(columns) <= 1 else ""
        raise InputError(source, f"has no column {', '.join(lacking)}{hint}")
    found = [_row(form, number, row, problems) for number, row in rows]
    made = [row for _, row in rows if (row["value"] or "").strip() or (row["status"] or "").strip() in ("ok", "failed")]
    laboratories = {(row["laboratory"] or "").strip() for row in made}
    if len(laboratories) != 1 or "" in laboratories:
        named = ", ".join(sorted(laboratories - {""})) or "none"
        problems.append(Problem("laboratory", f"one name for all batches that were made, found {named}"))
    lines = [each.line for each in found if each is not None]
    twice = sorted({line for line in lines if lines.count(line) > 1})
    if twice:
        problems.append(Problem("line", f"{', '.join(map(str, twice))} is there more than once"))
    if problems:
        raise InputError(source, problems)
    return Batch(laboratories.pop(), tuple(each for each in found if each is not None))


def _table(text: str, source: object) -> tuple[list[str], list[tuple[int, dict[str, str | None]]]]:
    """Columns, and rows that are not empty, each with its line in the file."""
    reader = csv.DictReader(io.StringIO(text.lstrip("\ufeff")))
    try:
        columns = list(reader.fieldnames or ())
        return columns, [(reader.line_num, row) for row in reader if any(row.values())]
    except csv.Error as error:
        raise InputError(source, Problem("", f"{error}; save the form as CSV again", reader.line_num + 1)) from None


def _row(form: Form, number: int, row: Mapping[str, str | None], problems: list[Problem]) -> Returned | None:
    """One row; None, with what is wrong among the problems, if it cannot be used."""
    texts = {name: (value or "").strip() for name, value in row.items() if name is not None}
    before = len(problems)

    def wrong(where: str, message: str) -> None:
        problems.append(Problem(where, message, number))

    status = _status(texts, wrong)
    _check_given(form, texts, wrong)
    value = _amount(texts["value"], "value", wrong) if status == "ok" else None
    if status == "ok":
        _check_temperature(form, texts, wrong)
    if status in ("ok", "failed") and texts["origin"] not in ("real", "simulated"):
        wrong("origin", f"is real or simulated, found {texts['origin']!r}; write one of the two")
    made = _made(form, texts, wrong) if texts["recipe"] in form.recipes else None
    made_on = _date(texts["made_on"], wrong)
    if len(problems) > before or made is None or status is None:
        return None
    origin = "" if status == "not made" else texts["origin"]
    return Returned(int(texts["line"]), texts["recipe"], made, status, texts["reason"], value, origin, made_on)


def _status(texts: Mapping[str, str], wrong: Any) -> Status | None:
    status = texts["status"] or ("ok" if texts["value"] else "not made")
    if status not in ("ok", "failed", "not made"):
        wrong("status", f"is ok, failed or not made, found {status!r}")
        return None
    if status == "failed" and not texts["reason"]:
        wrong("reason", "says why it failed")
    if status != "ok" and texts["value"]:
        wrong(
            "value", f"is {texts['value']!r} of a batch that is {status!r}; write ok, or put the value into the reason"
        )
    found: Status = "ok" if status == "ok" else "failed" if status == "failed" else "not made"
    return found


def _check_given(form: Form, texts: Mapping[str, str], wrong: Any) -> None:
    """What the form has filled in must be as it was."""
    wanted_recipe = form.lines.get(int(texts["line"])) if _NUMBER.fullmatch(texts["line"]) else None
    if wanted_recipe is None:
        wrong("line", f"is one of 1 to {len(form.lines)} as on the form, found {texts['line'][:20]!r}; put it back")
    if texts["recipe"] not in form.recipes:
        wrong("recipe", f"is one of {', '.join(form.recipes)}, found {texts['recipe']!r}")
    elif wanted_recipe not in (None, texts["recipe"]):
        found = f"{texts['recipe']!r}; put back what the form said"
        wrong("recipe", f"line {texts['line']} of the form asks for {wanted_recipe!r}, found {found}")
    for name, wanted in (("campaign", form.campaign), ("quantity", form.quantity), ("unit", form.unit)):
        if texts[name] != wanted:
            wrong(name, f"the form says {wanted!r}, found {texts[name]!r}")


def _check_temperature(form: Form, texts: Mapping[str, str], wrong: Any) -> None:
    degC = _number(texts["temperature_degC"], "temperature_degC", wrong)
    asked = form.temperature_degC
    if degC is not None and asked is not None and abs(degC - asked) > _TEMPERATURE_K:
        wrong("temperature_degC", f"{asked:g} degC within {_TEMPERATURE_K:g} K is asked for")


def _number(text: str, where: str, wrong: Any) -> float | None:
    try:
        value = float(text)
    except ValueError:
        wrong(where, f"expected a number with a decimal point, found {text!r}")
        return None
    if not math.isfinite(value):
        wrong(where, f"expected a finite number, found {text!r}")
        return None
    return value


def _amount(text: str, where: str, wrong: Any) -> float | None:
    """A number that cannot be below 0, as no mass and no quantity of a campaign can."""
    value = _number(text, where, wrong)
    if value is not None and value < 0.0:
        wrong(where, f"cannot be below 0, found {text!r}; correct it, or leave the row empty")
        return None
    return value


def _date(text: str, wrong: Any) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        wrong("made_on", f"is written YYYY-MM-DD, found {text!r}")
        return None


def _made(form: Form, texts: Mapping[str, str], wrong: Any) -> Recipe | None:
    """As weighed, if all masses are there; as asked for, if none is."""
    asked = form.recipes[texts["recipe"]]
    masses = {key: texts.get(f"{key}_g_weighed", "") for key in form.components}
    needed = [key for key in asked.mass_fractions if not masses[key]]
    if len(needed) == len(asked.mass_fractions):
        return asked
    if needed:
        wrong(f"{needed[0]}_g_weighed", "is missing; weigh all components of a row or none")
        return None
    given = {key: _amount(text, f"{key}_g_weighed", wrong) for key, text in masses.items() if text}
    if None in given.values():
        return None
    grams = {key: value for key, value in given.items() if value}
    if math.fsum(grams.values()) < _SUM_LEAST:
        wrong("weighed masses", f"sum to less than {_SUM_LEAST:g} g; write g")
        return None
    made = Recipe({key: value / math.fsum(grams.values()) for key, value in grams.items()})
    off = [key for key in form.components if abs(made.fraction(key) - asked.fraction(key)) > _AMISS]
    if off:
        amounts = f"{100 * made.fraction(off[0]):.1f} instead of {100 * asked.fraction(off[0]):.1f} wt%"
        wrong(f"{off[0]}_g_weighed", f"{component(off[0]).name}: {amounts}; that is another recipe")
        return None
    return made


def observed(rows: Sequence[Returned], recipe: str) -> list[float]:
    """Values of one recipe."""
    return [each.value for each in rows if each.recipe == recipe and each.value is not None]
