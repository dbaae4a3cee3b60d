"""The bench file: which instruments stand there, at which VISA resource, wired to what.

A simulated bench and a real one differ in ``visa`` and in the resource strings only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, cast

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationInfo, field_validator, model_validator

from galvanaut.core import yamlfile
from galvanaut.core.errors import InputError, Problem
from galvanaut.core.identifiers import NAME_PATTERN
from galvanaut.core.stocks import Stock
from galvanaut.core.units import Unit
from galvanaut.instruments.drivers import Driver, driver_class
from galvanaut.instruments.drivers.registry import sharing
from galvanaut.instruments.envelope import Envelope
from galvanaut.instruments.filecycler import FileCycler
from galvanaut.instruments.operators import Operators
from galvanaut.instruments.roles import Role
from galvanaut.instruments.wiring import Wiring, check_wiring

if TYPE_CHECKING:
    from galvanaut.instruments.drivers.registry import PumpDriver

Name = Annotated[str, StringConstraints(pattern=rf"^{NAME_PATTERN}$")]
Visa = Literal["simulated", "@py", "@ivi"]

RINSE = "rinse"
"""A stock of this name cleans vessels and is not an ingredient."""
_SUM_TOLERANCE = 1e-3
_EC_NEAT = 0.9
_KCL_G_MOL = 74.551  # K 39.098 + Cl 35.453, IUPAC
_STRICT = ConfigDict(extra="forbid", frozen=True)


class StockEntry(BaseModel):
    """One bottle.

    Attributes:
        composition: mass fractions by component; must sum to 1 within 0.001 and are then normalised.
        density_g_mL: at the dispenser's temperature, as the laboratory measured it.
        available_mL: what may be drawn.
        lot: the maker's lot number.
        supplier: who sold it, in words; the recipe card of a dossier shows it.
        grade: how pure it is, in words, likewise.
        standard: if it is a conductivity standard, which one, e.g. ``KCl 0.1 mol/kg``.
    """

    model_config = _STRICT

    composition: dict[Name, Annotated[float, Field(gt=0, le=1)]]
    density_g_mL: Annotated[float, Unit("g/mL"), Field(gt=0)] = Field(alias="density")
    available_mL: Annotated[float, Unit("mL"), Field(ge=0)] = Field(alias="available")
    lot: str = ""
    supplier: str | None = None
    grade: str | None = None
    standard: str | None = None

    @field_validator("composition")
    @classmethod
    def _normalise(cls, composition: dict[str, float]) -> dict[str, float]:
        total = sum(composition.values())
        if abs(total - 1) > _SUM_TOLERANCE:
            raise ValueError(f"mass fractions sum to {total:.4g}, expected 1")
        fractions = {component: fraction / total for component, fraction in composition.items()}
        if fractions.get("EC", 0.0) > _EC_NEAT:
            raise ValueError(
                f"{fractions['EC']:.0%} EC is solid below 36 to 38 degC and would block the pump; "
                "premix EC with a linear carbonate, at most 90 % EC"
            )
        return fractions

    @field_validator("standard")
    @classmethod
    def _check_standard(cls, standard: str | None, info: ValidationInfo) -> str | None:
        from galvanaut.instruments.conductometry import STANDARDS

        if standard is None:
            return None
        if standard not in STANDARDS:
            raise ValueError(f"{standard!r} is not a known standard; known are {', '.join(STANDARDS)}")
        kcl_g_kg = STANDARDS[standard] * _KCL_G_MOL
        expected = kcl_g_kg / (1000 + kcl_g_kg)
        found = info.data.get("composition", {}).get("KCl", 0.0)
        if "composition" in info.data and abs(found / expected - 1) > 0.02:
            raise ValueError(
                f"{standard} has a mass fraction of KCl of {expected:.5f}, the composition says {found:.5f}"
            )
        return standard


class VesselEntry(BaseModel):
    """One vessel.

    Attributes:
        capacity_mL: what it holds.
    """

    model_config = _STRICT

    capacity_mL: Annotated[float, Unit("mL"), Field(gt=0)] = Field(alias="capacity")


class HolderEntry(BaseModel):
    """One holder for a cell, e.g. a coin-cell clip with four leads.

    Attributes:
        cell: parameters of the simulated cell in it; ignored on a real bench.
        envelope: hard limits of any cell in it.
    """

    model_config = _STRICT

    cell: dict[str, Any] | None = None
    envelope: Envelope | None = None


class InstrumentEntry(BaseModel):
    """One instrument.

    Attributes:
        driver: its name, one of those that ship or that an installed package adds.
        resource: VISA resource name, e.g. ``ASRL3::INSTR``.
        wiring: what it is connected to; which words apply depends on the instrument's role.
        settings: checked by the driver's own model.
    """

    model_config = _STRICT

    driver: str
    resource: str = Field(pattern=r"^(ASRL|TCPIP|USB|GPIB|VXI|PXI|PRLGX)\S*::\S+$", examples=["ASRL3::INSTR"])
    wiring: Wiring
    settings: dict[str, Any] = Field(default={}, validate_default=True)

    @field_validator("driver")
    @classmethod
    def _check_driver(cls, name: str) -> str:
        driver_class(name)
        return name

    @field_validator("settings")
    @classmethod
    def _check_settings(cls, settings: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        if "driver" in info.data:
            driver_class(info.data["driver"]).Settings.model_validate(settings)
        return settings

    @property
    def driver_class(self) -> type[Driver]:
        """The driver."""
        return driver_class(self.driver)

    @property
    def role(self) -> Role:
        """What the instrument does on the bench."""
        return self.driver_class.role

    def parsed_settings(self) -> BaseModel:
        """The settings as the driver's own model."""
        return self.driver_class.Settings.model_validate(self.settings)


class Bench(BaseModel):
    """A bench file.

    Attributes:
        name: names the bench, and its simulated world in the lab folder.
        visa: ``simulated``, or which VISA library serves the resources (``@py``: pyvisa-py, ``@ivi``: the vendor's).
        armed: must be true, together with ``--arm``, before anything is sent to real instruments.
        stocks: bottles by name.
        vessels: by name; they hold liquids.
        holders: by name; they hold cells.
        instruments: by name; they are what is sent anything.
        file_cyclers: cyclers without an interface, by name; their exports come into a folder.
        operators: how soon people answer work orders, and what they are asked.
        simulation: parameters of the simulated world; ignored on a real bench.
        served: the resources are those of a simulated bench that another process serves. To this one it is as real as
            any, and has to be armed, but what it measures is labelled as simulated.
    """

    model_config = _STRICT

    name: Name
    visa: Visa
    armed: bool = False
    stocks: dict[Name, StockEntry] = {}
    vessels: dict[Name, VesselEntry] = {}
    holders: dict[Name, HolderEntry] = {}
    instruments: dict[Name, InstrumentEntry]
    file_cyclers: dict[Name, FileCycler] = {}
    operators: Operators = Operators()
    simulation: dict[str, Any] | None = None
    served: bool = False

    @model_validator(mode="after")
    def _check(self) -> Self:
        check_wiring(self)
        return self

    @property
    def is_simulated(self) -> bool:
        """Whether nothing on this bench is real."""
        return self.visa == "simulated"

    @property
    def is_synthetic(self) -> bool:
        """Whether what is measured on this bench comes from a simulation, be it another process's."""
        return self.is_simulated or self.served

    def settings_of(self, instrument: str) -> BaseModel:
        """Settings of an instrument, with what all parts of its mainframe have in common."""
        entry = self.instruments[instrument]
        driver, settings = sharing(entry.driver_class), entry.parsed_settings()
        if driver is None:
            return settings
        mates = (each for each in self.instruments.values() if each.resource.upper() == entry.resource.upper())
        joined: BaseModel = driver.joined(settings, [mate.parsed_settings() for mate in mates])
        return joined

    def pump_drawing(self, source: str, into: str) -> str:
        """Name of the pump from a stock or vessel into a vessel; errors as in `balance_weighing`."""
        found = self._with_role("pump")
        names = [name for name, e in found if (e.wiring.draws, e.wiring.into) == (source, into)]
        return self._only(names, f"pump from {source} into {into}")

    def balance_weighing(self, vessel: str) -> str:
        """Name of the balance under a vessel.

        Raises:
            InputError: there is none, or more than one; names the missing role.
        """
        names = [name for name, e in self._with_role("balance") if e.wiring.weighs == vessel]
        return self._only(names, f"balance that weighs {vessel}")

    def chamber_housing(self, vessel: str) -> str:
        """Name of the chamber around a vessel; errors as in `balance_weighing`."""
        names = [name for name, e in self._with_role("chamber") if vessel in e.wiring.housed]
        return self._only(names, f"chamber that houses {vessel}")

    def impedance_meter_at(self, vessel: str) -> str:
        """Name of the impedance meter wired to a vessel; errors as in `balance_weighing`."""
        names = [name for name, e in self._with_role("impedance meter") if e.wiring.connects == vessel]
        return self._only(names, f"impedance meter connected to {vessel}")

    def source_meter_at(self, holder: str) -> str:
        """Name of the source meter wired to a cell holder; errors as in `balance_weighing`."""
        names = [name for name, e in self._with_role("source meter") if e.wiring.channel == holder]
        return self._only(names, f"source meter wired to {holder}")

    def envelope_at(self, holder: str) -> Envelope:
        """The hard limits of any cell in a holder.

        Raises:
            InputError: there is no such holder, or it has none.
        """
        if holder not in self.holders:
            raise InputError(f"bench {self.name}", f"has no holder {holder}, only {', '.join(self.holders)}")
        envelope = self.holders[holder].envelope
        if envelope is None:
            where = f"holders.{holder}.envelope"
            raise InputError(f"bench {self.name}", Problem(where, "is missing; no cell is driven without hard limits"))
        return envelope

    def cyclers_at(self, holder: str) -> list[str]:
        """Names of the instruments that run whole tests on a holder by themselves."""
        return [name for name, e in self._with_role("cycler") if e.wiring.channel == holder]

    def file_cycler(self, name: str) -> FileCycler:
        """The cycler without an interface of this name.

        Raises:
            InputError: there is none.
        """
        if name not in self.file_cyclers:
            known = ", ".join(self.file_cyclers) or "none"
            raise InputError(f"bench {self.name}", Problem("file_cyclers", f"has no {name}; known are {known}"))
        return self.file_cyclers[name]

    def drivers_at(self, holder: str) -> list[str]:
        """Names of the source meters and cyclers wired to a holder: what may drive the cell in it."""
        wired = [(name, e) for name, e in self.instruments.items() if e.wiring.channel == holder]
        return [name for name, e in wired if e.role in ("source meter", "cycler")]

    def standard_stock(self) -> str:
        """Name of the stock that is a conductivity standard; errors as in `balance_weighing`."""
        return self._only([name for name, stock in self.stocks.items() if stock.standard], "conductivity standard")

    def stock(self, name: str, into: str) -> Stock:
        """A stock with the limits of the pump that doses it into a vessel; errors as in `balance_weighing`."""
        if name not in self.stocks:
            raise InputError(f"bench {self.name}", f"has no stock {name}, only {', '.join(self.stocks)}")
        entry = self.stocks[name]
        pump = self.instruments[self.pump_drawing(name, into)]
        driver = cast("type[PumpDriver]", pump.driver_class)
        limits = driver.dose_limits(pump.parsed_settings(), self.vessels[into].capacity_mL)
        return Stock(
            name=name,
            composition=entry.composition,
            density_g_mL=entry.density_g_mL,
            available_mL=entry.available_mL,
            dose_min_mL=limits.min_mL,
            dose_step_mL=limits.step_mL,
            dose_max_mL=limits.max_mL,
            lot=entry.lot,
        )

    def put_up(self, bottles: Mapping[str, Mapping[str, Any]]) -> None:
        """Note new bottles of its stocks: the only thing of a bench that changes while it is worked.

        Args:
            bottles: by stock: ``lot``, ``available_mL`` and ``density_g_mL``.
        """
        for name, bottle in bottles.items():
            self.stocks[name] = self.stocks[name].model_copy(update=dict(bottle))

    def stocks_for_dosing(self, into: str = "mixer") -> list[Stock]:
        """The ingredients that pumps can dose into a vessel, in the order of the file.

        Conductivity standards and the stock named ``rinse`` are no ingredients.
        """
        drawn = {e.wiring.draws for _, e in self._with_role("pump") if e.wiring.into == into}
        ingredients = (name for name, entry in self.stocks.items() if name != RINSE and entry.standard is None)
        return [self.stock(name, into) for name in ingredients if name in drawn]

    def _with_role(self, role: Role) -> Iterable[tuple[str, InstrumentEntry]]:
        return ((name, entry) for name, entry in self.instruments.items() if entry.role == role)

    def _only(self, names: list[str], what: str) -> str:
        if not names:
            raise InputError(f"bench {self.name}", f"has no {what}")
        if len(names) > 1:
            raise InputError(f"bench {self.name}", f"has more than one {what}: {', '.join(names)}")
        return names[0]


def load_bench(path: Path) -> Bench:
    """Read a bench file.

    Raises:
        InputError: with every problem found, its path in the file and its line.
    """
    return yamlfile.load(path, Bench)
