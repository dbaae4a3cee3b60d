"""The twin follows other physics: stored telemetry of PyBaMM's full model, see scripts/build_twin_streams.py.

Goals: state of charge within 0.5 % after the first cycle, resistance within 5 %, capacity scale within 0.5 %, residual
under 2 mV. Run with ``-s`` to see the figures.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from galvanaut.simulators.twin import Twin, TwinPrior
from galvanaut.simulators.twin.summary import bounds
from twinstreams import conductivity

FOLDER = Path(__file__).parent
TRUTH = {"fresh": (12.0, 1.03, 0.0), "aged": (21.0, 0.97, 0.08), "slow": (12.0, 1.03, 0.0)}
"""Ohm, area over the design's and lithium lost, as the script has them."""


@dataclass(frozen=True)
class Judged:
    """Errors after the first cycle in %, of the state of charge as a root mean square; residual in mV; later alarms."""

    soc: float
    ohm: float
    scale: float
    health: float
    residual_mV: float
    false_alarms: int


@cache
def judged(name: str, prior: TwinPrior, knows_steps: bool = True, skip: int = 0) -> Judged:
    stream = pd.read_csv(FOLDER / f"dfn_{name}.csv.gz").iloc[skip:]
    ohm, area, lost = TRUTH[name]
    counts = {"cycle": stream.cycle, "step": stream.step, "step_time_s": stream.step_time_s} if knows_steps else {}
    twin = Twin.begin(prior)
    found = twin.feed(stream.time_s, stream.current_A, stream.voltage_V, **counts)
    full, empty = bounds(prior, lost)
    late = stream.cycle.to_numpy() > 1
    soc = (twin.overlay.soc - (stream.negative.to_numpy() - empty) / (full - empty))[late]
    left_mV = 1e3 * (twin.overlay.measured_V - twin.overlay.simulated_V)[late]
    health = area * (full - empty) / np.subtract(*bounds(prior, 0.0))
    state = twin.state
    assert state.healthy, state.reason
    assert state.settled
    result = Judged(
        100 * float(np.sqrt(np.mean(soc**2))),
        100 * (state.resistance_ohm / ohm - 1),
        100 * (state.capacity_scale / area - 1),
        100 * (state.soh / health - 1),
        float(np.sqrt(np.mean(left_mV**2))),
        sum(one.cycle != 1 for one in found),
    )
    print(
        f"\n{name}: SOC {result.soc:.3f} %, R {result.ohm:+.1f} %, scale {result.scale:+.2f} %, health "
        f"{result.health:+.2f} %, "
        f"residual {result.residual_mV:.2f} mV"
    )
    return result


@pytest.mark.parametrize("name", ["fresh", "aged", "slow"])
def test_the_full_model_is_followed(name: str) -> None:
    seen = judged(name, TwinPrior(conductivity_S_m=conductivity()))
    assert seen.soc < 0.05
    assert abs(seen.ohm) < 3
    assert abs(seen.scale) < 0.15
    assert abs(seen.health) < 0.1
    assert seen.residual_mV < 0.6
    assert seen.false_alarms == 0


def test_nobody_has_to_count_cycles_and_steps() -> None:
    seen = judged("fresh", TwinPrior(conductivity_S_m=conductivity()), knows_steps=False)
    assert seen.soc < 0.05
    assert abs(seen.ohm) < 3
    assert abs(seen.scale) < 0.15


def test_it_may_begin_in_the_middle_of_a_charge() -> None:
    """There the first voltage says little about the state of charge, as the resistance is not known yet."""
    seen = judged("fresh", TwinPrior(conductivity_S_m=conductivity()), skip=50)
    assert seen.soc < 0.1
    assert abs(seen.scale) < 0.3
    assert seen.residual_mV < 1


@pytest.mark.parametrize("salt_M", [0.8, 1.2])
def test_a_wrong_salt_costs_resistance_and_little_else(salt_M: float) -> None:
    """The conductivity was measured, but the salt is 20 % off: the effective resistance takes that in."""
    right = judged("fresh", TwinPrior(conductivity_S_m=conductivity()))
    wrong = judged("fresh", TwinPrior(salt_M=salt_M, conductivity_S_m=conductivity()))
    print(
        f"lost with {salt_M:g} mol/l instead of 1: {wrong.ohm - right.ohm:+.1f} points of R, "
        f"{wrong.soc - right.soc:+.3f} of SOC"
    )
    assert wrong.soc < 0.15
    assert abs(wrong.ohm) < 10
    assert abs(wrong.scale) < 0.4
    assert wrong.residual_mV < 1.2


def test_its_own_uncertainty_covers_its_errors() -> None:
    stream = pd.read_csv(FOLDER / "dfn_aged.csv.gz")
    twin = Twin.begin(TwinPrior(conductivity_S_m=conductivity()))
    twin.feed(stream.time_s, stream.current_A, stream.voltage_V)
    state, (ohm, area, lost) = twin.state, TRUTH["aged"]
    assert abs(state.resistance_ohm - ohm) < 2 * state.resistance_sd_ohm
    assert abs(state.capacity_scale - area) < 2 * state.capacity_scale_sd
    assert abs(state.lost - lost) < 2 * state.lost_sd
