"""A home-made instrument's semicolon-separated file, as cellpy keeps one among its test data.

Its preamble says which cell it was. Time is in seconds, current in A, capacity in Ah; the column ``date_stamp`` counts
days with two decimals, a quarter of an hour, and is left out.
"""

from __future__ import annotations

from datetime import tzinfo

import numpy as np

from galvanaut.core import bdf
from galvanaut.instruments.vendorfiles.charge import never_falling
from galvanaut.instruments.vendorfiles.columns import Column, read_columns
from galvanaut.instruments.vendorfiles.content import Content
from galvanaut.instruments.vendorfiles.format import Format
from galvanaut.instruments.vendorfiles.rawfile import RawFile
from galvanaut.instruments.vendorfiles.table import read_table

_COLUMNS = (
    Column(bdf.TEST_TIME, ("test_time",)),
    Column(bdf.VOLTAGE, ("voltage",)),
    Column(bdf.CURRENT, ("current",)),
    Column(bdf.CYCLE, ("cycle",)),
    Column(bdf.STEP_ID, ("step",)),
    Column(bdf.CHARGED, ("charge_capacity",)),
    Column(bdf.DISCHARGED, ("discharge_Capacity",)),
)
_SIGN = ("index", "test_time", "date_stamp", "step", "cycle")
_NOTES = ("dates left out: date_stamp is rounded to a quarter of an hour",)


def _names_line(file: RawFile) -> int | None:
    return file.find_names(*_SIGN)


def _read(file: RawFile, zone: tzinfo) -> Content:
    index = _names_line(file) or 0
    table = read_table(file, index)
    frame, names = read_columns(table, _COLUMNS)
    for counter in (bdf.CHARGED, bdf.DISCHARGED):
        if counter in frame.columns:
            frame[counter] = never_falling(frame[counter].to_numpy(np.float64))
    cell = next((line.split(";")[1] for line in file.lines[:index] if line.startswith("cell;")), "")
    return Content(frame, names, table.lines, cell=cell, notes=_NOTES)


FORMAT = Format("cellpy custom csv", (".csv",), lambda file: _names_line(file) is not None, _read)
