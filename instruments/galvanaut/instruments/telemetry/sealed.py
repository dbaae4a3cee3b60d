"""A record in a file that is never written again, sealed here or imported, and where it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from galvanaut.core import bdf
from galvanaut.core.errors import GalvanautError, InputError
from galvanaut.core.identifiers import JobKey, is_name

RECORDS = "records"
"""Folder in a lab folder."""
HOT_FILE = "telemetry.db"
"""In a lab folder, for what is not sealed. A file of its own: readings never queue behind journal and ledger."""


class SealError(GalvanautError):
    """A record cannot be sealed now. Its readings are kept where they are; the text says what to put right."""


@dataclass(frozen=True)
class Sealed:
    """The record of one test.

    Attributes:
        path: in the lab folder, with slashes.
        sha256: of the file.
        rows: readings in it.
        time_s: test time of the last one.
        problems: what `galvanaut.instruments.telemetry.validate` objects to, in words.
    """

    path: str
    sha256: str
    rows: int
    time_s: float
    problems: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self) | {"problems": list(self.problems)}


def record_path(test: str) -> str:
    """Where the record of a test stands in a lab folder: made of names and numbers alone, so it leads nowhere else.

    Raises:
        InputError: ``test`` is no job key in its usual form whose words may be file names.
    """
    key = _job(test)
    if not (is_name(key.campaign) and is_name(key.step) and key.trial >= 0 and key.replicate >= 0):
        raise InputError(f"test {test}", "cannot name a file; letters, digits, _ and - may stand in it")
    if str(key) != test:
        raise InputError(f"test {test}", f"is to be written {key}")
    return f"{RECORDS}/{key.campaign}/{key.trial:04d}-{key.step}-{key.replicate}{bdf.SUFFIX}"


def any_record_path(test: str) -> str:
    """The same of a test or of an imported record, which is called ``campaign/name``; errors as of `record_path`."""
    return f"{RECORDS}/{test}{bdf.SUFFIX}" if is_imported(test) else record_path(test)


def is_imported(test: str) -> bool:
    """Whether this names an imported record: ``campaign/name``. No job is called so, and none has such a file."""
    words = test.split("/")
    return len(words) == 2 and all(is_name(word) for word in words)


def usual_name(test: str) -> str:
    """The name of a test as it is kept, of one that a person wrote: ``demo/1/cycle/1`` is ``demo/0001/cycle/1``.

    Raises:
        InputError: it is neither a job key nor the name of an imported record.
    """
    return test if is_imported(test) else str(_job(test))


def remark_in(notes: Mapping[str, Any]) -> str:
    """What a reader of a test's readings has to know, by the notes of its job; empty if nothing."""
    if "over" in notes:
        return str(notes["over"].get("words", {}).get("remark", ""))
    return "; ".join((*notes.get("unseen", ()), *notes.get("run", {}).get("remarks", ())))


def _job(test: str) -> JobKey:
    try:
        return JobKey.parse(test)
    except ValueError as error:
        text = f"{error}; a record that was imported is campaign/name"
        raise InputError(f"test {test}", text) from None
