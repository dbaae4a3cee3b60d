"""Novonix UHPC exports: blocks in brackets, the readings in the one named ``[Data]``."""

from __future__ import annotations

from datetime import tzinfo

from galvanaut.core import bdf
from galvanaut.core.errors import InputError
from galvanaut.instruments.vendorfiles.columns import Column, read_columns
from galvanaut.instruments.vendorfiles.content import Content
from galvanaut.instruments.vendorfiles.dates import ISO, unix_time, unix_times
from galvanaut.instruments.vendorfiles.format import Format
from galvanaut.instruments.vendorfiles.rawfile import RawFile
from galvanaut.instruments.vendorfiles.table import read_table

_COLUMNS = (
    Column(bdf.TEST_TIME, ("Run Time (h)",), factor=3600.0),
    Column(bdf.VOLTAGE, ("Potential (V)",)),
    Column(bdf.CURRENT, ("Current (A)",)),
    Column(bdf.CYCLE, ("Cycle Number",)),
    Column(bdf.STEP_ID, ("Step Number",)),
    Column(bdf.TEMPERATURE_T1, ("Temperature (°C)",)),
)
_DATE = "Date and Time"
_LEFT_OUT = "its one capacity column is left out: how it counts a discharge was not seen"


def _recognises(file: RawFile) -> bool:
    return file.is_text and file.lines[0].strip() == "[Summary]" and any("Novonix" in line for line in file.lines[:4])


def _read(file: RawFile, zone: tzinfo) -> Content:
    stripped = [line.strip() for line in file.lines]
    if "[Data]" not in stripped:
        raise InputError(file.path, "has no block [Data]: the file was cut short; copy or export it again")
    table = read_table(file, stripped.index("[Data]") + 1)
    frame, names = read_columns(table, _COLUMNS)
    if _DATE in table.columns:
        names[bdf.UNIX_TIME] = _DATE
        frame[bdf.UNIX_TIME] = unix_times(file.path, _DATE, table.texts(_DATE), table.lines, ISO, zone)
    facts = _summary(stripped)
    cell = facts.get("CellID", "") or facts.get("Cell", "").removesuffix(".csv")  # which is often the file's name
    return Content(
        frame,
        names,
        table.lines,
        cell=cell,
        channel=facts.get("Channel", ""),
        started_s=unix_time(facts.get("Started", ""), ISO, zone),
        notes=(_LEFT_OUT,) if any(name.startswith("Capacity") for name in table.columns) else (),
    )


def _summary(lines: list[str]) -> dict[str, str]:
    pairs = (line.partition(":") for line in lines[: lines.index("[Data]")])
    facts: dict[str, str] = {}
    for key, _, value in pairs:
        facts.setdefault(key.strip(), value.strip())
    return facts


FORMAT = Format("Novonix csv", (".csv",), _recognises, _read)
