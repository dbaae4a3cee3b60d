"""Units at the edges: text such as ``25 degC`` or ``1.2 mol/kg`` into floats of a named unit and back.

pint reads and converts; inside the house quantities are floats whose names end in their unit. The registry costs
about 0.2 s to build, so it is built on first use.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pydantic_core import core_schema

if TYPE_CHECKING:
    from pint import UnitRegistry
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue

_NUMBER_AND_UNIT = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(\S.*?)?\s*")
# pint would read these as coulombs, turns and the molar; a battery lab means something else by each of them.
_C_RATE = re.compile(r"(?:\d+\.?\d*)?\s*C(?:\s*/\s*\d+\.?\d*)?")
_AMBIGUOUS = {"cycle": "a count has no unit", "cycles": "a count has no unit", "M": "write mol/L"}


@lru_cache(maxsize=1)
def registry() -> UnitRegistry[Any]:
    """The one unit registry of the process, also pint's application registry."""
    import pint

    units: UnitRegistry[Any] = pint.UnitRegistry()
    pint.set_application_registry(units)  # type: ignore[no-untyped-call]  # pint leaves it untyped
    return units


def magnitude(text: object, unit: str) -> float:
    """The value of ``text`` in ``unit``.

    Args:
        text: a number with its unit, e.g. ``"25 degC"``, ``"5 %"``, or a pint quantity; a bare number only if ``unit``
            is ``""``.
        unit: the unit wanted, as pint spells it; ``""`` for a pure number.

    Raises:
        ValueError: no finite number, no unit, a unit of another dimension, or one that means two things in a battery
            lab.
    """
    if isinstance(text, bool) or not isinstance(text, (str, int, float)):
        if isinstance(text, registry().Quantity):
            return _of_quantity(text, unit)
        raise ValueError(f"expected a number with a unit such as {example(unit)!r}, found {text!r}")
    match = _NUMBER_AND_UNIT.fullmatch(str(text))
    if match is None:
        if _C_RATE.fullmatch(str(text).strip()):
            raise ValueError(f"{text!r} is a C-rate, not a quantity; expected something like {example(unit)!r}")
        raise ValueError(f"{text!r} is not a number with a unit; expected something like {example(unit)!r}")
    number, found = float(match[1]), match[2] or ""
    if found in _AMBIGUOUS:
        raise ValueError(f"{text!r}: the unit {found!r} is ambiguous ({_AMBIGUOUS[found]})")
    if re.fullmatch(r"C(\s*/\s*\d+)?", found):
        raise ValueError(f"{text!r} is a C-rate, not a quantity; expected something like {example(unit)!r}")
    if not found and unit:
        raise ValueError(f"{text!r} has no unit (a bare number is ambiguous); write e.g. {example(unit)!r}")
    return _finite(number, str(text), unit) if found == unit else _convert(number, found, unit, str(text))


def _of_quantity(quantity: Any, unit: str) -> float:
    number, found = quantity.magnitude, f"{quantity.units:~P}"
    if isinstance(number, bool) or not isinstance(number, (int, float)):
        raise ValueError(f"expected one number with a unit such as {example(unit)!r}, found {quantity!r}")
    return _convert(float(number), quantity.units, unit, f"{number:g} {found}")


def _convert(number: float, found: Any, unit: str, text: str) -> float:
    import pint

    try:
        converted = float(registry().Quantity(number, found).m_as(unit))
    except pint.DimensionalityError as error:
        dimension = str(error.dim1) or "none"
        raise ValueError(f"{text!r} has dimension {dimension}; expected something like {example(unit)!r}") from None
    except Exception:  # pint hands out whatever its tokenizer raises
        raise ValueError(f"{text!r}: unknown unit {found!r}; expected something like {example(unit)!r}") from None
    return _finite(float(f"{converted:.12g}"), text, unit)  # 77 degF is 25 degC, not 25.000000000000057


def _finite(number: float, text: str, unit: str) -> float:
    if not math.isfinite(number):
        raise ValueError(f"{text!r} is not a finite number; expected something like {example(unit)!r}")
    return number


def example(unit: str) -> str:
    """A quantity as it may be written where ``unit`` is expected."""
    numbers = {"degC": "25", "g": "6", "mol/kg": "1.2", "mL": "5", "s": "60", "%": "5", "": "0.3"}
    return f"{numbers.get(unit, '1')} {unit}".strip()


def text(value: float, unit: str) -> str:
    """``value`` with its unit, in the shortest digits that read back to the same float."""
    digits = f"{value:.0f}" if value.is_integer() and abs(value) < 1e15 else repr(value)
    return f"{digits} {unit}".strip()


@dataclass(frozen=True)
class Unit:
    """Annotation of a pydantic float field: written with a unit in the file, held as a float in ``unit``.

    Example:
        ``temperature_degC: Annotated[float, Unit("degC")] = Field(alias="temperature")``
    """

    unit: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(
            lambda value: magnitude(value, self.unit),
            serialization=core_schema.plain_serializer_function_ser_schema(lambda value: text(value, self.unit)),
        )

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"type": ["string", "number"] if not self.unit else "string", "examples": [example(self.unit)]}
