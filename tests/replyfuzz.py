"""Damaged replies for every driver: each role method is played against a peer that answers as recorded, but not quite.

The good dialogues are recorded once from the simulated bench. A case restores the driver to the state before one call,
damages one or more replies of that call, and looks at how the call ends: with an `InstrumentError`, or with a value
that the instrument can have measured. Anything else is a finding. Nothing waits: a time-out is only counted.
"""

from __future__ import annotations

import itertools
import random
import traceback
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyvisa
from pydantic import BaseModel
from pyvisa.constants import ResourceAttribute, StatusCode
from pyvisa.errors import VisaIOError

from galvanaut.core.identifiers import generator
from galvanaut.instruments.drivers import driver_class
from galvanaut.instruments.errors import InstrumentError, RefusedError
from galvanaut.instruments.link import Link
from galvanaut.simulators.bench import SimulatedBench
from plainchemistry import PlainChemistry
from replydamage import Damage, damages
from replysubjects import DESCRIPTION, Call, calls_of

MESSAGES_MAX = 5000
"""More messages than this within one call: it would not end."""
WAIT_MAX_S = 1000.0
"""A call that can wait longer than this for a silent or babbling instrument hangs, for practical purposes."""

TEXTS_MAX = 20


class EndlessError(BaseException):
    """Raised inside a call that does not come to an end; no driver catches it."""


@dataclass(frozen=True)
class Exchange:
    """One message and what came back before the next message."""

    sent: bytes
    received: bytes


class Peer:
    """What a link takes for an open PyVISA resource."""

    timeout = 0.0
    read_termination = ""
    baud_rate = 0
    parity = None
    visalib = None

    def __init__(self, end: bytes) -> None:
        self.end = end[-1:]
        self.begin([], {}, None)

    def begin(self, dialogue: list[Exchange], known: dict[bytes, bytes], damage: Damage | None) -> None:
        """Play ``dialogue``; other messages are answered as in ``known``."""
        self._dialogue, self._known, self._damage = dialogue, known, damage
        self._place = self._messages = 0
        self._arrived = b""
        self.waited_s = 0.0
        self.log: list[tuple[bytes, bytes]] = []

    def write_raw(self, data: bytes) -> None:
        """Send bytes; the reply arrives at once."""
        self._count()
        place = self._place
        if place < len(self._dialogue) and self._dialogue[place].sent == data:
            reply = self._dialogue[place].received
            self._place += 1
        else:
            reply = self._known.get(data, b"")
        if self._damage is not None:
            reply = self._damage.reply(place, reply)
        self.log.append((data, reply))
        self._arrived += reply

    def read_raw(self) -> bytes:
        """Up to the end of the next reply; an unfinished one is lost at the time-out, as in PyVISA."""
        self._count()
        if self._damage is not None:
            self._arrived += self._damage.unasked()
        cut = self._arrived.find(self.end) + 1
        if cut == 0:
            self._arrived = b""
            self.waited_s += self.timeout / 1000
            raise VisaIOError(StatusCode.error_timeout)
        data, self._arrived = self._arrived[:cut], self._arrived[cut:]
        return data

    def get_visa_attribute(self, attribute: ResourceAttribute) -> int:
        """How much has arrived; no other attribute is asked for."""
        assert attribute == ResourceAttribute.asrl_avalaible_number
        return len(self._arrived)

    def go_on(self, dialogue: list[Exchange]) -> None:
        """Another dialogue, with what is still on its way from the one before."""
        self._dialogue, self._place = dialogue, 0

    def clear(self) -> None:
        """Device clear."""
        self._arrived = b""

    def close(self) -> None:
        """Nothing to let go."""

    def _count(self) -> None:
        self._messages += 1
        if self._messages > MESSAGES_MAX or self.waited_s > WAIT_MAX_S:
            raise EndlessError


class State:
    """The attributes of a driver and of what belongs to it, to be restored before each case."""

    def __init__(self, driver: Any) -> None:
        parts = [driver, *(part for part in vars(driver).values() if _is_ours(part))]
        self._kept = [(part, {name: _copy(value) for name, value in vars(part).items()}) for part in parts]

    def restore(self) -> None:
        """Bring all back."""
        for part, kept in self._kept:
            own = vars(part)
            own.clear()
            own.update((name, _copy(value)) for name, value in kept.items())


def _is_ours(part: object) -> bool:
    is_mutable = hasattr(part, "__dict__") and not isinstance(part, BaseModel)
    return is_mutable and type(part).__module__.startswith("galvanaut.instruments")


def _copy(value: Any) -> Any:
    return value.copy() if type(value) in (list, dict, set, deque) else value


@dataclass
class Scene:
    """One call of one driver, ready to be played again and again."""

    subject: str
    call: Call
    driver: Any
    peer: Peer
    state: State
    dialogue: list[Exchange]
    known: dict[bytes, bytes]
    was_refused: bool = False

    @property
    def name(self) -> str:
        """E.g. ``smu.measure``."""
        return f"{self.subject}.{self.call.name}"

    def play(self, damage: Damage | None) -> str | None:
        """One case; what is wrong with how it ended, or None. `was_refused` tells in which of the two good ways."""
        self.state.restore()
        self.peer.begin(self.dialogue, self.known, damage)
        self.was_refused = False
        try:
            value = self.call.act(self.driver)
        except InstrumentError:
            self.was_refused = True
            return None
        except EndlessError:
            return f"does not end ({self.peer.waited_s:g} s waited)"
        except Exception:
            return traceback.format_exc(limit=-3)
        return None if self.call.accepts(value) else f"accepted {value!r}"


@dataclass
class Findings:
    """What a run found.

    Attributes:
        cases: played.
        errors: cases that ended with an `InstrumentError`, as they may.
        count: cases that ended wrongly.
        texts: the first of them.
        waited_s: the longest that one call would have waited.
    """

    cases: int = 0
    errors: int = 0
    count: int = 0
    texts: list[str] = field(default_factory=list)
    waited_s: float = 0.0


def record_scenes(folder: Path) -> list[Scene]:
    """Record every call of every subject on a simulated bench of its own."""
    world = SimulatedBench.open(DESCRIPTION, folder / "world.db", seed=1, chemistry=PlainChemistry())
    manager = pyvisa.ResourceManager(world.visa_library())
    scenes = []
    try:
        _fill_the_cell(world, manager)
        for subject, entry in DESCRIPTION["instruments"].items():
            scenes += [_record(world, manager, subject, entry, call) for call in calls_of(entry["driver"])]
    finally:
        manager.close()
        world.close()
    for subject in {scene.subject for scene in scenes}:
        own = [scene for scene in scenes if scene.subject == subject]
        known = {one.sent: one.received for scene in own for one in scene.dialogue}
        for scene in own:
            scene.known.update(known)
    return scenes


def _fill_the_cell(world: SimulatedBench, manager: Any) -> None:
    """So that there is something to measure for the impedance meter."""
    entry = DESCRIPTION["instruments"]["pump"]
    kind = driver_class(entry["driver"])
    settings = kind.Settings.model_validate(entry["settings"])
    pump: Any = kind(Link.open(manager, entry["resource"], kind.framing(settings), "pump"), settings)
    pump.set_up()
    pump.prepare(10)
    pump.start()
    world.clock.spend(90)
    pump.link.close()


def _record(world: SimulatedBench, manager: Any, subject: str, entry: dict[str, Any], call: Call) -> Scene:
    kind = driver_class(entry["driver"])
    settings = kind.Settings.model_validate(entry["settings"])
    traffic: list[tuple[str, bytes]] = []
    framing = kind.framing(settings)
    link = Link.open(
        manager, entry["resource"], framing, subject, kind.model, lambda _, way, data: traffic.append((way, data))
    )
    driver: Any = kind(link, settings)
    driver.identify()
    driver.set_up()
    for act in call.before:
        act(driver)
        world.clock.spend(1.0)
    state = State(driver)
    first = len(traffic)
    with suppress(RefusedError):  # what a tester says whose leads are not shorted is a good dialogue, too
        call.act(driver)
    dialogue = _exchanges(traffic[first:])
    probe = framing.probe
    link.query(probe)
    known = {one.sent: one.received for one in _exchanges(traffic)}
    driver.make_safe()
    link.close()
    state.restore()
    peer = Peer(framing.read_end)
    link._resource, link._trace = peer, None
    return Scene(subject, call, driver, peer, State(driver), dialogue, known)


def _exchanges(traffic: Iterable[tuple[str, bytes]]) -> list[Exchange]:
    found: list[Exchange] = []
    for way, data in traffic:
        if way == ">":
            found.append(Exchange(data, b""))
        else:
            found[-1] = Exchange(found[-1].sent, found[-1].received + data)
    return found


def run(scenes: list[Scene], seed: int, cases: int) -> Findings:
    """Play ``cases`` cases, the scenes in turn, and stop at nothing."""
    chance = random.Random(int(generator(seed, "fuzz replies").integers(2**63)))
    pool = sorted({one.received for scene in scenes for one in scene.dialogue if one.received})
    findings = Findings(cases)
    for number, scene in enumerate(itertools.islice(itertools.cycle(scenes), cases)):
        wrong = scene.play(damages(chance, len(scene.dialogue), pool, scene.peer.end))
        findings.errors += scene.was_refused
        findings.waited_s = max(findings.waited_s, scene.peer.waited_s)
        if wrong is not None:
            findings.count += 1
            if len(findings.texts) < TEXTS_MAX:
                findings.texts.append(f"{scene.name}, case {number}: {wrong}\n  {scene.peer.log[-4:]}")
    return findings
