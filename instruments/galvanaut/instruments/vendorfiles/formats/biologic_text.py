"""BioLogic's text exports: ``.mpt`` and ``.txt`` of EC-Lab and BT-Lab, with seconds or with dates."""

from __future__ import annotations

import re
from datetime import tzinfo
from typing import TYPE_CHECKING

import numpy as np

from galvanaut.core import bdf
from galvanaut.core.errors import InputError, Problem
from galvanaut.instruments.vendorfiles.charge import from_net, never_falling
from galvanaut.instruments.vendorfiles.columns import Column, chosen, read_columns, require
from galvanaut.instruments.vendorfiles.content import Content
from galvanaut.instruments.vendorfiles.dates import MONTH_FIRST, unix_time, unix_times
from galvanaut.instruments.vendorfiles.format import Format
from galvanaut.instruments.vendorfiles.rawfile import RawFile
from galvanaut.instruments.vendorfiles.table import Table, read_table

if TYPE_CHECKING:
    import pandas as pd

SPECTRUM = {
    bdf.FREQUENCY: ("freq/Hz", 1.0),
    bdf.REAL_IMPEDANCE: ("Re(Z)/Ohm", 1.0),
    bdf.IMAGINARY_IMPEDANCE: ("-Im(Z)/Ohm", -1.0),
}
"""Columns of a record by their name in BioLogic's files, and the factor between them."""
_FIRST_LINE = re.compile(r"(EC|BT)-Lab ASCII FILE")
_TIME = Column(bdf.TEST_TIME, ("time/s",))
_COLUMNS = (
    Column(bdf.VOLTAGE, ("Ecell/V", "Ewe-Ece/V", "<Ewe-Ece>/V", "Ewe/V", "<Ewe>/V")),
    Column(bdf.CURRENT, ("I/mA", "<I>/mA"), factor=1e-3),
    Column(bdf.CURRENT, ("I/A", "<I>/A")),
    Column(bdf.CYCLE, ("cycle number",)),
    Column(bdf.STEP_ID, ("Ns",)),
    Column(bdf.CHARGED, ("Q charge/mA.h",), factor=1e-3),
    Column(bdf.DISCHARGED, ("Q discharge/mA.h",), factor=1e-3),
    Column(bdf.TEMPERATURE_T1, ("Temperature/°C",)),
    *(Column(name, (spelling,), factor) for name, (spelling, factor) in SPECTRUM.items()),
)
_NET = "(Q-Qo)/mA.h"
_HALF = "half cycle"
_DATES = "dates are month first, as BioLogic prints them"
HALF_CYCLES = "cycles are counted from the file's half cycles"


def _recognises(file: RawFile) -> bool:
    return file.is_text and _FIRST_LINE.match(file.lines[0]) is not None


def _read(file: RawFile, zone: tzinfo) -> Content:
    table = read_table(file, _names_line(file))
    require(file.path, chosen(table.columns, (_TIME, *_COLUMNS)), (_TIME, *_COLUMNS), table.columns)
    started_s = unix_time(_fact(file, "Acquisition started on"), MONTH_FIRST, zone)
    timed, notes = _with_seconds(table, started_s, zone)
    frame, names = read_columns(timed, (_TIME, *_COLUMNS))
    if started_s is not None:
        frame[bdf.UNIX_TIME] = started_s + frame[bdf.TEST_TIME]
        names[bdf.UNIX_TIME] = names[bdf.TEST_TIME]
    _add_charge(table, frame, names)
    if bdf.CYCLE not in frame.columns and _HALF in table.columns:
        frame[bdf.CYCLE] = table.numbers(_HALF) // 2 + 1
        names[bdf.CYCLE] = _HALF
        notes = (*notes, HALF_CYCLES)
    channel = _fact(file, "Run on channel").partition(" (")[0]
    return Content(frame, names, table.lines, channel=channel, started_s=started_s, notes=notes)


def _names_line(file: RawFile) -> int:
    text = _fact(file, "Nb header lines")
    if not text.isdigit():
        raise InputError(file.path, Problem("", "does not say how many header lines it has; export it again", 2))
    count = int(text)
    if not 3 <= count < len(file.lines):
        raise InputError(file.path, f"ends inside its {count} header lines: it was cut short; copy or export it again")
    return count - 1


def _fact(file: RawFile, name: str) -> str:
    """What the header says after ``name :``."""
    found = (line.partition(":") for line in file.lines[:200] if line.startswith(name))
    return next((value.strip() for _, _, value in found), "")


def _with_seconds(table: Table, started_s: float | None, zone: tzinfo) -> tuple[Table, tuple[str, ...]]:
    """The table with seconds in its column of time, also if dates were exported there."""
    texts = table.texts("time/s")
    if "/" not in texts[0]:
        return table, ()
    unix_s = unix_times(table.path, "time/s", texts, table.lines, MONTH_FIRST, zone)
    zero_s = unix_s[0] if started_s is None else started_s
    cells = list(table.cells)
    cells[table.columns.index("time/s")] = [f"{seconds:.6f}" for seconds in unix_s - zero_s]
    return Table(table.path, table.columns, tuple(cells), table.lines), (_DATES,)


def _add_charge(table: Table, frame: pd.DataFrame, names: dict[str, str]) -> None:
    """Charge in and out: from the two counters, which begin anew now and then, or from the net one."""
    if bdf.CHARGED in frame.columns and bdf.DISCHARGED in frame.columns:
        for counter in (bdf.CHARGED, bdf.DISCHARGED):
            frame[counter] = never_falling(frame[counter].to_numpy(np.float64))
    elif _NET in table.columns:
        frame[bdf.CHARGED], frame[bdf.DISCHARGED] = from_net(table.numbers(_NET) * 1e-3)
        names |= {bdf.CHARGED: _NET, bdf.DISCHARGED: _NET}


FORMAT = Format("BioLogic text", (".mpt", ".txt"), _recognises, _read)
