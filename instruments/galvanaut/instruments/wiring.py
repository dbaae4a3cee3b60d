"""What an instrument is connected to, and whether that makes sense on its bench."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from galvanaut.instruments.roles import Role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from galvanaut.instruments.bench import Bench, InstrumentEntry

Place = tuple[str, ...]


class Wiring(BaseModel):
    """Connections of one instrument.

    Attributes:
        draws: stock or vessel that a pump draws from.
        into: vessel that a pump fills.
        weighs: vessel that stands on a balance.
        houses: vessel or cell holder inside a chamber.
        connects: vessel whose electrodes an impedance meter is wired to.
        channel: cell holder that a source meter or a battery tester is wired to.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    draws: str | None = None
    into: str | None = None
    weighs: str | None = None
    houses: str | None = None
    connects: str | None = None
    channel: str | None = None


WORDS: dict[Role, tuple[str, ...]] = {
    "pump": ("draws", "into"),
    "balance": ("weighs",),
    "chamber": ("houses",),
    "impedance meter": ("connects",),
    "source meter": ("channel",),
    "battery tester": ("channel",),
    "thermometer": (),
}
"""What each role has to be wired with, and no more."""

_TARGETS: dict[str, str] = {"draws": "stock or vessel", "houses": "vessel or holder", "channel": "holder"}
"""What a word may name, if it is not just a vessel."""


def check_wiring(bench: Bench) -> None:
    """Look at the bench as a whole.

    Raises:
        ValidationError: every problem at its place in the file.
    """
    problems = [*_names_used_twice(bench), *_resources_used_twice(bench), *_cells_driven_twice(bench)]
    for name, entry in bench.instruments.items():
        problems += _wiring_problems(bench, name, entry)
    if problems:
        details: list[InitErrorDetails] = [
            {"type": PydanticCustomError("value_error", "{text}", {"text": text}), "loc": place, "input": found}
            for place, text, found in problems
        ]
        raise ValidationError.from_exception_data("Bench", details)


def _names_used_twice(bench: Bench) -> Iterator[tuple[Place, str, Any]]:
    for name in bench.vessels:
        if name in bench.stocks:
            yield ("vessels", name), f"{name} is also the name of a stock", name
    for name in bench.holders:
        if name in bench.stocks or name in bench.vessels:
            yield ("holders", name), f"{name} is also the name of a {_kind(bench, name)}", name


def _resources_used_twice(bench: Bench) -> Iterator[tuple[Place, str, Any]]:
    owners: dict[str, str] = {}
    for name, entry in bench.instruments.items():
        owner = owners.setdefault(entry.resource.upper(), name)
        if owner != name:
            text = f"{entry.resource} is already the resource of {owner}; each instrument needs its own"
            yield ("instruments", name, "resource"), text, entry.resource


def _cells_driven_twice(bench: Bench) -> Iterator[tuple[Place, str, Any]]:
    owners: dict[str, str] = {}
    for name, entry in bench.instruments.items():
        holder = entry.wiring.channel
        if entry.role != "source meter" or holder is None:
            continue
        owner = owners.setdefault(holder, name)
        if owner != name:
            text = f"{owner} already drives the cell in {holder}; two sources would drive each other"
            yield ("instruments", name, "wiring", "channel"), text, holder


def _wiring_problems(bench: Bench, name: str, entry: InstrumentEntry) -> Iterator[tuple[Place, str, Any]]:
    expected = WORDS[entry.role]
    place = ("instruments", name, "wiring")
    for word, target in entry.wiring.model_dump().items():
        if word in expected and target is None:
            yield place, f"a {entry.role} needs {' and '.join(expected)}; {word} is missing", target
        elif word not in expected and target is not None:
            only = f"only {' and '.join(expected)}" if expected else "and no other wiring"
            yield (*place, word), f"a {entry.role} has no {word}, {only}", target
        elif target is not None and target not in _targets(bench, word):
            known = ", ".join(_targets(bench, word)) or "none"
            kind = _TARGETS.get(word, "vessel")
            yield (*place, word), f"{target!r} is not a {kind} of this bench; known are {known}", target
    if entry.wiring.draws is not None and entry.wiring.draws == entry.wiring.into:
        yield place, f"draws from {entry.wiring.draws} into itself", entry.wiring.into


def _targets(bench: Bench, word: str) -> list[str]:
    kinds = _TARGETS.get(word, "vessel").split(" or ")
    names = {"stock": list(bench.stocks), "vessel": list(bench.vessels), "holder": list(bench.holders)}
    return [name for kind in kinds for name in names[kind]]


def _kind(bench: Bench, name: str) -> str:
    return "stock" if name in bench.stocks else "vessel"
