"""Faults of what supervises and of what is supervised: one lost reply stops nothing, a lasting fault stops in time."""

import pytest

from cellsbench import DESCRIPTION, charging
from contractlab import contract_lab
from galvanaut.core.clock import at_work
from galvanaut.core.eventlog import EventLog, open_engine
from galvanaut.instruments.guard.supervision import MISSES, PERIOD_S
from galvanaut.instruments.journal import Journal
from galvanaut.instruments.station import Station
from galvanaut.simulators.faults import parse_fault

TIMEOUTS_S = 20.0
"""Bench time that an instrument which does not answer costs until it is given up."""


@pytest.fixture
def lab(tmp_path):
    with contract_lab(DESCRIPTION, tmp_path / "world.db", "in-process") as one:
        yield one


@pytest.fixture
def station(lab, tmp_path):
    journal = Journal(EventLog(open_engine(tmp_path / "station.db"), "journal"), lab.world.clock)
    return Station(lab.connected, journal, lab.world.clock)


def current_A(lab):
    return lab.world.world.holders.at("left", lab.world.clock.now()).current_A


async def suffering(lab, station, fault, seconds=300.0):
    """Let a cell be charged under supervision while something is wrong; how long until its circuit was open."""
    charging(lab, "smu")
    opened_s = None
    with at_work(station.clock):
        async with station.guarded():
            await station.clock.sleep(25)
            began = station.clock.now()
            lab.world.inject(parse_fault(fault))
            while station.clock.now() - began < seconds:
                await station.clock.sleep(1.0)
                if opened_s is None and current_A(lab) == 0:
                    opened_s = station.clock.now() - began
    return opened_s


@pytest.mark.parametrize("kind", ["dropped", "late", "garbled", "truncated", "duplicated"])
@pytest.mark.parametrize("instrument", ["watch", "chamber", "smu"])
async def test_a_single_spoiled_reply_stops_nothing(lab, station, kind, instrument):
    assert await suffering(lab, station, f"{kind} reply on {instrument}") is None
    assert station.alarms == []


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        ("dead peer on watch", "scan"),
        ("dropped reply on watch for 1 h", "scan"),
        ("garbled reply on watch for 1 h", "scan"),
        ("truncated reply on watch for 1 h", "scan"),
        ("sentinel on watch for 1 h", "scan"),
        ("stuck reading on watch", "stale scan"),
    ],
)
async def test_a_thermometer_that_stays_blind_stops_the_cells_it_watches(lab, station, fault, cause):
    opened_s = await suffering(lab, station, fault)
    assert [alarm.cause for alarm in station.alarms] == [cause]
    assert opened_s is not None
    assert opened_s <= (MISSES + 1) * PERIOD_S + TIMEOUTS_S


async def test_a_thermometer_that_lost_its_power_is_set_up_anew(lab, station):
    assert await suffering(lab, station, "power cut on watch") is None
    assert station.alarms == []


async def test_a_thermometer_that_drifts_away_from_the_chamber_stops_both(lab, station):
    chamber = lab.connected.chamber("chamber")
    chamber.set_temperature(30)
    chamber.run()
    lab.pass_time(3 * 3600)
    assert await suffering(lab, station, "sensor drift on watch of 100 K/h") is not None
    assert "disagreement with chamber" in {alarm.cause for alarm in station.alarms}
    assert not chamber.is_running()
