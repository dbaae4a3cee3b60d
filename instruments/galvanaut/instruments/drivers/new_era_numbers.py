"""How New Era pumps read numbers (NE-1000 manual, p. 33-35)."""

from __future__ import annotations

RATE_UNITS_mL_min = {"MM": 1.0, "UM": 1e-3, "UH": 1e-3 / 60}
"""What one of each unit of rate is, mL/min; the largest first."""
_RATE_MIN_mL_min = 0.05 * RATE_UNITS_mL_min["UH"]  # three digits after the point tell it within 1 %


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


def pump_rate(rate_mL_min: float) -> tuple[str, str]:
    """A rate as the pump reads it: the number and its unit, the largest one that keeps four digits.

    Raises:
        ValueError: negative, not finite or above 9999 mL/min.
    """
    unit = next((unit for unit, one_mL_min in RATE_UNITS_mL_min.items() if rate_mL_min >= one_mL_min), "UH")
    return pump_number(rate_mL_min / RATE_UNITS_mL_min[unit]), unit


def require_rate(rate_mL_min: float) -> float:
    """The rate, if the pump can be told it within 1 %.

    Raises:
        ValueError: it is too small.
    """
    if rate_mL_min < _RATE_MIN_mL_min * (1 - 1e-9):  # a unit may lose the last digit
        least = f"{_RATE_MIN_mL_min:.3g} mL/min (0.05 uL/h), the least that the pump can be told within 1 %"
        raise ValueError(f"{rate_mL_min:g} mL/min is below {least}")
    return rate_mL_min
