"""From the columns of a vendor's table to those of a record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from galvanaut.core import bdf
from galvanaut.core.errors import InputError
from galvanaut.instruments.vendorfiles.delimited import plain
from galvanaut.instruments.vendorfiles.table import Table

if TYPE_CHECKING:
    import pandas as pd

GAPS = (bdf.AMBIENT_TEMPERATURE, bdf.TEMPERATURE_T1, *bdf.IMPEDANCE)
"""A thermometer may miss a reading, and most readings are part of no spectrum; nothing else may be missing."""


@dataclass(frozen=True)
class Column:
    """One column of a record and how vendors spell it.

    Attributes:
        bdf: its name in the record.
        spellings: names in files, the preferred one first.
        factor: from the file's unit to the record's.
    """

    bdf: str
    spellings: tuple[str, ...]
    factor: float = 1.0

    def found_in(self, names: Sequence[str]) -> str | None:
        """The name under which ``names`` has it."""
        by_plain = {plain(name): name for name in names}
        return next((by_plain[plain(each)] for each in self.spellings if plain(each) in by_plain), None)


def read_columns(table: Table, columns: Sequence[Column]) -> tuple[pd.DataFrame, dict[str, str]]:
    """The columns of a table that a record has room for.

    Args:
        table: as in the file.
        columns: what to look for; of several for one column of the record the first that is there is taken.

    Returns:
        The record's columns, and the file's name of each.

    Raises:
        InputError: a required column is missing, or holds something else than numbers.
    """
    import pandas as pd

    names = chosen(table.columns, columns)
    require(table.path, names, columns, table.columns)
    factors = {(column.bdf, column.found_in(table.columns)): column.factor for column in columns}
    data = {target: table.numbers(name, gaps=target in GAPS) * factors[target, name] for target, name in names.items()}
    return pd.DataFrame(data), names


def chosen(found: Sequence[str], columns: Sequence[Column]) -> dict[str, str]:
    """By column of the record, the file's column to take it from."""
    names: dict[str, str] = {}
    for column in columns:
        name = column.found_in(found)
        if name is not None:
            names.setdefault(column.bdf, name)
    return names


def require(path: object, names: dict[str, str], columns: Sequence[Column], found: Sequence[str]) -> None:
    """Every required column has to be there.

    Raises:
        InputError: names what is missing, as this format spells it.
    """
    missing = [name for name in bdf.REQUIRED if name not in names]
    if not missing:
        return
    spelled = [next((column.spellings[0] for column in columns if column.bdf == name), name) for name in missing]
    raise InputError(
        path,
        f"has no column {', '.join(spelled)}; found {', '.join(found)}. Export it again with all columns",
    )
