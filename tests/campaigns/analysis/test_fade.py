import numpy as np
import pytest

from cellrecords import Step, cycle, fading, frame
from galvanaut.campaigns.analysis.cycles import per_cycle
from galvanaut.campaigns.analysis.fade import life, retention
from galvanaut.campaigns.analysis.rates import planned_class, rate_classes
from galvanaut.campaigns.analysis.record import Record
from galvanaut.core.errors import InputError


def cycles_of(table, is_finished=True):
    return per_cycle(Record.of(table), is_finished=is_finished)


def life_of(capacities_mAh, in_a_row=2, **options):
    return life(retention(cycles_of(fading(1e-3 * np.asarray(capacities_mAh))), **options), in_a_row=in_a_row)


def test_cycles_of_another_rate_are_another_kind():
    steps = []
    for number in range(1, 31):
        is_check = number % 10 == 1
        capacity_Ah, current_A = (4.4e-3, 4e-4) if is_check else (4e-3 * (1 - 0.004 * number), 4e-3)
        steps += cycle(number, capacity_Ah, capacity_Ah, current_A / 2, current_A)
    cycles = cycles_of(frame(steps, 600))
    ageing, check_ups = rate_classes(cycles)
    assert cycles.number[check_ups.rows].tolist() == [1, 11, 21]
    assert (len(ageing.rows), ageing.discharge_A) == (27, pytest.approx(4e-3))
    assert check_ups.to_json() == {"charge_A": pytest.approx(2e-4), "discharge_A": pytest.approx(4e-4), "cycles": 3}
    retained = retention(cycles)
    assert retained.reference_cycle == 2
    assert retained.share.values[0] == 1.0
    assert (np.diff(retained.share.values) < 0).all()  # no jump up to a check-up and back
    assert retention(cycles, check_ups).share.values == pytest.approx([1, 1, 1])


def test_a_current_that_drifts_stays_one_kind():
    steps = [step for n in range(1, 21) for step in cycle(n, 4e-3, 4e-3, charge_A=2e-3 * 0.97**n, discharge_A=4e-3)]
    assert len(rate_classes(cycles_of(frame(steps, 600)))) == 1


def held(number, full_s, held_A, discharged_Ah, pulse_s=0.0):
    """Charged with 4 mA for a while, then at a held voltage, discharged with 4 mA; perhaps with a pulse before."""
    begin = [Step(number, 6e-3, pulse_s, 3.0, 3.3)] if pulse_s else []
    left_C = 3600 * discharged_Ah - 4e-3 * full_s
    return [
        *begin,
        Step(number, 4e-3, full_s, 3.3, 4.2),
        Step(number, held_A, left_C / held_A, 4.2, 4.2),
        Step(number, -4e-3, 3600 * discharged_Ah / 4e-3, 4.1, 2.9),
    ]


def sound(count):
    return [step for n in range(1, count + 1) for step in held(n, 2700, 2e-3, 4e-3 * (1 - 0.002 * n))]


def test_a_cell_whose_contacts_fail_stays_of_its_kind():
    """Its charge runs in the held voltage, at less than half the mean current."""
    steps = [*sound(20), *held(21, 60, 1.2e-3, 2.4e-3), *held(22, 60, 1.2e-3, 2.4e-3)]
    cycles = cycles_of(frame(steps, 30))
    assert cycles.charge_A[0] > 2.5 * cycles.charge_A[-1]
    assert [len(each.rows) for each in rate_classes(cycles)] == [22]
    found = life(retention(cycles))
    assert not found.is_censored
    assert 20 < found.cycles < 21


@pytest.mark.parametrize(("pulse_s", "kinds"), [(5.0, [12]), (60.0, [10, 2])])
def test_a_short_pulse_makes_no_kind_of_its_own(pulse_s, kinds):
    steps = [*sound(10), *held(11, 2700, 2e-3, 4e-3, pulse_s), *held(12, 2700, 2e-3, 4e-3, pulse_s)]
    assert [len(each.rows) for each in rate_classes(cycles_of(frame(steps, 30)))] == kinds


def test_a_plan_says_which_cycles_are_of_one_kind():
    """Two of formation at a tenth of the current, then ageing."""
    cycles = cycles_of(fading([4.4e-3, 4.4e-3, 4e-3, 3.9e-3, 2e-3, 1.9e-3]))
    chosen = planned_class(cycles, [2, 2, *[5] * 100])
    assert cycles.number[chosen.rows].tolist() == [3, 4, 5, 6]
    assert life(retention(cycles, chosen)).cycles == pytest.approx(4 + (3.9 - 3.2) / 1.9)
    assert planned_class(cycles, [2, 2]).rows.tolist() == [0, 1], "what comes after the last loop is of no kind"
    assert planned_class(cycles_of(fading([4e-3, 4e-3])), [2, 2, *[5] * 100]).rows.tolist() == [0, 1]
    assert planned_class(cycles, []) is None


def test_life_lies_on_the_line_between_two_cycles():
    found = life_of(4 * (1 - 0.005 * np.arange(60)))  # 1 at cycle 1; 0.8 at cycle 41
    assert found.cycles == pytest.approx(41.0)
    assert not found.is_censored
    assert found.sd == pytest.approx(0.0, abs=1e-6)
    assert found.reference_Ah.value == pytest.approx(4e-3)
    assert life_of([4, 4, 3.4, 3.0, 2.9]).cycles == pytest.approx(3.5)


def test_a_life_that_is_not_over_is_censored():
    found = life_of(4 * (1 - 0.005 * np.arange(20)))
    assert (found.cycles, found.is_censored) == (20.0, True)
    assert np.isnan(found.sd)
    assert found.to_json()["sd"] is None
    assert found.retention.value == pytest.approx(1 - 0.005 * 19)


def test_one_bad_cycle_is_not_the_end():
    capacities = 4 * (1 - 0.005 * np.arange(60))
    capacities[10] = 1.0
    assert life_of(capacities).cycles == pytest.approx(41.0)
    capacities[11] = 1.0
    assert life_of(capacities).cycles < 12
    late = life_of([4.0, 3.9, 3.8, 3.0])  # the last one alone: it may be a bad one
    assert (late.cycles, late.is_censored) == (3.0, True)


def test_uncertainty_is_that_of_the_scatter():
    misses = []
    for seed in range(40):
        capacities = 4 * (1 - 0.004 * np.arange(80)) + np.random.default_rng(seed).normal(0, 0.004, 80)
        found = life_of(capacities, reference_cycles=5)
        misses.append((found.cycles - 52.6) / found.sd)  # the reference is the capacity of the third cycle
    assert 0.7 < np.std(misses) < 1.3
    assert abs(np.mean(misses)) < 0.5


def test_a_sudden_death_is_known_to_a_part_of_a_cycle():
    """Two cycles below end a test, and five before them that rose or lay level outvote these."""
    draw = np.random.default_rng(4)
    for before in (4 * (1 + 5e-4 * np.arange(20)), 4 * (1 - 1e-4 * np.arange(20))):
        for scatter in (0.0, 1e-3):
            found = life_of([*(before + draw.normal(0, scatter, 20)), 2.90, 2.95])
            assert 20 < found.cycles < 21
            assert 0 <= found.sd < 0.01


def test_a_slow_fade_is_no_sudden_death():
    """One step of its scatter is many times as steep as the cycles around it."""
    capacities = 4 * (1 - 5e-4 * np.arange(500)) + np.random.default_rng(6).normal(0, 0.01, 500)
    found = life_of(capacities, reference_cycles=9)
    assert not found.is_censored
    assert found.sd > 2


def test_noise_is_that_of_the_capacities():
    draw = np.random.default_rng(3)
    retained = retention(cycles_of(fading(4e-3 + draw.normal(0, 2e-5, 200))))
    assert retained.noise_Ah == pytest.approx(2e-5, rel=0.25)
    assert retained.share.sds[0] == pytest.approx(np.hypot(1, 1) * retained.noise_Ah / retained.reference_Ah.value)
    steady = retention(cycles_of(fading(4e-3 + draw.normal(0, 2e-5, 200))), reference_cycles=9)
    assert steady.reference_Ah.value == pytest.approx(4e-3, abs=2e-5)
    assert steady.reference_Ah.sd == steady.noise_Ah
    assert len(steady.to_json()["share"]) == 200


def test_few_cycles_rest_on_the_accuracy_of_the_channel():
    cycles = cycles_of(fading([4e-3, 3.9e-3]))
    assert retention(cycles).noise_Ah == cycles.discharged_Ah.sds.max()


def test_nothing_complete_is_nothing_to_refer_to():
    with pytest.raises(InputError, match="cell-3: has no complete cycle yet"):
        retention(cycles_of(fading([4e-3]), is_finished=False), source="cell-3")


def test_a_reference_beyond_the_life_is_refused():
    with pytest.raises(InputError, match=r"begins below 0\.8 of its own reference"):
        life_of([1.0, 1.0, 4.0, 4.0, 4.0], reference_cycles=5)


@pytest.mark.parametrize(("in_a_row", "cycles"), [(1, 3.5), (2, 5.5), (3, None)])
def test_so_many_low_cycles_end_a_life_as_are_asked_for(in_a_row, cycles):
    found = life_of([4.0, 3.8, 3.4, 3.0, 3.4, 3.0, 3.0], in_a_row=in_a_row)
    assert found.is_censored is (cycles is None)
    if cycles is not None:
        assert found.cycles == pytest.approx(cycles)


def test_the_last_cycle_of_a_record_can_be_the_end():
    assert life_of([4.0, 3.4, 3.0]).is_censored
    assert life_of([4.0, 3.4, 3.0], in_a_row=1).cycles == pytest.approx(2.5)
    assert life_of([4.0], in_a_row=3).is_censored
