"""What a driver and its link cost on top of PyVISA: a reading by the driver, over the same messages by bare PyVISA.

In-process, so that no network hides anything, in CPU time, best of several rounds in turn. Twice: against the
simulated instrument, and against one that answers at once with what it had answered before, which leaves nothing but
PyVISA and the driver.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyvisa

from galvanaut.instruments.drivers.registry import driver_class
from galvanaut.instruments.link import Framing, Link
from galvanaut.simulators.bench import SimulatedBench
from galvanaut.simulators.devices.device import Device

_READS = {
    "keithley-2450": "measure",
    "keysight-n6705c": "measure",
    "hioki-bt3562a": "measure",
    "watlow-f4t": "temperature_degC",
    "espec-p300": "temperature_degC",
    "mettler-mt-sics": "immediate_g",
}
_WIRING = {"watlow-f4t": {"houses": "a"}, "espec-p300": {"houses": "b"}, "mettler-mt-sics": {"weighs": "beaker"}}
_CHAMBER = {"minimum": "-40 degC", "maximum": "100 degC"}
_SETTINGS: dict[str, dict[str, Any]] = {
    "watlow-f4t": {**_CHAMBER, "enable_output": 1},
    "espec-p300": {**_CHAMBER, "low_limit": "-45 degC", "high_limit": "105 degC"},
}
_SERIAL = ("mettler-mt-sics",)


def main() -> None:
    """Print a line for each driver."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=400, help="in each round")
    parser.add_argument("--rounds", type=int, default=15)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = SimulatedBench.open(_description(), Path(folder) / "world", seed=1)
        for name in _READS:
            for kind, standing_in in (("simulated", _nothing), ("instant", _instant_replies)):
                with standing_in(bench, name):
                    driver_us, bare_us, messages = _compare(bench, name, given.calls, given.rounds)
                print(
                    f"{name:16} {kind:9} {messages} message(s): driver {driver_us:6.1f} us, bare {bare_us:6.1f} us, "
                    f"{driver_us / bare_us:.2f} x"
                )
        bench.close()


def _description() -> dict[str, Any]:
    holders = {name: {"cell": {"state_of_charge": "50 %"}} for name in ("a", "b", "c")}
    wiring = {"keithley-2450": {"channel": "a"}, "keysight-n6705c": {"channel": "b"}, "hioki-bt3562a": {"channel": "c"}}
    return {
        "name": "overhead",
        "visa": "simulated",
        "holders": holders,
        "vessels": {"beaker": {"capacity": "40 mL"}},
        "instruments": {
            name: {
                "driver": name,
                "resource": _resource(name),
                "wiring": {**wiring, **_WIRING}[name],
                "settings": _SETTINGS.get(name, {}),
            }
            for name in _READS
        },
    }


def _resource(name: str) -> str:
    number = 1 + list(_READS).index(name)
    return f"ASRL{number}::INSTR" if name in _SERIAL else f"TCPIP0::192.0.2.{number}::5025::SOCKET"


def _compare(bench: SimulatedBench, name: str, calls: int, rounds: int) -> tuple[float, float, int]:
    """CPU microseconds of a reading by the driver and by hand, each the best, and the messages of one."""
    manager = pyvisa.ResourceManager(bench.visa_library())
    by_driver, by_hand, count = list[float](), list[float](), 0
    for _ in range(rounds):
        with _driver(manager, name) as (read, messages):
            by_driver.append(_cpu_us(read, calls))
            count = len(messages)
        with _bare(manager, name, messages) as read:
            by_hand.append(_cpu_us(read, calls))
    manager.close()
    return min(by_driver), min(by_hand), count


def _cpu_us(read: Callable[[], object], calls: int) -> float:
    began = time.process_time()
    for _ in range(calls):
        read()
    return (time.process_time() - began) / calls * 1e6


@contextmanager
def _driver(manager: pyvisa.ResourceManager, name: str) -> Iterator[tuple[Callable[[], object], list[str]]]:
    """The driver's reading, and the messages that it sends, without their ends."""
    kind = driver_class(name)
    settings = kind.Settings.model_validate(_SETTINGS.get(name, {}))
    framing = kind.framing(settings)
    link = Link.open(manager, _resource(name), framing, name, kind.model)
    sent: list[bytes] = []
    link._trace = lambda _, direction, data: sent.append(data) if direction == ">" else None
    driver = kind(link, settings)
    driver.set_up()
    sent.clear()
    read = getattr(driver, _READS[name])
    read()
    link._trace = None  # it costs time, and nobody traces by default
    yield read, [data.removesuffix(framing.write_end).decode() for data in sent]
    link.close()


@contextmanager
def _bare(manager: pyvisa.ResourceManager, name: str, messages: list[str]) -> Iterator[Callable[[], object]]:
    """The same messages by PyVISA's own ``query``."""
    framing = _framing(name)
    resource: Any = manager.open_resource(
        _resource(name), read_termination=framing.read_end.decode(), write_termination=framing.write_end.decode()
    )
    yield lambda: [resource.query(message) for message in messages]
    resource.close()


def _framing(name: str) -> Framing:
    kind = driver_class(name)
    return kind.framing(kind.Settings.model_validate(_SETTINGS.get(name, {})))


@contextmanager
def _nothing(bench: SimulatedBench, name: str) -> Iterator[None]:
    """The simulated instrument itself."""
    yield


@contextmanager
def _instant_replies(bench: SimulatedBench, name: str) -> Iterator[None]:
    """In place of all instruments one that repeats the first reply to each message, without carrying it out."""
    known: dict[bytes, bytes] = {}
    exchange = bench.exchange

    def answer(device: Device, message: bytes) -> tuple[bytes, float]:
        if message not in known:
            known[message], leaves_at = exchange(device, message)
            return known[message], leaves_at
        return known[message], 0.0

    bench.exchange = answer  # type: ignore[method-assign]  # in its place while this measures
    yield
    del bench.exchange


if __name__ == "__main__":
    main()
