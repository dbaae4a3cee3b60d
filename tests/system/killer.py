"""Run in a child process: `galvanaut` that kills itself with SIGKILL at the n-th message of a kind to the bench."""

import os
import re
import signal

from galvanaut.simulators.bench import SimulatedBench


def arm(instrument: str, message: str, count: int, when: str) -> None:
    """Kill this process around the ``count``-th matching message.

    Args:
        instrument: pattern of the instrument's name.
        message: pattern of the bytes sent.
        count: which one, from 1.
        when: ``before`` the instrument gets it, or ``after`` it was carried out but before its reply is read.
    """
    exchange, seen = SimulatedBench.exchange, 0

    def deadly(bench, device, data):
        nonlocal seen
        matches = re.fullmatch(instrument, device.name) and re.match(message.encode(), data, re.IGNORECASE)
        seen += bool(matches)
        if matches and seen == count and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        reply = exchange(bench, device, data)
        if matches and seen == count:
            os.kill(os.getpid(), signal.SIGKILL)
        return reply

    SimulatedBench.exchange = deadly
