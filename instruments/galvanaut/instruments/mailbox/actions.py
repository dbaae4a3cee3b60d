"""From the request of a job, as it stands in letters and in the journal, back to the action that carries it out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from galvanaut.core.errors import InputError
from galvanaut.instruments.cycling.plan import TestPlan
from galvanaut.instruments.jobs import (
    AssembleCell,
    AwaitRecord,
    CycleTest,
    Dose,
    Empty,
    MeasureImpedance,
    MeasureResistance,
    PutRight,
    PutUpBottles,
    Settle,
    Transfer,
    UnloadCell,
)

if TYPE_CHECKING:
    from galvanaut.instruments.jobs import Action
    from galvanaut.instruments.telemetry.recorder import Recorder


@dataclass(frozen=True)
class Surroundings:
    """What an action needs and its request does not say.

    Attributes:
        recorder: keeps the readings of tests.
        records: folder of sealed records, with a folder for each campaign in it.
    """

    recorder: Recorder
    records: Path


_PLAIN: Mapping[str, Callable[..., Action]] = {
    "assemble": AssembleCell,
    "bottles": PutUpBottles,
    "dose": Dose,
    "empty": Empty,
    "impedance": MeasureImpedance,
    "put right": PutRight,
    "resistance": MeasureResistance,
    "settle": Settle,
    "transfer": Transfer,
    "unload": UnloadCell,
}
"""Kinds whose request holds their fields and nothing else."""


def action_of(request: Mapping[str, Any], campaign: str, around: Surroundings) -> Action:
    """The action that makes this request.

    Args:
        request: from `Action.request`.
        campaign: whose job it is.
        around: of the station.

    Raises:
        InputError: no such kind, or its fields are not those of the kind.
    """
    fields = {name: value for name, value in request.items() if name != "kind"}
    kind = str(request.get("kind"))
    try:
        action = _made(kind, fields, campaign, around)
    except (TypeError, KeyError, ValueError) as error:
        raise InputError(f"request of kind {kind!r}", f"cannot be read ({error}); use one version everywhere") from None
    if action.request() != request:
        raise InputError(f"request of kind {kind!r}", "comes out as another one; use one version everywhere")
    return action


def _made(kind: str, fields: dict[str, Any], campaign: str, around: Surroundings) -> Action:
    if kind in _PLAIN:
        return _PLAIN[kind](**fields)
    if kind == "cycle":
        plan = TestPlan.model_validate(fields["plan"])
        return CycleTest(fields["holder"], plan, fields["sample"], around.recorder, fields.get("capacity_Ah"))
    if kind == "await record":
        return AwaitRecord(**fields, records=around.records / campaign)
    raise KeyError(f"there is no such kind of job as {kind}")
