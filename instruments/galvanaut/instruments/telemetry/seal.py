"""Write the record of a test, once and for all: whole under its name or not there, and never over anything else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from galvanaut.core.wholefile import make_folder, whole_file
from galvanaut.instruments.telemetry.columns import Columns
from galvanaut.instruments.telemetry.sealed import SealError

KEY = b"galvanaut"
"""Of the parquet file's metadata; its value is JSON."""
_SAFE = "the readings are safe in the hot store"
_AGAIN = "run the same command again"
_ROWS_PER_GROUP = 1 << 17


def seal(path: Path, columns: Columns, facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """Write a record where none is, or find that the same one is there already.

    Args:
        path: of the file; its folders are made.
        columns: of the Battery Data Format.
        facts: plain JSON for the file's metadata, with the name of the ``test``.

    Returns:
        The facts in the file: those given, or of the same readings sealed before.

    Raises:
        SealError: the file system refuses, or another record is there; nothing was changed.
    """
    try:
        if path.exists():
            return _same(path, columns, facts)
        make_folder(path.parent)
        write_parquet(path, columns, facts)
        return facts
    except OSError as error:
        text = f"cannot be written or read ({error.strerror or error}); {_SAFE}"
        raise SealError(f"{path}: {text}. Put it right (space on the disk, permissions) and {_AGAIN}") from error


def write_parquet(path: Path, columns: Columns, facts: Mapping[str, Any]) -> None:
    """Write columns and facts to a file that is there whole, also after a power cut, or not at all.

    Raises:
        OSError: the file system refuses; nothing is left of it.
    """
    import pyarrow as pa

    write_table(path, pa.table({name: _array(column) for name, column in columns.items()}), facts)


def write_table(path: Path, table: Any, facts: Mapping[str, Any]) -> None:
    """Write a table of pyarrow as `write_parquet` does; what it knows about itself is kept beside the facts.

    Raises:
        OSError: the file system refuses; nothing is left of it.
    """
    import pyarrow.parquet as pq

    about = {**(table.schema.metadata or {}), KEY: json.dumps(facts, sort_keys=True, allow_nan=False)}
    with whole_file(path) as file:
        pq.write_table(table.replace_schema_metadata(about), file, compression="zstd", row_group_size=_ROWS_PER_GROUP)


def read_facts(path: Path) -> tuple[Mapping[str, Any], int]:
    """The facts in a record and its number of rows; the readings themselves are not touched.

    Raises:
        ValueError: it is no record of ours.
        OSError: it cannot be read.
    """
    import pyarrow.parquet as pq

    found = pq.read_metadata(path)
    text = (found.metadata or {}).get(KEY)
    if text is None:
        raise ValueError("holds no facts about a test")
    return dict(json.loads(text)), int(found.num_rows)


def read_columns(path: Path) -> Columns:
    """The columns of a record.

    Raises:
        ValueError: it is no parquet file.
        OSError: it cannot be read.
    """
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        table = file.read()
    return {name: table[name].to_numpy() for name in table.column_names}


def sha256_of(path: Path) -> str:
    """Of a file's bytes, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _array(column: NDArray[Any]) -> Any:
    """For pyarrow, with NaN as a number. Its own way from numpy imports pandas, which takes longer than the rest."""
    import pyarrow as pa

    buffer = pa.py_buffer(np.ascontiguousarray(column))
    return pa.Array.from_buffers(pa.from_numpy_dtype(column.dtype), len(column), [None, buffer])


def _same(path: Path, columns: Columns, facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """The facts of a record, if it holds these very readings of this test."""
    try:
        kept, _ = read_facts(path)
        there = read_columns(path)
    except ValueError as error:
        raise SealError(f"{path}: is no record ({error}); {_SAFE}. Move that file away and {_AGAIN}") from None
    is_same = kept.get("test") == facts.get("test") and list(there) == list(columns)
    if not is_same or not all(np.array_equal(there[name], columns[name], equal_nan=True) for name in columns):
        text = f"holds other readings than those to be sealed, and is never written over; {_SAFE}"
        raise SealError(f"{path}: {text}. Move that file away and {_AGAIN}")
    return kept
