"""The role of a cycler, and what it says about a test that runs on one of its channels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

from galvanaut.instruments.readings import Identity

if TYPE_CHECKING:
    import pandas as pd

    from galvanaut.instruments.cycling.plan import TestPlan
    from galvanaut.instruments.envelope import Envelope

RunState = Literal["running", "ended", "stopped", "tripped", "interrupted", "unknown"]
"""``ended``: all steps done. ``stopped``: by request. ``tripped``: by an interlock, a protection or a fault; safe.
``interrupted``: found off after a restart, safe, and not switched on again. ``unknown``: nobody can tell; not safe."""


@dataclass(frozen=True)
class RunHandle:
    """One test on one channel.

    Attributes:
        channel: as the cycler names it.
        test: names the test for ever, also to a later process.
        sample: which cell.
    """

    channel: str
    test: str
    sample: str


class Row(NamedTuple):
    """One reading of a test.

    Attributes:
        number: from 0, without gaps, also across processes.
        time_s: since the beginning of the test.
        unix_time_s: since the epoch, by the bench's clock.
        voltage_V: of the cell; not a number where the instrument cannot see it at rest.
        current_A: into the cell.
        temperature_degC: not a number if it was not measured.
        step: position in the program, from 0.
        step_count: of the steps taken so far, also repeated ones, from 1.
        cycle: from 1.
        step_time_s: spent in the step, without interruptions, see `galvanaut.core.bdf.STEP_TIME`; not a number where
            nobody knows.
    """

    number: int
    time_s: float
    unix_time_s: float
    voltage_V: float
    current_A: float
    temperature_degC: float
    step: int
    step_count: int
    cycle: int
    step_time_s: float = nan


class RunStatus(NamedTuple):
    """Where a test stands.

    Attributes:
        state: see `RunState`.
        row: the last reading; None before the first.
        step_number: counts the steps taken, from 1.
        cycle: from 1.
        next_s: when to poll next, s from now.
        alarm: what is wrong and what to do, in sentences; empty if nothing is.
        finished: number of the last complete cycle and its charge in and out, Ah; None before the first.
        current_cycle: the same of the cycle under way.
        reason: why it ended before its last step, e.g. a stop rule; empty if it did not.
        remark: what a reader of its readings has to know, e.g. a gap, in sentences; empty if nothing.
        is_due: readings and state have to be on disk before the next poll: the instrument is about to forget.
        is_kept: the instrument keeps its readings until then, also for a later process.
    """

    state: RunState
    row: Row | None
    step_number: int
    cycle: int
    next_s: float
    alarm: str = ""
    finished: tuple[int, float, float] | None = None
    current_cycle: tuple[int, float, float] | None = None
    reason: str = ""
    remark: str = ""
    is_due: bool = False
    is_kept: bool = False


class Cycler(Protocol):
    """Runs a test plan on a cell, step by step.

    Either the host takes the steps and polls (a source meter under `galvanaut.instruments.cycling.HostCycler`), or the
    instrument takes them by itself and goes on while the host is gone. Both refuse a plan that exceeds the envelope.
    """

    def identify(self) -> Identity:
        """See `Instrument.identify`."""
        ...

    def make_safe(self) -> None:
        """No cell is driven any more; may be repeated. What could not be made sure of is raised."""
        ...

    def channels(self) -> Sequence[str]:
        """Names of its channels."""
        ...

    def check(self, plan: TestPlan, envelope: Envelope) -> None:
        """Whether it could run this plan; sends nothing.

        Raises:
            InputError: it could not; every reason with its place in the plan.
        """
        ...

    def start(self, channel: str, plan: TestPlan, envelope: Envelope, sample: str, test: str = "") -> RunHandle:
        """Begin a test.

        Args:
            channel: one of `channels`.
            plan: what to do.
            envelope: hard limits of the cell in that channel.
            sample: which cell it is.
            test: names the test for ever; by default made from sample and instant.

        Raises:
            InputError: the plan does not suit envelope or instrument; nothing was sent.
            RefusedError: the channel is busy, or there is no cell within the envelope; no current flows.
            InstrumentError: the limits are not in force, or it did not start; the channel was made safe.
        """
        ...

    def attach(
        self, run: RunHandle, plan: TestPlan, envelope: Envelope, state: Mapping[str, Any], rows: Sequence[Row] = ()
    ) -> RunStatus:
        """Take up a test that an earlier process has begun. What does not run any more is never switched on.

        Args:
            run: of the test.
            plan: as it was started.
            envelope: as it was started.
            state: what `state` gave last.
            rows: the readings on record since then.
        """
        ...

    def resume(self, run: RunHandle) -> RunStatus:
        """Go on with a test that is interrupted, in its step; limits and cell are looked at as at a start.

        Raises:
            RefusedError: it is not interrupted, or there is no cell within the envelope; no current flows.
            InstrumentError: the limits are not in force; the channel was made safe.
        """
        ...

    def state(self, run: RunHandle) -> Mapping[str, Any]:
        """What `attach` needs in a later process, as plain JSON."""
        ...

    def poll(self, run: RunHandle) -> RunStatus:
        """Look after a test; to be repeated after `RunStatus.next_s`. Faults of the instrument are in the status."""
        ...

    def rows(self, run: RunHandle, since: int = 0) -> Sequence[Row]:
        """The readings from number ``since`` on. What was before it counts as kept by the caller and is forgotten."""
        ...

    def records(self, run: RunHandle, since: int = 0) -> pd.DataFrame:
        """`rows` as a table with the number as index and the other fields of `Row` as columns."""
        ...

    def stop(self, run: RunHandle, reason: str) -> RunStatus:
        """End a test early and leave its cell without current."""
        ...
