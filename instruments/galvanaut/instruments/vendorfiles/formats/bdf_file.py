"""Files in the Battery Data Format itself, as CSV or parquet, under its present and its earlier column names."""

from __future__ import annotations

from datetime import tzinfo
from io import BytesIO
from itertools import combinations

import numpy as np

from galvanaut.core import bdf
from galvanaut.core.errors import InputError, Problem
from galvanaut.instruments.vendorfiles.columns import Column, chosen, read_columns, require
from galvanaut.instruments.vendorfiles.content import Content
from galvanaut.instruments.vendorfiles.format import Format
from galvanaut.instruments.vendorfiles.rawfile import RawFile
from galvanaut.instruments.vendorfiles.table import read_table

_COLUMNS = (
    Column(bdf.TEST_TIME, (bdf.TEST_TIME, "test_time_second")),
    Column(bdf.TEST_TIME, ("test_time_millisecond",), factor=1e-3),
    Column(bdf.VOLTAGE, (bdf.VOLTAGE, "voltage_volt")),
    Column(bdf.CURRENT, (bdf.CURRENT, "current_ampere")),
    Column(bdf.UNIX_TIME, (bdf.UNIX_TIME, "unix_time_second")),
    Column(bdf.UNIX_TIME, ("date_time_millisecond",), factor=1e-3),
    Column(bdf.CYCLE, (bdf.CYCLE, "cycle_count", "cycle_dimensionless")),
    Column(bdf.STEP_COUNT, (bdf.STEP_COUNT, "step_count")),
    Column(bdf.STEP_ID, (bdf.STEP_ID, "step_id", "step_index")),
    Column(bdf.AMBIENT_TEMPERATURE, (bdf.AMBIENT_TEMPERATURE, "ambient_temperature_celsius")),
    Column(bdf.TEMPERATURE_T1, (bdf.TEMPERATURE_T1, "Surface Temperature T1 / degC", "temperature_t1_celsius")),
    Column(bdf.CHARGED, (bdf.CHARGED, "charging_capacity_ah")),
    Column(bdf.DISCHARGED, (bdf.DISCHARGED, "discharging_capacity_ah")),
    Column(bdf.FREQUENCY, (bdf.FREQUENCY, "frequency_hertz")),
    Column(bdf.REAL_IMPEDANCE, (bdf.REAL_IMPEDANCE, "real_impedance_ohm")),
    Column(bdf.IMAGINARY_IMPEDANCE, (bdf.IMAGINARY_IMPEDANCE, "imaginary_impedance_ohm")),
)
_SIGNS = [spelling for column in _COLUMNS if column.bdf in bdf.REQUIRED for spelling in column.spellings]
_PARQUET = b"PAR1"


def _names_line(file: RawFile) -> int | None:
    """A file that lacks one required column is still one of these, only a bad one."""
    found = (file.find_names(*pair) for pair in combinations(_SIGNS, 2))
    return next((index for index in found if index is not None), None)


def _read_csv(file: RawFile, zone: tzinfo) -> Content:
    table = read_table(file, _names_line(file) or 0)
    frame, names = read_columns(table, _COLUMNS)
    return _content(Content(frame, names, table.lines))


def _read_parquet(file: RawFile, zone: tzinfo) -> Content:
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(BytesIO(file.data))
    except (pa.ArrowException, OSError) as error:
        text = f"is a damaged or truncated parquet file ({' '.join(str(error).split())}); copy or export it again"
        raise InputError(file.path, text) from None
    found = table.column_names
    names = chosen(found, _COLUMNS)
    require(file.path, names, _COLUMNS, found)
    factors = {(column.bdf, column.found_in(found)): column.factor for column in _COLUMNS}
    data = {}
    for target, name in names.items():
        values = table.column(name).to_pandas()
        if values.dtype.kind not in "fiu":
            raise InputError(file.path, Problem(f"column {name}", f"holds {values.dtype}, not numbers"))
        data[target] = values.to_numpy(np.float64) * factors[target, name]
    return _content(Content(pd.DataFrame(data), names))


def _content(content: Content) -> Content:
    frame = content.frame
    if bdf.UNIX_TIME not in frame.columns or not len(frame):
        return content
    started_s = float(frame[bdf.UNIX_TIME].iloc[0] - frame[bdf.TEST_TIME].iloc[0])
    return Content(frame, content.names, content.lines, started_s=started_s)


CSV = Format("BDF csv", (".csv", ".csv.gz"), lambda file: _names_line(file) is not None, _read_csv)
PARQUET = Format("BDF parquet", (".parquet",), lambda file: file.data.startswith(_PARQUET), _read_parquet)
