"""The simulated copy of a bench file: the same instruments, wiring, limits and settings, and nothing real."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from galvanaut.instruments.bench import Bench

if TYPE_CHECKING:
    from galvanaut.instruments.bench import InstrumentEntry


def copy_of(bench: Bench) -> Bench:
    """A bench file whose instruments are all simulated.

    Faults that the file itself asks for are left out, holders without a described cell get an illustrative one, and
    interfaces that the simulator does not serve (USB, GPIB) become sockets.
    """
    description: dict[str, Any] = bench.model_dump(mode="json", by_alias=True, exclude_none=True)
    simulation = {key: value for key, value in (bench.simulation or {}).items() if key != "faults"}
    holders = {name: {"cell": {}} | entry for name, entry in description.get("holders", {}).items()}
    sockets: dict[str, str] = {}
    for name, entry in bench.instruments.items():
        description["instruments"][name]["resource"] = _served(entry, sockets)
    changes = {"visa": "simulated", "armed": False, "simulation": simulation, "holders": holders}
    return Bench.model_validate(description | changes)


def _served(entry: InstrumentEntry, sockets: dict[str, str]) -> str:
    """The resource, or a socket in its place; instruments that share one resource go on sharing it."""
    resource = entry.resource.upper()
    if resource.startswith("ASRL") or (resource.startswith("TCPIP") and resource.endswith("::SOCKET")):
        return entry.resource
    return sockets.setdefault(resource, f"TCPIP::192.0.2.{200 + len(sockets)}::5025::SOCKET")
