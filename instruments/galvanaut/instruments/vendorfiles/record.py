"""Records on disk: one parquet file per test, complete or not there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from galvanaut.core.bdf import SUFFIX
from galvanaut.core.errors import GalvanautError, InputError
from galvanaut.core.wholefile import make_folder
from galvanaut.instruments.telemetry.seal import KEY, write_table

if TYPE_CHECKING:
    import pandas as pd


def write_record(path: Path, frame: pd.DataFrame, metadata: Mapping[str, Any]) -> None:
    """Write a record; when this returns it is on disk, and if it does not return, nothing is there under its name.

    A record is never written over. One with the same metadata counts as this one: a run that was killed after writing
    it comes here again.

    Args:
        path: of the record; its folder is made when missing.
        frame: columns of `galvanaut.core.bdf`.
        metadata: facts about it, as plain JSON.

    Raises:
        InputError: another record has this name.
        GalvanautError: it cannot be written, e.g. because the disk is full.
    """
    if path.exists():
        if read_metadata(path) == dict(metadata):
            return
        raise InputError(path, "is another record already, and is not written over; choose another name")
    import pyarrow as pa

    try:
        make_folder(path.parent)
        write_table(path, pa.Table.from_pandas(frame, preserve_index=False), metadata)
    except OSError as error:
        text = f"cannot be written ({error.strerror or error}); its readings are still where they came from"
        raise GalvanautError(f"{path}: {text}") from None


def read_metadata(path: Path) -> dict[str, Any]:
    """What `write_record` was told about a record; empty if it was written by something else.

    Raises:
        InputError: it is no parquet file.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        found = pq.read_schema(path).metadata or {}
    except (pa.ArrowException, OSError) as error:
        raise InputError(path, f"cannot be read as a record ({' '.join(str(error).split())})") from None
    return dict(json.loads(found.get(KEY, b"{}")))


def find_record(folder: Path, sha256: str) -> Path | None:
    """The record in a folder whose original has this checksum, if there is one."""
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        if read_metadata(path).get("sha256") == sha256:
            return path
    return None
