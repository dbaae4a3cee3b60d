"""The same simulated instruments over TCP: one port each on the loopback interface, and one for the bench itself.

For contract tests through pyvisa-py, and for any other program that talks to instruments. Time goes by as the caller
says: with the wall clock, or on the bench's virtual clock only, where nobody waits for an instrument.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from galvanaut.simulators.bench import SimulatedBench
from galvanaut.simulators.control import ControlPort
from galvanaut.simulators.devices.device import Device
from galvanaut.simulators.pace import Pace
from galvanaut.simulators.port import Port

HOST = "127.0.0.1"
_LOOK_S = 0.05
"""Longest time between two looks at the clock while a reply is on its way: somebody may let time pass meanwhile."""

_Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]


class Resources(dict[str, str]):
    """Resource by instrument name, e.g. ``TCPIP::127.0.0.1::40123::SOCKET``.

    Attributes:
        control: resource of the bench itself, see `galvanaut.simulators.control`.
    """

    control: str


@contextmanager
def serve(bench: SimulatedBench, speed: float | None = None) -> Iterator[Resources]:
    """While inside, every instrument of the bench listens on a port of its own, parts of one mainframe on one.

    Args:
        bench: to be served.
        speed: bench seconds per second of the wall clock; None: what an instrument is waited for passes at once, and
            nothing else.

    Yields:
        Where they listen.
    """
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="simulated-bench", daemon=True)
    thread.start()
    try:
        yield asyncio.run_coroutine_threadsafe(_listen(bench, Pace(bench.clock, speed)), loop).result()
    finally:
        asyncio.run_coroutine_threadsafe(_end_all(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _listen(bench: SimulatedBench, pace: Pace) -> Resources:
    at: dict[str, str] = {}
    for device in {each.name: each for each in bench.devices.values()}.values():
        at[device.name] = await _open_port(partial(_talk, bench, pace, device))
    resources = Resources({name: at[device.name] for name, device in bench.devices.items()})
    resources.control = await _open_port(partial(_obey, bench, pace))
    return resources


async def _open_port(talk: _Talk) -> str:
    listener = socket.create_server((HOST, 0))
    loop, talks = asyncio.get_running_loop(), set[asyncio.Task[None]]()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A task of our own: of those that it makes itself, asyncio complains aloud when they are cancelled in the end.
        task = loop.create_task(talk(reader, writer))
        talks.add(task)
        task.add_done_callback(talks.discard)

    server = await asyncio.start_server(connected, sock=listener)
    loop.create_task(server.serve_forever())
    return f"TCPIP::{HOST}::{listener.getsockname()[1]}::SOCKET"


async def _end_all() -> None:
    tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _talk(
    bench: SimulatedBench, pace: Pace, device: Device, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Hear and answer at the same time: an instrument takes messages while a reply of it is still on its way."""
    writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    port, heard = Port(bench, device), asyncio.Event()
    answering = asyncio.get_running_loop().create_task(_answer(bench, pace, port, heard, writer))
    try:
        while data := await reader.read(4096):
            with bench.lock:
                pace.catch_up()
                port.write(data)
            heard.set()
    except (ConnectionError, asyncio.CancelledError):
        return  # the other program went away, or the server ends; the instrument stays as it is
    finally:
        answering.cancel()
        writer.close()


async def _answer(
    bench: SimulatedBench, pace: Pace, port: Port, heard: asyncio.Event, writer: asyncio.StreamWriter
) -> None:
    while True:
        await heard.wait()
        heard.clear()
        while True:
            with bench.lock:
                pace.catch_up()
                # Nobody waits for what a fault holds up while time stands still: it comes before the next reply.
                arrival = None if pace.stands_still and port.is_held_up() else port.next_arrival()
                wait_s = 0.0 if arrival is None else pace.wait_s(arrival)
                data = port.arrived()
            if arrival is None:
                break
            if data:
                writer.write(data)
                await writer.drain()
            else:
                await asyncio.sleep(min(wait_s, _LOOK_S))


async def _obey(bench: SimulatedBench, pace: Pace, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    control = ControlPort(bench)
    try:
        while message := await reader.readline():
            with bench.lock:
                pace.catch_up()
                reply = control.answer(message)
            writer.write(reply)
            await writer.drain()
    except (ConnectionError, ValueError):
        return  # it went away, or sent a line without end
    finally:
        writer.close()
