"""Files that look like a cycler's and hold no readings: recognised, so that the refusal can say what they are."""

from __future__ import annotations

import json
from datetime import tzinfo

from galvanaut.core.errors import InputError
from galvanaut.instruments.vendorfiles.content import Content
from galvanaut.instruments.vendorfiles.delimited import plain
from galvanaut.instruments.vendorfiles.format import Format
from galvanaut.instruments.vendorfiles.rawfile import RawFile

_PER_CYCLE = {"ce", "q dis", "q chg", "discharge capacity", "charge capacity", "coulombic efficiency"}
_SERIES = {"voltage", "voltage (v)", "volts", "current", "current (a)", "amps"}


def _is_summary(file: RawFile) -> bool:
    if not file.is_text:
        return False
    names = {plain(name) for name in file.lines[0].split(",")}
    return bool({"cycle index", "cycle number", "cycle"} & names and _PER_CYCLE & names) and not _SERIES & names


def _is_protocol(file: RawFile) -> bool:
    if not file.is_text or not file.lines[0].lstrip().startswith("{"):
        return False
    try:
        found = json.loads("\n".join(file.lines))
    except ValueError:
        return False
    return isinstance(found, dict) and "method" in found and ("unicycler" in found or "record" in found)


def _refuse_summary(file: RawFile, zone: tzinfo) -> Content:
    raise InputError(
        file.path, "has one row per cycle and no readings of voltage and current over time; export the readings instead"
    )


def _refuse_protocol(file: RawFile, zone: tzinfo) -> Content:
    raise InputError(file.path, "is a test protocol (aurora-unicycler): what was to be done, not what was measured")


SUMMARY = Format("summary table", (".csv",), _is_summary, _refuse_summary, holds_readings=False)
PROTOCOL = Format("unicycler protocol", (".json",), _is_protocol, _refuse_protocol, holds_readings=False)
