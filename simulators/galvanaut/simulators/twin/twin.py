"""The twin of one channel: fed with readings alone, it says in what state the cell is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import nan
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from galvanaut.core.errors import UnsupportedError
from galvanaut.simulators.cells.spme.parameters import Array
from galvanaut.simulators.twin import layout
from galvanaut.simulators.twin.engine import follow
from galvanaut.simulators.twin.findings import Finding, after_cycle, noticed
from galvanaut.simulators.twin.prior import TwinPrior
from galvanaut.simulators.twin.readings import Reading, table, values
from galvanaut.simulators.twin.state import CycleSummary, Gap, Overlay, TwinState, gap
from galvanaut.simulators.twin.summary import clear, cycle_of, state_of
from galvanaut.simulators.twin.tuning import Tuning

if TYPE_CHECKING:
    from galvanaut.simulators.twin.forecast import Forecast

VERSION = 1
"""Of snapshots."""
MODEL = "reduced SPMe in an extended Kalman filter, 2"
"""Named in snapshots and exports; changes when the same readings would give another state."""


class Twin:
    """See the module. Currents are positive into the cell; portions in which readings are fed do not matter.

    Args:
        prior: nominal knowledge.
        tuning: of filter and alarms.
        row: one row of state to work on, shape (1,); a new one by default.
    """

    def __init__(self, prior: TwinPrior, tuning: Tuning | None = None, row: Any = None) -> None:
        self.prior, self.tuning = prior, tuning or Tuning()
        self._row = row if row is not None else layout.fresh(prior, self.tuning)
        self._fixed = layout.fixed(prior.nominal, self.tuning, prior.lowest_V, prior.highest_V)
        self._liquid = layout.liquid(prior)
        self._cycles: list[CycleSummary] = []
        self._findings: list[Finding] = []
        self._overlay = Overlay(*(np.empty(0) for _ in range(4)))

    @classmethod
    def begin(cls, prior: TwinPrior) -> Twin:
        """A twin that has seen nothing yet. Its first voltage, best one at rest, tells it the state of charge."""
        return cls(prior)

    def feed(
        self,
        time_s: ArrayLike,
        current_A: ArrayLike,
        voltage_V: ArrayLike,
        temperature_degC: ArrayLike | None = None,
        *,
        cycle: ArrayLike | None = None,
        step: ArrayLike | None = None,
        step_time_s: ArrayLike | None = None,
    ) -> list[Finding]:
        """Use new readings, oldest first; arrays of one length, or numbers for one reading.

        Readings older than the last one, or at the same instant, and such without time or current are left out; without
        a voltage the state is counted on. Without `cycle` a cycle begins where a charge follows a discharge. With
        `step` and `step_time_s` a step of the current between two readings is put where it happened, and no current
        flows while a step was interrupted.

        Args:
            time_s: since the beginning of the test.
            current_A: positive into the cell.
            voltage_V: at the terminals.
            temperature_degC: of the cell or the air around it; the last one known otherwise.
            cycle: number.
            step: number that changes whenever a step begins.
            step_time_s: spent in the step, see `galvanaut.core.bdf.STEP_TIME`.

        Returns:
            What is wrong, as far as it was noticed with these readings.

        Raises:
            UnsupportedError: arrays of different lengths.
        """
        columns = (time_s, current_A, voltage_V, temperature_degC, cycle, step, step_time_s)
        return self.feed_table(table(columns))

    def feed_rows(self, rows: Iterable[Reading]) -> list[Finding]:
        """`feed` with rows of a recorder."""
        return self.feed_table(np.array([values(row) for row in rows], float).reshape(-1, len(layout.COLUMNS)))

    def feed_table(self, readings: Array) -> list[Finding]:
        """`feed` with a table of shape (t, 7), columns `layout.COLUMNS`."""
        seen = np.full((len(readings), len(layout.SEEN)), nan)
        found: list[Finding] = []
        begin = 0
        while begin < len(readings):
            taken = begin + follow(self._fixed, self._liquid, self._row, readings[begin:], seen[begin:])
            found += self._noticed(readings[begin:taken], seen[begin:taken])
            if taken < len(readings):
                found += self.close_cycle(readings[taken, 4])
            begin = taken
        self._overlay = Overlay(readings[:, 0], readings[:, 2], seen[:, 0], seen[:, 3])
        return found

    def _noticed(self, readings: Array, seen: Array) -> list[Finding]:
        found: list[Finding] = []
        for place in np.flatnonzero(seen[:, 4] > 0):
            found += self.understood(readings[place], seen[place])
        return found

    def understood(self, reading: Array, seen: Array) -> list[Finding]:
        """What a code of `layout` at one reading means in words; it is remembered."""
        cycle = int(reading[4]) if np.isfinite(reading[4]) else 0
        found = noticed(int(seen[4]), float(reading[0]), float(reading[1]), float(seen[5]), self.tuning, cycle)
        return self._news(found)

    def _news(self, found: list[Finding]) -> list[Finding]:
        """Those that were not told a moment ago; they are remembered."""
        told = {finding.cause: finding.time_s for finding in self._findings}
        new = [one for one in found if one.time_s - told.get(one.cause, -np.inf) > self.tuning.repeat_s]
        self._findings += new
        return new

    def close_cycle(self, following: float) -> list[Finding]:
        """End a cycle; ``following`` is the number of the next one. `feed` does it by itself."""
        done = cycle_of(self._row[0], self.prior, self.tuning, self._cycles)
        found = self._news(after_cycle(done, self._cycles))
        self._cycles.append(done)
        clear(self._row[0], following)
        return found

    @property
    def state(self) -> TwinState:
        """At the last reading."""
        return state_of(self._row[0], self.prior, self.tuning, len(self._cycles))

    @property
    def cycles(self) -> tuple[CycleSummary, ...]:
        """All complete cycles, oldest first."""
        return tuple(self._cycles)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All that was ever wrong, oldest first."""
        return tuple(self._findings)

    @property
    def overlay(self) -> Overlay:
        """The readings fed last beside the simulation."""
        return self._overlay

    @property
    def gap(self) -> Gap:
        """Between measurement and simulation, over all complete cycles."""
        return gap(self._cycles)

    def forecast(
        self,
        cycles: int = 50,
        *,
        charge_A: float | None = None,
        discharge_A: float | None = None,
        temperature_degC: float | None = None,
        cell: str = "",
    ) -> Forecast:
        """The next cycles, under the running protocol or another one ("what if at 45 °C"); see `forecast.forecast`.

        Args:
            cycles: how many.
            charge_A: charging current; that of the last cycle by default.
            discharge_A: discharging current, positive; that of the last cycle by default.
            temperature_degC: of the cell; as now by default.
            cell: its name, which a twin does not know; forecasts of cells of other names rest on other draws.

        Raises:
            UnsupportedError: too few complete cycles of the kind of the last one.
        """
        from galvanaut.simulators.twin.forecast import forecast  # takes longer to import, and few ask

        asked = (charge_A, discharge_A, temperature_degC)
        return forecast(self.cycles, self._row, self.prior, self.tuning, cycles, asked, cell)

    def snapshot(self) -> dict[str, Any]:
        """All that the twin knows, in JSON types; `restore` reads it, and goes on bit by bit."""
        row = {name: _plain(self._row[0][name]) for name in layout.ROW.names or ()}
        return {
            "version": VERSION,
            "model": MODEL,
            "prior": self.prior.to_json(),
            "tuning": dict(vars(self.tuning)),
            "row": row,
            "cycles": [done.to_json() for done in self._cycles],
            "findings": [dict(vars(finding)) for finding in self._findings],
        }

    @classmethod
    def restore(cls, kept: Mapping[str, Any]) -> Twin:
        """The twin that a snapshot was taken of.

        Raises:
            UnsupportedError: a snapshot of another version or model; feed the readings again instead.
        """
        if (kept.get("version"), kept.get("model")) != (VERSION, MODEL):
            raise UnsupportedError(
                f"twin: this snapshot has version {kept.get('version')} and model {kept.get('model')!r}, but only "
                f"{VERSION} and {MODEL!r} "
                "can be read; feed the readings of the test to a new twin instead"
            )
        twin = cls(TwinPrior.from_json(kept["prior"]), Tuning(**kept["tuning"]))
        for name, value in kept["row"].items():
            twin._row[0][name] = nan if value is None else value
        twin._cycles = [CycleSummary.from_json(done) for done in kept["cycles"]]
        twin._findings = [Finding(**finding) for finding in kept["findings"]]
        return twin


def _plain(value: Any) -> Any:
    plain = value.tolist() if hasattr(value, "tolist") else value
    return None if isinstance(plain, float) and plain != plain else plain
