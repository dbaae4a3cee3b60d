"""Readings in any portions, with holes, doubles and nonsense."""

from __future__ import annotations

import json
from math import nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from galvanaut.core.errors import UnsupportedError
from galvanaut.instruments.runs import Row
from galvanaut.simulators.cells.spme.compiled import is_compiling
from galvanaut.simulators.twin import Tuning, Twin, TwinPrior, engine
from galvanaut.simulators.twin.twin import MODEL
from twinstreams import Plan, Stream, conductivity, cycled, sample

PRIOR = TwinPrior(conductivity_S_m=conductivity())
TABLE = cycled(sample(contact_ohm=10.0), Plan(charge=1.0), 2, start=0.4).table()


EXAMPLES = 20 if is_compiling() else 4


def kept(twin: Twin) -> str:
    return json.dumps(twin.snapshot(), allow_nan=False)


def fed(table: np.ndarray, cuts: list[int] | None = None) -> Twin:
    twin = Twin.begin(PRIOR)
    for part in np.split(table, sorted(cuts or [])):
        twin.feed_table(part)
    return twin


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(st.integers(0, len(TABLE)), max_size=6))
def test_portions_do_not_matter(cuts: list[int]) -> None:
    assert kept(fed(TABLE, cuts)) == kept(fed(TABLE))


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.integers(1, len(TABLE) - 1))
def test_a_snapshot_goes_on_bit_by_bit(cut: int) -> None:
    twin = Twin.restore(json.loads(kept(fed(TABLE[:cut]))))
    twin.feed_table(TABLE[cut:])
    assert kept(twin) == kept(fed(TABLE))


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(st.integers(1, len(TABLE) - 1), min_size=1, max_size=8), st.sampled_from(["doubled", "late"]))
def test_doubles_and_late_readings_are_left_out(places: list[int], kind: str) -> None:
    """A row that comes twice, or once more after the next one."""
    offset = 1 if kind == "doubled" else 2
    extended = TABLE
    for place in sorted(set(places), reverse=True):
        extended = np.insert(extended, min(place + offset, len(extended)), TABLE[place], axis=0)
    clean, dirty = fed(TABLE), fed(extended)
    assert dirty.state.soc == pytest.approx(clean.state.soc, abs=2e-3)
    assert dirty.state.resistance_ohm == pytest.approx(clean.state.resistance_ohm, abs=0.3)
    assert dirty.state.readings == clean.state.readings + len(extended) - len(TABLE)


@pytest.mark.parametrize("compiles", [True, False])
@pytest.mark.parametrize("counted", [True, False])
def test_what_comes_late_or_twice_ends_no_cycle(counted: bool, compiles: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reading of the cycle before, one at the instant of the last one, and one without a current."""
    if compiles and not is_compiling():
        pytest.skip("needs numba")
    monkeypatch.setattr(engine, "is_compiling", lambda: compiles)
    rows = [
        (1200.0 * number + 60 * k, 1e-3 if k < 10 else -1e-3, 3.7 + 0.002 * min(k, 20 - k), nan, number, nan, nan)
        for number in (1, 2, 3)
        for k in range(20)
    ]
    table = np.array(rows)
    late, twice, blind = table[8].copy(), table[39].copy(), table[36].copy()
    twice[[1, 4]] = table[40, [1, 4]]  # of the next cycle, too early
    blind[[0, 1, 4]] = blind[0] + 30, nan, 3
    extended = np.insert(table, [25, 40, 37], [late, twice, blind], axis=0)
    if not counted:
        table[:, 4] = extended[:, 4] = nan
    clean, dirty = fed(table), fed(extended)
    assert len(clean.cycles) == 2
    assert dirty.cycles == clean.cycles
    assert dirty.state.readings == clean.state.readings + 3
    assert dirty.state.soc == clean.state.soc


def test_an_exact_double_changes_nothing_that_is_estimated() -> None:
    clean, dirty = fed(TABLE), fed(np.insert(TABLE, 81, TABLE[80], axis=0))
    assert (dirty.state.soc, dirty.state.resistance_ohm) == (clean.state.soc, clean.state.resistance_ohm)


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, len(TABLE) - 1), st.integers(0, 6), st.sampled_from([nan, 0.0, -1e9, 1e9, np.inf, 5.0])
        ),
        max_size=12,
    )
)
def test_nonsense_leaves_finite_numbers(damages: list[tuple[int, int, float]]) -> None:
    table = TABLE[:150].copy()
    for place, column, value in damages:
        if place < len(table) and not (column == 0 and np.isfinite(value)) and not (column == 1 and abs(value) > 1):
            table[place, column] = value
    twin = fed(table)
    state = twin.state
    numbers = (
        state.soc,
        state.soc_sd,
        state.soh,
        state.soh_sd,
        state.resistance_ohm,
        state.resistance_sd_ohm,
        state.nis,
    )
    assert np.isfinite(numbers).all()
    kept(twin)


@pytest.mark.parametrize("is_shown", [True, False])
def test_no_charge_is_counted_while_a_step_was_interrupted(stream: Stream, prior: TwinPrior, is_shown: bool) -> None:
    """Its step time stands still; where the cell was looked at before it was driven again, that is a reading, too."""
    table, row = stream.table()[:200], 150
    assert abs(table[row, 1]) > 1e-4
    assert (table[row, 5], table[row, 4]) == (table[row - 1, 5], table[0, 4])
    off = table.copy()
    off[row:, 0] += 7200.0
    if is_shown:
        found = off[row - 1].copy()
        found[:3] = off[row, 0] - 1e-3, 0.0, nan
        off = np.insert(off, row, found, axis=0)
    whole, interrupted = Twin.begin(prior), Twin.begin(prior)
    whole.feed_table(table)
    interrupted.feed_table(off)
    charged_C, moved_C = (twin.snapshot()["row"]["charged_C"] for twin in (whole, interrupted))
    assert moved_C == pytest.approx(charged_C, rel=0.02)


def test_without_voltages_charge_is_counted(stream: Stream, prior: TwinPrior) -> None:
    """Meters that do not see a cell at rest give no voltage there."""
    table = stream.table()
    blind = table.copy()
    blind[np.abs(blind[:, 1]) < 1e-6, 2] = nan
    blind[0, 2] = table[0, 2]
    twin, other = Twin.begin(prior), Twin.begin(prior)
    twin.feed_table(table)
    other.feed_table(blind)
    assert other.state.soc == pytest.approx(twin.state.soc, abs=1e-3)
    assert other.state.soh == pytest.approx(twin.state.soh, abs=1e-3)


def test_before_a_voltage_nothing_is_claimed(prior: TwinPrior) -> None:
    twin = Twin.begin(prior)
    twin.feed([0.0, 60.0], [0.0, 0.0], [nan, nan])
    assert not twin.state.healthy
    assert "no reading with a voltage" in twin.state.reason
    assert np.isnan(twin.state.soc)


def test_a_gap_costs_certainty_and_no_more(stream: Stream, prior: TwinPrior) -> None:
    """Three hours of readings are lost in the middle of a charge."""
    table = stream.table()
    middle = np.flatnonzero((table[:, 4] == 3) & (table[:, 1] > 1e-3))
    holed = np.delete(table, middle[10:-10], axis=0)
    twin = Twin.begin(prior)
    assert twin.feed_table(holed) == []
    assert twin.state.healthy
    whole = Twin.begin(prior)
    whole.feed_table(table)
    assert twin.state.soc == pytest.approx(whole.state.soc, abs=2e-3)


def test_rows_of_a_recorder_are_taken_as_they_are(stream: Stream, prior: TwinPrior) -> None:
    rows = [
        Row(n, t, 0.0, v, i, degC, 0, int(step), int(cycle), since)
        for n, (t, i, v, degC, cycle, step, since) in enumerate(stream.table()[:300])
    ]
    by_rows, by_table = Twin.begin(prior), Twin.begin(prior)
    by_rows.feed_rows(rows)
    by_table.feed_table(stream.table()[:300])
    assert kept(by_rows) == kept(by_table)
    assert by_rows.feed_rows([]) == []


def test_cycles_are_summed_up(stream: Stream, prior: TwinPrior) -> None:
    twin = Twin.begin(prior)
    assert twin.feed_table(stream.table()) == []
    twin.close_cycle(nan)
    assert [done.number for done in twin.cycles] == [1, 2, 3, 4, 5]
    assert np.isnan(twin.cycles[0].efficiency)  # it began half full
    for done in twin.cycles[1:]:
        assert done.efficiency == pytest.approx(
            1, abs=6e-4
        )  # nothing ages; the rest is how charge is counted each minute
        assert 1e-5 < done.efficiency_sd < 1e-3
        assert abs(done.missing_Ah) < 1e-5
    assert twin.gap.readings == sum(done.readings for done in twin.cycles)
    assert twin.gap.rms_mV < 1
    assert abs(twin.gap.mean_mV) < twin.gap.rms_mV


def test_the_last_readings_lie_beside_the_simulation(stream: Stream, prior: TwinPrior) -> None:
    twin, table = Twin.begin(prior), stream.table()
    twin.feed_table(table[:700])
    twin.feed_table(table[700:760])
    assert len(twin.overlay.time_s) == 60
    assert np.nanmax(np.abs(twin.overlay.measured_V - twin.overlay.simulated_V)) < 3e-3


def test_other_versions_are_refused(prior: TwinPrior) -> None:
    snapshot = Twin.begin(prior).snapshot()
    for change in ({"version": 0}, {"model": "another"}):
        with pytest.raises(UnsupportedError, match="feed the readings of the test to a new twin"):
            Twin.restore({**snapshot, **change})
    assert snapshot["model"] == MODEL


def test_columns_have_one_length(prior: TwinPrior) -> None:
    with pytest.raises(UnsupportedError, match=r"different lengths: \[1, 2\]"):
        Twin.begin(prior).feed([0.0, 1.0], [0.0], [3.7, 3.7])


@pytest.mark.parametrize(("name", "value"), [("salt_M", 5.0), ("conductivity_S_m", 9.0), ("temperature_degC", 90.0)])
def test_priors_outside_the_laws_are_refused(name: str, value: float) -> None:
    with pytest.raises(UnsupportedError, match=f"{name} .* lies outside"):
        TwinPrior(**{name: value})
    with pytest.raises(UnsupportedError, match="no design 'pouch'"):
        TwinPrior(design="pouch")


def test_warmer_readings_are_expected_to_polarise_less(prior: TwinPrior) -> None:
    """The conductivity was measured at another temperature than the cell has."""
    table = TABLE[:60].copy()
    volts = []
    for degC in (10.0, 25.0, 40.0):
        table[:, 3] = degC
        twin = Twin(prior, Tuning(drift_ohm2=0.0))
        twin.feed_table(table)
        volts.append(twin.overlay.simulated_V[20])
    assert len(set(volts)) == 3
