"""Work orders from the command line: what is open, what an answer has to be, and that a waiting job hears it."""

import asyncio
import json
import re

import pytest

from assemblylab import Host, World, in_doubt, key
from galvanaut.core.clock import SystemClock, at_work, spawn
from galvanaut.instruments.jobs import AssembleCell, UnloadCell, byhand
from galvanaut.instruments.station import Station
from smalllab import begin_ledger, command_line, command_line_process

CELL = AssembleCell("A-1", "holder_1", "mixer", 0.04, "EC 0.3, DMC 0.6, LiPF6 0.1")
JOB = "demo/0001/assemble/1"


@pytest.fixture
def world(tmp_path):
    one = World(tmp_path / "lab")
    begin_ledger(one.folder)
    return one


@pytest.fixture
def asked(world):
    """A lab in which a person is asked for a cell; the program that asks has ended meanwhile."""

    async def main(host):
        with at_work(host.clock):
            job = spawn(host.clock, host.station.run(key("assemble"), CELL))
            await host.clock.sleep(60.0)
            job.cancel()

    asyncio.run(main(Host(world)))
    return world


def cli(world, *arguments):
    return command_line(*arguments, "--lab", world.folder)


@pytest.fixture
def doubted(world):
    """A lab in which a person is asked about a dose, in the past and in real time."""
    return in_doubt(world)


def test_an_order_that_is_late_and_offers_answers(doubted):
    text = cli(doubted, "todo").stdout
    assert re.search(r"^Settle a doubt  \(since .* UTC, LATE by 2 h\)$", text, re.M)
    assert "  answer moved     It was moved; write down mass, 0 to 8000 mg\n" in text
    assert "  galvanaut answer demo/0001/dose-DMC/1 --choice nothing\n" in text
    (row,) = json.loads(cli(doubted, "todo", "--json").stdout)
    assert row["late_s"] == pytest.approx(7200.0, abs=60.0)
    assert [each["name"] for each in row["choices"]] == ["moved", "nothing"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--choice", "moved", "--mass", "3.9 g"], 0, "demo/0001/dose-DMC/1: moved, mass 3900 mg"),
        (["--choice", "nothing"], 0, "demo/0001/dose-DMC/1: nothing"),
        (["--choice", "moved"], 2, r"--mass is missing \(0 to 8000 mg\)"),
        (["--mass", "3.9 g"], 2, "--choice is missing; answer with: galvanaut answer .* --choice moved --mass"),
        (["--choice", "again"], 2, "--choice again is not one of its answers"),
        (["--done"], 2, "--choice is missing"),
    ],
)
def test_a_choice_is_checked(doubted, arguments, code, words):
    done = cli(doubted, "answer", "demo/0001/dose-DMC/1", *arguments)
    assert done.returncode == code
    assert re.search(words, done.stdout if code == 0 else done.stderr), done.stderr


def test_nothing_to_do(world):
    done = cli(world, "todo")
    assert (done.returncode, done.stdout) == (0, f"{world.folder}: nothing to do\n")
    assert json.loads(cli(world, "todo", "--json").stdout) == []


def test_what_is_to_do_and_how_it_is_answered(asked):
    text = cli(asked, "todo").stdout
    assert text.startswith(
        f"{asked.folder}: 1 to do\n\nBuild cell A-1 and put it into holder_1  (since 1970-01-01 00:16 UTC, due in 24 h"
    )
    assert re.search(r"recipe as made +EC 0.3, DMC 0.6, LiPF6 0.1\n +write down +electrolyte, 16 to 120 mg\n", text)
    assert "demo.0001.assemble.1.md" in text
    assert f'galvanaut answer {JOB} --electrolyte "... mg"' in text
    (row,) = json.loads(cli(asked, "todo", "--json").stdout)
    assert (row["job"], row["facts"]["holder"], row["asks"][0]["unit"]) == (JOB, "holder_1", "mg")


def test_an_answer_is_taken_once(asked):
    done = cli(asked, "answer", JOB, "--electrolyte", "0.0492 g")
    assert (done.returncode, done.stdout) == (0, f"{JOB}: electrolyte 49.2 mg\n")
    assert "nothing to do" in cli(asked, "todo").stdout
    again = cli(asked, "answer", JOB, "--fail", "leaks")
    assert again.returncode == 2
    assert re.search(
        rf"error: job {JOB}: was answered already, 2\d{{3}}-.* UTC \(electrolyte 49.2 mg\); that", again.stderr
    )
    assert Host(asked).run(CELL)["electrolyte_g"] == pytest.approx(0.0492)
    late = cli(asked, "answer", JOB, "--fail", "leaks")
    assert "was answered already" in late.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "takes exactly one of --electrolyte, --choice .some with --mass., --done and --fail"),
        (["--electrolyte", "49 mg", "--fail", "x"], "takes exactly one of"),
        (["--electrolyte", "49"], "has no unit"),
        (["--electrolyte", "49 mL"], "dimension"),
        (["--electrolyte", "49 g"], "'49 g' is not plausible; expected 16 to 120 mg"),
        (["--done"], r"--electrolyte is missing \(16 to 120 mg\)"),
        (["--fail", " "], "--fail: says nothing; what went wrong"),
    ],
)
def test_an_answer_that_makes_no_sense_changes_nothing(asked, arguments, words):
    done = cli(asked, "answer", JOB, *arguments)
    assert done.returncode == 2
    assert re.search(words, done.stderr), done.stderr
    assert [each.answer for each in asked.orders().all()] == [None]


@pytest.mark.parametrize("job", ["demo/0001/assemble/2", "A-1", "", "../../x"])
def test_a_job_that_has_no_order_is_told_which_have(asked, job):
    done = cli(asked, "answer", job, "--done")
    assert done.returncode == 2
    assert f"has no work order in {asked.folder}; open are: {JOB}" in done.stderr


def test_a_job_that_has_ended_otherwise_wants_no_answer(asked):
    Host(asked).journal.failed(key("assemble"), "its source could not be switched off")
    assert "nothing to do" in cli(asked, "todo").stdout
    done = cli(asked, "answer", JOB, "--electrolyte", "49 mg")
    assert done.returncode == 2
    assert f"job {JOB}: has ended without an answer, so none is wanted any more" in done.stderr


def test_no_lab_no_orders(tmp_path):
    for command in (["todo"], ["answer", JOB, "--done"]):
        done = command_line(*command, "--lab", tmp_path / "nowhere")
        assert done.returncode == 2
        assert "is not a lab folder" in done.stderr
    assert not (tmp_path / "nowhere").exists()


def test_a_cell_from_hand_to_hand(world):
    """Built, and taken out again, both answered on the command line while the program waits."""

    async def person(host, step, *arguments):
        await host.clock.sleep(600.0)
        assert cli(world, "answer", str(key(step)), *arguments).returncode == 0

    host = Host(world)
    assert host.run(CELL, "assemble", person(host, "assemble", "--electrolyte", "49 mg"))["assembled"]
    host = Host(world)
    assert host.run(UnloadCell("A-1", "holder_1"), "unload", person(host, "unload", "--done"))["holder"] == "holder_1"


def test_an_answer_from_another_process_is_heard_in_real_time(world, monkeypatch):
    monkeypatch.setattr(byhand, "POLL_S", 0.05)
    host = Host(world)
    clock = SystemClock()
    host.station = Station(host.connected, host.journal, clock, orders=host.orders)

    async def main():
        with at_work(clock):
            job = asyncio.create_task(host.station.run(key("assemble"), CELL))
            while world.orders().find(JOB) is None:
                await asyncio.sleep(0.02)
            arguments = ("answer", JOB, "--fail", "no lids left", "--lab", world.folder)
            done = await asyncio.to_thread(command_line_process, *arguments)
            assert (done.returncode, done.stdout) == (0, f"{JOB}: failed: no lids left\n")
            return await job

    assert asyncio.run(main()) == {
        "cell": "A-1",
        "holder": "holder_1",
        "electrolyte_g": None,
        "assembled": False,
        "reason": "no lids left",
    }
