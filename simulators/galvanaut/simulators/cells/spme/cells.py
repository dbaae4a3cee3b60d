"""Many cells at once: what they are made of, and the state that they are in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from galvanaut.simulators.cells.spme.ageing import (
    EC_VOLUME_M3_MOL,
    FIRST_FILM_M,
    LITHIUM_PER_SEI,
    Ageing,
    arrhenius,
    plating_speed_A_mol,
    sei_feed_A_m,
    sei_speed_A_m2,
)
from galvanaut.simulators.cells.spme.compiled import is_compiling
from galvanaut.simulators.cells.spme.modes import SPHERE_GAINS, liquid_modes, sphere_rates
from galvanaut.simulators.cells.spme.parameters import (
    COIN,
    FARADAY_C_MOL,
    GAS_J_MOL_K,
    REFERENCE_K,
    Array,
    Design,
)
from galvanaut.simulators.cells.spme.transport import Transport, of_family

if TYPE_CHECKING:
    from galvanaut.simulators.cells.spme.fast import FastCell

EMPTY_NEGATIVE = 0.005
"""Stoichiometry of a negative electrode that was never charged."""


@dataclass(frozen=True)
class Sample:
    """One cell.

    Attributes:
        liquid: its electrolyte's transport at a temperature in K.
        ageing: how it ages.
        loading: electrode area that takes part, over that of the design.
        contact_ohm: resistance outside the electrodes.
        leak_A: current of a soft short.
    """

    liquid: Callable[[float], Transport] = field(default_factory=lambda: partial(of_family, "EC:EMC", 1.0))
    ageing: Ageing = field(default_factory=Ageing)
    loading: float = 1.0
    contact_ohm: float = 8.0
    leak_A: float = 0.0


@dataclass(frozen=True)
class Cells:
    """The constants of n cells at their temperatures; every array has shape (n,) but ``molar``, (n, powers)."""

    design: Design
    temperature_K: Array
    area_m2: Array
    contact_ohm: Array
    leak_A: Array
    salt_M: Array
    diffusivity_m2_s: Array
    transference: Array
    thermodynamic_factor: Array
    molar: Array
    ageing: dict[str, Array]

    @classmethod
    def of(
        cls, samples: Sequence[Sample], temperature_K: float | Sequence[float] = REFERENCE_K, design: Design = COIN
    ) -> Cells:
        """Cells at one temperature, or at one each."""
        kelvins = np.broadcast_to(np.asarray(temperature_K, float), len(samples)).copy()
        liquids = [sample.liquid(float(kelvin)) for sample, kelvin in zip(samples, kelvins, strict=True)]

        def column(values: Sequence[float]) -> Array:
            return np.array(values, float)

        return cls(
            design,
            kelvins,
            column([design.area_m2 * sample.loading for sample in samples]),
            column([sample.contact_ohm for sample in samples]),
            column([sample.leak_A for sample in samples]),
            column([liquid.salt_M for liquid in liquids]),
            column([liquid.diffusivity_m2_s for liquid in liquids]),
            column([liquid.transference for liquid in liquids]),
            column([liquid.thermodynamic_factor for liquid in liquids]),
            np.array([liquid.molar for liquid in liquids]),
            {f.name: column([getattr(sample.ageing, f.name) for sample in samples]) for f in fields(Ageing)},
        )

    def __len__(self) -> int:
        return len(self.area_m2)

    @cached_property
    def constants(self) -> Constants:
        """What follows from these and never changes."""
        return Constants.of(self)

    @cached_property
    def fast(self) -> FastCell | None:
        """What works a single cell out faster, if numba is here."""
        if len(self) != 1 or not is_compiling():
            return None
        from galvanaut.simulators.cells.spme.fast import FastCell  # compiles, and knows what a cell is

        return FastCell(self)

    def fresh(self) -> States:
        """As assembled: never charged, with the lithium that formation will take."""
        states = self._at_rest(np.full(len(self), EMPTY_NEGATIVE))
        return replace(states, formation_C=self.ageing["formation"] * self._lithium_C())._filled(self)

    def full(self) -> States:
        """Formed and at rest at 4.2 V."""
        states = self._at_rest(np.full(len(self), self.design.full_negative))
        return replace(states, sei_C=self.ageing["formation"] * self._lithium_C())._filled(self)

    def _lithium_C(self) -> Array:
        return self.design.lithium_C_m2 * self.area_m2

    def _at_rest(self, negative: Array) -> States:
        n, zeros, ones = len(self), np.zeros(len(self)), np.ones(len(self))
        modes = len(liquid_modes(self.design).eigenvalues)
        return States(
            charge_C=zeros,
            energy_J=zeros,
            time_s=zeros,
            negative=negative,
            positive=zeros,
            sphere_n=np.zeros((n, len(SPHERE_GAINS))),
            sphere_p=np.zeros((n, len(SPHERE_GAINS))),
            salt=np.zeros((n, modes)),
            film_m=np.full(n, FIRST_FILM_M),
            sei_C=zeros,
            plated_C=zeros,
            trapped_C=zeros,
            formation_C=zeros,
            turnover_C=zeros,
            active_n=ones,
            active_p=ones,
            wet=ones,
        )


@dataclass(frozen=True)
class Constants:
    """Derived from `Cells`; every array has shape (n, 1) unless it says otherwise.

    Attributes:
        area_m2: as made.
        leak_A: current of a soft short.
        thermal_V: twice the thermal voltage.
        diffusion_V: voltage of the salt per logarithm of the ratio of its concentrations.
        exchange_n: exchange current density of the negative electrode over the root of salt (mol/l) and shares, A/m2.
        exchange_p: of the positive electrode.
        lead_ohm: contacts and the first film.
        film_ohm_m: resistivity of the film.
        solid_ohm_m2: both electrodes' solids.
        salt_M: mean concentration.
        flux_mol_C: salt that a charge sets free per charge.
        salt_rates: of the salt's modes, 1/s, shape (n, k).
        rates: of all modes, 1/s: both particles, then the salt; shape (n, k).
        sei_A_m2: `sei_speed_A_m2`.
        feed_A_m: `sei_feed_A_m`.
        plating_A_mol: `plating_speed_A_mol`.
        nominal_C: nominal capacity.
        film_C: lithium that formation takes.
        liquid_share: electrolyte over pores.
        drying_1_C: share of the pores that the SEI's reaction empties per charge.
    """

    area_m2: Array
    leak_A: Array
    thermal_V: Array
    diffusion_V: Array
    exchange_n: Array
    exchange_p: Array
    lead_ohm: Array
    film_ohm_m: Array
    solid_ohm_m2: float
    salt_M: Array
    flux_mol_C: Array
    salt_rates: Array
    rates: Array
    sei_A_m2: Array
    feed_A_m: Array
    plating_A_mol: Array
    nominal_C: Array
    film_C: Array
    liquid_share: Array
    drying_1_C: Array

    @classmethod
    def of(cls, cells: Cells) -> Constants:
        """At the cells' temperatures."""
        design, kelvin, area_m2 = cells.design, cells.temperature_K[:, None], cells.area_m2[:, None]
        ageing = {name: values[:, None] for name, values in cells.ageing.items()}
        sides = (design.negative, design.positive)
        thermal_V = 2 * GAS_J_MOL_K * kelvin / FARADAY_C_MOL
        unlike = 1 - cells.transference[:, None]
        exchange_n, exchange_p = (
            side.exchange * side.most_mol_m3 * 1000**0.5 * arrhenius(side.activation_J_mol, kelvin) for side in sides
        )
        salt_rates = liquid_modes(design).eigenvalues * cells.diffusivity_m2_s[:, None]
        spheres = np.concatenate([sphere_rates(side) for side in sides])
        return cls(
            area_m2,
            cells.leak_A[:, None],
            thermal_V,
            thermal_V * unlike * cells.thermodynamic_factor[:, None],
            exchange_n,
            exchange_p,
            cells.contact_ohm[:, None] + ageing["first_film_ohm"],
            ageing["film_ohm_m"],
            sum(side.thickness_m / (3 * side.conductivity_S_m) for side in sides),
            cells.salt_M[:, None],
            -unlike / FARADAY_C_MOL,
            salt_rates,
            np.concatenate([np.broadcast_to(spheres, (len(cells), len(spheres))), salt_rates], axis=1),
            sei_speed_A_m2(ageing["sei_m_s"], kelvin),
            sei_feed_A_m(ageing["sei_mol_m_s"], kelvin),
            plating_speed_A_mol(ageing["plating_m_s"], kelvin),
            (3600 * design.nominal_A / design.area_m2) * area_m2,
            ageing["formation"] * design.lithium_C_m2 * area_m2,
            ageing["liquid_share"],
            EC_VOLUME_M3_MOL / (LITHIUM_PER_SEI * FARADAY_C_MOL * design.pore_m3_m2 * area_m2),
        )


@dataclass(frozen=True)
class States:
    """The states of n cells; every array has shape (n,) but the modes, (n, k). Charges and currents charge the cell.

    Attributes:
        charge_C: net charge that went in at the terminals since the cell was made or set.
        energy_J: net energy that went in at the terminals.
        time_s: since then.
        negative: mean stoichiometry of the negative electrode.
        positive: mean stoichiometry of the positive electrode.
        sphere_n: diffusion modes of the negative particles.
        sphere_p: diffusion modes of the positive particles.
        salt: diffusion modes of the electrolyte.
        film_m: thickness of the SEI.
        sei_C: lithium in the SEI grown since assembly, formation included, as charge.
        plated_C: lithium plated for good.
        trapped_C: lithium in lost or dry active material.
        formation_C: lithium that formation will still take.
        turnover_C: charge throughput, both ways.
        active_n: share of the negative active material that still works.
        active_p: share of the positive active material that still works.
        wet: share of the electrodes that is wet.
    """

    charge_C: Array
    energy_J: Array
    time_s: Array
    negative: Array
    positive: Array
    sphere_n: Array
    sphere_p: Array
    salt: Array
    film_m: Array
    sei_C: Array
    plated_C: Array
    trapped_C: Array
    formation_C: Array
    turnover_C: Array
    active_n: Array
    active_p: Array
    wet: Array

    def _filled(self, cells: Cells) -> States:
        """With all lithium that is not in the negative electrode in the positive one."""
        full_n, full_p = self.room_C(cells)
        inside_C = cells.design.lithium_C_m2 * cells.area_m2 + self.formation_C
        return replace(self, positive=(inside_C - self.negative * full_n) / full_p)

    def room_C(self, cells: Cells) -> tuple[Array, Array]:
        """Charge between stoichiometry 0 and 1 of what is left of the two electrodes."""
        area_m2 = cells.area_m2 * self.wet
        design = cells.design
        return (
            design.negative.charge_C_m2 * area_m2 * self.active_n,
            design.positive.charge_C_m2 * area_m2 * self.active_p,
        )

    def rows(self) -> dict[str, Any]:
        """In JSON types; numbers come back bit by bit."""
        return {name: value.tolist() for name, value in asdict(self).items()}

    @classmethod
    def from_rows(cls, rows: dict[str, Any]) -> States:
        """What `rows` gave."""
        return cls(**{name: np.array(value, float) for name, value in rows.items()})
