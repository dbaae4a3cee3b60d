"""The protocol of a plan in the words of other people's cyclers and models, as aurora-unicycler writes them.

Its exporters (0.4.6) are exact where a plan is plain and silent where they cannot follow: `losses` knows those places.
A plan is made plain first, by unicycler's own rules: zero is not set, and a C-rate comes before a current.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aurora_unicycler import CyclingProtocol, Loop, Tag

from galvanaut.core.errors import InputError, Problem
from galvanaut.instruments.cycling.losses import Target, refused, unsaid

if TYPE_CHECKING:
    from galvanaut.instruments.cycling.plan import TestPlan

SUFFIXES: dict[Target, str] = {
    "neware": ".xml",
    "biologic": ".mps",
    "tomato": ".json",
    "pybamm": ".json",
    "unicycler": ".json",
}
"""How the name of a file for each target ends."""

_NO_NAME = "$NAME"  # of a sample, in unicycler: to be filled in by whoever sends the protocol
_UNSET_BY_ZERO = ("rate_C", "current_mA", "until_rate_C", "until_current_mA", "until_time_s")


@dataclass(frozen=True)
class ForeignProtocol:
    """A file for another program.

    Attributes:
        content: the whole file.
        unsaid: what of the plan it does not say, place by place; the receiver has to set that by hand.
    """

    content: bytes
    unsaid: tuple[Problem, ...]


def foreign_protocol(
    plan: TestPlan, target: Target, *, name: str, capacity_Ah: float | None = None, source: object = "test plan"
) -> ForeignProtocol:
    """Translate a plan.

    Neware's file carries the time of day and a random identifier: two of the same plan differ in these.

    Args:
        plan: as written.
        target: whose words.
        name: of the sample, where the protocol has none of its own.
        capacity_Ah: what C-rates refer to, instead of the plan's own, Ah.
        source: what messages name: the file of the plan.

    Raises:
        InputError: the target cannot do what the plan asks for; every place is named.
    """
    protocol = _plain(plan, name, plan.capacity_Ah if capacity_Ah is None else capacity_Ah)
    problems = list(refused(protocol, target))
    if problems:
        raise InputError(source, problems)
    with _remarks() as remarks:
        try:
            content = _WRITERS[target](protocol)
        except (ValueError, RuntimeError) as error:
            raise InputError(source, _located(protocol, target, error)) from None
    told = [Problem("protocol", remark) for remark in remarks]
    return ForeignProtocol(content, (*unsaid(plan, protocol, target), *told))


def _plain(plan: TestPlan, name: str, capacity_Ah: float | None) -> CyclingProtocol:
    """The protocol with each thing said once; its steps keep their places."""
    tree = plan.protocol.model_dump()
    if tree["sample"]["name"].strip() in ("", _NO_NAME):
        tree["sample"]["name"] = name
    tree["sample"]["capacity_mAh"] = None if capacity_Ah is None else float(f"{1000 * capacity_Ah:.12g}")
    before: dict[str, Any] = {}
    for step in tree["method"]:
        step |= {key: None for key in _UNSET_BY_ZERO if step.get(key) == 0}
        for rate, current in (("rate_C", "current_mA"), ("until_rate_C", "until_current_mA")):
            if step.get(rate) is not None:
                step[current] = None
        if step["step"] == "constant_voltage" and before.get("until_voltage_V") == step["voltage_V"]:
            _direct(step, is_charge=(before["rate_C"] or before["current_mA"]) > 0)
        before = before if step["step"] == "tag" else step
    return CyclingProtocol.model_validate(tree)


def _direct(hold: dict[str, Any], *, is_charge: bool) -> None:
    """Neware and tomato take the direction of a hold from the sign of its last current; here the sign is free."""
    for key in ("until_rate_C", "until_current_mA"):
        if hold[key] is not None:
            hold[key] = abs(hold[key]) if is_charge else -abs(hold[key])


def _located(protocol: CyclingProtocol, target: Target, error: Exception) -> list[Problem]:
    """The steps that fail also when they are alone; the whole method if none does."""
    found = []
    for number, step in enumerate(protocol.method):
        if isinstance(step, Loop | Tag):
            continue
        try:
            _WRITERS[target](protocol.model_copy(update={"method": [step]}))
        except NotImplementedError:
            text = f"{step.step.replace('_', ' ')} has no counterpart in a file for {target}; choose another target"
            found.append(Problem(f"protocol.method.{number}.step", text))
        except (ValueError, RuntimeError) as reason:
            found.append(Problem(f"protocol.method.{number}", f"cannot be written for {target}: {reason}"))
    return found or [Problem("protocol.method", f"cannot be written for {target}: {error}")]


@contextmanager
def _remarks() -> Iterator[list[str]]:
    """What unicycler's exporters log meanwhile."""
    remarks: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            remarks.append(record.getMessage())

    logger, listener = logging.getLogger("aurora_unicycler"), Listener(logging.WARNING)
    propagated = logger.propagate
    logger.addHandler(listener)
    logger.propagate = False
    try:
        yield remarks
    finally:
        logger.removeHandler(listener)
        logger.propagate = propagated


def _biologic(protocol: CyclingProtocol) -> bytes:
    """As unicycler writes it on Windows, where EC-Lab runs."""
    return protocol.to_biologic_mps().replace("\n", "\r\n").encode("cp1252")


def _pybamm(protocol: CyclingProtocol) -> bytes:
    """The strings for ``pybamm.Experiment``, as a JSON list. They end a hold by the magnitude of its current."""
    tree = protocol.model_dump()
    for step in tree["method"]:
        for key in ("until_rate_C", "until_current_mA"):
            if step.get(key) is not None:
                step[key] = abs(step[key])
    return _utf8(json.dumps(CyclingProtocol.model_validate(tree).to_pybamm_experiment(), indent=2))


def _utf8(text: str) -> bytes:
    return (text if text.endswith("\n") else f"{text}\n").encode("utf-8")


_WRITERS: dict[Target, Callable[[CyclingProtocol], bytes]] = {
    "neware": lambda protocol: _utf8(protocol.to_neware_xml()),
    "biologic": _biologic,
    "tomato": lambda protocol: _utf8(protocol.to_tomato_mpg2()),
    "pybamm": _pybamm,
    "unicycler": lambda protocol: _utf8(protocol.to_json()),
}
