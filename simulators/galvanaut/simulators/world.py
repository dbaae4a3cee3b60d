"""The physical world that the simulated instruments share: liquids, pump runs, temperatures, electrodes, cells.

Nothing happens between messages. The state of the last change is kept, and what the world looks like at a later
instant is computed from it when somebody looks; looking changes nothing. So an idle bench costs nothing, and how often
a host polls cannot change a result.

Where several pumps move liquid at once, each stretch between two ends of runs is taken as a whole, draws from bottles
before draws from vessels. That is exact unless a vessel is filled and drawn from at one time.

Scatter is keyed by seed, object and the object's own counter, so what happens elsewhere on the bench never changes it.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from galvanaut.core.clock import Clock
from galvanaut.core.identifiers import generator
from galvanaut.simulators.cells import Cell, Drive, Holders
from galvanaut.simulators.cells.made import MadeCell, build, is_made
from galvanaut.simulators.cells.spec import build_cell
from galvanaut.simulators.chemistry import Chemistry
from galvanaut.simulators.runs import Run
from galvanaut.simulators.spec import WASTE, BenchSpec
from galvanaut.simulators.thermal import Thermal
from galvanaut.simulators.vessels import Vessel, draw, flush, pour

AT_ONCE_K_S = 1e3
"""A ramp without a limit."""
KELVIN = 273.15
_BLOCK = 128
"""Deviates that one generator gives to successive readings: making a generator takes longer than all of them."""
_DRAWS = 2048
"""Draws kept in memory: enough that some hundreds of meters do not displace one another's."""


@dataclass(frozen=True)
class Snapshot:
    """Vessels by name and temperatures by chamber at one instant. Not to be changed."""

    vessels: Mapping[str, Vessel]
    thermals: Mapping[str, Thermal]


class World:
    """The bench's physics.

    Args:
        spec: bottles, vessels and wiring.
        seed: of all scatter.
        chemistry: densities and conductivities.
        clock: the bench's time.
        rows: what `rows` gave in an earlier life; None for a fresh world.

    Attributes:
        holders: cell holders; to be looked at only, they change through `impose`, `put_off`, `put` and `take`.
    """

    def __init__(
        self, spec: BenchSpec, seed: int, chemistry: Chemistry, clock: Clock, rows: Mapping[str, Any] | None = None
    ) -> None:
        self.spec = spec
        self.seed = seed
        self.chemistry = chemistry
        self.clock = clock
        self.is_changed = rows is None
        self._cells = frozenset(spec.wired("connects").values())
        self._thermal_of = _thermals_of(spec, self._cells)
        self._draw = lru_cache(_DRAWS)(self._draw_fresh)
        self._seen: tuple[float, Snapshot] | None = None
        self._runs: dict[str, Run] = {}
        self._chamber_of = {place: chamber for chamber, places in spec.housed().items() for place in places}
        if rows is None:
            self._begin()
        else:
            self._at: float = rows["world"]["at"]
            self._vessels = {key: Vessel(**row) for key, row in _rows(rows, "vessel/")}
            self._thermals = {key: Thermal(**row) for key, row in _rows(rows, "thermal/")}
            self._runs = {key: Run(**row) for key, row in _rows(rows, "run/")}
            self._change_bottles()
        cells = {name: part.cell.build() if part.cell is not None else None for name, part in spec.holders.items()}
        kept = dict(_rows(rows or {}, "holder/"))
        self.holders = Holders(cells, clock.now(), kept, self._built, self._holder_K)

    def _built(self, description: Mapping[str, Any]) -> Cell:
        """Of a cell that came into its holder later, be it made on the bench or one of the bench file's."""
        if is_made(description):
            return build(MadeCell.of(description), self.chemistry)
        return build_cell(description)

    def put_up(self, bottles: Mapping[str, Mapping[str, Any]]) -> None:
        """Bottles of other lots stand in the place of the old ones from now on; see `SimulatedBench.put_up`."""
        for name, bottle in bottles.items():
            update = {"lot": bottle["lot"], "available_mL": bottle["available_mL"]}
            self.spec.stocks[name] = self.spec.stocks[name].model_copy(update=update)
        self._change_bottles()

    def _change_bottles(self) -> None:
        """A bottle whose lot is another one now was changed by somebody while the bench stood still."""
        for name, bottle in self.spec.stocks.items():
            if self._vessels[name].origin != bottle.lot:
                self._vessels[name] = self._full_bottle(name)
                self.is_changed = True

    def _full_bottle(self, name: str) -> Vessel:
        bottle = self.spec.stocks[name]
        total = sum(bottle.composition.values())
        composition = {key: share / total for key, share in bottle.composition.items()}
        mass_g = bottle.available_mL * self.chemistry.density_g_mL(composition)
        grams = {key: share * mass_g for key, share in composition.items()}
        return Vessel(name, grams=grams, is_emptied=False, origin=bottle.lot)

    def _begin(self) -> None:
        self._at = self.clock.now()
        self._vessels = {WASTE: Vessel(WASTE)}
        for name, vessel in self.spec.vessels.items():
            self._vessels[name] = Vessel(name, vessel.capacity_mL, is_cell=name in self._cells)
        for name in self.spec.stocks:
            self._vessels[name] = self._full_bottle(name)
        room, parameters = self.spec.simulation.ambient_degC, self.spec.simulation
        self._thermals = {
            name: Thermal(self._at, room, room, room, room, AT_ONCE_K_S, parameters.idle_lag_s, parameters.liquid_lag_s)
            for name in (*self.spec.housed(), *self._thermal_of.values())
        }

    def changes(self) -> dict[str, dict[str, Any]]:
        """What of `rows` may have changed since the last call."""
        is_changed, self.is_changed = self.is_changed, False
        held = {f"holder/{name}": row for name, row in self.holders.changes().items()}
        return {**self._rows(), **held} if is_changed else held

    def rows(self) -> dict[str, dict[str, Any]]:
        """The whole state in JSON types, by key."""
        return {**self._rows(), **{f"holder/{name}": row for name, row in self.holders.rows().items()}}

    def _rows(self) -> dict[str, dict[str, Any]]:
        return {
            "world": {"at": self._at},
            **{f"vessel/{name}": vessel.to_row() for name, vessel in self._vessels.items()},
            **{f"thermal/{name}": thermal.to_row() for name, thermal in self._thermals.items()},
            **{f"run/{name}": run.to_row() for name, run in self._runs.items()},
        }

    # -- looking ------------------------------------------------------------------------------------------------

    def at(self, instant: float) -> Snapshot:
        """The world at an instant not before its last change."""
        if self._seen is None or self._seen[0] != instant:
            self._seen = (instant, self._project(instant))
        return self._seen[1]

    def run(self, pump: str) -> Run | None:
        """The pump's present or last run."""
        return self._runs.get(pump)

    def quiet_from(self, vessel: str, instant: float) -> float:
        """When liquid stops (or stopped) coming to or leaving from a vessel; infinite for an endless run."""
        ends = [
            run.ends_at for run in self._runs.values() if run.is_moving(instant) and vessel in (run.source, run.into)
        ]
        return max([self.at(instant).vessels[vessel].disturbed_at, *ends])

    def liquid_degC(self, cell: str, instant: float) -> float:
        """True temperature of the liquid in a flow cell; the room's if no chamber houses it."""
        thermal = self._thermal_of.get(cell)
        if thermal is None:
            return self.spec.simulation.ambient_degC
        return self.at(instant).thermals[thermal].at(instant).liquid_degC

    def air_degC(self, chamber: str, instant: float) -> float:
        """True air temperature of a chamber."""
        return self._thermals[chamber].at(instant).air_degC

    def holder_degC(self, holder: str, instant: float) -> float:
        """True air temperature around a cell holder; the room's if no chamber houses it."""
        chamber = self._chamber_of.get(holder)
        return self.spec.simulation.ambient_degC if chamber is None else self.air_degC(chamber, instant)

    def _holder_K(self, holder: str, instant: float) -> float:
        return self.holder_degC(holder, instant) + KELVIN

    # -- acting -------------------------------------------------------------------------------------------------

    def start(self, pump: str, source: str, into: str, rate_mL_s: float, target_mL: float | None, gain: float) -> None:
        """Begin a run now.

        Args:
            pump: instrument name.
            source: vessel drawn from.
            into: vessel pumped into.
            rate_mL_s: nominal rate.
            target_mL: nominal volume at which it stops by itself; None to go on for ever.
            gain: true volume per nominal volume by the pump's setting; its own error and scatter come on top.
        """
        now = self._commit()
        last = self._runs.get(pump)
        number = last.number + 1 if last is not None else 1
        factor = gain * self._factor("gain", pump) * self._factor("scatter", pump, number)
        self._runs[pump] = Run(pump, source, into, number, factor, rate_mL_s, target_mL, 0.0, now)
        self._begin_filling(self._vessels[into], self._vessels[source])

    def pause(self, pump: str) -> None:
        """Halt the pump's run now."""
        self._commit()
        self._runs[pump].is_on = False

    def resume(self, pump: str, rate_mL_s: float) -> None:
        """Go on with the pump's run now, or change its rate."""
        now = self._commit()
        run = self._runs[pump]
        run.is_on, run.since, run.rate_mL_s, run.stops_at = True, now, rate_mL_s, None

    def limit(self, pump: str, until: float | None) -> None:
        """Let the pump's run stop at an instant, unless that is put off before it has come; None for never."""
        self._runs[pump].stops_at = until
        self.is_changed, self._seen = True, None

    def control(
        self, chamber: str, target_degC: float, rate_K_s: float, air_lag_s: float, drift_K_s: float = 0.0
    ) -> None:
        """Send a chamber's air to a temperature from now on, and away from it as the controlling sensor drifts."""
        now = self._commit()
        for name in {chamber, *(self._thermal_of[place] for place in self.spec.housed()[chamber])}:
            self._thermals[name] = self._thermals[name].at(now).heading(target_degC, rate_K_s, air_lag_s, drift_K_s)

    def impose(self, holder: str, drive: Drive, instant: float) -> None:
        """Change what an instrument imposes on a cell holder."""
        self.holders.impose(holder, drive, instant)

    def put_off(self, source: str, until: float | None) -> None:
        """Move a watchdog's instant: all drives of an instrument open then by themselves; None for never."""
        self.holders.put_off(source, until)

    def put(self, holder: str, cell: MadeCell) -> None:
        """Put a cell that was made into an empty holder, now."""
        self.holders.put(holder, build(cell, self.chemistry), self.clock.now())

    def take(self, holder: str) -> None:
        """Take the cell out of a holder, now."""
        self.holders.take(holder, self.clock.now())

    def available_mL(self, vessel: str) -> float:
        """What can be drawn from a vessel now, down to its film."""
        content = self.at(self.clock.now()).vessels[vessel]
        return max(0.0, content.volume_mL(self.chemistry.density_g_mL) - self.film_mL(content))

    def withdraw(self, vessel: str, volume_mL: float) -> dict[str, float]:
        """Take liquid off the bench now; the grams taken, by component."""
        now = self._commit()
        source = self._vessels[vessel]
        grams, _ = draw(source, volume_mL, self.film_mL(source), self.chemistry.density_g_mL)
        source.disturbed_at = now
        return grams

    def count_reading(self, cell: str) -> int:
        """The number of a new reading in this filling of a flow cell, from 1."""
        vessel = self._vessels[cell]
        vessel.readings += 1
        self.is_changed, self._seen = True, None
        return vessel.readings

    # -- scatter that lasts -------------------------------------------------------------------------------------

    def _factor(self, kind: str, *words: object) -> float:
        """A pump's gain or one dose's scatter: 1 plus a normal deviate."""
        parameters = self.spec.simulation
        percent = {"gain": parameters.pump_gain_sd_percent, "scatter": parameters.pump_scatter_sd_percent}[kind]
        return 1 + percent / 100 * self.deviate("pump", kind, *words)

    def deviate(self, *words: object) -> float:
        """The standard normal deviate that belongs to some words for ever, within three standard deviations."""
        return self._draw(words, 1)[0]

    def reading_deviate(self, number: int, *words: object) -> float:
        """As `deviate`, for the ``number``-th of many readings: these are drawn a block at a time."""
        block, place = divmod(number, _BLOCK)
        return self._draw((*words, block), _BLOCK)[place]

    def reading_deviates(self, first: int, count: int, *words: object) -> NDArray[np.float64]:
        """The `reading_deviate` of successive readings of which the first one has this number; shape (count,)."""
        begin, end = first // _BLOCK, (first + count - 1) // _BLOCK + 1
        blocks = [np.frombuffer(self._draw((*words, block), _BLOCK)) for block in range(begin, end)]
        offset = first - begin * _BLOCK
        return np.concatenate(blocks)[offset : offset + count]

    def _draw_fresh(self, words: tuple[object, ...], count: int) -> array[float]:
        values: list[float] = generator(self.seed, *words).standard_normal(count).tolist()
        return array("d", (min(3.0, max(-3.0, value)) for value in values))

    def film_mL(self, vessel: Vessel) -> float:
        """What emptying leaves in an open vessel in its present filling; bottles and flow cells are drawn dry."""
        if vessel.capacity_mL is None or vessel.is_cell:
            return 0.0
        return self.spec.simulation.film_mL * (1 + 0.2 * self.deviate("film", vessel.name, vessel.fillings))

    # -- moving liquid ------------------------------------------------------------------------------------------

    def _commit(self) -> float:
        """Make the present the state that later instants are computed from."""
        now = self.clock.now()
        snapshot = self.at(now)
        self._vessels, self._thermals = dict(snapshot.vessels), dict(snapshot.thermals)
        for run in self._runs.values():
            end = min(now, run.ends_at)
            run.dispensed_mL, run.is_on, run.since = run.dispensed_at(now), run.is_moving(now), end
        self._at, self.is_changed, self._seen = now, True, None
        return now

    def _begin_filling(self, into: Vessel, source: Vessel) -> None:
        """Count a new filling: of a flow cell at each run, of an open vessel when it had been emptied."""
        if not (into.is_cell or into.is_emptied):
            return
        into.fillings += 1
        into.is_emptied, into.readings = False, 0
        if into.is_cell:
            into.origin = f"{source.name}/{source.fillings}"

    def _project(self, instant: float) -> Snapshot:
        moving = [run for run in self._runs.values() if run.is_moving(self._at)]
        if not moving or instant <= self._at:
            return Snapshot(self._vessels, self._thermals)
        vessels, thermals = dict(self._vessels), dict(self._thermals)
        for name in {WASTE, *(run.source for run in moving), *(run.into for run in moving)}:
            vessels[name] = vessels[name].copy()
        moving.sort(key=lambda run: (vessels[run.source].capacity_mL is not None, run.pump))
        begin = self._at
        for end in [*sorted({run.ends_at for run in moving if run.ends_at < instant}), instant]:
            for run in moving:
                if run.is_moving(begin):
                    self._move(run, begin, end, vessels, thermals)
            begin = end
        return Snapshot(vessels, thermals)

    def _move(
        self, run: Run, begin: float, end: float, vessels: dict[str, Vessel], thermals: dict[str, Thermal]
    ) -> None:
        density = self.chemistry.density_g_mL
        source, into, waste = vessels[run.source], vessels[run.into], vessels[WASTE]
        wanted_mL = (run.dispensed_at(end) - run.dispensed_at(begin)) * run.factor
        grams, drawn_mL = draw(source, wanted_mL, self.film_mL(source), density)
        source.disturbed_at = into.disturbed_at = end
        if not into.is_cell:
            pour(into, grams, waste, density)
            return
        replaced = flush(into, grams, drawn_mL, wanted_mL - drawn_mL, waste, density)
        thermal = self._thermal_of.get(into.name)
        if thermal is not None:
            thermals[thermal] = thermals[thermal].at(end).flushed(replaced, self.spec.simulation.ambient_degC)


def _thermals_of(spec: BenchSpec, cells: Collection[str]) -> dict[str, str]:
    """Whose temperatures hold for a place in a chamber: the chamber's, or its own for each further flow cell."""
    thermals = {}
    for chamber, places in spec.housed().items():
        further = [place for place in places if place in cells][1:]
        thermals.update({place: f"{chamber}/{place}" if place in further else chamber for place in places})
    return thermals


def _rows(rows: Mapping[str, Any], prefix: str) -> list[tuple[str, Any]]:
    return [(key.removeprefix(prefix), row) for key, row in rows.items() if key.startswith(prefix)]
