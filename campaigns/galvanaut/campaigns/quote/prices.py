"""What stocks, channels and hours of people cost: the laboratory's own prices, each with its date."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, PlainValidator, WithJsonSchema, model_validator

from galvanaut.campaigns.searchfields import FileModel
from galvanaut.core import yamlfile
from galvanaut.core.errors import PlacedError
from galvanaut.core.units import Unit, magnitude

OLD_DAYS = 365
"""A price older than this is flagged."""
_PRICE = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*([A-Za-z]{3})\s*/\s*(\S+)\s*")


@dataclass(frozen=True)
class Rate:
    """A price per unit.

    Attributes:
        text: as written, e.g. ``85 EUR/L``.
        currency: three letters.
        amount: per ``unit``.
        unit: ``mL``, ``g`` or ``h``.
    """

    text: str
    currency: str
    amount: float
    unit: str


def _rate(value: object, units: tuple[str, ...], example: str) -> Rate:
    match = _PRICE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"expected a price such as {example!r}, found {value!r}")
    for unit in units:
        try:
            return Rate(str(value).strip(), match[2].upper(), float(match[1]) / magnitude(f"1 {match[3]}", unit), unit)
        except ValueError:
            continue
    raise ValueError(f"{value!r} is not per {' or '.join(units)}; expected something like {example!r}")


def _schema(example: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "examples": [example]})


PerAmount = Annotated[Rate, PlainValidator(lambda value: _rate(value, ("mL", "g"), "85 EUR/L")), _schema("85 EUR/L")]
PerTime = Annotated[Rate, PlainValidator(lambda value: _rate(value, ("h",), "60 EUR/h")), _schema("60 EUR/h")]


def _day(value: object) -> object:
    try:
        return datetime.date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        raise ValueError(f"expected a day such as '2026-11-01', found {value!r}") from None


class _Dated(FileModel):
    date: Annotated[datetime.date, BeforeValidator(_day)] = Field(
        description="When the price held, in quotes.", examples=["2026-11-01"]
    )
    source: str = Field(min_length=1, description="Where it comes from, such as a quotation's number.")

    def is_old(self, today: datetime.date) -> bool:
        """Whether it is more than a year old."""
        return (today - self.date).days > OLD_DAYS


class StockPrice(_Dated):
    """Of one stock."""

    price: PerAmount = Field(description="Per volume or mass, such as '85 EUR/L' or '1.2 EUR/g'.")

    def of(self, volume_mL: float, density_g_mL: float) -> float:
        """Of a volume."""
        return self.price.amount * (volume_mL if self.price.unit == "mL" else volume_mL * density_g_mL)


class TimePrice(_Dated):
    """Of something that is paid by time."""

    price: PerTime = Field(description="Per time, such as '60 EUR/h' or '3 EUR/day'.")


class Times(FileModel):
    """How long people take. The defaults are illustrative: put in your own."""

    build_cell_h: Annotated[float, Unit("h"), Field(ge=0)] = Field(
        default=0.25, alias="build_cell", description="To build a cell.", json_schema_extra={"default": "15 min"}
    )
    change_bottle_h: Annotated[float, Unit("h"), Field(ge=0)] = Field(
        default=1 / 3, alias="change_bottle", description="To change a bottle.", json_schema_extra={"default": "20 min"}
    )


class PriceFile(FileModel):
    """The file ``prices.yaml`` of a laboratory."""

    currency: str = Field(pattern=r"^[A-Z]{3}$", description="In which all prices are, three letters.")
    stocks: dict[str, StockPrice] = Field(default_factory=dict, description="By the stock's name in the bench file.")
    channel: TimePrice | None = Field(default=None, description="Of a channel in use.")
    operator: TimePrice | None = Field(default=None, description="Of a person.")
    times: Times = Field(default_factory=Times, description="How long people take.")

    @model_validator(mode="after")
    def _one_currency(self) -> Self:
        for where, dated in self._all().items():
            if dated.price.currency != self.currency:
                text = f"{dated.price.text!r} is not in {self.currency}, the currency of this file"
                raise PlacedError([*where, "price"], text)
        return self

    def old(self, today: datetime.date) -> list[str]:
        """Places of the prices that are more than a year old."""
        return [".".join(where) for where, dated in self._all().items() if dated.is_old(today)]

    def _all(self) -> dict[tuple[str, ...], StockPrice | TimePrice]:
        found: dict[tuple[str, ...], StockPrice | TimePrice] = {
            ("stocks", name): price for name, price in self.stocks.items()
        }
        for name in ("channel", "operator"):
            price = getattr(self, name)
            if price is not None:
                found[(name,)] = price
        return found


def load_prices(path: Path) -> PriceFile:
    """Read a price file.

    Raises:
        InputError: it cannot be read or does not fit; lists every problem with its path and line in the file.
    """
    return yamlfile.load(path, PriceFile)


def json_schema() -> Mapping[str, Any]:
    """The JSON Schema of a price file."""
    return PriceFile.model_json_schema(by_alias=True, mode="validation")
