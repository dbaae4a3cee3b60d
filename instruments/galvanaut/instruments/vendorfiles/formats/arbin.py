"""Arbin's CSV exports: of MITS Pro (``Test_Time``) and of its newer data viewer (``Test Time (s)``)."""

from __future__ import annotations

from datetime import tzinfo
from typing import TYPE_CHECKING

import numpy as np

from galvanaut.core import bdf
from galvanaut.instruments.vendorfiles.charge import never_falling
from galvanaut.instruments.vendorfiles.columns import Column, chosen, read_columns
from galvanaut.instruments.vendorfiles.content import Content
from galvanaut.instruments.vendorfiles.dates import MONTH_FIRST, unix_times
from galvanaut.instruments.vendorfiles.format import Format
from galvanaut.instruments.vendorfiles.rawfile import RawFile
from galvanaut.instruments.vendorfiles.table import Table, read_table

if TYPE_CHECKING:
    from numpy.typing import NDArray

_COLUMNS = (
    Column(bdf.TEST_TIME, ("Test Time (s)", "Test_Time")),
    Column(bdf.VOLTAGE, ("Voltage (V)", "Voltage")),
    Column(bdf.CURRENT, ("Current (A)", "Current")),
    Column(bdf.CYCLE, ("Cycle Index", "Cycle_Index")),
    Column(bdf.STEP_ID, ("Step Index", "Step_Index")),
    Column(bdf.CHARGED, ("Charge Capacity (Ah)", "Charge_Capacity")),
    Column(bdf.DISCHARGED, ("Discharge Capacity (Ah)", "Discharge_Capacity")),
    Column(bdf.TEMPERATURE_T1, ("Aux_Temperature_1 (C)", "Temperature")),
)
_DATE = Column(bdf.UNIX_TIME, ("Date Time", "DateTime", "Date_Time"))
_SIGNS = (("Test Time (s)", "Cycle Index", "Step Index"), ("Test_Time", "Cycle_Index", "Step_Index"))


def _names_line(file: RawFile) -> int | None:
    found = (file.find_names(*names) for names in _SIGNS)
    return next((index for index in found if index is not None), None)


def _read(file: RawFile, zone: tzinfo) -> Content:
    table = read_table(file, _names_line(file) or 0)
    frame, names = read_columns(table, _COLUMNS)
    for counter in (bdf.CHARGED, bdf.DISCHARGED):  # they begin anew with each cycle
        if counter in frame.columns:
            frame[counter] = never_falling(frame[counter].to_numpy(np.float64))
    dates = chosen(table.columns, [_DATE])
    if dates:
        names |= dates
        frame[bdf.UNIX_TIME] = _unix_s(table, dates[bdf.UNIX_TIME], zone)
    started_s = float(frame[bdf.UNIX_TIME].iloc[0] - frame[bdf.TEST_TIME].iloc[0]) if dates else None
    return Content(frame, names, table.lines, started_s=started_s)


def _unix_s(table: Table, name: str, zone: tzinfo) -> NDArray[np.float64]:
    """MITS Pro counts seconds since the epoch, the data viewer prints dates."""
    texts = table.texts(name)
    if texts[0].replace(".", "", 1).isdigit():
        return table.numbers(name)
    return unix_times(table.path, name, texts, table.lines, MONTH_FIRST, zone)


FORMAT = Format("Arbin csv", (".csv",), lambda file: _names_line(file) is not None, _read)
