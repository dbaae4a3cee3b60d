"""Tables for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import StringIO
from typing import Any


def table_text(title: str, rows: Sequence[Mapping[str, Any]]) -> str:
    """A line, and below it rows with the same keys as a table. A column without any text is left out."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table()
    columns = [key for key in rows[0] if any(str(row[key]) for row in rows)]
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(escape(str(row[column])) for column in columns))
    sink = StringIO()
    Console(file=sink, width=150).print(table)
    return f"{title}\n{sink.getvalue().rstrip()}"
