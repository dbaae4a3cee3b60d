"""Faults are found in time and named, and healthy cells raise few alarms."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from galvanaut.simulators.cells.spme import QUICK, Ageing, Recipe, Sample, Variability, made
from galvanaut.simulators.cells.spme.parameters import COIN
from galvanaut.simulators.cells.spme.recipe import ageing, transport
from galvanaut.simulators.cells.spme.transport import root_scale
from galvanaut.simulators.twin import Finding, Twin, TwinPrior
from twinstreams import Plan, Stream, conductivity, cycled, sample, together

RECIPES = (
    Recipe({"EC": 0.3, "EMC": 0.7}, 1.0, {}),
    Recipe({"EC": 0.3, "EMC": 0.4, "DMC": 0.3}, 1.2, {"VC": 0.02}),
    Recipe({"EC": 0.2, "EMC": 0.3, "DMC": 0.5}, 1.4, {"VC": 0.01, "FEC": 0.03}),
    Recipe({"EC": 0.25, "EMC": 0.25, "DMC": 0.4, "FEC": 0.1}, 1.1, {}),
)


def during(stream: Stream, low_A: float, high_A: float, share: float) -> int:
    """A reading of the third cycle, by its current and how far that part has gone."""
    table = stream.table()
    places = np.flatnonzero((table[:, 4] == 3) & (table[:, 1] > low_A) & (table[:, 1] < high_A))
    return int(places[int(share * len(places))])


def found(table: np.ndarray, prior: TwinPrior) -> list[Finding]:
    twin = Twin.begin(prior)
    return [*twin.feed_table(table), *twin.close_cycle(np.nan)]


@pytest.mark.parametrize(("low_A", "high_A", "share"), [(1.2e-3, 2e-3, 0.3), (-5e-3, -4e-3, 0.2), (-5e-3, -4e-3, 0.6)])
def test_a_bad_contact_is_found_within_a_minute(
    low_A: float, high_A: float, share: float, stream: Stream, prior: TwinPrior
) -> None:
    table, place = stream.table(), during(stream, low_A, high_A, share)
    table[place:, 2] += 5.0 * table[place:, 1]
    first = found(table, prior)[0]
    assert first.cause == "contact"
    assert first.time_s - table[place - 1, 0] <= 60.0 + 1e-6
    assert first.value == pytest.approx(5.0, abs=0.5)
    assert "more in the contacts" in first.text


@pytest.mark.parametrize(("low_A", "high_A"), [(1.2e-3, 2e-3), (-5e-3, -4e-3)])
def test_a_frozen_reading_is_found_within_three_minutes(
    low_A: float, high_A: float, stream: Stream, prior: TwinPrior
) -> None:
    table, place = stream.table(), during(stream, low_A, high_A, 0.4)
    table[place : place + 20, 2] = table[place, 2]
    twin = Twin.begin(prior)
    first = twin.feed_table(table[: place + 10])[0]
    assert first.cause == "frozen reading"
    assert first.time_s - table[place, 0] < 180.0
    assert "frozen" in twin.state.reason


@pytest.mark.parametrize("plan", [Plan(), Plan(charge=1.0)])
def test_a_soft_short_is_found_by_the_end_of_a_cycle(plan: Plan, prior: TwinPrior) -> None:
    """There from the beginning: the first cycle starts half full, so the second is the first with an efficiency."""
    stream = cycled(sample(contact_ohm=10.0, leak_A=50e-6), plan, 3, start=0.05)
    shorts = [one for one in found(stream.table(), prior) if one.cause == "soft short"]
    assert shorts[0].cycle == 2
    assert "soft short of 50 uA" in shorts[0].text
    assert shorts[0].value > shorts[0].limit


def test_lithium_that_is_lost_for_good_is_no_short(prior: TwinPrior) -> None:
    plating = sample(ageing=replace(QUICK, plating_m_s=2e-9))
    stream = cycled(plating, Plan(charge=1.0), 4, start=0.05)
    causes = [one.cause for one in found(stream.table(), prior)]
    assert "lithium plating" in causes
    assert "soft short" not in causes


def test_an_offset_is_not_called_a_contact(stream: Stream, prior: TwinPrior) -> None:
    table, place = stream.table(), during(stream, -5e-3, -4e-3, 0.3)
    table[place:, 2] += 0.02
    assert found(table, prior)[0].cause == "sensor offset"


def test_a_gain_that_changes_is_found_by_the_scale(prior: TwinPrior) -> None:
    stream = cycled(sample(contact_ohm=10.0), Plan(charge=1.0), 9, start=0.05)
    table = stream.table()
    table[table[:, 4] >= 6, 1] *= 1.03
    causes = {one.cause: one for one in found(table, prior)}
    assert "gain" in causes
    assert causes["gain"].value == pytest.approx(3.0, abs=1.5)


def test_an_outlier_is_not_followed(stream: Stream, prior: TwinPrior) -> None:
    table, place = stream.table(), during(stream, -5e-3, -4e-3, 0.3)
    clean, spiked = Twin.begin(prior), Twin.begin(prior)
    clean.feed_table(table)
    table[place, 2] += 0.3
    spiked.feed_table(table)
    assert spiked.state.soc == pytest.approx(clean.state.soc, abs=2e-3)
    assert spiked.state.soh == pytest.approx(clean.state.soh, abs=5e-3)


def test_formation_is_told_and_then_followed(prior: TwinPrior) -> None:
    """A cell never charged loses lithium within hours, which no healthy cell does."""
    plans = [Plan(charge=0.1, discharge=0.1), Plan(charge=0.1, discharge=0.1), *[Plan(charge=1.0)] * 2]
    stream = cycled(sample(contact_ohm=10.0, ageing=Ageing()), plans, 4, start=None)
    twin = Twin.begin(prior)
    told = twin.feed_table(stream.table())
    assert {one.cycle for one in told} == {1}
    assert twin.state.healthy
    assert twin.cycles[-1].residual_rms_mV < 1
    assert twin.state.resistance_ohm == pytest.approx(10.0, abs=1.0)


def test_inconsistent_residuals_are_said(prior: TwinPrior, stream: Stream) -> None:
    """A cell that is not what the prior says: its voltage wanders."""
    table = stream.table()
    table[:, 2] += 0.04 * np.sin(table[:, 0] / 900)
    twin = Twin.begin(prior)
    twin.feed_table(table)
    assert not twin.state.healthy
    assert "do not trust: residuals inconsistent" in twin.state.reason


def test_healthy_cells_raise_at_most_one_alarm_in_fifty_cycles() -> None:
    """Ageing cells of several recipes, each a little different, under three protocols."""
    tables, priors, cycles = [], [], 0
    for number, recipe in enumerate(RECIPES):
        cell, prior = spread(recipe, number)
        check_ups = [Plan(charge=0.1, discharge=0.1), *[Plan(charge=1.0)] * 9]
        for plans in (Plan(charge=1.0), check_ups, Plan(every_s=10)):
            count = 15 if isinstance(plans, list) or plans.every_s > 10 else 2
            tables.append(cycled(cell, plans, count, start=0.05, seed=number).table())
            priors.append(prior)
            cycles += count
    alarms = [one for twin in together(tables, priors) for one in twin.findings]
    print(f"\n{len(alarms)} false alarms in {cycles} healthy cycles: {[(one.cause, one.cycle) for one in alarms]}")
    assert len(alarms) <= cycles / 50


def spread(recipe: Recipe, number: int) -> tuple[Sample, TwinPrior]:
    """A cell as it comes out of assembly, and what a bench measured."""
    liquid = transport(recipe)
    wear = ageing(recipe, liquid, 50e-9, COIN.area_m2, QUICK if number % 2 == 0 else Ageing())
    made_of = Sample(liquid=partial(transport, recipe), ageing=wear)
    cell, _ = made(made_of, 7, f"cell{number}", Variability(faulty=0.0))
    scaled = float(root_scale(np.array(recipe.salt_M)))
    measured_S_m = recipe.salt_M * float(np.polynomial.polynomial.polyval(scaled, liquid.molar))
    return cell, TwinPrior(salt_M=recipe.salt_M, conductivity_S_m=measured_S_m)


def test_conductivity_helpers_agree() -> None:
    assert spread(RECIPES[0], 0)[1].conductivity_S_m == pytest.approx(conductivity(), rel=1e-3)
