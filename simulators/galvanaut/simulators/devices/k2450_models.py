"""What the members of the Keithley 2450 family differ in.

Sources: 2450, 2461 and 2470 reference manuals for the limits. The 2460's are believed to be the 2461's. Illustrative:
voltages below which the 2461's limits end, ranges of the models other than the 2450.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Model:
    """One member of the family.

    Attributes:
        name: as in its identity.
        voltage_V: greatest voltage level and limit.
        current_A: greatest current level and limit.
        least_limit_A: least current limit.
        voltage_ranges_V: rising.
        current_ranges_A: rising.
    """

    name: str
    voltage_V: float
    current_A: float
    least_limit_A: float
    voltage_ranges_V: tuple[float, ...]
    current_ranges_A: tuple[float, ...]


_DECADES_A = (1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0)
_STRONG_A = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0, 4.0, 5.0, 7.0)
MODELS = {
    "2450": Model("2450", 210.0, 1.05, 1e-9, (0.02, 0.2, 2.0, 20.0, 200.0), _DECADES_A),
    "2460": Model("2460", 105.0, 7.35, 1e-6, (0.2, 2.0, 7.0, 10.0, 20.0, 100.0), _STRONG_A),
    "2461": Model("2461", 105.0, 7.35, 1e-6, (0.2, 2.0, 7.0, 10.0, 20.0, 100.0), _STRONG_A),
    "2470": Model("2470", 1100.0, 1.05, 1e-9, (0.2, 2.0, 20.0, 200.0, 1000.0), _DECADES_A),
}


def range_for(value: float, ranges: tuple[float, ...]) -> float:
    """The smallest range that holds a value with 5 % to spare; the largest one if none does."""
    return next((each for each in ranges if abs(value) <= 1.05 * each), ranges[-1])
