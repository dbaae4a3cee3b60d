"""Which kind of file it is: by content first, by name only where content leaves a choice, and never by guessing."""

from __future__ import annotations

from datetime import UTC, tzinfo
from pathlib import Path

from galvanaut.core.errors import InputError
from galvanaut.instruments.vendorfiles.checks import checked
from galvanaut.instruments.vendorfiles.format import Format
from galvanaut.instruments.vendorfiles.formats import (
    arbin,
    bdf_file,
    biologic_mpr,
    biologic_text,
    cellpy_custom,
    maccor,
    neware,
    novonix,
    unreadable,
)
from galvanaut.instruments.vendorfiles.imported import Imported
from galvanaut.instruments.vendorfiles.rawfile import RawFile

FORMATS = (
    neware.NDAX,
    neware.NDA,
    biologic_mpr.FORMAT,
    biologic_text.FORMAT,
    arbin.FORMAT,
    maccor.FORMAT,
    novonix.FORMAT,
    bdf_file.CSV,
    bdf_file.PARQUET,
    cellpy_custom.FORMAT,
    unreadable.SUMMARY,
    unreadable.PROTOCOL,
)
_SHOWN = 60


def read_file(path: Path, zone: tzinfo = UTC) -> Imported:
    """Read a cycler's export. The file is not touched.

    Args:
        path: of the file.
        zone: of the clock that printed its dates, where it prints dates without a zone.

    Raises:
        InputError: it is of no known kind, needs an extra that is not installed, is damaged, or holds no readings; says
            where in the file and what to do.
    """
    file = RawFile.read(path)
    kind = format_of(file)
    content = kind.read(file, zone)
    frame, notes = checked(path, content)
    return Imported(frame, path, kind.name, file.sha256, content.cell, content.channel, content.started_s, notes)


def format_of(file: RawFile) -> Format:
    """The kind of a file.

    Raises:
        InputError: none fits, or more than one; lists what was found and what can be read.
    """
    fitting = [each for each in FORMATS if each.recognises(file)]
    if len(fitting) > 1:
        fitting = [each for each in fitting if each.has_name_of(file)] or fitting
    if len(fitting) == 1:
        return fitting[0]
    known = ", ".join(each.name for each in FORMATS if each.holds_readings)
    if fitting:
        names = " and ".join(each.name for each in fitting)
        raise InputError(file.path, f"could be {names}; nothing is guessed. Export it in one of the forms: {known}")
    raise InputError(file.path, f"is of no known kind: {_described(file)}. Read are {known}")


def _described(file: RawFile) -> str:
    if not file.is_text:
        return f"binary, beginning with {file.data[:12]!r}"
    line = next((line.strip() for line in file.lines if line.strip()), "")
    return f"text, beginning with {line[:_SHOWN]!r}"
