"""What C-rates refer to, as a person writes it: a charge with its unit, or the word that it is measured first."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import PlainSerializer, PlainValidator

from galvanaut.core.units import magnitude, text

MEASURED: Literal["measured"] = "measured"


def _parsed(value: object) -> float | Literal["measured"]:
    if value == MEASURED:
        return MEASURED
    capacity_Ah = magnitude(value, "Ah")
    if not 0 < capacity_Ah < float("inf"):
        raise ValueError(f"{value!r} is not a charge above zero")
    return capacity_Ah


def _written(value: float | Literal["measured"]) -> str:
    return MEASURED if value == MEASURED else text(value, "Ah")


Capacity = Annotated[
    float | Literal["measured"],
    PlainValidator(_parsed, json_schema_input_type=str),
    PlainSerializer(_written, return_type=str),
]
"""A charge, Ah, e.g. ``4 mAh`` in the file, or ``measured``."""
