"""The same trials on another bench, by hand-made timetables."""

import pytest

from galvanaut.campaigns.quote import Capacity, Slot, wall_clock_h


def test_liquids_queue_for_the_mixer():
    slots = [Slot(1.0), Slot(2.0), Slot(3.0)]
    assert wall_clock_h(slots, Capacity(0, 3), begins_h=0.5) == pytest.approx(6.5)
    assert wall_clock_h(slots, Capacity(0, 3, mixers=2), begins_h=0.5) == pytest.approx(4.5)


def test_a_second_mixer_is_of_no_use_to_one_recipe_at_a_time():
    slots = [Slot(1.0), Slot(2.0)]
    assert wall_clock_h(slots, Capacity(0, 1, mixers=2)) == wall_clock_h(slots, Capacity(0, 1)) == pytest.approx(3.0)


def test_a_trial_waits_for_all_of_its_channels():
    slots = [Slot(1.0, (10.0, 20.0)), Slot(1.0, (5.0, 5.0))]
    assert wall_clock_h(slots, Capacity(4, 2)) == pytest.approx(21.0)
    assert wall_clock_h(slots, Capacity(2, 2)) == pytest.approx(27.0)  # 1 + 20, then 1 + 5
    assert wall_clock_h(slots, Capacity(3, 2)) == pytest.approx(21.0)  # a channel is free after 11


def test_a_batch_waits_for_its_slowest_trial():
    slots = [Slot(0.0, (10.0,)), Slot(0.0, (2.0,)), Slot(0.0, (2.0,))]
    assert wall_clock_h(slots, Capacity(2, 2, asynchronous=False)) == pytest.approx(12.0)
    assert wall_clock_h(slots, Capacity(2, 2)) == pytest.approx(10.0)


def test_no_trial_takes_no_time():
    assert wall_clock_h([], Capacity(2, 2), begins_h=1.5) == 1.5
