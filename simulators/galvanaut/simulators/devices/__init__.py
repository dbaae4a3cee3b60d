"""Simulated instruments, one module each."""

from galvanaut.simulators.devices.device import Device

__all__ = ["Device"]
