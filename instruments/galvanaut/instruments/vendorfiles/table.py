"""Delimited text: a row of column names and the rows below it, each of which must be whole."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from galvanaut.core.errors import InputError, Problem
from galvanaut.instruments.vendorfiles.delimited import delimiter_of, split
from galvanaut.instruments.vendorfiles.rawfile import RawFile

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Table:
    """The cells of a table, as text.

    Attributes:
        path: of the file.
        columns: names, in the order of the file.
        cells: one list per column.
        lines: 1-based line of each row in the file.
    """

    path: Path
    columns: tuple[str, ...]
    cells: tuple[list[str], ...]
    lines: list[int]

    def texts(self, name: str) -> list[str]:
        """The cells of a column."""
        return self.cells[self.columns.index(name)]

    def numbers(self, name: str, *, gaps: bool = False) -> NDArray[np.float64]:
        """A column as numbers.

        Args:
            name: of the column.
            gaps: an empty cell is not a number, instead of a fault.

        Raises:
            InputError: a cell holds something else; names column and line.
        """
        import numpy as np

        texts = [cell.replace(",", ".") if "." not in cell else cell for cell in self.texts(name)]
        if gaps:
            texts = [cell or "nan" for cell in texts]
        try:
            return np.array(texts, dtype=np.float64)
        except ValueError:
            row = next(row for row, cell in enumerate(texts) if not _is_number(cell))
        found = self.texts(name)[row]
        text = f"holds {found!r} where a number is expected" if found else "is empty"
        raise InputError(self.path, Problem(f"column {name}", f"{text}; export the file again", self.lines[row]))


def read_table(file: RawFile, index: int) -> Table:
    """The table whose column names stand in the line of this index, down to the end of the file.

    Raises:
        InputError: there is no row, a row is cut short or too long, or a column name comes twice.
    """
    delimiter = delimiter_of(file.lines[index])
    columns = split(file.lines[index], delimiter)
    while columns and not columns[-1]:
        columns.pop()
    twice = sorted({name for name in columns if columns.count(name) > 1})
    if twice:
        raise InputError(file.path, Problem("", f"has two columns named {', '.join(twice)}", index + 1))
    last = len(file.lines)
    while last > index + 1 and not file.lines[last - 1].strip():
        last -= 1
    if last == index + 1:
        raise InputError(file.path, Problem("", "holds column names but no reading; export it again", index + 1))
    rows = [
        _row(file, number, delimiter, len(columns), is_last=number == last) for number in range(index + 2, last + 1)
    ]
    cells = tuple([row[place] for row in rows] for place in range(len(columns)))
    return Table(file.path, tuple(columns), cells, list(range(index + 2, last + 1)))


def _row(file: RawFile, number: int, delimiter: str, width: int, *, is_last: bool) -> list[str]:
    cells = split(file.lines[number - 1], delimiter)
    while len(cells) > width and not cells[-1]:
        cells.pop()
    if len(cells) != width:
        why = "the file was cut short; copy or export it again" if is_last else "export the file again"
        raise InputError(file.path, Problem("", f"has {len(cells)} of {width} columns: {why}", number))
    return cells


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
