"""One run of an activity on a fresh copy: undisturbed, or broken at a moment, or left by a host that dies."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

from galvanaut.core import bdf
from galvanaut.core.clock import at_work
from galvanaut.core.errors import InputError
from galvanaut.core.eventlog import EventLog, open_engine
from galvanaut.flows.drill.host import Host, HostDied, Life, Wait
from galvanaut.flows.drill.judge import Row
from galvanaut.flows.drill.losses import forgotten
from galvanaut.flows.drill.matrix import DEATHS, HOST_DIES
from galvanaut.flows.drill.rehearsal import CannotRehearseError, Listener, Moment, Rehearsal
from galvanaut.flows.drill.truth import Onlooker, Truth
from galvanaut.instruments.errors import BenchError
from galvanaut.instruments.journal import JobRecord, Journal
from galvanaut.instruments.telemetry.reader import read_test
from galvanaut.simulators.faults import Fault

if TYPE_CHECKING:
    from galvanaut.flows.drill.activity import Activity
    from galvanaut.flows.drill.matrix import Scenario
    from galvanaut.instruments.bench import Bench
    from galvanaut.simulators.chemistry import Chemistry

ABSENCE_S = 3600.0
"""How long nobody comes after a host has died."""
REST_S = 60.0
"""How long the bench is looked at after it was made safe."""


@dataclass(frozen=True)
class Alarm:
    """Something that the host said, about one instrument if it has one."""

    at: float
    instrument: str
    text: str


@dataclass
class Course:
    """Everything that a run has left: what was true, what the host knew and said, and what stands in its records.

    Attributes:
        truth: by the onlooker.
        began, onset, ended: instants of the activity's beginning, of the fault, and of the end of the watch.
        died_at, revived_at: of the first host and of the one that came after it, if the first one died.
        known: jobs as the last host knew them. on_disk: as the file has them.
        forgotten: what was acknowledged and is not on disk.
        alarms: what the host said, in the order of time.
        rows: readings of each cell that the host had, also in its memory only, by their instants.
        waits: for answers that did not come.
        unwritten: readings that a host had not yet written when it died.
    """

    truth: Truth
    began: float
    onset: float = inf
    ended: float = inf
    died_at: float = inf
    revived_at: float = inf
    known: Sequence[JobRecord] = ()
    on_disk: Sequence[JobRecord] = ()
    alarms: list[Alarm] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)
    rows: dict[str, dict[float, Row]] = field(default_factory=dict)
    waits: list[Wait] = field(default_factory=list)
    unwritten: int = 0


@dataclass(frozen=True)
class Stage:
    """Where runs take place.

    Attributes:
        bench: the copy.
        activity: what it is busy with.
        seed: of its world.
        chemistry: of its world; the fitted model by default.
        tail_s: how long it is watched after the activity.
    """

    bench: Bench
    activity: Activity
    seed: int
    chemistry: Chemistry | None
    tail_s: float

    def rehearse(self) -> Rehearsal:
        """Run without a fault.

        Raises:
            CannotRehearseError: a job fails.
        """
        listener = Listener()
        course = self._run(None, Moment(0.0, 0), listener)
        for record in course.known:
            if record.state != "done":
                raise CannotRehearseError(
                    f"bench {self.bench.name}: cannot be drilled: without any fault, {record.reason or record.key}"
                )
        lasts_s = max((record.ended or 0.0 for record in course.known), default=course.began) - course.began
        return Rehearsal(lasts_s, {name: tuple(sent) for name, sent in listener.sent.items()})

    def play(self, scenario: Scenario, moment: Moment) -> Course:
        """Run, and let something break."""
        return self._run(scenario, moment, Listener())

    def _run(self, scenario: Scenario | None, moment: Moment, listener: Listener) -> Course:
        with tempfile.TemporaryDirectory(prefix="galvanaut-drill-") as folder:
            play = _Play(self, scenario, moment, Path(folder), listener)
            return play.whole()


class _Play:
    """One run under way."""

    def __init__(
        self, stage: Stage, scenario: Scenario | None, moment: Moment, folder: Path, listener: Listener
    ) -> None:
        self.stage = stage
        self.scenario = scenario
        self.moment = moment
        self.folder = folder
        self.listener = listener
        self.onlooker = Onlooker(stage.bench)
        self.course = Course(self.onlooker.truth, 0.0)

    def whole(self) -> Course:
        """From the first host to the last look."""
        life = self._life()
        host = self._host(life)
        try:
            _run(host, self._busy(host))
            if life.is_over:
                host = self._another(host)
            self._end_well(host)
        finally:
            host.let_go()
        self.course.on_disk = self._compare(host)
        return self.course

    def _life(self) -> Life:
        if self.scenario is None or self.scenario.fault not in DEATHS:
            return Life()
        return Life(self.scenario.instrument, max(1, self.moment.message), before=self.scenario.fault == HOST_DIES)

    def _host(self, life: Life) -> Host:
        stage = self.stage
        host = Host(stage.bench, self.folder, stage.seed, stage.chemistry, life)
        host.at_message = lambda names: self.listener.heard(names, host.clock.now())
        self.onlooker.watch(host.world)
        return host

    async def _busy(self, host: Host) -> None:
        """The activity and some time after it, with the fault on its way, as any run of a laboratory goes."""
        try:
            host.station.reconcile()
        except BenchError as error:
            self._tell(host, error)
            return
        async with host.station.guarded():
            if self.course.onset == inf:
                self._begin(host)
            await self.stage.activity.run(host)
            self.listener.began = None
            await host.clock.sleep(self.stage.tail_s)

    def _begin(self, host: Host) -> None:
        """From here on moments are counted. Let the fault come at its own, at a message or by itself."""
        self.course.began = self.listener.began = host.clock.now()
        host.life.begin_to_count()
        if self.scenario is None:
            return
        self.course.onset = self.onlooker.onset = self.course.began + self.moment.after_s
        if self.scenario.fault in DEATHS:
            return
        for fault in faults_at(self.scenario, self.moment):
            host.world.inject(fault)

    def _another(self, dead: Host) -> Host:
        """The host has died: for an hour nobody comes, then another one takes up what it finds."""
        self.course.died_at = self.course.onset = self.onlooker.onset = dead.life.ended_at
        self._take_down(dead)
        self._compare(dead)
        dead.clock.spend(ABSENCE_S)
        dead.let_go()
        host = self._host(Life())
        self.course.revived_at = host.clock.now()
        _run(host, self._busy(host))
        return host

    def _end_well(self, host: Host) -> None:
        """Make everything safe, as at the end of any run, and look on for a while."""
        try:
            host.connected.make_safe()
        except BenchError as error:
            self._tell(host, error)
        host.clock.spend(REST_S)
        self.course.ended = host.clock.now()
        self._take_down(host)

    def _tell(self, host: Host, error: BenchError) -> None:
        now = host.clock.now()
        self.course.alarms += [Alarm(now, each.instrument, str(each)) for each in error.errors]

    def _take_down(self, host: Host) -> None:
        """What the host knew and said, as it stands in its own memory."""
        course = self.course
        course.known = host.journal.records()
        course.waits += host.waits
        # The alarms of the watch claim nothing about whether a cell is safe.
        claims = [each for each in host.station.alarms if not each.is_watched]
        course.alarms += [Alarm(each.at, each.instrument, str(each)) for each in claims]
        course.alarms.sort(key=lambda alarm: alarm.at)
        for record in course.known:
            if record.request["kind"] != "cycle":
                continue
            holder, test = str(record.request["holder"]), str(record.key)
            kept = self._on_disk(test)
            missing = host.recorder.acknowledged.get(test, set()) - kept.keys()
            course.forgotten += [f"{holder}: {len(missing)} acknowledged readings are not on disk"] if missing else []
            had = {at: Row(at, row.voltage_V, row.current_A) for at, row in host.readings(holder, test).items()}
            if host.life.is_over:
                course.unwritten += len(had.keys() - kept.keys())
            course.rows.setdefault(holder, {}).update({**kept, **had})

    def _on_disk(self, test: str) -> dict[float, Row]:
        """The readings of a test by their instants, live or sealed, as any later program reads them."""
        try:
            columns, _ = read_test(self.folder, test)
        except InputError:  # none was written
            return {}
        values = (columns[name].tolist() for name in (bdf.UNIX_TIME, bdf.VOLTAGE, bdf.CURRENT))
        return {at: Row(at, voltage_V, current_A) for at, voltage_V, current_A in zip(*values, strict=True)}

    def _compare(self, host: Host) -> list[JobRecord]:
        """The jobs as the file has them, held against what the host had acknowledged."""
        engine = open_engine(self.folder / "station.db")
        try:
            found = Journal(EventLog(engine, "journal"), host.clock).records()
        finally:
            engine.dispose()
        self.course.forgotten += forgotten(host.journal.records(), found)
        return found


def faults_at(scenario: Scenario, moment: Moment) -> list[Fault]:
    """The fault of a scenario for the simulated bench.

    Nobody meets another instrument at a resource before a line was lost, so that fault comes with a dropped reply.
    """
    when: dict[str, Any] = {"message": moment.message} if moment.message else {"after": f"{moment.after_s} s"}
    kinds = [scenario.fault, *(["dropped reply"] if scenario.fault == "wrong instrument" else [])]
    return [Fault.model_validate({"fault": kind, "instrument": scenario.instrument, **when}) for kind in kinds]


def _run(host: Host, work: Coroutine[Any, Any, None]) -> None:
    """Run to the end, or until the host dies: then nothing more is sent, nor written."""

    async def main() -> None:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None
        loop.set_exception_handler(lambda loop, context: None)  # a dead host's tasks leave nobody to be told
        host.life.at_end = task.cancel
        with at_work(host.clock):
            await work

    try:
        asyncio.run(main())
    except (HostDied, asyncio.CancelledError):
        if not host.life.is_over:
            raise
