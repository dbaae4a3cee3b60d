"""Records of tests: what a cycler measured, live while it runs and sealed when it has ended.

In a notebook::

    from galvanaut.instruments.telemetry import list_records, read_record

    list_records("lab")
    frame = read_record("lab", "formation/0001/cycle/1")
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from galvanaut.instruments.telemetry.export import export_record
    from galvanaut.instruments.telemetry.labrecorder import LabRecorder
    from galvanaut.instruments.telemetry.reader import RecordInfo, list_records, read_record
    from galvanaut.instruments.telemetry.recorder import Recorder
    from galvanaut.instruments.telemetry.sealed import Sealed, SealError

__all__ = [
    "LabRecorder",
    "RecordInfo",
    "Recorder",
    "SealError",
    "Sealed",
    "export_record",
    "list_records",
    "read_record",
]
_MODULES = {
    "LabRecorder": "labrecorder",
    "RecordInfo": "reader",
    "Recorder": "recorder",
    "SealError": "sealed",
    "Sealed": "sealed",
    "export_record": "export",
    "list_records": "reader",
    "read_record": "reader",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for and no more: the command line and the jobs need the light parts only."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
