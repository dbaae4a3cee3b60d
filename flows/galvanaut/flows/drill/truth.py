"""The true state of a simulated world, sampled whenever its time passes. Looking changes nothing in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING

from galvanaut.simulators.spec import WASTE

if TYPE_CHECKING:
    from galvanaut.instruments.bench import Bench
    from galvanaut.simulators.bench import SimulatedBench
    from galvanaut.simulators.cells import Drive
    from galvanaut.simulators.world import World

FINE_S, COARSE_S = 1.0, 10.0
"""Time between two looks around a fault, and otherwise."""
SHORT_S = 0.5
"""Nothing of interest happens to a cell within this time as long as what is imposed on it stays."""
BEFORE_S, AFTER_S = 5.0, 300.0
"""What is around a fault."""


@dataclass(frozen=True)
class CellTruth:
    """One holder at one instant.

    Attributes:
        at: instant.
        voltage_V, current_A, temperature_degC: true values; the current is positive into the cell.
        held_V: voltage that a source holds it at; None if the circuit is open.
        low_A, high_A: the source's limits of current.
    """

    at: float
    voltage_V: float
    current_A: float
    temperature_degC: float
    held_V: float | None
    low_A: float
    high_A: float

    @property
    def is_open(self) -> bool:
        """Whether nothing drives the cell."""
        return self.held_V is None


@dataclass(frozen=True)
class LiquidTruth:
    """All liquids at one instant.

    Attributes:
        at: instant.
        mass_g: by vessel, bottle and ``waste``.
        volume_mL: by vessel with a capacity.
        moving: pumps that move liquid.
        endless: those of them that no volume stops.
    """

    at: float
    mass_g: Mapping[str, float]
    volume_mL: Mapping[str, float]
    moving: frozenset[str]
    endless: frozenset[str]


@dataclass(frozen=True)
class AirTruth:
    """The air of one chamber at one instant."""

    at: float
    air_degC: float


@dataclass
class Truth:
    """What an onlooker saw: by holder, of all liquids, by chamber; each in the order of time."""

    cells: dict[str, list[CellTruth]] = field(default_factory=dict)
    liquids: list[LiquidTruth] = field(default_factory=list)
    airs: dict[str, list[AirTruth]] = field(default_factory=dict)


class Onlooker:
    """Looks at a world whenever its time passes, more closely around a fault.

    Args:
        bench: its bench file.

    Attributes:
        truth: what it saw.
        onset: instant of the fault, as soon as it is known.
    """

    def __init__(self, bench: Bench) -> None:
        self.truth = Truth({name: [] for name in bench.holders}, [], {})
        self.onset = inf
        self._bench = bench
        self._chamber_of = {
            place: name
            for name, entry in bench.instruments.items()
            if entry.role == "chamber"
            for place in entry.wiring.housed
        }
        self._pumps = [name for name, entry in bench.instruments.items() if entry.role == "pump"]
        self._chambers = [name for name, entry in bench.instruments.items() if entry.role == "chamber"]
        self._world: SimulatedBench | None = None
        self._last = -inf
        self._drives: dict[str, Drive] = {}

    def watch(self, world: SimulatedBench) -> None:
        """Look at this world from now on, e.g. at the same one opened by a new host."""
        self._world = world
        self._last = world.clock.now()
        world.clock.watch(self._time_has_passed)
        self.look(self._last)

    def look(self, instant: float) -> None:
        """Write down the truth of an instant not before the world's last change.

        Shortly after another look only what has been changed since is written down.
        """
        assert self._world is not None
        world = self._world.world
        airs_degC = {chamber: world.air_degC(chamber, instant) for chamber in self._chambers}
        for holder, seen in self.truth.cells.items():
            drive = world.holders.drive(holder)
            if seen and instant < seen[-1].at + SHORT_S and drive is self._drives.get(holder):
                continue
            self._drives[holder] = drive
            seen.append(self._cell(world, holder, instant, airs_degC))
        for chamber, air_degC in airs_degC.items():
            self.truth.airs.setdefault(chamber, []).append(AirTruth(instant, air_degC))
        if self._bench.vessels:
            self.truth.liquids.append(self._liquids(world, instant))

    def _time_has_passed(self, now: float) -> None:
        """Called before anybody acts at ``now``: what was imposed before holds up to here."""
        for instant in _instants(self._last, now, self.onset):
            self.look(instant)
        self._last = now

    def _cell(self, world: World, holder: str, instant: float, airs_degC: Mapping[str, float]) -> CellTruth:
        sight = world.holders.at(holder, instant)
        chamber = self._chamber_of.get(holder)
        degC = world.spec.simulation.ambient_degC if chamber is None else airs_degC[chamber]
        drive = self._drives[holder]
        held_V = None if sight.mode == "open" or sight.trip else drive.voltage_V
        return CellTruth(instant, sight.voltage_V, sight.current_A, degC, held_V, drive.low_A, drive.high_A)

    def _liquids(self, world: World, instant: float) -> LiquidTruth:
        vessels = world.at(instant).vessels
        density = world.chemistry.density_g_mL
        runs = [run for name in self._pumps if (run := world.run(name)) is not None and run.is_moving(instant)]
        return LiquidTruth(
            at=instant,
            mass_g={name: vessels[name].mass_g for name in (*self._bench.stocks, *self._bench.vessels, WASTE)},
            volume_mL={name: vessels[name].volume_mL(density) for name in self._bench.vessels},
            moving=frozenset(run.pump for run in runs),
            endless=frozenset(run.pump for run in runs if run.target_mL is None),
        )


def _instants(before: float, now: float, onset: float) -> Iterator[float]:
    """From just after what was done at ``before`` to just before what is done at ``now``; fine around ``onset``."""
    instant = before
    yield instant
    while instant < now:
        step_s = FINE_S if onset - BEFORE_S <= instant <= onset + AFTER_S else COARSE_S
        instant = min(now, instant + step_s)
        yield instant
