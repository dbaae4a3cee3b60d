"""Places that are used above room temperature only: what has yet to be heated is not too cold."""

import copy

import pytest

from cellsbench import DESCRIPTION, charging, current_A, looks, showing, supervisor
from contractlab import contract_lab


@pytest.fixture
def warm_lab(tmp_path):
    """A chamber, and a cell in it, that are used above room temperature only."""
    tree = copy.deepcopy(DESCRIPTION)
    tree["instruments"]["chamber"]["settings"] |= {"minimum": "30 degC", "safe_temperature": "30 degC"}
    tree["holders"]["left"]["envelope"] = tree["holders"]["left"]["envelope"] | {"minimum_temperature": "30 degC"}
    with contract_lab(tree, tmp_path / "warm.db", "in-process") as one:
        yield one


def test_what_has_yet_to_be_heated_is_not_too_cold(warm_lab):
    alarms, chamber = [], warm_lab.connected.chamber("chamber")
    one = supervisor(warm_lab, alarms)
    looks(one, warm_lab, 3)
    chamber.set_temperature(40)
    chamber.run()
    looks(one, warm_lab, 360)
    assert chamber.temperature_degC() == pytest.approx(40, abs=1)
    assert alarms == []


@pytest.mark.parametrize("place", ["left", "chamber"])
def test_what_was_warm_enough_and_cools_down_is_too_cold(warm_lab, monkeypatch, place):
    alarms = []
    charging(warm_lab, "smu")
    showing(warm_lab, monkeypatch, **{f"T_{place}": [22.0, 29.0, 22.0]})
    one = supervisor(warm_lab, alarms)
    looks(one, warm_lab, 1)
    assert alarms == []
    looks(one, warm_lab, 2)
    assert [alarm.cause for alarm in alarms] == [f"temperature of {place}"]
    assert current_A(warm_lab, "left") == 0


def test_colder_than_a_room_is_too_cold_at_once(warm_lab, monkeypatch):
    alarms = []
    showing(warm_lab, monkeypatch, T_left=[9.0])
    looks(supervisor(warm_lab, alarms), warm_lab, 1)
    assert [alarm.cause for alarm in alarms] == ["temperature of left"]


def test_too_warm_counts_at_once_also_where_nothing_was_inside(warm_lab, monkeypatch):
    alarms = []
    showing(warm_lab, monkeypatch, T_left=[48.0])
    looks(supervisor(warm_lab, alarms), warm_lab, 1)
    assert [alarm.cause for alarm in alarms] == ["temperature of left"]
