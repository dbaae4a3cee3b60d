"""What dosing and transferring share: run a pump once, and after a crash find out how far it got."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from galvanaut.instruments.errors import BadReadingError, InstrumentError, NoReplyError
from galvanaut.instruments.jobs.action import Job, JobFailedError
from galvanaut.instruments.jobs.doubt import NOTE
from galvanaut.instruments.jobs.pumpdoubt import facts_of, has_lost_power, mass_by_hand, remember_power_cut
from galvanaut.instruments.roles import Balance, Pump

AGREEMENT, AGREEMENT_G = 0.1, 0.02
"""Pump and balance agree within this share of the stroke, or this mass: scatter of pumps, drift, evaporation."""
TOUCHED_G = 0.1
"""Change of weight between two steps that is no longer drift or evaporation (illustrative)."""
LISTENING_S = 10.0
"""A running pump is asked at least this often, so that one in safe mode (30 s or more) knows that the host lives."""
WEIGHING_S = 60.0
"""A balance that stands well is still within this time, before and after a stroke together (illustrative)."""
COMPLETE = 0.95
"""After an interruption, a share of the expected mass from which on the stroke counts as complete: pumps scatter by a
few per cent, and an as-made composition knows what was really given."""


@dataclass(frozen=True)
class Moved:
    """What a stroke has moved.

    Attributes:
        before_g, after_g: weights shown by the balance.
        by_hand_g: mass moved by a person's word, where balance and pump could not tell; else None.
    """

    before_g: float
    after_g: float
    by_hand_g: float | None = None

    @property
    def gained_g(self) -> float:
        """Mass that came into the vessel on the balance."""
        return self.after_g - self.before_g if self.by_hand_g is None else self.by_hand_g

    @property
    def lost_g(self) -> float:
        """Mass that left it."""
        return self.before_g - self.after_g if self.by_hand_g is None else self.by_hand_g

    def result(self, mass_g: float) -> Mapping[str, Any]:
        """For the journal; a person's number is marked as one."""
        mark = {} if self.by_hand_g is None else {"by_hand": ["mass_g"]}
        return {"mass_g": mass_g, "before_g": self.before_g, "after_g": self.after_g, **mark}


class _ContradictionError(Exception):
    """Why pump and balance cannot tell what became of a stroke, in words."""


async def pump_once(
    job: Job,
    pump: Pump,
    balance: Balance,
    volume_mL: float,
    expected_g: float,
    vessel_g: float | None = None,
    *,
    what: str,
) -> Moved:
    """Move ``volume_mL`` exactly once and weigh before and after.

    After a crash the pump is asked whether it still runs, and the balance how much has moved; only what is missing is
    pumped, as a stroke of its own whose intent is on disk first. If they contradict each other a person is asked.

    Args:
        job: the running job; ``before_g`` and ``stroke_mL`` are kept in its notes.
        pump: the dispenser.
        balance: under the vessel that gains or loses the liquid.
        volume_mL: to be moved.
        expected_g: change of mass that this should make, positive when the vessel gains.
        vessel_g: what the balance showed after the step before, if that is known.
        what: is moved, from where into where, for people.

    Raises:
        InDoubtError: after a crash the pump and the balance contradict each other, and nobody is there to be asked.
        JobFailedError: the vessel was touched since the step before, or the pump or the balance failed; the pump is
            stopped. Or a person has given a step in doubt up.
    """
    before_g = await job.once("before_g", balance.weigh_g)
    if NOTE in job.notes:
        return await _by_hand(job, pump, balance, expected_g, what, "")
    if vessel_g is not None and abs(before_g - vessel_g) > TOUCHED_G:
        raise JobFailedError(
            f"job {job.key}: the balance shows {before_g:.4f} g, after the step before it showed {vessel_g:.4f} g; "
            "something was added to the vessel or taken from it."
        )
    job.expects(volume_mL / pump.rate_mL_min * 60 + WEIGHING_S)
    missing_mL = volume_mL
    moved_g = 0.0
    if "stroke_mL" in job.notes:
        try:
            missing_mL, moved_g = await _missing_mL(job, pump, balance, volume_mL, expected_g)
        except _ContradictionError as why:
            return await _by_hand(job, pump, balance, expected_g, what, str(why))
    if missing_mL > 0:
        remember_power_cut(job, pump)
        await job.ask(pump.prepare, missing_mL)
        job.note(stroke_mL=missing_mL, before_stroke_g=moved_g)
    try:
        if missing_mL > 0:
            await _start(job, pump)
        await _until_stopped(job, pump, volume_mL)
        return Moved(before_g, await job.ask(balance.weigh_g))
    except InstrumentError as error:
        await _stop(job, pump, error)
        raise


async def _by_hand(job: Job, pump: Pump, balance: Balance, expected_g: float, what: str, why: str) -> Moved:
    """A person says how much was moved. The weight for the next step is what the balance shows after that."""
    facts = {} if NOTE in job.notes else await facts_of(job, what, pump, balance, vessel_gains=expected_g > 0)
    mass_g = await mass_by_hand(job, what, expected_g, why, facts)
    return Moved(job.notes["before_g"], await job.ask(balance.weigh_g), mass_g)


async def _start(job: Job, pump: Pump) -> None:
    """One start command. If its reply is lost or garbled the pump may run or not: state and balance will tell."""
    try:
        await job.call(pump.start)
    except (NoReplyError, BadReadingError) as error:
        job.note(start_unanswered=str(error))


async def _stop(job: Job, pump: Pump, cause: InstrumentError) -> None:
    """Leave no pump running behind a failed job."""
    try:
        await job.ask(pump.stop)
    except InstrumentError as error:
        raise JobFailedError(
            f"job {job.key}: {cause}. The pump could not be stopped either ({error}) and may be running: go and look."
        ) from None


async def _missing_mL(
    job: Job, pump: Pump, balance: Balance, volume_mL: float, expected_g: float
) -> tuple[float, float]:
    """What a stroke that a dead host began has not given and will not give by itself, and the mass moved so far.

    The balance has the last word on what moved. If the pump counts more than arrived, nobody knows where it went.

    Raises:
        _ContradictionError: nobody can tell.
    """
    if has_lost_power(job, pump):
        raise _ContradictionError(
            "the pump lost its power during the stroke, so its count is gone, and a balance on the same mains may have "
            "zeroed itself"
        )
    if await job.ask(pump.state) == "infusing":
        return 0.0, 0.0
    pumped_mL = await job.ask(pump.dispensed_mL)
    moved_g = (await job.ask(balance.weigh_g) - job.notes["before_g"]) * (1 if expected_g > 0 else -1)
    job.note(after_restart={"pumped_mL": pumped_mL, "moved_g": moved_g})
    counted_g = job.notes["before_stroke_g"] + pumped_mL / volume_mL * abs(expected_g)
    if counted_g - moved_g > max(AGREEMENT_G, AGREEMENT * abs(expected_g)):
        raise _ContradictionError(
            f"by the pump's count {counted_g:.4f} g moved, the balance saw {moved_g:.4f} g of {abs(expected_g):.4f} g"
        )
    share = max(0.0, moved_g / abs(expected_g))
    step_mL = pump.volume_step_mL(volume_mL)
    missing_mL = round(volume_mL * (1 - share) / step_mL) * step_mL
    enough = share >= COMPLETE or missing_mL < pump.volume_min_mL
    return (0.0 if enough else missing_mL), moved_g


async def _until_stopped(job: Job, pump: Pump, volume_mL: float) -> None:
    duration_s = volume_mL / pump.rate_mL_min * 60
    limit_s = 3 * duration_s + 30
    deadline = job.now() + limit_s
    until = job.now() + duration_s
    await job.sleep(min(duration_s, LISTENING_S))
    while (state := await job.ask(pump.state)) == "infusing":
        if job.now() > deadline:
            await job.ask(pump.stop)
            raise JobFailedError(
                f"job {job.key}: the pump still ran after {limit_s:.0f} s for {volume_mL:g} mL at "
                f"{pump.rate_mL_min:g} mL/min and was stopped; check its rate and diameter."
            )
        await job.sleep(min(max(until - job.now(), 1.0), LISTENING_S))
    if state != "stopped":
        await job.ask(pump.stop)
        raise JobFailedError(f"job {job.key}: the pump is {state} instead of stopped; was a key pressed on it?")
