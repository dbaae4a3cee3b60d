"""Units at the edge: every trap of pint in a battery lab has a case here."""

from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from galvanaut.core.units import Unit, magnitude


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("25 degC", "degC", 25.0),
        ("-10degC", "degC", -10.0),
        ("77 degF", "degC", 25.0),
        ("273.15 K", "degC", 0.0),
        ("1.2 mol/kg", "mol/kg", 1.2),
        ("1200 mmol / kg", "mol/kg", 1.2),
        ("6 g", "g", 6.0),
        ("1e-3 kg", "g", 1.0),
        ("5 %", "", 0.05),
        (0.3, "", 0.3),
        ("2 L", "mL", 2000.0),
        ("30 min", "s", 1800.0),
    ],
)
def test_reads(text: object, unit: str, value: float) -> None:
    assert magnitude(text, unit) == pytest.approx(value, abs=1e-12)


@pytest.mark.parametrize(
    ("text", "unit", "message"),
    [
        ("C/5", "A", "is a C-rate"),
        ("1C", "A", "is a C-rate"),
        ("1 C", "A", "is a C-rate"),
        ("0.5 C/2", "A", "is a C-rate"),
        ("500 cycle", "", "ambiguous"),
        ("1 M", "mol/L", "write mol/L"),
        ("0.5 mol/L", "mol/kg", "has dimension .* expected something like '1.2 mol/kg'"),
        (25, "degC", "bare number is ambiguous"),
        ("6 gramms", "g", "unknown unit 'gramms'"),
        ("heavy", "g", "not a number with a unit"),
        (True, "", "expected a number"),
        (["6 g"], "g", "expected a number"),
        ("6 __import__", "g", "unknown unit"),
        ("6 g g(", "g", "unknown unit"),
        ("1e999 g", "g", "'1e999 g' is not a finite number; expected something like '6 g'"),
        ("1e307 kg", "g", "'1e307 kg' is not a finite number"),
        ("-1e999", "", "is not a finite number"),
    ],
)
def test_refuses_with_the_reason(text: object, unit: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        magnitude(text, unit)


class Oven(BaseModel):
    """A model with a quantity."""

    temperature_degC: Annotated[float, Unit("degC")]


@given(st.floats(-200, 500, allow_nan=False))
def test_what_is_written_reads_back_to_the_same_float(value: float) -> None:
    oven = Oven.model_validate({"temperature_degC": f"{value!r} degC"})
    assert oven.temperature_degC == value
    assert Oven.model_validate_json(oven.model_dump_json()) == oven


def test_a_model_names_the_field_and_the_schema_shows_an_example() -> None:
    with pytest.raises(ValidationError, match="temperature_degC"):
        Oven.model_validate({"temperature_degC": "3 g"})
    assert Oven.model_json_schema()["properties"]["temperature_degC"]["examples"] == ["25 degC"]
