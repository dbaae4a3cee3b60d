"""What the simulated bench reads of a bench file: bottles, vessels, who is wired to what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from galvanaut.core.errors import InputError, Problem
from galvanaut.core.units import Unit
from galvanaut.simulators.cells.spec import CellSpec
from galvanaut.simulators.parameters import SimulationParameters

WASTE = "waste"
"""The vessel that takes what a flow cell and an overfull vessel give off."""


_LISTS = ("houses", "loads")
"""Words of the wiring that may name several places."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Bottle(_Part):
    """A stock bottle: mass fractions by component, what is in it, and its lot; another lot is a new, full bottle."""

    composition: dict[str, Annotated[float, Field(ge=0)]] = Field(min_length=1)
    available_mL: Annotated[float, Unit("mL")] = Field(alias="available")
    lot: str = ""

    @model_validator(mode="after")
    def _check(self) -> Bottle:
        total = sum(self.composition.values())
        if abs(total - 1) > 0.001:
            raise ValueError(f"the mass fractions sum to {total:.4g}; expected 1")
        if self.available_mL < 0:
            raise ValueError("available is negative")
        return self


class VesselSpec(_Part):
    """A vessel and what it holds at most."""

    capacity_mL: Annotated[float, Unit("mL")] = Field(alias="capacity")

    @model_validator(mode="after")
    def _check(self) -> VesselSpec:
        if self.capacity_mL <= 0:
            raise ValueError("capacity must be positive")
        return self


class HolderSpec(_Part):
    """A cell holder and the cell in it; None for an empty holder."""

    cell: CellSpec | None = None


class Instrument(_Part):
    """One instrument: which driver speaks to it, where, wired to what (``draws``, ``into``, ``weighs``, ...).

    ``houses`` and ``loads`` may be several places; in ``wiring`` stands the first one only.
    """

    driver: str
    resource: str
    wiring: dict[str, str] = Field(default_factory=dict)
    houses: tuple[str, ...] = ()
    loads: tuple[str, ...] = ()
    settings: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _take_out_lists(cls, entry: Any) -> Any:
        wiring = entry.get("wiring") if isinstance(entry, Mapping) else None
        if not isinstance(wiring, Mapping):
            return entry
        found = {role: wiring[role] for role in _LISTS if wiring.get(role)}
        lists = {role: [places] if isinstance(places, str) else list(places) for role, places in found.items()}
        return {**entry, **lists, "wiring": {**wiring, **{role: places[0] for role, places in lists.items()}}}

    def places(self) -> dict[str, tuple[str, ...]]:
        """What it houses and what it loads, for those that do."""
        return {role: places for role in _LISTS if (places := getattr(self, role))}

    def connections(self) -> dict[str, Any]:
        """The wiring as written."""
        return {**self.wiring, **{role: list(places) for role, places in self.places().items() if len(places) > 1}}


class BenchSpec(_Part):
    """The part of a bench file that the simulated world rests on."""

    name: str = "simulated"
    stocks: dict[str, Bottle] = Field(default_factory=dict)
    vessels: dict[str, VesselSpec] = Field(default_factory=dict)
    holders: dict[str, HolderSpec] = Field(default_factory=dict)
    instruments: dict[str, Instrument] = Field(default_factory=dict)
    simulation: SimulationParameters = SimulationParameters()

    @model_validator(mode="after")
    def _check(self) -> BenchSpec:
        both = sorted(self.stocks.keys() & self.vessels.keys() | ({WASTE} & (self.stocks.keys() | self.vessels.keys())))
        if both:
            raise ValueError(f"{', '.join(both)}: one name for two vessels ({WASTE!r} is always there)")
        liquids = self.stocks.keys() | self.vessels.keys() | {WASTE}
        both = sorted(self.holders.keys() & liquids)
        if both:
            raise ValueError(f"{', '.join(both)}: one name for a holder and a vessel")
        known = {
            "channel": ("holder", self.holders.keys()),
            "loads": ("holder", self.holders.keys()),
            "houses": ("vessel or holder", liquids | self.holders.keys()),
        }
        for name, instrument in self.instruments.items():
            further = [(role, place) for role, places in instrument.places().items() for place in places[1:]]
            for role, place in [*instrument.wiring.items(), *further]:
                kind, places = known.get(role, ("stock or vessel", liquids))
                if place not in places:
                    raise ValueError(f"instruments.{name}.wiring.{role}: there is no {kind} {place!r}")
        return self

    def wired(self, role: str) -> dict[str, str]:
        """Vessel or holder by instrument, for all instruments that have ``role`` in their wiring."""
        return {name: part.wiring[role] for name, part in self.instruments.items() if role in part.wiring}

    def housed(self) -> dict[str, tuple[str, ...]]:
        """The places in each chamber."""
        return {name: part.houses for name, part in self.instruments.items() if part.houses}

    def sharing(self, resource: str) -> dict[str, Instrument]:
        """The instruments at one resource: several parts of one mainframe, or just one."""
        return {name: part for name, part in self.instruments.items() if part.resource == resource}

    def plumbing(self) -> dict[str, Any]:
        """What must not change under a world that exists: bottles' contents, vessels, cells, instruments and wiring."""
        return {
            "stocks": {name: dict(bottle.composition) for name, bottle in self.stocks.items()},
            "vessels": {name: vessel.capacity_mL for name, vessel in self.vessels.items()},
            "holders": {
                name: {"cell": holder.cell.plumbing() if holder.cell is not None else None}
                for name, holder in self.holders.items()
            },
            "instruments": {name: [part.driver, part.connections()] for name, part in self.instruments.items()},
        }


def read_spec(description: Mapping[str, Any]) -> BenchSpec:
    """The spec in a parsed bench file.

    Raises:
        InputError: it does not describe a bench; every problem is listed.
    """
    try:
        return BenchSpec.model_validate(dict(description))
    except ValidationError as error:
        problems = [
            Problem(".".join(str(part) for part in details["loc"]), details["msg"].removeprefix("Value error, "))
            for details in error.errors(include_url=False)
        ]
        raise InputError(f"bench {description.get('name', '')}".strip(), problems) from None
