"""`galvanaut pause`, `resume`, `stop`: what people say about a campaign, and the end of one stopped for good."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from galvanaut.campaigns.ledger import Ledger, Outcome, TrialRecord
from galvanaut.core.clock import VirtualClock
from galvanaut.core.errors import InputError
from galvanaut.core.eventlog import EventLog, opened
from galvanaut.core.lock import InUseError
from galvanaut.flows.benchside import halt_by_station, resident_station
from galvanaut.flows.controls import Controls
from galvanaut.flows.folder import LabFolder
from galvanaut.flows.holding import holding, outlast_the_dead
from galvanaut.flows.records import campaign_name
from galvanaut.instruments.journal import Journal
from galvanaut.instruments.telemetry.labrecorder import LabRecorder
from galvanaut.instruments.telemetry.sealed import remark_in

REASON = "the campaign was stopped by a person"


def pause(lab: Path, campaign: str) -> str:
    """Let what is under way end, and begin nothing new; what was said, in words.

    Raises:
        InputError: no such campaign, or it was stopped.
    """
    with _campaign(lab, campaign) as (name, controls):
        controls.require_not_stopped(name)
        controls.say(name, "paused")
    return f"{name}: paused. What is under way ends, nothing new begins; `galvanaut resume {name}` takes that back."


def resume(lab: Path, campaign: str) -> str:
    """Take back a pause or a stop that was not confirmed.

    Raises:
        InputError: no such campaign, it was stopped for good, or nothing holds it up.
    """
    with _campaign(lab, campaign) as (name, controls):
        before = controls.state(name)
        if before == "running":
            raise InputError(f"campaign {name}", "is neither paused nor stopped; `galvanaut run` carries on with it")
        if before == "ended":
            controls.require_not_stopped(name)
        controls.say(name, "resumed")
    how = "it goes on" if before == "paused" else "run it again: it goes on where it was, tests in their step"
    return f"{name}: no longer {before}; {how}."


def stop(lab: Path, campaign: str, *, confirm: bool) -> str:
    """Have the cells of a campaign brought to their safe state; with ``confirm`` end it for good.

    Raises:
        InputError: no such campaign, it was stopped for good, or one to be confirmed was not stopped or still runs.
        GalvanautError: it is stopped, but its cells could not be made safe; say it again.
    """
    with _campaign(lab, campaign) as (name, controls):
        if not confirm:
            return _stop(LabFolder(lab), name, controls)
        state = controls.state(name)
        if state != "stopped" and not (state == "ended" and _shares(lab, name)):
            raise InputError("--confirm", f"campaign {name} is {state}; `galvanaut stop {name}` comes first")
        sealed = _end_for_good(lab, name)
        if state == "stopped":
            controls.say(name, "confirmed")
    kept = f"; records sealed: {', '.join(sealed)}" if sealed else ""
    return f"{name}: stopped for good{kept}. Cells that are still in their holders have to be taken out by hand."


def _stop(folder: LabFolder, name: str, controls: Controls) -> str:
    """Said again it halts again: the first time the station may have been away, or nobody was there."""
    is_said = controls.state(name) == "stopped"
    if not is_said:
        controls.require_not_stopped(name)
        controls.say(name, "stopped")
    return (
        f"{name}: {'was stopped already' if is_said else 'stopped'}. {_halted(folder, name)} `galvanaut resume {name}` "
        f"takes that back; `galvanaut stop {name} --confirm` ends it for good."
    )


def _halted(folder: LabFolder, name: str) -> str:
    """Who brings what the campaign has on the bench to a safe state, in words; without a process of its own, we do.

    Raises:
        GalvanautError: the resident station could not, or does not answer.
    """
    outlast_the_dead(folder)
    with ExitStack() as stack:
        other: InUseError | None = None
        try:
            stack.enter_context(holding(folder, "lab", "lab"))
        except InUseError as held:
            if held.task == name:
                return "Its process brings what it has on the bench to a safe state and ends."
            other = held
        return _halted_without_it(folder, name, other)


def _halted_without_it(folder: LabFolder, name: str, other: InUseError | None) -> str:
    """The same where no process of the campaign runs; ``other`` tells of another one in the lab."""
    resident, said = resident_station(folder), []
    benches = _benches_here(folder, name, resident)
    if resident in benches:
        halt_by_station(folder, name)
        said.append("The resident station has broken off its jobs and made safe what they used.")
    if left := ", ".join(sorted(benches - {resident})):
        process, first = "No process of it runs", []
        if other is not None:
            process += f"; {other.holder} is at work in this lab" + (f" on campaign {other.task}" if other.task else "")
            first.append("that process")
        station = "no station is resident" if resident is None else f"the resident station works bench {resident}"
        first += [] if resident is None else ["that station"]
        by_hand = f"Switch it off by hand, or end {' and '.join(first)} first. " if first else ""
        said.append(
            f"{process}, and {station}, so NOTHING was made safe on bench {left} just now: what a dead process left "
            f"on there is as its instruments keep it. {by_hand}Start `galvanaut station` with the file of that bench, "
            "which looks after it, and say this again: then it is made safe at once."
        )
    return " ".join(said)


def _benches_here(folder: LabFolder, name: str, resident: str | None) -> set[str]:
    """Benches that this lab may have left on for the campaign: those of its open trials, or any that it works on."""
    with opened(folder.station) as station, opened(folder.ledger) as ledgers:
        clock = VirtualClock(0.0)
        journal, ledger = Journal(EventLog(station, "journal"), clock), Ledger(EventLog(ledgers, "ledger"), name, clock)
        known = {str(plan["bench"]["name"]) for plan in ledger.plans}
        here = {trial.bench for trial in _trials_here(ledger, journal, folder)}
        return here or known.intersection({resident}) or known


def _end_for_good(lab: Path, name: str) -> list[str]:
    """Close what is open in the journal, and of its trials in the ledger, and seal the readings of its tests."""
    folder = LabFolder(lab)
    process, bench = "its process has not ended yet", "end its station first, which makes it safe"
    with (
        holding(folder, "lab", f"campaign {name} ({process})"),
        holding(folder, "bench", f"its bench ({bench})"),
        opened(folder.station) as station,
        opened(folder.ledger) as ledgers,
    ):
        jobs, log = EventLog(station, "journal"), EventLog(ledgers, "ledger")
        # The bench is at rest: the instant of the last thing that happened there is the present one.
        clock = VirtualClock(max((event.at for each in (jobs, log) for event in each.read()), default=0.0))
        journal, ledger = Journal(jobs, clock), Ledger(log, name, clock)
        with LabRecorder.opened(lab, folder.url) as recorder:
            sealed = _fail_jobs(journal, recorder, name)
        for trial in _trials_here(ledger, journal, folder):
            ledger.close(trial.number, Outcome("failed_instrument", reason=REASON))
        return sealed


def _trials_here(ledger: Ledger, journal: Journal, folder: LabFolder) -> list[TrialRecord]:
    """Open trials of this lab's benches; those of other labs are ended there, where their cells are."""
    begun = {job.key.trial for job in journal.records() if job.key.campaign == ledger.campaign}
    theirs = set(ledger.joined)
    ours = {ledger.trials[number].bench for number in begun & ledger.trials.keys()}
    return [
        trial
        for trial in ledger.pending()
        if trial.bench in ours or (not folder.is_joined and trial.bench not in theirs)
    ]


def _shares(lab: Path, name: str) -> bool:
    """Whether several benches work on a campaign, so that each lab has to end its own part."""
    with opened(LabFolder.existing(lab).ledger) as engine:
        return bool(Ledger(EventLog(engine, "ledger"), name, VirtualClock(0.0)).joined)


def _fail_jobs(journal: Journal, recorder: LabRecorder, name: str) -> list[str]:
    sealed = []
    for job in journal.records():
        if job.key.campaign != name or job.state != "intended":
            continue
        test = str(job.key)
        is_test = job.request["kind"] == "cycle"
        record = recorder.seal(test, "stopped", REASON, remark_in(job.notes)) if is_test else None
        journal.failed(job.key, f"job {job.key}: {REASON}")
        if record is not None:
            recorder.release(test)
            sealed.append(record.path)
    return sealed


@contextmanager
def _campaign(lab: Path, campaign: str) -> Iterator[tuple[str, Controls]]:
    name = campaign_name(campaign)
    with opened(LabFolder.existing(lab).ledger) as engine:
        known = {event.topic for event in EventLog(engine, "ledger").read()}
        if name not in known:
            there = ", ".join(sorted(known)) or "none"
            raise InputError(f"campaign {name}", f"is not in the ledger of {lab}; there: {there}")
        yield name, Controls(engine)
