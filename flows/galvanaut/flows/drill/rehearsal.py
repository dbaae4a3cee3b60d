"""The same activity without any fault: it must succeed, and tells at which moments each instrument is talked to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from galvanaut.core.errors import GalvanautError
from galvanaut.core.identifiers import generator
from galvanaut.flows.drill.matrix import DEATHS
from galvanaut.simulators.faults.fault import LINE_FAULTS

if TYPE_CHECKING:
    from galvanaut.flows.drill.matrix import Scenario

COUNTED = (LINE_FAULTS | {*DEATHS}) - {"dead peer"}
"""What comes at a message; everything else comes by itself."""
EARLIER = 0.2
"""What comes by itself comes before this last share of the time for which its instrument is in use."""


@dataclass(frozen=True)
class Rehearsal:
    """An undisturbed run.

    Attributes:
        lasts_s: how long the activity takes.
        messages_s: by instrument, when each message to it is sent, from the beginning.
    """

    lasts_s: float
    messages_s: Mapping[str, tuple[float, ...]]

    def moment(self, scenario: Scenario, seed: int) -> Moment:
        """A moment of its own for each scenario, while its instrument is in use.

        What can be counted in messages comes at one of them; not at the last one, after which nothing is seen of it.
        """
        random = generator(seed, "drill", scenario.instrument, scenario.fault, scenario.moment)
        sent_s = self.messages_s.get(scenario.instrument, ())
        if not sent_s:
            return Moment(float(random.uniform(0.1, 0.8)) * self.lasts_s, 0)
        if scenario.fault in COUNTED:
            number = int(random.integers(1, max(2, len(sent_s))))
            return Moment(sent_s[number - 1], number)
        return Moment(float(random.uniform(sent_s[0], sent_s[-1] - EARLIER * (sent_s[-1] - sent_s[0]))), 0)


@dataclass(frozen=True)
class Moment:
    """When something breaks.

    Attributes:
        after_s: from the beginning of the activity.
        message: number of the message to the instrument that comes then, from 1; 0 if it comes by itself.
    """

    after_s: float
    message: int


class Listener:
    """Writes down when each instrument is talked to."""

    def __init__(self) -> None:
        self.began: float | None = None
        self.sent: dict[str, list[float]] = defaultdict(list)

    def heard(self, instruments: Iterable[str], now: float) -> None:
        """A message is sent now, to one of these."""
        if self.began is not None:
            for instrument in instruments:
                self.sent[instrument].append(now - self.began)


class CannotRehearseError(GalvanautError):
    """The activity fails on the copy although nothing is broken: the drill would prove nothing."""
