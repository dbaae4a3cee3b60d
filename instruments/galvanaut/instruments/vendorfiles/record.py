"""Records on disk: one parquet file per test, complete or not there."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from galvanaut.core.bdf import SUFFIX
from galvanaut.core.errors import GalvanautError, InputError

if TYPE_CHECKING:
    import pandas as pd

_KEY = b"galvanaut"
"""Under which the facts stand in the file's own metadata, as JSON."""


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
    draft = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(draft, frame, metadata)
        draft.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        text = f"cannot be written ({error.strerror or error}); its readings are still where they came from"
        raise GalvanautError(f"{path}: {text}") from None
    finally:
        draft.unlink(missing_ok=True)


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
    return dict(json.loads(found.get(_KEY, b"{}")))


def find_record(folder: Path, sha256: str) -> Path | None:
    """The record in a folder whose original has this checksum, if there is one."""
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        if read_metadata(path).get("sha256") == sha256:
            return path
    return None


def _write(path: Path, frame: pd.DataFrame, metadata: Mapping[str, Any]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pandas(frame, preserve_index=False)
    facts = {**(table.schema.metadata or {}), _KEY: json.dumps(dict(metadata), sort_keys=True).encode()}
    with path.open("wb") as file:
        pq.write_table(table.replace_schema_metadata(facts), file, compression="zstd")
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Make a new name last through a power cut; Windows has no such thing."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
