"""What was done for one trial, from the journal, as a person can do it again: the SOP."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Step:
    """One job of the journal.

    Attributes:
        job: its key, in words.
        trial: number; 0 before the first trial.
        request: what was to be done, with its ``kind``.
        result: of a job that is done.
        state: ``done``, ``failed`` or ``intended``.
        reason: why it failed.
        began, ended: s since the epoch, by the bench's clock.
    """

    job: str
    trial: int
    request: Mapping[str, Any]
    result: Mapping[str, Any]
    state: str
    reason: str
    began: float
    ended: float | None


@dataclass(frozen=True)
class Instruction:
    """One line of the SOP.

    Attributes:
        text: what was done, in words.
        took_s: how long; None if it did not end.
        job: key in the journal.
        failed: why it did not succeed; empty if it did.
        part: heading under which it stands.
    """

    text: str
    took_s: float | None
    job: str
    failed: str
    part: str

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return dict(vars(self))


NOT_RECORDED = (
    "how the batch was mixed, for how long and at what temperature",
    "how long it rested before it was used, and for how long it may be kept",
    "water content and acid content of the batch and of what it was made of",
    "atmosphere, and the humidity in it",
    "supplier and grade of each stock, unless they stand in the recipe card",
)
"""What a receiver wants to know and no instrument of the bench tells."""


def instructions(steps: Sequence[Step]) -> list[Instruction]:
    """Jobs in the order in which they were begun, each in words."""
    ordered = sorted(steps, key=lambda step: (step.began, step.job))
    return [
        Instruction(
            _WORDS.get(str(step.request.get("kind")), _anything)(step.request, step.result),
            None if step.ended is None else step.ended - step.began,
            step.job,
            step.reason if step.state == "failed" else "",
            _part(step),
        )
        for step in ordered
    ]


def _part(step: Step) -> str:
    if step.trial == 0:
        return "Calibrate"
    kind, name = step.request.get("kind"), step.job.split("/")[-2] if "/" in step.job else step.job
    if name in ("empty", "rinse", "drain"):
        return "Clean"
    if kind == "dose":
        return "Make the batch"
    if kind in ("assemble", "cycle", "unload", "await record", "resistance"):
        return "Build and test cells"
    return "Measure the liquid"


def _dose(asked: Mapping[str, Any], got: Mapping[str, Any]) -> str:
    lot = f", lot {asked['lot']}" if asked.get("lot") else ""
    weighed = f"; the balance showed {got['mass_g']:.4f} g more" if "mass_g" in got else ""
    return (
        f"Dose {asked['volume_mL']:g} mL of {asked['stock']}{lot} with {asked['pump']} into {asked['vessel']}: "
        f"{asked['expected_g']:.4f} g were expected{weighed}."
    )


def _transfer(asked: Mapping[str, Any], got: Mapping[str, Any]) -> str:
    weighed = f"; {got['mass_g']:.4f} g left {asked['source']}" if "mass_g" in got else ""
    return f"Push {asked['volume_mL']:g} mL from {asked['source']} through {asked['into']}{weighed}."


def _empty(asked: Mapping[str, Any], got: Mapping[str, Any]) -> str:
    rest = f"; {got['rest_g']:.4f} g stayed behind" if "rest_g" in got else ""
    return f"Pump {asked['source']} empty through {asked['into']}, with a stroke of {asked['volume_mL']:g} mL{rest}."


def _settle(asked: Mapping[str, Any], got: Mapping[str, Any]) -> str:
    reached = f"; it was {got['temperature_degC']:.3f} degC in the end" if "temperature_degC" in got else ""
    return (
        f"Bring {asked['chamber']} to {asked['temperature_degC']:g} degC and wait until it has stayed within "
        f"{asked['tolerance_K']:g} K for {asked['hold_s'] / 60:g} min{reached}."
    )


def _impedance(asked: Mapping[str, Any], got: Mapping[str, Any]) -> str:
    found = got.get("resistance_ohm", ())
    values = f": {', '.join(f'{value:.5g}' for value in found)} ohm" if found else ""
    return (
        f"Read the resistance of {asked['vessel']} {asked['readings']} times with {asked['meter']} at "
        f"{asked['temperature_degC']:g} degC within {asked['tolerance_K']:g} K{values}."
    )


def _assemble(asked: Mapping[str, Any], got: Mapping[str, Any]) -> str:
    volume_mL = asked.get("electrolyte_mL", asked.get("volume_mL"))
    amount = f" with {1000 * volume_mL:g} uL of the batch" if isinstance(volume_mL, int | float) else ""
    weighed = got.get("electrolyte_g")
    mass = f"; {1000 * weighed:.2f} mg went in" if isinstance(weighed, int | float) else ""
    return f"Build cell {got.get('cell', asked.get('cell', ''))}{amount} and put it into {asked.get('holder')}{mass}."


def _cycle(asked: Mapping[str, Any], got: Mapping[str, Any]) -> str:
    ended = f"; it ended after {got['time_s'] / 3600:.1f} h ({got.get('reason', 'ended')})" if "time_s" in got else ""
    return f"Run the test of {asked.get('sample', 'the cell')} in {asked.get('holder')} by its protocol{ended}."


def _unload(asked: Mapping[str, Any], got: Mapping[str, Any]) -> str:
    return f"Take the cell out of {asked.get('holder')}."


def _anything(asked: Mapping[str, Any], got: Mapping[str, Any]) -> str:
    return f"{str(asked.get('kind', 'a step')).capitalize()}; its request stands in the journal."


_WORDS: Mapping[str, Callable[[Mapping[str, Any], Mapping[str, Any]], str]] = {
    "dose": _dose,
    "transfer": _transfer,
    "empty": _empty,
    "settle": _settle,
    "impedance": _impedance,
    "assemble": _assemble,
    "cycle": _cycle,
    "unload": _unload,
}


def sop_text(title: str, recipe: str, batch: Sequence[Instruction], before: Sequence[Instruction], note: str) -> str:
    """The SOP as markdown.

    Args:
        title: of the campaign.
        recipe: in words.
        batch: of the trial.
        before: of the calibration.
        note: what was simulated, in words; empty on a real bench.
    """
    lines = [f"# SOP: {recipe}", "", f"From the campaign *{title}*, written from the steps that were executed.", ""]
    if note:
        lines += [f"**Simulated.** {note} Every number below is simulated or was set.", ""]
    lines += _part_lines("Before the first batch: calibrate the conductivity cell", before)
    for part in dict.fromkeys(each.part for each in batch):
        lines += _part_lines(part, [each for each in batch if each.part == part])
    lines += [
        "## Not recorded",
        "",
        "Nobody wrote these down; they have to be settled before somebody else begins:",
        "",
    ]
    return "\n".join([*lines, *(f"- {each}" for each in NOT_RECORDED), ""])


def _part_lines(heading: str, rows: Sequence[Instruction]) -> list[str]:
    if not rows:
        return []
    lines = [f"## {heading}", ""]
    for number, each in enumerate(rows, start=1):
        took = f" ({each.took_s / 60:.1f} min)" if each.took_s is not None else ""
        failed = f" **This failed: {each.failed}**" if each.failed else ""
        lines.append(f"{number}. {each.text}{took}{failed}")
    return [*lines, ""]
