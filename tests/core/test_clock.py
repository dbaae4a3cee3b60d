"""The virtual clock: jumps only when all rest, wakes in order of key, survives cancellation."""

import asyncio
import time

import pytest

from galvanaut.core.clock import ClockLock, Gate, SystemClock, VirtualClock, at_work, spawn, together


async def test_time_jumps_to_the_next_wake_up_when_everybody_sleeps() -> None:
    seen: list[float] = []
    clock = VirtualClock(start=1000.0, on_advance=seen.append)
    with at_work(clock):
        await clock.sleep(3600)
        await clock.sleep(60)
    assert clock.now() == 4660.0
    assert seen == [4600.0, 4660.0]


async def test_time_stands_still_while_somebody_is_at_work() -> None:
    clock = VirtualClock()

    async def slow_server() -> float:
        await asyncio.sleep(0.02)
        return clock.now()

    async def sleeper() -> None:
        await clock.sleep(10)

    nap = spawn(clock, sleeper())
    assert await spawn(clock, slow_server()) == 0.0
    await nap
    assert clock.now() == 10.0


@pytest.mark.parametrize("order", [("a", "b", "c"), ("c", "a", "b")])
async def test_sleepers_of_one_instant_wake_one_by_one_in_key_order(order: tuple[str, ...]) -> None:
    clock, log = VirtualClock(), []

    async def job(key: str) -> None:
        await clock.sleep(5, order=key)
        log.append(f"{key} begins")
        await asyncio.sleep(0)
        log.append(f"{key} ends")

    await asyncio.gather(*(spawn(clock, job(key)) for key in order))
    assert log == ["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]


async def test_an_opened_gate_counts_its_waiter_as_at_work_at_once() -> None:
    clock = VirtualClock()
    gate: Gate[str] = Gate(clock)

    async def worker() -> None:
        await clock.sleep(7)
        gate.open("done")

    async def bystander() -> None:
        await clock.sleep(100)

    async def waiter() -> tuple[str, float]:
        return await gate.wait(), clock.now()

    result = spawn(clock, waiter())
    others = [spawn(clock, worker()), spawn(clock, bystander())]
    assert await result == ("done", 7.0)
    await asyncio.gather(*others)
    assert await gate.wait() == "done"
    gate.open("again")
    assert await gate.wait() == "done"


async def test_a_cancelled_sleeper_does_not_stop_the_clock() -> None:
    clock = VirtualClock()

    async def nap(seconds: float) -> None:
        await clock.sleep(seconds)

    with at_work(clock):
        lost = spawn(clock, nap(5))
        await asyncio.sleep(0)
        lost.cancel()
        with pytest.raises(asyncio.CancelledError):
            await lost
        await clock.sleep(50)
    assert clock.now() == 50.0


async def test_a_task_cancelled_before_its_first_step_does_not_hold_time() -> None:
    clock = VirtualClock()

    async def nap() -> None:
        await clock.sleep(1)

    with at_work(clock):
        never = spawn(clock, nap())
        never.cancel()
        with pytest.raises(asyncio.CancelledError):
            await never
        await clock.sleep(2)
    assert clock.now() == 2.0


async def test_waiting_without_being_at_work_is_refused() -> None:
    with pytest.raises(RuntimeError, match="must be at work"):
        await VirtualClock().sleep(1)


async def test_a_lock_is_served_in_the_order_of_asking_while_time_goes_on() -> None:
    clock, log = VirtualClock(), []
    lock = ClockLock(clock)

    async def user(name: str) -> None:
        async with lock.held():
            log.append((name, clock.now()))
            await clock.sleep(10)

    users = [spawn(clock, user(name)) for name in "abc"]
    await asyncio.sleep(0)
    users[1].cancel()
    await asyncio.gather(*users, return_exceptions=True)
    assert log == [("a", 0.0), ("c", 10.0)]


async def test_what_runs_together_is_waited_for_at_the_instant_when_the_last_one_ends() -> None:
    clock = VirtualClock()

    async def work(seconds: float) -> float:
        await clock.sleep(seconds)
        if seconds == 20:
            raise ValueError("twenty")
        return clock.now()

    async def bystander() -> None:
        await clock.sleep(1000)

    async def parent() -> tuple[list[float | Exception], float]:
        return await together(clock, [work(30), work(20), work(10)]), clock.now()

    other = spawn(clock, bystander())
    (first, second, third), at = await spawn(clock, parent())
    assert (first, str(second), third, at) == (30.0, "twenty", 10.0, 30.0)
    assert await spawn(clock, together(clock, ())) == []
    await other


async def test_who_cancels_the_whole_cancels_its_parts() -> None:
    clock, log = VirtualClock(), []

    async def work() -> None:
        try:
            await clock.sleep(100)
        finally:
            log.append("over")

    with at_work(clock):
        parent = spawn(clock, together(clock, [work(), work()]))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        parent.cancel()
        with pytest.raises(asyncio.CancelledError):
            await parent
        await clock.sleep(1)
    assert (log, clock.now()) == (["over", "over"], 1.0)


async def test_the_system_clock_runs_by_itself() -> None:
    clock = SystemClock()
    before = clock.now()
    with at_work(clock):
        await clock.sleep(0.01)
    assert clock.now() > before
    assert not clock.is_virtual


def test_a_step_of_the_wall_clock_does_not_move_the_system_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SystemClock()
    before, wall = clock.now(), time.time()
    assert before == pytest.approx(wall, abs=5)
    monkeypatch.setattr(time, "time", lambda: wall + 3600)
    assert clock.now() - before < 60
    ahead = time.monotonic() + 7200
    monkeypatch.setattr(time, "monotonic", lambda: ahead)
    assert clock.now() - before == pytest.approx(7200, abs=60)


def test_spending_time_never_goes_back() -> None:
    clock = VirtualClock(start=5.0)
    clock.spend(2.5)
    clock.spend(-1.0)
    assert clock.now() == 7.5
