"""What was recorded of tests, for people and machines: `galvanaut records` and `galvanaut export record`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from galvanaut.flows.folder import LabFolder
from galvanaut.flows.tables import table_text
from galvanaut.instruments.telemetry.export import export_record
from galvanaut.instruments.telemetry.reader import RecordInfo, list_records

_KINDS = {True: "simulated", False: "real", None: "unknown"}


def records_json(lab: Path, campaign: str | None) -> list[dict[str, Any]]:
    """Every record of a lab, or of one campaign."""
    return [asdict(info) for info in list_records(_with_records(lab), campaign or "", LabFolder(lab).url)]


def records_text(lab: Path, campaign: str | None) -> str:
    """The same as a table."""
    found = list_records(_with_records(lab), campaign or "", LabFolder(lab).url)
    where = f"{lab}, campaign {campaign}" if campaign else str(lab)
    if not found:
        return f"{where}: no test has a reading yet"
    return table_text(f"{where}: {len(found)} records", [_row(info) for info in found])


def export_command(lab: Path, test: str, output: Path) -> str:
    """Write one record to files of the user's choice; which, in words."""
    files = export_record(_with_records(lab), test, output, LabFolder(lab).url)
    return "\n".join(str(file) for file in files)


def _with_records(lab: Path) -> Path:
    """A lab folder; also one that holds nothing but records, such as a copy."""
    folder = LabFolder(lab)
    return lab if folder.records.is_dir() or folder.has("telemetry") else LabFolder.existing(lab).path


def _row(info: RecordInfo) -> dict[str, Any]:
    return {
        "test": info.test,
        "cell": info.cell,
        "rows": info.rows,
        "hours": f"{info.time_s / 3600:.2f}",
        "state": info.state,
        "ended": info.outcome,
        "from": _KINDS[info.simulated],
        "file": info.file,
        "problems": "; ".join(info.problems),
    }
