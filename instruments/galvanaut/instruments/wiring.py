"""What an instrument is connected to, and whether that makes sense on its bench."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from galvanaut.instruments.drivers.registry import is_virtual, sharing
from galvanaut.instruments.roles import Role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from galvanaut.instruments.bench import Bench, InstrumentEntry
    from galvanaut.instruments.drivers.registry import ThermometerDriver

Place = tuple[str, ...]

ROOM = "room"
"""Where a thermometer is that watches nothing on the bench."""


class Wiring(BaseModel):
    """Connections of one instrument.

    Attributes:
        draws: stock or vessel that a pump draws from.
        into: vessel that a pump fills.
        weighs: vessel that stands on a balance.
        houses: vessel or cell holder inside a chamber, or a list of them.
        connects: vessel whose electrodes an impedance meter is wired to.
        channel: cell holder that a source meter, a battery tester or a cycler is wired to.
        fills_from: vessel that an assembler takes electrolyte from.
        loads: cell holders that an assembler puts cells into.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    draws: str | None = None
    into: str | None = None
    weighs: str | None = None
    houses: str | Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    connects: str | None = None
    channel: str | None = None
    fills_from: str | None = None
    loads: Annotated[tuple[str, ...], Field(min_length=1)] | None = None

    @property
    def housed(self) -> tuple[str, ...]:
        """All places inside a chamber."""
        return tuple(_names(self.houses))

    def words(self) -> dict[str, str]:
        """The connections in words, e.g. ``{"houses": "cell_1, cell_2"}``."""
        return {word: ", ".join(_names(target)) for word, target in self if target is not None}


WORDS: dict[Role, tuple[str, ...]] = {
    "pump": ("draws", "into"),
    "balance": ("weighs",),
    "chamber": ("houses",),
    "impedance meter": ("connects",),
    "source meter": ("channel",),
    "battery tester": ("channel",),
    "thermometer": (),
    "cycler": ("channel",),
    "assembler": ("fills_from", "loads"),
}
"""What each role has to be wired with, and no more."""

_TARGETS: dict[str, str] = {
    "draws": "stock or vessel",
    "houses": "vessel or holder",
    "channel": "holder",
    "loads": "holder",
}
"""What a word may name, if it is not just a vessel."""


def check_wiring(bench: Bench) -> None:
    """Look at the bench as a whole.

    Raises:
        ValidationError: every problem at its place in the file.
    """
    problems = [*_names_used_twice(bench), *_resources_used_twice(bench), *_holders_served_twice(bench)]
    for name, entry in bench.instruments.items():
        problems += _wiring_problems(bench, name, entry)
        problems += _place_problems(bench, name, entry)
        problems += _reality_problems(bench, name, entry)
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
    for name in bench.file_cyclers:
        if name in bench.instruments:
            yield ("file_cyclers", name), f"{name} is also the name of an instrument", name
    for name in bench.holders:
        if name in bench.stocks or name in bench.vessels:
            yield ("holders", name), f"{name} is also the name of a {_kind(bench, name)}", name
    for kind, names in (("vessels", bench.vessels), ("holders", bench.holders)):
        for name in names:  # jobs reserve instruments, vessels and holders alike, by name
            if name in bench.instruments:
                yield (kind, name), f"{name} is also the name of an instrument; give one of them another name", name


def _resources_used_twice(bench: Bench) -> Iterator[tuple[Place, str, Any]]:
    owners: dict[str, str] = {}
    parts: dict[tuple[str, object], str] = {}
    for name, entry in bench.instruments.items():
        owner = owners.setdefault(entry.resource.upper(), name)
        driver = sharing(entry.driver_class)
        if driver is None or bench.instruments[owner].driver != entry.driver:
            if owner != name:
                text = f"{entry.resource} is already the resource of {owner}; each instrument needs its own"
                yield ("instruments", name, "resource"), text, entry.resource
            continue
        setting = driver.shares_resource
        part = getattr(entry.parsed_settings(), setting)
        owner = parts.setdefault((entry.resource.upper(), part), name)
        if owner != name:
            text = f"{owner} already has {setting} {part} of {entry.resource}"
            yield ("instruments", name, "settings"), text, part


def _holders_served_twice(bench: Bench) -> Iterator[tuple[Place, str, Any]]:
    drives: dict[str, str] = {}
    loads: dict[str, str] = {}
    for name, entry in bench.instruments.items():
        holder = entry.wiring.channel
        if entry.role in ("source meter", "cycler") and holder is not None:
            owner = drives.setdefault(holder, name)
            if owner != name:
                text = f"{owner} already drives the cell in {holder}; two sources would drive each other"
                yield ("instruments", name, "wiring", "channel"), text, holder
        for holder in entry.wiring.loads or ():
            owner = loads.setdefault(holder, name)
            if owner != name:
                text = f"{owner} already loads {holder}; neither would know what the other has put into it"
                yield ("instruments", name, "wiring", "loads"), text, holder


def _wiring_problems(bench: Bench, name: str, entry: InstrumentEntry) -> Iterator[tuple[Place, str, Any]]:
    expected = WORDS[entry.role]
    place = ("instruments", name, "wiring")
    for word, target in entry.wiring.model_dump().items():
        if word in expected and target is None:
            yield place, f"{_a(entry.role)} needs {' and '.join(expected)}; {word} is missing", target
        elif word not in expected and target is not None:
            only = f"only {' and '.join(expected)}" if expected else "and no other wiring"
            yield (*place, word), f"{_a(entry.role)} has no {word}, {only}", target
        else:
            yield from _target_problems(bench, word, _names(target), (*place, word))
    if entry.wiring.draws is not None and entry.wiring.draws == entry.wiring.into:
        yield place, f"draws from {entry.wiring.draws} into itself", entry.wiring.into


def _target_problems(bench: Bench, word: str, targets: list[str], place: Place) -> Iterator[tuple[Place, str, Any]]:
    for number, target in enumerate(targets):
        if target in targets[:number]:
            yield place, f"names {target} more than once", target
        elif target not in _targets(bench, word):
            known = ", ".join(_targets(bench, word)) or "none"
            kind = _TARGETS.get(word, "vessel")
            yield place, f"{target!r} is not a {kind} of this bench; known are {known}", target


def _place_problems(bench: Bench, name: str, entry: InstrumentEntry) -> Iterator[tuple[Place, str, Any]]:
    """A place with a name that nothing on the bench has would be watched for nobody."""
    if entry.role != "thermometer":
        return
    driver = cast("type[ThermometerDriver]", entry.driver_class)
    chambers = [each for each, other in bench.instruments.items() if other.role == "chamber"]
    known = {"voltages": list(bench.holders), "temperatures": [*bench.holders, *bench.vessels, *chambers, ROOM]}
    for setting, places in driver.places(entry.parsed_settings()).items():
        for place in places:
            if place not in known[setting]:
                names = ", ".join(known[setting]) or "none"
                kind = "holder" if setting == "voltages" else f"holder, vessel or chamber of this bench, nor {ROOM!r}"
                text = f"{place!r} is no {kind}; known are {names}"
                yield ("instruments", name, "settings", setting), text, place


def _reality_problems(bench: Bench, name: str, entry: InstrumentEntry) -> Iterator[tuple[Place, str, Any]]:
    """A cell that a program has made up must never be taken for one on a real bench."""
    if is_virtual(entry.driver_class) and not bench.is_synthetic:
        text = f"{entry.driver} exists on simulated benches only; leave it out, and people get work orders instead"
        yield ("instruments", name, "driver"), text, entry.driver


def _a(role: Role) -> str:
    return f"an {role}" if role[0] in "aeiou" else f"a {role}"


def _names(target: str | tuple[str, ...] | None) -> list[str]:
    if target is None:
        return []
    return [target] if isinstance(target, str) else list(target)


def _targets(bench: Bench, word: str) -> list[str]:
    kinds = _TARGETS.get(word, "vessel").split(" or ")
    names = {"stock": list(bench.stocks), "vessel": list(bench.vessels), "holder": list(bench.holders)}
    return [name for kind in kinds for name in names[kind]]


def _kind(bench: Bench, name: str) -> str:
    return "stock" if name in bench.stocks else "vessel"
