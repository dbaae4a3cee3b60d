"""`galvanaut bench check`: connect to every instrument of a bench, ask who it is, and let go again."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from galvanaut.flows.labbench import sole_owner
from galvanaut.instruments.bench import Bench, load_bench
from galvanaut.instruments.connect import ConnectedBench, bench_table, open_manager, require_armed

if TYPE_CHECKING:
    from pyvisa import ResourceManager


def bench_rows(file: Path, arm: bool) -> list[dict[str, Any]]:
    """One row per instrument: name, role, driver, resource, wiring, identity.

    Raises:
        InputError: the file cannot be used, or the bench is real and not armed.
        BenchError: an instrument cannot be connected.
    """
    bench = load_bench(file)
    require_armed(bench, arm)
    with _manager(bench) as manager:
        connected = ConnectedBench.open(bench, manager, arm=arm)
        try:
            return [asdict(row) for row in bench_table(bench, connected)]
        finally:
            connected.close()


def bench_text(file: Path, rows: list[dict[str, Any]]) -> str:
    """The rows as a table."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=f"{escape(str(file))}: all {len(rows)} instruments answer", title_justify="left")
    for column in rows[0]:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(escape(str(value)) for value in row.values()))
    sink = StringIO()
    Console(file=sink, width=150).print(table)
    return sink.getvalue().rstrip()


@contextmanager
def _manager(bench: Bench) -> Iterator[ResourceManager]:
    if not bench.is_simulated:
        with sole_owner(bench):
            yield open_manager(bench)
        return
    import pyvisa

    from galvanaut.simulators.bench import SimulatedBench

    with tempfile.TemporaryDirectory() as folder:  # a look at a simulated bench leaves no world behind
        description = bench.model_dump(mode="json", by_alias=True, exclude_none=True)
        world = SimulatedBench.open(description, Path(folder) / "world.db", seed=0)
        manager = pyvisa.ResourceManager(world.visa_library())
        try:
            yield manager
        finally:
            manager.close()
            world.close()
