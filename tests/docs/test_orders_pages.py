"""Commands and outputs of work-orders.md and load-cells.md, run as they stand there on labs in which somebody is asked.

A cell and a dose of the pages are ordered by one job each, of an own lab; instants are masked, and the name of a job is
that of the page or the one that has such an order here.
"""

import asyncio
import re
import shutil
import time
from pathlib import Path

import pytest

import assemblylab
import dosinglab
from deafpump import deaf
from docrun import Page, output, words_of
from galvanaut.core.clock import VirtualClock, at_work, spawn
from galvanaut.core.identifiers import JobKey
from galvanaut.flows.campaign_loop import run_campaign
from galvanaut.flows.lab import open_lab
from galvanaut.instruments.jobs import AssembleCell, JobFailedError, UnloadCell
from galvanaut.simulators.devices.ne1000 import SyringePump
from smalllab import begin_ledger, command_line, small_campaign

ORDERS, CELLS = Page("docs/how-to/work-orders.md"), Page("docs/how-to/load-cells.md")
BUILD, TAKE_OUT = "ageing/0007/assemble/1", "ageing/0007/unload/1"
CELL = AssembleCell("ageing-007-1", "holder_2", "mixer", 0.04, "DMC 0.561, EC 0.240, LiPF6 0.122, VC 0.077")
DOUBT = str(dosinglab.KEY)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def answered(words):
    done = command_line(*words)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def masked(text):
    """Without the instant of an order."""
    return re.sub(r"since \d{4}-\d\d-\d\d \d\d:\d\d UTC", "since ... UTC", text).strip()


class Asking:
    """A lab of a real bench, in whose name a person is asked for a cell.

    Args:
        world: what outlives the programs that ask.
    """

    def __init__(self):
        self.world = assemblylab.World(Path("lab"))
        self.world.clock = VirtualClock(time.time())
        begin_ledger(self.world.folder)

    def ask(self, job, action):
        """Ask, and die once the order is placed."""

        async def main(host):
            host.connected.is_simulated = False
            with at_work(host.clock):
                task = spawn(host.clock, host.station.run(JobKey.parse(job), action))
                await host.clock.sleep(1.0)
                task.cancel()

        asyncio.run(main(assemblylab.Host(self.world)))


@pytest.fixture
def build(here):
    """Of a cell; the folder can be copied."""
    lab = Asking()
    lab.ask(BUILD, CELL)
    return lab


@pytest.fixture
def take_out(build):
    """The same cell was built, and is to be taken out."""
    answered(["answer", BUILD, "--electrolyte", "49 mg"])
    build.ask(BUILD, CELL)
    build.ask(TAKE_OUT, UnloadCell("ageing-007-1", "holder_2"))


@pytest.fixture
def doubt():
    """What `todo` shows of a dose after a crash, and the lab in which it is asked for."""
    folder = Path("doubtful")
    folder.mkdir()
    begin_ledger(folder)
    with pytest.raises(dosinglab.HostDiedError):
        dosinglab.Host(folder, dies_at=dosinglab.message_of(folder, b"0RUN", after=2)).run(dosinglab.DOSE)
    shown = []

    async def looks(host):
        await host.station.clock.sleep(20.0)
        shown.append(command_line("todo", "--lab", folder).stdout)
        shutil.copytree(folder, "lab")
        answered(["answer", DOUBT, "--choice", "nothing", "--lab", folder])

    def somebody_removed_it(world, connected):
        world.clock.spend(60.0)
        connected.pump("pump_transfer").prepare(9.0)
        connected.pump("pump_transfer").start()
        world.clock.spend(120.0)

    with pytest.raises(JobFailedError):
        dosinglab.Host(folder, has_people=True).run(dosinglab.DOSE, before=somebody_removed_it, person=looks)
    return shown[0]


def test_a_cell_is_asked_for_as_the_page_shows(build):
    (todo,) = words_of(CELLS.block("galvanaut todo"))
    assert masked(answered(todo)) == masked(CELLS.block("lab: 1 to do").text)


def test_answers_about_cells(build):
    built, torn, out = words_of(CELLS.block("separator torn"))
    shutil.copytree("lab", "asked")
    assert answered(torn) == f"{BUILD}: failed: separator torn"
    shutil.rmtree("lab")
    shutil.copytree("asked", "lab")
    assert answered(built) == f"{BUILD}: electrolyte 49 mg"
    build.ask(BUILD, CELL)
    build.ask(TAKE_OUT, UnloadCell("ageing-007-1", "holder_2"))
    assert answered(out).startswith(TAKE_OUT)
    assert answered(["todo"]) == "lab: nothing to do"


def line_with(text):
    (words,) = (words for words in words_of(ORDERS.block("galvanaut todo ")) if text in words)
    return words


@pytest.mark.parametrize(
    ("lab", "option", "job"),
    [
        ("build", "--electrolyte", BUILD),
        ("doubt", "--choice", DOUBT),
        ("take_out", "--done", TAKE_OUT),
        ("build", "--fail", BUILD),
    ],
)
def test_each_way_to_answer(request, lab, option, job):
    request.getfixturevalue(lab)
    assert "1 to do" in answered(line_with("todo"))
    assert answered([job if word == "JOB" else word for word in line_with(option)]).startswith(f"{job}: ")
    assert answered(["todo"]) == "lab: nothing to do"


def test_a_doubt_is_told_as_the_page_shows(doubt):
    shown = output(ORDERS.block("Settle a doubt"))
    assert [masked(line) for line in doubt.splitlines()[2:]][: len(shown)] == [masked(line) for line in shown]


def run(campaign, person):
    """The small campaign to its end, with somebody who looks for orders."""

    async def everything(lab):
        visits = asyncio.ensure_future(visiting(lab))
        try:
            await run_campaign(lab)
        finally:
            visits.cancel()

    async def visiting(lab):
        while True:
            for order in [each for each in lab.station.orders.all() if each.answer is None]:
                person(order.order.job)
            await asyncio.sleep(0)

    with open_lab(campaign, Path("lab")) as lab:
        asyncio.run(everything(lab))


def test_what_has_to_be_put_right(tmp_path, monkeypatch, caplog):
    """A blocked line in the place of the garbled reply; first nobody has a spare pump, then somebody has been there."""
    block = ORDERS.block("WORK ORDER")
    job = block.text.split()[2].rstrip(":")
    jobs, (done, failed) = [], words_of(block)

    def answers(words, and_so=lambda: None):
        def person(asked):
            jobs.append(asked)
            and_so()
            answered([asked if word == job else word for word in words])

        return person

    campaign = small_campaign(tmp_path, 2)
    answered(["run", campaign, "--max-trials", 1, "--no-prefect"])
    with monkeypatch.context() as patch:
        patch.setattr(SyringePump, "handle", deaf("pump_transfer"))
        with pytest.raises(JobFailedError, match=f"was not put right: {failed[-1]}"):
            run(campaign, answers(failed))
        run(campaign, answers(done, patch.undo))
    beginning, _ = block.text.split(" (why: ")
    assert beginning.replace(job, jobs[0]) + " (why: " in caplog.text
    assert re.fullmatch(r"conductivity/\d{4}/put-right-mixer/\d", jobs[0])


def test_an_assembler_that_contradicts_the_journal_is_told_of(tmp_path):
    """The page's bench calls its holders otherwise."""
    world = assemblylab.World(tmp_path / "lab")
    world.assembler.loaded = {"holder_2": "B-1"}
    told = [str(each) for each in assemblylab.Host(world).station.reconcile()]
    assert told == [CELLS.block("not given out").text.replace("cell_2", "holder_2")]
