"""The bench's clock stops for whoever has an appointment, in order, and for nobody else."""

from __future__ import annotations

from math import inf

from hypothesis import given
from hypothesis import strategies as st

from galvanaut.simulators.faults.clock import EventfulClock


def stops(clock: EventfulClock) -> list[tuple[object, float]]:
    """Grows by who and when; everybody is content with one appointment."""
    found: list[tuple[object, float]] = []

    def happen(who: object) -> None:
        found.append((who, clock.now()))
        clock.appoint(who, inf)

    clock.happen = happen
    return found


@given(st.dictionaries(st.text(max_size=3), st.integers(0, 100), max_size=8), st.lists(st.integers(0, 60), max_size=6))
def test_everybody_is_called_once_at_their_instant(appointments: dict[str, int], steps: list[int]) -> None:
    clock = EventfulClock(0.0, lambda now: None)
    found = stops(clock)
    for who, instant in appointments.items():
        clock.appoint(who, instant)
    for step in steps:
        clock.spend(step)
    begun = sum(steps)
    due = [(who, float(at)) for who, at in appointments.items() if at <= begun] if steps else []
    assert found == sorted(due, key=lambda each: each[1])
    assert clock.next_event == min((at for at in appointments.values() if not steps or at > begun), default=inf)


def test_an_appointment_takes_the_place_of_the_one_before() -> None:
    clock = EventfulClock(0.0, lambda now: None)
    found = stops(clock)
    clock.appoint("a", 10)
    clock.appoint("b", 20)
    clock.appoint("a", 30)
    clock.appoint("b", inf)
    clock.spend(100)
    assert found == [("a", 30.0)]


def test_what_is_overdue_happens_at_the_next_move_and_now() -> None:
    clock = EventfulClock(50.0, lambda now: None)
    found = stops(clock)
    clock.appoint("a", 10)
    clock.spend(0)
    assert found == [("a", 50.0)]
