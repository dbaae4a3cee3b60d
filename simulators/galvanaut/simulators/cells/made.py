"""Cells that were made on the bench: what is known of one, and the physics that it comes to.

A cell is rebuilt from its description whenever the world is opened, so everything in it depends on that alone. What a
recipe does to ageing is illustrative (see `spme.recipe`), and so is what is said here of defects.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

from galvanaut.core.errors import UnsupportedError
from galvanaut.core.identifiers import generator
from galvanaut.simulators.cells.cell import Cell
from galvanaut.simulators.cells.resistor import NO_CONTACT_OHM, ResistorCell
from galvanaut.simulators.cells.spme import variability
from galvanaut.simulators.cells.spme.ageing import QUICK
from galvanaut.simulators.cells.spme.cells import Sample
from galvanaut.simulators.cells.spme.holdercell import SpmeCell
from galvanaut.simulators.cells.spme.parameters import COIN, REFERENCE_K
from galvanaut.simulators.cells.spme.recipe import ADDITIVES, FREE_FEC, LIPF6_KG_MOL, Recipe, ageing, transport
from galvanaut.simulators.cells.spme.transport import Transport
from galvanaut.simulators.chemistry import Chemistry

Defect = Literal["", "open", "short", "misassembled"]
SALT, FLUORINATED = "LiPF6", "FEC"
SOLVENTS = ("EC", "PC", "DMC", "EMC", "DEC", FLUORINATED)
TRACE_MAX = 0.005
"""Mass share of anything else that is put up with and left out of account: a vessel keeps traces of what it held.
Illustrative."""
USUAL_ML = 0.05
"""Electrolyte with which the share of it in the stack is the model's own; it goes with the volume. Illustrative."""
SHORT_OHM = (50.0, 500.0)
"""Illustrative."""
_CELSIUS_ZERO_K = 273.15
_PHYSICS = "made on the bench"


@dataclass(frozen=True)
class MadeCell:
    """What a cell is made of, in JSON types.

    Attributes:
        name: given to it by whoever had it made.
        composition: mass fractions of its electrolyte, as poured.
        electrolyte_mL: volume of that.
        defect: what went wrong unnoticed; empty for nothing.
        seed: of the world, for what differs from cell to cell.
    """

    name: str
    composition: Mapping[str, float]
    electrolyte_mL: float
    defect: Defect
    seed: int

    def to_row(self) -> dict[str, Any]:
        """In JSON types, as `is_made` knows it."""
        return {"physics": _PHYSICS, **vars(self), "composition": dict(self.composition)}

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> MadeCell:
        """From what `to_row` gave."""
        return cls(**{name: value for name, value in row.items() if name != "physics"})


def is_made(description: Mapping[str, Any]) -> bool:
    """Whether a cell's description is that of one made on the bench."""
    return description.get("physics") == _PHYSICS


def build(made: MadeCell, chemistry: Chemistry) -> Cell:
    """The cell, never charged.

    Args:
        made: its description.
        chemistry: densities and conductivities.

    Raises:
        UnsupportedError: the model knows no such electrolyte; the text names the component or the bound.
    """
    if made.defect == "open":
        return ResistorCell(NO_CONTACT_OHM, made.to_row())
    if made.defect == "short":
        return ResistorCell(_between(*SHORT_OHM, share=_chance(made)[1]), made.to_row())
    return SpmeCell(sample(made, chemistry), description=made.to_row())


SOUND = variability.Variability(faulty=0.0)
"""What goes wrong is the assembler's business."""


def sample(made: MadeCell, chemistry: Chemistry, spread: variability.Variability = SOUND) -> Sample:
    """What the model is told of a cell: transport, ageing, sizes, spread, defect. Raises as `build`."""
    recipe = recipe_of(made.composition, chemistry)
    liquid = partial(_liquid, recipe, made.composition, chemistry)
    base = replace(QUICK, liquid_share=QUICK.liquid_share * made.electrolyte_mL / USUAL_ML)
    aged = ageing(recipe, liquid(REFERENCE_K), made.electrolyte_mL * 1e-6, COIN.area_m2, base)
    found, _ = variability.made(Sample(liquid, aged), made.seed, made.name, spread)
    return _misassembled(found, *_chance(made)) if made.defect == "misassembled" else found


def recipe_of(composition: Mapping[str, float], chemistry: Chemistry) -> Recipe:
    """Mass fractions as the cell model wants them; FEC is dosed as an additive, and beyond a share a solvent as well.

    Raises:
        UnsupportedError: no solvent, no density, or another component than solvents, salt and additives.
    """
    other = {key: share for key, share in composition.items() if key not in (*SOLVENTS, SALT, *ADDITIVES)}
    if sum(other.values()) > TRACE_MAX:
        known = ", ".join(dict.fromkeys((*SOLVENTS, SALT, *ADDITIVES)))
        raise UnsupportedError(
            f"no cell can be simulated with {', '.join(other)} in its electrolyte; known are {known}"
        )
    fluorinated = composition.get(FLUORINATED, 0.0)
    solvents = {key: composition.get(key, 0.0) for key in SOLVENTS}
    if fluorinated <= FREE_FEC:
        solvents[FLUORINATED] = 0.0
    total = sum(solvents.values())
    if total <= 0:
        raise UnsupportedError(f"no cell can be simulated without any of the solvents {', '.join(SOLVENTS)}")
    additives = {key: composition.get(key, 0.0) for key in ADDITIVES}
    density_kg_m3 = 1000 * chemistry.density_g_mL(composition)
    salt_M = composition.get(SALT, 0.0) * density_kg_m3 / LIPF6_KG_MOL / 1000
    return Recipe({key: share / total for key, share in solvents.items()}, salt_M, additives, density_kg_m3)


def _liquid(recipe: Recipe, composition: Mapping[str, float], chemistry: Chemistry, temperature_K: float) -> Transport:
    """Transport, with the conductivity as the bench's liquids have it where they support that."""
    try:
        conductivity_S_m = chemistry.conductivity_mS_cm(composition, temperature_K - _CELSIUS_ZERO_K) / 10
    except UnsupportedError:
        return transport(recipe, temperature_K)
    return transport(recipe, temperature_K, lambda recipe, kelvin: conductivity_S_m)


def _chance(made: MadeCell) -> tuple[float, float]:
    kind, strength = generator(made.seed, "defect", made.name).random(2).tolist()
    return kind, strength


def _misassembled(sample: Sample, kind: float, strength: float) -> Sample:
    """Electrodes that do not face each other and hardly touch, or a soft short."""
    if kind < 0.5:
        loading = sample.loading * variability.MISALIGNED
        return replace(sample, loading=loading, contact_ohm=sample.contact_ohm + variability.BAD_CONTACT_OHM)
    return replace(sample, leak_A=_between(*variability.SOFT_SHORT_A, share=strength))


def _between(low: float, high: float, share: float) -> float:
    """On a logarithmic scale."""
    return float(low * (high / low) ** share)
