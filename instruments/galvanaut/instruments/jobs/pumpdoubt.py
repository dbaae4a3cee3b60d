"""A stroke of a pump that is in doubt: what a person is asked, and what the answer means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from galvanaut.instruments.errors import InstrumentError
from galvanaut.instruments.jobs.action import JobFailedError
from galvanaut.instruments.jobs.doubt import Question, settled
from galvanaut.instruments.orders import Asked, Choice

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from galvanaut.instruments.jobs.action import Job
    from galvanaut.instruments.roles import Balance, Pump

PLAUSIBLE = 2.0
"""Nobody finds more than so many times the mass asked for, unless a unit or a point is wrong (illustrative)."""
LOST_POWER = "lost_power"
"""Note on a stroke whose pump lost its power during it, where the pump itself has forgotten that since."""
MOVED, NOTHING, DISCARD = "moved", "nothing", "discard"


async def mass_by_hand(job: Job, what: str, expected_g: float, why: str, facts: Mapping[str, str]) -> float:
    """The mass that a stroke in doubt has moved, g, by a person's word.

    Args:
        job: in doubt.
        what: was to be pumped, from where into where.
        expected_g: change of the balance that this should have made.
        why: nobody can tell.
        facts: what is known.

    Raises:
        InDoubtError: nobody is there to be asked.
        JobFailedError: by the person's word nothing moved, or the batch is thrown away.
    """
    answer = await settled(job, _question(what, abs(expected_g)), why, facts)
    if answer.choice == NOTHING:
        raise JobFailedError(
            f"job {job.key}: was in doubt; by hand: nothing of {what} was moved. It is not pumped again, so the batch "
            "is given up."
        )
    if answer.choice == DISCARD:
        raise JobFailedError(f"job {job.key}: was in doubt; by hand: the batch is thrown away.")
    return answer.values["mass"] / 1000


def has_lost_power(job: Job, pump: Pump) -> bool:
    """Whether the pump lost its power during the stroke that the job has begun."""
    return pump.was_power_cycled or LOST_POWER in job.notes


def remember_power_cut(job: Job, pump: Pump) -> None:
    """Before `job` prepares a stroke, which makes the pump forget a cut of its power: open strokes must not forget it.

    They are those that a dead host has left, and those that were broken off.
    """
    if not pump.was_power_cycled:
        return
    names = [name for name in job.bench.names("pump") if job.bench.pump(name) is pump]
    for each in job.others():
        if each.state == "intended" and "stroke_mL" in each.notes and each.request.get("pump") in names:
            job.note_on(each, **{LOST_POWER: True})


async def facts_of(job: Job, what: str, pump: Pump, balance: Balance, vessel_gains: bool) -> dict[str, str]:
    """What the instruments say about a stroke in doubt, in words; one that does not answer says so."""
    is_gone = has_lost_power(job, pump)
    return {
        "asked for": what,
        "balance before": f"{job.notes['before_g']:.4f} g",
        "balance now": await _told(job, balance.weigh_g, "g"),
        "pump's count": "gone with its power" if is_gone else await _told(job, pump.dispensed_mL, "mL"),
        "the vessel": "should have gained" if vessel_gains else "should have lost",
    }


async def _told(job: Job, method: Callable[[], float], unit: str) -> str:
    try:
        return f"{await job.ask(method):.4f} {unit}"
    except InstrumentError as error:
        return f"not to be had: {error}"


def _question(what: str, expected_g: float) -> Question:
    mass = Asked("mass", "mg", 0.0, round(1000 * PLAUSIBLE * expected_g, 1))
    return Question(
        title=f"Settle a doubt: how much of {what} was moved?",
        steps=(
            "Nothing is pumped again, whatever you answer. Do not tare the balance.",
            "Look at the bottle, the line and the vessel: is there a leak, an air bubble, a puddle?",
            f"Compare with the balance; {expected_g:.4f} g were expected.",
            "Answer. If you cannot tell, let the batch be thrown away.",
        ),
        choices=(
            Choice(
                MOVED, f"It was moved, in whole or in part: write down how much ({expected_g:.4f} g asked for)", (mass,)
            ),
            Choice(NOTHING, "Nothing was moved; the batch cannot be finished and is given up"),
            Choice(DISCARD, "Throw the batch away"),
        ),
    )
