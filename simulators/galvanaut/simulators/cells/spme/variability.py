"""How cells of one kind differ, and how some are faulty from the beginning.

The spreads were chosen so that lives within a group scatter as in a public set of 45 cells under nine protocols, where
the standard deviation of the logarithm of the life within a protocol is 0.13; 100 sound simulated cells come to 0.14.
The kinds of faults are illustrative.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from galvanaut.core.identifiers import generator
from galvanaut.simulators.cells.spme.cells import Sample

Fault = Literal["", "misaligned", "bad contact", "soft short"]


@dataclass(frozen=True)
class Variability:
    """Standard deviations of logarithms, and the share of faulty cells. Illustrative."""

    loading: float = 0.015
    contact: float = 0.20
    sei: float = 0.15
    plating: float = 0.20
    material: float = 0.15
    liquid: float = 0.04
    faulty: float = 0.03


EQUAL = Variability(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
"""All cells alike."""
MISALIGNED = 0.85
"""Share of the electrodes that still face each other."""
BAD_CONTACT_OHM = 20.0
SOFT_SHORT_A = (10e-6, 100e-6)


def made(sample: Sample, seed: int, cell: str, variability: Variability | None = None) -> tuple[Sample, Fault]:
    """A cell as it came out of assembly, and what is wrong with it; the same for the same seed and name."""
    spread = variability if variability is not None else Variability()
    chance = generator(seed, "cell", cell)
    # All numbers are drawn whatever they are used for, so that changing one spread changes nothing else.
    factors = {name: chance.lognormal(0.0, getattr(spread, name)) for name in _DRAWN}
    is_faulty, kind, strength = chance.random() < spread.faulty, int(chance.integers(3)), chance.random()
    old = sample.ageing
    ageing = replace(
        old,
        sei_mol_m_s=old.sei_mol_m_s * factors["sei"],
        sei_m_s=old.sei_m_s * factors["sei"],
        plating_m_s=old.plating_m_s * factors["plating"],
        loss_per_turnover=old.loss_per_turnover * factors["material"],
        liquid_share=old.liquid_share * factors["liquid"],
    )
    cell_made = replace(
        sample,
        ageing=ageing,
        loading=sample.loading * factors["loading"],
        contact_ohm=sample.contact_ohm * factors["contact"],
    )
    return _spoilt(cell_made, kind, strength) if is_faulty else (cell_made, "")


_DRAWN = ("loading", "contact", "sei", "plating", "material", "liquid")


def _spoilt(sample: Sample, kind: int, strength: float) -> tuple[Sample, Fault]:
    if kind == 0:
        return replace(sample, loading=sample.loading * MISALIGNED), "misaligned"
    if kind == 1:
        return replace(sample, contact_ohm=sample.contact_ohm + BAD_CONTACT_OHM), "bad contact"
    low_A, high_A = SOFT_SHORT_A
    return replace(sample, leak_A=low_A * (high_A / low_A) ** strength), "soft short"
