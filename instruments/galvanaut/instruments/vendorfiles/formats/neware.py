"""Neware's binary ``.nda`` and ``.ndax``, through fastnda (BSD-3-Clause).

A shortened ``.ndax`` is no archive any more and is refused. A shortened ``.nda`` nobody notices: fastnda reads what is
there. Dates are as fastnda has them; cycles as the cycler counted them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile, ZipFile

import numpy as np

from galvanaut.core import bdf
from galvanaut.instruments.vendorfiles.charge import from_net
from galvanaut.instruments.vendorfiles.content import Content
from galvanaut.instruments.vendorfiles.dates import ISO, unix_time
from galvanaut.instruments.vendorfiles.extras import ask, reader
from galvanaut.instruments.vendorfiles.format import Format
from galvanaut.instruments.vendorfiles.rawfile import RawFile

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS = {
    "total_time_s": (bdf.TEST_TIME, 1.0),
    "voltage_V": (bdf.VOLTAGE, 1.0),
    "current_mA": (bdf.CURRENT, 1e-3),
    "unix_time_s": (bdf.UNIX_TIME, 1.0),
    "cycle_count": (bdf.CYCLE, 1.0),
    "step_count": (bdf.STEP_COUNT, 1.0),
    "step_index": (bdf.STEP_ID, 1.0),
    "aux1_temperature_degC": (bdf.TEMPERATURE_T1, 1.0),
}
_CHANNEL = ("DevID", "UnitID", "ChlID")


def _is_ndax(file: RawFile) -> bool:
    if not file.data.startswith(b"PK"):
        return False
    try:
        with ZipFile(BytesIO(file.data)) as archive:
            return any(name.endswith(".ndc") for name in archive.namelist())
    except BadZipFile:
        return file.path.suffix.lower() == ".ndax"


def _read_as(suffix: str, file: RawFile, zone: tzinfo) -> Content:
    library = reader(file.path, "fastnda", "neware", "BSD-3-Clause")
    with TemporaryDirectory() as folder:  # fastnda goes by the suffix, and reads the very bytes that were summed
        copy = Path(folder) / f"copy{suffix}"
        copy.write_bytes(file.data)
        found, warned = ask(file.path, "fastnda", lambda: library.read(copy, cycle_mode="raw"))
        facts, _ = ask(file.path, "fastnda", lambda: library.read_metadata(copy))
    frame, names = _frame({name: found[name].to_numpy() for name in found.columns if name != "step_type"})
    test = _of_the_test(facts)
    channel = "-".join(test[part] for part in _CHANNEL if part in test)
    started_s = unix_time(test.get("StartTime", test.get("start_time", "")), ISO, zone)
    if bdf.UNIX_TIME in frame.columns:
        started_s = float(frame[bdf.UNIX_TIME].iloc[0])
    cell = test.get("Barcode", test.get("barcode", ""))
    return Content(frame, names, cell=cell, channel=channel, started_s=started_s, notes=warned)


def _frame(data: Mapping[str, Any]) -> tuple[pd.DataFrame, dict[str, str]]:
    import pandas as pd

    columns, names = {}, {}
    for name, (target, factor) in _COLUMNS.items():
        if name in data:
            columns[target], names[target] = data[name].astype(np.float64) * factor, name
    frame = pd.DataFrame(columns)
    if "capacity_mAh" in data and "step_count" in data:
        capacity_Ah = data["capacity_mAh"].astype(np.float64) * 1e-3
        frame[bdf.CHARGED], frame[bdf.DISCHARGED] = from_net(capacity_Ah, data["step_count"].astype(np.float64))
        names |= {bdf.CHARGED: "capacity_mAh", bdf.DISCHARGED: "capacity_mAh"}
    return frame, names


def _of_the_test(facts: Mapping[str, Any]) -> dict[str, str]:
    """What the file says of the test: flat in ``.nda``, in ``TestInfo.xml`` of ``.ndax``."""
    info = facts.get("TestInfo", facts)
    inner = info.get("TestInfo", info) if isinstance(info, Mapping) else {}
    return {key: str(value) for key, value in inner.items() if isinstance(value, (str, int, float))}


NDA = Format(
    "Neware nda",
    (".nda",),
    lambda file: file.data.startswith(b"NEWARE"),
    lambda file, zone: _read_as(".nda", file, zone),
)
NDAX = Format("Neware ndax", (".ndax",), _is_ndax, lambda file, zone: _read_as(".ndax", file, zone))
