"""Inside a child of the nursery: SIGKILL at a moment of a phase, and a note of each sample that was said to be kept."""

import json
import os
import signal
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from galvanaut.campaigns.planners import PlannerSession
from galvanaut.flows import resident
from galvanaut.instruments.jobs import CycleTest
from galvanaut.instruments.mailbox import Mailbox, client
from galvanaut.instruments.telemetry.batch import SharedBatch
from galvanaut.instruments.telemetry.labrecorder import LabRecorder
from galvanaut.simulators.bench import SimulatedBench

LEASE_S = 4.0
"""So long the dead count as living among stations and campaigns, in place of 15 s."""
PHASES = ("dosing", "settling", "measuring", "formation", "cycling", "sealing", "planning")
_OF_DEVICES = {"pump": "dosing", "balance": "dosing", "chamber": "settling", "lcr": "measuring"}

_seen = Counter()
_seen_file = ""


@dataclass(frozen=True)
class Death:
    """When a process dies.

    Attributes:
        phase: of `PHASES`, or "letters": what campaign and resident station write to each other.
        number: which moment of that phase, from 1: a message, a record, a proposal.
        after: whether the message is carried out before.
        delay_s: and so much later, in whatever it then does.
    """

    phase: str
    number: int
    after: bool = False
    delay_s: float = 0.0

    def to_json(self):
        return asdict(self)


def _die(delay_s):
    def strike():
        time.sleep(delay_s)
        os.kill(os.getpid(), signal.SIGKILL)

    if delay_s:
        threading.Thread(target=strike, daemon=True).start()
    else:
        os.kill(os.getpid(), signal.SIGKILL)


def plant(request):
    """Arm the death of a request, count phases, and note what is acknowledged."""
    global _seen_file
    _seen_file = request["seen"]
    death = Death(**request["death"]) if request["death"] else Death("", 0)

    def passes(phase, work):
        _seen[phase] += 1
        due = phase == death.phase and _seen[phase] == death.number
        if due and not death.after:
            _die(death.delay_s)
        found = work()
        if due and death.after:
            _die(death.delay_s)
        return found

    client.LEASE_S = resident.LEASE_S = LEASE_S
    _watch_messages(passes)
    for owner, name, phase in (
        (LabRecorder, "seal", "sealing"),
        (LabRecorder, "release", "sealing"),
        (PlannerSession, "ask", "planning"),
        (Mailbox, "post", "letters"),
    ):
        _watch(owner, name, phase, passes)
    _note_what_is_on_disk(os.open(request["acknowledged"], os.O_WRONLY | os.O_CREAT | os.O_APPEND))


def leave():
    """Write how often each phase came by."""
    with suppress(OSError):
        Path(_seen_file).write_text(json.dumps(_seen), encoding="utf-8")


def _watch(owner, name, phase, passes):
    method = getattr(owner, name)
    setattr(owner, name, lambda self, *args, **more: passes(phase, lambda: method(self, *args, **more)))


def _watch_messages(passes):
    exchange, look_after, tests = SimulatedBench.exchange, CycleTest._look_after, {}

    def watched(bench, device, data):
        phase = _OF_DEVICES.get(device.name.split("_")[0]) or tests.get(device.name, "")
        return passes(phase, lambda: exchange(bench, device, data))

    async def followed(action, job, cycler):
        tests[action.needs(job.bench.bench)[1]] = job.key.step
        await look_after(action, job, cycler)

    SimulatedBench.exchange, CycleTest._look_after = watched, followed


def _note_what_is_on_disk(file):
    flush = SharedBatch.flush

    def noted(batch):
        last = {test: rows[-1] for test, rows in batch._waiting.items()}
        flush(batch)
        for test, row in last.items():
            line = json.dumps([test, row.number, row.unix_time_s, row.voltage_V])
            os.write(file, f"{line}\n".encode())

    SharedBatch.flush = noted
