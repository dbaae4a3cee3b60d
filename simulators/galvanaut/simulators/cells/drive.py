"""What an instrument imposes on a holder: a voltage within limits of current, or nothing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Drive:
    """A voltage source with current limits; a current source is one whose voltage is the limit it must not pass.

    Attributes:
        source: instrument that imposes it.
        voltage_V: at the sense leads; None when the circuit is open.
        low_A: least current, negative out of the cell; at most 0.
        high_A: greatest current; at least 0.
        lead_ohm: resistance of the leads that the source does not see past (two wires).
        trip_V: voltage that opens the circuit; None for none.
        trips_at_limit: whether reaching a current limit opens the circuit.
        until: instant at which the circuit opens by itself (a watchdog); None for never.
    """

    source: str = ""
    voltage_V: float | None = None
    low_A: float = 0.0
    high_A: float = 0.0
    lead_ohm: float = 0.0
    trip_V: float | None = None
    trips_at_limit: bool = False
    until: float | None = None


OPEN = Drive()
"""Nothing is connected."""
