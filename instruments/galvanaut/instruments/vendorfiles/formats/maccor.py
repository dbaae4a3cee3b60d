"""Maccor's text export. Written from column names that others document; **never tried on a real file**.

Columns as beep and battery-data-toolkit describe them: ``Rec#``, ``Cyc#``, ``Step``, ``Test (Sec)`` or ``Test (Min)``,
``Amps`` and ``Volts``, tab-separated below one or more lines of preamble. Currents have no sign, the column ``State``
has: C charges, D discharges, and anything else (rest, pause, suspended, ended) has to be without current.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import TYPE_CHECKING

import numpy as np

from galvanaut.core import bdf
from galvanaut.core.errors import InputError, Problem
from galvanaut.instruments.vendorfiles.columns import Column, chosen, read_columns
from galvanaut.instruments.vendorfiles.content import Content
from galvanaut.instruments.vendorfiles.dates import MONTH_FIRST, unix_times
from galvanaut.instruments.vendorfiles.format import Format
from galvanaut.instruments.vendorfiles.rawfile import RawFile
from galvanaut.instruments.vendorfiles.table import Table, read_table

if TYPE_CHECKING:
    from numpy.typing import NDArray

_COLUMNS = (
    Column(bdf.TEST_TIME, ("Test (Sec)", "TestTime(s)")),
    Column(bdf.TEST_TIME, ("Test (Min)",), factor=60.0),
    Column(bdf.VOLTAGE, ("Volts",)),
    Column(bdf.CURRENT, ("Amps",)),
    Column(bdf.CYCLE, ("Cyc#",)),
    Column(bdf.STEP_ID, ("Step",)),
    Column(bdf.TEMPERATURE_T1, ("Temp 1",)),
)
_STATE = Column("State", ("State", "MD"))
_DATE = Column(bdf.UNIX_TIME, ("DPt Time",))
_REST_A = 1e-6
_NOTES = (
    "Maccor text: this reader was never tried on a real file; compare the record with it",
    "its one capacity column is left out: how it counts was not seen",
)


def _names_line(file: RawFile) -> int | None:
    return file.find_names("Rec#", "Cyc#", "Step")


def _read(file: RawFile, zone: tzinfo) -> Content:
    table = read_table(file, _names_line(file) or 0)
    frame, names = read_columns(table, _COLUMNS)
    states = chosen(table.columns, [_STATE])
    if not states:
        raise InputError(file.path, "has no column State, without which currents have no sign; export it again with it")
    current_A = frame[bdf.CURRENT].to_numpy(np.float64)
    frame[bdf.CURRENT] = current_A * _signs(table, states["State"], current_A)
    date = chosen(table.columns, [_DATE]).get(bdf.UNIX_TIME)
    notes: tuple[str, ...] = _NOTES
    if date is not None and _have_days(table.texts(date)):
        names[bdf.UNIX_TIME] = date
        frame[bdf.UNIX_TIME] = unix_times(file.path, date, table.texts(date), table.lines, MONTH_FIRST, zone)
    elif date is not None:
        notes = (*notes, f"dates left out: some in {date} have no day")
    return Content(frame, names, table.lines, notes=notes)


def _signs(table: Table, name: str, current_A: NDArray[np.float64]) -> NDArray[np.float64]:
    if (current_A < 0).any():
        row = int(np.argmax(current_A < 0))
        text = "is negative, but Maccor's currents have no sign; this is another kind of export"
        raise InputError(table.path, Problem("column Amps", text, table.lines[row]))
    states = table.texts(name)
    for row, (state, ampere) in enumerate(zip(states, current_A, strict=True)):
        if state not in ("C", "D") and ampere > _REST_A:
            text = f"is {state!r} at {ampere:g} A, which neither charges (C) nor discharges (D)"
            raise InputError(table.path, Problem(f"column {name}", text, table.lines[row]))
    return np.where(np.array(states) == "D", -1.0, 1.0)


def _have_days(texts: Sequence[str]) -> bool:
    """Exports print the day only where a reading is the first of one, unless told otherwise."""
    return all("/" in text for text in texts)


FORMAT = Format("Maccor text", (".txt", ".csv", ".001"), lambda file: _names_line(file) is not None, _read)
