"""Drivers by the name that a bench file uses.

A package adds its own through the entry point group ``galvanaut.drivers``, e.g.
``my-pump = "my_package.my_pump:MyPump"``. The drivers that come with Galvanaut are known without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any, ClassVar, Protocol, cast

from pydantic import BaseModel

from galvanaut.instruments.link import Framing, Link
from galvanaut.instruments.roles import DoseLimits, Identity, Role, SourceLimits

GROUP = "galvanaut.drivers"
_OWN = {
    "espec-p300": "galvanaut.instruments.drivers.espec_p300:EspecP300",
    "hioki-bt3562a": "galvanaut.instruments.drivers.hioki_bt3562a:HiokiBT3562A",
    "keithley-2281s": "galvanaut.instruments.drivers.keithley_2281s:Keithley2281S",
    "keithley-2450": "galvanaut.instruments.drivers.keithley_2450:Keithley2450",
    "keithley-daq6510": "galvanaut.instruments.drivers.keithley_daq6510:KeithleyDAQ6510",
    "keysight-e4980a": "galvanaut.instruments.drivers.keysight_e4980a:KeysightE4980A",
    "keysight-n6705c": "galvanaut.instruments.drivers.keysight_n6705c:KeysightN6705C",
    "mettler-mt-sics": "galvanaut.instruments.drivers.mettler_mt_sics:MettlerMTSICS",
    "new-era-ne-1000": "galvanaut.instruments.drivers.new_era_ne1000:NewEraNE1000",
    "sartorius-sbi": "galvanaut.instruments.drivers.sartorius_sbi:SartoriusSBI",
    "virtual-assembler": "galvanaut.instruments.drivers.virtual_assembler:VirtualAssembler",
    "watlow-f4t": "galvanaut.instruments.drivers.watlow_f4t:WatlowF4T",
}

_WORDS: dict[Role, tuple[str, ...]] = {
    "pump": ("dose_limits",),
    "source meter": ("capabilities",),
    "thermometer": ("places",),
}
"""What a driver of a role has to tell without a connection."""


class Driver(Protocol):
    """What a driver class offers, beside the methods of its role.

    A driver whose ``probe`` is not ``*IDN?`` may have a class variable ``scan_question`` as well: what a scan sends to
    find its instruments, harmless to any other, too. `Framing.is_identity` recognises the reply.

    Attributes:
        role: which role it plays.
        model: the instrument's name in messages.
        Settings: pydantic model of the ``settings`` in a bench file (``extra="forbid"``).
        link: the conversation with the instrument.
    """

    role: ClassVar[Role]
    model: ClassVar[str]
    Settings: ClassVar[type[BaseModel]]
    link: Link

    def __init__(self, link: Link, settings: Any) -> None: ...

    @classmethod
    def framing(cls, settings: Any) -> Framing:
        """How the instrument talks."""
        ...

    def identify(self) -> Identity:
        """See `galvanaut.instruments.roles.Instrument`."""
        ...

    def set_up(self) -> None:
        """See `galvanaut.instruments.roles.Instrument`."""
        ...

    def make_safe(self) -> None:
        """See `galvanaut.instruments.roles.Instrument`."""
        ...


class PumpDriver(Driver, Protocol):
    """A driver for the role of a pump can tell its limits without a connection."""

    @classmethod
    def dose_limits(cls, settings: Any, capacity_mL: float) -> DoseLimits:
        """Limits for doses into a vessel that holds ``capacity_mL``."""
        ...


class SourceMeterDriver(Driver, Protocol):
    """A driver for the role of a source meter can tell what it can do without a connection."""

    @classmethod
    def capabilities(cls, settings: Any) -> SourceLimits:
        """Voltages and currents that it can be asked for, and what it does when the host is silent."""
        ...


class SharingDriver(Driver, Protocol):
    """A driver for one part of an instrument, e.g. one output of a mainframe: several entries share its resource.

    Attributes:
        shares_resource: the setting in which the parts differ.
    """

    shares_resource: ClassVar[str]

    @classmethod
    def joined(cls, settings: Any, everyone: Sequence[Any]) -> Any:
        """The settings of one part, with what all parts at its resource (itself included) have in common."""
        ...


class ThermometerDriver(Driver, Protocol):
    """A driver for the role of a thermometer can tell which places it watches without a connection."""

    @classmethod
    def places(cls, settings: Any) -> dict[str, tuple[str, ...]]:
        """The places by what is read there: ``temperatures`` and ``voltages``."""
        ...


def sharing(driver: type[Driver]) -> type[SharingDriver] | None:
    """The driver, if several entries of a bench file may share its resource; else None."""
    return cast("type[SharingDriver]", driver) if hasattr(driver, "shares_resource") else None


def is_virtual(driver: type[Driver]) -> bool:
    """Whether the driver is for an instrument that exists in simulation only: its ``is_virtual`` says so."""
    return bool(getattr(driver, "is_virtual", False))


def driver_names() -> list[str]:
    """All known names, sorted."""
    return sorted({*_OWN, *_plugins()})


def driver_class(name: str) -> type[Driver]:
    """The driver of this name.

    Raises:
        ValueError: no such driver; the message lists the known ones.
    """
    if name in _OWN:
        module, _, attribute = _OWN[name].partition(":")
        own: type[Driver] = getattr(import_module(module), attribute)
        return own
    plugins = _plugins()
    if name not in plugins:
        raise ValueError(f"unknown driver {name!r}; known are {', '.join(driver_names())}")
    loaded: type[Driver] = plugins[name].load()
    missing = [word for word in _WORDS.get(loaded.role, ()) if not hasattr(loaded, word)]
    if missing:
        raise ValueError(f"driver {name!r} cannot be used: as a {loaded.role} it needs a classmethod {missing[0]}")
    return loaded


@lru_cache(maxsize=1)
def _plugins() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}
