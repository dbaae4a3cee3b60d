"""How New Era pumps read numbers (NE-1000 manual, p. 33-35)."""

from __future__ import annotations


def pump_number(value: float) -> str:
    """``value`` as the pump reads it: at most four digits and a point, at most three after the point.

    Raises:
        ValueError: negative, not finite or above 9999.
    """
    if not 0 <= value < 9999.5:
        raise ValueError(f"{value!r} cannot be written in the pump's four digits (0 to 9999)")
    for decimals in (3, 2, 1):
        text = f"{value:.{decimals}f}"
        if len(text) <= 5:
            return text
    return f"{value:.0f}"


def number_step(value: float) -> float:
    """Distance between neighbouring numbers that the pump can read, around ``value``."""
    decimals = len(pump_number(value).partition(".")[2])
    return (1.0, 0.1, 0.01, 0.001)[decimals]
