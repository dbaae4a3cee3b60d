"""What was recorded of tests, for people and machines: `galvanaut records` and `galvanaut export record`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from galvanaut.core.errors import InputError
from galvanaut.flows.folder import LabFolder
from galvanaut.flows.records import campaign_name, campaigns_of
from galvanaut.flows.tables import table_text
from galvanaut.instruments.telemetry.export import export_record
from galvanaut.instruments.telemetry.reader import RecordInfo, list_records

_KINDS = {True: "simulated", False: "real", None: "unknown"}


def records_json(lab: Path, campaign: str | None) -> list[dict[str, Any]]:
    """Every record of a lab, or of one campaign.

    Args:
        lab: its folder.
        campaign: name, or the campaign's file; also one whose records were imported.

    Raises:
        InputError: there is no such lab, or no such campaign in it.
    """
    return [asdict(info) for info in _records(lab, _name(campaign))]


def records_text(lab: Path, campaign: str | None) -> str:
    """The same as a table."""
    name = _name(campaign)
    found = _records(lab, name)
    where = f"{lab}, campaign {name}" if name else str(lab)
    if not found:
        return f"{where}: no test has a reading yet"
    return table_text(f"{where}: {len(found)} records", [_row(info) for info in found])


def export_command(lab: Path, test: str, output: Path) -> str:
    """Write one record to files of the user's choice; which, in words."""
    files = export_record(_with_records(lab), test, output, LabFolder(lab).url)
    return "\n".join(str(file) for file in files)


def _name(campaign: str | None) -> str:
    return "" if campaign is None else campaign_name(campaign)


def _records(lab: Path, campaign: str) -> list[RecordInfo]:
    found = list_records(_with_records(lab), campaign, LabFolder(lab).url)
    if campaign and not found:
        _require_known(lab, campaign)
    return found


def _require_known(lab: Path, campaign: str) -> None:
    """Refuse a campaign of which neither the ledger nor any record knows."""
    folder = LabFolder(lab)
    known = campaigns_of(lab) if folder.has("ledger") else []  # a copy may hold records only
    if campaign not in known:
        recorded = [info.test.split("/")[0] for info in list_records(lab, url=folder.url) if info.test]
        there = ", ".join(dict.fromkeys([*known, *recorded])) or "none"
        raise InputError(f"campaign {campaign}", f"is in no record of {lab}, nor in its ledger; there: {there}")


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
