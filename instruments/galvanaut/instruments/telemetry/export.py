"""Write a record for other programs: one file in the Battery Data Format, as parquet or CSV."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from galvanaut.core.errors import InputError
from galvanaut.instruments.telemetry.reader import read_record, read_test

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

SUFFIXES = (".csv", ".parquet")
SIDE = ".metadata.json"
"""Ends the name of the file with the facts of a test, which CSV has no place for."""


def export_record(lab: Path | str, test: str, output: Path, url: str | None = None) -> list[Path]:
    """Write the record of a test, sealed or live, to new files.

    Args:
        lab: the lab folder.
        test: its name.
        output: ends in ``.csv`` or ``.parquet``; the format's own custom is ``x.bdf.csv``, ``x.bdf.parquet``. Beside a
            CSV file comes one with the facts about the test: ``x.bdf.metadata.json``.
        url: see `galvanaut.instruments.telemetry.reader.list_records`.

    Returns:
        The files written.

    Raises:
        InputError: no such test, another ending, a file that is there already, or one that cannot be written.
    """
    from galvanaut.instruments.telemetry.seal import write_parquet

    if output.suffix not in SUFFIXES:
        raise InputError(output, f"ends in {output.suffix or 'nothing'}; a record is written to .csv or .parquet")
    side = output.with_suffix(SIDE)
    files = [output, side] if output.suffix == ".csv" else [output]
    for file in files:
        if file.exists():
            raise InputError(file, "is there already and is not written over; choose another name")
    try:
        if output.suffix == ".csv":
            _write_csv(lab, test, output, side, url)
        else:
            write_parquet(output, *read_test(lab, test, url))
    except OSError as error:
        raise InputError(output, f"cannot be written ({error.strerror or error})") from None
    return files


def _write_csv(lab: Path | str, test: str, output: Path, side: Path, url: str | None) -> None:
    """Both files or none."""
    frame = read_record(lab, test, url)
    facts: Mapping[str, Any] = {str(name): value for name, value in frame.attrs.items()}
    try:
        side.write_text(json.dumps(facts, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        frame.to_csv(output, index=False)
    except OSError:
        for file in (output, side):
            with suppress(OSError):
                file.unlink()
        raise
