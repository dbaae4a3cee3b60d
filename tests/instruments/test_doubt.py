"""A dose that nobody can tell anything of after a crash is asked of a person; nothing is pumped again, ever."""

import json

import pytest

from dosinglab import DOSE, KEY, Host, HostDiedError, message_of, orders
from galvanaut.core.clock import at_work, spawn
from galvanaut.core.identifiers import JobKey
from galvanaut.instruments.jobs import InDoubtError, JobFailedError, Transfer, byhand
from galvanaut.instruments.orders import Answer

JOB = str(KEY)
FILL = Transfer("pump_transfer", "balance", "mixer", "cell", volume_mL=3.0, expected_g=3.0)
FILL_KEY = JobKey("demo", 1, "fill")


def died_while_dosing(folder):
    """A host is dead, its pump runs; then somebody took what it gave."""
    with pytest.raises(HostDiedError):
        Host(folder, dies_at=message_of(folder, b"0RUN", after=2)).run(DOSE)


def the_dose_ran_but_somebody_removed_it(world, connected):
    world.clock.spend(60.0)
    connected.pump("pump_transfer").prepare(9.0)
    connected.pump("pump_transfer").start()
    world.clock.spend(120.0)


def says(choice="", failed=None, job=JOB, **texts):
    """A person who answers 20 s after being asked, as the command line does."""

    async def person(host):
        await host.station.clock.sleep(20.0)
        book = orders(host.folder)
        book.answer(job, book.find(job).order.reply(0.0, texts, choice, failed))

    return person


def settled(folder, person, host=None):
    host = host or Host(folder, has_people=True)
    return host, host.run(DOSE, before=the_dose_ran_but_somebody_removed_it, person=person)


def test_a_person_says_how_much_was_given_and_the_number_is_marked(tmp_path):
    died_while_dosing(tmp_path)
    host, result = settled(tmp_path, says("moved", mass="3.9 g"))
    assert (result["mass_g"], result["by_hand"]) == (3.9, ["mass_g"])
    assert result["after_g"] == pytest.approx(0.0, abs=0.2)  # what the balance shows; the next step compares with it
    assert host.strokes() == 0
    order = orders(tmp_path).find(JOB).order
    assert order.title == "Settle a doubt: how much of 4 mL of DMC by pump_dmc into mixer was moved?"
    assert order.facts["why"].startswith("by the pump's count 4.0")
    assert order.facts["pump's count"] == "4.0000 mL"
    assert {"asked for", "balance before", "balance now"} <= set(order.facts)
    assert [each.name for each in order.choices] == ["moved", "nothing", "discard"]
    assert Host(tmp_path, has_people=True).run(DOSE) == result


@pytest.mark.parametrize(
    ("person", "words"),
    [
        (says("nothing"), r"in doubt; by hand: nothing of 4 mL of DMC .* was moved. It is not pumped again"),
        (says("discard"), "in doubt; by hand: the batch is thrown away"),
        (says(failed="no idea"), "was in doubt, and could not be settled by hand: no idea"),
        (says("moved", mass="1 g"), r"expected but a person saw 1.0000 g"),
    ],
)
def test_what_fails_the_job_fails_it_for_good_and_with_its_reason(tmp_path, person, words):
    died_while_dosing(tmp_path)
    host = Host(tmp_path, has_people=True)
    with pytest.raises(JobFailedError, match=words):
        settled(tmp_path, person, host)
    assert host.strokes() == 0
    again = Host(tmp_path, has_people=True)
    with pytest.raises(JobFailedError, match=words):
        again.run(DOSE)
    assert again.strokes() == 0


def test_where_nobody_ever_comes_the_job_fails_at_once(tmp_path):
    died_while_dosing(tmp_path)
    with pytest.raises(InDoubtError, match=r"in doubt: by the pump's count .* Nothing is done again"):
        settled(tmp_path, None, Host(tmp_path, has_people=True, settle_doubts=False))
    assert orders(tmp_path).all() == []


def test_a_transfer_in_doubt_is_settled_alike(tmp_path):
    Host(tmp_path).run(DOSE)
    with pytest.raises(HostDiedError):
        _die_after_run(Host(tmp_path))

    def power_is_lost(world, connected):
        connected.pump("pump_transfer").was_power_cycled = True

    host = Host(tmp_path, has_people=True)
    result = host.run(FILL, FILL_KEY, power_is_lost, says("moved", job=str(FILL_KEY), mass="2.8 g"))
    assert (result["mass_g"], result["by_hand"]) == (2.8, ["mass_g"])
    assert orders(tmp_path).find(str(FILL_KEY)).order.facts["pump's count"] == "gone with its power"


class Resident(Host):
    """A station whose campaign is stopped in a dose and started again."""

    async def _run(self, action, key, person):
        clock = self.station.clock
        with at_work(clock):
            running = spawn(clock, self.station.run(key, action))
            await clock.sleep(14)
            assert self.station.bench.pump("pump_dmc").state() == "infusing"
            await self.station.halt(key.campaign)
            with pytest.raises(JobFailedError, match="interrupted"):
                await running
            await clock.sleep(600)
            return await self.station.run(key, action)


def test_pumps_that_were_switched_on_before_the_station_began_put_nothing_in_doubt(tmp_path):
    host, seen = Resident(tmp_path), []
    result = host.run(DOSE, before=lambda _, connected: seen.append(connected.pump("pump_dmc").was_power_cycled))
    assert seen == [True]
    assert result["mass_g"] == pytest.approx(4.0, rel=0.05)
    assert "by_hand" not in result
    assert host.strokes() == 2


def test_a_dose_cut_short_stays_in_doubt_when_another_one_is_given_first(tmp_path):
    died_while_dosing(tmp_path)

    def power_was_lost(world, connected):
        world.clock.spend(60.0)
        connected.pump("pump_dmc").was_power_cycled = True

    Host(tmp_path).run(DOSE, JobKey("other", 1, "dose-DMC"), power_was_lost)
    with pytest.raises(InDoubtError, match="the pump lost its power during the stroke, so its count is gone"):
        Host(tmp_path).run(DOSE)


def _die_after_run(host):
    trace = host.trace

    def deadly(instrument, direction, data):
        trace(instrument, direction, data)
        if host.is_connected and direction == "<" and host.strokes():
            raise HostDiedError

    host.trace = deadly
    host.run(FILL, FILL_KEY)


@pytest.mark.parametrize("is_answered_meanwhile", [True, False])
def test_wherever_the_host_dies_while_it_asks_the_doubt_stays_one(tmp_path, is_answered_meanwhile):
    whole = tmp_path / "whole"
    whole.mkdir()
    died_while_dosing(whole)
    reference, _ = settled(whole, says("moved", mass="3.9 g"))
    for n in range(1, len(reference.messages) + 1):
        folder = tmp_path / f"dies-{n}"
        folder.mkdir()
        died_while_dosing(folder)
        first = Host(folder, dies_at=n, has_people=True)
        with pytest.raises(HostDiedError):
            first.run(DOSE, before=the_dose_ran_but_somebody_removed_it, person=_patient)
        book = orders(folder)
        standing = book.find(JOB)
        if is_answered_meanwhile and standing is not None and standing.answer is None:
            book.answer(JOB, Answer(0.0, {"mass": 3900.0}, choice="moved"))
        second = Host(folder, has_people=True)
        result = second.run(DOSE, person=_patient)
        assert (result["mass_g"], result["by_hand"]) == (3.9, ["mass_g"]), n
        assert first.strokes() + second.strokes() == 0, n
        assert [event.kind for event in book._log.read(topic=JOB)] == ["ordered", "answered"], n


async def _patient(host):
    await host.station.clock.sleep(20.0)
    book = orders(host.folder)
    standing = book.find(JOB)
    if standing is not None and standing.answer is None:
        book.answer(JOB, Answer(0.0, {"mass": 3900.0}, choice="moved"))


def test_a_person_who_does_not_come_is_reminded_but_not_for_ever(tmp_path):
    async def comes_late(host):
        await host.station.clock.sleep(30 * 3600.0)
        book = orders(host.folder)
        book.answer(JOB, Answer(0.0, {"mass": 3900.0}, choice="moved"))

    died_while_dosing(tmp_path)
    host = Host(tmp_path, has_people=True, deadline="4 h", reminder="2 h")
    settled(tmp_path, comes_late, host)
    texts = [alarm.text for alarm in host.station.alarms]
    assert len(texts) == byhand.REMINDERS < 15
    assert "work order waits for 2 h, due in 2 h: Settle a doubt: how much" in texts[0]
    assert "work order waits for 6 h, LATE by 2 h" in texts[2]
    assert json.loads(json.dumps(host.station.journal.find(KEY).notes["reminded"])) == byhand.REMINDERS
