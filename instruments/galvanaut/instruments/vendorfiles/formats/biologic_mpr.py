"""BioLogic's binary ``.mpr``, through galvani.

galvani is licensed under the GPL-3.0-or-later. It is no part of Galvanaut but an extra that a user installs, and it is
imported only when such a file is read.
"""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np

from galvanaut.core import bdf
from galvanaut.core.errors import InputError
from galvanaut.instruments.vendorfiles.charge import from_net
from galvanaut.instruments.vendorfiles.content import Content
from galvanaut.instruments.vendorfiles.extras import ask, reader
from galvanaut.instruments.vendorfiles.format import Format
from galvanaut.instruments.vendorfiles.formats.biologic_text import HALF_CYCLES, SPECTRUM
from galvanaut.instruments.vendorfiles.rawfile import RawFile

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MAGIC = b"BIO-LOGIC MODULAR FILE"
_VOLTAGES = ("Ecell/V", "Ewe-Ece/V", "Ewe/V", "<Ewe>/V")
_CURRENTS = ("I/mA", "<I>/mA")
_MOVED = "dq/mA.h"
_NET = "(Q-Qo)/mA.h"
_MEAN = "the file has no current: it is the charge of each reading over the time since the one before"


def _read(file: RawFile, zone: tzinfo) -> Content:
    import pandas as pd

    library = reader(file.path, "galvani.BioLogic", "biologic", "GPL-3.0-or-later")
    found, notes = ask(file.path, "galvani", lambda: library.MPRfile(BytesIO(file.data)))
    data = {name: np.asarray(found.data[name], np.float64) for name in found.data.dtype.names}
    voltage = next((name for name in _VOLTAGES if name in data), None)
    if voltage is None or "time/s" not in data:
        raise InputError(
            file.path, f"has no time or no voltage, only {', '.join(data)}; it is no record of a cell's cycles"
        )
    current_mA, current = _current(file, data)
    frame = pd.DataFrame({bdf.TEST_TIME: data["time/s"], bdf.VOLTAGE: data[voltage], bdf.CURRENT: current_mA * 1e-3})
    names = {bdf.TEST_TIME: "time/s", bdf.VOLTAGE: voltage, bdf.CURRENT: current}
    notes = (*notes, _MEAN) if current == _MOVED else notes
    if "Ns" in data:
        frame[bdf.STEP_ID], names[bdf.STEP_ID] = data["Ns"], "Ns"
    if "half cycle" in data:
        frame[bdf.CYCLE], names[bdf.CYCLE] = data["half cycle"] // 2 + 1, "half cycle"
        notes = (*notes, HALF_CYCLES)
    if _NET in data:
        frame[bdf.CHARGED], frame[bdf.DISCHARGED] = from_net(data[_NET] * 1e-3)
        names |= {bdf.CHARGED: _NET, bdf.DISCHARGED: _NET}
    for target, (name, factor) in SPECTRUM.items():
        if name in data:
            frame[target], names[target] = data[name] * factor, name
    started_s = _started(found, zone)
    if started_s is not None:
        frame[bdf.UNIX_TIME] = started_s + data["time/s"]
    return Content(frame, names, started_s=started_s, notes=notes)


def _current(file: RawFile, data: dict[str, NDArray[np.float64]]) -> tuple[NDArray[np.float64], str]:
    """Current in mA and the column it is from."""
    for name in _CURRENTS:
        if name in data:
            return data[name], name
    if _MOVED not in data:
        raise InputError(file.path, f"has neither current nor charge, only {', '.join(data)}; record one of them")
    seconds = np.diff(data["time/s"], prepend=np.nan)
    mean_mA = np.zeros_like(seconds)
    np.divide(data[_MOVED] * 3600, seconds, out=mean_mA, where=seconds > 0)
    return mean_mA, _MOVED


def _started(found: Any, zone: tzinfo) -> float | None:
    """The beginning of the acquisition; the file keeps it as local time."""
    stamp = getattr(found, "timestamp", None)
    return stamp.replace(tzinfo=zone).astimezone(UTC).timestamp() if isinstance(stamp, datetime) else None


FORMAT = Format("BioLogic mpr", (".mpr",), lambda file: file.data.startswith(_MAGIC), _read)
