"""A simulated pump that says that it runs, and does not."""

from galvanaut.simulators.devices.ne1000 import SyringePump


def deaf(name, command=b"0RUN", times=10**9):
    """To be put in the place of `SyringePump.handle`: one pump does not hear a command, so often."""
    handle, left = SyringePump.handle, times

    def pretend(pump, message):
        nonlocal left
        if pump.name == name and message.upper().startswith(command) and left > 0:
            left -= 1
            return b"\x0200I\x03"
        return handle(pump, message)

    return pretend
