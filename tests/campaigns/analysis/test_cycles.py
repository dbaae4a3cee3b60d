import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellrecords import Step, cycle, frame
from galvanaut.campaigns.analysis.accuracy import Accuracy
from galvanaut.campaigns.analysis.cycles import per_cycle
from galvanaut.campaigns.analysis.record import Record
from galvanaut.core import bdf
from galvanaut.core.errors import InputError

EXACT = Accuracy(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
TWO = cycle(1, 4.4e-3, 4.0e-3, 4e-4, 4e-4) + cycle(2, 4.1e-3, 4.0e-3, 4e-4, 4e-4)


def figures(table, accuracy=EXACT, **options):
    return per_cycle(Record.of(table), accuracy, **{"is_finished": True, **options})


def test_figures_of_straight_lines():
    found = figures(frame(TWO))
    assert found.number.tolist() == [1, 2]
    assert found.charged_Ah.values == pytest.approx([4.4e-3, 4.1e-3], rel=1e-12)
    assert found.discharged_Ah.values == pytest.approx([4.0e-3, 4.0e-3], rel=1e-12)
    assert found.coulombic_efficiency.values == pytest.approx([4.0 / 4.4, 4.0 / 4.1], rel=1e-12)
    assert found.charge_V.values == pytest.approx([3.6, 3.6], abs=1e-3)  # the first minute of a step is its first row
    assert found.discharge_V.values == pytest.approx([3.5, 3.5], abs=1e-3)
    assert found.energy_efficiency.values == pytest.approx(
        found.coulombic_efficiency.values * found.discharge_V.values / found.charge_V.values
    )
    assert found.end_charge_V.values == pytest.approx([4.2, 4.2])
    assert found.end_discharge_V.values == pytest.approx([2.9, 2.9])
    assert found.charge_A == pytest.approx([4e-4, 4e-4])
    assert found.seconds == pytest.approx([11 * 3600 + 600 + 10 * 3600, 10.25 * 3600 + 600 + 10 * 3600])
    assert found.is_complete.all()
    assert not found.gap_s.any()


def test_the_last_cycle_counts_only_when_the_test_came_to_its_end():
    assert figures(frame(TWO), is_finished=False).is_complete.tolist() == [True, False]
    assert figures(frame(TWO)).is_complete.tolist() == [True, True]
    assert figures(frame(TWO[:4])).is_complete.tolist() == [True, False]  # never discharged


def test_what_a_cycle_does_not_have_is_no_number():
    found = figures(frame(TWO[:1]))
    assert np.isnan(found.coulombic_efficiency.values[0])
    row = found.to_json()[0]
    assert row["coulombic_efficiency"] == {"value": None, "sd": None}
    assert row["charged_Ah"]["value"] == pytest.approx(4.4e-3)
    assert row["number"] == 1
    assert row["is_complete"] is False


def test_an_offset_of_50_nA_over_8_hours_is_a_ten_thousandth_of_4_mAh():
    one = frame(cycle(1, 4e-3, 4e-3, 5e-4, 5e-4))
    found = figures(one, Accuracy(2e-4, 50e-9, 0.0, 0.0, 0.0, 0.0))
    assert found.coulombic_efficiency[0].sd == pytest.approx(2 * 1e-4, rel=1e-9)  # once in, once out
    assert found.charged_Ah[0].sd == pytest.approx(4e-3 * np.hypot(2e-4, 1e-4), rel=1e-9)


@pytest.mark.parametrize(
    ("accuracy", "shift"),
    [
        (Accuracy(0.0, 3e-6, 0.0, 0.0, 0.0, 0.0), {"current": 3e-6}),
        (Accuracy(1e-3, 0.0, 0.0, 0.0, 0.0, 0.0), {"current_gain": 1e-3}),
        (Accuracy(0.0, 0.0, 1e-3, 0.0, 0.0, 0.0), {"voltage_gain": 1e-3}),
        (Accuracy(0.0, 0.0, 0.0, 2e-3, 0.0, 0.0), {"voltage": 2e-3}),
    ],
)
def test_uncertainty_is_what_a_shift_of_the_channel_by_one_does(accuracy, shift):
    table = frame(TWO)
    moving = table[bdf.CURRENT] != 0.0
    shifted = table.assign(
        **{
            bdf.CURRENT: table[bdf.CURRENT] * (1 + shift.get("current_gain", 0.0)) + shift.get("current", 0.0) * moving,
            bdf.VOLTAGE: table[bdf.VOLTAGE] * (1 + shift.get("voltage_gain", 0.0)) + shift.get("voltage", 0.0),
        }
    )
    told, true = figures(table, accuracy), figures(shifted, accuracy)
    for name in (
        "charged_Ah",
        "discharged_Wh",
        "charge_V",
        "coulombic_efficiency",
        "energy_efficiency",
        "end_charge_V",
    ):
        moved = np.abs(getattr(true, name).values - getattr(told, name).values)
        assert getattr(told, name).sds == pytest.approx(moved, rel=0.02, abs=1e-9), name


@given(st.floats(0.5, 2.0))
def test_gain_leaves_the_coulombic_efficiency_alone(gain):
    table = frame(TWO, period_s=600)
    told = figures(table.assign(**{bdf.CURRENT: gain * table[bdf.CURRENT]}))
    assert told.coulombic_efficiency.values == pytest.approx(figures(table).coulombic_efficiency.values, rel=1e-12)


@given(st.integers(2, 200), st.integers(0, 2**32 - 1))
def test_charge_adds_up_over_any_split(at, seed):
    draw = np.random.default_rng(seed)
    n = 203
    table = pd.DataFrame(
        {
            bdf.TEST_TIME: np.cumsum(draw.uniform(0, 60, n)),
            bdf.VOLTAGE: draw.uniform(3, 4, n),
            bdf.CURRENT: draw.normal(0, 1e-3, n),
            bdf.CYCLE: 1,
            bdf.STEP_COUNT: np.cumsum(draw.random(n) < 0.1),
        }
    )
    whole, head, tail = (figures(part) for part in (table, table[: at + 1], table[at:]))
    for name in ("charged_Ah", "discharged_Ah", "charged_Wh", "discharged_Wh"):
        parts = getattr(head, name).values[0] + getattr(tail, name).values[0]
        assert parts == pytest.approx(getattr(whole, name).values[0], rel=1e-9, abs=1e-15)


def test_a_rest_moves_nothing_however_its_zero_reads():
    resting = [*TWO[:3], Step(1, 40e-9, 86400, 3.0, 3.0), *TWO[3:]]
    accuracy = Accuracy(0.0, 50e-9, 0.0, 0.0, 0.0, 0.0)
    assert figures(frame(resting), accuracy).charged_Ah.values[0] == pytest.approx(4.4e-3)


def test_a_gap_is_flagged_and_makes_its_charge_uncertain():
    table = frame(TWO)
    holed = table.drop(index=range(100, 160))  # 61 min of the first charge at 0.4 mA
    found = figures(holed)
    assert found.gap_s.tolist() == [61 * 60, 0.0]
    assert found.charged_Ah[0].value == pytest.approx(4.4e-3)
    assert found.charged_Ah[0].sd == pytest.approx(4e-4 * 61 / 60 / np.sqrt(3))
    assert found.coulombic_efficiency[0].sd == pytest.approx(4 / 4.4 * found.charged_Ah[0].sd / 4.4e-3)
    assert found.charged_Ah[1].sd == 0.0
    assert not figures(holed, longest_gap_s=4000).gap_s.any()


def test_a_voltage_that_is_not_seen_at_rest_does_not_matter():
    table = frame(TWO)
    blind = table.assign(**{bdf.VOLTAGE: table[bdf.VOLTAGE].where(table[bdf.CURRENT] != 0)})
    assert figures(blind).discharged_Wh.values == pytest.approx(figures(table).discharged_Wh.values)


def test_steps_are_found_where_a_record_does_not_number_them():
    table = frame(TWO)
    assert figures(table.drop(columns=bdf.STEP_COUNT)).charged_Ah.values == pytest.approx([4.4e-3, 4.1e-3])


def test_a_bad_record_is_refused_with_everything_that_is_wrong():
    with pytest.raises(InputError, match=r"cell-7: Cycle Count / 1: .*missing"):
        Record.of(frame(TWO).drop(columns=bdf.CYCLE), "cell-7")
    with pytest.raises(InputError, match="holds 1 readings"):
        Record.of(frame(TWO)[:1])
    bad = frame(TWO)
    bad.loc[5, bdf.CURRENT] = np.nan
    bad.loc[9, bdf.TEST_TIME] = 1.0
    with pytest.raises(InputError) as caught:
        Record.of(bad)
    assert [problem.where for problem in caught.value.problems] == [bdf.TEST_TIME, bdf.CURRENT]
    assert "in row 9" in str(caught.value)
    assert "nan in row 5" in str(caught.value)
    nullable = frame(TWO).astype({bdf.CYCLE: "Int64"})
    nullable.loc[3, bdf.CYCLE] = pd.NA
    with pytest.raises(InputError, match="Cycle Count / 1: is nan in row 3"):
        Record.of(nullable)
    with pytest.raises(InputError, match="instead of numbers"):
        Record.of(frame(TWO).astype({bdf.VOLTAGE: str}))


def test_a_cycle_that_is_not_there():
    record = Record.of(frame(TWO), "cell-7")
    assert record.cycle[record.rows_of(2)].tolist() == [2] * (record.cycle == 2).sum()
    with pytest.raises(InputError, match="cell-7: has no cycle 3; it has 1 to 2"):
        record.rows_of(3)
