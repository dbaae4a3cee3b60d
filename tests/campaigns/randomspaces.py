"""Random benches, and random search spaces around a recipe that the bench can make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from galvanaut.campaigns.batchmaker import BatchMaker
from galvanaut.campaigns.batchplan import BatchPlanner
from galvanaut.campaigns.constraints import Constraint, parse
from galvanaut.campaigns.lots import lot_choice
from galvanaut.campaigns.recipe import Recipe
from galvanaut.campaigns.space import SearchSpace
from galvanaut.campaigns.variables import Bounds, Choice, Setting
from galvanaut.core.stocks import Stock

LIQUIDS, SALTS = ("DMC", "EMC", "DEC", "PC"), ("LiPF6", "LiFSI", "LiBF4")
ADDITIVES = ("VC", "FEC", "PS", "ES", "SN")
DENSITY_g_mL = 1.15


@dataclass(frozen=True)
class Case:
    """A space, and what makes its recipes.

    Attributes:
        space: to be searched.
        maker: the bench.
        constraints: as text.
        bounds, optional: of the components, as the space was given them.
    """

    space: SearchSpace
    maker: BatchMaker
    constraints: list[Constraint]
    bounds: dict[str, Bounds]
    optional: set[str]


def random_case(seed: int) -> Case:
    """Always the same for one seed; never empty, as the recipe that it is drawn around fulfils everything."""
    draw = np.random.default_rng([seed, 77])
    solvents = ["EC", *_some(draw, LIQUIDS, 1, 3)]
    salts, additives = _some(draw, SALTS, 1, 2), _some(draw, ADDITIVES, 0, 3)
    lots = ["L1", "L2"] if draw.random() < 0.25 else []
    batches = BatchPlanner(_stocks(draw, solvents, salts, additives, lots))
    recipe = _recipe(draw, batches.stocks, solvents, salts, additives)
    values = {**recipe.solvent_shares, **recipe.molalities, **recipe.additive_fractions}
    groups = [
        _bounds(draw, names, values, widest) for names, widest in ((solvents, 0.4), (salts, 1.0), (additives, 0.02))
    ]
    constraints = [parse(text) for text in _constraints(draw, solvents, salts, additives, values)]
    bounds = {name: each for group in groups for name, each in group.items()}
    absent = [name for name in bounds if name not in values]
    optional = [*(name for name in absent if bounds[name].low > 0), *_some(draw, solvents, 0, 1)]
    settings: list[Setting | Choice] = [lot_choice(solvents[1], lots)] if lots else []
    settings += [Setting("formation_rate", 0.05, 0.2)] if draw.random() < 0.3 else []
    space = SearchSpace(*groups, constraints, optional, settings)
    counted = {name for each in constraints if each.text.startswith(("at", "ex")) for name in each.names}
    return Case(space, BatchMaker(space, batches, 6.0), constraints, bounds, {*optional, *counted})


def _some(draw: np.random.Generator, names: tuple[str, ...] | list[str], least: int, most: int) -> list[str]:
    count = int(draw.integers(least, min(most, len(names)) + 1))
    return [names[index] for index in sorted(draw.permutation(len(names))[:count].tolist())]


def _stocks(
    draw: np.random.Generator, solvents: list[str], salts: list[str], additives: list[str], lots: list[str]
) -> list[Stock]:
    """EC in each solvent, solvents neat (one of them in two lots), salts and additives dissolved."""
    mixtures = {f"EC_{name}": {"EC": 0.6667, name: 0.3333} for name in solvents[1:]}
    for salt in salts:
        mixtures[f"{salt}_{solvents[1]}"] = {solvents[1]: 0.72, salt: 0.28}
        mixtures[f"{salt}_EC"] = {"EC": 0.4, solvents[1]: 0.32, salt: 0.28}
    for name in additives:
        part = float(draw.choice([0.1, 0.3]))
        mixtures[name] = {name: part, solvents[1]: round(1 - part, 6)}
    mixtures |= {name: {name: 1.0} for name in solvents[1:]}
    step_mL = float(draw.choice([0.001, 0.005]))
    least_mL = float(draw.choice([0.01, 0.05]))

    def stock(name: str, composition: dict[str, float], lot: str) -> Stock:
        left_mL = float(draw.choice([3.0, 30.0, 2000.0], p=[0.05, 0.15, 0.8]))
        return Stock(name, composition, DENSITY_g_mL, left_mL, least_mL, step_mL, 10.0, lot)

    stocks = [stock(name, composition, "") for name, composition in mixtures.items() if name != solvents[1] or not lots]
    return stocks + [stock(f"{solvents[1]}_{lot}", {solvents[1]: 1.0}, lot) for lot in lots]


def _recipe(
    draw: np.random.Generator, stocks: Mapping[str, Stock], solvents: list[str], salts: list[str], additives: list[str]
) -> Recipe:
    """Of random parts of some stocks, about one molal; without some of the salts and additives."""
    parts = {f"EC_{name}": float(draw.uniform(0.05, 0.4)) for name in _some(draw, solvents[1:], 1, 3)}
    for salt in _some(draw, salts, 1, 2):
        parts[f"{salt}_{draw.choice(solvents[:2])}"] = float(draw.uniform(0.15, 0.4))
    parts |= {name: float(draw.uniform(0.03, 0.1)) for name in _some(draw, additives, 0, 2)}
    parts |= {
        name: float(draw.uniform(0.05, 0.4)) for name in stocks if set(stocks[name].composition) <= {*solvents[1:]}
    }
    held: dict[str, float] = {}
    for name, part in parts.items():
        for key, fraction in stocks[name].composition.items():
            held[key] = held.get(key, 0.0) + part * fraction / sum(parts.values())
    return Recipe(held)


def _bounds(draw: np.random.Generator, names: list[str], values: dict[str, float], widest: float) -> dict[str, Bounds]:
    """Around what the recipe holds; from 0 or from some amount on for what it does without."""
    found = {}
    for name in names:
        at, room = values.get(name, widest / 4), draw.uniform(0.05, 1.0, size=2) * widest
        low = at * float(draw.choice([0.0, 0.5])) if name not in values else max(0.0, at - float(room[0]))
        found[name] = Bounds(low, min(at + float(room[1]), 1.0 if widest < 1.0 else 3.0))
    return found


def _constraints(
    draw: np.random.Generator, solvents: list[str], salts: list[str], additives: list[str], values: dict[str, float]
) -> list[str]:
    """A sum, a ratio and counts, all of which the recipe fulfils."""
    texts = []
    if draw.random() < 0.5:
        one, other = draw.permutation(solvents)[:2].tolist()
        texts.append(f"{one} + 0.5*{other} <= {values[one] + 0.5 * values[other] + float(draw.uniform(0.02, 0.3)):.6f}")
    if draw.random() < 0.3:
        one, other = draw.permutation(solvents)[:2].tolist()
        texts.append(f"{one}/{other} <= {values[one] / values[other] * float(draw.uniform(1.1, 3.0)):.6f}")
    for names in (salts, additives):
        held = sum(name in values for name in names)
        if len(names) > 1 and draw.random() < 0.7:
            kinds = [f"at most {held}", f"exactly {held}", f"at least {held}"] if held else ["at most 1"]
            texts.append(f"{draw.choice(kinds)} of {', '.join(names)}")
    return texts
