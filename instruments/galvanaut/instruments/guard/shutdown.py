"""Making instruments safe, whatever happened before: every one is tried, twice if need be, and none is assumed off.

What drives cells comes first, then what moves liquid, then the rest. Real instruments are made safe side by side, so
that one that hangs does not delay the others.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from threading import Thread
from typing import TYPE_CHECKING, cast

from galvanaut.instruments.errors import BadReadingError, InstrumentError, NoReplyError
from galvanaut.instruments.lastword import last_word

if TYPE_CHECKING:
    from galvanaut.instruments.bench import Bench
    from galvanaut.instruments.drivers import Driver
    from galvanaut.instruments.roles import SourceMeter

LIMIT_S = 60.0
"""So long all real instruments together may take; longer than any time-out of a driver twice (illustrative)."""
STRAY_A = 1e-5
"""A larger current with the output off means that its relay has not opened (illustrative)."""
_FIRST = ("source meter", "cycler", "pump")


def make_all_safe(
    drivers: Mapping[str, Driver],
    bench: Bench,
    reconnect: Callable[[str], None],
    *,
    side_by_side: bool,
) -> list[InstrumentError]:
    """Make instruments safe; one that fails is tried once more on a fresh connection.

    Args:
        drivers: by name.
        bench: that they stand on.
        reconnect: gives an instrument a fresh connection, and raises if it is not the one that it was.
        side_by_side: each in a thread of its own, all of which end within `LIMIT_S` or are given up.

    Returns:
        One error for each that could not be made safe, in the order of ``drivers``; it says whether the state is known
        and what the instrument does by itself.
    """
    ends: dict[str, InstrumentError | None] = {}
    names = sorted(drivers, key=lambda name: _rank(drivers[name].role))

    def again(name: str) -> InstrumentError | None:
        return _once_more(name, drivers[name], bench, reconnect) or _stray_current(drivers[name])

    def work(name: str) -> None:
        with last_word():
            ends[name] = _stray_current(drivers[name]) if _is_safe(drivers[name]) else again(name)

    if side_by_side:
        _together(_by_resource(names, bench), work)
    else:
        with last_word():
            failed = [name for name in names if not _is_safe(drivers[name])]  # first everybody, then those that failed
            ends = {name: again(name) if name in failed else _stray_current(drivers[name]) for name in names}
    hung = [name for name in drivers if name not in ends]
    found = {**ends, **{name: _hangs(name, drivers[name], bench) for name in hung}}
    return [error for name in drivers if (error := found[name]) is not None]


def silence_s(bench: Bench, name: str) -> float | None:
    """After how long a silence of the host an instrument stops by itself, s; None if it never does."""
    settings = bench.settings_of(name)
    capabilities = getattr(bench.instruments[name].driver_class, "capabilities", None)
    limit: float | None = getattr(settings, "safe_mode_s", None)
    return limit if capabilities is None else capabilities(settings).watchdog_s


def _is_safe(driver: Driver) -> bool:
    try:
        driver.make_safe()
    except Exception:  # whatever it was, a fresh connection may do better
        return False
    return True


def _once_more(name: str, driver: Driver, bench: Bench, reconnect: Callable[[str], None]) -> InstrumentError | None:
    is_connected = False
    try:
        reconnect(name)
        is_connected = True
        driver.make_safe()
        return None
    except InstrumentError as error:
        is_known = is_connected and not isinstance(error, (NoReplyError, BadReadingError))
        return error if is_known else _unknown(error, name, bench)
    except Exception as error:  # a fault in one driver must not keep the others from being made safe
        failed = InstrumentError(f"its driver failed: {error!r}", instrument=name, model=driver.model)
        return _unknown(failed, name, bench)


def _stray_current(driver: Driver) -> InstrumentError | None:
    """The current of a source meter whose output is off, if there is one; not every meter can measure it then."""
    if driver.role != "source meter":
        return None
    try:
        meter = cast("SourceMeter", driver)
        meter.measure()  # a meter that keeps readings may hold one from before it was switched off
        current_A = meter.measure().current_A
    except InstrumentError:
        return None
    if abs(current_A) <= STRAY_A:
        return None
    problem = f"{1000 * current_A:.3g} mA flow although its output is off; its relay may be stuck closed"
    return driver.link.error(InstrumentError, problem, advice="disconnect the cell by hand")


def _by_resource(names: list[str], bench: Bench) -> list[list[str]]:
    """Parts of one mainframe go one after another: a fresh connection is one for all of them."""
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(bench.instruments[name].resource.upper(), []).append(name)
    return list(groups.values())


def _together(groups: list[list[str]], work: Callable[[str], None]) -> None:
    """Each group in a thread. One that hangs is left behind; it does not keep the program from ending."""

    def work_on(names: list[str]) -> None:
        for name in names:
            work(name)

    threads = [Thread(target=work_on, args=(names,), name=f"make {names[0]} safe", daemon=True) for names in groups]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + LIMIT_S
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))


def _hangs(name: str, driver: Driver, bench: Bench) -> InstrumentError:
    problem = f"does not answer within {LIMIT_S:g} s"
    return _unknown(NoReplyError(problem, instrument=name, model=driver.model), name, bench)


def _unknown(error: InstrumentError, name: str, bench: Bench) -> InstrumentError:
    """The same error, which says that the state is not known and what may be hoped for."""
    limit_s = silence_s(bench, name)
    if limit_s is not None:
        hope = f"it stops by itself after {limit_s:g} s without a message; go and look"
    elif bench.instruments[name].role == "source meter":
        hope = "it has no watchdog and may still hold its cell, within the limits programmed last; go and look"
    else:
        hope = "go and look"
    return type(error)(
        f"{error.problem}; its state is unknown",
        instrument=error.instrument,
        model=error.model,
        resource=error.resource,
        command=error.command,
        reply=error.reply,
        advice=hope,
    )


def _rank(role: str) -> int:
    return _FIRST.index(role) if role in _FIRST else len(_FIRST)
