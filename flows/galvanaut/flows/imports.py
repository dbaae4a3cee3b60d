"""`galvanaut import`: files of a cycler into records of a campaign."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import typer

from galvanaut.core.bdf import SUFFIX
from galvanaut.core.errors import GalvanautError, InputError
from galvanaut.core.identifiers import is_name
from galvanaut.flows.folder import LabFolder
from galvanaut.flows.tables import table_text
from galvanaut.instruments.vendorfiles import Imported, find_record, read_file, write_record


@dataclass(frozen=True)
class ImportOptions:
    """What the command was told.

    Attributes:
        lab: folder of the lab.
        campaign: that the records belong to; None to keep nothing.
        cell: that the one file is of, if it does not say so itself.
        test: name of the record, by default that of the cell.
        time_zone: of the cycler's computer.
        check: keep nothing, only say what would be kept.
    """

    lab: Path
    campaign: str | None = None
    cell: str | None = None
    test: str | None = None
    time_zone: str = "UTC"
    check: bool = False


@dataclass
class Line:
    """What became of one file.

    Attributes:
        file: its path.
        verdict: ``readable``, ``imported``, ``imported before``, ``would be imported``, ``refused`` or ``failed``.
        record: that it became, or would.
        found: its readings; None if it was refused.
        remarks: reasons and notes.
    """

    file: Path
    verdict: str
    record: Path | None = None
    found: Imported | None = None
    remarks: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """For machines; the keys of the table first."""
        found = self.found
        return {
            "file": str(self.file),
            "format": found.format if found else "",
            "cell": found.cell if found else "",
            "rows": len(found.frame) if found else None,
            "duration_s": found.duration_s if found else None,
            "cycles": found.cycles if found else None,
            "capacity_Ah": found.capacity_Ah if found else None,
            "verdict": self.verdict,
            "record": str(self.record) if self.record else "",
            "sha256": found.sha256 if found else "",
            "remarks": self.remarks,
        }


def import_command(files: Sequence[Path], options: ImportOptions, *, as_json: bool) -> int:
    """Run the command; see `import_files`. Returns the exit code."""
    lines = import_files(files, options)
    typer.echo(json.dumps([line.to_json() for line in lines], indent=2) if as_json else _text(lines))
    verdicts = {line.verdict for line in lines}
    return 1 if "failed" in verdicts else 2 if "refused" in verdicts else 0


def import_files(files: Sequence[Path], options: ImportOptions) -> list[Line]:
    """Read files, and keep them as records if the options name a campaign.

    Raises:
        InputError: the options do not fit together; no file was read.
    """
    _check(files, options)
    lines: list[Line] = []
    for file in files:
        line = Line(file, "readable")
        try:
            _import(line, options, {each.record: each.file for each in lines if each.record is not None})
        except InputError as error:
            line.verdict, line.record = "refused", None
            line.remarks.extend(str(problem) for problem in error.problems)
        except GalvanautError as error:
            line.verdict, line.record = "failed", None
            line.remarks.append(str(error))
        lines.append(line)
    return lines


def _import(line: Line, options: ImportOptions, taken: dict[Path, Path]) -> None:
    found = line.found = read_file(line.file, ZoneInfo(options.time_zone))
    line.remarks.extend(found.notes)
    if options.campaign is None:
        return
    cell, name = _names(found, options)
    if found.cell not in ("", cell):
        line.remarks.append(f"the file calls its cell {found.cell!r}")
    record = LabFolder(options.lab).record(options.campaign, name)
    if record in taken:
        raise InputError(line.file, f"would be the same record as {taken[record]}: {name}; import it alone with --test")
    facts = found.metadata(cell=cell, test=name, campaign=options.campaign)
    before = find_record(record.parent, found.sha256)
    if before not in (None, record):
        raise InputError(line.file, f"is the record {before} already; no file is kept for two tests")
    line.record = record
    if record.exists():
        write_record(record, found.frame, facts)  # refuses another one, and leaves the same one as it is
        line.verdict = "imported before"
    elif options.check:
        line.verdict = "would be imported"
    else:
        write_record(record, found.frame, facts)
        line.verdict = "imported"


def _names(found: Imported, options: ImportOptions) -> tuple[str, str]:
    """Cell and record."""
    cell = options.cell or found.cell
    name = options.test or cell
    if not name:
        raise InputError(found.path, "does not say which cell it is of; import it alone with --cell NAME")
    if not is_name(name):
        advice = "letters, digits, - and _, a letter first; import it alone with --cell NAME"
        raise InputError(found.path, f"is of cell {name!r}, which cannot name a record: {advice}")
    return cell, name


def _check(files: Sequence[Path], options: ImportOptions) -> None:
    named = {"--campaign": options.campaign, "--cell": options.cell, "--test": options.test}
    for option, name in named.items():
        if name is not None and not is_name(name):
            raise InputError(option, f"{name!r} is no name: letters, digits, - and _, a letter first")
        if name is not None and option != "--campaign" and len(files) > 1:
            raise InputError(option, f"names one, but there are {len(files)} files; import them one by one")
    if options.check and options.campaign is None:
        raise InputError("--check", "is about records, and none are written without --campaign")
    try:
        ZoneInfo(options.time_zone)
    except (ValueError, OSError, LookupError):
        raise InputError("--time-zone", f"{options.time_zone!r} is no time zone; write e.g. Europe/Berlin") from None


def _text(lines: Sequence[Line]) -> str:
    rows = [
        {
            "file": line.file.name,
            "format": found.format if found else "",
            "cell": found.cell if found else "",
            "rows": str(len(found.frame)) if found else "",
            "duration": f"{found.duration_s / 3600:.2f} h" if found else "",
            "capacity": f"{1000 * found.capacity_Ah:.4g} mAh" if found else "",
            "verdict": line.verdict,
            "record": line.record.name.removesuffix(SUFFIX) if line.record else "",
        }
        for line in lines
        for found in [line.found]
    ]
    remarks = [f"{line.file.name}: {remark}" for line in lines for remark in line.remarks]
    good = sum(line.verdict not in ("refused", "failed") for line in lines)
    folder = next((line.record.parent for line in lines if line.record), None)
    where = f", records in {folder}" if folder else ""
    return "\n".join([table_text(f"{good} of {len(lines)} files can be used{where}", rows), *remarks])
