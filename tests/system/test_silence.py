"""A simulated instrument that goes silent: one alarm, and its end, however the virtual days fly."""

from contextlib import ExitStack

import pytest

from cyclejob import KEY, Host
from galvanaut.core.clock import at_work, spawn
from galvanaut.instruments.jobs import JobFailedError
from galvanaut.simulators.faults import parse_fault
from smalllab import new_lab

pytestmark = pytest.mark.system


@pytest.fixture
def stack():
    with ExitStack() as one:
        yield one


@pytest.fixture
def lab(tmp_path):
    found = new_lab(tmp_path)
    found.mkdir(exist_ok=True)
    return found


async def _suffer(host, holder, fault):
    """Run a test while its instrument breaks; the alarms and clearings as the journal has them."""
    with at_work(host.clock):
        async with host.station.guarded():
            job = spawn(host.clock, host.station.run(KEY, host.action(holder)))
            await host.clock.sleep(400)
            host.lab.world.inject(parse_fault(fault))
            while not job.done():
                await host.clock.sleep(5.0)
    remarks = [*host.journal.remarks("alarm"), *host.journal.remarks("alarm cleared")]
    about = [event for event in remarks if event.data["cause"].startswith("silence")]
    return job, [(event.kind, event.topic) for event in sorted(about, key=lambda event: event.sequence)]


@pytest.mark.parametrize(("holder", "instrument"), [("left", "smu"), ("right", "analyzer")])
async def test_a_source_meter_that_dies_is_told_once_and_cleared_when_its_test_is_over(lab, stack, holder, instrument):
    host = Host(lab, stack)
    job, told = await _suffer(host, holder, f"dead peer on {instrument} for 20 min")
    assert told == [("alarm", f"/{instrument}"), ("alarm cleared", f"/{instrument}")]
    assert isinstance(job.exception(), JobFailedError)
    assert host.station.book.open.keys() <= {(instrument, f"state of {holder}")}


async def test_a_single_lost_reply_is_no_silence(lab, stack):
    host = Host(lab, stack)
    job, told = await _suffer(host, "left", "dropped reply on smu")
    assert (told, job.exception()) == ([], None)
    assert host.station.alarms == []
