"""What stops a step that has to succeed is put right by a person, while everything else goes on."""

import asyncio

import pytest

from deafpump import deaf
from galvanaut.campaigns.ledger import Outcome
from galvanaut.flows.campaign_loop import run_campaign
from galvanaut.flows.lab import open_lab
from galvanaut.flows.procedure import run_trial
from galvanaut.flows.records import campaign_json
from galvanaut.instruments.jobs import JobFailedError
from galvanaut.instruments.orders import Answer
from galvanaut.simulators.devices.ne1000 import SyringePump
from smalllab import BENCH, small_campaign

DONE, GIVEN_UP = Answer(0.0, {}), Answer(0.0, {}, "no spare pump")


def run(campaign, folder, visit=None, runner=run_trial, max_trials=None):
    """The orders that were placed; ``visit`` is what a person does about each, who comes an hour after it."""

    async def everything(lab):
        person = asyncio.ensure_future(visiting(lab))
        try:
            await run_campaign(lab, runner)
        finally:
            person.cancel()

    async def visiting(lab):
        while visit is not None:
            for order in [each for each in lab.station.orders.all() if each.answer is None]:
                visit(lab, order)
            await asyncio.sleep(0)

    with open_lab(campaign, folder, max_trials=max_trials) as lab:
        try:
            asyncio.run(everything(lab))
        finally:
            titles = [order.order.title for order in lab.station.orders.all()]
    return titles


def statuses(folder):
    return [trial["status"] for trial in campaign_json(folder, "conductivity")["trials"]]


def answering(answer, and_so=lambda: None):
    def visit(lab, order):
        and_so()
        lab.station.orders.answer(order.order.job, answer)

    return visit


@pytest.fixture
def begun(campaign, tmp_path, monkeypatch):
    """A campaign whose line is blocked after its first trial."""
    run(campaign, tmp_path / "lab", max_trials=1)
    monkeypatch.setattr(SyringePump, "handle", deaf("pump_transfer"))
    return campaign, tmp_path / "lab"


def test_a_mixer_that_could_not_be_cleaned_is_tried_again_when_a_person_has_been_there(begun, monkeypatch):
    titles = run(*begun, answering(DONE, monkeypatch.undo))
    assert titles == ["Put right: mixer could not be cleaned"]
    assert statuses(begun[1]) == ["ok", "failed_instrument", "ok"]


def test_one_that_is_given_up_ends_the_run_and_the_next_one_begins_with_it(begun, monkeypatch):
    with pytest.raises(JobFailedError, match=r"mixer could not be cleaned was not put right: no spare pump"):
        run(*begun, answering(GIVEN_UP))
    monkeypatch.undo()
    run(*begun)
    assert statuses(begun[1]) == ["ok", "failed_instrument", "ok"]


def test_a_run_that_is_started_anew_waits_for_the_same_order(begun, monkeypatch):
    class HostDiedError(Exception):
        pass

    def dies(lab, order):
        asyncio.current_task().get_loop().stop()
        raise HostDiedError

    with pytest.raises((HostDiedError, RuntimeError)):
        run(*begun, dies)
    titles = run(*begun, answering(DONE, monkeypatch.undo))
    assert titles == ["Put right: mixer could not be cleaned"]


def test_a_bench_that_loses_trials_is_looked_at_before_the_next_recipe(tmp_path):
    async def lost(trial, lab):
        return Outcome("failed_instrument", reason="the pump does not answer")

    campaign, folder = small_campaign(tmp_path, trials=5), tmp_path / "lab"
    counts = []
    titles = run(campaign, folder, answering(DONE, lambda: counts.append(len(statuses(folder)))), lost)
    assert titles == ["Put right: 3 trials in a row were lost to the bench"]
    assert counts == [3]
    assert len(statuses(folder)) == 5


@pytest.fixture
def nearly_empty(tmp_path):
    """A campaign of eight trials with bottles for a few, and its bench file."""
    bench = tmp_path / "bench.yaml"
    bench.write_text(BENCH.read_text("utf-8").replace("available: 2 L", "available: 7 mL"), "utf-8")
    return small_campaign(tmp_path, trials=8, changes={str(BENCH): str(bench)}), bench


def test_bottles_that_ran_low_are_changed_while_the_campaign_waits(nearly_empty, tmp_path):
    campaign, bench = nearly_empty
    told = []

    def visit(lab, order):
        told.append(order.order.facts["why"])
        if len(told) == 1:  # somebody forgets a bracket, and is asked again
            bench.write_text(BENCH.read_text("utf-8").replace("-1}", "-2"), "utf-8")
        else:
            bench.write_text(BENCH.read_text("utf-8").replace("-1}", "-2}"), "utf-8")
        lab.station.orders.answer(order.order.job, DONE)

    titles = run(campaign, tmp_path / "lab", visit)
    assert titles == ["Put right: the bottles hold too little for another recipe"] * 2
    assert str(bench) in told[1]
    done = campaign_json(tmp_path / "lab", "conductivity")["trials"]
    assert len(done) == 8
    assert [trial["status"] for trial in done[-3:]] == ["ok"] * 3
    lots = [{dose["lot"][-2:] for dose in trial["doses"]} for trial in done]
    assert lots[0] == {"-1"}
    assert lots[-1] == {"-2"}


def test_a_run_that_is_started_anew_asks_again_where_the_bench_file_cannot_be_read(nearly_empty, tmp_path):
    class HostDiedError(Exception):
        pass

    def dies(lab, order):
        asyncio.current_task().get_loop().stop()
        raise HostDiedError

    campaign, bench = nearly_empty
    with pytest.raises((HostDiedError, RuntimeError)):
        run(campaign, tmp_path / "lab", dies)
    told = []

    def visit(lab, order):
        told.append(order.order.facts["why"])
        closing = "" if len(told) == 1 else "}"  # somebody forgets a bracket
        bench.write_text(BENCH.read_text("utf-8").replace("-1}", f"-2{closing}"), "utf-8")
        lab.station.orders.answer(order.order.job, DONE)

    titles = run(campaign, tmp_path / "lab", visit)
    assert titles == ["Put right: the bottles hold too little for another recipe"] * 2
    assert str(bench) in told[1]
    done = campaign_json(tmp_path / "lab", "conductivity")["trials"]
    assert [trial["status"] for trial in done] == ["ok"] * 8


def test_other_stocks_are_no_new_bottles(nearly_empty, tmp_path):
    campaign, bench = nearly_empty
    told = []

    def visit(lab, order):
        told.append(order.order.facts["why"])
        bench.write_text(bench.read_text("utf-8").replace("{DMC: 1}", "{DMC: 0.9, EMC: 0.1}"), "utf-8")
        lab.station.orders.answer(order.order.job, DONE if len(told) == 1 else GIVEN_UP)

    with pytest.raises(JobFailedError, match=r"was not put right: no spare pump"):
        run(campaign, tmp_path / "lab", visit)
    assert "has other stocks than the campaign began with" in told[1]
