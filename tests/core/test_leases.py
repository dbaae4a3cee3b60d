"""Leases: one owner at a time, and an end by themselves."""

import time

import pytest

from galvanaut.core.errors import GalvanautError
from galvanaut.core.eventlog import open_engine
from galvanaut.core.leases import LeaseKeeper, Leases


class Wall:
    def __init__(self):
        self.now_s = 1000.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def wall():
    return Wall()


@pytest.fixture
def leases(tmp_path, wall):
    engine = open_engine(tmp_path / "db", durable=False)
    yield Leases(engine, wall)
    engine.dispose()


def test_one_owner_at_a_time_until_it_ends(leases, wall):
    leases.take("bench", "a", "process a", 10, {"now": 1.5})
    with pytest.raises(GalvanautError, match="held by process a"):
        leases.take("bench", "b", "process b", 10)
    found = leases.find("bench")
    assert (found.owner, found.until, found.facts) == ("a", 1010.0, {"now": 1.5})
    wall.now_s = 1010.0
    assert leases.find("bench") is None
    leases.take("bench", "b", "process b", 10)
    with pytest.raises(GalvanautError, match="process b"):
        leases.take("bench", "a", "process a", 10)


def test_renewing_is_taking_again(leases, wall):
    leases.take("bench", "a", "process a", 10)
    wall.now_s = 1009.0
    leases.take("bench", "a", "process a", 10)
    assert leases.find("bench").until == 1019.0


def test_only_the_owner_gives_back(leases):
    leases.take("bench", "a", "process a", 10)
    leases.release("bench", "b")
    assert leases.find("bench") is not None
    leases.release("bench", "a")
    assert leases.find("bench") is None


def test_those_of_one_kind_are_listed(leases, wall):
    for name, seconds in (("client/2", 10), ("client/1", 10), ("client/3", 1), ("station/x", 10)):
        leases.take(name, name, "", seconds)
    wall.now_s += 5
    assert [lease.name for lease in leases.all("client/")] == ["client/1", "client/2"]


def test_a_keeper_gives_back_at_the_end_and_says_what_it_saw(leases):
    problems = iter(["", "all is lost"])
    keeper = LeaseKeeper(leases, "bench", "a", 0.05, lambda: next(problems, "all is lost"), lambda: {"n": 1})
    with keeper.kept():
        keeper.check()
        assert leases.find("bench").facts == {"n": 1}
        deadline = time.monotonic() + 10
        while not keeper.problem and time.monotonic() < deadline:
            time.sleep(0.01)
        with pytest.raises(GalvanautError, match="all is lost"):
            keeper.check()
    assert leases.find("bench") is None


def test_a_keeper_whose_facts_cannot_be_told_says_so_instead_of_falling_silent(leases):
    facts = iter([{}])
    keeper = LeaseKeeper(leases, "bench", "a", 0.05, facts=lambda: next(facts))
    with keeper.kept():
        deadline = time.monotonic() + 10
        while not keeper.problem and time.monotonic() < deadline:
            time.sleep(0.01)
        with pytest.raises(GalvanautError):
            keeper.check()
