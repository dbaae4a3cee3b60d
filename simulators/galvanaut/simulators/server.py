"""The same simulated instruments over TCP: one port each on the loopback interface.

For contract tests through pyvisa-py and for looking at an instrument with any terminal program. What an instrument
waits for passes on the bench's virtual clock, not in real time.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from galvanaut.simulators.bench import SimulatedBench
from galvanaut.simulators.devices.device import Device
from galvanaut.simulators.port import Port

HOST = "127.0.0.1"


@contextmanager
def serve(bench: SimulatedBench) -> Iterator[dict[str, str]]:
    """While inside, every instrument of the bench listens on a port of its own.

    Yields:
        Resource by instrument name, e.g. ``TCPIP::127.0.0.1::40123::SOCKET``.
    """
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="simulated-bench", daemon=True)
    thread.start()
    try:
        ports = asyncio.run_coroutine_threadsafe(_listen(bench), loop).result()
        yield {name: f"TCPIP::{HOST}::{port}::SOCKET" for name, port in ports.items()}
    finally:
        asyncio.run_coroutine_threadsafe(_end_all(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _listen(bench: SimulatedBench) -> dict[str, int]:
    ports = {}
    for name, device in bench.devices.items():
        listener = socket.create_server((HOST, 0))
        ports[name] = listener.getsockname()[1]
        server = await asyncio.start_server(partial(_talk, bench, device), sock=listener)
        asyncio.get_running_loop().create_task(server.serve_forever())
    return ports


async def _end_all() -> None:
    tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _talk(
    bench: SimulatedBench, device: Device, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    port = Port(bench, device)
    try:
        while data := await reader.read(4096):
            with bench.lock:
                port.write(data)
                while (arrival := port.next_arrival()) is not None:
                    bench.clock.spend(max(0.0, arrival - bench.clock.now()))
                    writer.write(port.arrived())
            await writer.drain()
    finally:
        writer.close()
