"""What an assembler's fault costs: the cell that was to be built, and nothing that was measured or built before."""

import asyncio

import pytest

from celllab import cell_campaign
from galvanaut.core.identifiers import JobKey
from galvanaut.flows import cells, procedure
from galvanaut.flows.campaign_loop import run_campaign
from galvanaut.flows.lab import open_lab
from galvanaut.flows.records import campaign_json
from galvanaut.instruments.drivers.virtual_assembler import VirtualAssembler
from galvanaut.instruments.errors import RefusedError
from galvanaut.instruments.jobs import JobFailedError
from galvanaut.instruments.loading import loaded_cells
from smalllab import journal_of

NOBODY = {"name: simulated-cycling": "name: simulated-cycling\noperators: {settle_doubts: false}"}


class HostStoppedError(Exception):
    """Ends a run in an orderly way, as Ctrl-C does."""


def run(folder, steps=procedure.PLAIN, changes=None):
    """The one trial of a campaign."""
    campaign = cell_campaign(folder, trials=1, changes={**NOBODY, **(changes or {})})

    async def runner(trial, lab):
        return await procedure.run_trial(trial, lab, steps)

    with open_lab(campaign, folder / "lab") as lab:
        asyncio.run(run_campaign(lab, runner))
    (trial,) = campaign_json(folder / "lab", "cycle-life")["trials"]
    return trial


def begun(folder, step):
    """Replicates of which a step was begun."""
    keys = [job.key for job in journal_of(folder / "lab").records()]
    return [key.replicate for key in keys if (key.trial, key.step) == (1, step)]


def broken(monkeypatch, *names):
    """An assembler that declines to begin these cells."""
    assemble = VirtualAssembler.assemble

    def declines(assembler, cell, holder, electrolyte_mL):
        if cell in names:
            raise RefusedError("declined", instrument="assembler")
        assemble(assembler, cell, holder, electrolyte_mL)

    monkeypatch.setattr(VirtualAssembler, "assemble", declines)


def test_one_fault_costs_one_cell_and_nothing_that_was_measured(tmp_path, monkeypatch):
    broken(monkeypatch, "cycle-life-001-2")
    trial = run(tmp_path)
    assert trial["status"] == "ok"
    assert trial["values"]["life"] == pytest.approx(3.0)
    assert 4 < trial["values"]["conductivity"] < 14
    one, two = trial["details"]["cells"]
    assert (one["failure"], one["verdict"]["status"]) == ("", "ok")
    assert two["failure"].startswith("not assembled: job cycle-life/0001/assemble/2: assembler did not begin to build")
    assert begun(tmp_path, "cycling") == begun(tmp_path, "unload") == [1]
    assert loaded_cells(journal_of(tmp_path / "lab").records()) == {}


def test_cells_after_the_one_with_the_fault_are_built(tmp_path, monkeypatch):
    broken(monkeypatch, "cycle-life-001-1")
    trial = run(tmp_path)
    assert (trial["status"], trial["details"]["life"]["cells"]) == ("ok", ["cycle-life-001-2"])


def test_an_assembler_that_builds_none_is_the_bench_s_fault_and_the_readings_are_kept(tmp_path, monkeypatch):
    broken(monkeypatch, "cycle-life-001-1", "cycle-life-001-2")
    trial = run(tmp_path)
    assert (trial["status"], trial["values"]) == ("failed_instrument", {})
    assert "assembler did not begin to build cycle-life-001-1" in trial["reason"]
    assert all(4 < value < 14 for value in trial["details"]["readings_mS_cm"])
    assert begun(tmp_path, "formation") == []
    assert begun(tmp_path, "empty") == [1], "the mixer was cleaned"


def test_a_cell_of_which_nobody_can_tell_is_not_taken_for_one_that_was_not_built(tmp_path, monkeypatch):
    outcome, asked = VirtualAssembler.outcome, 0

    def forgets(assembler, cell):
        nonlocal asked
        found = outcome(assembler, cell)
        asked += cell == "cycle-life-001-2" and found is not None
        return None if asked > 1 else found  # it knew of it when it began

    monkeypatch.setattr(VirtualAssembler, "outcome", forgets)
    trial = run(tmp_path, changes={"replicates: 2": "replicates: 3"})
    assert trial["status"] == "ok"
    one, two = trial["details"]["cells"]
    assert (one["cell"], one["verdict"]["status"]) == ("cycle-life-001-1", "ok")
    assert two["verdict"]["status"] == "unknown"
    assert two["failure"].startswith(
        "nobody can tell whether it was assembled: job cycle-life/0001/assemble/2: in doubt"
    )
    assert begun(tmp_path, "assemble") == [1, 2], "the batch is given up"
    assert begun(tmp_path, "unload") == [1]
    (left,) = loaded_cells(journal_of(tmp_path / "lab").records()).values()
    assert (left.cell, left.is_certain) == ("cycle-life-001-2", False), "its holder is given to nobody"


def test_a_cell_that_was_never_begun_is_not_built_after_a_restart_when_its_batch_is_gone(tmp_path):
    async def assemble(trial, replicate, holder, lab):
        if replicate == 2:
            raise JobFailedError(
                "not begun, because supervision has stopped assembler"
            )  # leaves nothing in the journal
        return await cells.assemble(trial, replicate, holder, lab)

    async def form(trial, replicate, built, lab):
        raise HostStoppedError

    with pytest.raises(HostStoppedError):
        run(tmp_path, procedure.Steps(assemble=assemble, form=form))
    trial = run(tmp_path)
    assert begun(tmp_path, "assemble") == [1]
    assert trial["status"] == "ok"
    assert (
        "was not begun before the batch was thrown away (job cycle-life/0001/empty/1)"
        in (trial["details"]["cells"][1]["failure"])
    )


def test_an_assembly_that_was_broken_off_is_left_to_the_next_run(tmp_path):
    async def assemble(trial, replicate, holder, lab):
        lab.station.journal.intend(JobKey("cycle-life", 1, "assemble", replicate), {"kind": "assemble"})
        raise JobFailedError("interrupted; the next run takes it up again")

    with pytest.raises(JobFailedError, match="the next run takes it up again"):
        run(tmp_path, procedure.Steps(assemble=assemble))
    assert begun(tmp_path, "empty") == [], "its batch is still in the mixer"
