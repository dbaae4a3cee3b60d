"""Who is there: the VISA resources that a computer finds, and the drivers that recognise what answers.

Only questions are sent, and of these only such as ask for a name, a version or a serial number. An instrument that
none of the drivers knows may take any text for a command all the same; that is why serial lines, where anything may
hang (a stage, a heater, a printer), are asked only if the caller says so.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from galvanaut.instruments.drivers import Driver, driver_class, driver_names
from galvanaut.instruments.errors import BadReadingError, InstrumentError, NoReplyError
from galvanaut.instruments.link import Framing, Link, Trace

if TYPE_CHECKING:
    from pyvisa import ResourceManager

IDN = "*IDN?"
PATIENCE_S = 2.0
"""How long an instrument may take to say who it is (illustrative)."""
_NOBODY = "?"  # a driver that takes even this for an identity would recognise everything


@dataclass(frozen=True)
class Question:
    """One way to ask who is there.

    Attributes:
        text: what is sent, without terminator.
        framing: how it is sent, and how the reply ends.
        drivers: names of those that recognise their instruments by the reply.
    """

    text: str
    framing: Framing
    drivers: tuple[str, ...]

    @property
    def is_vague(self) -> bool:
        """Whether nearly every reply is an identity to one of the drivers."""
        return any(_framing(driver_class(name)).is_identity(_NOBODY) for name in self.drivers)

    def recognised(self, reply: str) -> tuple[str, ...]:
        """The drivers to whom this reply is the identity of their instrument."""
        return tuple(name for name in self.drivers if _framing(driver_class(name)).is_identity(reply))


@dataclass(frozen=True)
class Found:
    """What is known about one resource.

    Attributes:
        resource: VISA resource name.
        identity: what it said it is; empty if nothing that identifies it.
        drivers: those that recognise it, best first.
        note: why there is no identity, or what else happened; may be empty.
    """

    resource: str
    identity: str = ""
    drivers: tuple[str, ...] = ()
    note: str = ""


def questions() -> list[Question]:
    """All questions of the installed drivers: ``*IDN?``, and what drivers declare as their ``scan_question``.

    Questions whose reply nearly everything could be come last.
    """
    kinds = {name: driver_class(name) for name in driver_names()}
    scpi = tuple(name for name, kind in kinds.items() if _framing(kind).probe == IDN)
    # CR LF: some wait for CR, and to the others CR is white space. The reply may end with either.
    idn = Question(IDN, Framing(write_end=b"\r\n", read_end=b"\n", probe=IDN, is_identity=bool), scpi)
    own = []
    for name, kind in kinds.items():
        if (text := getattr(kind, "scan_question", None)) is not None:
            own.append(Question(text, replace(_framing(kind), packets=None), (name,)))
    return [idn, *sorted(own, key=lambda question: question.is_vague)]


def questions_for(resource: str) -> list[Question]:
    """What a resource is asked, in this order.

    GPIB, USB and VXI-11 instruments are asked ``*IDN?`` only. On a serial line it comes after the others: what an
    instrument leaves unread of it would spoil the next question.
    """
    every = questions()
    if resource.upper().startswith("ASRL"):
        clear = [question for question in every[1:] if not question.is_vague]
        return [*clear, every[0], *(question for question in every[1:] if question.is_vague)]
    return every if resource.upper().endswith("::SOCKET") else every[:1]


def ask_who(manager: ResourceManager, resource: str, trace: Trace | None = None) -> Found:
    """Ask one resource who it is. Each question has a connection of its own, so none gets another one's reply."""
    note, stranger = "silent", ""
    for question in questions_for(resource):
        try:
            reply, alarm = _reply(manager, resource, question, trace)
        except NoReplyError as error:
            if error.command is None:  # it could not even be opened
                return Found(resource, note=error.problem)
            if "no reply" not in error.problem:
                note = error.problem
            continue
        except BadReadingError as error:
            note = f"{error.problem} {error.reply!r} to {question.text!r}"
            continue
        recognised = question.recognised(reply)
        if recognised:
            return Found(resource, reply.strip(), recognised, "" if alarm is None else f"reported an alarm: {alarm}")
        if question.text == IDN and "," in reply:  # without a comma it is no identity of IEEE 488.2
            stranger = reply.strip()
        note = f"answers {reply.strip()!r} to {question.text!r}"
    return Found(resource, stranger, note="no driver for it" if stranger else note)


def list_resources(manager: ResourceManager) -> list[str]:
    """What the VISA library finds: serial ports, USB and GPIB instruments, and whatever else it can discover."""
    return list(manager.list_resources("?*"))


def optional_settings(driver: str) -> list[str]:
    """Settings of a driver that have a default."""
    fields = driver_class(driver).Settings.model_fields
    return [field.alias or name for name, field in fields.items() if not field.is_required()]


def required_settings(driver: str) -> list[tuple[str, str]]:
    """Settings that a bench file has to give to a driver, each with its unit (empty if it has none)."""
    from galvanaut.core.units import Unit

    found = []
    for name, field in driver_class(driver).Settings.model_fields.items():
        if field.is_required():
            units = [each.unit for each in field.metadata if isinstance(each, Unit)]
            found.append((field.alias or name, units[0] if units else ""))
    return found


def _reply(manager: ResourceManager, resource: str, question: Question, trace: Trace | None) -> tuple[str, str | None]:
    """The reply, and the alarm that came in its place at first: it is reported only once, so the name comes next."""
    framing = replace(question.framing, timeout_s=PATIENCE_S)
    link = Link.open(manager, resource, framing, resource, trace=trace)
    try:
        reply = link.query(question.text)
        alarm = framing.alarm_in(reply)
        return (reply, None) if alarm is None else (link.query(question.text), alarm)
    finally:
        _leave(link)


def _leave(link: Link) -> None:
    try:
        link.close()
    except InstrumentError:
        return  # it may have been unplugged meanwhile; whatever it said stands


def _framing(kind: type[Driver]) -> Framing:
    """With the default settings; those that a file must give say nothing about how an instrument talks."""
    defaults: Any = kind.Settings.model_construct()
    return kind.framing(defaults)


def unused_names(drivers: Sequence[str]) -> list[str]:
    """A name in a bench file for each instrument, after its driver: ``keithley_2450``, ``keithley_2450_2``."""
    names: list[str] = []
    for driver in drivers:
        stem = driver.replace("-", "_")
        every = itertools.chain([stem], (f"{stem}_{number}" for number in itertools.count(2)))
        names.append(next(name for name in every if name not in names))
    return names
