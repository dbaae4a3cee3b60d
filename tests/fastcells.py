"""Single cells worked out with kernels and with arrays, side by side, and what must not change in any."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from galvanaut.simulators.cells import OPEN, Drive, Holders
from galvanaut.simulators.cells.spme import NO_AGEING, QUICK, Sample, SpmeCell
from galvanaut.simulators.cells.spme.cells import Cells, States
from galvanaut.simulators.cells.spme.parameters import Array

SAMPLES = {
    "formed": (Sample(), 0.3),
    "forming": (Sample(), None),
    "quick and leaking": (Sample(ageing=QUICK, leak_A=2e-5), 0.6),
    "not ageing": (Sample(ageing=NO_AGEING), 0.5),
}
PARTS = (
    (Drive("x", 4.2, 0.0, 4.1e-3), 6000.0),  # to 4.2 V, and held there
    (OPEN, 600.0),
    (Drive("x", 2.8, -4.1e-3, 0.0), 4000.0),
    (OPEN, 600.0),
)


def lithium_C(states: States, cells: Cells) -> Array:
    """All lithium of cells, wherever it is, as charge; nothing changes it."""
    full_n, full_p = states.room_C(cells)
    lost_C = states.sei_C + states.plated_C + states.trapped_C
    return np.asarray(states.negative * full_n + states.positive * full_p + lost_C)


@dataclass(frozen=True)
class Seen:
    """What a cell showed on its way: looks, traces and states, each of one kind."""

    volts: Array
    currents_A: Array
    states: Array


def cycled(name: str) -> Seen:
    """A cell of `SAMPLES` through a charge, a rest, a discharge and a rest."""
    sample, state_of_charge = SAMPLES[name]
    holders = Holders({"A": SpmeCell(sample, state_of_charge=state_of_charge)}, 0.0)
    now, volts, currents_A, states = 0.0, list[Array](), list[Array](), list[Array]()
    for drive, seconds in PARTS:
        holders.impose("A", drive, now)
        sights = [holders.at("A", now + share * seconds) for share in (0.01, 0.3, 0.7, 1.0)]
        trace = holders.trace("A", np.arange(now, now + seconds, 100.0))
        volts += [np.array([sight.sensed_V for sight in sights]), trace.sensed_V]
        currents_A += [np.array([sight.current_A for sight in sights]), trace.current_A]
        states.append(np.array(sights[-1].state.values))  # type: ignore[attr-defined]
        now += seconds
    return Seen(np.concatenate(volts), np.concatenate(currents_A), np.concatenate(states))


def both(name: str, monkeypatch: pytest.MonkeyPatch) -> tuple[Seen, Seen]:
    """By kernels, compiled if numba is here, and by arrays."""
    seen = []
    for is_fast in (True, False):
        monkeypatch.setattr("galvanaut.simulators.cells.spme.cells.is_compiling", lambda is_fast=is_fast: is_fast)
        seen.append(cycled(name))
    return seen[0], seen[1]
